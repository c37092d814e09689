"""The model of CloudSync: as large, as deep and as joined as it has to be.

What is counted is read here by a YAML parser and patterns alone, not by the tool's own loader.
"""

from __future__ import annotations

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from cloudsync_gen import pipeline
from cloudsync_gen.model.effects import carried_by
from cloudsync_gen.model.ids import type_of
from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.model.layers.motivation import Goal
from cloudsync_gen.model.system import Model
from support import plain_yaml
from support.rules import MEMORY

ROOT = Path(__file__).resolve().parents[1]
MODEL = ROOT / "model"
AUDIT = ROOT / "generated" / "services" / "audit-service" / "src" / "audit_service"
SERVICES = {
    "user": "user-service auth-service profile-service org-service",
    "content": "document-service file-service version-service search-service",
    "collaboration": "chat-service video-service calendar-service task-service",
    "notification": "email-service sms-service push-service webhook-service",
    "billing": "subscription-service invoice-service payment-service usage-service",
    "analytics": "events-service metrics-service reporting-service ml-service",
    "platform": "api-gateway service-discovery config-service secret-service "
    "feature-flag-service audit-service",
}
LEAST = {
    "motivation": 38,
    "business": 34,
    "security": 62,
    "application": 250,
    "technology": 65,
    "api": 150,
    "data_model": 120,
    "datastore": 85,
    "ux": 45,
    "navigation": 60,
    "apm": 200,
}
"""Elements of each layer."""

TYPES = {
    "motivation.goal": 5,
    "motivation.requirement": 25,
    "motivation.stakeholder": 8,
    "motivation.principle": 8,
    "business.domain": 7,
    "business.service": 15,
    "business.process": 12,
    "security.policy": 20,
    "security.role": 12,
    "security.resource": 30,
    "application.service": 30,
    "application.saga": 4,
    "technology.cluster": 4,
    "technology.namespace": 4,
    "technology.node-pool": 4,
    "datastore.collection": 5,
    "apm.metric": 100,
    "apm.experiment": 12,
}
"""Elements of some types."""

METHODS = ("get", "put", "post", "delete", "patch")


@cache
def documents() -> Mapping[str, Any]:
    """Path below `model/` -> parsed content of every YAML file."""
    return {
        path.relative_to(MODEL).as_posix(): plain_yaml.load(path.read_text("utf-8"))
        for path in sorted(MODEL.rglob("*.yaml"))
    }


@cache
def elements() -> Mapping[str, Any]:
    """Id -> content of every element that is written as YAML."""
    return {
        each["id"]: each
        for data in documents().values()
        if isinstance(data, dict)
        for each in data.values()
        if isinstance(each, dict) and str(each.get("id", "")).count(".") == 2
    }


def of_type(kind: str) -> list[Any]:
    return [each for name, each in elements().items() if name.rpartition(".")[0] == kind]


def operations(folder: str, field: str) -> Iterator[tuple[str, str]]:
    """(document, operation) of the OpenAPI documents of a folder."""
    for path, data in documents().items():
        if path.startswith(f"06_api/{folder}/"):
            for place in data[field].values():
                yield from ((path, place[m]["operationId"]) for m in METHODS if m in place)


def rpcs() -> Iterator[tuple[str, str]]:
    for path in sorted((MODEL / "06_api" / "grpc-services").glob("*.proto")):
        names = re.findall(r"(?m)^  rpc (\w+)\(", path.read_text("utf-8"))
        yield from ((path.name, name) for name in names)


def root_fields() -> Iterator[tuple[str, str]]:
    for path in sorted((MODEL / "06_api" / "graphql-apis").glob("*.graphql")):
        links = re.findall(r"@(?:resolves|performs)\(\w+: \"([a-z.-]+)\"", path.read_text("utf-8"))
        yield from ((path.name, link) for link in links)


def test_every_layer_has_its_elements() -> None:
    found = Counter(name.partition(".")[0] for name in elements())
    found["api"] += len([*operations("rest-apis", "paths"), *operations("webhooks", "webhooks")])
    found["api"] += len([*rpcs(), *root_fields()])
    assert {layer: n for layer, n in LEAST.items() if found[layer] < n} == {}
    kinds = Counter(name.rpartition(".")[0] for name in elements())
    assert {kind: kinds[kind] for kind, n in TYPES.items() if kinds[kind] < n} == {}


def test_every_service_is_there_in_its_domain_and_style() -> None:
    found: dict[str, set[str]] = defaultdict(set)
    for each in of_type("application.service"):
        found[each["domain"].rpartition(".")[2]].add(each["id"].rpartition(".")[2])
    assert found == {domain: set(names.split()) for domain, names in SERVICES.items()}
    styles = Counter(each["style"] for each in of_type("application.service"))
    assert styles == {"rest": 15, "grpc": 10, "worker": 3, "graphql": 2}


def test_contracts_are_as_many_as_they_should_be() -> None:
    assert len({document for document, _ in operations("rest-apis", "paths")}) == 15
    assert len({document for document, _ in rpcs()}) == 10
    assert {document for document, _ in root_fields()} == {
        *("admin.graphql", "analytics.graphql", "workspace.graphql")
    }
    names = [name for _, name in operations("webhooks", "webhooks")]
    assert len(names) == len(set(names)) == 8


def test_documents_services_and_databases_are_deep_enough() -> None:
    of_document = Counter(document for document, _ in operations("rest-apis", "paths"))
    assert min(of_document.values()) >= 6
    tables = Counter(each["database"] for each in of_type("datastore.table"))
    assert len(tables) == 10
    assert min(tables.values()) >= 3
    for kind in ("command", "query"):
        asked = Counter(each["service"] for each in of_type(f"application.{kind}"))
        assert len(asked) == 30
        assert min(asked.values()) >= 2, (kind, asked.most_common()[-3:])


