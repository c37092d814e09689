"""Charts, read by their consumers: Helm's engine lints and renders, Kubernetes' schemas judge."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import helm_python
import kubernetes_validate
import pytest

from cloudsync_gen.model.ids import name_of
from cloudsync_gen.model.layers.api import Operation, Rpc
from cloudsync_gen.model.layers.application import Command, Query, Service
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import kebab
from support import shared
from support.charts import assembled, cluster, pod_of, rendered

ROOT = Path(__file__).parents[2]
CHARTS = sorted(p for p in (ROOT / "generated" / "charts").glob("*") if p.name != "library")
KUBERNETES = "1.30"
KINDS = {
    "Deployment",
    "HorizontalPodAutoscaler",
    "NetworkPolicy",
    "PodDisruptionBudget",
    "Service",
    "ServiceAccount",
}


def policy(objects: list[dict[str, Any]]) -> dict[str, Any]:
    spec: dict[str, Any] = next(o for o in objects if o["kind"] == "NetworkPolicy")["spec"]
    return spec


def pods(peers: list[dict[str, Any]]) -> Iterator[str]:
    for peer in peers:
        if "podSelector" in peer:
            yield peer["podSelector"]["matchLabels"]["app.kubernetes.io/name"]


@pytest.fixture(scope="module")
def model() -> Model:
    checked = shared.checked(ROOT)
    assert checked.model is not None
    return checked.model


def edges(model: Model) -> set[tuple[str, str]]:
    """(caller, callee) of every declared call, read straight from the model, of the calls by which
    copies make themselves known, and of those that providers are asked by.
    """
    found = set()
    (registry,) = (each for each in model.all(Service) if each.registry is not None)
    (flags,) = (each for each in model.all(Service) if each.flag_provider is not None)
    (told,) = (each for each in model.all(Service) if each.configuration_provider is not None)
    for service in model.all(Service):
        name = kebab(name_of(service.id))
        if service is not registry:
            found.add((name, kebab(name_of(registry.id))))
        if service.flags:
            found.add((name, kebab(name_of(flags.id))))
        if any(each.configuration for each in service.settings):
            found.add((name, kebab(name_of(told.id))))
        for call in service.calls:
            operation = model.get(Operation, call.operation) or model.get(Rpc, call.operation)
            assert operation is not None
            performed = model.get(Command, operation.command or "") or model.get(
                Query, operation.command or ""
            )
            assert performed is not None
            found.add((kebab(name_of(service.id)), kebab(name_of(performed.service))))
    return found


def test_every_service_has_a_chart(model: Model) -> None:
    assert [p.name for p in CHARTS] == sorted(kebab(name_of(s.id)) for s in model.all(Service))


@pytest.mark.parametrize("chart", CHARTS, ids=lambda p: p.name)
def test_lint_and_render(tmp_path: Path, chart: Path) -> None:
    folder = assembled(chart, tmp_path)
    given = {"cluster": cluster(folder)}
    report = helm_python.lint(str(folder), given, strict=True, kube_version=f"v{KUBERNETES}.0")
    assert [m for m in report["messages"] if m["severity"] > 1] == []
    objects = rendered(folder)
    assert {each["kind"] for each in objects} == KINDS
    for each in objects:
        kubernetes_validate.validate(each, KUBERNETES, strict=True)


@pytest.mark.parametrize("chart", CHARTS, ids=lambda p: p.name)
def test_pods_run_unprivileged(tmp_path: Path, chart: Path) -> None:
    objects = rendered(assembled(chart, tmp_path))
    pod = pod_of(objects)
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["automountServiceAccountToken"] is False
    assert [each["name"] for each in pod["initContainers"]] == ["migrate"]
    for container in (*pod["containers"], *pod["initContainers"]):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert {"requests", "limits"} <= container["resources"].keys()


def test_network_policies_allow_the_declared_calls_and_no_other(
    tmp_path: Path, model: Model
) -> None:
    incoming, outgoing = set(), set()
    for chart in CHARTS:
        spec = policy(rendered(assembled(chart, tmp_path)))
        incoming |= {(p, chart.name) for rule in spec["ingress"] for p in pods(rule["from"])}
        outgoing |= {(chart.name, p) for rule in spec["egress"] for p in pods(rule["to"])}
    assert incoming == outgoing == edges(model)


@pytest.mark.parametrize(
    ("collector", "port"),
    [
        ("", None),
        ("http://collector.monitoring:4318", 4318),
        ("https://collector.monitoring", 443),
        ("http://collector.monitoring/otlp", 80),
        ("http://[fd00::1]:14318/", 14318),
    ],
)
def test_traces_go_where_the_cluster_says(tmp_path: Path, collector: str, port: int | None) -> None:
    folder = assembled(CHARTS[0], tmp_path)
    given = {"cluster": {**cluster(folder), "collector": collector}}
    report = helm_python.lint(str(folder), given, strict=True, kube_version=f"v{KUBERNETES}.0")
    assert [m for m in report["messages"] if m["severity"] > 1] == []
    objects = rendered(folder, given)
    (container,) = pod_of(objects)["containers"]
    told = {each["name"]: each.get("value") for each in container["env"]}
    said = {name: told[name] for name in told if name.startswith("CHASSIS_TELEMETRY")}
    expected = {"CHASSIS_TELEMETRY": "otlp", "CHASSIS_TELEMETRY_ENDPOINT": collector}
    assert said == (expected if collector else {})
    reached = [
        each["port"]
        for rule in policy(objects)["egress"]
        if {"kubernetes.io/metadata.name": "monitoring"} in namespaces(rule["to"])
        for each in rule["ports"]
    ]
    assert reached == ([port] if port else [])


def namespaces(peers: list[dict[str, Any]]) -> list[dict[str, str]]:
    return [
        each["namespaceSelector"]["matchLabels"] for each in peers if "namespaceSelector" in each
    ]


@pytest.mark.parametrize("name", ["document-service", "version-service"])
def test_a_monitor_of_pods_takes_the_place_of_annotations(tmp_path: Path, name: str) -> None:
    folder = assembled(ROOT / "generated" / "charts" / name, tmp_path)
    monitored = {"enabled": True, "interval": "15s", "labels": {"release": "prometheus"}}
    given = {"cluster": cluster(folder), "metrics": {"podMonitor": monitored}}
    report = helm_python.lint(str(folder), given, strict=True, kube_version=f"v{KUBERNETES}.0")
    assert [m for m in report["messages"] if m["severity"] > 1] == []
    objects = rendered(folder, given)
    assert {each["kind"] for each in objects} == {*KINDS, "PodMonitor"}
    (monitor,) = (each for each in objects if each["kind"] == "PodMonitor")
    (deployment,) = (each for each in objects if each["kind"] == "Deployment")
    template = deployment["spec"]["template"]
    assert "annotations" not in template["metadata"]
    assert monitor["apiVersion"] == "monitoring.coreos.com/v1"
    assert monitor["metadata"]["labels"]["release"] == "prometheus"
    selected = monitor["spec"]["selector"]["matchLabels"]
    assert selected.items() <= template["metadata"]["labels"].items()
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    assert (endpoint["path"], endpoint["interval"]) == ("/metrics", "15s")
    (container,) = pod_of(objects)["containers"]
    (port,) = (p for p in container["ports"] if p["name"] == endpoint["port"])
    (plain,) = (each for each in rendered(folder) if each["kind"] == "Deployment")
    said = plain["spec"]["template"]["metadata"]["annotations"]
    assert said["prometheus.io/port"] == str(port["containerPort"])


def test_a_misspelt_or_ill_typed_value_is_refused(tmp_path: Path) -> None:
    folder = assembled(CHARTS[0], tmp_path)
    ill_typed = {"port": {"number": "eighty", "protocol": "http"}}
    known = cluster(folder)
    unsaid = ({name: at for name, at in known.items() if name != without} for without in known)
    mistakes: tuple[dict[str, Any], ...] = (
        {"scalling": {}},
        ill_typed,
        {"cluster": {**known, "region": "elsewhere"}},
        *({"cluster": each} for each in unsaid if "issuerKeys" in each),
    )
    for wrong in mistakes:
        given = {"cluster": known, **wrong}
        report = helm_python.lint(str(folder), given, strict=True, kube_version="v1.30.0")
        assert [m for m in report["messages"] if m["severity"] > 2], wrong


def test_values_stay_quoted(tmp_path: Path) -> None:
    """A value that looks like YAML stays one string."""
    hostile = "x\n      evil: true # {{ .Release.Name }}"
    folder = assembled(CHARTS[0], tmp_path)
    large = {"CHASSIS_MAX_BODY_BYTES": 16_777_216, "CHASSIS_DRAIN_PAUSE": 0}
    objects = rendered(folder, {"settings": {"GREETING": hostile, **large}})
    (container,) = pod_of(objects)["containers"]
    told = [(each["name"], each.get("value")) for each in container["env"]]
    assert {("GREETING", hostile), ("CHASSIS_MAX_BODY_BYTES", "16777216")} <= set(told)
    assert [value for name, value in told if name == "CHASSIS_DRAIN_PAUSE"] == ["0"]
