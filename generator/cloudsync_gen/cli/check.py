"""`check`: all rules over the model."""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cloudsync_gen.cli import NO_FINDINGS, set_by_environment
from cloudsync_gen.cli.dispatch import FINDINGS, OK, UNREADABLE, USAGE
from cloudsync_gen.engine import index

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cloudsync_gen.cli.settings import Settings
    from cloudsync_gen.diagnostics import Diagnostic
    from cloudsync_gen.engine.cache import Store
    from cloudsync_gen.model.waivers import Entry, Waivers
    from cloudsync_gen.pipeline import Checked
    from cloudsync_gen.rules._rule import Rule
    from cloudsync_gen.source import SourceMap, Tree

EXAMPLES = """
check  all rules
check --select LNK  codes that begin so
check --ignore metric-name-style  all but one, by name
check --affected-by model/09_ux  what a change there can cause
check --fix --diff  show what --fix would mend
check --format sarif --output findings.sarif
check --write-baseline --reason WHY --owner TEAM --expires DAY
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    from cloudsync_gen.cli._options import add_baseline, add_fail_on, add_findings, add_staged

    add_findings(parser)
    parser.add_argument("--select", action="append", default=[], metavar="RULE", help="only these")
    parser.add_argument("--ignore", action="append", default=[], metavar="RULE", help="not these")
    parser.add_argument(
        "--severity",
        action="append",
        default=[],
        metavar="RULE=LEVEL",
        help="what a rule weighs: error, warning, info, off",
    )
    add_fail_on(parser)
    parser.add_argument(
        "--affected-by",
        action="extend",
        nargs="*",
        metavar="FILE",
        help="tell only what a change of these files can affect: findings in them and about them, "
        "and those of rules that read their layers; deleted files and folders count too",
    )
    parser.add_argument("--fix", action="store_true", help="mend what can certainly be mended")
    parser.add_argument("--diff", action="store_true", help="with --fix: show it, write nothing")
    add_baseline(parser)
    add_staged(parser)
    parser.add_argument("--summary", action="store_true", help="count rules and findings by family")
    parser.add_argument("--no-cache", action="store_true", help="trust nothing read before")
    parser.add_argument("files", nargs="*", metavar="FILE", help=argparse.SUPPRESS)


def run(options: argparse.Namespace) -> int:
    asked = (options.select, options.ignore, options.severity, options.summary, options.output)
    done = (options.fix, options.diff, options.write_baseline, options.today)
    plain = options.format == "text" and not any((*asked, *done)) and not set_by_environment()
    if options.staged:
        from cloudsync_gen.cli import _staged

        if _staged.untouched(options.root, outputs=False):
            sys.stderr.write(f"{_staged.NOTHING_STAGED}\n")
            return OK
        plain = plain and _staged.is_whole(options.root, outputs=False)
    if plain and not options.no_cache and index.is_clean(options.root, "check"):
        sys.stderr.write(f"{NO_FINDINGS}\n")
        return OK
    return _run(options, plain)


def _run(options: argparse.Namespace, plain: bool) -> int:
    from cloudsync_gen import pipeline
    from cloudsync_gen.cli._waivers import holds_until, renewed, waivers
    from cloudsync_gen.cli.settings import Misconfigured, chosen, settings
    from cloudsync_gen.report import text

    root = Path(options.root)
    before = index.State(options.root, outputs=False)
    try:
        _fitting(options)
        made = settings(root, flags=_flags(options))
        rules, given = chosen(made), waivers(root, made, options)
        tree = pipeline.read_model(root)
        if options.staged:
            from cloudsync_gen.cli import _staged

            tree = _staged.of_commit(root, tree)
        if options.fix:
            from cloudsync_gen.cli import _fix

            judging = pipeline.Judging(rules, given)
            if options.diff:
                return _show_mends(_fix.mends(tree, judging, _store(options)), tree, options)
            tree = _fix.fix(root, tree, judging, _store(options))
        checked = _restricted(_checked(tree, rules, given, options), made, options)
        if options.write_baseline:
            renewal = renewed(checked, rules, given, options)
            return _write_baseline(root / made.baseline, renewal, checked)
    except Misconfigured as error:
        sys.stderr.write(f"{text.printable(str(error))}\n")
        return USAGE
    until = holds_until(given)
    whole = options.affected_by is None
    if plain and whole and not checked.diagnostics and until is not None:
        index.remember(options.root, ("check",), before, until)
    return _tell(checked, rules, made, options)


def _fitting(options: argparse.Namespace) -> None:
    """Raises `Misconfigured` for flags that mean nothing together."""
    from cloudsync_gen.cli import _waivers
    from cloudsync_gen.cli.settings import Misconfigured

    _waivers.fitting(options)
    if options.diff and not options.fix:
        raise Misconfigured("--diff goes with --fix")
    if options.fix and options.write_baseline:
        raise Misconfigured("--fix first, then --write-baseline")
    if options.affected_by is not None and (options.fix or options.write_baseline):
        raise Misconfigured("--affected-by only tells; --fix and --write-baseline mean the whole")
    if options.staged and (options.fix or options.write_baseline):
        raise Misconfigured("--staged judges; it goes neither with --fix nor with --write-baseline")


def _flags(options: argparse.Namespace) -> Mapping[str, Any]:
    from cloudsync_gen.cli.settings import severities

    given = {
        "select": options.select,
        "ignore": options.ignore,
        "severity": severities(options.severity),
        "fail-on": options.fail_on,
    }
    return {name: value for name, value in given.items() if value}


def _checked(
    tree: Tree, rules: tuple[Rule, ...], given: Waivers, options: argparse.Namespace
) -> Checked:
    from cloudsync_gen import pipeline
    from cloudsync_gen.engine.executors import Crew, default_jobs

    with Crew(default_jobs()) as crew:
        return pipeline.examine(tree, rules, _store(options), crew, given)


def _restricted(checked: Checked, made: Settings, options: argparse.Namespace) -> Checked:
    """What a change of the files of `--affected-by` can affect; all where there is no such flag."""
    if options.affected_by is None:
        return checked
    from cloudsync_gen import pipeline

    files = frozenset(_named(options.root, each) for each in options.affected_by)
    decides = {*index.CONFIGURATION, made.baseline}
    return checked if files & decides else pipeline.affected(checked, files)


def _named(root: str, file: str) -> str:
    """A file as the model names it: relative to the root, whether it is there or not, and by
    whatever links to folders somebody reached it.
    """
    folder, name = os.path.split(os.path.abspath(file))
    found = os.path.join(os.path.realpath(folder), name)
    return Path(os.path.relpath(found, os.path.realpath(root))).as_posix()


def _store(options: argparse.Namespace) -> Store:
    from cloudsync_gen.engine.cache import Store

    return Store(None if options.no_cache else Path(options.root))


def _show_mends(made: Mapping[str, bytes], tree: Tree, options: argparse.Namespace) -> int:
    """The difference alone, and 1 if there is one."""
    from cloudsync_gen.cli._fix import difference
    from cloudsync_gen.cli._report import write

    write(difference(tree, made), options.output)
    files = f"{len(made)} file{'s' if len(made) != 1 else ''}"
    sys.stderr.write(f"`check --fix` would mend {files}\n" if made else "nothing to mend\n")
    return FINDINGS if made else OK


def _tell(
    checked: Checked, rules: tuple[Rule, ...], made: Settings, options: argparse.Namespace
) -> int:
    from cloudsync_gen.cli._report import at_least, cases, deliver, documentation, grouping
    from cloudsync_gen.report.finding import Report

    failing = at_least(made.fail_on)
    report = Report(
        command="check",
        diagnostics=checked.diagnostics,
        sources=checked.sources,
        documentation=documentation(rules),
        group=grouping(checked.model),
        cases=cases(checked.model, rules),
        failing=failing,
    )
    deliver(report, options)
    sys.stderr.write(f"{summary(checked)}\n")
    if options.summary:
        sys.stderr.write(_families(rules, checked.diagnostics))
    return exit_code(checked.diagnostics, failing)


def summary(checked: Checked) -> str:
    """`1 error; 2 waived`."""
    from cloudsync_gen.report import text

    waived = f"; {len(checked.waived)} waived" if checked.waived else ""
    return text.summary(checked.diagnostics) + waived


def _write_baseline(path: Path, entries: tuple[Entry, ...], checked: Checked) -> int:
    """Writes what is found into the baseline, and tells what cannot be waived."""
    from cloudsync_gen.cli import _waivers
    from cloudsync_gen.report import text

    waived = {each.id for each in entries}
    left = tuple(
        each
        for each in checked.diagnostics
        if each.fingerprint not in waived and each.code not in ("WVR004", "WVR005")
    )
    said = _waivers.save(path, entries)
    sys.stdout.write(text.render(left, checked.sources))
    sys.stderr.write(f"{said}\n")
    return exit_code(left)


def say(
    found: tuple[Diagnostic, ...], sources: SourceMap, form: str, rules: tuple[Rule, ...]
) -> None:
    """Findings on stdout in a format, their number on stderr."""
    from cloudsync_gen.cli._report import deliver, documentation
    from cloudsync_gen.report import text
    from cloudsync_gen.report.finding import Report

    report = Report(
        command="check", diagnostics=found, sources=sources, documentation=documentation(rules)
    )
    deliver(report, argparse.Namespace(format=form))
    sys.stderr.write(text.summary(found) + "\n")


def _families(rules: tuple[Rule, ...], found: tuple[Diagnostic, ...]) -> str:
    family = {rule.code: rule.family for rule in rules}
    counts = Counter(family.get(each.code, "reading the model") for each in found)
    per_family = Counter(rule.family for rule in rules)
    lines = [
        f"{name}: {number} rules, {counts[name]} findings"
        for name, number in sorted(per_family.items())
    ]
    return "".join(f"{line}\n" for line in lines)


def exit_code(
    diagnostics: Iterable[Diagnostic], failing: frozenset[str] = frozenset(("error",))
) -> int:
    """3 where a text cannot be read, else 1 for what fails, else 0."""
    diagnostics = tuple(diagnostics)
    if any(d.code.startswith("SRC") for d in diagnostics):
        return UNREADABLE
    return FINDINGS if any(d.severity.value in failing for d in diagnostics) else OK
