"""Foundation, activation, hand-over and off-boarding of organisations."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from org_service.generated.testing import started
from org_town import FOUNDING, NOBODY, Town, slug, town

pytestmark = pytest.mark.anyio


async def test_the_founder_is_seated_and_the_tenant_opens(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        found = await made.organization()
        assert (found["edition"], found["seatLimit"], found["seatsTaken"]) == ("free", 10, 1)
        assert found["ownerUserId"] == str(made.owner.subject)
        member = await made.member(made.owner.subject)
        assert (member["role"], member["lastOwner"]) == ("orgOwner", True)
        joined = await made.events("member-joined")
        assert [each.data["userId"] for each in joined] == [str(made.owner.subject)]
        assert len(await made.events("organization-activated")) == 1


async def test_a_repeated_foundation_seats_nobody_again(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        told = (await made.events("organization-created"))[0].data
        await made.tell("organization-created", **told)
        assert len((await made.get(f"{made.place}/members"))["items"]) == 1


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({}, "409 slug-taken"),
        ({"slug": "other", "countryCode": "KP"}, "451 country-embargoed"),
        ({"slug": "other", "countryCode": "IE"}, "422 rule-broken"),
        ({"slug": "other", "parentOrganizationId": str(uuid4())}, "422 reference-unknown"),
    ],
)
async def test_a_foundation_is_refused(
    tmp_path: Path, change: dict[str, str], refusal: str
) -> None:
    async with town(tmp_path) as made:
        key = {"Idempotency-Key": "another"}
        answer = await made.ask("POST", "/v1/organizations", FOUNDING | change, **key)
        assert slug(answer) == refusal


async def test_a_holding_has_three_levels_and_takes_its_owner(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        parent = made.id
        for level in ("second", "third", "fourth"):
            body = FOUNDING | {"slug": level, "parentOrganizationId": str(parent)}
            stranger = made.caller("org-owner")
            refused = await made.ask("POST", "/v1/organizations", body, by=stranger)
            assert slug(refused) == "403 forbidden"
            answer = await made.ask("POST", "/v1/organizations", body)
            if level == "fourth":
                assert slug(answer) == "409 holding-too-deep"
                return
            parent = answer.json()["id"]
            await made.service.settle()


async def test_nothing_opens_before_its_region_is_prepared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def busy(*_: object) -> None:
        """The region takes its time."""

    monkeypatch.setattr("org_service.world.LocalRegions.prepare", busy)
    async with started(tmp_path) as service:
        founder = service.caller("member")
        made = await service.http.post("/v1/organizations", json=FOUNDING, headers=founder.headers)
        organization = made.json()["id"]
        here = Town(service, tmp_path, organization, founder)
        await here.service.settle()
        operator = here.caller("platform-operator")
        refused = await here.ask("POST", f"{here.place}/activate", by=operator)
        assert slug(refused) == "409 region-not-prepared"
        marks = tmp_path / "org-service" / "regions"
        marks.mkdir(parents=True)
        (marks / organization).touch()
        opened = await here.ask("POST", f"{here.place}/activate", by=operator)
        assert opened.json()["status"] == "active"


async def test_two_owners_hand_over(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        heir = await made.join(role="orgOwner")
        path = f"{made.place}/ownership-transfer"
        body = {"newOwnerUserId": str(heir.subject)}
        proposed = await made.ask("POST", path, body)
        assert proposed.status_code == 202, proposed.text
        assert proposed.json()["confirmedBy"] == [str(made.owner.subject)]
        third = await made.join(role="orgOwner")
        other = await made.ask("POST", path, {"newOwnerUserId": str(third.subject)})
        assert slug(other) == "409 transfer-pending"
        agreed = await made.ask("POST", path, body, by=heir)
        assert len(agreed.json()["confirmedBy"]) == 2
        assert (await made.organization())["ownerUserId"] == str(heir.subject)
        updated = (await made.events("organization-updated"))[-1].data
        assert updated["changedFields"] == ["ownerUserId"]


async def test_a_proposal_lapses_and_guests_inherit_nothing(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        heir = await made.join(role="orgOwner")
        guest = await made.join(role="guest")
        path = f"{made.place}/ownership-transfer"
        refused = await made.ask("POST", path, {"newOwnerUserId": str(guest.subject)})
        assert slug(refused) == "409 not-a-member"
        body = {"newOwnerUserId": str(heir.subject)}
        await made.ask("POST", path, body)
        made.service.later(timedelta(hours=25))
        late = await made.ask("POST", path, body, by=heir)
        assert slug(late) == "403 forbidden"
        assert (await made.organization())["ownerUserId"] == str(made.owner.subject)


async def test_off_boarding_runs_to_the_purge(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        wrong = await made.ask("POST", f"{made.place}/delete", {"typedSlug": "exemple"})
        assert slug(wrong) == "422 slug-mismatch"
        held = tmp_path / "org-service" / "legal-holds"
        held.mkdir(parents=True)
        (held / str(made.id)).touch()
        body = {"typedSlug": "example"}
        assert slug(await made.ask("POST", f"{made.place}/delete", body)) == "409 legal-hold"
        (held / str(made.id)).unlink()
        deleted = await made.ask("POST", f"{made.place}/delete", body)
        assert deleted.json()["status"] == "deleted"
        told = (await made.events("organization-deleted"))[0].data
        assert told["deletionRequestedBy"] == str(made.owner.subject)
        again = await made.ask("POST", f"{made.place}/delete", body)
        assert slug(again) == "409 illegal-transition"
        await made.service.tick("purge-organization")
        assert (await made.organization())["status"] == "deleted"
        made.service.later(timedelta(days=31))
        exports = tmp_path / "org-service" / "open-exports"
        exports.mkdir()
        (exports / str(made.id)).touch()
        await made.service.tick("purge-organization")
        assert (await made.organization())["status"] == "deleted"
        (exports / str(made.id)).unlink()
        pinned = made.service.runtime.flags.pinned
        pinned["org.purge.pause"] = True
        await made.service.tick("purge-organization")
        assert (await made.organization())["status"] == "deleted"
        del pinned["org.purge.pause"]
        await made.service.tick("purge-organization")
        purged = await made.organization()
        assert (purged["status"], purged["seatsTaken"]) == ("purged", 0)
        assert "pay@example.org" not in str(purged)
        gone = await made.ask("GET", f"{made.place}/members/{made.owner.subject}")
        assert gone.status_code == 404
        assert len(await made.events("organization-purged")) == 1


async def test_a_big_tenant_ends_by_two_owners(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        await made.subscribe(60)
        second = await made.join(role="orgOwner")
        addresses = [f"p{each}@example.org" for each in range(50)]
        sent = await made.ask("POST", f"{made.place}/invitations", {"inviteeEmails": addresses})
        assert sent.status_code == 201
        body = {"typedSlug": "example", "consentingOwnerId": str(second.subject)}
        alone = await made.ask("POST", f"{made.place}/delete", body)
        assert slug(alone) == "409 consent-missing"
        mutual = {"typedSlug": "example", "consentingOwnerId": str(made.owner.subject)}
        made.service.later(timedelta(hours=25))
        late = await made.ask("POST", f"{made.place}/delete", mutual, by=second)
        assert slug(late) == "409 consent-missing"
        agreed = await made.ask("POST", f"{made.place}/delete", body)
        assert agreed.json()["status"] == "deleted"


async def test_restoring_is_for_tenants_that_are_leaving(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        await made.ask("POST", f"{made.place}/delete", {"typedSlug": "example"})
        restored = await made.ask("POST", f"{made.place}/restore")
        assert restored.json()["status"] == "active"
        assert "purgeAfter" not in restored.json()


async def test_domains_are_claimed_proved_and_exclude_each_other(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        free = await made.ask("POST", f"{made.place}/domains", {"domain": "gmail.com"})
        assert slug(free) == "422 domain-not-claimable"
        claimed = await made.ask("POST", f"{made.place}/domains", {"domain": "Example.org"})
        assert claimed.status_code == 201
        assert "location" not in claimed.headers  # a claim is read with its organisation
        token = claimed.json()["dnsToken"]
        again = await made.ask("POST", f"{made.place}/domains", {"domain": "example.org"})
        assert again.json()["dnsToken"] == token
        path = f"{made.place}/domains/example.org/verify"
        assert slug(await made.ask("POST", path)) == "409 dns-record-missing"
        zone = tmp_path / "org-service" / "dns"
        zone.mkdir(parents=True)
        (zone / "example.org.txt").write_text(f"v=spf1 -all\n{token}\n")
        proved = await made.ask("POST", path)
        assert proved.json()["verifiedAt"]
        told = (await made.events("domain-verified"))[0].data
        assert told["domain"] == "example.org"
        assert (await made.organization())["emailDomains"][0]["verifiedAt"]
        other = await _another(made)
        taken = await made.ask(
            "POST", f"{other.place}/domains", {"domain": "example.org"}, other.owner
        )
        assert slug(taken) == "409 domain-claimed"
        (zone / "example.org.txt").unlink()
        assert (await made.ask("POST", path)).status_code == 200
        made.service.later(timedelta(days=8))
        assert slug(await made.ask("POST", path)) == "409 dns-record-missing"
        unclaimed = await made.ask("POST", f"{made.place}/domains/example.com/verify")
        assert unclaimed.status_code == 404


async def _another(made: Town) -> Town:
    founder = made.service.caller("member")
    body = FOUNDING | {"slug": "another"}
    answer = await made.service.http.post("/v1/organizations", json=body, headers=founder.headers)
    organization = answer.json()["id"]
    await made.service.settle()
    owner = made.service.caller("org-owner", organization=organization, subject=founder.subject)
    return Town(made.service, made.state, organization, owner)


async def test_no_stranger_reaches_a_tenant(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        stranger = made.service.caller("org-owner")
        for path, body in (
            ("delete", {"typedSlug": "example"}),
            ("domains", {"domain": "example.org"}),
            ("invitations", {"inviteeEmails": ["a@example.org"]}),
            ("members", {"userId": str(uuid4())}),
            ("units", {"unitName": "Sales", "unitType": "division"}),
        ):
            answer = await made.ask("POST", f"{made.place}/{path}", body, by=stranger)
            assert answer.status_code == 404, path
        assert (await made.ask("GET", made.place, by=NOBODY)).status_code == 401
