"""A stranger's conformance test of every REST service: schemathesis, by the published contract."""

from __future__ import annotations

import importlib
import json
import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random
from threading import Thread

import httpx
import pytest
from cloudsync_chassis.cases import Case
from cloudsync_chassis.contract import Tenant
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.problem import MEDIA_TYPE
from cloudsync_chassis.security.principal import Principal, workload

from cloudsync_gen.model.ids import name_of
from cloudsync_gen.model.layers.api import RestApi
from support import shared
from support.attack import Attack, attacked
from support.effort import Effort
from support.services import Process, Written, beside_standins, written

ROOT = Path(__file__).parents[2]
SEED = 2
"""Chooses the service of the small run."""


@pytest.fixture(scope="module")
def chosen(effort: Effort) -> list[str]:
    """One of the services that have a contract for REST in the small run, all in the full one."""
    model = shared.checked(ROOT).model
    assert model is not None
    services = sorted(name_of(api.archimate_ref) for api in model.all(RestApi) if api.archimate_ref)
    assert len(services) > 10
    return services if effort.full else Random(SEED).sample(services, 1)


@pytest.fixture(scope="module")
def made(chosen: list[str], tmp_path_factory: pytest.TempPathFactory) -> Written:
    return written(ROOT, tmp_path_factory.mktemp("conformance"), services=chosen)


def cases_of(made: Written, service: str) -> tuple[Case, ...]:
    """What the model says of each operation."""
    testing = importlib.import_module(f"{made.package(service)}.generated.testing")
    found: tuple[Case, ...] = testing.cases(made.folder(service) / "tests" / "contract.json")
    return found


def persons(tenant: Tenant, roles: Iterable[str]) -> Principal:
    """The tenant's person, who has just shown a second factor."""
    return Principal(
        str(tenant.subject),
        organization_id=tenant.organization,
        roles=frozenset(roles),
        factors=frozenset({"mfa"}),
        authenticated_at=int(time.time()),
    )


def filled(
    made: Written, service: str, state: Path, tenant: Tenant, cases: Iterable[Case]
) -> dict[str, list[str]]:
    """Put what each operation works on into the service's store: values by parameter of a path."""
    testing = importlib.import_module(f"{made.package(service)}.generated.testing")
    known: dict[str, set[str]] = {}
    with testing.Bench(testing.started, state) as bench:
        for case in map(apart, cases):
            bench.keep(case, tenant)
            for name, value in case.parameters.items():
                known.setdefault(name, set()).add(tenant.filled(value))
    return {name: sorted(values) for name, values in known.items()}


def apart(case: Case) -> Case:
    """The case with ids of its own, so that it shares nothing with other cases."""
    text = json.dumps([case.seeds, dict(case.parameters)])
    for each in case.seeds:
        if re.fullmatch("[0-9a-f-]{36}", each["values"]["id"]):
            text = text.replace(each["values"]["id"], str(uuid7()))
    seeds, parameters = json.loads(text)
    return replace(case, seeds=tuple(seeds), parameters=parameters)


@dataclass(frozen=True)
class Target:
    """A running service, its operations, and whose things are in its store."""

    process: Process
    cases: tuple[Case, ...]
    tenant: Tenant
    known: dict[str, list[str]]

    def by_people(self, examples: int) -> Attack:
        """Somebody who has all roles, beside a stranger of another organisation."""
        theirs = [case for case in self.cases if case.access != "workload"]
        roles = {role for case in theirs for role in case.roles}
        tokens = {
            name: self.process.proof(persons(tenant, roles))
            for name, tenant in (("somebody", self.tenant), ("stranger", Tenant()))
        }
        return Attack(tokens, [case.operation for case in theirs], self.known, examples)

    def by_a_member(self, examples: int) -> Attack:
        """Somebody who has but the role that may ask for the most operations."""
        theirs = [case for case in self.cases if case.access != "workload"]
        held = Counter(role for case in theirs for role in case.roles)
        roles = [role for role, _ in held.most_common(1)]
        tokens = {"member": self.process.proof(persons(self.tenant, roles))}
        operations = [case.operation for case in theirs]
        return Attack(tokens, operations, self.known, examples, refusals=("403",))

    def by_workloads(self, examples: int) -> Iterator[Attack]:
        """Each service that calls operations which only services may call."""
        asked: dict[str, list[Case]] = {}
        for case in self.cases:
            if case.access == "workload":
                asked.setdefault(min(case.callers, default="conformance"), []).append(case)
        for caller, cases in sorted(asked.items()):
            proof = replace(
                workload(caller, self.tenant.organization),
                scopes=frozenset(scope for case in cases for scope in case.scopes),
            )
            tokens = {caller: self.process.proof(proof)}
            yield Attack(tokens, [case.operation for case in cases], self.known, examples)


