"""Hours are sealed, stretches verified, and whatever does not hold is told."""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from audit_service import chain
from audit_service.generated import models, operations, port
from audit_service.generated.models import AuditStatus
from cloudsync_chassis.context import Context
from cloudsync_chassis.ids import PLATFORM, uuid7
from office import DAY, HOUR, Office, at_office, today


def test_roots_are_those_of_rfc_9162() -> None:
    leaves = [hashlib.sha256(bytes([n])).hexdigest() for n in range(3)]
    leaf = [hashlib.sha256(b"\0" + bytes.fromhex(each)).digest() for each in leaves]
    pair = hashlib.sha256(b"\1" + leaf[0] + leaf[1]).digest()
    assert chain.root(leaves[:1]) == leaf[0].hex()
    assert chain.root(leaves[:2]) == pair.hex()
    assert chain.root(leaves) == hashlib.sha256(b"\1" + pair + leaf[2]).hexdigest()
    assert chain.root(leaves) != chain.root(leaves[::-1])


def test_networks_are_a_24th_and_a_48th() -> None:
    assert str(chain.network(ip_address("192.0.2.77"))) == "192.0.2.0"
    assert str(chain.network(ip_address("2001:db8:7:8::9"))) == "2001:db8:7::"


def test_an_hour_is_sealed_once_it_is_over(tmp_path: Path) -> None:
    async def check(office: Office) -> None:
        for _ in range(3):
            await office.tell()
        await office.service.tick()
        assert {each.status for each in await office.records()} == {AuditStatus.recorded}
        await office.sealed()
        records = await office.records()
        assert {each.status for each in records} == {AuditStatus.sealed}
        (told,) = await office.events("audit-sealed")
        root = chain.root([each.hash for each in records])
        assert (told.data["recordCount"], told.data["merkleRoot"]) == (3, root)
        assert (told.data["hour"], told.data["day"]) == (12, today().isoformat())
        await office.service.tick("seal-hours")
        assert len(await office.events("audit-sealed")) == 1
        await office.tell()
        office.service.later(HOUR + timedelta(minutes=2))
        await office.service.tick("measure-unsealed-hours")
        assert await office.measured("audit_unsealed_hours") == 1
        await office.service.tick("seal-hours")
        await office.service.tick("measure-unsealed-hours")
        assert await office.measured("audit_unsealed_hours") == 0

    at_office(tmp_path, check)


def test_an_engineer_closes_an_hour_that_got_stuck(tmp_path: Path) -> None:
    async def check(office: Office) -> None:
        await office.tell()
        wish = models.AuditPeriodRequest(
            subject_organization_id=office.customer, day=today(), hour=12
        )
        seal, request = operations.SEAL_RECORDS, port.SealRecords(body=wish)
        assert await office.refused(seal, request, office.engineer()) == "sequence-gap"
        office.service.later(HOUR + timedelta(minutes=2))
        assert await office.refused(seal, request, office.engineer(uuid7())) == "forbidden"
        done = await office.ask(seal, request, office.engineer())
        assert (done.records_touched, done.records_kept) == (1, 0)
        again = await office.ask(seal, request, office.engineer())
        assert again.records_touched == 0
        # what somebody of the platform did stands in the customer's own trail
        told = (await office.records(action="audit:seal"))[0]
        assert (told.actor_type, str(told.actor_ip)) == ("support", "192.0.2.77")

    at_office(tmp_path, check)


def test_a_missing_number_may_still_arrive_for_a_while(tmp_path: Path) -> None:
    async def check(office: Office) -> None:
        events = [await office.tell() for _ in range(3)]
        await office.tamper(events[1].id)
        await office.sealed()
        assert await office.events("audit-sealed") == []
        assert await office.events("tampering-detected") == []
        office.service.later(2 * HOUR)
        await office.service.tick()
        assert await office.events("audit-sealed") == []
        (told,) = await office.events("tampering-detected")
        first, last = await office.records()
        assert told.data == {
            "subjectOrganizationId": str(office.customer),
            "sequence": 2,
            "expectedHash": last.previous_hash,
            "foundHash": chain.FIRST,
        }
        assert first.sequence == 1
        page = (office.state / "audit-service" / "pager.txt").read_text()
        assert f"tampering-detected {office.customer}" in page

    at_office(tmp_path, check)


