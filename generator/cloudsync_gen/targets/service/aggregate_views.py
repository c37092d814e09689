"""What the module of a service's aggregates shows."""

from __future__ import annotations

from typing import Any

from msgspec import Struct


class TransitionView(Struct, frozen=True, kw_only=True):
    """A row of a life cycle."""

    command: str
    sources: tuple[str, ...]
    to: str
    roles: tuple[str, ...]
    relations: tuple[str, ...]
    condition: str
    guard: str


class AssignmentView(Struct, frozen=True, kw_only=True):
    """A field that a command sets: to `source` where that is given, else to `value`."""

    field: str
    value: str | int | float | bool | None = None
    source: str = ""


class EmissionView(Struct, frozen=True, kw_only=True):
    """An event that commands announce, under the name of a constant."""

    constant: str
    type: str
    topic: str
    key: str
    key_field: str
    fields: tuple[str, ...]


class RequirementView(Struct, frozen=True, kw_only=True):
    """What a command asks for; `problem` is the constant of the refusal, `detail` its words.

    `counted` is the aggregate whose entities with the values `where` are counted, if not empty.
    """

    condition: str
    counted: str
    where: tuple[tuple[str, str], ...]
    unique: tuple[str, ...]
    problem: str
    detail: str


class CommandView(Struct, frozen=True, kw_only=True):
    """What a command does to its aggregate; `emits`: constants."""

    command: str
    effect: str
    idempotency: str
    sets: tuple[AssignmentView, ...]
    emits: tuple[str, ...]
    requires: tuple[RequirementView, ...]


class RelationView(Struct, frozen=True, kw_only=True):
    """How a caller stands to an entity."""

    name: str
    fields: tuple[str, ...]
    through: str
    parent: str
    principal: str
    prefix: str
    value_field: str
    values: tuple[str, ...]


class AggregateView(Struct, frozen=True, kw_only=True):
    """An aggregate; `table` is the variable of its table, empty for a document store."""

    name: str
    attribute: str
    constant: str
    model: str
    table: str
    columns: dict[str, str]
    encrypted: tuple[str, ...]
    blind: dict[str, str]
    collection: str
    collection_unique: tuple[tuple[str, ...], ...]
    key: str
    state_field: str
    initial: str
    transitions: tuple[TransitionView, ...]
    invariants: tuple[tuple[str, str, str], ...]
    commands: tuple[CommandView, ...]
    part_of: tuple[str, str] | None
    references: tuple[tuple[str, str], ...]
    unique: tuple[tuple[str, ...], ...]
    defaults: dict[str, Any]
    tenant_root: bool
    relations: tuple[RelationView, ...]
    traced: tuple[tuple[str, str], ...]
