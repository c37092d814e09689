"""Each service with a GraphQL schema, started as a process beside stand-ins for those that it asks,
and asked everything that its schema offers.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from cloudsync_chassis.events.envelope import Event as CloudEvent
from cloudsync_chassis.events.sqlite_bus import SqliteBus
from cloudsync_chassis.security.principal import Principal
from graphql import (
    GraphQLObjectType,
    GraphQLSchema,
    OperationType,
    build_client_schema,
    build_schema,
    get_introspection_query,
    get_named_type,
    lexicographic_sort_schema,
    print_schema,
)

from cloudsync_gen.model.event_names import event_type
from cloudsync_gen.model.ids import name_of
from cloudsync_gen.model.layers.api import GraphqlApi, JoinedField, Operation, RootField
from cloudsync_gen.model.layers.application import Event, Service
from cloudsync_gen.model.layers.security import Role
from cloudsync_gen.model.layers.technology import Topic
from cloudsync_gen.targets.service.facts import ServiceFacts, SystemFacts
from cloudsync_gen.targets.service.samples import sample
from support.effort import Effort
from support.graphql_asking import Question, ask, questions
from support.services import Process, Written, beside_standins, opened

ROOT = Path(__file__).parents[2]
SERVICES = {"admin": "audit-service", "analytics": "reporting-service", "workspace": "api-gateway"}

_BEGINNING = 1.0
"""Seconds in which a subscription that has been accepted begins to listen."""


@dataclass
class Schema:
    """A schema that is served, and the calls that others were asked meanwhile."""

    name: str
    facts: ServiceFacts
    contract: GraphQLSchema
    process: Process
    token: str
    organization: UUID
    calls: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"{self.process.url}/graphql/{self.name}"

    @property
    def fields(self) -> list[RootField]:
        return list(self.facts.root_fields)

    def joins(self, call: str) -> bool:
        """Whether a call is one for fields of types, and none for a field of a root."""
        model = self.facts.model
        asked = (model.get(Operation, each.resolves) for each in model.all(JoinedField))
        return any(e is not None and call.endswith(f" {e.operation_id}") for e in asked)

    def event(self, asked: Question) -> CloudEvent:
        """An event of the caller's tenant that is about what is asked for."""
        model = self.facts.model
        event = model.get(Event, asked.root.follows or "")
        assert event is not None
        topic = model.get(Topic, event.topic)
        assert topic is not None
        data = sample(self.facts.schema(event.payload), self.facts.schemas)
        for name, wanted in asked.variables.items():
            data[name] = wanted[0] if isinstance(wanted, list) else wanted
        return CloudEvent(
            id=uuid4(),
            type=event_type(model, event),
            source="/test",
            topic=topic.topic,
            subject=str(data[event.key]),
            time=datetime.now(UTC),
            organization_id=self.organization,
            data=data,
        )

    def publish(self, *events: CloudEvent) -> None:
        async def put() -> None:
            bus = SqliteBus(self.process.state / "bus.sqlite")
            await bus.start()
            await bus.publish(events)
            await bus.stop()

        asyncio.run(put())

    @contextmanager
    def listening(self, asked: Question) -> Iterator[Callable[[], dict[str, Any]]]:
        """A subscription that has begun; what it gives waits for the first that is told."""
        headers = {"Authorization": f"Bearer {self.token}", "Accept": "text/event-stream"}
        body = {"query": asked.query, "variables": asked.variables}
        with httpx.stream("POST", self.url, json=body, headers=headers, timeout=60) as answer:
            assert answer.status_code == 200
            lines = answer.iter_lines()
            time.sleep(_BEGINNING)

            def told() -> dict[str, Any]:
                found = next(each for each in lines if each[:6] == "data: ")
                return dict(json.loads(found.removeprefix("data: ")))

            yield told

    def ask(self, query: str, **members: Any) -> dict[str, Any]:
        answer = ask(self.url, query, self.token, **members)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


def problems(found: dict[str, Any]) -> list[tuple[int, str]]:
    """(status, slug) of each error."""
    told = [each["extensions"] for each in found.get("errors", ())]
    return [(each["status"], each["type"].rpartition("/")[2]) for each in told]


