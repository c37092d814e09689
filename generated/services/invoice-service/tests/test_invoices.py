"""Profiles, drafts, issuing, payments and reminders, through HTTP and by events."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cloudsync_chassis import clock
from cloudsync_chassis.ids import uuid7
from office import DAY, Office, manual, party, play, refused, silent, slug


def test_a_profile_decides_who_bills_and_which_tax(tmp_path: Path) -> None:
    async def scene(at: Office) -> None:
        embargoed = await at.send("POST", "billing-profiles", at.owner, {"party": party("KP")})
        assert slug(embargoed) == "country-embargoed"
        made = await at.profile("DE", "DE123456789")
        assert made["legalEntity"] == "cloudsyncIreland"
        assert made["taxStanding"] == "businessConfirmed"
        twice = await at.send("POST", "billing-profiles", at.owner, {"party": party()})
        assert slug(twice) == "billing-profile-exists"
        draft = await at.draft(10_000)
        assert draft["reverseCharge"]
        assert draft["totalMinor"] == 10_000
        headers = {**at.owner.headers, "If-Match": '"1"'}
        path = f"/v1/billing-profiles/{at.tenant}"
        body = {"party": party("SG")}
        moved = await at.service.http.patch(
            path,
            json=body,
            headers={**headers, "Content-Type": "application/merge-patch+json"},
        )
        assert moved.status_code == 200, moved.text
        assert moved.json()["legalEntity"] == "cloudsyncSingapore"
        assert moved.json()["taxStanding"] == "business"
        assert "taxId" not in moved.json()["party"]
        assert (await at.draft(10_000))["taxMinor"] == 900

    play(tmp_path, scene)


def test_sums_round_half_to_even(tmp_path: Path) -> None:
    async def scene(at: Office) -> None:
        await at.profile()
        lines = [manual(5, "0.5"), manual(15, "0.1"), manual(-2)]
        draft = await at.draft(lines=lines)
        assert [each["amountMinor"] for each in draft["lines"]] == [2, 2, -2]
        assert (draft["subtotalMinor"], draft["discountMinor"]) == (4, 2)
        assert (draft["taxMinor"], draft["totalMinor"]) == (0, 2)

    play(tmp_path, scene)


def test_drafts_by_hand_and_who_may_issue_them(tmp_path: Path) -> None:
    async def scene(at: Office) -> None:
        today = str(clock.now().date())
        wish = {
            "billedOrganizationId": str(at.tenant),
            "servicePeriodStart": today,
            "servicePeriodEnd": str(clock.now().date() + DAY),
            "currency": "eur",
            "lines": [manual(10_000)],
        }
        lonely = await at.send("POST", "invoices", at.writer, wish)
        assert slug(lonely) == "billing-profile-missing"
        await at.profile()
        at.held["status"] = "trialing"
        trial = {**wish, "subscriptionId": at.held["id"]}
        assert slug(await at.send("POST", "invoices", at.writer, trial)) == (
            "subscription-not-billable"
        )
        at.service.answers("subscription-service", "getSubscription", refused(404))
        assert slug(await at.send("POST", "invoices", at.writer, trial)) == (
            "subscription-not-billable"
        )
        draft = await at.draft(10_000)
        path = f"invoices/{draft['id']}"
        big = await at.send("POST", f"{path}/lines", at.writer, manual(5_000_000, "2"))
        assert slug(big) == "line-too-large"
        wrong = await at.send("POST", f"{path}/lines", at.writer, manual(500, kind="discount"))
        assert slug(wrong) == "rule-broken"
        more = await at.post(f"{path}/lines", at.writer, manual(500))
        assert [each["position"] for each in more["lines"]] == [1, 2]
        assert more["totalMinor"] == 12_915
        issue = {"issueOn": today}
        own = await at.send("POST", f"{path}/issue", at.writer, issue)
        assert slug(own) == "self-issue"
        late = {"issueOn": str(clock.now().date() - 8 * DAY)}
        assert slug(await at.send("POST", f"{path}/issue", at.second, late)) == "rule-broken"
        issued = await at.post(f"{path}/issue", at.second, issue)
        assert issued["invoiceNumber"] == f"EU-{clock.now().year}-0000001"
        assert issued["contentHash"].startswith("sha256:")
        again = await at.post(f"{path}/issue", at.second, issue)
        assert again["version"] == issued["version"]
        frozen = await at.send("POST", f"{path}/lines", at.writer, manual(500))
        assert slug(frozen) == "invoice-frozen"
        second = await at.issued(100)
        assert second["sequence"] == 2
        told = await at.said("invoice-issued")
        assert [each["totalMinor"] for each in told] == [12_915, 123]

    play(tmp_path, scene)


def test_a_halt_stops_issuing_and_leaves_no_gap(tmp_path: Path) -> None:
    async def scene(at: Office) -> None:
        await at.profile()
        draft = await at.draft(100)
        issue = {"issueOn": str(clock.now().date())}
        pinned = at.service.runtime.flags.pinned
        pinned["billing.invoice-issuing"] = False
        halted = await at.send("POST", f"invoices/{draft['id']}/issue", at.second, issue)
        assert slug(halted) == "issuing-halted"
        pinned.clear()
        nothing = await at.draft(100, -100, -100)
        bad = await at.send("POST", f"invoices/{nothing['id']}/issue", at.second, issue)
        assert slug(bad) == "totals-mismatch"
        assert (await at.issue(draft))["sequence"] == 1

    play(tmp_path, scene)


def test_the_party_of_a_draft_is_corrected(tmp_path: Path) -> None:
    async def scene(at: Office) -> None:
        await at.profile()
        draft = await at.draft(10_000)
        assert draft["taxMinor"] == 2_300
        body = {"billTo": party("FR", "FR12345678901")}
        path = f"invoices/{draft['id']}/taxes"
        found = await at.send("POST", path, at.writer, body)
        assert found.status_code == 200, found.text
        assert found.json()["reverseCharge"]
        assert found.json()["totalMinor"] == 10_000

    play(tmp_path, scene)


def test_payments_close_an_invoice(tmp_path: Path) -> None:
    async def scene(at: Office) -> None:
        await at.profile()
        invoice = await at.issued(10_000)
        path = f"invoices/{invoice['id']}"
        first = await at.pay(invoice, 2_300)
        await at.pay(invoice, 2_300, first)
        part = await at.get(path)
        assert (part["status"], part["amountDueMinor"]) == ("issued", 10_000)
        assert await at.said("invoice-paid") == []
        await at.pay(invoice, 99_999)
        paid = await at.get(path)
        assert (paid["status"], paid["paidMinor"]) == ("paid", 12_300)
        [told] = await at.said("invoice-paid")
        assert told["stillOverdue"] == 0
        assert len(told["paymentIds"]) == 2
        voided = await at.send("POST", f"{path}/void", at.writer, {"voidReason": "wrongPeriod"})
        assert slug(voided) in ("already-paid", "illegal-transition")

    play(tmp_path, scene)


def test_a_paid_order_gets_one_receipt(tmp_path: Path) -> None:
    async def scene(at: Office) -> None:
        await at.profile()
        order = str(uuid7())
        for _ in range(2):
            await at.tell(
                "payment-processed",
                causeId=order,
                orderId=order,
                paymentId=str(uuid7()),
                purpose="order",
                capturedMinor=12_300,
                currency="eur",
                methodKind="card",
            )
        [receipt] = await at.invoices()
        assert (receipt["status"], receipt["origin"]) == ("paid", "order")
        assert (receipt["subtotalMinor"], receipt["taxMinor"]) == (10_000, 2_300)
        assert receipt["amountDueMinor"] == 0
        assert len(await at.said("invoice-issued")) == 1
        assert len(await at.said("invoice-paid")) == 1

    play(tmp_path, scene)


def test_four_reminders_and_then_the_debt_is_given_up(tmp_path: Path) -> None:
    async def scene(at: Office) -> None:
        await at.profile()
        invoice = await at.issued(10_000)
        path = f"invoices/{invoice['id']}"
        await at.tell(
            "payment-failed",
            causeId=invoice["id"],
            invoiceId=invoice["id"],
            paymentId=str(uuid7()),
            purpose="invoice",
            declineCode="expiredCard",
            retryable=True,
            capturedMinor=0,
            currency="eur",
        )
        assert (await at.get(path))["collectionFailedAt"]
        await at.work()
        assert (await at.get(path))["status"] == "issued"
        for wait in (1, 6, 7, 7):
            at.service.later(wait * DAY)
            await at.work()
            await at.work()
        late = await at.get(path)
        assert (late["status"], late["dunningLevel"]) == ("overdue", 4)
        levels = [each["dunningLevel"] for each in await at.said("invoice-overdue")]
        assert levels == [0, 1, 2, 3, 4]
        attempts = (await at.get(f"{path}/reminders?sort=sentAt"))["items"]
        assert [each["channel"] for each in attempts][:2] == ["email", "inApp"]
        assert "nextAttemptAt" not in attempts[3]
        body = {"writeOffReason": "unreachable"}
        early = await at.send("POST", f"{path}/write-off", at.writer, body)
        assert slug(early) == "reminders-running"
        at.service.later(70 * DAY)
        given_up = await at.send("POST", f"{path}/write-off", at.writer, body)
        assert given_up.json()["status"] == "uncollectible"

    play(tmp_path, scene)


def test_changes_use_and_renewal_become_one_invoice(tmp_path: Path) -> None:
    async def scene(at: Office) -> None:
        await at.profile()
        await at.changed("seats", fromSeatQuantity=8, prorationMinor=1_500)
        await at.changed("price")
        await at.changed("seats", fromSeatQuantity=12, prorationMinor=-500)
        await at.changed("seats", prorationMinor=-900, effectiveAt=at.held["currentPeriodEnd"])
        await at.tell(
            "quota-exceeded",
            subscriptionId=at.held["id"],
            meterCode="api_calls",
            level="soft",
            totalMicros=1,
            limitMicros=1,
            resetsAt=at.held["currentPeriodEnd"],
        )
        closed = {
            "subscriptionId": at.held["id"],
            "usagePeriodId": str(at.period),
            "periodStart": at.held["currentPeriodStart"],
            "periodEnd": at.held["currentPeriodEnd"],
            "totalsMicros": {"api_calls": 150_000_000_000, "unknown_meter": 5},
        }
        await at.tell("usage-period-closed", **closed)
        await at.tell("usage-period-closed", **closed)
        await at.changed("renewal")
        [draft] = await at.invoices()
        facts = [(each["kind"], each["amountMinor"]) for each in draft["lines"]]
        assert facts == [
            ("proration", 1_500),
            ("proration", -500),
            ("metered", 500),
            ("seats", 10_000),
            ("discount", -1_000),
        ]
        assert draft["lines"][2]["quantity"] == "50.000000"
        assert "api_calls" in draft["overageNote"]
        assert draft["totalMinor"] == 10_500 + 2_415
        await at.work()
        assert (await at.invoices())[0]["status"] == "draft"
        at.service.later(DAY)
        await at.work()
        [issued] = await at.invoices()
        assert issued["status"] == "issued"
        assert issued["dueOn"] > issued["issuedOn"]
        [told] = await at.said("invoice-issued")
        assert told["usagePeriodIds"] == [str(at.period)]

    play(tmp_path, scene)


def test_a_correction_of_a_closed_period_is_asked_for(tmp_path: Path) -> None:
    async def scene(at: Office) -> None:
        await at.profile()
        closed = {
            "subscriptionId": at.held["id"],
            "usagePeriodId": str(at.period),
            "periodStart": at.held["currentPeriodStart"],
            "periodEnd": at.held["currentPeriodEnd"],
        }
        first = {"api_calls": 150_000_000_000}
        await at.tell("usage-period-closed", **closed, totalsMicros=first)
        at.totals = {**first, "egress_gib": 510_000_000}
        await at.tell(
            "usage-period-closed", **closed, totalsMicros={"api_calls": 1, "egress_gib": 2}
        )
        [draft] = await at.invoices()
        assert [each["meterCode"] for each in draft["lines"]] == ["api_calls", "egress_gib"]
        assert draft["lines"][1]["amountMinor"] == 80

    play(tmp_path, scene)


def test_less_than_nothing_waits_for_further_lines(tmp_path: Path) -> None:
    async def scene(at: Office) -> None:
        await at.profile()
        await at.changed("plan", fromPlanCode="business-2026", prorationMinor=-700)
        at.service.later(40 * DAY)
        await at.work()
        [draft] = await at.invoices()
        assert (draft["status"], draft["totalMinor"]) == ("draft", 0)
        await at.changed("renewal")
        assert (await at.invoices())[0]["subtotalMinor"] == 9_300

    play(tmp_path, scene)


def test_the_end_is_billed_once(tmp_path: Path) -> None:
    async def scene(at: Office) -> None:
        await at.profile()
        at.totals = {"export_runs": 103_000_000}
        for _ in range(2):
            await at.tell(
                "subscription-cancelled",
                subscriptionId=at.held["id"],
                planCode="team-2026",
                cancellationReason="other",
                endedAt=at.held["currentPeriodEnd"],
                seatQuantity=10,
            )
        [final] = await at.invoices()
        assert (final["origin"], final["subtotalMinor"]) == ("final", 300)

    play(tmp_path, scene)


def test_what_would_be_billed_now(tmp_path: Path) -> None:
    async def scene(at: Office) -> None:
        await at.profile()
        at.totals = {"egress_gib": 510_000_000}
        await at.changed("seats", fromSeatQuantity=8, prorationMinor=1_500)
        path = f"upcoming-invoices/{at.held['id']}"
        found = await at.get(path)
        assert found["subtotal"]["amountMinor"] == 1_500 + 10_000 + 80
        assert len(found["lines"]) == 4
        at.service.answers("usage-service", "GetUsage", silent())
        assert slug(await at.send("GET", path, at.owner)) == "usage-unavailable"

    play(tmp_path, scene)


def test_the_clock_marks_reminds_and_renders(tmp_path: Path) -> None:
    async def scene(at: Office) -> None:
        await at.profile()
        invoice = await at.issued(10_000)
        await at.service.tick()
        assert (await at.get(f"invoices/{invoice['id']}"))["documentKey"]
        at.service.later(DAY)
        young = await at.issued(10_000)
        await at.service.tick()
        late = await at.get(f"invoices/{invoice['id']}")
        assert (late["status"], late["dunningLevel"]) == ("overdue", 1)
        fresh = await at.get(f"invoices/{young['id']}")
        assert (fresh["status"], fresh["dunningLevel"]) == ("issued", 0)
        at.service.later(5 * DAY)
        await at.service.tick()
        assert (await at.get(f"invoices/{invoice['id']}"))["dunningLevel"] == 1
        at.service.later(DAY)
        await at.service.tick()
        assert (await at.get(f"invoices/{invoice['id']}"))["dunningLevel"] == 2
        told = await at.said("invoice-overdue")
        mine = [each["dunningLevel"] for each in told if each["invoiceId"] == invoice["id"]]
        assert mine == [0, 1, 2]

    play(tmp_path, scene)


def test_reminders_that_are_late_come_a_day_apart(tmp_path: Path) -> None:
    async def scene(at: Office) -> None:
        await at.profile()
        invoice = await at.issued(10_000)
        at.service.later(30 * DAY)
        for level in (1, 1, 1, 2):
            await at.service.tick()
            found = await at.get(f"invoices/{invoice['id']}")
            assert (found["status"], found["dunningLevel"]) == ("overdue", level)
            at.service.later(DAY / 3 + DAY / 72)

    play(tmp_path, scene)


def test_identifiers_are_confirmed_again(tmp_path: Path) -> None:
    async def scene(at: Office) -> None:
        class Silent:
            async def confirms(self, tax_id: str, country: str) -> bool:
                return False

        await at.profile("DE", "DE123456789")
        path = f"billing-profiles/{at.tenant}"
        at.handlers.register = Silent()
        at.service.later(89 * DAY)
        await at.service.tick()
        assert (await at.get(path))["taxStanding"] == "businessConfirmed"
        at.service.later(2 * DAY)
        await at.service.tick()
        now = await at.get(path)
        assert now["taxStanding"] == "business"
        assert "taxIdConfirmedAt" not in now

    play(tmp_path, scene)


def test_documents_are_rendered_and_their_addresses_lapse(tmp_path: Path) -> None:
    async def scene(at: Office) -> None:
        await at.profile()
        invoice = await at.issued(10_000)
        path = f"invoices/{invoice['id']}/document"
        early = await at.send("GET", path, at.owner)
        assert slug(early) == "document-not-ready"
        assert early.headers["Retry-After"] == "60"
        await at.work()
        link = await at.get(path)
        store: Any = at.handlers.documents
        content = store.opened(link["address"], clock.now())
        assert content is not None
        assert content.startswith(b"%PDF-1.4")
        assert invoice["invoiceNumber"].encode() in content
        assert rb"Acme \(Holdings\) Ltd" in content
        assert store.opened(link["address"] + "0", clock.now()) is None
        assert store.opened(link["address"], clock.now() + DAY) is None
        other = await at.get(f"{path}?format=en16931")
        parsed = store.opened(other["address"], clock.now())
        assert parsed is not None
        assert b">123.00</" in parsed

    play(tmp_path, scene)
