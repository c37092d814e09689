"""`generate`: writes what the model implies; `--check` compares and writes nothing."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cloudsync_gen.cli import UP_TO_DATE, set_by_environment
from cloudsync_gen.cli.dispatch import CONFLICT, FINDINGS, OK, USAGE
from cloudsync_gen.engine import index

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from cloudsync_gen.engine.reconcile import Plan, Scope
    from cloudsync_gen.model.waivers import Waivers
    from cloudsync_gen.pipeline import Generated
    from cloudsync_gen.report.finding import Report
    from cloudsync_gen.rules._rule import Rule
    from cloudsync_gen.source import Tree

EXAMPLES = """
generate  write what the model implies
generate --check  exit 1 on any difference
generate user-service --diff  one service, line by line
generate --target charts  one kind of output
generate --dry-run --format json
generate --exit-code --staged  write as a hook does
generate --check --format sarif --output drift.sarif
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    from cloudsync_gen.cli._options import add_findings, add_staged

    parser.add_argument("services", nargs="*", metavar="SERVICE", help="only these services")
    parser.add_argument("--target", action="append", default=[], help="only this kind of output")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 on any difference"
    )
    mode.add_argument(
        "--dry-run", action="store_true", help="write nothing; list what would change"
    )
    parser.add_argument("--diff", action="store_true", help="show what changes, line by line")
    parser.add_argument("--exit-code", action="store_true", help="exit 1 if something was written")
    add_staged(parser)
    parser.add_argument("-j", "--jobs", type=int, default=0, help="processes (default: all)")
    parser.add_argument("--no-cache", action="store_true", help="trust nothing rendered before")
    add_findings(parser)


def run(options: argparse.Namespace) -> int:
    whole = not options.services and not options.target
    known = not options.no_cache and options.format == "text" and options.output is None
    known = known and not set_by_environment()
    if options.staged:
        from cloudsync_gen.cli import _staged

        if _staged.untouched(options.root, outputs=True):
            sys.stderr.write(f"{_staged.NOTHING_STAGED}\n")
            return OK
        known = known and _staged.is_whole(options.root, outputs=True)
    before = index.State(options.root, outputs=True)
    if whole and known and index.is_clean(options.root, "generate", before):
        sys.stderr.write(f"{UP_TO_DATE}\n")
        return OK
    return _run(before, options)


def _run(before: index.State, options: argparse.Namespace) -> int:
    from cloudsync_gen.cli._options import FORMATS
    from cloudsync_gen.cli._waivers import waivers
    from cloudsync_gen.cli.settings import Misconfigured, chosen, settings
    from cloudsync_gen.cli.suggest import did_you_mean
    from cloudsync_gen.engine.executors import default_jobs
    from cloudsync_gen.engine.reconcile import Scope
    from cloudsync_gen.report.text import printable
    from cloudsync_gen.targets import BY_NAME

    root = Path(options.root)
    try:
        made = settings(root)
        rules, given = chosen(made), waivers(root, made)
    except Misconfigured as error:
        sys.stderr.write(f"{printable(str(error))}\n")
        return USAGE
    if options.format not in FORMATS and not (options.check or options.dry_run):
        sys.stderr.write(f"--format {options.format} goes with --check or --dry-run\n")
        return USAGE
    unknown = sorted(set(options.target) - set(BY_NAME))
    if unknown:
        near = did_you_mean(unknown[0], BY_NAME) or f"; targets: {', '.join(BY_NAME)}"
        sys.stderr.write(f"no target `{unknown[0]}`{near}\n")
        return USAGE
    options.jobs = options.jobs if options.jobs > 0 else made.jobs or default_jobs()
    scope = Scope(frozenset(options.services), frozenset(options.target))
    return _carried_out(before, scope, rules, given, options)


