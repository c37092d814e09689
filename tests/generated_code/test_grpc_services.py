"""Each gRPC service, generated, started as a process, and called through its generated stubs."""

from __future__ import annotations

import importlib
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc
import pytest
from cloudsync_chassis.protobuf.convert import Converter
from cloudsync_chassis.protobuf.status import DETAILS
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2  # type: ignore[import-untyped]
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from cloudsync_gen.model.contracts import ProtoContract
from cloudsync_gen.model.effects import performed_by
from cloudsync_gen.model.layers.api import Rpc
from cloudsync_gen.model.layers.application import Command, Query, Service
from cloudsync_gen.model.layers.security import Role
from cloudsync_gen.targets.service.facts import ServiceFacts, SystemFacts
from cloudsync_gen.targets.service.requests import request_of
from cloudsync_gen.targets.service.samples import sample
from support.rpc_services import Generated, Process, arguments, generated, running

ROOT = Path(__file__).parents[2]
MODELS = {"cloudsync": ROOT, "lemonade": ROOT / "tests" / "models" / "lemonade"}
PLATFORM = ("config", "feature-flag", "secret")
SERVICES = [
    *(("cloudsync", f"{name}-service") for name in (*PLATFORM, "events", "metrics", "ml")),
    *(("cloudsync", name) for name in ("service-discovery", "usage-service", "version-service")),
    *(("cloudsync", "video-service"), ("lemonade", "lambda")),
]
SMALL = [("cloudsync", "ml-service"), ("cloudsync", "version-service"), ("lemonade", "lambda")]
"""Those of the small run, whose invariants hold for whatever a schema allows."""

BY_SAMPLES = (
    "test_every_rpc_does_what_the_model_implies",
    "test_the_deadline_of_the_caller_holds",
    "test_another_organisation_sees_nothing",
)
"""Tests that have to succeed with samples made from schemas: elsewhere invariants refuse those."""

Failure = grpc.RpcError


@dataclass(frozen=True)
class Api:
    """A contract, what its RPCs carry, and its stubs."""

    made: Generated
    contract: ProtoContract

    @property
    def full_name(self) -> str:
        return f"{self.contract.package}.{self.contract.service}"

    @property
    def rpcs(self) -> list[tuple[Rpc, Command | Query]]:
        found = []
        for rpc in self.made.model.all(Rpc):
            performed = performed_by(self.made.model, rpc.command)
            if rpc.document == self.contract.name and performed is not None:
                found.append((rpc, performed))
        return found

    def module(self, kind: str) -> Any:
        path = self.contract.import_path.removesuffix(".proto").replace("/", ".")
        return importlib.import_module(f"{path}_{kind}")

    def request(self, rpc: Rpc, values: dict[str, Any]) -> Message:
        message: Message = getattr(self.module("pb2"), rpc.request_message)()
        Converter().to_message(values, message)
        return message


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Generated]:
    return {name: generated(root, tmp_path_factory.mktemp(name)) for name, root in MODELS.items()}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    chosen_by_itself = any("served" in m.args for m in metafunc.definition.iter_markers())
    if "served" in metafunc.fixturenames and not chosen_by_itself:
        by_samples = metafunc.function.__name__ in BY_SAMPLES
        every = metafunc.config.getoption("full") and not by_samples
        chosen = SERVICES if every else SMALL
        names = [service for _, service in chosen]
        metafunc.parametrize("served", chosen, indirect=True, scope="module", ids=names)


@pytest.fixture(scope="module")
def served(
    request: pytest.FixtureRequest,
    made: dict[str, Generated],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Process, Api]]:
    model, service = request.param
    api = Api(made[model], made[model].services[service])
    paths = [str(each) for each in made[model].clients()]
    sys.path[:0] = paths
    with running(made[model], service, tmp_path_factory.mktemp("state") / "state") as process:
        yield process, api
    for each in paths:
        sys.path.remove(each)


@pytest.fixture(scope="module")
def stub(served: tuple[Process, Api]) -> Iterator[Any]:
    process, api = served
    with grpc.insecure_channel(process.address) as channel:
        yield getattr(api.module("pb2_grpc"), f"{api.contract.service}Stub")(channel)


