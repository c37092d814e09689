"""One trace over HTTP, an event and its consumer, as a collector sees it from services that run."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.telemetry_export import STANDARD
from cloudsync_chassis.testing_collector import Collector, Received

from cloudsync_gen.model.ids import name_of
from cloudsync_gen.model.layers.apm import Trace
from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.naming import screaming
from support.services import Process, Written, opened, running_at

ROOT = Path(__file__).parents[2]
SERVICES = ("document-service", "search-service")
CONSUMED = "consume cloudsync.content.document-created.v1"
CANARY = "canary-90d2"
SAMPLED, UNSAMPLED = "01", "00"


@pytest.fixture(scope="module")
def made() -> Written:
    return opened(ROOT)


@contextmanager
def started(
    made: Written, name: str, folder: Path, collector: Collector, *callees: Process
) -> Iterator[Process]:
    """A service, on the bus and with the keys of all that share the folder."""
    shared = {f"{screaming(name)}_STATE_DIR": str(folder / "state")}
    environment = made.environment(
        name,
        **shared,
        CHASSIS_TELEMETRY="otlp",
        CHASSIS_TELEMETRY_ENDPOINT=collector.url,
        CHASSIS_REGION="north",
        OTEL_BSP_SCHEDULE_DELAY="100",
        CHASSIS_PATIENCE="10",
        CHASSIS_PEERS=json.dumps({each.service: each.url for each in callees}),
    )
    command = (sys.executable, "-m", made.package(name))
    with running_at(made, name, folder / name, command, environment) as process:
        yield replace(process, state=folder / "state")


def created(process: Process, token: str, flags: str) -> str:
    """The id of the trace in which a document has been made, called CANARY, by span `d…`."""
    trace = uuid4().hex
    answer = httpx.post(
        f"{process.url}/v1/documents",
        json={"title": CANARY, "documentType": "page", "contentLanguage": "en"},
        headers={
            "Authorization": f"Bearer {token}",
            "Idempotency-Key": str(uuid4()),
            "traceparent": f"00-{trace}-{'d' * 16}-{flags}",
        },
        timeout=60,
    )
    assert answer.status_code == 201, answer.text
    return trace


def allowed(made: Written, service: str) -> set[str]:
    """What spans of a service may say."""
    found = next(each for each in made.model.all(Service) if name_of(each.id) == service)
    traces = (each for each in made.model.all(Trace) if each.service == found.id)
    return set(STANDARD).union(*(each.attributes for each in traces))


def test_one_trace_leads_from_a_request_over_its_event_to_the_consumer(
    made: Written, tmp_path: Path
) -> None:
    writer, reader = SERVICES
    with (
        Collector() as collector,
        started(made, reader, tmp_path, collector) as search,
        started(made, writer, tmp_path, collector, search) as documents,
    ):
        token = documents.token("member", organization=str(uuid7()), subject=str(uuid7()))
        unsampled = created(documents, token, UNSAMPLED)
        sampled = created(documents, token, SAMPLED)
        collector.wait(lambda spans: len([e for e in spans if e.name == CONSUMED]) == 2, 60.0)
    spans = {each.span_id: each for each in collector.spans}
    assert unsampled not in {each.trace_id for each in spans.values()}
    of_request = [each for each in spans.values() if each.trace_id == sampled]
    (request,) = (each for each in of_request if each.parent == "d" * 16)
    consumers = [each for each in of_request if each.name == CONSUMED]
    assert (request.name, request.kind, service(request)) == ("create-document", "SERVER", writer)
    assert {service(each) for each in consumers} == {writer, reader}
    assert {(each.kind, each.parent) for each in consumers} == {("CONSUMER", request.span_id)}
    for each in of_request:
        assert each is request or each.parent in spans, each
    for each in spans.values():
        assert each.attributes.keys() <= allowed(made, service(each))
        assert each.resource["service.version"] == made.model.project.version
        assert each.resource["deployment.environment.name"] == "development"
        assert each.resource["cloud.region"] == "north"
        assert not each.failed
    assert not [path for path, _, body in collector.requests if CANARY.encode() in body]


def service(span: Received) -> str:
    return str(span.resource["service.name"])
