"""What surrounds a service: its settings, the services that it calls, who may call it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cloudsync_gen.model.effects import performed_by
from cloudsync_gen.model.ids import name_of
from cloudsync_gen.model.layers.api import Operation, Rpc
from cloudsync_gen.model.layers.application import Breaker, Call, Service
from cloudsync_gen.model.layers.security import SecurityModel
from cloudsync_gen.model.layers.technology import Topic
from cloudsync_gen.model.provided import Setting
from cloudsync_gen.model.providers import asked_of_providers
from cloudsync_gen.model.system import Model
from cloudsync_gen.model.values import milliseconds
from cloudsync_gen.naming import python_name
from cloudsync_gen.targets._text import summary
from cloudsync_gen.targets.service.facts import ServiceFacts
from cloudsync_gen.targets.service.view_calls import BreakerView, BudgetView, EdgeView
from cloudsync_gen.targets.service.views import GrantView, MethodView, SettingView

COMMON = frozenset(
    (
        *("environment", "state_dir", "host", "port", "log_level", "telemetry", "database_url"),
        *("database_schema", "database_pool", "database_wait", "redis_url", "bus", "bus_url"),
        *("queue_url", "issuer", "audience", "jwks_url", "peers", "region", "metrics_port"),
        *("rate_limit_per_second", "rate_limit_burst", "body_timeout", "drain_seconds"),
        *("max_json_depth", "max_json_members", "json_bounds", "flush_seconds"),
        *("clock_skew", "workload_token_file", "field_key_file", "cursor_key_file"),
        *("problem_base", "max_body_bytes", "page_size", "max_page_size", "request_timeout"),
        *("shutdown_grace", "drain_pause", "model_config", "copy", "json", "dict", "schema"),
        *("region", "policy_context", "policies_strict", "strict_policies"),
        *("audit_key_file", "audit_retention_days", "index_key_file", "field_key_rotation"),
        "queue_key_file",
        *("token_algorithm", "token_lifetime", "signing_key_rotation"),
        *("workload_issuer", "workload_jwks_url", "workload_algorithm", "workload_namespaces"),
        *("workload_token_lifetime", "trusted_proxies", "telemetry_endpoint", "telemetry_headers"),
        *("telemetry_timeout", "telemetry_sampling"),
        *("graphql_ad_hoc", "graphql_introspection", "graphql_documents", "graphql_max_depth"),
        *("graphql_max_cost", "graphql_max_subscriptions"),
        *("listen_fd", "metrics_listen_fd", "ready_fd", "stop_with_stdin", "bus_faults"),
        *("state_path", "validate", "construct", "jobs", "patience", "registration"),
        *("providers", "flags", "adjust"),
    )
)
"""Names of the settings that every service has, and of what its settings' class is made of."""

CHASSIS_SECURITY: dict[str, str | int | float] = {
    "token_algorithm": "ES256",
    "token_lifetime": 900,
    "signing_key_rotation": 86400.0,
    "field_key_rotation": 86400.0,
}
"""What the chassis does with tokens and keys where nothing else is said."""

_QUEUED_FOR = 86400.0
"""Seconds for which a queued call is tried again where its edge does not say."""

SCALARS = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}


def settings_of(service: Service) -> tuple[SettingView, ...]:
    """The service's own settings."""
    return tuple(_setting(each) for each in service.settings)


def security_settings_of(model: Model) -> tuple[SettingView, ...]:
    """What the model says of tokens and keys, where the chassis would do otherwise by itself."""
    found: dict[str, tuple[str, str | int | float]] = {}
    for each in model.all(SecurityModel):
        found = {
            "token_algorithm": ("Algorithm", each.token.algorithm),
            "token_lifetime": ("int", int(seconds(each.token.lifetime))),
            "signing_key_rotation": ("Seconds", seconds(each.token.key_rotation)),
            "field_key_rotation": ("Seconds", seconds(each.secret_rotation)),
        }
    return tuple(
        SettingView(name=name, type=kind, default=value, about="")
        for name, (kind, value) in found.items()
        if value != CHASSIS_SECURITY[name]
    )


