"""What billing and user-service tell, in any order and twice."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from org_service.generated import models
from org_town import slug, soon, town

pytestmark = pytest.mark.anyio

CHANGE = {"lastChange": "seats", "status": "active"}
BILL = {"amountDueMinor": 1, "currency": "usd"}
PAID = {
    "invoiceNumber": "US-2026-0000001",
    "paidMinor": 1,
    "currency": "usd",
    "paymentIds": [],
    "stillOverdue": 0,
}


async def test_marks_come_and_go_and_late_news_change_nothing(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        ann = await made.join()
        for _ in range(2):
            await made.tell("user-suspended", userId=ann.subject, reason="adminAction")
        assert "suspendedAt" in await made.member(ann.subject)
        await made.tell("user-reinstated", userId=ann.subject)
        assert "suspendedAt" not in await made.member(ann.subject)
        made.service.later(timedelta(hours=-1))
        await made.tell("user-suspended", userId=ann.subject, reason="adminAction")
        assert "suspendedAt" not in await made.member(ann.subject)


async def test_leavers_give_seats_back_and_take_them_again(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        ann = await made.join(role="orgAdmin")
        for _ in range(2):
            await made.tell("user-deactivated", userId=ann.subject)
        assert (await made.organization())["seatsTaken"] == 1
        assert "restingSince" in await made.member(ann.subject)
        for _ in range(9):
            await made.join()
        await made.tell("user-reactivated", userId=ann.subject)
        assert "restingSince" in await made.member(ann.subject)
        notices = tmp_path / "org-service" / "notices" / f"{made.id}.txt"
        assert str(ann.subject) in notices.read_text()
        gone = (await made.get(f"{made.place}/members?role=member"))["items"][0]
        await made.ask("DELETE", f"{made.place}/members/{gone['userId']}")
        await made.tell("user-reactivated", userId=ann.subject)
        woken = await made.member(ann.subject)
        assert ("restingSince" in woken, woken["role"]) == (False, "orgAdmin")
        assert (await made.organization())["seatsTaken"] == 10


async def test_an_erasure_ends_everything_and_is_reported(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        sent = {"inviteeEmails": ["ann@example.org"]}
        await made.ask("POST", f"{made.place}/invitations", sent)
        ann = uuid4()
        body = {"token": made.mails()[0]["token"], "userId": str(ann)}
        assert (await made.ask("POST", "/v1/invitations/accept", body)).status_code == 403
        guest = made.caller("guest", ann)
        assert (await made.ask("POST", "/v1/invitations/accept", body, by=guest)).is_success
        team = {"handle": "ops", "teamName": "Ops", "leadUserIds": [str(made.owner.subject)]}
        path = f"/v1/teams/{(await made.ask('POST', '/v1/teams', team)).json()['id']}"
        await made.ask("POST", f"{path}/members", {"userIds": [str(ann)]})
        request = uuid4()
        for _ in range(2):
            await made.tell("user-deleted", userId=ann, erasureRequestId=request)
        assert (await made.ask("GET", f"{made.place}/members/{ann}")).status_code == 404
        done = [each.data for each in await made.events("membership-erasure-completed")]
        assert [each["erasedItems"] for each in done] == [3, 0]
        assert {(each["userId"], each["store"]) for each in done} == {(str(ann), "organizations")}
        listed = await made.get(f"{made.place}/invitations")
        assert "ann@example.org" not in str(listed)
        assert (await made.organization())["seatsTaken"] == 1
        assert len(await made.events("team-member-removed")) == 1


async def test_merged_accounts_are_one_member(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        ann, old = await made.join(), await made.join(role="orgAdmin")
        body = {"handle": "ops", "teamName": "Ops", "leadUserIds": [str(old.subject)]}
        team = f"/v1/teams/{(await made.ask('POST', '/v1/teams', body)).json()['id']}"
        await made.ask("POST", f"{team}/members", {"userIds": [str(old.subject)]})
        for _ in range(2):
            await made.tell(
                "user-merged", userId=ann.subject, survivorId=ann.subject, absorbedId=old.subject
            )
        kept = await made.member(ann.subject)
        assert (kept["role"], len(kept["teamIds"])) == ("member", 1)
        assert (await made.get(team))["leadUserIds"] == [str(ann.subject)]
        assert (await made.organization())["seatsTaken"] == 2
        removed = (await made.events("member-removed"))[-1].data
        assert removed["endReason"] == "merged"
        assert removed["successorUserId"] == str(ann.subject)
        new = uuid4()
        await made.tell("user-merged", userId=new, survivorId=new, absorbedId=made.owner.subject)
        assert (await made.member(new))["role"] == "orgOwner"
        assert (await made.organization())["ownerUserId"] == str(new)
        assert (await made.events("member-joined"))[-1].data["userId"] == str(new)


async def test_edition_and_seats_follow_the_subscription(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        await made.subscribe(50, "enterprise-2026", line="developerPlatform")
        assert (await made.organization())["edition"] == "free"
        followed = await made.subscribe(50, "starter-2026")
        found = await made.organization()
        assert (found["edition"], found["seatLimit"]) == ("team", 50)
        for _ in range(11):
            await made.join()
        change = {**CHANGE, "currentPeriodEnd": soon(days=9), "planCode": "business-2026"}
        name = "subscription-changed"
        await made.tell(name, subscriptionId=uuid4(), seatQuantity=1, **change)
        assert (await made.organization())["seatLimit"] == 50
        await made.tell(name, subscriptionId=followed, seatQuantity=11, **change)
        found = await made.organization()
        assert (found["status"], found["restrictedReason"]) == ("restricted", "seatsExceeded")
        assert (found["edition"], found["seatLimit"]) == ("business", 11)
        refused = await made.ask("POST", f"{made.place}/members", {"userId": str(uuid4())})
        assert slug(refused) == "409 condition-not-met"
        gone = (await made.get(f"{made.place}/members?role=member"))["items"][0]
        await made.ask("DELETE", f"{made.place}/members/{gone['userId']}")
        assert (await made.organization())["status"] == "active"
        assert len(await made.events("organization-unrestricted")) == 1
        ended = {"cancellationReason": "other", "endedAt": soon(days=0), "seatQuantity": 11}
        for _ in range(2):
            await made.tell(
                "subscription-cancelled", subscriptionId=followed, planCode="team-2026", **ended
            )
        found = await made.organization()
        assert (found["edition"], found["seatLimit"]) == ("free", 10)
        assert found["restrictedReason"] == "seatsExceeded"
        assert len(await made.events("organization-restricted")) == 2
        await made.subscribe(20, subscription=followed)
        assert (await made.organization())["edition"] == "free"
        await made.subscribe(20)
        assert (await made.organization())["status"] == "active"


async def test_a_change_waits_for_its_moment(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        followed = await made.subscribe(50)
        await made.tell(
            "subscription-changed",
            subscriptionId=followed,
            seatQuantity=20,
            planCode="team-2026",
            currentPeriodEnd=soon(days=9),
            effectiveAt=soon(days=9),
            **CHANGE,
        )
        await made.service.tick()
        assert (await made.organization())["seatLimit"] == 50
        made.service.later(timedelta(days=10))
        await made.service.tick()
        assert (await made.organization())["seatLimit"] == 20


async def test_debtors_cannot_write_until_the_last_invoice_is_paid(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        first, second, early = uuid4(), uuid4(), uuid4()
        await made.tell("invoice-overdue", invoiceId=first, dunningLevel=3, **BILL)
        assert (await made.organization())["status"] == "active"
        for invoice in (first, second, first):
            await made.tell("invoice-overdue", invoiceId=invoice, dunningLevel=4, **BILL)
        found = await made.organization()
        assert (found["status"], found["restrictedReason"]) == ("restricted", "paymentOverdue")
        assert found["overdueInvoiceIds"] == [str(first), str(second)]
        await made.tell("invoice-paid", invoiceId=first, **PAID)
        assert (await made.organization())["status"] == "restricted"
        void = {"voidReason": "wrongTax", "totalMinor": 1, "currency": "usd"}
        for _ in range(2):
            await made.tell("invoice-voided", invoiceId=second, **void)
        assert (await made.organization())["status"] == "active"
        assert len(await made.events("organization-restricted")) == 1
        await made.tell("invoice-paid", invoiceId=early, **PAID)
        await made.tell("invoice-overdue", invoiceId=early, dunningLevel=4, **BILL)
        assert (await made.organization())["status"] == "active"


async def test_a_paid_tenant_with_too_many_people_stays_read_only(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        followed = await made.subscribe(20)
        for _ in range(11):
            await made.join()
        invoice = uuid4()
        await made.tell("invoice-overdue", invoiceId=invoice, dunningLevel=4, **BILL)
        ended = {"cancellationReason": "nonPayment", "endedAt": soon(days=0), "seatQuantity": 20}
        await made.tell(
            "subscription-cancelled", subscriptionId=followed, planCode="team-2026", **ended
        )
        assert (await made.organization())["restrictedReason"] == "paymentOverdue"
        await made.tell("invoice-paid", invoiceId=invoice, **PAID)
        assert (await made.organization())["restrictedReason"] == "seatsExceeded"
        reasons = [
            each.data["restrictedReason"] for each in await made.events("organization-restricted")
        ]
        assert reasons == [models.RestrictionReason.payment_overdue, "seatsExceeded"]
