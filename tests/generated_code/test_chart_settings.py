"""What charts tell services, judged by the settings that read it: nothing is missing or unheard."""

from __future__ import annotations

import importlib.util
import re
import sys
from functools import cache
from pathlib import Path
from typing import Any

import helm_python
import pytest
from cloudsync_chassis.settings import Settings

from support import plain_yaml
from support.charts import COLLECTOR, assembled, cluster, pod_of, rendered
from support.services import ROOT

CHARTS = sorted(p for p in (ROOT / "generated" / "charts").glob("*") if p.name != "library")

RIGHT = {
    "audience": "the service's own name, which tokens for it carry",
    "audit_retention_days": "thirteen months, longer than an audit's year",
    "body_timeout": "seconds that no honest client needs",
    "bus_faults": "none, and production takes no others",
    "clock_skew": "what RFC 7519 calls a few minutes at most",
    "database_schema": "the model's, in the generated settings",
    "database_pool": "the model's, in the generated settings",
    "database_wait": "a second: who waits longer is better told to come back",
    "field_key_rotation": "of keys that the service makes itself, in production none",
    "patience": "operations take the time that the model gives them",
    "jobs": "each replica asks for its lease: one of them works by the clock",
    "graphql_ad_hoc": "the model's: an API says who may ask freely",
    "graphql_documents": "none: clients announce theirs when the team keeps a list",
    "graphql_introspection": "the model's: an API says whether its schema tells of itself",
    "graphql_max_cost": "the model's, in the generated API",
    "graphql_max_depth": "the model's, in the generated API",
    "graphql_max_subscriptions": "the model's, in the generated API",
    "issuer": "the model's, in the generated settings",
    "listen_fd": "none: a pod has its port to itself",
    "max_body_bytes": "the model's, in the generated settings",
    "max_json_depth": "deeper than any contract",
    "max_json_members": "more than any contract",
    "max_page_size": "the model's, in the generated settings",
    "metrics_listen_fd": "none: a pod has its port to itself",
    "page_size": "the model's, in the generated settings",
    "policies_strict": "always so in production",
    "policy_context": "empty: attributes come from tokens and suppliers",
    "problem_base": "the model's, in the generated settings",
    "rate_limit_burst": "the model's, in the generated settings",
    "rate_limit_per_second": "the model's, in the generated settings",
    "ready_fd": "none: Kubernetes asks by its probes",
    "request_timeout": "ten seconds, beyond every budget of a call",
    "signing_key_rotation": "of keys that the service makes itself, in production none",
    "stop_with_stdin": "no: Kubernetes sends SIGTERM, and a pod's standard input is closed",
    "telemetry_headers": "none: what a collector in the cluster asks for; else `secrets` has it",
    "telemetry_sampling": "the model's, in the generated settings",
    "telemetry_timeout": "seconds that nobody waits for",
    "token_algorithm": "the model's, in the generated settings",
    "flags": "none is pinned: the flag provider decides",
    "token_lifetime": "the model's, in the generated settings",
    "workload_algorithm": "RS256, with which Kubernetes signs service account tokens",
    "workload_token_lifetime": "an hour and a few seconds, as the chart asks for",
}
"""Settings of the chassis that no chart says, and why their default is right in production."""

SOMETIMES = {
    *("bus", "bus_url", "queue_url", "redis_url", "metrics_port", "workload_token_file"),
    *("queue_key_file", "registration", "providers"),
}
"""Said where the service has a broker, queues, Redis, a port for metrics, callees, queues that
others use too, a registry, flags or secrets or settings that follow configuration.
"""

FROM_SECRETS = {
    "CHASSIS_DATABASE_URL": "postgresql+psycopg://a:b@database/c",
    "CHASSIS_BUS_URL": "kafka://broker:9092",
    "CHASSIS_QUEUE_URL": "amqp://a:b@broker/",
    "CHASSIS_REDIS_URL": "redis://store:6379/0",
}

OF_THE_POD = {
    "metadata.labels['topology.kubernetes.io/zone']": "north-1a",
    "metadata.name": "copy-7d9f",
    "metadata.namespace": "production",
    "spec.nodeName": "node-7.internal",
    "status.podIP": "fd00::7",
}
NAMED = re.compile(r"\$\((\w+)\)")
REGISTERED = {"zone", "address", "pod", "node", "namespace"}
"""What the model's registry wants and no copy knows of itself."""
SHARING = {"auth-service", "email-service", "profile-service", "sms-service", "user-service"}
"""Those between which commands go by queue."""


