"""Bounds and metrics of generated services are the model's, word for word and number for number."""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from cloudsync_chassis.metrics import scrape
from cloudsync_chassis.metrics.spec import LATENCY
from cloudsync_chassis.metrics.standard import specs
from cloudsync_chassis.problem import Problem
from cloudsync_chassis.rate.gcra import Rate
from cloudsync_chassis.rate.limiter import Limiter
from cloudsync_chassis.security.principal import ANONYMOUS
from prometheus_client import parser

from cloudsync_gen.contracts.headers import header_refs
from cloudsync_gen.contracts.problems import headers_of
from cloudsync_gen.contracts.publication import publication_of
from cloudsync_gen.model.layers.apm import Metric, Sli, Slo, Trace
from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.model.values import milliseconds
from cloudsync_gen.targets.service.metrics import _DEFAULT, SHARED
from support import shared
from support.services import Written, running_at, written

ROOT = Path(__file__).parents[2]
ORGANIZATION = "01890000-0000-7000-8000-00000000000a"
MODELS = {"cloudsync": ROOT, "lemonade": ROOT / "tests" / "models" / "lemonade"}


@pytest.fixture(scope="module", params=MODELS)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Written:
    return written(MODELS[request.param], tmp_path_factory.mktemp(request.param), ("service",))


def module(made: Written, service: str, name: str) -> ast.Module | None:
    folder = made.folder(service) / "src" / made.package(service) / "generated"
    path = folder / f"{name}.py"
    return ast.parse(path.read_text()) if path.exists() else None


def calls(tree: ast.Module | None, function: str) -> Iterator[dict[str, Any]]:
    """Keywords of the calls of a function whose values are plain."""
    for each in ast.walk(tree) if tree else ():
        if isinstance(each, ast.Call) and ast.unparse(each.func) == function:
            plain = ((keyword.arg or "", _plain(keyword.value)) for keyword in each.keywords)
            yield {name: value for name, value in plain if value is not None}


def _plain(value: ast.expr) -> Any:
    """What a literal says; None for what calls or names something."""
    try:
        return ast.literal_eval(value)
    except ValueError:
        return None


def settings(tree: ast.Module | None) -> dict[str, Any]:
    found = {}
    for each in ast.walk(tree) if tree else ():
        if isinstance(each, ast.AnnAssign) and isinstance(each.value, ast.Constant):
            found[ast.unparse(each.target)] = each.value.value
    return found


def services(made: Written) -> list[tuple[str, Service]]:
    return list(zip(made.names, made.model.all(Service), strict=True))


def test_rates_pools_and_bulkheads_are_the_models(made: Written) -> None:
    callees = 0
    for name, service in services(made):
        resilience, found = service.resilience, settings(module(made, name, "settings"))
        assert found["rate_limit_per_second"] == resilience.rate_limit.per_second, name
        assert found["rate_limit_burst"] == resilience.rate_limit.burst, name
        assert found["database_pool"] == resilience.pool_per_store, name
        for edge in calls(module(made, name, "service"), "Edge"):
            assert edge["concurrent"] == resilience.max_concurrent_per_callee, name
            callees += 1
    assert callees


def test_every_threshold_of_latency_is_a_bound_of_a_bucket(made: Written) -> None:
    checked = 0
    for name, service in services(made):
        (spec,) = calls(module(made, name, "service"), "ServiceSpec")
        bounds = spec.get("latency_buckets", LATENCY)
        assert list(bounds) == sorted(set(bounds)), name
        for slo in made.model.all(Slo):
            sli = made.model.get(Sli, slo.sli)
            metric = made.model.get(Metric, sli.metric) if sli else None
            if slo.service != service.id or not slo.threshold or metric is None or sli is None:
                continue
            threshold = milliseconds(slo.threshold) / 1000
            if metric.service == service.id and metric.instrument == "histogram":
                own = {each["name"]: each for each in own_series(made, name)}
                assert metric.unit != "s" or threshold in own[metric.metric]["buckets"], slo.id
            elif sli.kind == "latency" and metric.service is None and metric.unit == "s":
                assert threshold in bounds, slo.id
                assert set(metric.buckets) <= set(bounds), slo.id
                checked += 1
    assert checked or "lemonade" in str(made.root), "CloudSync promises latencies"


def test_each_service_is_traced_as_its_model_says(made: Written) -> None:
    traces = {each.service: each for each in made.model.all(Trace)}
    for name, service in services(made):
        said = (module(made, name, "settings"), module(made, name, "service"))
        (spec,) = calls(said[1], "ServiceSpec")
        assert spec["version"] == made.model.project.version
        share, names = settings(said[0]).get("telemetry_sampling"), traced(said[1])
        trace = traces.get(service.id)
        assert share == (float(trace.sampling.removesuffix("%")) / 100 if trace else None), name
        assert names == set(trace.attributes if trace else ()), name
    assert traces


