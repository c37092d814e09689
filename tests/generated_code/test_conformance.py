"""A stranger's conformance test of every REST service: schemathesis, by the published contract."""

from __future__ import annotations

import importlib
import json
import re
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from cloudsync_chassis.cases import Case
from cloudsync_chassis.contract import Tenant
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.security.principal import Principal, workload

from support.attack import REFUSALS, Attack, Outcome, attacked
from support.services import Process, Written, beside_standins, opened

ROOT = Path(__file__).parents[2]
FORBIDDEN = "403"


def rest_services(made: Written) -> list[str]:
    """Services that have a contract for REST, by name."""
    return [name for name in made.names if (made.folder(name) / "src" / made.package(name) / "generated" / "rest.py").is_file()]


def cases_of(made: Written, service: str) -> tuple[Case, ...]:
    """What the model says of each operation."""
    for path in made.sources(service):
        if str(path) not in sys.path:
            sys.path.insert(0, str(path))
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
