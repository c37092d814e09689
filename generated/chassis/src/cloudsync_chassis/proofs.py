"""For tests of services: rules of the model, each asked of the running service.

Invariants are broken one by one, steps of life cycles taken one by one, roles tried one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from uuid import UUID

import httpx

from cloudsync_chassis import problem as problems
from cloudsync_chassis.aggregate.rules import Invariants
from cloudsync_chassis.cases import Breaker, Case, Trial, unreachable
from cloudsync_chassis.context import Context
from cloudsync_chassis.contract import Bench, Tenant
from cloudsync_chassis.executor import Incoming
from cloudsync_chassis.model import Record, to_record
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.problem import FORBIDDEN, INVARIANT_BROKEN, Problem
from cloudsync_chassis.propagation import Trace
from cloudsync_chassis.security.principal import Principal, workload

_READ = Operation(id="read-all", access="workload")
_MAKE = Operation(id="make", access="workload", writes=True)
_NOBODY = "nobody"
_COMMON = frozenset(e.slug for e in vars(problems).values() if isinstance(e, problems.ProblemType))


def found(look: Callable[[Case], list[str]], cases: Iterable[Case]) -> dict[str, list[str]]:
    """Case -> what a look at it has found, of those where there is anything."""
    return {str(case): told for case in cases if (told := look(case))}


def invariants_of(bench: Bench) -> set[str]:
    """`aggregate invariant` for each invariant of the service."""
    aggregates = bench.service.runtime.aggregates.values()
    return {f"{each.spec.name} {rule.name}" for each in aggregates for rule in each.spec.invariants}


def unnamed(bench: Bench, breaker: Breaker) -> list[str]:
    """What is wrong with how the aggregate refuses to make an entity that breaks one invariant:
    its problem document names that one and no other.
    """
    runtime, tenant = bench.service.runtime, Tenant()
    aggregate = runtime.aggregates[breaker.aggregate]
    values = tenant.filled(breaker.values)
    principal = workload(runtime.spec.name, UUID(values["organizationId"]))
    incoming = Incoming(principal=principal, trace=Trace.new())

    async def make(ctx: Context) -> None:
        await aggregate.insert(ctx, values)

    try:
        bench.run(runtime.executor.run(_MAKE, incoming, make))
    except Problem as problem:
        document = problem.document(runtime.settings.problem_base, None)
        named = document.get("invariants")
        right = problem.kind is INVARIANT_BROKEN and named == [breaker.invariant]
        return [] if right else [f"{problem.kind.slug} names {named}"]
    return ["it is let through"]


def unproven(bench: Bench, cases: Iterable[Case], table: Path) -> list[str]:
    """Invariants of which no request is refused, and no reason told why none can be; or both."""
    asked = {trial.name for case in cases if not case.custom for trial in case.breaks}
    told = unreachable(table).keys()
    every = {each.partition(" ")[2] for each in invariants_of(bench)}
    return sorted((every - asked - told) | (asked & told) | ((asked | told) - every))


def lapses(bench: Bench, case: Case) -> list[str]:
    """Invariants that a request breaks and is not refused for by name.

    A handler may refuse it earlier and by another name, or put right what was asked for: then the
    store holds nothing that breaks a rule.
    """
    found = []
    for trial in case.breaks:
        tenant = Tenant()
        answer = bench.ask(case.tried(trial), tenant=tenant)
        if slug_of(answer) == INVARIANT_BROKEN.slug and trial.name in broken_in(answer):
            continue
        if answer.is_success and case.custom:
            found += [
                f"{trial.name}: stored all the same: {each}" for each in spoilt(bench, tenant)
            ]
        elif not case.custom:
            found.append(f"{trial.name}: {answer.status_code} {slug_of(answer)} {answer.text}")
    return found


def missteps(bench: Bench, case: Case) -> list[str]:
    """Steps of the life cycle that the command does not take though everything is there for it.

    A handler may ask for more than the model and refuse by a name of its service's own.
    """
    found = []
    for trial in case.moves:
        tenant = Tenant()
        answer = bench.ask(case.tried(trial), tenant=tenant)
        if not answer.is_success:
            if not case.custom and slug_of(answer) in _COMMON:
                found.append(f"{trial.name}: {answer.status_code} {answer.text}")
            continue
        states = _states(bench, tenant, case, trial)
        if states and trial.name.partition(">")[2] not in states:
            found.append(f"{trial.name}: it is {', '.join(sorted(states))}")
    return found


def spoilt(bench: Bench, tenant: Tenant) -> list[str]:
    """What the store holds of the tenant that breaks an invariant."""
    found = []
    for name, record in _stored(bench, tenant):
        try:
            Invariants(bench.service.runtime.aggregates[name].spec.invariants).check(record)
        except Problem as problem:
            found.append(f"{name} breaks {problem.extensions['invariants']}")
    return found


def admitted(bench: Bench, case: Case) -> dict[str, bool]:
    """Who gets past the door, each role by itself: users by their role, `nobody` without one, and
    workloads as `workload <name>` or `workload with <scope>`.
    """
    callers: dict[str, Callable[[Tenant], Principal]]
    callers = {name: partial(_user, roles=(name,)) for name in sorted(roles_of(bench))}
    callers[_NOBODY] = _user
    for name in (*case.callers, "stranger"):
        callers[f"workload {name}"] = partial(_workload, name=name)
    for scope in (*case.scopes, "other:thing"):
        callers[f"workload with {scope}"] = partial(_workload, name="stranger", scopes=(scope,))
    # each of an organisation of its own: how much one may ask is another matter
    found = {}
    for name, of in callers.items():
        tenant = Tenant()
        answer = bench.ask(case, tenant=tenant, principal=of(tenant), empty=False)
        found[name] = _is_admitted(answer)
    return found


def trespasses(bench: Bench, case: Case) -> list[str]:
    """Whom the running service lets in or keeps out otherwise than its tables say."""
    spec = bench.service.runtime.spec
    held = set(spec.access.get(case.permission, ()))
    if case.related:
        held |= set(spec.related.get(case.permission, ()))
    found = []
    for name, let in admitted(bench, case).items():
        if let is not _may(case, held, name):
            found.append(f"{name} is {'let in' if let else 'kept out'}")
    return found


def roles_of(bench: Bench) -> set[str]:
    """All roles that the service's tables name."""
    spec = bench.service.runtime.spec
    tables = (*spec.access.values(), *spec.related.values())
    return {*spec.inherits, *(name for each in tables for name in each)} - {"workload"}


