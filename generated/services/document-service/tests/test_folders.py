"""The folder tree, and documents on their way through it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from cloudsync_chassis.ids import uuid7

from tests.desk import Desk, played, version


async def _folder(desk: Desk, folder: Any) -> Any:
    return await desk.did(desk.author, "GET", f"/v1/folders/{folder['id']}")


async def _move(desk: Desk, document: Any, **body: Any) -> Any:
    now = await desk.now(document)
    path = f"/v1/documents/{document['id']}/move"
    return await desk.ask(desk.author, "POST", path, body, If_Match=version(now))


def _slug(answer: Any) -> str:
    return str(answer.json()["type"]).rpartition("/")[2]


def test_folders_inherit_what_is_shared_above(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        reader, writer = desk.person(), desk.person()
        shared = [
            {"principal": f"user:{reader.subject}", "access": "viewer"},
            {"principal": f"user:{writer.subject}", "access": "editor"},
        ]
        top = await desk.folder("Top", sharedWith=shared)
        assert set(top["writerIds"]) == {str(desk.author.subject), str(writer.subject)}
        below = await desk.folder("Below", writer, parentFolderId=top["id"])
        assert str(reader.subject) in below["readerIds"]
        assert str(desk.author.subject) in below["writerIds"]
        assert below["path"] == top["id"].replace("-", "_")
        assert (await _folder(desk, top))["childCount"] == 1
        closed = await desk.folder("Closed", parentFolderId=top["id"], inheritShares=False)
        assert closed["readerIds"] == [str(desk.author.subject)]

    played(tmp_path, play)


def test_folders_are_refused(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        top = await desk.folder("Top")
        ask = desk.refused
        path = "/v1/folders"
        assert await ask(desk.author, "POST", path, {"folderName": "tOP"}) == "folder-name-taken"
        inside = {"folderName": "In", "parentFolderId": top["id"]}
        assert await ask(desk.other, "POST", path, inside) == "folder-forbidden"
        gone = {"folderName": "In", "parentFolderId": str(uuid7())}
        assert await ask(desk.author, "POST", path, gone) == "folder-gone"
        deepest = top
        for level in range(2, 21):
            deepest = await desk.folder(f"L{level}", parentFolderId=deepest["id"])
        too_deep = {"folderName": "L21", "parentFolderId": deepest["id"]}
        assert await ask(desk.author, "POST", path, too_deep) == "folder-too-deep"
        side = await desk.folder("Side")
        await desk.folder("Deep", parentFolderId=side["id"])
        place = f"/v1/folders/{side['id']}/move"
        body = {"toParentFolderId": deepest["id"]}
        moved = await ask(
            desk.author, "POST", place, body, If_Match=version(await _folder(desk, side))
        )
        assert moved == "folder-too-deep"
        rename = {"folderName": "TOP"}
        known = version(await _folder(desk, side))
        patched = await ask(
            desk.author, "PATCH", f"/v1/folders/{side['id']}", rename, If_Match=known
        )
        assert patched == "folder-name-taken"

    played(tmp_path, play)


def test_new_shares_are_told_and_open_what_lies_below(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        top = await desk.folder("Top")
        below = await desk.folder("Below", parentFolderId=top["id"])
        document = await desk.document(folderId=below["id"])
        await desk.did(desk.author, "POST", f"/v1/documents/{document['id']}/publish")
        path = f"/v1/documents/{document['id']}"
        assert await desk.refused(desk.other, "GET", path) == "forbidden"
        share = {"principal": f"user:{desk.other.subject}", "access": "viewer"}
        known = version(await _folder(desk, top))
        await desk.did(
            desk.author,
            "PATCH",
            f"/v1/folders/{top['id']}",
            {"sharedWith": [share]},
            If_Match=known,
        )
        await desk.service.settle()
        [moved] = await desk.events("document-moved")
        assert share["principal"] in moved["principals"]
        assert (await desk.did(desk.other, "GET", path))["id"] == document["id"]
        stale = await desk.refused(
            desk.author, "PATCH", f"/v1/folders/{top['id']}", {"sharedWith": []}, If_Match=known
        )
        assert stale == "version-conflict"
        other = f"/v1/folders/{top['id']}"
        known = version(await _folder(desk, top))
        refusal = await desk.refused(
            desk.other, "PATCH", other, {"folderName": "Mine"}, If_Match=known
        )
        assert refusal == "forbidden"

    played(tmp_path, play)


def test_drafts_show_to_those_who_write_in_the_folder(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        writer = desk.person()
        shared = [
            {"principal": f"user:{desk.other.subject}", "access": "viewer"},
            {"principal": f"user:{writer.subject}", "access": "editor"},
        ]
        folder = await desk.folder("Top", sharedWith=shared)
        document = await desk.document(folderId=folder["id"])
        await desk.service.settle()
        path = f"/v1/documents/{document['id']}"
        assert await desk.refused(desk.other, "GET", path) == "forbidden"
        await desk.did(writer, "GET", path)
        await desk.did(desk.author, "POST", f"{path}/publish")
        await desk.service.settle()
        await desk.did(desk.other, "GET", path)

    played(tmp_path, play)


def test_folders_move_with_all_below(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        share = {"principal": f"user:{desk.other.subject}", "access": "viewer"}
        old = await desk.folder("Old", sharedWith=[share])
        mid = await desk.folder("Mid", parentFolderId=old["id"])
        leaf = await desk.folder("Leaf", parentFolderId=mid["id"])
        document = await desk.document(folderId=leaf["id"])
        await desk.did(desk.author, "POST", f"/v1/documents/{document['id']}/publish")
        new = await desk.folder("New")
        path = f"/v1/folders/{mid['id']}/move"
        known = {"If_Match": version(await _folder(desk, mid))}
        body: dict[str, Any] = {"toParentFolderId": leaf["id"]}
        assert await desk.refused(desk.author, "POST", path, body, **known) == "folder-cycle"
        foreign = await desk.folder("Foreign", desk.other)
        body = {"toParentFolderId": foreign["id"]}
        assert await desk.refused(desk.author, "POST", path, body, **known) == "folder-forbidden"
        body = {"toParentFolderId": new["id"]}
        assert await desk.refused(desk.author, "POST", path, body, **known) == "share-narrowing"
        body["confirmNarrowing"] = True
        moved = await desk.did(desk.author, "POST", path, body, **known)
        assert moved["parentFolderId"] == new["id"]
        labels = [new["id"].replace("-", "_"), mid["id"].replace("-", "_")]
        leaf = await _folder(desk, leaf)
        assert leaf["path"] == ".".join(labels)
        assert leaf["readerIds"] == [str(desk.author.subject)]
        assert (await _folder(desk, old))["childCount"] == 0
        assert (await _folder(desk, new))["childCount"] == 1
        [told] = await desk.events("document-moved")
        assert told["documentId"] == document["id"]

    played(tmp_path, play)


def test_documents_move_between_folders(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        share = {"principal": f"user:{desk.other.subject}", "access": "viewer"}
        old, new = await desk.folder("Old", sharedWith=[share]), await desk.folder("New")
        document = await desk.document(folderId=old["id"])
        await desk.did(desk.author, "POST", f"/v1/documents/{document['id']}/publish")
        await desk.service.settle()
        assert _slug(await _move(desk, document, toFolderId=str(uuid7()))) == "folder-gone"
        foreign = await desk.folder("Foreign", desk.other)
        refusal = await _move(desk, document, toFolderId=foreign["id"])
        assert _slug(refusal) == "folder-forbidden"
        assert _slug(await _move(desk, document, toFolderId=new["id"])) == "share-narrowing"
        answer = await _move(desk, document, toFolderId=new["id"], confirmNarrowing=True)
        assert answer.json()["folderId"] == new["id"]
        await desk.service.settle()
        path = f"/v1/documents/{document['id']}"
        assert await desk.refused(desk.other, "GET", path) == "forbidden"
        [moved] = await desk.events("document-moved")
        assert (moved["fromFolderId"], moved["toFolderId"]) == (old["id"], new["id"])
        assert moved["principals"] == [f"user:{desk.author.subject}"]
        counts = [(await _folder(desk, each))["childCount"] for each in (old, new)]
        assert counts == [0, 1]
        root = await _move(desk, document)
        assert "folderId" not in root.json()

    played(tmp_path, play)


def test_what_was_in_a_deleted_folder_comes_back_to_the_root(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        folder = await desk.folder("Old")
        document = await desk.document(folderId=folder["id"])
        path = f"/v1/documents/{document['id']}"
        admin = desk.person("org-admin")
        full = await desk.refused(desk.author, "DELETE", f"/v1/folders/{folder['id']}")
        assert full == "folder-not-empty"
        await desk.did(desk.author, "POST", f"{path}/trash")
        assert (await _folder(desk, folder))["childCount"] == 0
        await desk.did(desk.author, "DELETE", f"/v1/folders/{folder['id']}")
        recovered = await desk.did(admin, "POST", f"{path}/recover")
        assert "folderId" not in recovered

    played(tmp_path, play)


def test_the_bin_is_emptied_after_thirty_days(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        document = await desk.document()
        await desk.share(document, f"user:{desk.other.subject}")
        await desk.did(desk.author, "POST", f"/v1/documents/{document['id']}/trash")
        desk.service.later(timedelta(days=29))
        await desk.service.tick()
        assert await desk.events("document-deleted") == []
        desk.service.later(timedelta(days=2))
        await desk.service.tick()
        [deleted] = await desk.events("document-deleted")
        assert deleted["documentId"] == document["id"]

    played(tmp_path, play)
