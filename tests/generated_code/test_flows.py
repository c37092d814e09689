"""Topics, queues, event logs and sagas: what a service is generated with is what the model says.

The model is read from its YAML files, not by the tool's own loader.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cloudsync_chassis.service import ServiceSpec

from support import plain_yaml
from support.services import Written, written

ROOT = Path(__file__).parents[2]
MODELS = {"cloudsync": ROOT, "lemonade": ROOT / "tests" / "models" / "lemonade"}
UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}


@pytest.fixture(scope="module", params=sorted(MODELS))
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Written:
    return written(MODELS[request.param], tmp_path_factory.mktemp("made"))


@cache
def elements(root: Path) -> dict[str, dict[str, Any]]:
    """Every element of the layers from which flows follow, by id."""
    found = {}
    for layer in ("04_application", "05_technology", "08_data_store"):
        for file in sorted((root / "model" / layer).rglob("*.yaml")):
            for each in (plain_yaml.load(file.read_text()) or {}).values():
                if isinstance(each, dict) and "id" in each:
                    found[each["id"]] = each
    return found


def model_of(made: Written) -> dict[str, dict[str, Any]]:
    slug = made.model.project.slug
    return elements(ROOT if slug == "cloudsync" else MODELS["lemonade"])


def specs(made: Written) -> Iterator[tuple[str, ServiceSpec, Any]]:
    """(name, its facts, its module of subscriptions) of each service."""
    for name in made.names:
        sys.path[:0] = map(str, made.sources(name))
        package = made.package(name)
        try:
            spec = importlib.import_module(f"{package}.generated.service").SERVICE
            yield name, spec, importlib.import_module(f"{package}.generated.events")
        finally:
            del sys.path[: len(made.sources(name))]
            for module in [each for each in sys.modules if each.split(".")[0] == package]:
                del sys.modules[module]


def seconds(duration: str) -> float:
    unit = duration.lstrip("0123456789")
    return int(duration.removesuffix(unit)) * UNITS[unit]


def last(identity: str) -> str:
    return identity.rsplit(".", 1)[-1]


def service_of(model: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = model[f"application.service.{name}"]
    return found


def queued(service: dict[str, Any]) -> list[str]:
    """Topics on which a service's calls wait."""
    fallbacks = [each["fallback"] for each in service.get("calls", ())]
    return [each["topic"] for each in fallbacks if each["kind"] == "queue"]


def collected(model: dict[str, Any], service: dict[str, Any]) -> list[str]:
    """Topics of what other services of some domains announce, if it takes all of that."""
    domains = [domain for each in service.get("collects", ()) for domain in each.get("domains", ())]
    return [
        each["topic"]
        for id_, each in model.items()
        if id_.startswith("application.event.")
        and each["service"] != service["id"]
        and model[each["service"]]["domain"] in domains
    ]


def test_dead_letters_go_where_the_model_says(made: Written) -> None:
    model, seen = model_of(made), 0
    for name, spec, _ in specs(made):
        service, wanted = service_of(model, name), {}
        heard = [model[each["event"]]["topic"] for each in service.get("consumes", ())]
        heard += collected(model, service)
        heard += [model[f"application.saga.{each.name}"]["topic"] for each in spec.sagas]
        heard += queued(service)
        for each in heard:
            if "deadLetter" in model[each]:
                wanted[model[each]["topic"]] = model[model[each]["deadLetter"]]["topic"]
        for each in service.get("queues", ()):
            queue = model[each["queue"]]
            if "deadLetter" in queue:
                wanted[queue["queue"]] = model[queue["deadLetter"]]["queue"]
        assert spec.dead_letters == wanted, name
        seen += len(wanted)
    assert seen


def test_what_services_tell_each_other_has_a_topic_in_the_contract(made: Written) -> None:
    """Logs of sagas and queued calls: a channel, dead letters, who sends and who receives."""
    model, documents = model_of(made), made.contracts.asyncapi.values()
    channels = {
        each["address"]: each
        for document in documents
        for each in document.data["channels"].values()
    }
    operations = [
        (operation["summary"].split()[0], operation["action"], channel["address"])
        for document in documents
        for operation in document.data["operations"].values()
        for channel in [document.data["channels"][operation["channel"]["$ref"].split("/")[-1]]]
    ]
    for name, spec, _ in specs(made):
        told = {each.topic: "SagaTold" for each in spec.sagas}
        calls = [budget for edge in spec.edges.values() for budget in edge.budgets.values()]
        waiting = {each.topic for each in calls if each.fallback == "queue"}
        assert waiting == {model[each]["topic"] for each in queued(service_of(model, name))}
        for topic, message in {**told, **dict.fromkeys(waiting, "CallQueued")}.items():
            assert list(channels[topic]["messages"]) == [message]
            assert list(channels[spec.dead_letters[topic]]["messages"]) == [message]
            assert {(name, "send", topic), (name, "receive", topic)} <= set(operations)


