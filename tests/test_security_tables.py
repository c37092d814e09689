"""Who may do what: the tables of every service say what the model says, read here by YAML alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.problem import Problem
from cloudsync_chassis.security.access import Access, authorize
from cloudsync_chassis.security.policies import Policy, compiled
from cloudsync_chassis.security.principal import ANONYMOUS, Principal, workload
from cloudsync_chassis.settings import Settings

from cloudsync_gen import pipeline
from cloudsync_gen.model.ids import ElementId
from cloudsync_gen.model.layers.security import SecurityModel, TokenPolicy
from cloudsync_gen.model.values import milliseconds
from cloudsync_gen.targets.service.policies import asked_for, reads
from cloudsync_gen.targets.service.surroundings import (
    CHASSIS_SECURITY,
    COMMON,
    security_settings_of,
)
from cloudsync_gen.targets.service.units import units
from cloudsync_gen.targets.service.views import MethodView, ServiceView
from support import plain_yaml
from support.rules import MEMORY

ROOT = Path(__file__).resolve().parents[1]
MODELS = {"cloudsync": ROOT, "lemonade": ROOT / "tests" / "models" / "lemonade"}
HERE = ("application", "data")

Elements = Mapping[str, dict[str, Any]]


@cache
def written(model: str, layer: str) -> Elements:
    """The elements of a layer by id."""
    found = {}
    for path in sorted((MODELS[model] / "model").glob(f"*_{layer}/**/*.yaml")):
        for each in (plain_yaml.load(path.read_text()) or {}).values():
            found[each["id"]] = each
    return found


@cache
def of(model: str, layer: str, kind: str) -> Elements:
    return {
        each["id"].split(".", 2)[2]: each
        for each in written(model, layer).values()
        if each["id"].split(".")[1] == kind
    }


@cache
def views(model: str) -> tuple[ServiceView, ...]:
    """The view of each service."""
    made = pipeline.compile_model(pipeline.read_model(MODELS[model]), store=MEMORY)
    assert made.checked.model is not None
    assert made.contracts is not None
    found = (unit.view for unit in units(made.checked.model, made.contracts))
    return tuple(each for each in found if isinstance(each, ServiceView))


def lineage(model: str, role: str) -> set[str]:
    """The role and all that it inherits from."""
    found, pending = set(), [role]
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            inherits = of(model, "security", "role")[name].get("inherits", ())
            pending += [each.rsplit(".", 1)[1] for each in inherits]
    return found


def holds(model: str, role: str, permission: str, related: bool) -> bool:
    """Whether the model lets the role, for everything; if `related`, for related things."""
    wanted = {permission, f"{permission.split(':')[0]}:*"}
    for name in lineage(model, role):
        element = of(model, "security", "role")[name]
        if wanted & {*element.get("permissions", ())}:
            return True
        if related and wanted & {*element.get("relatedPermissions", ())}:
            return True
    return False


def performed(model: str) -> dict[tuple[str, str], dict[str, Any]]:
    """(service, command or query) -> what the model says of it; what takes events is called by
    nobody.
    """
    found = {}
    for kind in ("command", "query"):
        for name, each in of(model, "application", kind).items():
            if each.get("takes") == "event":
                continue
            found[each["service"].rsplit(".", 1)[1], name] = each
    return found


def operation(method: MethodView) -> Operation:
    return Operation(
        id=method.command,
        permission=method.permission or None,
        access=method.access,  # type: ignore[arg-type]
        relations=method.relations,
        callers=frozenset(method.callers),
    )


def table(view: ServiceView) -> Access:
    full = {each.permission: frozenset(each.roles) for each in view.access}
    related = {each.permission: frozenset(each.roles) for each in view.related}
    return Access(full, related)


def admitted(method: MethodView, principal: Principal, access: Access) -> bool:
    try:
        authorize(operation(method), principal, access)
    except Problem:
        return False
    return True


def test_a_service_that_asks_is_handed_what_the_roles_of_the_model_permit() -> None:
    """Read here by the patterns of this file alone: for everything, and for related things."""
    handed = {each.name: each.roles for each in views("cloudsync") if each.roles}
    asking = [n for n, e in of("cloudsync", "application", "service").items() if "roleTable" in e]
    assert [*handed] == asking == ["auth-service"]
    copy = handed["auth-service"]
    resources = of("cloudsync", "security", "resource")
    assert copy.keys() == of("cloudsync", "security", "role").keys()
    for role, told in copy.items():
        for resource, element in resources.items():
            for action in element["actions"]:
                asked = f"{resource}:{action['action']}"
                full, at_all = (holds("cloudsync", role, asked, each) for each in (False, True))
                assert (asked in told["full"]) is full, (role, asked)
                assert (asked in told["full"] or asked in told["related"]) is at_all, (role, asked)


@pytest.mark.parametrize("model", MODELS)
def test_the_whole_matrix_of_roles_and_operations(model: str) -> None:
    """Each role of the model and each operation of each service, REST or not."""
    roles = {name: each["holder"] for name, each in of(model, "security", "role").items()}
    said, compared = performed(model), 0
    for view in views(model):
        access = table(view)
        for method in view.methods:
            element = said[view.name, method.command]
            for role, holder in roles.items():
                if holder == "workload":
                    continue
                asked, related = element.get("permission"), bool(element.get("relations"))
                way_in = element.get("access", "authenticated")
                expected = way_in == "public" or (
                    way_in == "authenticated"
                    and (asked is None or holds(model, role, asked, related))
                )
                caller = Principal("somebody", roles=frozenset({role}))
                assert admitted(method, caller, access) is expected, (view.name, method, role)
                compared += 1
            assert admitted(method, ANONYMOUS, access) is (
                element.get("access") == "public"
            ), f"{view.name} {method.command} without a token"
    assert compared == len(said) * sum(each != "workload" for each in roles.values())


@pytest.mark.parametrize("model", MODELS)
def test_workloads_keep_to_the_call_edges(model: str) -> None:
    services = of(model, "application", "service")
    for view in views(model):
        for method in view.methods:
            for name in services:
                let = admitted(method, workload(name), table(view))
                expected = name in method.callers or method.access == "public"
                assert let is expected, (view.name, method.command, name)


def concerned(view: ServiceView, policy: Mapping[str, Any]) -> Iterator[MethodView]:
    """Operations of the service that the model's policy is about."""
    resources = {each.rsplit(".", 1)[1] for each in policy.get("resources", ())}
    for method in view.methods:
        if policy.get("permissions"):
            about = method.permission in policy["permissions"]
        elif resources:
            about = method.permission.split(":")[0] in resources
        else:
            about = True
        if about and method.access != "public":
            yield method