def _carried_out(
    before: index.State,
    scope: Scope,
    rules: tuple[Rule, ...],
    given: Waivers,
    options: argparse.Namespace,
) -> int:
    from cloudsync_gen import pipeline
    from cloudsync_gen.cli._waivers import holds_until
    from cloudsync_gen.cli.check import exit_code
    from cloudsync_gen.engine.cache import Store
    from cloudsync_gen.engine.reconcile import Plan
    from cloudsync_gen.report import text

    root = Path(options.root)
    store = Store(None if options.no_cache else root)
    progress = progress_on_a_terminal()
    tree = present = pipeline.read_model(root)
    if options.staged:
        from cloudsync_gen.cli import _staged

        tree = _staged.of_commit(root, tree)
    try:
        made = pipeline.generate(
            tree, scope, store, options.jobs, rules=rules, progress=progress, waivers=given
        )
    except Exception:
        if not _told_of_the_hidden(tree, rules, given):
            raise
        return FINDINGS
    if made.rendered is None:
        say_plan(Plan(changes=(), bookkeeping=(), orphans=()), made, options)
        sys.stderr.write(f"{text.summary(made.diagnostics)}; nothing was generated\n")
        return exit_code(made.diagnostics) or FINDINGS
    stranger = _stranger(made, scope)
    if stranger:
        sys.stderr.write(stranger)
        return USAGE
    code, clean = _judged_or_written(before, made, scope, options)
    until = holds_until(given)
    settled = scope.whole and not made.diagnostics and not set_by_environment()
    settled = settled and len(tree) == len(present)
    if clean is not None and settled and until is not None:
        index.remember(options.root, ("check", "generate"), clean, until)
    return code


def _judged_or_written(
    before: index.State, made: Generated, scope: Scope, options: argparse.Namespace
) -> tuple[int, index.State | None]:
    """The exit code, and the state in which everything is as the model implies, if it is now."""
    from cloudsync_gen import pipeline
    from cloudsync_gen.engine.write import exclusive

    root, rendered = Path(options.root), made.rendered or ()
    trusted = frozenset() if options.no_cache else index.untouched(options.root, before)
    if options.check or options.dry_run:
        plan = pipeline.plan(root, rendered, scope, trusted)
        return _report(plan, made, options), before if plan.clean else None
    with exclusive(root):
        plan = pipeline.plan(root, rendered, scope, trusted)
        code = _write(root, plan, made, options)
    before.look_again(plan.differing)
    return code, before if code != CONFLICT and not plan.orphans else None


def _told_of_the_hidden(tree: Tree, rules: tuple[Rule, ...], given: Waivers) -> bool:
    """Whether settings or waivers hide errors of a model from which nothing can be generated; they
    are told then.
    """
    from cloudsync_gen import pipeline
    from cloudsync_gen.diagnostics import has_errors
    from cloudsync_gen.model.waivers import Waivers
    from cloudsync_gen.report import text

    hidden = pipeline.check(tree, waivers=Waivers(comments=False))
    seen = pipeline.check(tree, rules, waivers=given)
    if has_errors(seen.diagnostics) or not has_errors(hidden.diagnostics):
        return False
    sys.stdout.write(text.render(hidden.diagnostics, hidden.sources))
    sys.stderr.write("settings or waivers hide what generating relies on, see above\n")
    return True


def progress_on_a_terminal() -> Callable[[int, int], None] | None:
    """Writes how many units are rendered on stderr, where somebody sees it."""
    if not sys.stderr.isatty():
        return None

    def progress(done: int, due: int) -> None:
        ends = "\r\x1b[K" if done == due else ""
        sys.stderr.write(f"\r\x1b[Krendered {done} of {due} units{ends}")
        sys.stderr.flush()

    return progress


def _stranger(made: Generated, scope: Scope) -> str:
    """A message when a service was asked for that the model does not have."""
    from cloudsync_gen.cli.suggest import did_you_mean
    from cloudsync_gen.model.artefacts import SYSTEM
    from cloudsync_gen.model.ids import name_of

    known = [SYSTEM, *(name_of(service.name) for service in made.owned.services)]
    for name in sorted(scope.units - set(known)):
        return f"no service `{name}`{did_you_mean(name, known)}\n"
    return ""


