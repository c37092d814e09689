"""What time does to the trail, and what a hold keeps from it."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from audit_service.generated import models, operations, port
from audit_service.generated.models import AuditStatus
from cloudsync_chassis.context import Context
from cloudsync_chassis.ids import uuid7
from office import DAY, Office, at_office, moment, today

YEAR = timedelta(days=402)


def period(office: Office, day: date, hour: int | None = None) -> models.AuditPeriodRequest:
    return models.AuditPeriodRequest(subject_organization_id=office.customer, day=day, hour=hour)


async def hold(office: Office, person: UUID, **more: Any) -> models.LegalHold:
    known = {"matter": "Case 7", "custodian_ids": [person], "held_from": moment(-3 * YEAR)}
    body = models.PlaceLegalHoldRequest(**{**known, **more})
    request = port.PlaceLegalHold(body=body)
    found = await office.ask(operations.PLACE_LEGAL_HOLD, request, office.officer)
    assert isinstance(found, models.LegalHold)
    return found


async def lift(office: Office, found: models.LegalHold) -> None:
    reason = models.RequestHoldReleaseRequest(release_reason="The case is settled.")
    wish = port.RequestHoldRelease(legal_hold_id=found.id, body=reason)
    await office.ask(operations.REQUEST_HOLD_RELEASE, wish, office.officer)
    other = office.service.caller("compliance-officer", organization=office.customer)
    request = port.ReleaseLegalHold(legal_hold_id=found.id)
    own = operations.RELEASE_LEGAL_HOLD
    assert await office.refused(own, request, office.officer) == "self-approval"
    await office.ask(operations.RELEASE_LEGAL_HOLD, request, other)


async def body_in(office: Office, event_id: UUID, day: date) -> bytes | None:
    return (await office.handlers.archive.read(office.customer, day)).get(event_id)


def test_records_go_when_their_time_is_over_and_money_goes_to_the_archive(tmp_path: Path) -> None:
    async def check(office: Office) -> None:
        day = today()
        gone = await office.tell()
        kept = await office.tell("billing.invoice-issued", {"invoiceNumber": "A-1"})
        await office.sealed()
        before = await office.record(kept)
        office.service.later(YEAR)
        await office.service.tick()
        (record,) = await office.records()
        assert (record.id, record.status) == (kept.id, AuditStatus.archived)
        assert record.archived_at is not None
        assert (record.changes, before.changes is None) == (None, False)
        (told,) = await office.events("audit-archived")
        assert told.data == {
            "subjectOrganizationId": str(office.customer),
            "day": day.isoformat(),
        }
        assert len(await office.events("audit-expired")) == 1
        assert gone.id != record.id
        # the body comes back with the record, and the chain still holds
        request = port.GetAuditRecord(audit_record_id=kept.id)
        found = await office.ask(operations.GET_AUDIT_RECORD, request, office.admin)
        assert found.changes == before.changes
        assert (await office.check(day)).intact is True

    at_office(tmp_path, check)


def test_after_seven_years_nothing_is_left_but_the_seal(tmp_path: Path) -> None:
    async def check(office: Office) -> None:
        day = today()
        kept = await office.tell("billing.invoice-issued", {"invoiceNumber": "A-1"})
        await office.tell()
        await office.sealed()
        office.service.later(YEAR)
        await office.service.tick()
        assert await body_in(office, kept.id, day) is not None
        office.service.later(6 * timedelta(days=366))
        await office.service.tick()
        assert await office.records() == []
        assert await body_in(office, kept.id, day) is None
        found = await office.check(day)
        assert (found.intact, found.records_checked, found.seals_checked) == (True, 0, 1)

        async def links(ctx: Context) -> int:
            return await office.handlers.links.count(ctx)

        assert await office.within(links) == 0

    at_office(tmp_path, check)


def test_a_body_that_was_changed_in_the_archive_is_found(tmp_path: Path) -> None:
    async def check(office: Office) -> None:
        day = today()
        await office.tell("billing.invoice-issued", {"invoiceNumber": "A-1"})
        await office.sealed()
        office.service.later(YEAR)
        await office.service.tick()
        (path,) = (office.state / "buckets" / "audit-archive").rglob("*.jsonl")
        path.write_text(path.read_text("utf-8").replace("A-1", "A-2"), "utf-8")
        assert (await office.check(day)).intact is False

    at_office(tmp_path, check)


def test_a_hold_keeps_what_it_covers_until_two_have_lifted_it(tmp_path: Path) -> None:
    async def check(office: Office) -> None:
        day, person = today(), uuid7()
        theirs = await office.deed(person)
        other = await office.tell()
        found = await hold(office, person)
        assert (await office.events("legal-hold-placed"))[0].data["legalHoldId"] == str(found.id)
        await office.sealed()
        await office.service.tick()
        assert (await office.record(theirs)).status is AuditStatus.held
        assert (await office.record(other)).status is AuditStatus.sealed
        office.service.later(YEAR)
        await office.service.tick()
        left = {each.id for each in await office.records(action="user:update")}
        assert left == {theirs.id}
        assert (await office.check(day)).intact is True
        await lift(office, found)
        await office.service.tick()
        assert (await office.record(theirs)).status is AuditStatus.sealed
        office.service.later(2 * DAY)
        await office.service.tick()
        assert await office.records(action="user:update") == []
        assert (await office.events("legal-hold-released"))[0].data["legalHoldId"] == str(found.id)

    at_office(tmp_path, check)


def test_of_several_holds_the_last_one_frees(tmp_path: Path) -> None:
    async def check(office: Office) -> None:
        person = uuid7()
        theirs = await office.deed(person)
        first, last = await hold(office, person), await hold(office, person, matter="Case 8")
        await office.sealed()
        await office.service.tick()
        await lift(office, first)
        await office.service.tick()
        assert (await office.record(theirs)).status is AuditStatus.held
        await lift(office, last)
        await office.service.tick()
        assert (await office.record(theirs)).status is AuditStatus.sealed

    at_office(tmp_path, check)


def test_a_hold_covers_its_people_and_its_stretch(tmp_path: Path) -> None:
    async def check(office: Office) -> None:
        person = uuid7()
        early = await office.deed(person)
        office.service.later(DAY)
        inside = await office.deed(person)
        begin = moment(-timedelta(minutes=5))
        office.service.later(DAY)
        late = await office.deed(person)
        await hold(office, person, held_from=begin, held_until=moment(-timedelta(hours=1)))
        await office.sealed()
        await office.service.tick()
        states = [(await office.record(each)).status for each in (early, inside, late)]
        assert states == [AuditStatus.sealed, AuditStatus.held, AuditStatus.sealed]

    at_office(tmp_path, check)


def test_an_archived_record_is_held_in_the_archive_and_goes_back_there(tmp_path: Path) -> None:
    async def check(office: Office) -> None:
        day, person = today(), uuid7()
        theirs = await office.deed(person, name="billing.invoice-paid", data={"paidMinor": 7})
        await office.sealed()
        office.service.later(YEAR)
        await office.service.tick()
        found = await hold(office, person)
        await office.service.tick()
        assert (await office.record(theirs)).status is AuditStatus.held
        office.service.later(6 * timedelta(days=366))
        await office.service.tick()
        assert await body_in(office, theirs.id, day) is not None
        assert (await office.record(theirs)).status is AuditStatus.held
        await lift(office, found)
        await office.service.tick()
        assert (await office.record(theirs)).status is AuditStatus.archived
        office.service.later(2 * DAY)
        await office.service.tick()
        assert await office.records(action="invoice:settle") == []
        await office.service.tick("sweep-archive")
        assert await body_in(office, theirs.id, day) is None

    at_office(tmp_path, check)


def test_people_archive_and_expire_a_day_and_are_told_what_keeps_it(tmp_path: Path) -> None:
    async def check(office: Office) -> None:
        day, person = today(), uuid7()
        await office.deed(person)
        await office.deed(person, name="billing.invoice-paid", data={"paidMinor": 7})
        await hold(office, person)
        await office.sealed()
        await office.service.tick()
        archive = (operations.ARCHIVE_RECORDS, port.ArchiveRecords(body=period(office, day)))
        expire = (operations.EXPIRE_RECORDS, port.ExpireRecords(body=period(office, day)))
        young = await office.ask(*expire, office.engineer())
        assert (young.records_touched, young.records_kept) == (0, 0)
        office.service.later(YEAR)
        part = await office.ask(*archive, office.engineer())
        assert (part.records_touched, part.records_kept) == (1, 1)  # the officer's own deed went
        assert await office.refused(*archive, office.engineer()) == "hold-active"
        assert await office.refused(*expire, office.engineer()) == "hold-active"
        assert await office.refused(*expire, office.engineer(uuid7())) == "forbidden"
        free = await office.tell()
        await office.sealed()
        office.service.later(YEAR)
        wish = port.ExpireRecords(body=period(office, free.time.date()))
        done = await office.ask(operations.EXPIRE_RECORDS, wish, office.engineer())
        assert (done.records_touched, done.records_kept) == (1, 0)
        nothing = port.ExpireRecords(body=period(office, date(2020, 1, 1)))
        none = await office.ask(operations.EXPIRE_RECORDS, nothing, office.engineer())
        assert none.records_touched == 0

    at_office(tmp_path, check)


def test_nothing_goes_while_a_broken_chain_is_looked_into(tmp_path: Path) -> None:
    async def check(office: Office) -> None:
        day = today()
        await office.tell()
        second = await office.tell()
        await office.sealed()
        await office.tamper(second.id, resourceId="another")
        await office.check(day)
        office.service.later(YEAR)
        await office.service.tick()
        assert len(await office.records(action="user:update")) == 2
        expire = (operations.EXPIRE_RECORDS, port.ExpireRecords(body=period(office, day)))
        engineer = office.engineer()
        assert await office.refused(*expire, engineer) == "hold-active"
        body = models.OpenInvestigationRequest(
            title="A broken link",
            assignee_id=engineer.subject,
            subject_organization_id=office.customer,
            record_ids=[second.id],
        )
        opened = await office.ask(
            operations.OPEN_INVESTIGATION, port.OpenInvestigation(body=body), engineer
        )
        finding = models.CloseInvestigationRequest(finding="A disk had lost a page.")
        close = port.CloseInvestigation(investigation_id=opened.id, body=finding)
        await office.ask(operations.CLOSE_INVESTIGATION, close, engineer)
        await office.service.tick("expire-days")
        assert await office.records(action="user:update") == []

    at_office(tmp_path, check)


def test_the_flag_stops_retention_everywhere(tmp_path: Path) -> None:
    async def check(office: Office) -> None:
        await office.tell()
        await office.sealed()
        pinned = office.service.runtime.flags.pinned
        pinned["ops.audit.retention"] = False
        office.service.later(YEAR)
        await office.service.tick()
        assert len(await office.records()) == 1
        pinned.clear()
        await office.service.tick("expire-days")
        assert await office.records() == []

    at_office(tmp_path, check)


def test_of_an_address_its_network_is_kept_and_the_chain_holds(tmp_path: Path) -> None:
    async def check(office: Office) -> None:
        day = today()
        await office.trail()
        await office.sealed()
        (record,) = await office.records()
        assert str(record.actor_ip) == "192.0.2.77"
        office.service.later(89 * DAY)
        await office.service.tick()
        assert str((await office.records())[0].actor_ip) == "192.0.2.77"
        office.service.later(3 * DAY)
        await office.service.tick()
        assert str((await office.records())[0].actor_ip) == "192.0.2.0"
        assert (await office.check(day)).intact is True

    at_office(tmp_path, check)
