"""NetworkPolicies of the charts against the model's YAML, read here by other means."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import helm_python
import pytest
from msgspec import structs

from cloudsync_gen import pipeline
from cloudsync_gen.contracts.compile import compile_contracts
from cloudsync_gen.model.layers import datastore
from cloudsync_gen.model.layers.application import Service, StoreUse
from cloudsync_gen.source import Tree, tree_from_disk
from cloudsync_gen.targets import BY_NAME
from cloudsync_gen.targets.charts.network import engines
from support import plain_yaml, shared
from support.charts import KEY_NETWORK, cluster
from support.services import rendered
from support.trees import write_tree

ROOT = Path(__file__).parents[2]
LEMONADE = ROOT / "tests" / "models" / "lemonade"
LISTENS = {
    "cassandra": 9042,
    "clickhouse": 9000,
    "elasticsearch": 9200,
    "kafka": 9092,
    "mongodb": 27017,
    "postgresql": 5432,
    "rabbitmq": 5672,
    "redis": 6379,
    "s3": 443,
}
Elements = dict[str, dict[str, Any]]


def elements(files: Tree) -> Elements:
    """Every element of the YAML files, by id."""
    found: Elements = {}
    for name, content in files.items():
        if name.endswith((".yaml", ".yml")) and ".openapi." not in name:
            for each in (plain_yaml.load(content) or {}).values():
                if isinstance(each, dict) and "id" in each:
                    found[each["id"]] = each
    return found


def engine(known: Elements, element: str) -> str:
    """Follows what an element lies in until there is an engine."""
    while not element.startswith("technology."):
        node = known[element]
        holders = (node.get(key, "") for key in ("store", "storage", "keyspace", "database"))
        element = next(each for each in holders if "." in each)
    return str(known[element]["engine"])


def used(known: Elements, service: dict[str, Any]) -> set[str]:
    """Engines of the stores of a service, of the topics of its events, and of its queues."""
    events = [e for e in known.values() if e["id"].startswith("application.event.")]
    topics = {e["topic"] for e in events if e["service"] == service["id"]}
    topics |= {known[each["event"]]["topic"] for each in service.get("consumes", ())}
    queues = {each["queue"] for key in ("queues", "sends") for each in service.get(key, ())}
    brokers = {known[each]["broker"] for each in topics | queues}
    places = {each["store"] for each in service["stores"]}
    return {engine(known, each) for each in places | brokers}


def services(known: Elements) -> Iterator[tuple[str, dict[str, Any]]]:
    for element, node in known.items():
        if element.startswith("application.service."):
            yield element.removeprefix("application.service."), node


def policies(files: Tree, folder: Path) -> dict[str, dict[str, Any]]:
    """Service -> spec of its NetworkPolicy, as Helm renders the chart made from `files`."""
    checked = pipeline.check(files, store=shared.store())
    assert checked.model is not None
    target = BY_NAME["charts"]
    units = target.units(checked.model, compile_contracts(checked.model).value)
    written = {
        each.path.removeprefix("generated/charts/"): each.content
        for unit in units
        for each in rendered(unit.seen())
    }
    library = {k.partition("/")[2]: v for k, v in written.items() if k.startswith("library/")}
    found = {}
    for name in {path.partition("/")[0] for path in written} - {"library"}:
        chart = {k.partition("/")[2]: v for k, v in written.items() if k.startswith(f"{name}/")}
        chart |= {f"charts/service-library/{k}": v for k, v in library.items()}
        with helm_python.Chart.load(str(write_tree(folder / name, chart))) as loaded:
            values = {"cluster": cluster(folder / name)}
            texts = loaded.render(values, name="release", namespace="production")
        made = [each for text in texts.values() for each in plain_yaml.documents(text)]
        (found[name],) = (each["spec"] for each in made if each["kind"] == "NetworkPolicy")
    return found


def ports(rules: list[dict[str, Any]], peer: str, name: str = "") -> set[int]:
    """Ports of the rules with such a peer; `name` is a label of it, or its block of addresses."""
    return {
        port["port"]
        for rule in rules
        for each in rule.get("to", rule.get("from", []))
        if peer in each and (not name or name in said(each[peer]))
        for port in rule["ports"]
    }


def said(peer: dict[str, Any]) -> set[str]:
    return {*peer.get("matchLabels", {}).values(), *filter(None, [peer.get("cidr")])}


@pytest.mark.parametrize("root", [ROOT, LEMONADE], ids=["cloudsync", "lemonade"])
def test_stores_and_brokers_of_the_model_are_reached_and_no_others(
    root: Path, tmp_path: Path
) -> None:
    files = tree_from_disk(root, "model")
    known, made = elements(files), policies(files, tmp_path)
    # what the chassis stores is in PostgreSQL, whatever the model's own store is
    reached = {name: {"postgresql", *used(known, each)} for name, each in services(known)}
    expected = {name: {LISTENS[each] for each in engines} for name, engines in reached.items()}
    blocks = {each["cidr"] for each in known.values() if "cidr" in each}
    for name, spec in made.items():
        found = {port for block in blocks for port in ports(spec["egress"], "ipBlock", block)}
        assert found == expected[name]
        assert ports(spec["egress"], "ipBlock", KEY_NETWORK) == {443}


def test_each_kind_of_store_leads_to_the_engine_below_it() -> None:
    kinds = set()
    for root in (ROOT, LEMONADE):
        files = tree_from_disk(root, "model")
        model, known = pipeline.check(files).model, elements(files)
        assert model is not None
        service = structs.replace(model.all(Service)[0], consumes=(), queues=(), sends=(), id="")
        for element in (each for each in known if each.startswith("datastore.")):
            use = StoreUse(store=element, access="read", purpose="A look")
            assert set(engines(model, structs.replace(service, stores=(use,)))) == {
                engine(known, element)
            }
            kinds.add(element.split(".")[1])
    assert kinds == set(datastore.TYPES)


def test_names_measurements_and_telemetry_pass(tmp_path: Path) -> None:
    """DNS always; the namespace that monitors comes in to scrape, and its collector gets spans."""
    files = tree_from_disk(ROOT, "model")
    known, made = elements(files), policies(files, tmp_path / "own")
    (namespace,) = (
        each["kubernetesName"] for each in known.values() if each.get("purpose") == "monitoring"
    )
    for name, service in services(known):
        spec = made[name]
        assert ports(spec["egress"], "namespaceSelector", "kube-system") == {53}
        assert ports(spec["egress"], "namespaceSelector", namespace) == {4318}
        apart = {service["port"] + 10_000} if service["style"] == "grpc" else set()
        scraped = ports(spec["ingress"], "namespaceSelector", namespace)
        assert scraped == {service["port"]} | apart
    for spec in policies(tree_from_disk(LEMONADE, "model"), tmp_path / "other").values():
        assert ports(spec["egress"], "namespaceSelector") == {53}
