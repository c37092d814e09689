"""`new service`: adds a service to the model, comments kept, and generates it; all or nothing."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from cloudsync_gen.cli.dispatch import CONFLICT, FINDINGS, OK, USAGE

if TYPE_CHECKING:
    from cloudsync_gen.edit.draft import Draft
    from cloudsync_gen.engine.reconcile import Plan
    from cloudsync_gen.model.artefacts import Change
    from cloudsync_gen.model.system import Model
    from cloudsync_gen.model.waivers import Waivers
    from cloudsync_gen.pipeline import Generated
    from cloudsync_gen.rules._rule import Rule

EXAMPLES = """
new service billing --domain content
new service billing --domain content --aggregate invoice
new service billing --domain content --dry-run
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    from cloudsync_gen.cli._options import add_format

    parser.add_argument("kind", choices=("service",), metavar="service", help="what to add")
    parser.add_argument("name", metavar="NAME", help="of the service, in kebab case")
    parser.add_argument("--domain", required=True, metavar="D", help="its bounded context")
    parser.add_argument("--aggregate", metavar="NAME", help="what it keeps (default: NAME)")
    parser.add_argument("--owner", metavar="ACTOR", help="its team (default: the domain's owner)")
    parser.add_argument("--role", metavar="ROLE", help="who may use it (default: who may do most)")
    parser.add_argument("--port", type=int, metavar="N", help="default: the next free one")
    parser.add_argument("--dry-run", action="store_true", help="write nothing; list what would be")
    add_format(parser)


def run(options: argparse.Namespace) -> int:
    from cloudsync_gen import pipeline
    from cloudsync_gen.cli._edits import changes, texts
    from cloudsync_gen.cli._waivers import waivers
    from cloudsync_gen.cli.check import exit_code, say
    from cloudsync_gen.cli.settings import Misconfigured, chosen, settings
    from cloudsync_gen.diagnostics import has_errors
    from cloudsync_gen.edit.draft import Refused
    from cloudsync_gen.report.text import printable

    root = Path(options.root)
    try:
        made = settings(root)
        rules, given = chosen(made), waivers(root, made)
    except Misconfigured as error:
        sys.stderr.write(f"{printable(str(error))}\n")
        return USAGE
    tree = pipeline.read_model(root)
    checked = pipeline.check(tree, rules, waivers=given)
    if checked.model is None or has_errors(checked.diagnostics):
        say(checked.diagnostics, checked.sources, options.format, rules)
        sys.stderr.write("mend the model first; nothing was written\n")
        return exit_code(checked.diagnostics) or FINDINGS
    try:
        draft = _draft(checked.model, tree, options)
        edited = texts(draft, tree)
    except Refused as error:
        sys.stderr.write(f"{printable(str(error))}\nnothing was written\n")
        return CONFLICT if error.conflict else USAGE
    generated = _generated({**tree, **edited}, root, rules, given)
    if generated.rendered is None:
        say(generated.diagnostics, generated.checked.sources, options.format, rules)
        sys.stderr.write("the new service does not fit this model; nothing was written\n")
        return FINDINGS
    return _write(root, changes(edited, tree), generated, draft, options)


def _draft(model: Model, tree: Mapping[str, bytes], options: argparse.Namespace) -> Draft:
    from cloudsync_gen.edit.service import Request, new_service
    from cloudsync_gen.load.layers import MANIFEST, read_manifest
    from cloudsync_gen.load.yaml_tree import parse

    manifest, _ = read_manifest(parse(MANIFEST, tree[MANIFEST].decode()).value)
    asked = Request(
        name=options.name,
        domain=options.domain,
        aggregate=options.aggregate,
        owner=options.owner,
        port=options.port,
        role=options.role,
    )
    return new_service(model, manifest.folders if manifest else {}, asked)


def _generated(
    tree: Mapping[str, bytes], root: Path, rules: tuple[Rule, ...], given: Waivers
) -> Generated:
    from cloudsync_gen import pipeline
    from cloudsync_gen.cli.generate import progress_on_a_terminal
    from cloudsync_gen.engine.cache import Store
    from cloudsync_gen.engine.executors import default_jobs
    from cloudsync_gen.engine.reconcile import Scope

    progress = progress_on_a_terminal()
    return pipeline.generate(
        tree,
        Scope(),
        Store(root),
        default_jobs(),
        rules=rules,
        progress=progress,
        waivers=given,
    )


def _write(
    root: Path,
    edits: tuple[Change, ...],
    made: Generated,
    draft: Draft,
    options: argparse.Namespace,
) -> int:
    from cloudsync_gen import pipeline
    from cloudsync_gen.engine import write
    from cloudsync_gen.engine.reconcile import Scope
    from cloudsync_gen.report import changes

    rendered = made.rendered or ()
    if options.dry_run:
        _say(edits, pipeline.plan(root, rendered, Scope()), made, options)
        return OK
    with write.exclusive(root):
        plan = pipeline.plan(root, rendered, Scope())
        _say(edits, plan, made, options)
        if plan.conflicts:
            sys.stderr.write(f"{changes.conflicts(plan)}; nothing was written\n")
            return CONFLICT
        write.apply(root, (*plan.changes, *plan.bookkeeping), edits)
    for sentence in draft.says:
        sys.stderr.write(f"{sentence}\n")
    sys.stderr.write(f"model: {len(edits)} files; {changes.summary(plan)}\n")
    return OK


def _say(
    edits: tuple[Change, ...], plan: Plan, made: Generated, options: argparse.Namespace
) -> None:
    """Findings, then what is written: of the model, and of what follows from it."""
    from cloudsync_gen.engine.reconcile import Plan as Whole
    from cloudsync_gen.report import changes, text

    whole = Whole(
        changes=(*edits, *plan.changes), bookkeeping=plan.bookkeeping, orphans=plan.orphans
    )
    if options.format == "json":
        sys.stdout.write(changes.render_json(whole, made.diagnostics, made.checked.sources))
        return
    sys.stdout.write(text.render(made.diagnostics, made.checked.sources))
    sys.stdout.write(changes.render(whole, None))
