"""Schemas of a contract as `$defs` for pydantic models: value types inlined, annotations left out.

A property that refers to a plain value type (a UUID, a time, a short text) gets that type's
keywords itself, so that the model's field is a `UUID` and not a class around one. Objects and
enumerations stay classes of their own; those that are written in place get a name that says where.

Defaults are left out: they are for whoever fills in what was not sent, and a model that put them in
would answer and store what nobody said.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cloudsync_gen.naming import pascal, python_class
from cloudsync_gen.targets._patterns import as_ecma_means_it
from cloudsync_gen.targets._text import summary

UNIQUE = "x-unique"
"""Stands for `uniqueItems`, which a list field checks by itself."""

NULLABLE = "x-nullable"
"""Marks a property that may be null; all others may only be absent."""

FEWEST = "x-min-properties"
"""Stands for `minProperties` of a class."""

_PYTHON_FORMATS = ("uuid", "date-time", "date", "ipv4", "ipv6")
"""Formats that are types of Python; their texts have no bounds of their own."""

COMPANIONS = "x-dependent-required"
"""Stands for `dependentRequired` of a class."""

TEXT_FORMATS = ("duration", "email", "hostname", "time", "uri", "uri-reference")
"""Formats of texts that stay texts: the chassis knows the expression of each."""

FORMAT = "x-format"
"""Stands for one of them."""

_FORMATS = (*_PYTHON_FORMATS, "int32", "int64", "float", "double")
_LEFT_OUT = ("examples", "example", "default", "readOnly", "writeOnly", "deprecated", "title")
_BOUNDS = ("minLength", "maxLength", "pattern")
_LIMITS = (
    *(*_BOUNDS, "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    *("minItems", "maxItems", UNIQUE, FORMAT),
)
_UNIONS = ("oneOf", "anyOf", "allOf")
_TAKEN = frozenset(
    (
        *("Model", "RootModel", "ConfigDict", "Field", "StringConstraints", "AwareDatetime"),
        *("Annotated", "Any", "Literal", "StrEnum", "Enum", "TypeAliasType", "BaseModel"),
        *("IPv4Address", "IPv6Address", "UUID", "Decimal"),
    )
)
"""Names that the module of the models imports."""

_PREFIX = "#/components/schemas/"
_MAX_DEPTH = 32


def class_name(name: str) -> str:
    """The class of a schema that contracts call `name`."""
    made = python_class(name)
    return f"{made.rstrip('_')}Model" if made in _TAKEN or made.endswith("_") else made


def is_class(schema: Mapping[str, Any]) -> bool:
    """Whether a schema becomes a class: an object with properties, an enumeration, a union of
    such.
    """
    if "enum" in schema or "properties" in schema:
        return True
    alternatives = (each for key in _UNIONS for each in schema.get(key, ()))
    return any(
        isinstance(each, Mapping) and ("$ref" in each or is_class(each)) for each in alternatives
    )


def definitions(schemas: Mapping[str, Any]) -> dict[str, Any]:
    """`$defs` of all schemas that become classes; refs are those of an OpenAPI document."""
    return _Definitions(schemas).made()


def document(schemas: Mapping[str, Any]) -> dict[str, Any]:
    """The whole JSON Schema that the model generator is given."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$defs": definitions(schemas),
    }