@pytest.fixture(scope="module")
def made() -> Written:
    return opened(ROOT)


@pytest.fixture(scope="module", params=SERVICES)
def schema(
    request: pytest.FixtureRequest, made: Written, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Schema]:
    service = SERVICES[request.param]
    found = next(each for each in made.model.all(Service) if name_of(each.id) == service)
    facts = ServiceFacts(SystemFacts(made.model, made.contracts), found)
    contract = build_schema(made.contracts.graphql[request.param].text)
    roles = frozenset(name_of(each.id) for each in made.model.all(Role))
    state = tmp_path_factory.mktemp(request.param) / "state"
    calls: list[str] = []
    with beside_standins(made, service, state, say=calls.append) as process:
        organization = uuid4()
        everybody = Principal(str(uuid4()), "user", organization, roles)
        token = process.proof(everybody)
        yield Schema(request.param, facts, contract, process, token, organization, calls)


def test_every_schema_is_tested(made: Written) -> None:
    served = {each.document: name_of(each.service or "") for each in made.model.all(GraphqlApi)}
    assert served == SERVICES


def test_introspection_equals_the_contract(schema: Schema) -> None:
    query = get_introspection_query(input_value_deprecation=True, specified_by_url=True)
    found = build_client_schema(schema.ask(query)["data"])
    assert print_schema(lexicographic_sort_schema(found)) == print_schema(
        lexicographic_sort_schema(schema.contract)
    )


def test_every_field_is_answered(schema: Schema) -> None:
    """By others whole; by the service itself, or refused in words of its contract: what an example
    names is nowhere in an empty store.
    """
    questioned = list(questions(schema.facts, schema.contract))
    assert len(questioned) == len(schema.fields) > 15
    # nothing has happened yet of which those could tell that follow an event
    asked = [each for each in questioned if each.root.follows is None]
    for each in asked:
        before = len(schema.calls)
        found = schema.ask(each.query, variables=each.variables)
        told = problems(found)
        assert not {slug for _, slug in told} & {"internal", "validation-failed"}, found
        if each.root.resolves:
            assert told == [], (each.root.field_name, found)
            assert found["data"][each.root.field_name] is not None
            made = [call for call in schema.calls[before:] if not schema.joins(call)]
            assert len(made) == 1, each.root.field_name
        else:
            assert len(schema.calls) >= before
            assert told or found["data"][each.root.field_name] is not None


def test_nobody_is_answered_without_a_token(schema: Schema, effort: Effort) -> None:
    before = len(schema.calls)
    asked = list(questions(schema.facts, schema.contract))
    asked.sort(key=lambda each: each.root.operation_type != "subscription")
    for each in asked[: effort.count(small=12, full=len(asked))]:
        found = ask(schema.url, each.query, variables=each.variables).json()
        assert problems(found) == [(401, "unauthenticated")], each.root.field_name
    assert len(schema.calls) == before
    assert ask(schema.url, "{ __typename }", "x.y.z").status_code == 401


@pytest.mark.parametrize(
    "hostile",
    [
        "{ " + "a { " * 60 + "b" + " }" * 60 + " }",
        "{ " + "a { " * 1500 + "b" + " }" * 1500 + " }",
        "{ " + " ".join(f"a{n}: __typename" for n in range(200)) + " }",
        "{ " + "__typename " * 600 + "}",
        "{ __typename " + "@skip(if: false) " * 80 + "}",
        "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }",
        "{ ...F0 } "
        + " ".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(50))
        + " fragment F50 on Query { __typename }",
        "{ x(list: [" + "1," * 2000 + "]) }",
        "{ " + " ".join(f"x{n}" for n in range(6000)) + " }",
        "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }",
        "{ __typename",
    ],
    ids=lambda text: str(len(text)),
)
def test_hostile_documents_are_refused(schema: Schema, hostile: str) -> None:
    before = len(schema.calls)
    assert {*problems(schema.ask(hostile))} == {(400, "validation-failed")}
    assert len(schema.calls) == before


