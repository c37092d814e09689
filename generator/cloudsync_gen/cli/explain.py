"""`explain`: what a finding is about: of a rule, of reading a model, of a changed contract."""

from __future__ import annotations

import argparse
import sys

from cloudsync_gen.cli.dispatch import OK, USAGE

EXAMPLES = """
explain LNK001  by code
explain dangling-link  by name
explain response-property-removed  what `breaking` says
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("code", metavar="CODE", help="code or name of a finding, such as LNK001")


def run(options: argparse.Namespace) -> int:
    from cloudsync_gen.report.text import printable

    said = _rule(options.code) or _reading(options.code) or _change(options.code)
    if said:
        sys.stdout.write(f"{said}\n")
        return OK
    sys.stderr.write(f"no finding `{printable(options.code)}`{_suggestion(options.code)}\n")
    return USAGE


def _rule(wanted: str) -> str:
    from cloudsync_gen.report.formats import documentation_of
    from cloudsync_gen.rules import RETIRED, RULES

    for rule in RULES:
        if wanted in (rule.code, rule.name):
            text = documentation_of([(rule.code, rule.check)])[rule.code]
            text += f"\n\n`check --fix`: {rule.mends}." if rule.mends else ""
            return f"{rule.code} {rule.name} ({rule.family}, {rule.severity.value})\n\n{text}"
    if wanted in RETIRED:
        after = RETIRED[wanted]
        return f"{wanted} is retired{f'; see {after}' if after else ''}"
    return ""


def _reading(wanted: str) -> str:
    from cloudsync_gen.rules.reading import READINGS

    for code, reading in READINGS.items():
        if wanted in (code, reading.name):
            weighs = f"{_about(code)}, {reading.severity.value}"
            return f"{code} {reading.name} ({weighs})\n\n{reading.text}"
    return ""


def _about(code: str) -> str:
    kinds = {"DRF": "output that is not what the model implies", "WVR": "what was waived"}
    return kinds.get(code[:3], "reading the model")


def _change(wanted: str) -> str:
    from cloudsync_gen.compat.vocabulary import meaning

    text = meaning(wanted)
    return f"{wanted} (a change of a contract, told by `breaking`)\n\n{text}" if text else ""


def _suggestion(wanted: str) -> str:
    from cloudsync_gen.cli.suggest import did_you_mean
    from cloudsync_gen.rules import RULES
    from cloudsync_gen.rules.reading import READINGS

    pairs = [*((r.code, r.name) for r in RULES), *((c, r.name) for c, r in READINGS.items())]
    return did_you_mean(wanted, [each for pair in pairs for each in pair])
