"""Metrics of the model against what services export: each technical series, and each of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from cloudsync_chassis.metrics import scrape
from cloudsync_chassis.metrics.spec import MetricSpec
from cloudsync_chassis.metrics.standard import specs
from prometheus_client import parser

from cloudsync_gen.model.layers.apm import Metric
from cloudsync_gen.model.layers.application import Service
from support import plain_yaml
from support.effort import Effort
from support.services import ROOT, Written, opened

TECHNICAL = "model/11_apm/metrics/chassis.yaml"
"""What the model has every service measure; its infrastructure's series come from elsewhere."""
SHARED = ("service", "region", "environment")
SMALL = ("document-service", "version-service")
"""One that answers by HTTP, and one by gRPC."""

SCRAPED = """
import asyncio, pathlib, sys
from {package}.generated.testing import started

async def main():
    async with started(pathlib.Path(sys.argv[1])) as service:
        return await service.runtime.metrics.text()

pathlib.Path(sys.argv[2]).write_bytes(asyncio.run(main()))  # the log has the output
"""


@pytest.fixture(scope="module")
def made() -> Written:
    return opened(ROOT)


@pytest.fixture(scope="module")
def technical(made: Written) -> list[Metric]:
    declared = plain_yaml.load((ROOT / TECHNICAL).read_text())
    ids = {each["id"] for each in declared.values()}
    return [each for each in made.model.all(Metric) if each.id in ids]


def exported(made: Written, service: str, state: Path) -> dict[str, str]:
    """Series of a running service, and of what kind they are."""
    text = state.with_suffix(".txt")
    script = SCRAPED.format(package=made.package(service))
    done = subprocess.run(
        [sys.executable, "-c", script, str(state), str(text)],
        env=made.environment(service),
        cwd=state.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    families = parser.text_string_to_metric_families(text.read_text())
    ends = {"counter": "_total"}
    return {each.name + ends.get(each.type, ""): each.type for each in families}


def test_the_chassis_measures_what_the_model_names_as_it_says(technical: list[Metric]) -> None:
    ours: dict[str, MetricSpec] = {each.name: each for each in (*specs((1.0,)), *scrape.GAUGES)}
    assert [each.metric for each in technical if each.metric not in ours] == []
    for each in technical:
        spec = ours[each.metric]
        assert spec.kind == each.instrument, each.metric
        assert {*SHARED, *spec.labels} == {*each.labels}, each.metric
        # those of requests and calls follow the objectives of each service
        if each.buckets and spec.buckets != (1.0,):
            assert spec.buckets == each.buckets, each.metric


def test_running_services_export_them_and_their_own(
    made: Written, technical: list[Metric], effort: Effort, tmp_path: Path
) -> None:
    assert technical
    chosen = made.names if effort.full else SMALL
    own = {each.id: each for each in made.model.all(Service)}
    for name in chosen:
        found = exported(made, name, tmp_path / name)
        mine = f"application.service.{name}"
        assert mine in own
        wanted = [*technical, *(m for m in made.model.all(Metric) if m.service == mine)]
        # a counter that is not called `…_total` keeps its name, and is told as a gauge
        named = {each.metric: each.instrument for each in wanted}
        assert [metric for metric in named if metric not in found] == []
        assert [m for m, kind in named.items() if found[m] not in (kind, "gauge")] == []
