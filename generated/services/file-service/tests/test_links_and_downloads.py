"""What uses files, and the addresses under which they are fetched."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cloudsync_chassis import clock
from cloudsync_chassis.executor import Incoming
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.propagation import Trace
from cloudsync_chassis.security.principal import workload
from desk import PNG, Desk, desk
from file_service.generated import models

pytestmark = pytest.mark.anyio


async def test_links_are_counted_and_come_to_an_end(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        file = await d.uploaded()
        link = await d.link(file)
        path = f"/v1/files/{file['id']}/links"
        body = {"targetKind": link["targetKind"], "targetId": link["targetId"]}
        assert await d.refused("POST", path, body) == "409 already-linked"
        assert await d.refused("POST", path, body, d.bob) == "403 forbidden"
        assert (await d.file(file["id"]))["referenceCount"] == 1
        one = f"{path}/{link['id']}"
        assert await d.refused("DELETE", one, by=d.bob) == "403 forbidden"
        await d.did("DELETE", one)
        assert await d.refused("DELETE", one) == "409 illegal-transition"
        assert (await d.file(file["id"]))["referenceCount"] == 0
        assert len(await d.events("file-unlinked")) == 1
        assert (await d.link(file, **body))["id"] != link["id"]


async def test_a_target_holds_two_hundred_files(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        file = await d.uploaded()
        target = {"targetKind": models.LinkTargetKind.task, "targetId": uuid7()}

        async def fill(ctx: Any) -> None:
            known = await d.handlers.file.find(ctx, id=UUID(file["id"]))
            for n in range(200):
                changes = {"id": uuid7(), "object_key": f"{known.object_key}-{n}"}
                other = known.model_copy(update=changes)
                await d.handlers.file.repository.insert(ctx, other)
                link = {**target, "fileId": other.id, "linkedBy": uuid7()}
                live = {"status": models.LinkStatus.live}
                await d.handlers.file_link.insert(ctx, {**link, **live})

        await within(d, fill)
        body = {"targetKind": "task", "targetId": str(target["targetId"])}
        path = f"/v1/files/{file['id']}/links"
        assert await d.refused("POST", path, body) == "409 target-limit"


async def within(d: Desk, action: Any) -> None:
    """Work of the service itself."""
    me = Incoming(principal=workload("file-service", d.organization), trace=Trace.new())
    write = Operation(id="test", access="workload", writes=True, timeout=30.0)
    await d.service.runtime.executor.run(write, me, action)


async def test_a_document_gains_and_loses_files(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        file, document = await d.uploaded(), uuid7()
        update = {
            "documentId": document,
            "fromSequence": 1,
            "toSequence": 2,
            "bodyRef": "0" * 24,
            "bodyChecksum": "0" * 64,
            "title": "Plan",
            "editorIds": [str(d.bob.subject)],
            "attachedFileIds": [file["id"], str(uuid7())],
            "detachedFileIds": [],
            "origin": "edit",
        }
        await d.tell("content.document-updated", update)
        await d.tell("content.document-updated", update)
        seen = await d.file(file["id"], d.bob)
        assert seen["referenceCount"] == 1, "who attached it may see it"
        detached = {**update, "attachedFileIds": [], "detachedFileIds": [file["id"]]}
        await d.tell("content.document-updated", detached)
        assert (await d.file(file["id"]))["referenceCount"] == 0
        await d.tell("content.document-updated", update)
        gone = {"documentId": document, "attachmentFileIds": [file["id"]]}
        await d.tell("content.document-deleted", gone)
        assert (await d.file(file["id"]))["referenceCount"] == 0
        assert len(await d.events("file-linked")) == 2
        assert len(await d.events("file-unlinked")) == 2


async def test_messages_and_tasks_that_go_leave_their_files(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        file = await d.uploaded()
        told, purged, task = uuid7(), uuid7(), uuid7()
        await d.link(file, targetKind="message", targetId=str(told))
        await d.link(file, targetKind="message", targetId=str(purged))
        await d.link(file, targetKind="task", targetId=str(task))
        who = {"channelId": uuid7(), "retractedBy": uuid7()}
        await d.tell("collaboration.message-retracted", {"messageId": told, **who})
        assert (await d.file(file["id"]))["referenceCount"] == 2
        why = {"channelId": uuid7(), "policy": "erasure"}
        await d.tell("collaboration.message-purged", {"messageId": purged, **why})
        who = {"boardId": uuid7(), "movedBy": uuid7()}
        await d.tell("collaboration.task-dropped", {"taskId": task, **who})
        assert (await d.file(file["id"]))["referenceCount"] == 0


async def test_an_address_works_for_minutes_and_says_how_it_is_used(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        file = await d.uploaded(PNG, "image/png", name="plan ä.png")
        told = await d.address(file, disposition="inline", validSeconds=60)
        answer = await d.storage.get(told["address"])
        assert answer.content == PNG
        assert answer.headers["content-disposition"] == "inline; filename*=UTF-8''plan%20%C3%A4.png"
        assert "sandbox" in answer.headers["content-security-policy"]
        altered = told["address"].replace("inline", "attachment")
        assert (await d.storage.get(altered)).status_code == 403
        assert (await d.storage.put(told["address"], content=b"x")).status_code == 405
        d.service.later(timedelta(seconds=61))
        assert (await d.storage.get(told["address"])).status_code == 403
        grants = await d.did("GET", f"/v1/files/{file['id']}/downloads")
        assert [each["granteeId"] for each in grants["items"]] == [str(d.ann.subject)]


async def test_the_first_use_of_an_address_is_noted(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        file = await d.uploaded()
        unused, used = await d.address(file), await d.address(file)
        await d.storage.get(used["address"])
        await d.tick("account-downloads")
        path = f"/v1/files/{file['id']}/downloads"
        first = {each["id"]: each for each in (await d.did("GET", path))["items"]}
        assert "usedAt" not in first[unused["downloadGrantId"]]
        moment = first[used["downloadGrantId"]]["usedAt"]
        await d.storage.get(used["address"])
        await d.tick("account-downloads")
        again = {each["id"]: each for each in (await d.did("GET", path))["items"]}
        assert again[used["downloadGrantId"]]["usedAt"] == moment
        told = (await d.service.http.get("/metrics")).text
        [line] = [each for each in told.splitlines() if each[:25] == "file_download_bytes_total"]
        assert float(line.split()[-1]) == 2 * len(b"words")


async def test_an_address_is_bound_to_a_network(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        file = await d.uploaded()
        mine = await d.address(file, clientNetwork="127.0.0.0/8")
        assert (await d.storage.get(mine["address"])).status_code == 200
        other = await d.address(file, clientNetwork="10.0.0.0/8")
        assert (await d.storage.get(other["address"])).status_code == 403


async def test_no_address_leads_to_bytes_that_are_gone(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        file = await d.uploaded()
        path, body = f"/v1/files/{file['id']}/downloads", {"disposition": "attachment"}
        assert (await d.did("POST", path, body))["address"]
        for each in (d.buckets / "files").rglob("*"):
            if each.is_file():
                each.unlink()
        assert await d.refused("POST", path, body) == "404 not-found"
        assert len((await d.did("GET", path))["items"]) == 1


async def test_downloads_are_refused_for_what_stands_against_them(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        file = await d.uploaded()
        path, body = f"/v1/files/{file['id']}/downloads", {"disposition": "attachment"}
        inline = {"disposition": "inline"}
        assert await d.refused("POST", path, inline) == "422 inline-forbidden"
        other = {**body, "granteeId": str(uuid7())}
        assert await d.refused("POST", path, other) == "403 grantee-forbidden"
        assert await d.refused("POST", path, body, d.bob) == "403 forbidden"
        assert await d.refused("POST", path, {**body, "variant": "pdf"}) == "404 not-found"
        fresh = await d.begun(b"x")
        answer = await d.ask("POST", f"/v1/files/{fresh['id']}/downloads", body)
        assert (answer.status_code, answer.headers["retry-after"]) == (409, "5")
        text = await d.address(file, variant="textExtract")
        assert (await d.storage.get(text["address"])).content == b"words"
        await d.did("POST", f"/v1/files/{file['id']}/trash")
        assert await d.refused("POST", path, body) == "404 not-found"


async def test_a_service_names_the_person(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        file = await d.uploaded()
        service = d.service.caller(
            "workload", organization=d.organization, kind="workload", scopes=["file:download"]
        )
        path, body = f"/v1/files/{file['id']}/downloads", {"disposition": "attachment"}
        assert await d.refused("POST", path, body, service) == "422 rule-broken"
        named = {**body, "granteeId": str(d.bob.subject)}
        await d.did("POST", path, named, service)
        grants = await d.did("GET", f"/v1/files/{file['id']}/downloads")
        assert [each["granteeId"] for each in grants["items"]] == [str(d.bob.subject)]


async def test_archived_bytes_are_fetched_first(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        file = await d.uploaded()

        async def archive(ctx: Any) -> None:
            known = await d.handlers.file.find(ctx, id=file["id"])
            assert known is not None
            cold = {"storageClass": models.StorageClass.archive}
            await d.handlers.file.rewrite(ctx, known, cold)

        await within(d, archive)
        path, body = f"/v1/files/{file['id']}/downloads", {"disposition": "attachment"}
        answer = await d.ask("POST", path, body)
        assert (answer.status_code, answer.headers["retry-after"]) == (409, "60")
        assert answer.json()["type"].endswith("archived-retrieving")
        d.service.later(timedelta(seconds=61))
        assert (await d.did("POST", path, body))["expiresAt"] > clock.now().isoformat()


async def test_renditions_are_made_or_say_why_not(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        file = await d.uploaded(PNG, "image/png")
        path = f"/v1/files/{file['id']}/renditions"
        await d.did("POST", path, {"variant": "textExtract"})
        await d.did("POST", path, {"variant": "thumb256"})
        await d.tick()
        found = {each["variant"]: each for each in (await d.did("GET", path))["items"]}
        assert found["textExtract"]["failureCode"] == "type-not-supported"
        assert found["thumb256"]["failureCode"] == "no-renderer"
