"""Who may read how much of the trail, and that each question is itself a record."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from audit_service.generated import models, operations, port
from audit_service.generated.models import ActorType, AuditOutcome, AuditSeverity
from cloudsync_chassis.ids import PLATFORM, uuid7
from cloudsync_chassis.store.query import PageRequest
from cloudsync_chassis.testing import Caller
from office import DAY, HOUR, Office, at_office, moment

TRAIL = operations.GET_AUDIT_TRAIL


def wish(**more: Any) -> port.GetAuditTrail:
    asked = {"occurred_from": moment(-DAY), "occurred_to": moment(DAY), **more}
    return port.GetAuditTrail(body=models.AuditFilter(**asked))


async def investigate(
    office: Office, by: Caller, subject: UUID, assignee: UUID | None = None
) -> models.Investigation:
    body = models.OpenInvestigationRequest(
        title="Odd sign-ins",
        assignee_id=assignee or by.subject,
        subject_organization_id=subject,
        record_ids=[uuid7()],
    )
    request = port.OpenInvestigation(body=body)
    found = await office.ask(operations.OPEN_INVESTIGATION, request, by)
    assert isinstance(found, models.Investigation)
    return found


def test_a_stretch_is_read_by_actor_thing_and_outcome_latest_first(tmp_path: Path) -> None:
    async def check(office: Office) -> None:
        person = uuid7()
        first = await office.deed(person)
        second = await office.tell("user.login-failed")
        third = await office.deed(person, name="user.user-suspended")
        everything = await office.trail()
        assert [each.id for each in everything.items] == [third.id, second.id, first.id]
        theirs = await office.trail(actor_id=str(person))
        assert [each.id for each in theirs.items] == [third.id, first.id]
        failed = await office.trail(outcome=AuditOutcome.failure)
        assert [each.id for each in failed.items] == [second.id]
        one = await office.trail(resource_type="user", resource_id=third.subject)
        assert [each.id for each in one.items] == [third.id]
        empty = await office.trail(occurred_from=moment(DAY), occurred_to=moment(2 * DAY))
        assert (empty.items, empty.next_cursor) == ([], None)

    at_office(tmp_path, check)


def test_pages_follow_each_other(tmp_path: Path) -> None:
    async def check(office: Office) -> None:
        told = [(await office.tell()).id for _ in range(5)]
        stretch: dict[str, Any] = {"occurred_from": moment(-DAY), "occurred_to": moment()}
        seen, cursor = [], None
        for _ in range(3):
            page = await office.trail(first=2, cursor=cursor, **stretch)
            seen += [each.id for each in page.items]
            cursor = page.next_cursor
        assert seen == told[::-1]
        assert cursor is None
        assert await office.refused(TRAIL, wish(cursor="AAAA"), office.admin) == "cursor-unknown"

    at_office(tmp_path, check)


def test_each_question_is_a_record(tmp_path: Path) -> None:
    async def check(office: Office) -> None:
        event = await office.tell()
        await office.trail(resource_type="user")
        request = port.GetAuditRecord(audit_record_id=event.id)
        await office.ask(operations.GET_AUDIT_RECORD, request, office.admin)
        page = PageRequest()
        await office.ask(
            operations.LIST_LEGAL_HOLDS, port.ListLegalHolds(page=page), office.officer
        )
        listed = port.ListInvestigations(page=page)
        await office.ask(operations.LIST_INVESTIGATIONS, listed, office.officer)
        asked, read, holds, cases = (await office.records())[1:]
        assert {each.resource_type for each in (asked, read, holds, cases)} == {"audit"}
        assert (asked.actor_type, asked.actor_id) == (ActorType.user, str(office.admin.subject))
        assert '"/resourceType"' in (asked.changes or "")
        assert (read.resource_id, holds.action) == (str(event.id), "audit:hold")
        assert str(asked.actor_ip) == "192.0.2.77"

    at_office(tmp_path, check)


def test_a_wide_question_names_an_actor_or_a_thing(tmp_path: Path) -> None:
    async def check(office: Office) -> None:
        wide: dict[str, Any] = {"occurred_from": moment(-32 * DAY), "occurred_to": moment()}
        assert await office.refused(TRAIL, wish(**wide), office.admin) == "query-too-wide"
        await office.trail(actor_id=str(uuid7()), **wide)
        await office.trail(resource_id="one", **wide)
        longer = {**wide, "occurred_from": moment(-401 * DAY), "actor_id": str(uuid7())}
        assert await office.refused(TRAIL, wish(**longer), office.admin) == "forbidden"
        turned = {"occurred_from": moment(), "occurred_to": moment(-DAY)}
        assert await office.refused(TRAIL, wish(**turned), office.admin) == "validation-failed"

    at_office(tmp_path, check)


def test_nobody_reads_the_trail_of_others(tmp_path: Path) -> None:
    async def check(office: Office) -> None:
        event = await office.tell()
        stranger = office.service.caller("org-admin")
        assert (await office.trail(stranger)).items == []
        request = port.GetAuditRecord(audit_record_id=event.id)
        asked = operations.GET_AUDIT_RECORD
        assert await office.refused(asked, request, stranger) == "not-found"
        member = office.service.caller("member", organization=office.customer)
        assert await office.refused(TRAIL, wish(), member) == "forbidden"
        # an officer of another customer cannot make it their case
        other = office.service.caller("compliance-officer")
        with pytest.raises(Exception, match="another organisation"):
            await investigate(office, other, office.customer)

    at_office(tmp_path, check)


def test_staff_read_little_without_an_investigation(tmp_path: Path) -> None:
    async def check(office: Office) -> None:
        office.set(free_reads_per_hour=5)
        for _ in range(9):
            await office.tell()
        engineer = office.engineer(office.customer)
        assert len((await office.trail(engineer, first=3)).items) == 3
        assert len((await office.trail(engineer)).items) == 2
        assert await office.refused(TRAIL, wish(), engineer) == "investigation-required"
        assert len((await office.trail()).items) > 9
        found = await investigate(office, engineer, office.customer)
        assert len((await office.trail(engineer, investigation_id=found.id)).items) > 9
        office.service.later(HOUR)
        assert len((await office.trail(engineer)).items) == 5
        measured = await office.measured("audit_support_access_total", role="security-engineer")
        assert measured >= 4

    at_office(tmp_path, check)


def test_an_investigation_opens_a_customers_trail_for_its_assignee(tmp_path: Path) -> None:
    async def check(office: Office) -> None:
        event = await office.tell()
        engineer, colleague = office.engineer(), office.engineer()
        assert (await office.trail(engineer)).items == []
        found = await investigate(office, engineer, office.customer)
        page = await office.trail(engineer, investigation_id=found.id)
        assert event.id in {each.id for each in page.items}
        asked = wish(investigation_id=found.id)
        assert await office.refused(TRAIL, asked, colleague) == "investigation-required"
        assert await office.refused(TRAIL, asked, office.admin) == "investigation-required"
        body = models.CloseInvestigationRequest(finding="Nothing but a new laptop.")
        close = port.CloseInvestigation(investigation_id=found.id, body=body)
        await office.ask(operations.CLOSE_INVESTIGATION, close, engineer)
        assert await office.refused(TRAIL, asked, engineer) == "investigation-required"
        # the customer sees each look
        looks = [e for e in await office.records() if e.actor_type is ActorType.support]
        assert [each.action for each in looks] == [
            "audit:investigate",
            "audit:read",
            "audit:investigate",
        ]
        assert {each.severity for each in looks} == {AuditSeverity.notice}

    at_office(tmp_path, check)


def test_security_is_told_at_once_of_what_is_escalated(tmp_path: Path) -> None:
    async def check(office: Office) -> None:
        engineer = office.engineer()
        found = await investigate(office, engineer, office.customer)
        request = port.EscalateInvestigation(investigation_id=found.id)
        await office.ask(operations.ESCALATE_INVESTIGATION, request, engineer)
        page = (office.state / "audit-service" / "pager.txt").read_text()
        assert f"investigation-escalated {office.customer}" in page

    at_office(tmp_path, check)


def test_access_rules_are_released_by_two_and_written_down(tmp_path: Path) -> None:
    async def check(office: Office) -> None:
        first, second = office.engineer(), office.engineer()
        body = models.ProposePolicyReleaseRequest(
            bundle_version="1.2.0",
            policy_id="pol04",
            effect=models.PolicyEffect.forbid,
            bundle_digest="d" * 64,
        )
        request = port.ProposePolicyRelease(body=body)
        found = await office.ask(operations.PROPOSE_POLICY_RELEASE, request, first)
        publish = port.PublishPolicyRelease(policy_release_id=found.id)
        command = operations.PUBLISH_POLICY_RELEASE
        assert await office.refused(command, publish, first) == "self-approval"
        await office.ask(command, publish, second)
        (told,) = await office.events("security-policy-released")
        assert told.data["bundleDigest"] == "d" * 64
        page = await office.trail(first, actor_id=str(second.subject))
        (record,) = page.items
        assert (record.action, record.organization_id) == ("policy:publish", PLATFORM)

    at_office(tmp_path, check)


def test_questions_at_the_same_time_are_all_written_down(tmp_path: Path) -> None:
    async def check(office: Office) -> None:
        await asyncio.gather(*(office.trail() for _ in range(6)))
        found = await office.records()
        assert [each.sequence for each in found] == list(range(1, 7))
        assert timedelta() <= found[-1].recorded_at - found[0].recorded_at

    at_office(tmp_path, check)