def slug_of(answer: httpx.Response) -> str:
    """What a refusal is called."""
    told = answer.json() if answer.content and not answer.is_success else {}
    return str(told.get("type", "")).rpartition("/")[2]


def broken_in(answer: httpx.Response) -> str:
    """The invariants that a refusal names, in one text."""
    return str(answer.json().get("invariants", ""))


def _may(case: Case, held: set[str], name: str) -> bool:
    kind, _, rest = name.partition(" ")
    if case.access == "public":
        return True
    if kind == "workload":
        return rest in case.callers or rest.removeprefix("with ") in case.scopes
    if case.access == "workload":
        return False
    return not case.permission or name in held


def _is_admitted(answer: httpx.Response) -> bool:
    if answer.status_code == FORBIDDEN.status and slug_of(answer) == FORBIDDEN.slug:
        return "is not granted" not in answer.text
    return True


def _user(tenant: Tenant, roles: tuple[str, ...] = ()) -> Principal:
    return Principal(str(tenant.subject), "user", tenant.organization, frozenset(roles))


def _workload(tenant: Tenant, name: str, scopes: tuple[str, ...] = ()) -> Principal:
    made = workload(name, tenant.organization)
    return replace(made, roles=frozenset({"workload"}), scopes=frozenset(scopes))


def _states(bench: Bench, tenant: Tenant, case: Case, trial: Trial) -> set[str]:
    """The states of the entity that the operation worked on, or of all that it may have made."""
    field = bench.service.runtime.aggregates[trial.aggregate].spec.state_field or ""
    existed = not trial.name.startswith(">")
    seeds = [each for each in case.seeds if existed and each["aggregate"] == trial.aggregate]
    ids = {str(tenant.filled(each["values"]["id"])) for each in seeds}
    return {
        str(record[field])
        for name, record in _stored(bench, tenant)
        if name == trial.aggregate and (not ids or str(record["id"]) in ids)
    }


def _stored(bench: Bench, tenant: Tenant) -> Iterator[tuple[str, Record]]:
    runtime = bench.service.runtime
    incoming = Incoming(
        principal=workload(runtime.spec.name, tenant.organization), trace=Trace.new()
    )

    async def read(ctx: Context) -> list[tuple[str, Record]]:
        return [
            (name, to_record(entity))
            for name, aggregate in runtime.aggregates.items()
            async for entity in aggregate.each(ctx)
        ]

    yield from bench.run(runtime.executor.run(_READ, incoming, read))
