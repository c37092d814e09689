"""After a change, a run that remembers finds the very things that one finds which knows nothing,
and `--affected-by` leaves out nothing that the change can have caused.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from msgspec import Struct

from cloudsync_gen import pipeline
from cloudsync_gen.cli import main
from cloudsync_gen.diagnostics import Diagnostic, ordered
from cloudsync_gen.engine.cache import Store
from cloudsync_gen.load import MANIFEST
from cloudsync_gen.pipeline import Checked
from cloudsync_gen.rules import CODES, RULES, judging
from faults.test_mutations import LEMONADE, MODEL
from support.effort import Effort
from support.mutants import mutants
from support.rules import EDIT
from support.trees import Files, edited, write_tree

FIXTURES = Path(__file__).parents[1] / "rules"
SEED = 23
STANDING = (
    "observability/metric_name_style",
    "schema/enum_member_style",
    "stores/sql_expression",
    "ux/route_without_contract",
    "links/dangling_link",
)
"""Rules that have something to say before anybody changes anything."""


class Edit(Struct, frozen=True):
    """A model after a change, and the files that were changed, made, renamed or deleted."""

    what: str
    after: Files
    files: frozenset[str]


def edits(before: Files, number: int) -> Iterator[Edit]:
    """Every fifth change is one of files: gone, moved, copied; the others are within a file."""
    random = Random(SEED)
    texts = sorted(each for each in MODEL if each != MANIFEST)
    within = mutants({name: before[name] for name in MODEL}, number, SEED)
    for turn, mutant in enumerate(within):
        file = random.choice(texts)
        folder, _, name = file.rpartition("/")
        rest = {each: text for each, text in before.items() if each != file}
        other = f"{folder}/other-{name}"
        if turn % 15 == 0:
            yield Edit(f"delete {file}", rest, frozenset((file,)))
        elif turn % 15 == 5:
            yield Edit(f"move {file}", {**rest, other: before[file]}, frozenset((file, other)))
        elif turn % 15 == 10:
            yield Edit(f"copy {file}", {**before, other: before[file]}, frozenset((other,)))
        else:
            after = {**before, mutant.file: mutant.text}
            yield Edit(str(mutant), after, frozenset((mutant.file,)))


def standing() -> Files:
    """The model with a finding of each of some rules."""
    files = dict(LEMONADE)
    for rule in STANDING:
        files = edited(files, json.loads((FIXTURES / rule / "bad" / EDIT).read_bytes()))
    return files


def told(checked: Checked) -> tuple[object, ...]:
    """Everything that is told of a model, with its places."""
    spans = tuple(each.span or checked.sources.span(each.ref) for each in checked.diagnostics)
    return checked.diagnostics, checked.waived, checked.layers, spans


def plainly(checked: Checked) -> set[str]:
    """Fingerprints of what rules find that look at the whole model at once."""
    rules = [*judging.plainly(checked.model, RULES).found]
    return {each.fingerprint for each in ordered(rules, checked.sources)}


def alike(found: Diagnostic) -> tuple[str, str, str, str]:
    """What makes a finding of one run that of another."""
    return found.fingerprint, found.ref.file, found.message, found.hint


def test_a_file_is_known_by_whatever_links_lead_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write_tree(tmp_path / "real", standing())
    (tmp_path / "link").symlink_to(root, target_is_directory=True)
    monkeypatch.chdir(root)
    route, goal = "model/10_navigation/routes.yaml", "model/01_motivation/goals.yaml"
    for given in (route, str(root / route), f"../link/{route}"):
        for named in (str(root), "../link", str(tmp_path / "link")):
            command = ["--root", named, "check", "--select", "UX006", "--affected-by"]
            assert main([*command, given]) == 1, (named, given)
            assert main([*command, goal]) == 0, (named, given)


def test_a_change_is_judged_as_if_nothing_were_known(
    tmp_path: Path, effort: Effort, capsys: pytest.CaptureFixture[str]
) -> None:
    before = standing()
    known = {*map(alike, pipeline.examine(before, store=Store(tmp_path)).diagnostics)}
    assert len(known) >= len(STANDING)
    number = effort.count(small=15, full=300)
    whole = part = narrowed = 0
    for edit in edits(before, number):
        warm = pipeline.examine(edit.after, store=Store(tmp_path))
        cold = pipeline.examine(edit.after)
        assert told(warm) == told(cold), edit.what
        compiled = pipeline.compile_model(edit.after, store=Store(tmp_path)).checked
        assert told(compiled) == told(cold), edit.what
        if warm.layers:
            found = {each.fingerprint for each in warm.diagnostics if each.code in CODES}
            assert found == plainly(warm), edit.what
        affected = pipeline.affected(warm, edit.files)
        assert told(affected) == told(pipeline.affected(cold, edit.files)), edit.what
        left_out = {*map(alike, cold.diagnostics)} - {*map(alike, affected.diagnostics)}
        assert left_out <= known, edit.what
        whole += len(cold.diagnostics)
        part += len(affected.diagnostics)
        narrowed += bool(left_out)
    with capsys.disabled():
        sys.stdout.write(f"\n{number} edits: {part} of {whole} findings told\n")
    assert narrowed > number // 5, "nothing was ever left out"