def setting_name(setting: Setting) -> str:
    """The attribute of the settings; one that is called as a common one has `own_` in front."""
    name = python_name(setting.key)
    return f"own_{name}" if name in COMMON or name.startswith("model_") else name


def _setting(setting: Setting) -> SettingView:
    value = setting.default
    if setting.type == "duration":
        value = seconds(str(value))
    elif setting.type == "number" and isinstance(value, int):
        value = float(value)
    return SettingView(
        name=setting_name(setting),
        type="Seconds" if setting.type == "duration" else SCALARS[setting.type],
        default=value,
        about=summary(setting.description),
    )


def seconds(duration: str) -> float:
    """Length of a duration of the model in seconds."""
    return milliseconds(duration) / 1000


def edges_of(facts: ServiceFacts) -> tuple[EdgeView, ...]:
    """Callees by name; a callee is found on this machine until the settings say otherwise."""
    by_callee: dict[str, tuple[Service, list[BudgetView]]] = {}
    for call in facts.service.calls:
        found = _callee(facts, call)
        if found is not None:
            callee, operation = found
            _, budgets = by_callee.setdefault(name_of(callee.id), (callee, []))
            budgets.append(_budget(facts, operation, call))
            budgets.extend(_proofs(facts, call))
    return tuple(
        EdgeView(service=name, url=f"http://127.0.0.1:{callee.port}", budgets=tuple(budgets))
        for name, (callee, budgets) in sorted(by_callee.items())
    )


def _proofs(facts: ServiceFacts, call: Call) -> Iterator[BudgetView]:
    """What a borrower tells the callee of a call about what that hands out."""
    for each in asked_of_providers(facts.model, facts.service):
        rpc = facts.model.get(Rpc, each.call.operation)
        at = each.pointer
        if rpc is not None and at[0] == "calls" and facts.service.calls[int(at[1])] is call:
            yield BudgetView(
                operation=rpc.rpc_name,
                timeout=seconds(each.call.timeout),
                retries=each.call.retries,
                fallback="fail",
                max_age=-1.0,
                topic="",
            )


def _callee(facts: ServiceFacts, call: Call) -> tuple[Service, str] | None:
    """(the service that answers a call, the name of the operation there)."""
    model = facts.model
    operation, rpc = model.get(Operation, call.operation), model.get(Rpc, call.operation)
    name = operation.operation_id if operation else rpc.rpc_name if rpc else ""
    carrier = operation or rpc
    performed = performed_by(model, carrier.command if carrier else None)
    service = model.get(Service, performed.service) if performed else None
    return (service, name) if service else None


def _budget(facts: ServiceFacts, operation: str, call: Call) -> BudgetView:
    fallback = call.fallback
    topic = facts.model.get(Topic, fallback.topic or "")
    unsaid = _QUEUED_FOR if fallback.kind == "queue" else -1.0
    return BudgetView(
        operation=operation,
        timeout=seconds(call.timeout),
        retries=call.retries,
        fallback=fallback.kind,
        max_age=seconds(fallback.max_age) if fallback.max_age else unsaid,
        topic=topic.topic if topic and fallback.kind == "queue" else "",
    )


def breaker_of(breaker: Breaker) -> BreakerView:
    """The circuit breaker with its times in seconds."""
    return BreakerView(
        requests=breaker.requests,
        failure_ratio=breaker.failure_ratio,
        window=seconds(breaker.window),
        open_for=seconds(breaker.open_for),
        probes=breaker.probes,
    )


def grants_of(methods: Iterable[MethodView], holders: dict[str, set[str]]) -> tuple[GrantView, ...]:
    """The roles that hold each permission which an operation of the service asks for."""
    asked = sorted({method.permission for method in methods if method.permission})
    return tuple(
        GrantView(permission, tuple(sorted(holders[permission])))
        for permission in asked
        if holders.get(permission)
    )
