"""Events become records: who did what to which thing, once, in a chain."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from audit_service import chain
from audit_service.actions import ACTIONS, event_name
from audit_service.generated.models import ActorType, AuditOutcome, AuditRetention, AuditSeverity
from audit_service.recording import patch
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.bus import DEAD_LETTERS
from cloudsync_chassis.events.envelope import Actor, Event
from cloudsync_chassis.ids import PLATFORM, uuid7
from cloudsync_chassis.problem import Problem
from office import Office, at_office, moment


def test_every_event_that_it_consumes_is_a_record_of_an_action(tmp_path: Path) -> None:
    async def check(office: Office) -> None:
        consumed = {event_name(each.type) for each in office.service.runtime.subscriptions}
        assert consumed == ACTIONS.keys()

    at_office(tmp_path, check)


def test_an_event_is_a_record_of_who_did_what(tmp_path: Path) -> None:
    async def check(office: Office) -> None:
        person = uuid7()
        event = await office.deed(person, name="user.user-suspended", data={"reason": "left"})
        found = await office.record(event)
        assert (found.actor_type, found.actor_id) == (ActorType.user, str(person))
        assert (found.action, found.resource_type) == ("user:suspend", "user")
        assert found.resource_id == event.subject
        assert (found.outcome, found.severity) == (AuditOutcome.success, AuditSeverity.notice)
        assert found.retention_class is AuditRetention.security7y
        assert (found.trace_id, found.occurred_at) == ("a" * 32, event.time)
        assert json.loads(found.changes or "") == [
            {"op": "replace", "path": "/reason", "value": "left"}
        ]
        assert found.hash == chain.digest(found)

    at_office(tmp_path, check)


@pytest.mark.parametrize(
    ("actor", "kind", "name"),
    [
        (Actor("app_user", "0190aaaa-0000-7000-8000-000000000001"), ActorType.user, "0190aaaa"),
        (
            Actor("app_user", "0190aaaa-0000-7000-8000-000000000001", ("support-agent",)),
            ActorType.support,
            "0190aaaa",
        ),
        (Actor("service_account", "user-service"), ActorType.service, "spiffe://"),
        (
            Actor("service_account", "0190aaaa-0000-7000-8000-000000000002"),
            ActorType.integration,
            "0190aaaa",
        ),
        (
            Actor("api_key", "0190aaaa-0000-7000-8000-000000000003"),
            ActorType.integration,
            "0190aaaa",
        ),
        (Actor("unauthenticated"), ActorType.anonymous, ""),
        (Actor("app_user", "nobody in particular"), ActorType.anonymous, ""),
        (None, ActorType.service, "spiffe://cloudsync.internal/ns/production/sa/user-service"),
    ],
)
def test_actors_are_told_apart(
    tmp_path: Path, actor: Actor | None, kind: ActorType, name: str
) -> None:
    async def check(office: Office) -> None:
        found = await office.record(await office.tell(actor=actor))
        assert found.actor_type is kind
        assert (found.actor_id or "").startswith(name)
        assert bool(found.actor_id) is bool(name)
        assert (found.severity is AuditSeverity.info) is (kind is not ActorType.support)

    at_office(tmp_path, check)


def test_who_signed_in_is_known_and_who_failed_to_is_not(tmp_path: Path) -> None:
    async def check(office: Office) -> None:
        data = {"sessionId": str(uuid7()), "userId": str(uuid7()), "identifierHash": "b" * 64}
        actor = Actor("unauthenticated")
        good = await office.record(await office.tell("user.login-succeeded", data, actor))
        bad = await office.record(await office.tell("user.login-failed", data, actor))
        assert (good.actor_type, good.actor_id) == (ActorType.user, data["userId"])
        assert (bad.actor_type, bad.actor_id) == (ActorType.anonymous, None)
        assert (bad.outcome, bad.severity) == (AuditOutcome.failure, AuditSeverity.warning)
        assert "b" * 64 not in (bad.changes or "")

    at_office(tmp_path, check)


def test_a_denial_names_what_denied(tmp_path: Path) -> None:
    async def check(office: Office) -> None:
        name = "analytics.event-quarantined"
        found = await office.record(await office.tell(name, {"quarantineReason": "schema"}))
        assert (found.outcome, found.policy_id) == (AuditOutcome.denied, "schema")
        assert await office.measured("audit_denied_actions_total", policy="schema") == 1

    at_office(tmp_path, check)


def test_a_second_delivery_changes_nothing(tmp_path: Path) -> None:
    async def check(office: Office) -> None:
        event = await office.tell()
        ctx_less = replace(event, data={"other": True})
        await office.within(lambda ctx: office.handlers.record_action(ctx, ctx_less))
        (found,) = await office.records()
        assert found.changes is None

    at_office(tmp_path, check)


def test_what_is_of_no_known_type_is_refused(tmp_path: Path) -> None:
    async def check(office: Office) -> None:
        event = replace(await office.tell(), id=uuid7(), type="cloudsync.user.user-teleported.v1")
        with pytest.raises(Problem, match="schema-violation"):
            await office.within(lambda ctx: office.handlers.record_action(ctx, event))
        assert len(await office.records()) == 1

    at_office(tmp_path, check)


def test_a_forged_time_goes_to_the_dead_letters(tmp_path: Path) -> None:
    async def check(office: Office) -> None:
        event = await office.tell(time=moment(timedelta(seconds=30)))
        assert await office.records() == []
        told = await office.service.published()
        assert any(each.id == event.id and each.topic.endswith(DEAD_LETTERS[1:]) for each in told)

    at_office(tmp_path, check)


def test_records_are_numbered_and_hang_together_over_days(tmp_path: Path) -> None:
    async def check(office: Office) -> None:
        for _ in range(3):
            await office.tell()
        office.service.later(timedelta(days=1))
        await office.tell()
        found = await office.records()
        assert [each.sequence for each in found] == [1, 2, 3, 1]
        assert [each.previous_hash for each in found] == [
            chain.FIRST,
            *(each.hash for each in found[:-1]),
        ]

    at_office(tmp_path, check)


def test_events_that_come_at_once_make_one_chain(tmp_path: Path) -> None:
    async def check(office: Office) -> None:
        told = [replace(await office.tell(organization=uuid7()), id=uuid7()) for _ in range(8)]
        here = [replace(each, organization_id=office.customer) for each in told]

        async def record(event: Event, ctx: Context) -> None:
            await office.handlers.record_action(ctx, event)

        await asyncio.gather(*(office.within(partial(record, each)) for each in here))
        found = await office.records()
        assert [each.sequence for each in found] == list(range(1, 9))
        assert all(a.hash == b.previous_hash for a, b in pairwise(found))

    at_office(tmp_path, check)


def test_chains_of_organisations_are_apart(tmp_path: Path) -> None:
    async def check(office: Office) -> None:
        await office.tell(organization=uuid7())
        await office.tell(organization=None)
        (found,) = [await office.record(await office.tell())]
        assert (found.sequence, found.previous_hash) == (1, chain.FIRST)
        page = await office.trail(office.engineer())
        assert {each.organization_id for each in page.items} == {PLATFORM}

    at_office(tmp_path, check)


def test_changes_are_data_and_fit() -> None:
    shown = json.loads(
        patch({"changedFields": ["a/b"], "token": "s3cret", "n": {"x": "\x1b[2J"}}) or ""
    )
    assert shown == [
        {"op": "replace", "path": "/a~1b", "value": "***"},
        {"op": "replace", "path": "/token", "value": "***"},
        {"op": "replace", "path": "/n", "value": {"x": "\x1b[2J"}},
    ]
    text = patch({"n": "\x1b<script>\n"}) or ""
    assert text.isprintable()
    assert text.isascii()
    many: dict[str, Any] = {f"field{n}": "x" * 400 for n in range(100)}
    long = patch(many) or ""
    assert 15000 < len(long) <= 16384
    assert len(json.loads(long)) > 30
    assert patch({}) is None