@pytest.mark.parametrize("model", MODELS)
def test_every_policy_is_decided_or_said_to_be_undecided(model: str) -> None:
    policies = of(model, "security", "policy")
    for view in views(model):
        decided = {each.id: each for each in view.policies.decided}
        undecided = dict(view.policies.undecided)
        for name, policy in policies.items():
            methods = list(concerned(view, policy))
            if policy["enforcedAt"] not in HERE or not methods:
                assert name not in decided, f"{view.name} decides {name}, which is not its own"
                continue
            assert name in decided or name in undecided, f"{view.name} forgets {name}"
            if name not in decided:
                continue
            rule = decided[name]
            assert (rule.effect, rule.language) == (policy["effect"], policy["language"])
            assert rule.condition == policy["condition"].strip()
            made = chassis_policy(view, name)
            for method in view.methods:
                expected = method in methods and method.command not in rule.apart
                assert made.concerns(operation(method)) is expected, (view.name, name, method)
            assert bool(rule.apart) == (name in undecided)


def chassis_policy(view: ServiceView, name: str) -> Policy:
    rule = next(each for each in view.policies.decided if each.id == name)
    return Policy(
        id=rule.id,
        effect=rule.effect,  # type: ignore[arg-type]
        language=rule.language,  # type: ignore[arg-type]
        condition=rule.condition,
        permissions=frozenset(rule.permissions),
        resources=frozenset(rule.resources),
        apart=frozenset(rule.apart),
        roles=frozenset(rule.roles),
        reads=frozenset(rule.reads),
    )


