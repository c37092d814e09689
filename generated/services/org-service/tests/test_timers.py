"""What happens by the clock."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from org_service import invitations
from org_town import FOUNDING, Town, soon, town

pytestmark = pytest.mark.anyio


async def _invite(made: Town, *addresses: str, days: int = 14) -> None:
    body = {"inviteeEmails": list(addresses), "expiresInDays": days}
    sent = await made.ask("POST", f"{made.place}/invitations", body)
    assert sent.status_code == 201, sent.text


async def _outcomes(made: Town) -> list[str]:
    listed = await made.get(f"{made.place}/invitations")
    return sorted(each["outcome"] for each in listed["items"])


async def test_invitations_expire_though_nobody_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(invitations, "_EXPIRED_AT_ONCE", 2)
    async with town(tmp_path) as made:
        await _invite(made, *(f"p{each}@example.org" for each in range(5)), days=2)
        await _invite(made, "late@example.org", days=5)
        made.service.later(timedelta(days=1))
        await made.service.tick()
        assert (await made.organization())["seatsTaken"] == 7
        made.service.later(timedelta(days=2))
        await made.service.tick()
        assert await _outcomes(made) == ["expired"] * 5 + ["open"]
        assert (await made.organization())["seatsTaken"] == 2


async def test_old_invitations_are_dropped(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        await _invite(made, "ann@example.org", "bob@example.org")
        token = next(each["token"] for each in made.mails() if each["to"] == "bob@example.org")
        bob = made.caller("guest")
        body = {"token": token, "userId": str(bob.subject)}
        assert (await made.ask("POST", "/v1/invitations/accept", body, by=bob)).is_success
        made.service.later(timedelta(days=364))
        await _invite(made, "cat@example.org")
        await made.service.tick()
        assert await _outcomes(made) == ["accepted", "expired", "open"]
        made.service.later(timedelta(days=2))
        await made.service.tick()
        assert await _outcomes(made) == ["accepted", "open"]


async def test_only_tenants_with_seats_enough_can_write_again(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        operator = made.caller("platform-operator")

        async def restrict(reason: str) -> None:
            body = {"restrictedReason": reason}
            done = await made.ask("POST", f"{made.place}/restrict", body, by=operator)
            assert done.status_code == 200, done.text

        await restrict("seatsExceeded")
        await made.service.tick("settle-seats")
        assert (await made.organization())["status"] == "active"
        assert len(await made.events("organization-unrestricted")) == 1
        await restrict("abuseReview")
        await made.service.tick("settle-seats")
        assert (await made.organization())["restrictedReason"] == "abuseReview"
        await made.ask("POST", f"{made.place}/lift-restriction", by=operator)
        followed = await made.subscribe(20)
        for _ in range(11):
            await made.join()
        ended = {"cancellationReason": "other", "endedAt": soon(days=0), "seatQuantity": 20}
        await made.tell(
            "subscription-cancelled", subscriptionId=followed, planCode="team-2026", **ended
        )
        await made.service.tick("settle-seats")
        assert (await made.organization())["restrictedReason"] == "seatsExceeded"


async def test_a_region_that_takes_its_time_is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with town(tmp_path) as made:

        async def busy(*_: object) -> None:
            """The region takes its time."""

        monkeypatch.setattr("org_service.world.LocalRegions.prepare", busy)
        founder = made.service.caller("member")
        founded = await made.ask("POST", "/v1/organizations", FOUNDING | {"slug": "late"}, founder)
        slow = founded.json()["id"]
        await made.service.settle()
        owner = made.service.caller("org-owner", organization=slow, subject=founder.subject)
        for status in ("provisioning", "active"):
            await made.service.tick("open-prepared-tenants")
            found = await made.get(f"/v1/organizations/{slow}", by=owner)
            assert found["status"] == status
            (tmp_path / "org-service" / "regions" / slow).touch()


async def test_proofs_of_domains_are_looked_up_every_week(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        zone = tmp_path / "org-service" / "dns"
        zone.mkdir(parents=True)
        for domain in ("example.org", "example.net"):
            claimed = await made.ask("POST", f"{made.place}/domains", {"domain": domain})
            (zone / f"{domain}.txt").write_text(claimed.json()["dnsToken"])
            proved = await made.ask("POST", f"{made.place}/domains/{domain}/verify")
            assert proved.status_code == 200, proved.text
        match = {"If-Match": f'"{(await made.organization())["version"]}"'}
        policy = {"guestPolicy": "verifiedDomains"}
        assert (await made.ask("PATCH", made.place, policy, **match)).status_code == 200
        (zone / "example.org.txt").unlink()
        made.service.later(timedelta(days=6))
        await made.service.tick()
        assert await _proven(made) == {"example.org", "example.net"}
        made.service.later(timedelta(days=2))
        await made.service.tick()
        assert await _proven(made) == {"example.net"}
        assert (await made.organization())["guestPolicy"] == "verifiedDomains"
        notices = tmp_path / "org-service" / "notices" / f"{made.id}.txt"
        assert "example.org" in notices.read_text()
        (zone / "example.net.txt").unlink()
        made.service.later(timedelta(days=6))
        await made.service.tick()
        assert await _proven(made) == {"example.net"}
        made.service.later(timedelta(days=2))
        await made.service.tick()
        assert await _proven(made) == set()
        assert (await made.organization())["guestPolicy"] == "forbidden"
        told = (await made.events("organization-updated"))[-1].data
        assert set(told["changedFields"]) == {"emailDomains", "guestPolicy"}


async def _proven(made: Town) -> set[str]:
    claims = (await made.organization())["emailDomains"]
    return {each["domain"] for each in claims if "verifiedAt" in each}