@contextmanager
def target(made: Written, service: str, folder: Path) -> Iterator[Target]:
    """The service as a process, with things in its store."""
    tenant, cases = Tenant(), cases_of(made, service)
    known = filled(made, service, folder / "state", tenant, cases)
    with beside_standins(made, service, folder / "state") as process:
        yield Target(process, cases, tenant, known)


@pytest.fixture(scope="module")
def last(
    made: Written, chosen: list[str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Target]:
    """The last of those that are attacked."""
    with pytest.MonkeyPatch.context() as patch:
        for path in made.sources(chosen[-1]):
            patch.syspath_prepend(str(path))
        with target(made, chosen[-1], tmp_path_factory.mktemp("last")) as found:
            yield found


def test_schemathesis_finds_nothing(
    made: Written,
    chosen: list[str],
    last: Target,
    effort: Effort,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """Every check over valid and invalid input and chains of operations, by whoever may call."""
    complaints = {}
    for service in chosen:
        for path in made.sources(service):
            monkeypatch.syspath_prepend(str(path))
        is_last = service == chosen[-1]
        own = nullcontext(last) if is_last else target(made, service, tmp_path / service)
        with own as found:
            attacks = [found.by_people(effort.count(small=2, full=50))]
            attacks += found.by_workloads(effort.count(small=2, full=20))
            attacks += [found.by_a_member(20)] if effort.full else []
            outcomes = [
                attacked(found.process.url, each, tmp_path / service / str(number))
                for number, each in enumerate(attacks)
            ]
        complaints[service] = "\n".join(each.complaint for each in outcomes if each.complaint)
        assert outcomes[0].succeeded, f"{service} refused everything"
    told = "\n".join(f"{name}: {each}" for name, each in complaints.items() if each)
    assert not told, told


def test_a_contract_that_lies_is_found(last: Target, tmp_path: Path) -> None:
    """The test above can fail: an operation answers what a contract of it leaves out."""
    attack = last.by_people(1)
    contract = httpx.get(f"{last.process.url}/openapi.json").json()
    one = next(
        each
        for methods in contract["paths"].values()
        for each in methods.values()
        if each["operationId"] in attack.operations and "401" in each["responses"]
    )
    del one["responses"]["401"]
    attack = replace(attack, operations=[one["operationId"]])
    complaint = attacked(last.process.url, attack, tmp_path / "attack", contract).complaint
    assert "Undocumented status code" in complaint


class Failing(BaseHTTPRequestHandler):
    """Answers each request as a contract says that a service may fail."""

    def do_GET(self) -> None:
        body = b'{"type": "https://errors.example/internal", "title": "Internal", "status": 500}'
        self.send_response(500)
        self.send_header("Content-Type", MEDIA_TYPE)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Nobody reads it."""


def test_a_failure_that_the_contract_tells_is_still_a_failure(tmp_path: Path) -> None:
    """Contracts tell of 500 so that clients expect it, not so that services may answer so."""
    response = {"description": "Failed.", "content": {MEDIA_TYPE: {"schema": {"type": "object"}}}}
    operation = {
        "operationId": "getThing",
        "responses": {"200": {"description": "A thing."}, "500": response},
        "x-access": {"callers": "public"},
    }
    contract = {
        "openapi": "3.1.0",
        "info": {"title": "Things", "version": "1"},
        "paths": {"/thing": {"get": operation}},
    }
    server = ThreadingHTTPServer(("127.0.0.1", 0), Failing)
    with server:
        Thread(target=server.serve_forever, daemon=True).start()
        attack = Attack({"somebody": "token"}, ["getThing"], {}, 1)
        url = f"http://127.0.0.1:{server.server_port}"
        complaint = attacked(url, attack, tmp_path, contract).complaint
        server.shutdown()
    assert "Server error" in complaint
    assert "Undocumented" not in complaint
