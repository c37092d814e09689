"""After any change, what a run makes that remembers is what one makes that knows nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest
from msgspec import structs

from cloudsync_gen import pipeline
from cloudsync_gen.contracts.compile import compile_contracts, known_contracts
from cloudsync_gen.engine.cache import Store
from cloudsync_gen.engine.reconcile import Scope
from cloudsync_gen.load.cache import ParseCache
from cloudsync_gen.model.artefacts import Unit
from cloudsync_gen.model.contracts import Contracts
from cloudsync_gen.model.layers.api import Operation
from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.model.memory import Forgetful
from cloudsync_gen.model.reading import (
    ELEMENTS,
    EVERYTHING,
    PLACES,
    Read,
    Reading,
    into,
    noting,
)
from cloudsync_gen.model.system import Model
from cloudsync_gen.model.traces import Traces
from cloudsync_gen.model.watching import watched
from cloudsync_gen.pipeline import Generated
from cloudsync_gen.targets import TARGETS
from faults.test_affected import edits
from faults.test_legal_edits import EDITS, changes_of
from faults.test_mutations import LEMONADE
from support.effort import Effort
from support.trees import Files, edited


def changed(number: int) -> Iterator[tuple[str, Files]]:
    """Models in which something else each time is not as it was: half of them are legal."""
    legal = ((each["name"], edited(LEMONADE, changes_of(each))) for each in EDITS)
    faulty = ((each.what, each.after) for each in edits(LEMONADE, number // 2))
    yield from chain.from_iterable(zip(legal, faulty, strict=False))


def told(made: Generated) -> tuple[object, ...]:
    """What is found, and every file with all that the lock says of it."""
    files = [
        (
            each.path,
            each.digest,
            each.unit,
            each.target,
            each.template,
            each.ownership,
            each.sources,
        )
        for each in made.rendered or ()
    ]
    return made.diagnostics, made.checked.waived, made.rendered is None, files


def test_a_run_that_remembers_makes_what_one_makes_that_knows_nothing(
    tmp_path: Path,
    effort: Effort,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "warm").mkdir()
    (tmp_path / "cold").mkdir()
    number = effort.count(small=8, full=100)
    pipeline.generate(LEMONADE, Scope(), Store(tmp_path / "warm"), 1)
    made = 0
    for what, files in changed(number):
        warm = pipeline.generate(files, Scope(), Store(tmp_path / "warm"), 1)
        with monkeypatch.context() as patch:
            patch.setattr(Traces, "known", lambda *_: None)
            cold = pipeline.generate(files, Scope(), Store(tmp_path / "cold"), 1)
        assert told(warm) == told(cold), what
        made += warm.rendered is not None
    with capsys.disabled():
        sys.stdout.write(f"\n{number} edits, {made} of which gave files\n")
    assert made >= number // 3, "nothing was ever made"


SOURCES = {
    "model/06_api/graphql-apis/board.graphql": {"  DRAFT\n": "  Draft\n"},
    "model/06_api/grpc-services/press.proto": {
        "// What to press.\n": "// Of what.\nenum Wood {\n  OLIVE = 0;\n}\n\n// What to press.\n"
    },
    "model/06_api/rest-apis/recipe.openapi.yaml": {"info:\n": "info:\n  summary: Recipes\n"},
}


@pytest.mark.parametrize("one", SOURCES)
def test_of_sources_that_change_at_once_each_is_looked_at(tmp_path: Path, one: str) -> None:
    plain = {file: {old: f"{old}\n"} for file in SOURCES if file != one for old in SOURCES[file]}
    store = Store(tmp_path)
    pipeline.check(LEMONADE, store=store)
    both = edited(LEMONADE, {**plain, one: SOURCES[one]})
    found = pipeline.check(both, store=store).diagnostics
    assert found == pipeline.check(both).diagnostics
    assert pipeline.check(LEMONADE, store=store).diagnostics == ()


@pytest.fixture(scope="module")
def lemonade() -> tuple[Model, Contracts]:
    model = pipeline.check(LEMONADE).model
    assert model is not None
    return model, compile_contracts(model).value


def read_by(model: Model, contracts: Contracts, target: int, order: int) -> dict[str, Read]:
    """What the view of each unit of a target reads, when they are made in an order."""
    units: list[Unit] = []
    with into(Reading()):
        units += TARGETS[target].units(watched(model), contracts)
    found = {}
    for number, unit in [*enumerate(units)][::order]:
        with into(Reading()) as reading:
            assert unit.view
        found[f"{number} {unit.name}"] = reading.read
    return found


@pytest.mark.parametrize("target", range(len(TARGETS)), ids=[each.name for each in TARGETS])
def test_what_a_view_reads_does_not_depend_on_who_came_first(
    lemonade: tuple[Model, Contracts], target: int
) -> None:
    with noting():
        forwards, backwards = (read_by(*lemonade, target, order) for order in (1, -1))
    assert forwards == backwards
    assert not any(EVERYTHING in each.keys for each in forwards.values())


def test_contracts_that_are_made_when_they_are_needed_are_the_same(
    lemonade: tuple[Model, Contracts],
) -> None:
    model, whole = lemonade
    late = known_contracts(model, Forgetful())
    for kind in Contracts.__struct_fields__:
        assert [*getattr(late, kind).items()] == [*getattr(whole, kind).items()], kind


def test_fields_are_noted_while_somebody_wants_it(lemonade: tuple[Model, Contracts]) -> None:
    model = watched(lemonade[0])
    element = next(iter(lemonade[0].elements.values()))
    kind = type(element)
    plain = kind.__dict__.get("description"), kind.description
    with noting(), into(Reading()) as reading:
        found = model.get(kind, element.id)
        assert found is element
        with into(Reading()) as inner, noting():
            assert found.description
    assert reading.read == Read(frozenset(), {"?": {element.id}})
    assert inner.read == Read(frozenset(), {"description": {element.id}})
    assert (kind.__dict__.get("description"), kind.description) == plain


def test_who_looks_at_all_ids_or_places_has_not_read_everything(
    lemonade: tuple[Model, Contracts],
) -> None:
    model = watched(lemonade[0])
    with into(Reading()) as reading:
        assert [*model.elements] == [*model.refs]
        assert dict(model.refs.items()) == dict(lemonade[0].refs)
    assert reading.keys == {ELEMENTS, PLACES}
    with into(Reading()) as reading:
        assert [*model.elements.values()]
    assert reading.keys == {EVERYTHING}


def test_a_renamed_element_is_seen_by_who_looked_at_all_ids(
    lemonade: tuple[Model, Contracts],
) -> None:
    model = lemonade[0]
    files = {ref.file: b"1" for ref in model.refs.values()}
    store: dict[str, bytes] = {}
    memory = ParseCache(store.get, store.__setitem__)
    before = Traces(model, files, "", memory)
    for key in (ELEMENTS, PLACES):
        before.keep(key, Read(frozenset((key,))), key.encode())
    before.save()
    gone, place = [*model.refs.items()][-1]
    changed = {**files, place.file: b"2"}
    assert Traces(model, changed, "", memory).known(ELEMENTS) == ELEMENTS.encode()
    moved = structs.replace(model, refs={**model.refs, gone: place.at("x")})
    after = Traces(moved, changed, "", memory)
    assert (after.known(ELEMENTS), after.known(PLACES)) == (ELEMENTS.encode(), None)
    less = structs.replace(
        model, refs={each: ref for each, ref in model.refs.items() if each != gone}
    )
    after = Traces(less, changed, "", memory)
    assert (after.known(ELEMENTS), after.known(PLACES)) == (None, None)


def test_who_finds_elements_by_a_field_has_read_it_of_all(
    lemonade: tuple[Model, Contracts],
) -> None:
    model = lemonade[0]
    document = model.all(Operation)[0].document
    with noting(), into(Reading()) as reading:
        found = watched(model).where(Operation, "document", document)
    assert found == tuple(each for each in model.all(Operation) if each.document == document)
    with noting(), into(Reading()) as other:
        assert watched(model).having(Service, "flag_provider") == ()
    wide = frozenset(("api.operation.document",))
    assert reading.read == Read(frozenset(("all api.operation",)), {}, wide)
    assert other.read.wide == {"application.service.flag_provider"}


def test_of_contracts_those_are_made_again_that_say_something_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, made = Store(tmp_path), set[str]()
    compiled = Traces.compiled

    def noted(traces: Traces, contracts: Contracts) -> dict[str, bytes]:
        due = compiled(traces, contracts)
        made.update(due)
        return due

    def after(files: Files) -> set[str]:
        made.clear()
        assert pipeline.generate(files, Scope(), store, 1).diagnostics == ()
        return set(made)

    monkeypatch.setattr(Traces, "compiled", noted)
    assert len(after(LEMONADE)) > 10
    assert after(LEMONADE) == set()
    source = {"model/06_api/rest-apis/recipe.openapi.yaml": {"List recipes": "List all recipes"}}
    assert after(edited(LEMONADE, source)) == {"openapi/recipe.yaml"}
    assert after(LEMONADE) == {"openapi/recipe.yaml"}
    press = "model/07_data_model/selling/press.yaml"
    text = LEMONADE[press].replace(b"description: ", b"description: Now ", 1)
    element = text.partition(b":")[0].decode()
    schemas = after({**LEMONADE, press: text})
    assert schemas
    assert "openapi/recipe.yaml" not in schemas, element
