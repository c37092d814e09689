"""Histories: who may look back, what is cut, thinned, held, erased and dropped."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import version_grpc_client.models as asked
from cloudsync_chassis.client.errors import RefusedError
from cloudsync_chassis.context import Context
from cloudsync_chassis.executor import Incoming
from cloudsync_chassis.ids import object_id, uuid7
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.propagation import Trace
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.principal import workload
from cloudsync_chassis.testing import Caller, Running, isolated, running
from version_grpc_client import VersionGrpcClient
from version_service.generated import models, port
from version_service.generated.app import build
from version_service.generated.service import SERVICE
from version_service.generated.settings import ServiceSettings
from version_service.handlers import Handlers

_WORK = Operation(id="test", access="workload", writes=True, timeout=30.0)


class Archive:
    """The service, its handlers, one organisation and two of its people."""

    def __init__(self, service: Running, handlers: Handlers) -> None:
        self.service = service
        self.handlers = handlers
        self.tenant = uuid7()
        self.owner = self.person("member")
        self.reader = self.person("member")
        self.document = uuid7()

    def person(self, *roles: str) -> Caller:
        return self.service.caller(*roles, organization=self.tenant)

    async def tell(self, name: str, **data: Any) -> None:
        domain = name if "." in name else f"content.{name}"
        await self.service.tell(f"cloudsync.{domain}.v1", data, self.tenant)

    async def created(self, *principals: str) -> None:
        await self.tell(
            "document-created",
            documentId=str(self.document),
            documentType="page",
            ownerId=str(self.owner.subject),
            title="Plan",
            sensitivity="internal",
            principals=list(principals),
        )

    async def updated(self, first: int, last: int, origin: str = "edit") -> None:
        await self.tell(
            "document-updated",
            documentId=str(self.document),
            fromSequence=first,
            toSequence=last,
            bodyRef=object_id(),
            bodyChecksum="a" * 64,
            title="Plan",
            editorIds=[str(self.owner.subject)],
            attachedFileIds=[],
            detachedFileIds=[],
            origin=origin,
        )

    async def listed(self, by: Caller, subject: UUID | None = None, **more: Any) -> Any:
        """The versions that somebody sees, or the slug of a refusal."""

        async def token() -> str:
            return by.token

        client = VersionGrpcClient(f"http://{self.service.address}", token=token)
        try:
            body = asked.ListVersionsRequest(subject_id=subject or self.document, **more)
            return await client.list_versions(body)
        except RefusedError as error:
            return error.slug
        finally:
            await client.aclose()

    async def inside(self, action: Callable[[Context], Awaitable[Any]]) -> Any:
        """Work of the service itself in the organisation."""
        incoming = Incoming(principal=workload("version-service", self.tenant), trace=Trace.new())
        return await self.service.runtime.executor.run(_WORK, incoming, action)

    async def versions(self) -> list[models.ContentVersion]:
        async def found(ctx: Context) -> list[models.ContentVersion]:
            return [each async for each in self.handlers.content_version.each(ctx)]

        result: list[models.ContentVersion] = await self.inside(found)
        return result

    async def sealed(self, number: int, size: int = 100) -> None:
        """Another version of the document that can be read, made now."""

        async def seal(ctx: Context) -> None:
            made = await self.handlers.create_version(
                ctx,
                port.CreateVersion(
                    body=models.CreateVersionRequest(
                        subject_kind=models.SubjectKind.document,
                        subject_id=self.document,
                        trigger=models.VersionTrigger.interval,
                        content_ref=f"body:{object_id()}",
                        content_digest="b" * 64,
                        from_sequence=number,
                        to_sequence=number,
                        contributor_ids=[self.owner.subject],
                    )
                ),
            )
            names = ("blocksAdded", "blocksRemoved", "wordsDelta", "cellsChanged")
            fields = {
                "versionNumber": number,
                "encoding": "full",
                "payloadBytes": size,
                "changeSummary": dict.fromkeys(names, 0),
            }
            await self.handlers.content_version.transition(ctx, "seal-version", made.id, fields)

        await self.inside(seal)

    async def said(self, name: str) -> list[Any]:
        wanted = f"cloudsync.content.{name}.v1"
        return [each.data for each in await self.service.published() if each.type == wanted]


def played(tmp_path: Path, play: Callable[[Archive], Awaitable[None]], **settings: Any) -> None:
    """Run a play against a service of its own."""

    async def run() -> None:
        known = ServiceSettings.model_validate({**isolated(tmp_path), **settings})
        runtime = Runtime(SERVICE, known)
        handlers = Handlers(runtime)
        async with running(build(runtime, handlers)) as service:
            await play(Archive(service, handlers))

    asyncio.run(run())


def test_grants_open_and_close_a_history(tmp_path: Path) -> None:
    async def play(at: Archive) -> None:
        assert await at.listed(at.owner) == "not-found"
        await at.created(f"user:{at.owner.subject}")
        assert (await at.listed(at.owner)).items == []
        assert await at.listed(at.reader) == "forbidden"
        grant = {
            "documentId": str(at.document),
            "principal": f"user:{at.reader.subject}",
            "shareGrantId": str(uuid7()),
        }
        await at.tell("document-shared", **grant, access="viewer")
        assert (await at.listed(at.reader)).items == []
        await at.tell("document-unshared", **grant)
        assert await at.listed(at.reader) == "forbidden"
        stranger = at.service.caller("member")
        assert await at.listed(stranger) == "not-found"

    played(tmp_path, play)


def test_a_grant_that_was_told_before_the_document_counts(tmp_path: Path) -> None:
    async def play(at: Archive) -> None:
        grant = {"documentId": str(at.document), "shareGrantId": str(uuid7())}
        everybody = {**grant, "principal": f"org:{at.tenant}", "access": "viewer"}
        await at.tell("document-shared", **everybody)
        await at.created()
        assert (await at.listed(at.reader)).items == []

    played(tmp_path, play)


def test_teams_moves_and_links_bring_readers(tmp_path: Path) -> None:
    async def play(at: Archive) -> None:
        team, file = uuid7(), uuid7()
        await at.created()
        place = {"documentId": str(at.document), "principals": [f"team:{team}"]}
        await at.tell("document-moved", **place)
        people = {"teamId": str(team), "userIds": [str(at.reader.subject)]}
        await at.tell("user.team-member-added", **people)
        assert (await at.listed(at.reader)).items == []
        await at.tell(
            "file-uploaded",
            fileId=str(file),
            sizeBytes=1,
            mediaType="image/png",
            contentSha256="c" * 64,
            origin="upload",
            uploaderId=str(uuid7()),
        )
        assert await at.listed(at.reader, file) == "forbidden"
        link = {
            "fileLinkId": str(uuid7()),
            "fileId": str(file),
            "targetKind": "document",
            "targetId": str(at.document),
        }
        await at.tell("file-linked", **link)
        assert (await at.listed(at.reader, file)).items == []
        await at.tell("user.team-member-removed", **people)
        assert await at.listed(at.reader) == "forbidden"
        assert await at.listed(at.reader, file) == "forbidden"
        assert (await at.listed(at.owner, file)).items == []
        await at.tell("file-unlinked", **link)
        assert await at.listed(at.owner, file) == "forbidden"

    played(tmp_path, play)


def test_leavers_and_successors(tmp_path: Path) -> None:
    async def play(at: Archive) -> None:
        await at.created(f"user:{at.reader.subject}")
        await at.tell("user.member-removed", userId=str(at.reader.subject), endReason="left")
        assert await at.listed(at.reader) == "forbidden"
        successor = at.person("member")
        await at.tell(
            "document-ownership-transferred",
            documentTransferId=str(uuid7()),
            fromUserId=str(at.owner.subject),
            toUserId=str(successor.subject),
            documentIds=[str(at.document)],
            movedCount=1,
        )
        assert (await at.listed(successor)).items == []
        assert await at.listed(at.owner) == "forbidden"

    played(tmp_path, play)


def test_versions_are_cut_by_operations_minutes_and_silence(tmp_path: Path) -> None:
    async def play(at: Archive) -> None:
        await at.created()
        await at.updated(1, 499)
        assert await at.versions() == []
        await at.updated(500, 500)
        await at.updated(501, 510)
        at.service.later(timedelta(minutes=11))
        await at.updated(511, 511)
        await at.updated(512, 512)
        at.service.later(timedelta(minutes=3))
        await at.service.tick()
        cut = [
            (str(each.trigger), each.from_sequence, each.to_sequence)
            for each in await at.versions()
        ]
        assert cut == [("interval", 1, 500), ("interval", 501, 511), ("sessionEnd", 512, 512)]
        await at.updated(513, 513)
        await at.updated(514, 514, "restore")
        at.service.later(timedelta(minutes=3))
        await at.service.tick()
        assert len(await at.versions()) == 3

    played(tmp_path, play)


def test_the_list_is_paged_and_narrowed(tmp_path: Path) -> None:
    async def play(at: Archive) -> None:
        await at.created()
        for number in (1, 2, 3):
            await at.sealed(number)
        first = await at.listed(at.owner, limit=2, sort="versionNumber")
        assert [each.version_number for each in first.items] == [1, 2]
        rest = await at.listed(at.owner, limit=2, cursor=first.next_cursor)
        assert [each.version_number for each in rest.items] == [3]
        named = await at.listed(at.owner, milestone=True)
        assert named.items == []

    played(tmp_path, play)


def test_thinning_follows_the_policy_and_spares_what_is_held(tmp_path: Path) -> None:
    async def play(at: Archive) -> None:
        await at.tell(
            "user.organization-created",
            organizationId=str(at.tenant),
            slug="acme",
            edition="team",
            dataResidency="euWest1",
            ownerUserId=str(uuid7()),
        )
        await at.created()
        for number in (1, 2, 3):
            await at.sealed(number)
        body = models.PreviewThinningRequest(
            keep_all_hours=24,
            keep_hourly_days=14,
            keep_daily_days=180,
            keep_monthly_years=0,
            max_per_subject=1000,
        )
        at.service.later(timedelta(days=300))

        async def preview(ctx: Context) -> Any:
            return await at.handlers.preview_thinning(ctx, port.PreviewThinning(body=body))

        seen = await at.inside(preview)
        assert (seen.versions_kept, seen.versions_thinned, seen.freed_bytes) == (1, 2, 200)
        hold = {"legalHoldId": str(uuid7()), "heldFrom": "2020-01-01T00:00:00Z"}
        await at.tell("platform.legal-hold-placed", **hold)
        assert {str(each.retention_class) for each in await at.versions()} == {"legal"}
        at.service.later(timedelta(days=2000))
        await at.service.tick()
        assert await at.said("versions-thinned") == []
        people = {"releaseRequestedBy": str(uuid7()), "releaseApproverId": str(uuid7())}
        released = {"legalHoldId": hold["legalHoldId"], **people}
        await at.tell("platform.legal-hold-released", **released)
        at.service.later(timedelta(days=1))
        await at.service.tick()
        [thinned] = await at.said("versions-thinned")
        assert sorted(thinned["numbers"]) == [1, 2]
        assert thinned["freedBytes"] == 200
        states = {each.version_number: str(each.status) for each in await at.versions()}
        assert states == {1: "thinned", 2: "thinned", 3: "sealed"}

    played(tmp_path, play)


def test_histories_outlive_their_subject_by_a_week(tmp_path: Path) -> None:
    async def play(at: Archive) -> None:
        await at.created()
        await at.sealed(1)
        gone = {"documentId": str(at.document), "attachmentFileIds": []}
        await at.tell("document-deleted", **gone)
        await at.tell("document-deleted", **gone)
        assert await at.listed(at.owner) == "not-found"
        at.service.later(timedelta(days=6))
        await at.service.tick()
        assert len(await at.versions()) == 1
        at.service.later(timedelta(days=2))
        await at.service.tick()
        assert await at.versions() == []
        await at.created()
        again = at.service.caller("member", organization=at.tenant, subject=at.owner.subject)
        assert await at.listed(again) == "not-found"

    played(tmp_path, play)


def test_erased_people_and_purged_organisations(tmp_path: Path) -> None:
    async def play(at: Archive) -> None:
        await at.created()
        await at.sealed(1)
        request = str(uuid7())
        await at.tell("user.user-deleted", userId=str(at.owner.subject), erasureRequestId=request)
        [version] = await at.versions()
        assert str(version.contributor_ids[0]).startswith("00000000")
        [erased] = await at.said("version-erasure-completed")
        assert (erased["erasedItems"], erased["erasureRequestId"]) == (1, request)
        about = {"organizationId": str(at.tenant), "dataResidency": "euWest1"}
        await at.tell("user.organization-purged", **about)
        assert await at.versions() == []
        assert await at.listed(at.owner) == "not-found"

    played(tmp_path, play)


def test_commands_of_events_ask_for_one(tmp_path: Path) -> None:
    async def play(at: Archive) -> None:
        async def nothing(ctx: Context) -> None:
            await at.handlers.open_history(ctx, port.OpenHistory())

        with pytest.raises(Exception, match="not-found"):
            await at.inside(nothing)

    played(tmp_path, play)
