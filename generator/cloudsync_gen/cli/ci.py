"""`ci`: the gates of a change in one run, with the reports that code hosts read."""

from __future__ import annotations

import argparse
import io
import sys
from contextlib import redirect_stderr
from pathlib import Path
from typing import TYPE_CHECKING

from cloudsync_gen.cli.dispatch import (
    CONFLICT,
    FINDINGS,
    INTERNAL,
    OK,
    UNREADABLE,
    UNSAFE,
    USAGE,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cloudsync_gen.report.finding import Report

EXAMPLES = """
ci  check, generate --check, and breaking where there is a base
ci --against origin/main --reports build/reports
ci check generate --comment
"""

GATES = ("check", "generate", "breaking")
GRAVEST_FIRST = (INTERNAL, UNSAFE, UNREADABLE, USAGE, CONFLICT, FINDINGS, OK)
"""When several exit codes apply (design §5)."""

FILES = {
    "sarif": "findings.sarif",
    "junit": "junit.xml",
    "gitlab": "gl-code-quality-report.json",
    "json": "findings.json",
    "markdown": "comment.md",
}
"""Format -> the file of the reports' folder that is written in it."""

_FOLDER = ".cloudsync-gen/reports"
_MAX_WHY = 1_000


def arguments(parser: argparse.ArgumentParser) -> None:
    from cloudsync_gen.cli._options import add_fail_on

    parser.add_argument("gates", nargs="*", metavar="GATE", help=f"of {', '.join(GATES)}")
    parser.add_argument(
        "--against", metavar="REV", help="compare contracts with it (default: as the host says)"
    )
    parser.add_argument(
        "--reports", metavar="DIR", help=f"where reports go (default: {_FOLDER} below the root)"
    )
    parser.add_argument(
        "--comment",
        action="store_true",
        help="keep one comment on the pull request up to date, by GITHUB_TOKEN",
    )
    add_fail_on(parser)


def run(options: argparse.Namespace) -> int:
    from cloudsync_gen.cli._host import host
    from cloudsync_gen.cli.suggest import did_you_mean
    from cloudsync_gen.report import markdown

    for gate in options.gates:
        if gate not in GATES:
            sys.stderr.write(f"no gate `{gate}`{did_you_mean(gate, GATES)}\n")
            return USAGE
    here = host()
    against = options.against or _compared(Path(options.root), here.base)
    gates = options.gates or [gate for gate in GATES if gate != "breaking" or against]
    if "breaking" in gates and not against:
        sys.stderr.write("breaking: against what? give --against REV\n")
        return USAGE
    reports: list[Report] = []
    codes: list[int] = []
    for gate in gates:
        with here.section(f"cloudsync-gen {gate}"):
            report, code = _judged(gate, against, options, reports)
        reports.append(report)
        codes.append(code)
    root = Path(options.root).absolute()
    folder = Path(options.reports).absolute() if options.reports else root / _FOLDER
    texts = _rendered(reports)
    _write(root, folder, {FILES[form]: text for form, text in texts.items()})
    comment = texts["markdown"]
    here.tell(reports, comment, {form: folder / name for form, name in FILES.items()})
    if options.comment:
        told = any(each.diagnostics or each.unjudged for each in reports)
        said = here.keep_comment(markdown.marker(markdown.TOGETHER), comment, create=told)
        sys.stderr.write(f"{said}\n")
    return min(codes, key=GRAVEST_FIRST.index)


def _compared(root: Path, base: str) -> str:
    """Where a change left its base, as far as this clone goes back; else the base."""
    from cloudsync_gen.load.git import GitFailed, git

    if not base:
        return ""
    try:
        return git(root, "merge-base", "--end-of-options", base, "HEAD").decode().strip()
    except GitFailed:
        return base


def _judged(
    gate: str, against: str, options: argparse.Namespace, before: Sequence[Report]
) -> tuple[Report, int]:
    """What a gate found that none before it did, and its exit code. Nothing that lies about is
    trusted: caches may have come with the change.
    """
    from msgspec.structs import replace

    from cloudsync_gen.cli import dispatch
    from cloudsync_gen.report import text

    more = {
        "check": ["--no-cache"],
        "generate": ["--check", "--no-cache"],
        "breaking": ["--against", against],
    }[gate]
    fail_on = ["--fail-on", options.fail_on] if options.fail_on and gate != "generate" else []
    asked = dispatch.parsed(["--root", str(options.root), gate, *more, *fail_on])
    asked.format, asked.taken = "json", []
    with redirect_stderr(io.StringIO()) as said:
        code: int = dispatch.module_of(gate).run(asked)
    report = asked.taken[0] if asked.taken else _nothing(gate)
    told = {each.fingerprint for earlier in before for each in earlier.diagnostics}
    new = tuple(each for each in report.diagnostics if each.fingerprint not in told)
    why = said.getvalue().strip()
    unjudged = why[-_MAX_WHY:] if code != OK and not new else ""
    report = replace(report, command=gate, diagnostics=new, unjudged=unjudged)
    sys.stdout.write(text.render(new, report.sources))
    sys.stdout.write("".join(f"{text.printable(line)}\n" for line in why.splitlines()))
    return report, code


def _nothing(gate: str) -> Report:
    from cloudsync_gen.report.finding import Report
    from cloudsync_gen.source import SourceMap

    return Report(command=gate, diagnostics=(), sources=SourceMap({}, {}))


def _rendered(reports: Sequence[Report]) -> Mapping[str, str]:
    """Format -> text of the file in it."""
    from cloudsync_gen.report.formats import render
    from cloudsync_gen.report.markdown import TOGETHER, comment

    return {
        # one marker, whichever gates ran
        form: comment(TOGETHER, *reports) if form == "markdown" else render(form, *reports)
        for form in FILES
    }


def _write(root: Path, folder: Path, texts: Mapping[str, str]) -> None:
    """What lies below the root, or where the run began, may have come with the change: links there
    are not followed. Raises `engine.disk.Unsafe`, `OSError`.
    """
    from cloudsync_gen.engine.write import make_root, replace_files

    for base in (root, Path.cwd()):
        if folder.is_relative_to(base):
            replace_files(base, folder.relative_to(base).as_posix(), texts)
            return
    make_root(folder)
    replace_files(folder, "", texts)
