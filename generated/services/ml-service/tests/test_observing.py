"""What events teach: features, bands, labels, and what is forgotten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cloudsync_chassis import clock
from cloudsync_chassis.context import Context
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.problem import Problem
from desk import VIEW, Desk, now, played, rows, text
from ml_service import snapshots
from ml_service.base import PLATFORM
from ml_service.features import features, login_risk, with_mark
from ml_service.generated import models, port
from ml_service.memory import Mark, Sample

AT = datetime(2030, 1, 2, tzinfo=UTC)


def test_marks_become_numbers_and_old_ones_go() -> None:
    marks: list[Mark] = []
    for ago, kind, value, label in (
        (timedelta(days=61), "captured", 9.0, ""),
        (timedelta(days=3), "captured", 10.0, ""),
        (timedelta(hours=2), "failed", 1.0, "a"),
        (timedelta(minutes=5), "failed", 1.0, "a"),
        (timedelta(minutes=4), "failed", 1.0, "b"),
        (timedelta(hours=3), "signed-in", 30.0, "AT"),
        (timedelta(), "signed-in", 40.0, "DE"),
    ):
        marks = with_mark(marks, Mark(at=AT - ago, kind=kind, value=value, label=label))
    found = features(marks, AT)
    assert (found["failures_hour"], found["failures_day"]) == (2, 3)
    assert found["subjects_failing_hour"] == 2
    assert (found["countries_day"], found["risk_last"]) == (2, 40)
    assert (found["amount_last"], found["amount_mean"]) == (10, 10)
    assert len(marks) == 6
    for place in range(300):
        marks = with_mark(marks, Mark(at=AT + timedelta(seconds=place), kind="failed"))
    assert len(marks) == 200
    assert login_risk({}) < login_risk(found) < login_risk({**found, "stolen_day": 1.0}) <= 1


async def _sign_in(at: Desk, person: str, risk: int = 0, country: str = "AT") -> str:
    session = str(uuid7())
    await at.tell(
        "user.login-succeeded",
        sessionId=session,
        userId=person,
        channel="browser",
        authMethods=["password"],
        assuranceLevel="aal1",
        countryCode=country,
        riskScore=risk,
    )
    return session


async def _samples(at: Desk, key: str) -> list[Sample]:
    async def found(ctx: Context) -> list[Sample]:
        return [each async for each in at.handlers.samples.each(ctx, modelKey=key)]

    return list(await at.inside(found))


def test_a_stolen_session_raises_the_band_and_teaches(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        person = str(uuid7())
        session = await _sign_in(at, person)
        assert await at.said("login-risk-band-changed") == []
        for _ in range(4):
            await at.tell(
                "user.login-failed",
                sessionId=str(uuid7()),
                userId=person,
                identifierHash="ab" * 32,
                cause="wrongSecret",
                countryCode="AT",
                attempt=1,
            )
        await _sign_in(at, person, 60)
        revoked = {"sessionId": session, "userId": person}
        await at.tell("user.session-revoked", **revoked, reason="logout")
        (elevated,) = await at.said("login-risk-band-changed")
        assert (elevated["userId"], elevated["band"]) == (person, "elevated")
        await at.tell("user.session-revoked", **revoked, reason="tokenReuse")
        bands = [each["band"] for each in await at.said("login-risk-band-changed")]
        assert bands == ["elevated", "high"]
        until = datetime.fromisoformat(elevated["validUntil"])
        assert until <= clock.now() + timedelta(days=1)
        assert [each.label for each in await _samples(at, "login-risk")] == [1.0, 0.0]
        assert all(person not in str(each) for each in await _samples(at, "login-risk"))
        at.service.later(timedelta(days=2))
        await _sign_in(at, person)
        assert [e["band"] for e in await at.said("login-risk-band-changed")] == bands

    played(tmp_path, play)


def test_a_spray_over_many_accounts_shows_in_all_of_them(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        for place in range(10):
            await at.tell(
                "user.login-failed",
                sessionId=str(uuid7()),
                identifierHash=f"{place:064x}",
                cause="unknownIdentifier",
                countryCode="AT",
                attempt=1,
            )
        await _sign_in(at, str(uuid7()), 40)
        (sample,) = await _samples(at, "login-risk")
        assert sample.features["subjects_failing_hour"] == 10
        assert [each["band"] for each in await at.said("login-risk-band-changed")] == ["elevated"]

    played(tmp_path, play)


async def _paid(at: Desk, payment: str) -> None:
    await at.tell(
        "billing.payment-processed",
        causeId=str(uuid7()),
        paymentId=payment,
        purpose="invoice",
        capturedMinor=500,
        currency="eur",
        methodKind="card",
    )


async def _disputed(at: Desk, payment: str) -> None:
    await at.tell(
        "billing.payment-disputed",
        causeId=str(uuid7()),
        paymentId=payment,
        disputeId=str(uuid7()),
        amountMinor=500,
        currency="eur",
        evidenceDueAt=text(now()),
    )


def test_a_dispute_overrules_a_capture_and_waits_to_be_learnt_from(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        await at.serving()
        judged = await at.predict()
        await at.service.settle()
        await _paid(at, judged["requestId"])

        async def outcome(ctx: Context) -> Any:
            found = await at.handlers.prediction.find(ctx, id=judged["predictionId"])
            return found.outcome if found is not None else None

        assert await at.inside(outcome) == 0
        await _disputed(at, judged["requestId"])
        await _paid(at, judged["requestId"])
        assert await at.inside(outcome) == 1
        await _paid(at, str(uuid7()))
        labels = [each.label for each in await _samples(at, "payment-risk")]
        assert labels == [1.0, 0.0]
        today = now().date()
        snapshot = uuid7()
        dataset = models.TrainingDataset(
            snapshot_id=snapshot, rows=10_000, first_day=today, last_day=today
        )

        async def draw(ctx: Context) -> None:
            await at.handlers.draw_snapshot(ctx, port.DrawSnapshot(body=dataset))

        await at.inside(draw, PLATFORM)
        drawn = snapshots.rows_of(at.handlers.bucket, snapshot)
        assert [each.label for each in drawn] == [0.0]
        at.service.later(timedelta(days=31))
        await at.inside(draw)
        drawn = snapshots.rows_of(at.handlers.bucket, snapshot)
        assert sorted(each.label for each in drawn) == [0.0, 1.0]
        assert {each.tenant for each in drawn} == {str(at.tenant)}

    played(tmp_path, play, sampling_percent=100)


def test_the_end_of_a_subscription_warns_of_the_sixty_days_before(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        subscription = str(uuid7())
        changed = {
            "subscriptionId": subscription,
            "lastChange": "seats",
            "planCode": "team-2026",
            "status": "active",
            "currentPeriodEnd": text(now()),
        }
        await at.tell("billing.subscription-changed", **changed, seatQuantity=20)
        at.service.later(timedelta(days=70))
        late = {**changed, "status": "pastDue"}
        await at.tell("billing.subscription-changed", **late, seatQuantity=5)
        await at.tell(
            "billing.subscription-cancelled",
            subscriptionId=subscription,
            planCode="team-2026",
            cancellationReason="other",
            endedAt=text(now()),
            seatQuantity=5,
        )
        first, last = await _samples(at, "churn")
        assert (first.label, last.label) == (0.0, 1.0)
        assert last.features["past_due_sixty_days"] == 1

    played(tmp_path, play)


def test_views_choose_among_what_is_known(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        await at.done("DefineFeatureView", at.engineer, **VIEW)
        twice = {**VIEW, "viewNumber": 2, "features": [VIEW["features"][0]] * 2}
        assert await at.refused("DefineFeatureView", at.engineer, **twice) == "invariant-broken"
        await _disputed(at, str(uuid7()))

        async def ref(ctx: Context) -> str:
            return at.handlers.pseudonym(ctx, "organization", at.tenant)

        payer, nobody = await at.inside(ref), "0" * 32
        wish = {"featureView": "payer@1", "entityRefs": [payer, nobody]}
        answer = await at.done("GetFeatures", at.caller, **wish)
        items = answer if isinstance(answer, list) else answer["items"]
        first, second = [{f["name"]: f["value"] for f in e["features"]} for e in items]
        assert (first["disputed_sixty_days"], second["disputed_sixty_days"]) == (1, 0)
        assert [each["standIns"] for each in items] == [0, 2]
        at.service.later(timedelta(days=8))
        answer = await at.done("GetFeatures", at.caller, **wish)
        items = answer if isinstance(answer, list) else answer["items"]
        assert [each["standIns"] for each in items] == [2, 2]
        wish["featureView"] = "payer@9"
        assert await at.refused("GetFeatures", at.caller, **wish) == "view-unknown"

    played(tmp_path, play)


def test_people_and_tenants_are_forgotten(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        person, other = str(uuid7()), str(uuid7())
        await _sign_in(at, person, 100)
        await _sign_in(at, other, 100)

        async def refs(ctx: Context) -> list[str]:
            return [at.handlers.pseudonym(ctx, "actor", each) for each in (person, other)]

        mine, theirs = await at.inside(refs)
        snapshot = uuid7()
        known = rows(4)
        tenant = str(at.tenant)
        mixed = [
            snapshots.SnapshotRow("k", tenant, mine, "2029", {}, 0),
            snapshots.SnapshotRow("k", tenant, theirs, "2029", {}, 0),
            *known,
        ]
        snapshots.write(at.handlers.bucket, snapshot, mixed)
        erasure = {"userId": person, "erasureRequestId": str(uuid7())}
        await at.tell("user.user-deleted", **erasure)
        (told,) = await at.said("ml-erasure-completed")
        assert told == {**erasure, "store": "models", "erasedItems": 3}
        assert len(snapshots.rows_of(at.handlers.bucket, snapshot)) == 5
        assert {each.entity_ref for each in await _samples(at, "login-risk")} == {theirs}
        redacted = {"erasureRequestId": str(uuid7()), "subjectId": other, "eventsAffected": 1}
        await at.tell("analytics.events-redacted", **redacted)
        assert len(snapshots.rows_of(at.handlers.bucket, snapshot)) == 4
        purge = {"organizationId": tenant, "dataResidency": "euWest1"}
        await at.tell("user.organization-purged", **purge)
        assert await _samples(at, "login-risk") == []
        assert len(snapshots.rows_of(at.handlers.bucket, snapshot)) == 4

    played(tmp_path, play)


def test_what_follows_events_alone_asks_for_one(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        async def label(ctx: Context) -> None:
            await at.handlers.label_payment(ctx, port.LabelPayment())

        async def switch(ctx: Context) -> None:
            await at.handlers.switch_model(ctx, port.SwitchModel())

        for each in (label, switch):
            with pytest.raises(Problem, match="events alone"):
                await at.inside(each)

    played(tmp_path, play)