def constraints(schema: Any) -> int:
    """Keywords that limit what an object's properties may hold."""
    limits = {"maxLength", "minLength", "pattern", "minimum", "maximum", "enum", "maxItems"}
    limits |= {"$ref", "minItems", "format", "uniqueItems", "const"}
    return sum(
        len(limits & each.keys())
        for each in schema["properties"].values()
        if isinstance(each, dict)
    )


def test_entities_have_fields_and_constraints() -> None:
    small = [
        each["id"]
        for each in of_type("data_model.entity")
        if len(each["schema"]["properties"]) < 6 or constraints(each["schema"]) < 2
    ]
    assert small == []


def test_patterns_are_those_that_every_tool_reads() -> None:
    """The common part that JSON Schema recommends (2020-12, 6.4): no classes of Unicode."""
    written = [each for found in documents().values() for each in patterns(found)]
    assert len(written) > 300
    assert [each for each in written if re.search(r"\\[pP]\{", each)] == []
    for each in written:
        re.compile(each)


def patterns(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        found = value.get("pattern")
        yield from [found] if isinstance(found, str) else []
        value = [*value.values()]
    for each in value if isinstance(value, list) else ():
        yield from patterns(each)


def test_main_entities_have_a_life_cycle_and_invariants() -> None:
    """Of each service one aggregate at least has both."""
    service = {each["id"]: each["service"] for each in of_type("application.aggregate")}
    living = {each["aggregate"] for each in of_type("application.lifecycle")}
    held = Counter(each["aggregate"] for each in of_type("application.invariant"))
    good = {service[each] for each in living if held[each] >= 5}
    assert {each["id"] for each in of_type("application.service")} - good == set()


def test_services_do_more_than_keep_records() -> None:
    plain = re.compile(r"^(create|get|list|update|delete|read|remove)-")
    more: Counter[str] = Counter()
    for each in (*of_type("application.command"), *of_type("application.query")):
        more[each["service"]] += not plain.match(each["id"].rpartition(".")[2])
    assert min(more.values()) >= 3


def test_no_two_services_share_their_fields() -> None:
    service = {each["schema"]: each["service"] for each in of_type("application.aggregate")}
    envelope = {"id", "organizationId", "createdAt", "updatedAt", "version"}
    fields: dict[str, set[str]] = defaultdict(set)
    for each in of_type("data_model.entity"):
        owner = service.get(each["id"])
        if owner:
            fields[owner] |= each["schema"]["properties"].keys() - envelope
    names = sorted(fields)
    shares = {
        (one, other): len(fields[one] & fields[other]) / min(len(fields[one]), len(fields[other]))
        for number, one in enumerate(names)
        for other in names[number + 1 :]
    }
    assert {pair: round(s, 2) for pair, s in shares.items() if s > 0.4} == {}


def test_descriptions_say_something_of_their_own() -> None:
    """With names taken out, at most one in twenty stands a second time."""
    names = sorted({word for each in elements() for word in re.split(r"[.-]", each)}, key=len)
    known = frozenset(names)
    masked = Counter(
        " ".join("_" if word.lower() in known else word for word in re.findall(r"\w+", text))
        for text in (str(each.get("description", "")) for each in elements().values())
    )
    repeated = sum(n - 1 for n in masked.values() if n > 1)
    assert repeated <= len(elements()) / 20


@pytest.fixture(scope="module")
def model() -> Model:
    checked = pipeline.check(pipeline.read_model(ROOT), rules=(), store=MEMORY)
    assert checked.model is not None
    return checked.model


def test_every_goal_reaches_services_operations_screens_and_metrics(model: Model) -> None:
    for goal in model.all(Goal):
        aims = {goal.id, *model.origins(goal.id, "requirement-goal")}
        near = {link.source for aim in aims for link in model.into.get(aim, ())}  # type: ignore[call-overload]
        services = {each for each in near if type_of(each) == "application.service"}
        used = {
            operation
            for operations in (model.into.values(),)
            for links in operations
            for link in links
            if link.type == "ux-operation" and (operation := link.target)
        }
        reached = {
            each
            for each in used
            if (performed := carried_by(model, each)) and performed.service in services
        }
        screens = {each for op in reached for each in model.origins(op, "ux-operation")}
        metrics = {metric for each in screens for metric in model.targets(each, "screen-metric")}
        assert all((services, reached, screens, metrics)), goal.id


def test_every_element_is_reached_by_some_link(model: Model) -> None:
    alone = [
        each for each in model.elements if not model.out.get(each) and not model.into.get(each)
    ]
    assert alone == []


def test_the_trail_records_each_event_as_the_action_that_the_model_says(model: Model) -> None:
    """The handlers of audit-service have a table of their own, since no model type says it."""
    service = model.get(Service, "application.service.audit-service")
    assert service is not None
    effects = {each.event.rpartition(".")[2]: each.effect for each in service.consumes}
    told = {name: re.findall(r"^A record of ([a-z:-]+)", each) for name, each in effects.items()}
    code = ast.parse((AUDIT / "actions.py").read_text("utf-8"))
    (table,) = (
        each.value
        for each in code.body
        if isinstance(each, ast.AnnAssign) and ast.unparse(each.target) == "_EVENTS"
    )
    assert table is not None
    actions = ast.literal_eval(table)
    assert {name: [action] for action, names in actions.items() for name in names} == told