def test_an_untouched_stretch_holds(tmp_path: Path) -> None:
    async def check(office: Office) -> None:
        first = today()
        for _ in range(3):
            await office.tell()
            await office.tell()
            office.service.later(5 * HOUR)
        office.service.later(HOUR)
        await office.service.tick()
        found = await office.check(first, today())
        assert (found.intact, found.broken_at) == (True, None)
        assert (found.records_checked, found.seals_checked) == (6, 3)
        assert len(await office.records(action="audit:read")) == 1

    at_office(tmp_path, check)


@pytest.mark.parametrize(
    ("place", "fields", "broken"),
    [
        (1, {"resourceId": "another"}, 2),
        (1, {"outcome": "failure", "hash": "c" * 64}, 2),
        (0, {}, 1),
        (1, {}, 2),
        (2, {}, 3),
        (2, {"sequence": 9}, 3),
        (2, {"sequence": 2}, 2),
    ],
)
def test_tampering_is_found(
    tmp_path: Path, place: int, fields: dict[str, object], broken: int
) -> None:
    async def check(office: Office) -> None:
        day = today()
        events = [await office.tell() for _ in range(3)]
        await office.sealed()
        await office.tamper(events[place].id, **fields)
        found = await office.check(day)
        assert (found.intact, found.broken_at) == (False, broken)
        (told,) = await office.events("tampering-detected")
        assert told.data["sequence"] == broken
        assert told.organization_id == office.customer
        await office.check(day)
        assert len(await office.events("tampering-detected")) == 1

    at_office(tmp_path, check)


def test_a_whole_hour_with_hashes_made_anew_does_not_fit_its_seal(tmp_path: Path) -> None:
    async def check(office: Office) -> None:
        day = today()
        event = await office.tell()
        await office.sealed()
        record = (await office.record(event)).model_copy(update={"resource_id": "another"})
        forged = chain.digest(record)
        await office.tamper(event.id, resourceId="another", hash=forged)
        assert (await office.check(day)).intact is False

    at_office(tmp_path, check)


def test_a_forged_signature_is_found(tmp_path: Path) -> None:
    async def check(office: Office) -> None:
        day = today()
        await office.tell()
        await office.sealed()

        async def forge(ctx: Context) -> None:
            seal = await office.handlers.audit_seal.find(ctx, day=day)
            assert seal is not None
            wrong = {"signature": base64.b64encode(b"x" * 64).decode()}
            await office.handlers.audit_seal.rewrite(ctx, seal, wrong)

        await office.within(forge)
        found = await office.check(day)
        assert (found.intact, found.broken_at) == (False, 1)

    at_office(tmp_path, check)


def test_an_hour_that_is_over_and_has_no_seal_cannot_be_verified(tmp_path: Path) -> None:
    async def check(office: Office) -> None:
        await office.tell()
        wish = models.ChainCheckRequest(from_day=today(), to_day=today())
        request = port.VerifyChain(body=wish)
        asked = operations.VERIFY_CHAIN
        assert (await office.ask(asked, request, office.officer)).seals_checked == 0
        office.service.later(HOUR + timedelta(minutes=2))
        assert await office.refused(asked, request, office.officer) == "seal-missing"
        long = models.ChainCheckRequest(from_day=today() - 40 * DAY, to_day=today())
        request = port.VerifyChain(body=long)
        assert await office.refused(asked, request, office.officer) == "validation-failed"
        turned = models.ChainCheckRequest(from_day=today(), to_day=today() - DAY)
        request = port.VerifyChain(body=turned)
        assert await office.refused(asked, request, office.officer) == "validation-failed"

    at_office(tmp_path, check)


def test_a_report_of_another_service_is_announced_once(tmp_path: Path) -> None:
    async def check(office: Office) -> None:
        body = models.ReportTamperingRequest(
            subject_organization_id=office.customer,
            sequence=4,
            expected_hash="a" * 64,
            found_hash="b" * 64,
        )
        request = port.ReportTampering(body=body)
        for _ in range(2):
            await office.within(lambda ctx: office.handlers.report_tampering(ctx, request))
        (told,) = await office.events("tampering-detected")
        assert told.subject == str(office.customer)
        assert told.organization_id == office.customer != PLATFORM

    at_office(tmp_path, check)