def test_queues_are_those_of_the_model_and_their_commands_are_taken(made: Written) -> None:
    model = model_of(made)
    for name, spec, events in specs(made):
        service = service_of(model, name)
        used = [*service.get("queues", ()), *service.get("sends", ())]
        queues = {each.name: each for each in spec.queues}
        for each in used:
            written, queue = model[each["queue"]], queues[model[each["queue"]]["queue"]]
            assert queue.kind == written.get("kind", "quorum")
            assert queue.delivery_limit == written.get("deliveryLimit")
            assert queue.max_length == written.get("maxLength")
            ttl = written.get("messageTtl")
            assert queue.ttl == (seconds(ttl) if ttl else None)
            dead = written.get("deadLetter")
            assert queue.dead_letter == (model[dead]["queue"] if dead else "")
        port: Any = _Port()
        taken = {(each.topic, each.type): each for each in events.subscriptions(port)}
        for each in service.get("queues", ()):
            queue = queues[model[each["queue"]]["queue"]]
            assert queue.prefetch >= each["prefetch"]
            work = taken[queue.name, last(each["command"])]
            assert work.attempts == queue.delivery_limit


class _Port:
    """Any port: whatever is asked for is a method."""

    def __getattr__(self, name: str) -> Any:
        return name


def test_sagas_are_those_of_the_model_for_all_who_take_part(made: Written) -> None:
    model = model_of(made)
    sagas = {last(each): model[each] for each in model if each.startswith("application.saga.")}
    seen: set[tuple[str, str]] = set()
    for name, spec, _ in specs(made):
        for saga in spec.sagas:
            seen.add((saga.name, name))
            said = sagas[saga.name]
            assert saga.topic == model[said["topic"]]["topic"]
            assert saga.deadline == seconds(said["deadline"])
            assert _ends(saga.trigger, said["trigger"])
            assert _ends(saga.completes_on, said["completesOn"])
            assert len(saga.fails_on) == len(said.get("failsOn", ()))
            assert all(map(_ends, saga.fails_on, said.get("failsOn", ())))
            assert len(saga.steps) == len(said["steps"])
            awaited = {at for at, each in enumerate(said["steps"]) if each.get("awaited")}
            assert awaited <= {*saga.awaited}
            assert bool(awaited) is bool(saga.awaited)
            pivots = [at for at, each in enumerate(said["steps"]) if each.get("pivot")]
            assert saga.decided_by == next(iter(pivots), None)
            for step, each in zip(saga.steps, said["steps"], strict=True):
                assert (step.name, step.service) == (each["name"], last(each["service"]))
                assert step.compensation == last(each.get("compensation", ""))
                assert step.key == each["idempotencyKey"]
                if step.service == name:
                    assert step.command == last(each["command"])
                    assert step.timeout == seconds(each["timeout"])
                    # YAML 1.1 takes the word `on` for true
                    on = each.get("on", each.get(True))
                    assert _ends(step.on, on) if on else step.on == ""
    takers = {
        (name, last(step["service"])) for name, saga in sagas.items() for step in saga["steps"]
    }
    assert seen >= takers


def _ends(kind: str, event: str) -> bool:
    """Whether a CloudEvents type is that of an event."""
    return f".{last(event)}.v" in kind


def test_an_event_log_is_kept_where_the_model_has_a_table_for_it(made: Written) -> None:
    model = model_of(made)
    keyspaces = {each: model[each]["service"] for each in model if ".keyspace." in each}
    logs = {
        last(keyspaces[each["keyspace"]])
        for identity, each in model.items()
        if ".wide-table." in identity and "x-json-schema" not in each
        if {"event_id", "sequence"} <= each["columns"].keys()
    }
    kept = {name: spec.streams for name, spec, _ in specs(made)}
    assert {name for name, streams in kept.items() if streams} == logs
    if logs:
        assert kept["payment-service"] == {"payment": 50}
        assert set(kept["document-service"].values()) == {0}
        assert {"document", "share-grant"} <= kept["document-service"].keys()
