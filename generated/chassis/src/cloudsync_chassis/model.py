"""Base class of generated models, and the records as which the chassis handles entities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, LiteralString, Self, TypeVar, cast, get_args, get_origin

import pydantic
from pydantic import (
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    JsonValue,
    ValidationInfo,
    model_validator,
)
from pydantic_core import PydanticCustomError, core_schema
from pydantic_core.core_schema import CoreSchema

from cloudsync_chassis.formats import FORMAT
from cloudsync_chassis.texts import as_written

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")

UNIQUE: dict[str, JsonValue] = {"x-unique": True}
"""Said by a field whose list holds each item once (`json_schema_extra`)."""

NULLABLE: dict[str, JsonValue] = {"x-nullable": True}
"""Said by a field that may be null, which is not the same as absent."""

Record = dict[str, Any]
"""An entity by the names of its JSON Schema, Python values, absent optional fields left out."""

ENVELOPE = ("id", "organizationId", "createdAt", "updatedAt", "version")
"""Fields that every entity has and no caller sets."""


class Model(BaseModel):
    """Strict as JSON Schema is: `"1"` is no integer and no time, `true` no number, NaN nothing.

    Closed: what a model has no field for is refused; an open one says `extra="allow"` itself.
    """

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        populate_by_name=True,
        allow_inf_nan=False,
        protected_namespaces=(),
        ser_json_timedelta="iso8601",
        defer_build=True,  # a process uses few of a contract's models, and those when they come
    )

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: Any, handler: GetCoreSchemaHandler, /
    ) -> CoreSchema:
        """pydantic's schema, as strict about texts as their formats."""
        return as_written(handler(source), _formats(cls))

    @model_validator(mode="after")
    def _as_the_schema_says(self, info: ValidationInfo) -> Self:
        """What pydantic does not check: null where the schema has none, items that occur twice.

        A field's `json_schema_extra` says `x-nullable` and `x-unique` where the schema does, the
        model's own says `x-min-properties` and `x-dependent-required`.
        """
        kind = type(self)
        fewest, companions, unique = _checks(kind)
        if fewest and len(self.model_fields_set) < fewest:
            raise PydanticCustomError("too_few_properties", "more properties are required")
        if info.mode == "json":
            for name in self.model_fields_set:
                if self.__dict__.get(name, ...) is None and not _says(kind, name, "x-nullable"):
                    raise _fault(kind, name, "null_forbidden", "null is not allowed")
        for name, others in companions:
            if self.__dict__[name] is not None and any(
                self.__dict__.get(each) is None for each in others
            ):
                raise _fault(kind, name, "alone", "not without others")
        for name in unique:
            items = self.__dict__[name]
            if items and _repeats(items):
                raise _fault(kind, name, "items_repeated", "items must be unique")
        return self


class RootModel(pydantic.RootModel[T]):
    """As strict about a value that has no properties: an item with limits of its own."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False, defer_build=True)

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: Any, handler: GetCoreSchemaHandler, /
    ) -> CoreSchema:
        """pydantic's schema, as strict about texts as their formats."""
        made = as_written(handler(source), _formats(cls))
        if not _says(cls, "root", "x-unique"):
            return made
        return core_schema.no_info_after_validator_function(_root_each_once, made)


def _root_each_once(value: pydantic.RootModel[Any]) -> pydantic.RootModel[Any]:
    each_once(value.root)
    return value


def each_once(items: list[T]) -> list[T]:
    """The items.

    Raises:
        PydanticCustomError: two are equal.
    """
    if _repeats(items):
        raise PydanticCustomError("items_repeated", "items must be unique")
    return items


def present(value: T) -> T:
    """The value without what is None and may not be null, however deep in models and lists: a field
    that was set to None stands for one that was not set.
    """
    if isinstance(value, list):
        return cast(T, [present(each) for each in value])
    if not isinstance(value, BaseModel):
        return value
    kind, fields = type(value), value.model_fields_set & type(value).model_fields.keys()
    held = {name: getattr(value, name) for name in fields}
    absent = {
        name for name, each in held.items() if each is None and not _says(kind, name, "x-nullable")
    }
    copied = value.model_copy(update={name: present(held[name]) for name in fields - absent})
    copied.model_fields_set.difference_update(absent)
    return cast(T, copied)


def _repeats(items: Sequence[Any]) -> bool:
    if len(items) < 2:
        return False
    told = [each.root if isinstance(each, pydantic.RootModel) else each for each in items]
    if not all(type(each) is str for each in told):
        # others may be equal that JSON tells apart, or have no hash: 1 and true, objects
        told = [repr(each) for each in items]
    return len(told) != len(set(told))