def test_each_attribute_of_a_trace_has_one_that_sets_it(made: Written) -> None:
    """A field of an entity, of a body or an answer, or a method for handlers; the rest are set by
    the chassis or by instrumentation.
    """
    by_chassis = {"tenant.hash", "organization.hash", "caller.service", "saga.id", "saga.step"}
    instrumented = {"service", "deployment", "cloud", "http", "db", "messaging"}
    traces = {each.service: each for each in made.model.all(Trace)}
    counted: Counter[str] = Counter()
    for name, service in services(made):
        by_field = {
            attribute
            for part in ("aggregates", "operations")
            for kind in ("AggregateSpec", "Operation")
            for spec in calls(module(made, name, part), kind)
            for attribute, _ in spec.get("traced", ())
        }
        methods = module(made, name, "traces")
        by_hand = {
            each.args[0].value
            for each in (ast.walk(methods) if methods else ())
            if isinstance(each, ast.Call) and isinstance(each.args[0], ast.Constant)
        }
        wanted = set(traces[service.id].attributes) if service.id in traces else set()
        own = {e for e in wanted - by_chassis if e.split(".")[0] not in instrumented}
        assert by_field | by_hand == own, name
        assert not by_field & by_hand, name
        counted.update(field=len(by_field), hand=len(by_hand))
    assert counted["field"] > counted["hand"] or "lemonade" in str(made.root)


def traced(tree: ast.Module | None) -> set[str]:
    """What spans may say, as the facts of a service have it."""
    for each in ast.walk(tree) if tree else ():
        if isinstance(each, ast.keyword) and each.arg == "traced":
            assert isinstance(each.value, ast.Call)
            return set(ast.literal_eval(each.value.args[0]))
    return set()


def own_series(made: Written, service: str) -> list[dict[str, Any]]:
    return list(calls(module(made, service, "metrics"), "MetricSpec"))


def test_a_services_own_series_are_the_models(made: Written) -> None:
    metrics = made.model.all(Metric)
    for name, service in services(made):
        wanted = {each.metric: each for each in metrics if each.service == service.id}
        found = {each["name"]: each for each in own_series(made, name)}
        assert found.keys() == wanted.keys(), name
        for metric, each in found.items():
            labels = tuple(label for label in wanted[metric].labels if label not in SHARED)
            assert each.get("labels", ()) == labels
            assert each["kind"] == wanted[metric].instrument
            assert set(wanted[metric].buckets) <= set(each.get("buckets", ()))
            assert bool(each.get("buckets")) == (each["kind"] == "histogram")
    assert any(own_series(made, name) for name in made.names)


def test_a_generated_service_keeps_its_rate_and_tells_what_it_does(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """As a process, with a rate that a test can reach."""
    made = written(MODELS["lemonade"], tmp_path_factory.mktemp("lemonade"))
    state = tmp_path_factory.mktemp("state") / "recipe"
    bounds = {"RECIPE_RATE_LIMIT_PER_SECOND": "1", "RECIPE_RATE_LIMIT_BURST": "2"}
    command = (sys.executable, "-m", made.package("recipe"))
    environment = made.environment("recipe", CHASSIS_REGION="north", **bounds)
    with running_at(made, "recipe", state, command, environment) as process:
        token = process.token("brewer", organization=ORGANIZATION)
        headers = {"Authorization": f"Bearer {token}"}
        with httpx.Client(base_url=process.url, headers=headers) as http:
            answers = [http.get("/v1/recipes") for _ in range(12)]
            told = http.get("/metrics").text
    refused = [each for each in answers if each.status_code == 429]
    assert {each.status_code for each in answers} == {200, 429}
    assert 1 <= len(refused) <= 10
    assert all(each.headers["RateLimit-Limit"] == "2" for each in refused)
    families = {each.name: each for each in parser.text_string_to_metric_families(told)}
    (limited,) = families["rate_limited"].samples
    assert limited.value == len(refused)
    assert limited.labels["service"] == "recipe"
    assert limited.labels["region"] == "north"
    counts = [
        each
        for each in families["http_server_request_duration_seconds"].samples
        if each.name.endswith("_count") and each.labels["route"] == "/v1/recipes"
    ]
    assert sum(each.value for each in counts) == len(answers)


async def test_a_refusal_by_the_rate_has_the_headers_of_the_contract() -> None:
    """All that it declares for 429 and nothing else; the request id is on every answer."""
    model = shared.checked(ROOT).model
    assert model is not None
    publication, _ = publication_of(model)
    declared = set(header_refs(headers_of(429, publication)))
    limiter = Limiter("any-service", Rate(per_second=1, burst=1))
    await limiter.admit(ANONYMOUS)
    with pytest.raises(Problem) as refused:
        await limiter.admit(ANONYMOUS)
    assert {"X-Request-Id", *refused.value.headers} == declared
    assert all(each.isdigit() for each in refused.value.headers.values())


def test_services_of_the_model_measure_under_its_names() -> None:
    """What the model says that all services measure, the chassis measures, with the same labels."""
    assert LATENCY == _DEFAULT
    model = shared.checked(ROOT).model
    assert model is not None
    ours = {each.name: each for each in (*specs(LATENCY), *scrape.GAUGES)}
    common = [each for each in model.all(Metric) if each.metric in ours]
    assert len(common) >= 20
    for each in common:
        mine = ours[each.metric]
        assert (mine.kind, set(mine.labels)) == (each.instrument, set(each.labels) - set(SHARED))
        assert mine.buckets == tuple(map(float, each.buckets)), each.metric
