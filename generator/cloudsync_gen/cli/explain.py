"""`explain`: what a rule is about."""

from __future__ import annotations

import argparse
import sys

from cloudsync_gen.cli.dispatch import OK, USAGE

EXAMPLES = """
explain LNK001  by code
explain dangling-link  by name
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("code", metavar="CODE", help="code or name of a rule, such as LNK001")


def run(options: argparse.Namespace) -> int:
    from cloudsync_gen.cli.suggest import did_you_mean
    from cloudsync_gen.report.formats import documentation_of
    from cloudsync_gen.rules import RETIRED, RULES

    wanted = options.code
    for rule in RULES:
        if wanted in (rule.code, rule.name):
            text = documentation_of([(rule.code, rule.check)])[rule.code]
            sys.stdout.write(
                f"{rule.code} {rule.name} ({rule.family}, {rule.severity.value})\n\n{text}\n"
            )
            return OK
    if wanted in RETIRED:
        after = RETIRED[wanted]
        sys.stdout.write(f"{wanted} is retired{f'; see {after}' if after else ''}\n")
        return OK
    known = [*(r.code for r in RULES), *(r.name for r in RULES)]
    sys.stderr.write(f"no rule `{wanted}`{did_you_mean(wanted, known)}\n")
    return USAGE