def _said(model: type[BaseModel], name: str, keyword: str) -> JsonValue:
    extra = model.model_fields[name].json_schema_extra if name in model.model_fields else None
    return extra.get(keyword) if isinstance(extra, dict) else None


def _says(model: type[BaseModel], name: str, keyword: str) -> bool:
    return _said(model, name, keyword) is True


def _formats(model: type[BaseModel]) -> dict[str, str]:
    """The format of each field whose text has one."""
    told = {name: _said(model, name, FORMAT) for name in model.model_fields}
    return {name: each for name, each in told.items() if isinstance(each, str)}


@cache
def _checks(
    model: type[BaseModel],
) -> tuple[int, tuple[tuple[str, tuple[str, ...]], ...], tuple[str, ...]]:
    """How many properties it has at least, its `_companions`, its `_unique_lists`."""
    return _fewest(model), _companions(model), _unique_lists(model)


def _unique_lists(model: type[BaseModel]) -> tuple[str, ...]:
    return tuple(name for name in model.model_fields if _says(model, name, "x-unique"))


def _fewest(model: type[BaseModel]) -> int:
    found = _of_model(model, "x-min-properties")
    return found if isinstance(found, int) else 0


def _companions(model: type[BaseModel]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Fields that do not come without others, each with those."""
    told = _of_model(model, "x-dependent-required")
    fields = {info.alias or name: name for name, info in model.model_fields.items()}
    return tuple(
        (fields[name], tuple(fields.get(str(each), "") for each in others))
        for name, others in (told.items() if isinstance(told, dict) else ())
        if isinstance(others, list) and name in fields
    )


def _of_model(model: type[BaseModel], keyword: str) -> JsonValue:
    extra = model.model_config.get("json_schema_extra")
    return extra.get(keyword) if isinstance(extra, dict) else None


def _fault(
    model: type[BaseModel], name: str, code: LiteralString, text: LiteralString
) -> Exception:
    field = model.model_fields[name].alias or name
    return PydanticCustomError(code, "{field}: " + text, {"field": field})


def to_record(entity: BaseModel, only: frozenset[str] | None = None) -> Record:
    """All present fields, or those of `only`; absent ones have no key (they are never null)."""
    named = _attributes(type(entity), only) if only is not None else None
    return entity.model_dump(mode="python", by_alias=True, exclude_none=True, include=named)


def attribute_values(entity: BaseModel, names: frozenset[str]) -> tuple[Any, ...]:
    """The values of the fields with these names in JSON, as the entity has them."""
    return tuple([getattr(entity, each) for each in _attributes(type(entity), names)])


@cache
def _attributes(model: type[BaseModel], names: frozenset[str]) -> set[str]:
    """The attributes of a model's fields by their names in JSON."""
    return {each for each, info in model.model_fields.items() if (info.alias or each) in names}


def given(body: BaseModel | Mapping[str, Any] | None) -> Record:
    """The fields that a caller sent, with `None` where null was sent (merge patch: remove)."""
    if body is None:
        return {}
    if isinstance(body, BaseModel):
        return body.model_dump(mode="python", by_alias=True, exclude_unset=True)
    return dict(body)


def from_record(model: type[M], record: Mapping[str, Any]) -> M:
    """The typed entity.

    Raises:
        pydantic.ValidationError: the record does not satisfy the schema.
    """
    return model.model_validate(record, strict=False)


def project(model: type[M], entity: BaseModel) -> M:
    """Those fields of the entity that `model` has.

    Raises:
        pydantic.ValidationError: they do not satisfy its schema.
    """
    wanted = field_names(model)
    record = {name: each for name, each in to_record(entity).items() if name in wanted}
    return from_record(model, record)


def field_names(model: type[BaseModel]) -> frozenset[str]:
    """Names of the fields as they stand in JSON."""
    return frozenset(info.alias or name for name, info in model.model_fields.items())


def fields_holding(model: type[BaseModel], *kinds: type) -> frozenset[str]:
    """JSON names of the fields whose values are of one of `kinds`."""
    return frozenset(
        info.alias or name
        for name, info in model.model_fields.items()
        if any(_holds(info.annotation, kind) for kind in kinds)
    )


def _holds(annotation: Any, kind: type) -> bool:
    if isinstance(annotation, type) and issubclass(annotation, pydantic.RootModel):
        annotation = annotation.model_fields["root"].annotation
    if annotation is kind or get_origin(annotation) is kind:
        return True
    if get_origin(annotation) in (list, dict, set, tuple):
        return False
    return any(_holds(each, kind) for each in get_args(annotation))