@pytest.mark.parametrize("model", MODELS)
def test_every_policy_compiles_and_its_roles_exist(model: str) -> None:
    roles = set(of(model, "security", "role"))
    for view in views(model):
        inherits = {role: frozenset(others) for role, others in view.policies.inherits}
        for role, others in inherits.items():
            assert others | {role} <= lineage(model, role)
        for each in view.policies.decided:
            assert compiled(chassis_policy(view, each.id), inherits)
            assert set(each.roles) <= roles | {"workload"}


def test_a_permit_restricts_only_roles_with_no_other_way() -> None:
    org = next(each for each in views("cloudsync") if each.name == "org-service")
    rule = next(each for each in org.policies.decided if each.effect == "permit")
    assert rule.permissions == ("organization:delete",)
    assert rule.roles == ("org-owner",)
    assert holds("cloudsync", "org-owner", "organization:delete", related=False)


def test_what_a_condition_reads() -> None:
    cel = "has(resource.residency) && resource.residency == 'resource.x' && context.region != ''"
    assert reads(cel) == {"resource.residency", "context.region"}
    assert asked_for(cel) == {"resource.residency"}
    cedar = 'forbid(principal, action, resource) when { resource has a && principal.b == "c.d" };'
    assert reads(cedar) == {"resource.a", "principal.b"}
    assert asked_for(cedar) == {"resource.a"}


@pytest.mark.parametrize("model", MODELS)
def test_what_may_not_be_logged_is_masked(model: str) -> None:
    """Each property of an entity of the service that the model classes as not to be logged."""
    closed = {
        name
        for name, each in of(model, "security", "classification").items()
        if not each["loggable"]
    }
    aggregates = of(model, "application", "aggregate")
    schemas, checked = written(model, "data_model"), 0
    for view in views(model):
        for each in view.aggregates:
            schema = schemas[aggregates[each.name]["schema"]]["schema"]
            for name, written_property in schema.get("properties", {}).items():
                if written_property.get("x-classification") in closed:
                    assert name in view.masked, f"{view.name} would log {name}"
                    checked += 1
        assert not {"id", "organizationId", "version"} & set(view.masked)
    assert checked


class OneModel:
    """A model with nothing but its security model."""

    def __init__(self, element: SecurityModel) -> None:
        self._element = element

    def all(self, kind: type) -> tuple[SecurityModel, ...]:
        return (self._element,) if kind is SecurityModel else ()


@pytest.mark.parametrize("model", MODELS)
def test_tokens_and_keys_are_as_the_model_says(model: str) -> None:
    """What the service is told, or else the chassis' default, is what the model says."""
    known = {name: field.default for name, field in Settings.model_fields.items()}
    for element in of(model, "security", "model").values():
        token = element["token"]
        expected = {
            "token_algorithm": token["algorithm"],
            "token_lifetime": milliseconds(token["lifetime"]) / 1000,
            "signing_key_rotation": milliseconds(token["keyRotation"]) / 1000,
            "field_key_rotation": milliseconds(element["secretRotation"]) / 1000,
        }
        for view in views(model):
            told = {each.name: each.default for each in view.security}
            assert {name: told.get(name, known[name]) for name in expected} == expected


def test_a_model_that_says_otherwise_is_heeded() -> None:
    assert {name: Settings.model_fields[name].default for name in CHASSIS_SECURITY} == (
        CHASSIS_SECURITY
    )
    token = TokenPolicy(
        lifetime="5m", algorithm="EdDSA", revocation_within="30s", key_rotation="12h"
    )
    element = SecurityModel(
        id=ElementId("security.model.m"),
        name="m",
        description="m",
        principles=(),
        token=token,
        secret_rotation="24h",
        mutual_tls="strict",
        controls=(),
    )
    made = security_settings_of(OneModel(element))  # type: ignore[arg-type]
    assert [(each.name, each.type, each.default) for each in made] == [
        ("token_algorithm", "Algorithm", "EdDSA"),
        ("token_lifetime", "int", 300),
        ("signing_key_rotation", "Seconds", 43200.0),
    ]


def test_no_setting_of_a_service_hides_a_common_one() -> None:
    assert set(Settings.model_fields) <= COMMON