class Tokens:
    """Callers who may do everything: people with all roles, workloads for the rest."""

    def __init__(self, process: Process, api: Api) -> None:
        self._process = process
        self._grants = SystemFacts(api.made.model, api.made.contracts).grants
        self._made: dict[tuple[str, ...], str] = {}
        self._roles = arguments(
            "role", [each.id.rpartition(".")[2] for each in api.made.model.all(Role)]
        )

    def of(self, performed: Command | Query, organization: str = "") -> str:
        permission = performed.permission or ""
        people = self._grants.full.get(permission)
        service = ("--workload", "--role", "workload", "--scope", permission)
        asked = tuple(self._roles) if people else service
        if (*asked, organization) not in self._made:
            made = self._process.token(*asked, organization=organization)
            self._made[(*asked, organization)] = made
        return self._made[(*asked, organization)]


@pytest.fixture(scope="module")
def tokens(served: tuple[Process, Api]) -> Tokens:
    return Tokens(*served)


def call(
    stub: Any, rpc: Rpc, message: Message, token: str | None, timeout: float = 10, **more: str
) -> list[Any]:
    """The answers, of which a unary RPC has one."""
    metadata = [(name.replace("_", "-"), value) for name, value in more.items()]
    if token is not None:
        metadata.append(("authorization", f"Bearer {token}"))
    answer = getattr(stub, rpc.rpc_name)(message, metadata=metadata, timeout=timeout)
    return list(answer) if rpc.server_streaming else [answer]


def refusal(stub: Any, rpc: Rpc, message: Message, token: str | None, **more: Any) -> Any:
    """(code, slug) of a refusal."""
    with pytest.raises(grpc.RpcError) as refused:
        call(stub, rpc, message, token, **more)
    error: Any = refused.value
    details = dict(error.trailing_metadata())[DETAILS]
    info = error_details_pb2.ErrorInfo()
    for each in status_pb2.Status.FromString(details).details:
        each.Unpack(info)
    return error.code().name, info.reason


def test_every_service_with_a_contract_is_tested(made: dict[str, Generated]) -> None:
    every = {(name, each) for name in made for each in made[name].services}
    assert every == set(SERVICES) >= set(SMALL)


def test_reflection_lists_the_contract(served: tuple[Process, Api]) -> None:
    process, api = served
    asked = reflection_pb2.ServerReflectionRequest(list_services="")
    with grpc.insecure_channel(process.address) as channel:
        stub: Any = reflection_pb2_grpc.ServerReflectionStub(channel)
        (answer,) = stub.ServerReflectionInfo(iter([asked]), timeout=5)
    names = {each.name for each in answer.list_services_response.service}
    assert names == {
        api.full_name,
        "grpc.health.v1.Health",
        "grpc.reflection.v1alpha.ServerReflection",
    }


def test_nobody_calls_without_a_token(served: tuple[Process, Api], stub: Any) -> None:
    _, api = served
    for rpc, performed in api.rpcs:
        assert performed.access != "public"
        assert refusal(stub, rpc, api.request(rpc, {}), None)[0] == "UNAUTHENTICATED"
        assert refusal(stub, rpc, api.request(rpc, {}), "x.y.z")[0] == "UNAUTHENTICATED"


def test_a_token_without_a_role_is_not_enough(served: tuple[Process, Api], stub: Any) -> None:
    process, api = served
    nobody = process.token()
    for rpc, performed in api.rpcs:
        assert performed.permission
        found = refusal(stub, rpc, api.request(rpc, {}), nobody)
        assert found == ("PERMISSION_DENIED", "forbidden")


def facts_of(api: Api, service: str) -> ServiceFacts:
    system = SystemFacts(api.made.model, api.made.contracts)
    element = api.made.model.get(Service, f"application.service.{service}")
    assert element is not None
    return ServiceFacts(system, element)


def example(facts: ServiceFacts, performed: Command | Query, keys: dict[str, str]) -> Any:
    """Fields of a request that satisfies the schemas; the key of an entity made before, if any."""
    request = request_of(facts, performed)
    values = {request.key: keys.get(performed.aggregate, str(uuid4()))} if request.key else {}
    if performed.input:
        schema = facts.schema(performed.input)
        values |= sample(schema, facts.schemas)
    return values


def is_custom(performed: Command | Query) -> bool:
    kind = performed.effect if isinstance(performed, Command) else performed.kind
    return kind == "custom"


def is_create(performed: Command | Query) -> bool:
    return isinstance(performed, Command) and performed.effect == "create"


