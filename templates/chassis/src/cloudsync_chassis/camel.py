"""Base class of generated models whose JSON names follow from the Python ones."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from pydantic import AwareDatetime

from cloudsync_chassis import model
from cloudsync_chassis.model import NULLABLE, UNIQUE, RootModel
from cloudsync_chassis.request import wire_name

__all__ = ["NULLABLE", "UNIQUE", "Kept", "Model", "RootModel"]


class Model(model.Model):
    """A field without an alias of its own is called by the rule: `book_id` is `bookId`."""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Give the fields their names; the class is built later, when it is first used."""
        super().__pydantic_init_subclass__(**kwargs)
        for name, field in cls.model_fields.items():
            told = wire_name(name)
            if field.alias is None and told != name:
                field.alias = field.validation_alias = field.serialization_alias = told


class Kept(Model):
    """The envelope of what a service keeps beside its aggregates; its own fields come behind."""

    id: UUID
    organization_id: UUID
    created_at: AwareDatetime
    updated_at: AwareDatetime
    version: int