def test_hostile_requests_are_refused(schema: Schema) -> None:
    headers = {"Authorization": f"Bearer {schema.token}"}
    one = {"query": "{ __typename }"}
    for content, status in (
        ([one] * 20, 400),
        ({"query": {}}, 400),
        ({"query": "{ __typename }", "variables": [1]}, 400),
        ({**one, "padding": "x" * 20_000_000}, 413),
    ):
        answer = httpx.post(schema.url, json=content, headers=headers, timeout=60)
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
    deep: Any = []
    for _ in range(200):
        deep = [deep]
    answer = httpx.post(schema.url, json={**one, "variables": {"a": deep}}, headers=headers)
    assert answer.status_code == 400
    wide = schema.ask("{ __typename }", variables={"ids": list(range(5000))})
    assert problems(wide) == [(400, "validation-failed")]


def test_others_are_asked_once_for_each_question(schema: Schema) -> None:
    """No more calls than questions that differ, however often one request asks them."""
    others = [each for each in questions(schema.facts, schema.contract) if each.root.resolves]
    queries = [e for e in others if e.root.operation_type == "query" and "(" in e.query]
    before = len(schema.calls)
    for each in queries[:3]:
        head, _, rest = each.query.partition("{")
        body = rest.rpartition("}")[0].strip()
        several = " ".join(f"a{n}: {body}" for n in range(8))
        del schema.calls[before:]
        found = schema.ask(f"{head}{{ {several} }}", variables=each.variables)
        assert len(found["data"]) == 8
        assert Counter(schema.calls[before:]).total() == 1, each.root.field_name
    assert bool(queries) == any(each.resolves for each in schema.fields)


def test_fields_of_types_cost_one_call_for_all_objects(schema: Schema) -> None:
    """An answer that holds objects with such a field costs one call more, however many there are;
    stand-ins answer lists that may be empty with nothing.
    """
    joined = [e for e in schema.facts.model.all(JoinedField) if e.document == schema.name]
    kinds = {each.type_name for each in joined}
    met = 0
    for each in questions(schema.facts, schema.contract):
        named = kinds & _types_below(schema, each.root)
        if not named or each.root.follows:  # nobody is told anything before something happens
            continue
        before = len(schema.calls)
        schema.ask(each.query, variables=each.variables)
        made = sum(map(schema.joins, schema.calls[before:]))
        assert made <= len([e for e in joined if e.type_name in named]), each.root.field_name
        met += made
    assert bool(met) == bool(joined)


def test_what_has_happened_is_told_to_who_listens(schema: Schema) -> None:
    """Each event as the callee answers it, to listeners of its tenant that asked for what it is
    about; what is about something else, or another tenant's, is asked for nobody.
    """
    listened = [e for e in questions(schema.facts, schema.contract) if e.root.follows]
    assert bool(listened) == (schema.name == "workspace")
    for each in listened:
        event = schema.event(each)
        elsewhere = replace(event, id=uuid4(), organization_id=uuid4())
        (name, wanted), *_ = each.variables.items()
        about = {**event.data, name: str(uuid4())}
        with schema.listening(each) as listener:
            before = len(schema.calls)
            schema.publish(elsewhere, replace(event, id=uuid4(), data=about), event)
            told = listener()
            assert problems(told) == [], (each.root.field_name, told)
            assert told["data"][each.root.field_name] is not None
            made = [call for call in schema.calls[before:] if not schema.joins(call)]
            assert len(made) == 1, (each.root.field_name, wanted)


def _types_below(schema: Schema, root: RootField) -> set[str]:
    """The object types that the answer to a field holds."""
    kind = schema.contract.get_root_type(OperationType(root.operation_type))
    assert kind is not None
    found: set[str] = set()
    pending: list[Any] = [kind.fields[root.field_name].type]
    while pending:
        named = get_named_type(pending.pop())
        if isinstance(named, GraphQLObjectType) and named.name not in found:
            found.add(named.name)
            pending += [each.type for each in named.fields.values()]
    return found
