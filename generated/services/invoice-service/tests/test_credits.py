"""Objections and credit notes, through HTTP and by events."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cloudsync_chassis.ids import uuid7
from office import DAY, Office, play, slug

OBJECTION = {"linePositions": [1], "statement": "We never ordered these days of training."}


async def credit(at: Office, invoice: Any, amount: int, by: Any = None) -> Any:
    body = {"amountMinor": amount, "reason": "goodwill"}
    return await at.send("POST", f"invoices/{invoice['id']}/credit-notes", by or at.writer, body)


def test_a_small_credit_counts_at_once(tmp_path: Path) -> None:
    async def scene(at: Office) -> None:
        await at.profile()
        draft = await at.draft(100)
        assert slug(await credit(at, draft, 10)) == "invoice-not-issued"
        invoice = await at.issued(10_000)
        note = (await credit(at, invoice, 1_230)).json()
        assert note["state"] == "issued"
        assert note["creditNoteNumber"].startswith("CN-EU-")
        assert note["taxShareMinor"] == 230
        now = await at.get(f"invoices/{invoice['id']}")
        assert (now["creditedMinor"], now["amountDueMinor"]) == (1_230, 11_070)
        [told] = await at.said("credit-note-issued")
        assert told["invoiceId"] == invoice["id"]
        assert told["creditNoteId"] == note["id"]
        assert slug(await credit(at, invoice, 11_071)) == "credit-exceeds-billed"
        assert (await credit(at, invoice, 11_070)).status_code == 201
        assert (await at.get(f"invoices/{invoice['id']}"))["status"] == "paid"
        assert len(await at.said("invoice-paid")) == 1

    play(tmp_path, scene)


def test_a_credit_beyond_what_is_due_stands_to_the_account(tmp_path: Path) -> None:
    async def scene(at: Office) -> None:
        await at.profile()
        invoice = await at.issued(10_000)
        await at.pay(invoice, 12_300)
        note = (await credit(at, invoice, 300)).json()
        assert note["accountCreditMinor"] == 300
        assert (await at.said("credit-note-issued"))[0]["accountCreditMinor"] == 300

    play(tmp_path, scene)


def test_a_large_credit_needs_two_people(tmp_path: Path) -> None:
    async def scene(at: Office) -> None:
        await at.profile()
        invoice = await at.issued(1_000_000)
        note = (await credit(at, invoice, 600_000)).json()
        assert note["state"] == "requested"
        assert "creditNoteNumber" not in note
        assert await at.said("credit-note-issued") == []
        assert slug(await credit(at, invoice, 700_000)) == "credit-exceeds-billed"
        path = f"invoices/{invoice['id']}/credit-notes/{note['id']}/approval"
        assert slug(await at.send("POST", path, at.writer)) == "self-approval"
        for _ in range(2):
            answer = await at.send("POST", path, at.second)
            assert answer.json()["state"] == "issued", answer.text
        assert len(await at.said("credit-note-issued")) == 1
        assert (await at.get(f"invoices/{invoice['id']}"))["creditedMinor"] == 600_000
        other = (await credit(at, invoice, 550_000)).json()
        path = f"invoices/{invoice['id']}/credit-notes/{other['id']}"
        assert (await at.send("DELETE", path, at.writer)).status_code < 300
        assert slug(await at.send("POST", f"{path}/approval", at.second)) == "illegal-transition"

    play(tmp_path, scene)


def test_an_objection_stops_reminders_until_it_is_answered(tmp_path: Path) -> None:
    async def scene(at: Office) -> None:
        await at.profile()
        invoice = await at.issued(10_000)
        path = f"invoices/{invoice['id']}"
        unknown = {**OBJECTION, "linePositions": [7]}
        assert slug(await at.send("POST", f"{path}/disputes", at.owner, unknown)) == "line-unknown"
        dispute = await at.post(f"{path}/disputes", at.owner, OBJECTION)
        again = await at.send("POST", f"{path}/disputes", at.owner, OBJECTION)
        assert slug(again) == "dispute-open"
        await at.settled()
        assert (await at.get(path))["status"] == "disputed"
        assert (await at.said("invoice-disputed"))[0]["invoiceId"] == invoice["id"]
        at.service.later(10 * DAY)
        await at.work()
        assert (await at.get(path))["dunningLevel"] == 0
        answer = {"outcome": "dismissed", "resolution": "The order is signed by you."}
        solved = await at.send(
            "POST", f"{path}/disputes/{dispute['id']}/resolution", at.writer, answer
        )
        assert solved.json()["state"] == "dismissed", solved.text
        await at.settled()
        assert (await at.get(path))["status"] == "issued"
        await at.work()
        assert (await at.get(path))["status"] == "overdue"

    play(tmp_path, scene)


def test_an_answer_that_overtakes_the_objection(tmp_path: Path) -> None:
    async def scene(at: Office) -> None:
        await at.profile()
        invoice = await at.issued(10_000)
        said = {
            "invoiceId": invoice["id"],
            "invoiceDisputeId": str(uuid7()),
            "linePositions": [1],
            "openedBy": str(uuid7()),
        }
        await at.tell("invoice-disputed", **said)
        assert (await at.get(f"invoices/{invoice['id']}"))["status"] == "issued"

    play(tmp_path, scene)


def test_objections_come_within_sixty_days(tmp_path: Path) -> None:
    async def scene(at: Office) -> None:
        await at.profile()
        draft = await at.draft(100)
        path = f"invoices/{draft['id']}/disputes"
        assert slug(await at.send("POST", path, at.owner, OBJECTION)) == "invoice-not-issued"
        await at.issue(draft)
        at.service.later(61 * DAY)
        assert slug(await at.send("POST", path, at.owner, OBJECTION)) == "dispute-window-closed"

    play(tmp_path, scene)


def test_a_void_invoice_is_credited_once(tmp_path: Path) -> None:
    async def scene(at: Office) -> None:
        await at.profile()
        invoice = await at.issued(1_000_000)
        path = f"invoices/{invoice['id']}"
        voided = await at.send("POST", f"{path}/void", at.writer, {"voidReason": "wrongCustomer"})
        assert voided.json()["status"] == "void", voided.text
        await at.settled()
        await at.tell(
            "invoice-voided",
            invoiceId=invoice["id"],
            voidReason="wrongCustomer",
            totalMinor=1_230_000,
            currency="eur",
        )
        [note] = (await at.get(f"{path}/credit-notes"))["items"]
        assert (note["reason"], note["amountMinor"]) == ("cancellation", 1_230_000)
        assert (await at.get(path))["amountDueMinor"] == 0

    play(tmp_path, scene)


def test_a_refund_is_documented_once(tmp_path: Path) -> None:
    async def scene(at: Office) -> None:
        await at.profile()
        invoice = await at.issued(10_000)
        payment = await at.pay(invoice, 12_300)
        refund = str(uuid7())
        for _ in range(2):
            await at.tell(
                "payment-refunded",
                causeId=invoice["id"],
                paymentId=str(payment),
                refundId=refund,
                amountMinor=2_300,
                currency="eur",
                reason="slaCredit",
            )
        [note] = (await at.get(f"invoices/{invoice['id']}/credit-notes"))["items"]
        assert (note["reason"], note["refundId"]) == ("refund", refund)
        now = await at.get(f"invoices/{invoice['id']}")
        assert (now["paidMinor"], now["creditedMinor"]) == (10_000, 2_300)
        assert now["status"] == "paid"

    play(tmp_path, scene)
