"""The models on which the bench measures growth are models that one could have written."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Mapping

import pytest

from bench.synthetic import IN_ONE_DOMAIN, synthetic
from cloudsync_gen.model.ids import name_of
from cloudsync_gen.model.layers.api import Operation
from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.model.layers.business import Domain
from cloudsync_gen.model.reading import Reading, into, noting
from cloudsync_gen.model.watching import watched
from cloudsync_gen.pipeline import check, compile_model
from cloudsync_gen.targets import TARGETS

FEW, MANY = 5, 20
"""Services."""


@pytest.mark.parametrize("count", [1, 2 * IN_ONE_DOMAIN])
def test_a_synthetic_model_is_a_valid_one(count: int) -> None:
    made = compile_model(synthetic(count))
    assert made.checked.diagnostics == ()
    assert made.contracts is not None
    assert len(made.contracts.rest) == count
    assert all(len(each.data["paths"]) > 5 for each in made.contracts.rest.values())


def test_services_share_contexts_and_know_their_neighbours() -> None:
    model = check(synthetic(IN_ONE_DOMAIN + 2)).model
    assert model is not None
    services = model.all(Service)
    assert [len(model.all(kind)) for kind in (Service, Domain)] == [IN_ONE_DOMAIN + 2, 2]
    assert len(model.all(Operation)) == 10 * len(services)
    assert sum(bool(each.calls and each.consumes) for each in services) == len(services) - 1


def taken(tree: Mapping[str, bytes]) -> int:
    """Bytes that Python keeps for a model and its contracts."""
    tracemalloc.start()
    try:
        made = compile_model(tree)
        gc.collect()
        assert made.contracts is not None
        return tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


def test_a_service_adds_little_to_what_is_kept_of_a_model() -> None:
    """Some 200 kB for its elements, links and contracts, and what these read; kept as they were
    parsed and compiled, they took 400. What fills a cache once is there before the measuring.
    """
    few, many = (synthetic(count) for count in (FEW, MANY))
    compile_model(many)
    assert (taken(many) - taken(few)) / (MANY - FEW) < 220_000


def read_by_service(count: int) -> dict[str, int]:
    """Target -> fields of elements and contracts that the view of the last service but one reads:
    it calls another, and is called.
    """
    made = compile_model(synthetic(count))
    model, contracts = made.checked.model, made.contracts
    assert model is not None
    assert contracts is not None
    name = name_of(model.all(Service)[-2].id)
    found = {}
    with noting():
        for target in TARGETS:
            for unit in [*target.units(watched(model), contracts)]:
                if unit.name == name:
                    with into(Reading()) as reading:
                        assert unit.view
                    found[target.name] = sum(map(len, reading.read.fields.values()))
    return found


def test_what_is_planned_of_a_service_reads_no_more_of_a_larger_model() -> None:
    few = read_by_service(IN_ONE_DOMAIN)
    assert few["service"] > 100
    assert read_by_service(2 * IN_ONE_DOMAIN) == few
