"""Base class of generated models, and the records as which the chassis handles entities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, RootModel

M = TypeVar("M", bound=BaseModel)

Record = dict[str, Any]
"""An entity by the names of its JSON Schema, Python values, absent optional fields left out."""


class Model(BaseModel):
    """Strict as JSON Schema is: `"1"` is no integer, `true` no number, NaN nothing."""

    model_config = ConfigDict(
        strict=True,
        populate_by_name=True,
        allow_inf_nan=False,
        protected_namespaces=(),
        ser_json_timedelta="iso8601",
    )


def to_record(entity: BaseModel) -> Record:
    """All present fields; absent ones have no key (they are never null)."""
    return entity.model_dump(mode="python", by_alias=True, exclude_none=True)


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
    if isinstance(annotation, type) and issubclass(annotation, RootModel):
        annotation = annotation.model_fields["root"].annotation
    if annotation is kind or get_origin(annotation) is kind:
        return True
    if get_origin(annotation) in (list, dict, set, tuple):
        return False
    return any(_holds(each, kind) for each in get_args(annotation))