def test_every_rpc_does_what_the_model_implies(
    served: tuple[Process, Api], stub: Any, tokens: Tokens
) -> None:
    """What is custom says so; all else succeeds where there is something for it to work on."""
    process, api = served
    facts = facts_of(api, process.service)
    keys: dict[str, str] = {}
    ordered = sorted(api.rpcs, key=lambda each: not is_create(each[1]))
    for rpc, performed in ordered:
        message = api.request(rpc, example(facts, performed, keys))
        token = tokens.of(performed)
        more: dict[str, Any] = (
            {"if_match": "1"} if getattr(performed, "idempotency", "") == "if-match" else {}
        )
        needs_key = bool(request_of(facts, performed).key)
        if is_custom(performed):
            found = refusal(stub, rpc, message, token)
            assert found == ("UNIMPLEMENTED", "handler-missing"), rpc.rpc_name
        elif needs_key and performed.aggregate not in keys:
            found = refusal(stub, rpc, message, token, **more)
            assert found == ("NOT_FOUND", "not-found"), rpc.rpc_name
        else:
            (answer,) = call(stub, rpc, message, token, **more)
            assert isinstance(answer, getattr(api.module("pb2"), rpc.response_message))
            if is_create(performed):
                values = Converter().to_json(answer)
                (entity,) = values.values()
                keys[performed.aggregate] = entity["id"]


def test_what_the_schema_forbids_is_refused(
    served: tuple[Process, Api], stub: Any, tokens: Tokens
) -> None:
    _, api = served
    asked = [each for each in api.rpcs if each[1].input]
    assert asked
    for rpc, performed in asked:
        found = refusal(stub, rpc, api.request(rpc, {}), tokens.of(performed))
        assert found == ("INVALID_ARGUMENT", "validation-failed"), rpc.rpc_name


def test_the_deadline_of_the_caller_holds(
    served: tuple[Process, Api], stub: Any, tokens: Tokens
) -> None:
    """A write that waits for the store is given up, and undone."""
    process, api = served
    rpc, performed = next(each for each in api.rpcs if is_create(each[1]))
    message = api.request(rpc, example(facts_of(api, process.service), performed, {}))
    with closing(sqlite3.connect(process.store, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(grpc.RpcError) as refused:
            call(stub, rpc, message, tokens.of(performed), timeout=0.5)
        other.execute("ROLLBACK")
    error: Any = refused.value
    assert error.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    assert call(stub, rpc, message, tokens.of(performed))


def test_another_organisation_sees_nothing(
    served: tuple[Process, Api], stub: Any, tokens: Tokens
) -> None:
    process, api = served
    facts = facts_of(api, process.service)
    lists = [each for each in api.rpcs if isinstance(each[1], Query) and each[1].kind == "list"]
    create, made = next(each for each in api.rpcs if is_create(each[1]))
    call(stub, create, api.request(create, example(facts, made, {})), tokens.of(made))
    stranger = str(uuid4())
    for rpc, performed in lists:
        (answer,) = call(stub, rpc, api.request(rpc, {}), tokens.of(performed, stranger))
        assert not answer.items


@pytest.mark.parametrize(
    "served", [("cloudsync", "version-service")], indirect=True, ids=["version-service"]
)
def test_creates_that_are_idempotent_by_nature_make_each_thing_once(
    served: tuple[Process, Api], stub: Any, tokens: Tokens
) -> None:
    """Of one subject: different requests make different versions, the same one finds its own."""
    process, api = served
    rpcs = {rpc.rpc_name: (rpc, performed) for rpc, performed in api.rpcs}
    create, made = rpcs["CreateVersion"]
    read, queried = rpcs["GetVersion"]
    assert isinstance(made, Command)
    assert made.idempotency == "natural"
    token = tokens.of(made)
    values = example(facts_of(api, process.service), made, {}) | {"subjectId": str(uuid4())}

    def entity(rpc: Rpc, sent: dict[str, Any], bearer: str) -> dict[str, Any]:
        (answer,) = call(stub, rpc, api.request(rpc, sent), bearer)
        (found,) = Converter().to_json(answer).values()
        return dict(found)

    ends = [values["toSequence"] + each for each in range(3)]
    versions = [entity(create, values | {"toSequence": end}, token) for end in ends]
    assert len({each["id"] for each in versions}) == 3
    for end, version in zip(ends, versions, strict=True):
        assert version["toSequence"] == end
        key = {request_of(facts_of(api, process.service), queried).key: version["id"]}
        assert entity(read, key, tokens.of(queried)) == version
        assert entity(create, values | {"toSequence": end}, token) == version
    other = values | {"toSequence": ends[0], "contributorIds": [str(uuid4())]}
    found = refusal(stub, create, api.request(create, other), token)
    assert found == ("ALREADY_EXISTS", "already-exists")