@cache
def settings_class(service: str) -> Any:
    """The generated settings of a service, read from where they lie."""
    (path,) = (ROOT / "generated" / "services" / service / "src").glob("*/generated/settings.py")
    spec = importlib.util.spec_from_file_location(f"settings_of_{service}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where pydantic looks up what annotations name
    spec.loader.exec_module(module)
    return module.ServiceSettings


def told(container: dict[str, Any]) -> dict[str, str]:
    """The variables of a container, with stand-ins for what comes from a secret or the pod.

    As in Kubernetes, a value may name variables before it; those only serve this.
    """
    found: dict[str, str] = {}
    facts: dict[str, str] = {}
    for each in container["env"]:
        name, origin = each["name"], each.get("valueFrom", {})
        assert name not in found | facts
        if "fieldRef" in origin:
            facts[name] = OF_THE_POD[origin["fieldRef"]["fieldPath"]]
        elif origin:
            assert origin["secretKeyRef"].keys() == {"name", "key"}
            found[name] = FROM_SECRETS.get(name, "")
        else:
            found[name] = NAMED.sub(lambda named: facts[named[1]], each["value"])
    return found


@pytest.fixture(scope="module", params=CHARTS, ids=lambda path: path.name)
def chart(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return assembled(request.param, tmp_path_factory.mktemp("charts"))


def test_a_service_comes_up_in_production_with_what_its_chart_says(
    chart: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pod = pod_of(rendered(chart))
    (container,), (migration,) = pod["containers"], pod["initContainers"]
    assert migration["env"] == container["env"]
    assert migration["volumeMounts"] == container["volumeMounts"]
    for name, value in told(container).items():
        monkeypatch.setenv(name, value)
    settings: Settings = settings_class(chart.name)()
    assert settings.environment == "production"
    assert (settings.telemetry, settings.telemetry_endpoint) == ("otlp", COLLECTOR)
    assert settings.region == cluster(chart)["region"]
    assert settings.drain_pause + settings.shutdown_grace < pod["terminationGracePeriodSeconds"]
    ports = {each["containerPort"] for each in container["ports"]}
    assert {settings.port, settings.metrics_port or settings.port} == ports
    places = [each["mountPath"] for each in container["volumeMounts"]]
    files = (getattr(settings, name) for name in type(settings).model_fields if "_file" in name)
    for path in filter(None, files):
        assert any(str(path).startswith(place) for place in places), path
    if settings.registration is not None:
        assert settings.registration.keys() == REGISTERED
        assert {*settings.registration.values()} == {*OF_THE_POD.values()}
    declared = {each.partition("://")[2].partition(":")[0] for each in settings.peers.values()}
    allowed = plain_yaml.load((chart / "values.yaml").read_bytes())["network"]["callees"]
    assert declared == {each["name"] for each in allowed}


def test_every_setting_is_said_or_has_a_default_that_is_right(chart: Path) -> None:
    (container,) = pod_of(rendered(chart))["containers"]
    variables = told(container)
    kind = settings_class(chart.name)
    shared = {f"CHASSIS_{name.upper()}": name for name in Settings.model_fields}
    assert variables.keys() <= shared.keys()
    said = {shared[name] for name in variables}
    assert said.isdisjoint(RIGHT)
    assert Settings.model_fields.keys() - said - RIGHT.keys() <= SOMETIMES
    own = kind.model_fields.keys() - Settings.model_fields.keys()
    assert [name for name in own if kind.model_fields[name].is_required()] == []


def test_no_reason_is_given_for_what_is_no_setting() -> None:
    assert RIGHT.keys() <= Settings.model_fields.keys()
    assert Settings.model_fields.keys() >= SOMETIMES


def test_what_a_service_uses_is_said(tmp_path: Path) -> None:
    """Each of what only some services are told is told to one at least, and not to all."""
    by_setting: dict[str, set[str]] = {name: set() for name in SOMETIMES}
    for each in CHARTS:
        (container,) = pod_of(rendered(assembled(each, tmp_path)))["containers"]
        for name in told(container):
            by_setting.get(name.removeprefix("CHASSIS_").lower(), set()).add(each.name)
    assert all(by_setting.values())
    assert len(by_setting["metrics_port"]) < len(CHARTS)
    assert "document-service" in by_setting["workload_token_file"]
    every = {each.name for each in CHARTS}
    assert every - by_setting["registration"] == {"service-discovery"}
    assert by_setting["queue_key_file"] < every
    assert by_setting["providers"] < every


def test_copies_may_be_kept_out_of_the_registry(tmp_path: Path) -> None:
    folder = assembled(ROOT / "generated" / "charts" / "auth-service", tmp_path)
    (known,) = pod_of(rendered(folder))["containers"]
    (unknown,) = pod_of(rendered(folder, {"registration": None}))["containers"]
    assert told(known).keys() - told(unknown).keys() == {"CHASSIS_REGISTRATION"}
    assert not [each for each in unknown["env"] if each["name"].startswith("FACT_")]


def test_a_copy_tells_fields_of_its_pod_and_nothing_else(tmp_path: Path) -> None:
    folder = assembled(ROOT / "generated" / "charts" / "auth-service", tmp_path)
    for field in ("metadata.annotations['free-text']", "status.podIP\n", "10.0.0.7"):
        given = {"cluster": cluster(folder), "registration": {"address": field}}
        report = helm_python.lint(str(folder), given, strict=True, kube_version="v1.30.0")
        assert [m for m in report["messages"] if m["severity"] > 2], field


def test_services_that_share_a_queue_have_the_same_keys(tmp_path: Path) -> None:
    """Whoever sends a command by queue, and who takes it, opens the same Secret; no other does."""
    secrets: dict[str, set[str]] = {}
    for each in CHARTS:
        for volume in pod_of(rendered(assembled(each, tmp_path)))["volumes"]:
            if volume["name"] == "queue-keys":
                secrets.setdefault(volume["secret"]["secretName"], set()).add(each.name)
    assert secrets.keys() == {"cloudsync-queue-keys"}
    (sharing,) = secrets.values()
    assert sharing == SHARING
