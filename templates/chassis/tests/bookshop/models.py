"""What the shop keeps, accepts and hears of."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, ConfigDict, Field

from cloudsync_chassis.model import Model


class BookStatus(StrEnum):
    listed = "listed"
    reserved = "reserved"
    sold = "sold"


class Lock(Model):
    holder_id: Annotated[UUID, Field(alias="holderId")]
    expires_at: Annotated[AwareDatetime, Field(alias="expiresAt")]


class Entity(Model):
    id: UUID
    organization_id: Annotated[UUID, Field(alias="organizationId")]
    created_at: Annotated[AwareDatetime, Field(alias="createdAt")]
    updated_at: Annotated[AwareDatetime, Field(alias="updatedAt")]
    version: int


class Book(Entity):
    title: Annotated[str, Field(min_length=1, max_length=300)]
    isbn: str | None = None
    seller_id: Annotated[UUID, Field(alias="sellerId")]
    status: BookStatus
    price_minor: Annotated[int, Field(alias="priceMinor", ge=0)]
    tags: Annotated[list[str], Field(json_schema_extra={"x-unique": True})]
    related_ids: Annotated[list[UUID], Field(alias="relatedIds")]
    notes: str | None = None
    lock: Lock | None = None
    sold_at: Annotated[AwareDatetime | None, Field(alias="soldAt")] = None


class Loan(Entity):
    book_id: Annotated[UUID, Field(alias="bookId")]
    reader: str
    level: str
    remark: str | None = None
    arranged_by: Annotated[UUID | None, Field(alias="arrangedBy")] = None


class BookInput(Model):
    model_config = ConfigDict(
        extra="ignore"
    )  # its message says more, of which the shop keeps nothing

    title: Annotated[str, Field(min_length=1, max_length=300)]
    isbn: str | None = None
    price_minor: Annotated[int, Field(alias="priceMinor", ge=0)]
    tags: Annotated[list[str] | None, Field(json_schema_extra={"x-unique": True})] = None
    related_ids: Annotated[list[UUID] | None, Field(alias="relatedIds")] = None
    notes: str | None = None
    lock: Lock | None = None


class BookPatch(Model):
    title: Annotated[str | None, Field(min_length=1)] = None
    price_minor: Annotated[int | None, Field(alias="priceMinor", ge=0)] = None
    tags: list[str] | None = None
    notes: Annotated[str | None, Field(json_schema_extra={"x-nullable": True})] = None
    lock: Lock | None = None


class LoanInput(Model):
    reader: str
    level: str
    remark: str | None = None


class LoanTerms(Model):
    level: str
    remark: str | None = None


class PriceSuggested(Model):
    book_id: Annotated[UUID, Field(alias="bookId")]
    price_minor: Annotated[int, Field(alias="priceMinor")]