def say_plan(plan: Plan, made: Generated, options: argparse.Namespace) -> None:
    """Findings and changes, where `--output` says; in formats of findings, changes are findings."""
    from cloudsync_gen.cli._options import FORMATS
    from cloudsync_gen.cli._report import coloured, deliver, write
    from cloudsync_gen.report import changes, text

    if options.format not in FORMATS or hasattr(options, "taken"):
        deliver(_drifted(plan, made, Path(options.root)), options)
        return
    if options.format == "json":
        write(changes.render_json(plan, made.diagnostics, made.checked.sources), options.output)
        return
    colour = options.output is None and coloured(sys.stdout)
    found = text.render(made.diagnostics, made.checked.sources, colour=colour)
    root = Path(options.root) if options.diff else None
    write(found + changes.render(plan, root), options.output)


def _drifted(plan: Plan, made: Generated, root: Path) -> Report:
    from cloudsync_gen.cli._report import documentation
    from cloudsync_gen.diagnostics import merged
    from cloudsync_gen.report import drift
    from cloudsync_gen.report.finding import Report
    from cloudsync_gen.rules import RULES
    from cloudsync_gen.rules.reading import READINGS

    of_files, owned = drift.groups(plan), made.owned
    units = sorted({group.name for group in of_files.values()})
    return Report(
        command="generate",
        diagnostics=merged(made.diagnostics, drift.drift(plan, root), made.checked.sources),
        sources=made.checked.sources,
        documentation=documentation(RULES),
        group=lambda each: of_files.get(each.ref.file) or owned.of(each.element, each.ref.file),
        cases=((unit, f"{code} {READINGS[code].name}") for unit in units for code in drift.CODES),
    )


def _report(plan: Plan, made: Generated, options: argparse.Namespace) -> int:
    from cloudsync_gen.report import changes

    root = Path(options.root)
    left = ""
    if options.staged:
        from cloudsync_gen.cli import _staged

        plan = _staged.without_strangers(root, plan)
        left = _left(_staged.left_behind(root, plan), root) if plan.clean else ""
    say_plan(plan, made, options)
    sys.stderr.write(changes.summary(plan) + "\n" + left)
    if options.check and not plan.clean:
        sys.stderr.write(_whose_fault(plan, root))
    return FINDINGS if options.check and (left or not plan.clean) else OK


def _left(paths: Collection[str], root: Path) -> str:
    """What a commit would lack, in a few lines; empty where that is nothing."""
    from cloudsync_gen.cli._staged import how_to_add

    if not paths:
        return ""
    files = f"{len(paths)} file{'s' if len(paths) != 1 else ''}"
    return f"{files} that the model implies would not be committed: {how_to_add(root, paths)}\n"


def _whose_fault(plan: Plan, root: Path) -> str:
    """What to do about differences: git tells edits that are not committed from drift."""
    from cloudsync_gen.load.git import uncommitted

    touched = {*plan.differing, *plan.orphans}
    changed = uncommitted(root, ("contracts", "generated", "model"))
    edited = {path for path in touched if changed is not None and path in changed.paths}
    drifted = len(touched) - len(edited)
    lines = []
    if changed is not None and edited:
        lines.append(f"changed and not committed: {len(edited)} (your tree is dirty)")
    if changed is not None and drifted:
        lines.append(f"as committed, and not what the model implies: {drifted}")
    first = "resolve the conflicts, " if plan.conflicts else ""
    lines.append(f"{first}run `cloudsync-gen generate` and commit what it writes")
    return "".join(f"{line}\n" for line in lines)


def _write(root: Path, plan: Plan, made: Generated, options: argparse.Namespace) -> int:
    from cloudsync_gen.engine import write
    from cloudsync_gen.report import changes

    say_plan(plan, made, options)
    if plan.conflicts:
        sys.stderr.write(f"{changes.conflicts(plan)}; nothing was written\n")
        return CONFLICT
    write.apply(root, (*plan.changes, *plan.bookkeeping))
    sys.stderr.write(changes.summary(plan) + "\n")
    written = bool(plan.differing) and options.exit_code
    if options.staged:
        from cloudsync_gen.cli import _staged

        left = _staged.left_behind(root, plan)
        if written:
            add = _staged.how_to_add(root, _staged.written(root, plan, left))
            sys.stderr.write(f"written, to be committed too: {add}\n")
            return FINDINGS
        sys.stderr.write(_left(left, root))
        return FINDINGS if left else OK
    return FINDINGS if written else OK
