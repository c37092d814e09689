"""Wordings, collection, quarantine and what consent leaves."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cloudsync_chassis import clock
from cloudsync_chassis.ids import uuid7
from desk import OPENED, SCHEMA, Desk, played, text
from events_service.base import PLATFORM
from events_service.checks import names_a_person, too_deep
from events_service.wordings import differences


def test_a_wording_takes_two_people_and_keeps_readers_of_the_one_before(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        first = at.wording()
        made = await at.done("RegisterSchema", at.operator, **first)
        assert made["schemaStage"] == "proposed"
        key = {"eventSchemaId": made["id"]}
        assert await at.refused("ApproveSchema", at.operator, **key) == "own-wording"
        await at.done("ApproveSchema", at.second, **key)
        again = await at.done("RegisterSchema", at.operator, **first)
        assert again["id"] == made["id"]
        wrong = {**first, "schemaDigest": "0" * 64}
        assert await at.refused("RegisterSchema", at.analyst, **wrong) == "rule-broken"
        lost = at.wording(piiPaths=["/nowhere"])
        assert await at.refused("RegisterSchema", at.analyst, **lost) == "rule-broken"
        remote = {"type": "object", "properties": {"a": {"pattern": "["}}}
        bad = at.wording(version=2, schema=remote, piiPaths=[])
        assert await at.refused("RegisterSchema", at.analyst, **bad) == "rule-broken"
        wider = {**SCHEMA, "required": []}
        answer = await at.ask("RegisterSchema", at.analyst, **at.wording(version=2, schema=wider))
        assert answer.json()["type"].endswith("/incompatible-schema")
        assert answer.json()["title"] == "differs at /view"
        more = {**SCHEMA, "properties": {**SCHEMA["properties"], "zoom": {"type": "number"}}}
        await at.done("RegisterSchema", at.analyst, **at.wording(version=2, schema=more))
        assert [each["schemaVersion"] for each in await at.said("schema-registered")] == [1, 2]
        soon = {**key, "sunsetAt": text(clock.now() + timedelta(days=89))}
        assert await at.refused("DeprecateSchema", at.analyst, **soon) == "notice-too-short"
        await at.done(
            "DeprecateSchema", at.analyst, **{**soon, "sunsetAt": text(clock.now() + timedelta(91))}
        )
        assert (await at.collected(at.event()))["accepted"] == 1
        at.service.later(timedelta(days=92))
        assert (await at.collected(at.event()))["quarantinedIds"]

    played(tmp_path, play)


@pytest.mark.parametrize(
    ("reader", "writer", "paths"),
    [
        ({"type": "string"}, {"type": ["string", "null"]}, ["/"]),
        ({"type": "number"}, {"type": "integer"}, []),
        ({"enum": [1, 2]}, {"enum": [1]}, []),
        ({"enum": [1]}, {"enum": [1, 2]}, ["/"]),
        ({"maxLength": 5}, {"maxLength": 6}, ["/"]),
        ({"minimum": 5}, {"minimum": 6}, []),
        ({"properties": {"a": {"pattern": "x"}}}, {"properties": {"a": {}}}, ["/a"]),
        ({"items": {"maximum": 1}}, {"items": {"maximum": 2}}, ["/-"]),
        ({"properties": {"a": {}}}, {"properties": {"b": {}}}, []),
        (
            {"additionalProperties": False},
            {"properties": {"b": {}}, "additionalProperties": False},
            ["/b"],
        ),
        ({"type": "object", "additionalProperties": False}, {"type": "object"}, ["/"]),
        ({"anyOf": [{"type": "string"}]}, {}, ["/"]),
        (True, {"type": "string"}, []),
        (False, {"type": "string"}, ["/"]),
    ],
)
def test_a_reader_meets_nothing_that_it_does_not_expect(
    reader: Any, writer: Any, paths: list[str]
) -> None:
    assert list(differences(reader, writer)) == paths


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ({"note": "ask ada@example.org"}, True),
        ({"note": "DE89 3704 0044 0532 0130 00"}, True),
        ({"note": "DE88 3704 0044 0532 0130 00"}, False),
        ({"note": "card 4111 1111 1111 1111."}, True),
        ({"note": "card 4111 1111 1111 1112."}, False),
        ({"number": 4111111111111111}, True),
        ({"ada@example.org": 1}, True),
        ({"list": [{"by": "ada@example.org"}]}, True),
        ({"by": "ada@example.org"}, False),
        ({"id": "01890a5d-ac96-774b-bcce-a56145270ce6"}, False),
    ],
)
def test_people_are_found_in_payloads(value: Any, found: bool) -> None:
    assert names_a_person(value, frozenset({"/by"})) is found


def test_depth_is_bounded() -> None:
    deep: Any = 1
    for _ in range(6):
        deep = {"a": deep}
    assert not too_deep(deep)
    assert too_deep({"a": deep})


def test_events_are_taken_once_and_stored_without_people(tmp_path: Path) -> None:
    folder = tmp_path / "events-service"
    folder.mkdir()
    (folder / "countries.csv").write_text("203.0.0.0/16,AT\n203.0.113.0/24,DE\n")

    async def play(at: Desk) -> None:
        await at.approved()
        where = {"appVersion": "1.2.3", "locale": "de", "ipPrefix": "203.0.113.0/24"}
        payload = {"view": "page", "by": "ada@example.org"}
        event = at.event(payload=payload, clientContext=where, sessionKey="s" * 22)
        assert (await at.collected(event))["accepted"] == 1
        assert (await at.collected(event))["duplicate"] == 1
        (stored,) = await at.events()
        assert (stored.status, stored.source) == ("stored", "web")
        assert stored.client_context.country == "DE"
        assert stored.client_context.ip_prefix is None
        assert "view" not in stored.payload
        (shown,) = await at.found()
        told = json.loads(shown["payload"])
        assert told["view"] == "page"
        assert len(told["by"]) == 32
        assert await at.found(at.service.caller("data-analyst")) == []

    played(tmp_path, play)


def test_consent_is_what_is_kept(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        await at.approved()
        where = {"appVersion": "1.2.3", "locale": "de", "country": "AT"}
        only = at.event(consentPurposes=["operation"], sessionKey="s" * 22, clientContext=where)
        await at.collected(only)
        (stored,) = await at.events()
        assert stored.session_key is None
        assert stored.actor_key is None
        assert stored.client_context.model_dump(exclude_none=True) == {"app_version": "1.2.3"}
        assert stored.payload_key_id is not None
        without = at.event(consentPurposes=["analytics"])
        assert await at.refused("CollectEvents", at.member, events=[without]) == "invariant-broken"

    played(tmp_path, play)


def test_what_a_check_finds_is_set_apart_reported_and_released(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        await at.approved()
        now = clock.now()
        bad = {
            "unknownSchema": at.event(schemaVersion=7),
            "schemaViolation": at.event(payload={"view": "sea"}),
            "clockSkew": at.event(occurredAt=text(now + timedelta(hours=1))),
            "oversize": at.event(payload={"view": "page", "x": [[[[[[1]]]]]]}),
            "piiDetected": at.event(payload={"view": "page", "note": "ada@example.org"}),
        }
        old = at.event(occurredAt=text(now - timedelta(days=8)))
        receipt = await at.collected(*bad.values(), old)
        assert receipt["accepted"] == 0
        assert len(receipt["quarantinedIds"]) == 6
        found = {str(each.event_id): each for each in await at.events()}
        for reason, each in bad.items():
            assert found[each["eventId"]].quarantine_reason == reason
            assert "ada" not in found[each["eventId"]].payload
        assert found[old["eventId"]].quarantine_reason == "clockSkew"
        assert await at.found() == []
        wish = {"eventType": OPENED, "quarantineReason": "unknownSchema"}
        assert await at.refused("ReleaseQuarantined", at.analyst, **wish) == "still-invalid"
        await at.approved(version=7)
        report = await at.done("ReleaseQuarantined", at.analyst, **wish)
        assert report == {"released": 1, "stillInvalid": 0}
        skewed = {**wish, "quarantineReason": "clockSkew"}
        assert await at.refused("ReleaseQuarantined", at.analyst, **skewed) == "still-invalid"
        at.service.later(timedelta(minutes=2))
        await at.service.tick("report-quarantine", "enrich-events")
        (mended,) = await at.found()
        assert mended["eventId"] == bad["unknownSchema"]["eventId"]
        made_up = at.event("cloudsync.made.up.Event")
        await at.collected(made_up)
        at.service.later(timedelta(minutes=2))
        await at.service.tick("report-quarantine")
        series = (await at.service.runtime.metrics.text()).decode()
        assert "cloudsync.made.up.Event" not in series
        assert 'event_type="unregistered"' in series
        assert f'event_type="{OPENED}"' in series
        told = {each["quarantineReason"]: each for each in await at.said("event-quarantined")}
        assert told["clockSkew"]["count"] == 2
        assert set(told["clockSkew"]["sampleIds"]) == {
            bad["clockSkew"]["eventId"],
            old["eventId"],
        }
        at.service.later(timedelta(days=30))
        await at.service.tick()
        left = await at.events(status="discarded")
        assert len(left) == 6
        assert {each.payload for each in left} == {"{}"}

    played(tmp_path, play)


def test_tenant_quota_and_clients_are_held_to_the_token(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        await at.approved(clientAllowed=False)
        foreign = at.event(payload={"view": "page", "organizationId": str(at.analyst.subject)})
        assert await at.refused("CollectEvents", at.member, events=[foreign]) == "tenant-mismatch"
        assert (await at.collected(at.event()))["quarantinedIds"]
        service = at.service.caller(
            kind="workload", organization=at.tenant, scopes=["metric:collect"]
        )
        many = [at.event() for _ in range(4)]
        assert (await at.collected(*many, by=service))["accepted"] == 4
        two = [at.event() for _ in range(2)]
        assert await at.refused("CollectEvents", at.member, events=two) == "ingest-quota"
        assert (await at.collected(*two, by=at.colleague()))["accepted"] == 0
        at.service.later(timedelta(minutes=1))
        assert len((await at.collected(*[at.event(), at.event()]))["quarantinedIds"]) == 2

    played(tmp_path, play, client_events_per_minute=2)


def test_wordings_of_the_platform_hold_for_all_and_others_for_one(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        await at.approved()
        stranger = at.colleague(uuid7())
        assert (await at.collected(at.event(), by=stranger))["quarantinedIds"]
        staff = at.service.caller("platform-operator", organization=PLATFORM)
        made = await at.done("RegisterSchema", staff, **at.wording())
        second = at.service.caller("platform-operator", organization=PLATFORM)
        await at.done("ApproveSchema", second, eventSchemaId=made["id"])
        assert (await at.collected(at.event(), by=stranger))["accepted"] == 1

    played(tmp_path, play)
