"""`generate`: writes what the model implies; `--check` compares and writes nothing."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cloudsync_gen.cli.dispatch import CONFLICT, FINDINGS, OK, UNSAFE, USAGE
from cloudsync_gen.engine import index

if TYPE_CHECKING:
    from cloudsync_gen.engine.reconcile import Plan, Scope
    from cloudsync_gen.pipeline import Generated


def arguments(parser: argparse.ArgumentParser) -> None:
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
    parser.add_argument("-j", "--jobs", type=int, default=0, help="processes (default: all)")
    parser.add_argument("--no-cache", action="store_true", help="trust nothing rendered before")


def run(options: argparse.Namespace) -> int:
    whole = not options.services and not options.target
    if (
        options.check
        and whole
        and not options.no_cache
        and index.is_clean(options.root, "generate")
    ):
        sys.stderr.write("everything is as the model implies (nothing has changed)\n")
        return OK
    return _run(options)


def _run(options: argparse.Namespace) -> int:
    from cloudsync_gen import pipeline
    from cloudsync_gen.cli.check import exit_code
    from cloudsync_gen.engine.cache import Store
    from cloudsync_gen.engine.disk import Unsafe
    from cloudsync_gen.engine.executors import default_jobs
    from cloudsync_gen.engine.reconcile import Scope
    from cloudsync_gen.engine.locks import Busy
    from cloudsync_gen.engine.write import exclusive
    from cloudsync_gen.report import text
    from cloudsync_gen.targets import BY_NAME

    root = Path(options.root)
    unknown = sorted(set(options.target) - set(BY_NAME))
    if unknown:
        sys.stderr.write(f"no target `{unknown[0]}`; targets: {', '.join(BY_NAME)}\n")
        return USAGE
    scope = Scope(frozenset(options.services), frozenset(options.target))
    store = Store(None if options.no_cache else root)
    jobs = options.jobs if options.jobs > 0 else default_jobs()
    before = index.State(options.root, outputs=True)
    made = pipeline.generate(pipeline.read_model(root), scope, store, jobs)
    sys.stdout.write(text.render(made.diagnostics, made.checked.sources))
    if made.rendered is None:
        sys.stderr.write(text.summary(made.diagnostics) + "; nothing was generated\n")
        return exit_code(made.diagnostics) or FINDINGS
    stranger = _stranger(made, scope)
    if stranger:
        sys.stderr.write(stranger)
        return USAGE
    try:
        if options.check or options.dry_run:
            plan = pipeline.plan(root, made.rendered, scope)
            code = _report(plan, options)
            clean = plan.clean
        else:
            with exclusive(root):
                code = _write(root, pipeline.plan(root, made.rendered, scope), options)
            after = index.State(options.root, outputs=True)
            clean = code == OK and (after.tool, after.inputs) == (before.tool, before.inputs)
            before = after
    except (Unsafe, Busy) as error:
        sys.stderr.write(f"refused: {text.printable(str(error))}\n")
        return UNSAFE
    if clean and scope.whole and not made.diagnostics:
        index.remember(options.root, ("check", "generate"), before)
    return code


def _stranger(made: Generated, scope: Scope) -> str:
    """A message when a service was asked for that the model does not have."""
    from cloudsync_gen.model.artefacts import SYSTEM
    from cloudsync_gen.model.ids import name_of
    from cloudsync_gen.model.layers.application import Service
    from cloudsync_gen.naming import nearest

    services = made.checked.model.all(Service) if made.checked.model else ()
    known = [SYSTEM, *(name_of(service.id) for service in services)]
    for name in sorted(scope.units - set(known)):
        return f"no service `{name}`; did you mean `{nearest(name, known)}`?\n"
    return ""


def _report(plan: Plan, options: argparse.Namespace) -> int:
    from cloudsync_gen.report import changes

    sys.stdout.write(changes.render(plan, Path(options.root) if options.diff else None))
    sys.stderr.write(changes.summary(plan) + "\n")
    if options.check and not plan.clean:
        sys.stderr.write("run `cloudsync-gen generate` and commit what it writes\n")
        return FINDINGS
    return OK


def _write(root: Path, plan: Plan, options: argparse.Namespace) -> int:
    from cloudsync_gen.engine import write
    from cloudsync_gen.model.artefacts import Action
    from cloudsync_gen.report import changes

    sys.stdout.write(changes.render(plan, root if options.diff else None))
    conflicts = plan.having(Action.CONFLICT)
    if conflicts:
        sys.stderr.write(f"{len(conflicts)} conflicts; nothing was written\n")
        return CONFLICT
    write.apply(root, (*plan.changes, *plan.bookkeeping))
    sys.stderr.write(changes.summary(plan) + "\n")
    return OK
