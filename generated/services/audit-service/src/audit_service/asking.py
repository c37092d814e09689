"""Questions about the trail: how far they reach, and who asked."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.runtime import Runtime
from pydantic_core import to_jsonable_python

from .generated.models import AuditRecord
from .sealing import Sealing

_BODY = {"actor_ip": "actorIp", "user_agent": "userAgent", "changes": "changes"}
BODY = tuple(_BODY.values())
"""Fields that go to the archive with the body of a record."""


@dataclass(frozen=True, slots=True)
class Question:
    """What policies ask about a question: the days that it covers, and its investigation."""

    days: int = 1
    investigation: str = ""


_PLAIN = Question()
_QUESTION: ContextVar[Question] = ContextVar("question", default=_PLAIN)


class Asking(Sealing):
    """Tells policies about a question, and puts bodies back from the archive."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        runtime.policies.supply("rangeDays", lambda ctx: _QUESTION.get().days)
        runtime.policies.supply("investigationId", lambda ctx: _QUESTION.get().investigation)

    @contextmanager
    def asking(self, days: int, investigation: str = "") -> Iterator[None]:
        """While policies decide on a question of that reach."""
        token = _QUESTION.set(Question(days, investigation))
        try:
            yield
        finally:
            _QUESTION.reset(token)

    async def obey(self, ctx: Context, organization: UUID) -> None:
        """Refuse what a policy forbids on an organisation's trail.

        Raises:
            Problem: `forbidden`.
        """
        await self.audit_record.grants.obey(ctx, {"organizationId": organization})

    def asker(self, ctx: Context, inside: Context) -> Context:
        """Another transaction, as that of whoever asked."""
        return replace(
            inside, principal=ctx.principal, operation=ctx.operation, source_ip=ctx.source_ip
        )

    async def whole(
        self, ctx: Context, day: date, records: Sequence[AuditRecord]
    ) -> list[AuditRecord]:
        """Records of one day with the bodies that lie in the archive."""
        if all(each.archived_at is None for each in records):
            return list(records)
        bodies = await self.archive.read(ctx.tenant, day)
        return [_with_body(each, bodies.get(each.id)) for each in records]


def body_of(record: AuditRecord) -> bytes:
    """What of a record goes to the archive."""
    fields = record.model_dump(by_alias=True, exclude_none=True, include=set(_BODY))
    return json.dumps(to_jsonable_python(fields), sort_keys=True).encode()


def _with_body(record: AuditRecord, body: bytes | None) -> AuditRecord:
    if record.archived_at is None or body is None:
        return record
    fields = record.model_dump(by_alias=True, exclude_none=True)
    return AuditRecord.model_validate({**fields, **json.loads(body)}, strict=False)