class _Definitions:
    """Rewrites schemas one by one and collects those that were written in place."""

    def __init__(self, schemas: Mapping[str, Any]) -> None:
        self._schemas = schemas
        self._made: dict[str, Any] = {}
        self._names = {class_name(name) for name in schemas}

    def made(self) -> dict[str, Any]:
        """All definitions, sorted."""
        for name, schema in self._schemas.items():
            if isinstance(schema, Mapping) and is_class(schema):
                made = self._rewritten(schema, class_name(name), 0)
                text = schema.get("description")
                about = {"description": summary(text)} if isinstance(text, str) else {}
                self._made[class_name(name)] = {**about, **made}
        return dict(sorted(self._made.items()))

    def _rewritten(self, node: Mapping[str, Any], hint: str, depth: int) -> dict[str, Any]:
        """A schema without what models do not need; `hint` names what is written in place."""
        made: dict[str, Any] = {}
        for key, value in node.items():
            if key == "uniqueItems" and value is True:
                made[UNIQUE] = True
            elif key == "minProperties" and "properties" in node:
                made[FEWEST] = value
            elif key == "dependentRequired" and "properties" in node:
                made[COMPANIONS] = value
            elif key == "properties" and isinstance(value, Mapping):
                made[key] = {
                    n: self._property(each, hint + pascal(n), depth) for n, each in value.items()
                }
            elif key in _UNIONS and isinstance(value, list):
                made[key] = [
                    self._part(e, f"{hint}Option{i}", depth) for i, e in enumerate(value, 1)
                ]
            elif key in ("items", "additionalProperties") and isinstance(value, Mapping):
                made[key] = self._item(value, hint + ("Item" if key == "items" else "Value"), depth)
            elif key == "propertyNames" and isinstance(value, Mapping):
                made[key] = self._part(value, f"{hint}Key", depth)
            elif key == "format" and value in TEXT_FORMATS:
                made[FORMAT] = value
            elif _is_kept(key, value, node):
                made[key] = as_ecma_means_it(value) if key == "pattern" else value
        return _closed(_with_format(made))

    def _part(self, node: Any, hint: str, depth: int) -> Any:
        """A schema within another: a reference, a value type in place, or a class of its own."""
        if not isinstance(node, Mapping) or depth > _MAX_DEPTH:
            return {} if isinstance(node, Mapping) else node
        reference = node.get("$ref")
        if not isinstance(reference, str):
            made = self._rewritten(node, hint, depth + 1)
            return self._own(made, hint) if is_class(made) else made
        name = reference.removeprefix(_PREFIX)
        target = self._schemas.get(name, {})
        if is_class(target):
            return {"$ref": f"#/$defs/{class_name(name)}"}
        return self._part(target, class_name(name), depth + 1)

    def _item(self, node: Mapping[str, Any], hint: str, depth: int) -> Any:
        """A schema of items: with limits it needs a class, which its value type names."""
        made = self._part(node, hint, depth)
        if not set(_LIMITS) & made.keys():
            return made
        reference = node.get("$ref")
        if not isinstance(reference, str):
            return self._own(made, hint)
        name = class_name(reference.removeprefix(_PREFIX))
        self._made[name] = made
        return {"$ref": f"#/$defs/{name}"}

    def _own(self, made: dict[str, Any], hint: str) -> dict[str, Any]:
        name, number = hint, 1
        while name in self._names and self._made.get(name) != made:
            number += 1
            name = f"{hint}{number}"
        self._names.add(name)
        self._made[name] = made
        return {"$ref": f"#/$defs/{name}"}

    def _property(self, node: Any, hint: str, depth: int) -> Any:
        made = self._part(node, hint, depth)
        if isinstance(made, dict) and _takes_null(made):
            made[NULLABLE] = True
        return made


def _with_format(schema: dict[str, Any]) -> dict[str, Any]:
    """A union with null of one text has the text's format itself: its parts are no fields."""
    parts = [each for key in _UNIONS[:2] for each in schema.get(key, ())]
    found = [each for each in parts if isinstance(each, dict) and each.get("type") != "null"]
    if len(found) != 1 or FORMAT not in found[0]:
        return schema
    plain = {key: each for key, each in found[0].items() if key != FORMAT}
    told = {
        key: [plain if each is found[0] else each for each in value] if key in _UNIONS else value
        for key, value in schema.items()
    }
    return {**told, FORMAT: found[0][FORMAT]}


def _closed(schema: dict[str, Any]) -> dict[str, Any]:
    """The base class refuses what it does not know, so that only open objects say so."""
    if "properties" in schema and schema.setdefault("additionalProperties", True) is False:
        del schema["additionalProperties"]
    return schema


def _is_kept(key: str, value: Any, node: Mapping[str, Any]) -> bool:
    if key == "format":
        return value in _FORMATS
    if key in _BOUNDS:
        return node.get("format") not in _PYTHON_FORMATS
    return key != "description" and not key.startswith("x-") and key not in _LEFT_OUT


def _takes_null(schema: Mapping[str, Any]) -> bool:
    kind = schema.get("type")
    alternatives = [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
    return (
        kind == "null"
        or (isinstance(kind, list) and "null" in kind)
        or any(isinstance(each, Mapping) and _takes_null(each) for each in alternatives)
    )
