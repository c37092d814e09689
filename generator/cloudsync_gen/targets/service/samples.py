"""Example values of schemas, the same on every run."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from typing import Any

from cloudsync_gen.targets._python_types import followed
from cloudsync_gen.targets.service.texts import matching

FORMATS = {
    "uuid": "01890a5d-ac96-774b-bcce-b302099a8057",
    "date-time": "2030-01-02T03:04:05Z",
    "date": "2030-01-02",
    "time": "03:04:05Z",
    "duration": "PT1H",
    "email": "someone@example.org",
    "uri": "https://example.org/thing",
    "uri-reference": "/thing",
    "hostname": "example.org",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
}
_TEXT = "example"
_MAX_DEPTH = 12
_RICHEST = 2


class Unsampled(Exception):
    """A schema of which no example was found."""


def enriched(schema: Any, schemas: Mapping[str, Any], depth: int = 0) -> Any:
    """A sample with all optional properties of which there is one. Raises `Unsampled`."""
    _, found = followed(schema, schemas)
    made = sample(found, schemas, "", depth)
    if not isinstance(made, dict) or depth > _RICHEST:
        return made
    for name, each in found.get("properties", {}).items():
        with suppress(Unsampled):
            _, inner = followed(each, schemas)
            rich = "properties" in inner
            made[name] = (
                enriched(each, schemas, depth + 1) if rich else _filled(each, schemas, name)
            )
    return made


def _filled(schema: Any, schemas: Mapping[str, Any], name: str) -> Any:
    """A sample; of a list, with an item in it."""
    made = sample(schema, schemas, name)
    _, found = followed(schema, schemas)
    return [enriched(found["items"], schemas, 1)] if made == [] and "items" in found else made


def sample(schema: Any, schemas: Mapping[str, Any], name: str = "", depth: int = 0) -> Any:
    """A value that satisfies the schema as far as its commonest keywords go; optional properties
    are left out. Values of different names differ where they can. Raises `Unsampled`.
    """
    if depth > _MAX_DEPTH:
        raise Unsampled("too deep")
    _, found = followed(schema, schemas)
    if isinstance(schema, Mapping) and "$ref" in schema and schema.get("examples"):
        return schema["examples"][0]  # said of this use alone
    for key in ("const", "default"):
        if key in found:
            return found[key]
    for key in ("enum", "examples"):
        if found.get(key):
            return found[key][0]
    for key in ("oneOf", "anyOf"):
        if found.get(key):
            return sample(found[key][0], schemas, name, depth + 1)
    if found.get("allOf"):
        parts = [sample(each, schemas, name, depth + 1) for each in found["allOf"]]
        return {key: value for part in parts for key, value in part.items()}
    return _typed(found, schemas, name, depth)


def _typed(schema: Mapping[str, Any], schemas: Mapping[str, Any], name: str, depth: int) -> Any:
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list) else kind
    match kind:
        case "object":
            return _object(schema, schemas, depth)
        case "array":
            items = schema.get("items", {})
            names = (f"{name}{place or ''}" for place in range(schema.get("minItems", 0)))
            return [sample(items, schemas, each, depth + 1) for each in names]
        case "integer" | "number":
            return _number(schema)
        case "boolean":
            return True
        case "string":
            return _text(schema, name)
        case _:
            raise Unsampled(f"type {kind}")


def _object(schema: Mapping[str, Any], schemas: Mapping[str, Any], depth: int) -> dict[str, Any]:
    properties = schema.get("properties", {})
    names = list(schema.get("required", ()))
    fewest = schema.get("minProperties", 0)
    names += [each for each in properties if each not in names][: max(0, fewest - len(names))]
    made = {n: sample(properties.get(n, {}), schemas, n, depth + 1) for n in names}
    if len(made) < fewest and isinstance(schema.get("additionalProperties"), Mapping):
        names_of = {"type": "string", **schema.get("propertyNames", {})}
        key = sample(names_of, schemas, "", depth + 1)
        made[key] = sample(schema["additionalProperties"], schemas, key, depth + 1)
    if len(made) < fewest:
        raise Unsampled("too few properties")
    return made


def _number(schema: Mapping[str, Any]) -> int | float:
    step: int | float = schema.get("multipleOf", 1)
    lowest: int | float = schema.get("minimum", schema.get("exclusiveMinimum", 0))
    if "exclusiveMinimum" in schema:
        lowest += step
    value = max(lowest, step) if schema.get("maximum", step) >= step else lowest
    return value if value % step == 0 else value - value % step + step


def _text(schema: Mapping[str, Any], name: str) -> str:
    fewest, most = int(schema.get("minLength", 0)), int(schema.get("maxLength", 10_000))
    if schema.get("contentEncoding") == "base64":
        return b64encode(_TEXT.encode() * (fewest * 3 // 4 // len(_TEXT) + 1)).decode()
    if schema.get("format") == "uuid":
        return FORMATS["uuid"][:-12] + sha256(name.encode()).hexdigest()[:12]
    if schema.get("format") in FORMATS:
        return FORMATS[schema["format"]]
    if "pattern" in schema:
        found = matching(schema["pattern"], fewest, most)
        if found is None:
            raise Unsampled(f"pattern {schema['pattern']}")
        return found
    return (_TEXT * (fewest // len(_TEXT) + 1))[: max(fewest, min(most, len(_TEXT)))]
