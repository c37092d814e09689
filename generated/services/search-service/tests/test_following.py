"""What owning services tell, by call and by event, and what is found after it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cloudsync_chassis import clock
from cloudsync_chassis.ids import uuid7
from library import Library, at, library

pytestmark = pytest.mark.anyio


async def entry(lib: Library, kind: str, source: Any) -> Any:
    return await lib.did("GET", f"/v1/index-entries/{kind}/{source}", by=lib.author)


async def test_a_batch_is_judged_by_the_versions_of_its_sources(tmp_path: Path) -> None:
    async with library(tmp_path) as lib:
        draft = lib.draft("First title", sourceVersion=5)
        receipt = await lib.put(draft, lib.draft("Other"))
        assert receipt == {"accepted": 2, "ignored": []}
        late = {**draft, "heading": "Late title", "sourceVersion": 4}
        receipt = await lib.put(late)
        assert receipt["accepted"] == 0
        assert receipt["ignored"][0]["knownVersion"] == 5
        assert await lib.found("title") == ["First title"]
        await lib.put({**draft, "heading": "Second title", "sourceVersion": 6})
        assert await lib.found("title") == ["Second title"]
        path = f"/v1/index-entries/document/{draft['sourceId']}"
        await lib.did("DELETE", path, by=lib.author)
        assert await lib.found("title") == []
        huge = [lib.draft("Big", "x" * 990_000) for _ in range(9)]
        slug = await lib.refused("POST", "/v1/index-entries", {"entries": huge}, by=lib.author)
        assert slug == "413 entry-too-large"


async def test_a_document_is_found_through_its_life(tmp_path: Path) -> None:
    async with library(tmp_path) as lib:
        document = await lib.document("Roadmap")
        assert await lib.found("roadmap") == ["Roadmap"]
        assert await lib.found("roadmap", by=lib.bob) == []
        await lib.update(document, "Road map", "milestones in spring")
        assert await lib.found("milestones") == ["Road map"]
        gone = {"documentId": document, "trashedAt": at(clock.now())}
        await lib.tell("content.document-trashed", **gone)
        assert await lib.found("milestones") == []
        path = f"/v1/index-entries/document/{document}"
        assert await lib.refused("GET", path, by=lib.author) == "404 not-found"
        await lib.update(document, "Road map", "late words", ref="b" * 24)
        assert await lib.found("late") == [], "an edit does not open a grave"
        await lib.tell("content.document-recovered", documentId=document, title="Road map")
        assert await lib.found("late") == ["Road map"]
        await lib.tell("content.document-deleted", documentId=document, attachmentFileIds=[])
        assert await lib.found("map") == []


async def test_restricted_words_are_not_kept(tmp_path: Path) -> None:
    async with library(tmp_path) as lib:
        document = await lib.document("Merger", sensitivity="restricted")
        await lib.update(document, "Merger", "codename Falcon")
        assert await lib.found("falcon") == []
        assert await lib.found("merger") == ["Merger"]
        details = {"documentId": document, "title": "Merger", "labels": ["deal"]}
        await lib.tell("content.document-details-changed", **details, sensitivity="internal")
        assert await lib.found("falcon deal") == ["Merger"]
        called = lib.draft("Called", "words by call")
        await lib.put(called)
        details = {"documentId": called["sourceId"], "title": "Recalled", "labels": []}
        await lib.tell("content.document-details-changed", **details, sensitivity="internal")
        assert await lib.found("words") == ["Recalled"]


async def test_drafts_and_archived_documents_rank_below_active_ones(tmp_path: Path) -> None:
    async with library(tmp_path) as lib:
        documents = {name: await lib.document(f"Plan {name}") for name in ("active", "archived")}
        await lib.document("Plan draft")
        for document in documents.values():
            who = {"documentType": "page", "ownerId": lib.ann.subject}
            await lib.tell("content.document-published", documentId=document, **who)
        await lib.tell("content.document-archived", documentId=documents["archived"])
        assert await lib.found("plan") == ["Plan active", "Plan draft", "Plan archived"]
        await lib.tell("content.document-unarchived", documentId=documents["archived"])
        assert (await lib.found("plan"))[2] == "Plan draft"


async def test_grants_and_moves_change_who_finds_a_document(tmp_path: Path) -> None:
    async with library(tmp_path) as lib:
        document, team = await lib.document("Handbook"), uuid7()
        grant = {"shareGrantId": uuid7(), "documentId": document, "principal": f"team:{team}"}
        await lib.tell("content.document-shared", **grant, access="viewer")
        assert await lib.found("handbook", by=lib.bob) == []
        await lib.tell("user.team-member-added", teamId=team, userIds=[str(lib.bob.subject)])
        assert await lib.found("handbook", by=lib.bob) == ["Handbook"]
        await lib.tell("user.team-member-removed", teamId=team, userIds=[str(lib.bob.subject)])
        assert await lib.found("handbook", by=lib.bob) == []
        await lib.tell("user.team-member-added", teamId=team, userIds=[str(lib.bob.subject)])
        await lib.tell("content.document-unshared", **grant)
        assert await lib.found("handbook", by=lib.bob) == []
        folder = uuid7()
        moved = {"documentId": document, "toFolderId": folder}
        await lib.tell("content.document-moved", **moved, principals=[f"user:{lib.bob.subject}"])
        assert await lib.found("handbook", by=lib.bob, container=f"folder:{folder}")


async def test_whoever_leaves_the_organisation_finds_nothing(tmp_path: Path) -> None:
    async with library(tmp_path) as lib:
        await lib.document("Canteen", f"org:{lib.organization}")
        assert await lib.found("canteen", by=lib.bob) == []
        joined = {"userId": lib.bob.subject, "role": "member", "seatType": "full"}
        await lib.tell("user.member-joined", **joined)
        assert await lib.found("canteen", by=lib.bob) == ["Canteen"]
        await lib.tell("user.member-removed", userId=lib.bob.subject, endReason="left")
        assert await lib.found("canteen", by=lib.bob) == []


async def scanned(lib: Library, file: UUID, **more: Any) -> None:
    told = {"scanVerdict": "clean", "signatureVersion": "1", "mediaType": "text/plain"}
    await lib.tell("content.file-scanned", fileId=file, fileName="minutes.txt", **told, **more)


async def test_a_file_is_found_by_readers_of_what_it_hangs_on(tmp_path: Path) -> None:
    async with library(tmp_path) as lib:
        document, file = await lib.document("Meeting"), uuid7()
        key = f"local/aa/{uuid7()}"
        place = tmp_path / "file-service" / "objects" / "files" / key
        place.parent.mkdir(parents=True)
        place.write_text("agreed on the lighthouse")
        target = {"targetKind": "document", "targetId": document}
        await lib.tell("content.file-linked", fileLinkId=uuid7(), fileId=file, **target)
        await scanned(lib, file, textExtractKey=key)
        assert await lib.found("lighthouse", kinds="file") == ["minutes.txt"]
        assert await lib.found("lighthouse", by=lib.bob) == []
        grant = {"shareGrantId": uuid7(), "principal": f"user:{lib.bob.subject}"}
        await lib.tell("content.document-shared", documentId=document, **grant, access="viewer")
        assert await lib.found("lighthouse", by=lib.bob) == ["minutes.txt"]
        await lib.tell("content.file-renamed", fileId=file, fileName="protocol.txt")
        assert await lib.found("protocol") == ["protocol.txt"]
        threat = {"threatName": "X", "scanVerdict": "infected"}
        await lib.tell("content.file-quarantined", fileId=file, **threat)
        await lib.comes_to([], "protocol")
        release = {"scanVerdict": "clean", "releaseApproverId": uuid7()}
        await lib.tell("content.file-released", fileId=file, **release)
        assert await lib.found("protocol") == ["protocol.txt"]
        digests = {"oldSha256": "0" * 64, "newSha256": "1" * 64, "sizeBytes": 1}
        await lib.tell("content.file-replaced", fileId=file, **digests)
        assert await lib.found("lighthouse", kinds="file") == []
        await lib.tell("content.file-unlinked", fileLinkId=uuid7(), fileId=file, **target)
        assert await lib.found("protocol") == []


async def test_messages_are_found_through_their_channel(tmp_path: Path) -> None:
    async with library(tmp_path) as lib:
        channel, message = uuid7(), uuid7()
        where = {"messageId": message, "channelId": channel}
        await lib.tell(
            "collaboration.message-posted",
            **where,
            authorId=lib.ann.subject,
            kind="text",
            attachmentIds=[],
            excerpt="lunch at noon",
            postedAt=at(clock.now()),
        )
        assert await lib.found("lunch", by=lib.bob) == []
        joined = {"channelId": channel, "userIds": [str(lib.bob.subject)], "by": uuid7()}
        await lib.tell("collaboration.channel-member-added", **joined)
        assert await lib.found("lunch", by=lib.bob) == ["lunch at noon"]
        edit = {"editCount": 1, "editedAt": at(clock.now()), "excerpt": "dinner at eight"}
        await lib.tell("collaboration.message-edited", **where, **edit)
        assert await lib.found("dinner", by=lib.bob) == ["dinner at eight"]
        await lib.tell("collaboration.message-held", **where)
        assert await lib.found("dinner", by=lib.bob) == []
        back = {"excerpt": "dinner at eight", "caseNumber": "CASE-1"}
        await lib.tell("collaboration.message-released", **where, **back)
        assert await lib.found("dinner", by=lib.bob) == ["dinner at eight"]
        await lib.tell("collaboration.message-retracted", **where, retractedBy=uuid7())
        assert await lib.found("dinner", by=lib.bob) == []


async def test_people_are_found_as_their_profiles_say(tmp_path: Path) -> None:
    async with library(tmp_path) as lib:
        for person in (lib.ann, lib.bob):
            joined = {"userId": person.subject, "role": "member", "seatType": "full"}
            await lib.tell("user.member-joined", **joined)
        profile: dict[str, Any] = {
            "userId": lib.ann.subject,
            "givenName": "Ann",
            "familyName": "Archer",
            "headline": "Knows sailing",
            "skills": ["python"],
            "audience": "organization",
            "status": "published",
        }
        await lib.tell("user.profile-updated", **profile)
        assert await lib.found("archer", by=lib.bob) == ["Ann Archer"]
        assert await lib.found("sailing python", by=lib.bob) == ["Ann Archer"]
        await lib.tell("user.profile-hidden", userId=lib.ann.subject)
        assert await lib.found("sailing", by=lib.bob) == []
        assert await lib.found("archer", by=lib.bob) == ["Ann Archer"]
        await lib.tell("user.profile-updated", **{**profile, "audience": "onlyMe"})
        assert await lib.found("archer", by=lib.bob) == []
        assert await lib.found("archer") == ["Ann Archer"]
        saved = {"searchName": "mine", "queryText": "archer"}
        await lib.did("POST", "/v1/saved-searches", saved)
        request = uuid7()
        erased = {"userId": lib.ann.subject, "erasureRequestId": request}
        await lib.tell("user.user-deleted", **erased)
        assert await lib.found("archer") == []
        [told] = await lib.events("search-erasure-completed")
        assert told.data["erasedItems"] == 3, "entry, saved search, the one query of hers"
        assert told.data["erasureRequestId"] == str(request)


async def test_an_organisation_is_hidden_shown_and_purged(tmp_path: Path) -> None:
    async with library(tmp_path) as lib:
        await lib.document("Archive")
        who = {"organizationId": lib.organization}
        leaving = {"deletionRequestedBy": uuid7(), "purgeAfter": at(clock.now())}
        await lib.tell("user.organization-deleted", **who, **leaving)
        assert await lib.found("archive") == []
        await lib.tell("user.organization-restored", **who)
        await lib.comes_to(["Archive"], "archive")
        await lib.tell("user.organization-purged", **who, dataResidency="euWest1")
        assert await lib.found("archive") == []
        assert (await lib.ask("GET", "/v1/search", q="archive")).json()["total"] == 0


async def test_tombstones_are_swept_after_seven_days(tmp_path: Path) -> None:
    async with library(tmp_path) as lib:
        document = await lib.document("Old")
        await lib.tell("content.document-deleted", documentId=document, attachmentFileIds=[])
        path = f"/v1/index-entries/document/{document}"
        lib.service.later(timedelta(days=6))
        await lib.service.tick()
        assert await lib.refused("GET", path, by=lib.author) == "404 not-found"
        assert await lib.graves() == 1
        lib.service.later(timedelta(days=1, seconds=1))
        await lib.service.tick()
        assert await lib.graves() == 0


async def test_saved_searches_tell_what_is_new(tmp_path: Path) -> None:
    async with library(tmp_path) as lib:
        await lib.document("Tender one")
        body = {"searchName": "t", "queryText": "tender", "alertCadence": "daily"}
        await lib.did("POST", "/v1/saved-searches", body)
        await lib.service.tick()
        assert await lib.events("saved-search-matched") == []
        await lib.document("Tender two")
        await lib.document("Tender closed", sensitivity="internal")
        await lib.put(lib.draft("Tender", readerPrincipals=[f"user:{lib.bob.subject}"]))
        lib.service.later(timedelta(days=1, seconds=1))
        await lib.service.tick()
        [told] = await lib.events("saved-search-matched")
        assert told.data["matchCount"] == 2
        await lib.service.tick()
        assert len(await lib.events("saved-search-matched")) == 1


async def test_synonyms_find_each_other_and_never_themselves(tmp_path: Path) -> None:
    async with library(tmp_path) as lib:
        operator = lib.person("platform-operator")
        await lib.put(lib.draft("Invoices"), lib.draft("Bills"))
        path = "/v1/synonym-sets/en"
        body = {"rules": [{"terms": ["invoice", "bill"]}]}
        made = await lib.did("PUT", path, body, by=operator)
        assert made["approvedBy"] == str(operator.subject)
        assert await lib.found("invoice") == ["Invoices", "Bills"]
        one_way = {"rules": [{"terms": ["bill", "invoice"]}], "oneWay": True}
        assert (await lib.did("PUT", path, one_way, by=operator))["version"] == 2
        assert await lib.found("invoice") == ["Invoices"]
        assert sorted(await lib.found("bills")) == ["Bills", "Invoices"]
        rules = [{"terms": ["a", "b"]}, {"terms": ["b", "c"]}, {"terms": ["c", "a"]}]
        circle = {"rules": rules, "oneWay": True}
        assert await lib.refused("PUT", path, circle, by=operator) == "422 synonym-cycle"
        await lib.did("PUT", path, {"rules": rules}, by=operator)


async def test_a_ranking_is_promoted_only_if_it_is_measured_to_be_better(
    tmp_path: Path,
) -> None:
    async with library(tmp_path) as lib:
        operator = lib.person("platform-operator")
        for key in ("default", "bolder"):
            await lib.did("POST", "/v1/ranking-profiles", {"profileKey": key}, by=operator)
        path = "/v1/ranking-profiles/bolder/promote"
        share = {"trafficShare": 40}
        assert await lib.refused("POST", path, share, by=operator) == "409 ndcg-regression"
        await evaluate(lib, "default", 0.5)
        await evaluate(lib, "bolder", 0.4)
        assert await lib.refused("POST", path, share, by=operator) == "409 ndcg-regression"
        await evaluate(lib, "bolder", 0.6)
        assert (await lib.did("POST", path, share, by=operator))["trafficShare"] == 40
        await evaluate(lib, "bolder", 0.1)
        less = await lib.did("POST", path, {"trafficShare": 0}, by=operator)
        assert less["trafficShare"] == 0


async def evaluate(lib: Library, key: str, ndcg: float) -> None:
    """What the nightly measurement notes."""

    async def note(ctx: Any) -> None:
        await lib.handlers.ranking_profile.update(ctx, "record-evaluation", key, {"ndcgAt10": ndcg})

    await lib.within(note)


async def test_steps_that_are_undone_without_an_event_leave_what_holds(tmp_path: Path) -> None:
    async with library(tmp_path) as lib:
        document, file = await lib.document("Meeting"), uuid7()
        target = {"targetKind": "document", "targetId": document}
        await lib.tell("content.file-linked", fileLinkId=uuid7(), fileId=file, **target)
        await scanned(lib, file)

        async def undo(ctx: Any) -> None:
            await lib.handlers._undo_index(ctx, {"fileId": str(file)})

        await lib.within(undo)
        assert await lib.found("minutes") == ["minutes.txt"], "it is linked and clean all the same"
        who = {"organizationId": str(lib.organization)}
        leaving = {"deletionRequestedBy": uuid7(), "purgeAfter": at(clock.now())}
        await lib.tell("user.organization-deleted", **who, **leaving)

        async def show(ctx: Any) -> None:
            await lib.handlers._undo_hiding(ctx, who)

        assert await lib.found("minutes") == []
        await lib.within(show)
        assert await lib.found("minutes") == ["minutes.txt"]
