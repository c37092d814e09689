"""While output is rendered, of the model nothing is there any more."""

from __future__ import annotations

import gc
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.synthetic import synthetic, write
from cloudsync_gen import pipeline
from cloudsync_gen.engine import executors, generate
from cloudsync_gen.engine.cache import Store
from cloudsync_gen.engine.reconcile import Scope
from cloudsync_gen.model.belonging import Belonging, Group, owned
from cloudsync_gen.model.system import Model
from cloudsync_gen.pipeline import check, read_model


def held() -> int:
    """How many there are, found by nobody or not yet taken back."""
    return sum(isinstance(each, Model) for each in gc.get_objects())


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_output_was_made_of_is_gone_while_it_is_rendered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jobs: int
) -> None:
    write(2, tmp_path)
    monkeypatch.setattr(generate, "_MANY", 0)
    gc.collect()
    before, meanwhile = held(), []
    made = pipeline.generate(
        read_model(tmp_path),
        Scope(targets=frozenset(("charts", "stores"))),
        Store(tmp_path),
        jobs,
        progress=lambda done, due: meanwhile.append(held()),
    )
    assert made.rendered
    assert meanwhile
    assert set(meanwhile) == {before}
    assert [each.name for each in made.owned.services] == [
        "application.service.part-d-service",
        "application.service.part-b-service",
    ][::-1]


def test_a_large_model_is_judged_in_a_process_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What judging makes for itself is gone before contracts and views are made."""
    forked, scope = [], Scope(targets=frozenset(("stores",)))

    class Watched(executors._Forked):
        def __init__(self, work: Callable[[], bytes]) -> None:
            forked.append(work)
            super().__init__(work)

    monkeypatch.setattr(executors, "_Forked", Watched)
    model = synthetic(2)
    here = pipeline.generate(model, scope, Store(None), 1)
    assert forked == []
    monkeypatch.setattr(pipeline, "_LARGE", 0)
    apart = pipeline.generate(model, scope, Store(None), 1)
    assert len(forked) == 1
    assert here.rendered is not None
    assert apart.rendered is not None
    assert [each.digest for each in apart.rendered] == [each.digest for each in here.rendered]
    assert apart.diagnostics == here.diagnostics


def test_what_is_still_known_of_a_model_is_what_it_said() -> None:
    model = check(synthetic(2)).model
    assert model is not None
    places = [(each, ref.file) for each, ref in model.refs.items()]
    known, whole = owned(model, places), Belonging(model)
    assert {known.of(*each) for each in places} == {whole.of(*each) for each in places}
    assert known.services == whole.services()
    assert known.of("", "generated/x.py") == Group("generated/x.py")
    assert owned(None, [("a.b.c", "model/x.yaml")]).of("a.b.c", "model/x.yaml") == Group(
        "model/x.yaml"
    )
