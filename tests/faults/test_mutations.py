"""Random changes of a model: what rules do not see is either argued to be legal, or too much."""

from __future__ import annotations

import re
import sys
import tomllib
from collections import Counter
from pathlib import Path

import pytest
from msgspec import Struct, convert

from cloudsync_gen import pipeline
from cloudsync_gen.engine.reconcile import Scope
from cloudsync_gen.model.artefacts import Unplannable
from support.effort import Effort
from support.mutants import OPERATORS, Mutant, mutants
from support.rules import BASE, MEMORY
from support.trees import Files, read_tree

SEED = 11
LEAST = 0.97
"""Share of faults that must be caught."""


class Argument(Struct, frozen=True):
    """Why changes by these operators at places like these, of what matches `before`, are no
    faults.
    """

    why: str
    operators: tuple[str, ...]
    places: tuple[str, ...]
    before: str = ""

    def covers(self, mutant: Mutant) -> bool:
        where = f"{mutant.file}#{mutant.place}"
        return (
            mutant.operator in self.operators
            and re.search(self.before, str(mutant.before)) is not None
            and any(re.search(place, where) for place in self.places)
        )


ARGUMENTS = convert(
    tomllib.loads((Path(__file__).parent / "arguments.toml").read_text(encoding="utf-8")),
    dict[str, list[Argument]],
)["argument"]
LEMONADE = read_tree(BASE)
MODEL = {
    name: text for name, text in LEMONADE.items() if name.endswith((".yaml", ".graphql", ".proto"))
}


def is_caught(files: Files) -> bool:
    """Whether a gate refuses it: `check`, as the command does it, or `generate` as it plans, which
    makes the view of each unit.
    """
    if pipeline.check(files, store=MEMORY).diagnostics:
        return True
    compiled = pipeline.compile_model(files, store=MEMORY)
    if compiled.checked.diagnostics or compiled.checked.model is None:
        return True
    assert compiled.contracts is not None
    try:
        units = pipeline.units(compiled.checked.model, compiled.contracts, Scope())
        return not [each.view for each in units]
    except Unplannable:
        return True


def test_most_random_faults_are_caught(effort: Effort, capsys: pytest.CaptureFixture[str]) -> None:
    made, caught, argued = Counter[str](), Counter[str](), Counter[str]()
    survivors: list[Mutant] = []
    seed = effort.seed if effort.seed is not None else SEED
    for mutant in mutants(MODEL, effort.count(small=70, full=2000), seed):
        made[mutant.operator] += 1
        if is_caught({**LEMONADE, mutant.file: mutant.text}):
            caught[mutant.operator] += 1
        elif reasons := [each for each in ARGUMENTS if each.covers(mutant)]:
            argued[reasons[0].why] += 1
        else:
            survivors.append(mutant)
    faults = made.total() - argued.total()
    lines = [
        f"{caught.total()} of {faults} faults caught, {made.total()} changes made (seed {seed})"
    ]
    lines += [f"  {each}: {caught[each]} of {made[each]}" for each in OPERATORS]
    lines += [f"  no fault: {number} of {why}" for why, number in argued.most_common()]
    lines += [f"  missed: {each}" for each in survivors]
    with capsys.disabled():
        sys.stdout.write("\n" + "\n".join(lines) + "\n")
    assert caught.total() >= LEAST * faults, [*map(str, survivors)]
    if effort.seed is not None:
        return  # another seed is for finding what is missing, which the figures tell
    if effort.full:
        assert not survivors, "make a rule of each, or argue it"
        assert argued.keys() == {each.why for each in ARGUMENTS}, "an argument is not needed"


def test_operators_know_nothing_of_rules_and_change_each_kind_of_file() -> None:
    found = [*mutants(MODEL, 210, SEED)]
    assert Counter(each.operator for each in found) == dict.fromkeys(OPERATORS, 30)
    assert {each.file.rpartition(".")[2] for each in found} == {"yaml", "graphql", "proto"}
    assert all(each.text != LEMONADE[each.file] for each in found)
    assert found == [*mutants(MODEL, 210, SEED)]
