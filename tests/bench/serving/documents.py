"""Documents as the contract has them: pydantic models with its limits, and their table."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

import sqlalchemy as sa
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

Title = Annotated[
    str, Field(min_length=1, max_length=255, pattern="^[^\\u0000-\\u001f\\u007f\\u2028\\u2029]+$")
]
Kind = Literal["page", "spreadsheet", "slideDeck", "whiteboard", "form"]
Sensitivity = Literal["public", "internal", "confidential", "restricted"]
Label = Annotated[str, Field(min_length=1, max_length=40)]
Language = Annotated[str, Field(min_length=2, max_length=15)]


def camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(map(str.capitalize, rest))


class Model(BaseModel):
    model_config = ConfigDict(alias_generator=camel, populate_by_name=True, extra="forbid")


class NewDocument(Model):
    title: Title
    document_type: Kind
    folder_id: UUID | None = None
    template_id: UUID | None = None
    sensitivity: Sensitivity = "internal"
    content_language: Language | None = None
    labels: list[Label] = Field(default=[], max_length=32)


class EditLock(Model):
    holder_id: UUID
    expires_at: AwareDatetime


class Document(NewDocument):
    id: UUID
    organization_id: UUID
    created_at: AwareDatetime
    updated_at: AwareDatetime
    version: int = Field(ge=1)
    owner_id: UUID
    status: Literal["draft", "active", "archived", "trashed", "deleted"]
    body_ref: str | None = Field(None, pattern="^[a-f0-9]{24}$")
    body_checksum: str | None = Field(None, pattern="^[a-f0-9]{64}$")
    body_bytes: int = Field(0, ge=0, le=12582912)
    head_sequence: int = Field(0, ge=0)
    excerpt: str = Field("", max_length=280)
    attachment_file_ids: list[UUID] = Field([], max_length=200)
    blocked_file_ids: list[UUID] = Field([], max_length=200)
    edit_lock: EditLock | None = None
    retain_until: AwareDatetime | None = None
    trashed_at: AwareDatetime | None = None


class Documents(Model):
    items: list[Document]
    next_cursor: str | None = None


class Instant(sa.TypeDecorator[datetime]):
    """SQLite forgets the zone."""

    impl = sa.DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        return value.replace(tzinfo=UTC) if value else None


metadata = sa.MetaData()
documents = sa.Table(
    "documents",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("organization_id", sa.Uuid, primary_key=True),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("title", sa.String(255), nullable=False),
    sa.Column("document_type", sa.Text, nullable=False),
    sa.Column("folder_id", sa.Uuid),
    sa.Column("owner_id", sa.Uuid, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("template_id", sa.Uuid),
    sa.Column("body_ref", sa.CHAR(24)),
    sa.Column("body_checksum", sa.CHAR(64)),
    sa.Column("body_bytes", sa.Integer, nullable=False),
    sa.Column("head_sequence", sa.BigInteger, nullable=False),
    sa.Column("excerpt", sa.String(280), nullable=False),
    sa.Column("content_language", sa.String(15)),
    sa.Column("sensitivity", sa.Text, nullable=False),
    sa.Column("labels", sa.JSON, nullable=False),
    sa.Column("attachment_file_ids", sa.JSON, nullable=False),
    sa.Column("blocked_file_ids", sa.JSON, nullable=False),
    sa.Column("edit_lock", sa.JSON(none_as_null=True)),
    sa.Column("retain_until", Instant),
    sa.Column("trashed_at", Instant),
    sa.Index("documents_owner", "organization_id", "owner_id", "updated_at"),
    sa.Index("documents_folder", "organization_id", "folder_id", "status"),
)
