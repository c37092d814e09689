"""Values as texts: canonical form, digest, schema, and what must not be among them."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError
from referencing import Registry
from referencing.exceptions import Unresolvable

from .generated import models

_INTEGER = re.compile(r"-?(0|[1-9]\d{0,17})", re.ASCII)
_DECIMAL = re.compile(r"-?(0|[1-9]\d{0,17})(\.\d{1,18})?", re.ASCII)
_DURATION = re.compile(
    r"P(?=\d|T)(\d{1,6}D)?(T(?=\d)(\d{1,6}H)?(\d{1,6}M)?(\d{1,6}(\.\d{1,9})?S)?)?", re.ASCII
)
_FORMS = {
    models.ConfigValueType.integer: _INTEGER,
    models.ConfigValueType.decimal: _DECIMAL,
    models.ConfigValueType.duration: _DURATION,
}
_LONGEST = 65_536
_LONGEST_PATH = 500
_MOST_PATHS = 1000

_PATTERNS = tuple(
    re.compile(each)
    for each in (
        r"-----BEGIN [A-Z0-9 ]*(PRIVATE KEY|CERTIFICATE)",
        r"\b(AKIA|ASIA|AROA|AIDA)[A-Z0-9]{16}\b",
        r"\bgh[pousr]_[A-Za-z0-9]{30,}",
        r"\bgithub_pat_\w{20,}",
        r"\bglpat-[\w-]{20,}",
        r"\bxox[abeoprs]-[\w-]{10,}",
        r"hooks\.slack\.com/services/\w+",
        r"\b[rs]k_(live|test)_\w{10,}",
        r"\bwhsec_\w{16,}",
        r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}",
        r"\bAIza[\w-]{30,}",
        r"\bya29\.[\w-]{20,}",
        r"\bSG\.[\w-]{16,}\.[\w-]{16,}",
        r"\bSK[0-9a-f]{32}\b",
        r"\bkey-[0-9a-f]{32}\b",
        r"\bnpm_[A-Za-z0-9]{30,}",
        r"\bpypi-[\w-]{30,}",
        r"\bdop_v1_[0-9a-f]{40,}",
        r"\bhf_[A-Za-z]{30,}",
        r"\bhv[sb]\.[\w-]{20,}",
        r"\bdckr_pat_[\w-]{20,}",
        r"\bshp(at|ca|pa|ss)_[0-9a-fA-F]{32}",
        r"\bsq0(atp|csp)-[\w-]{20,}",
        r"\bAGE-SECRET-KEY-1[A-Z0-9]{20,}",
        r"(?i)\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@]{1,80}:[^\s/@]{3,200}@",
        r"(?i)\b(bearer|basic)\s+[a-z0-9+/=._-]{16,}",
        r"(?i)(password|passwd|pwd|secret|api[_-]?key|access[_-]?token|private[_-]?key)"
        r"[\"']?\s*[:=]\s*[\"']?[^\s\"',}]{6,}",
    )
)
_RUN = re.compile(r"[A-Za-z0-9+/=_-]{20,}")
_UUID = re.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_WORDLIKE = re.compile(r"[A-Za-z]*\d{0,4}")


class UnfitError(Exception):
    """A value that is none of its key; says why, without the value."""


def canonical(kind: models.ConfigValueType, text: str) -> str:
    """The text as its digest is made of it; JSON with sorted keys and no blanks.

    Raises:
        UnfitError: the text is no value of the kind.
    """
    if kind is models.ConfigValueType.json:
        return _written(_parsed(text))
    if kind is models.ConfigValueType.string_list:
        found = _parsed(text)
        if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
            raise UnfitError("not a JSON array of strings")
        return _written(found)
    if not _fits(kind, text):
        raise UnfitError(f"not a canonical {kind.value}")
    return text


def checksum(text: str) -> str:
    """SHA-256 of a canonical value in UTF-8, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def instance(kind: models.ConfigValueType, text: str) -> Any:
    """What a canonical text means, as JSON has it."""
    if kind in (models.ConfigValueType.string, models.ConfigValueType.duration):
        return text
    return json.loads(text)


def check_schema(text: str) -> None:
    """Hold a schema (JSON Schema 2020-12) against its own.

    Raises:
        UnfitError: it is none.
    """
    try:
        Draft202012Validator.check_schema(_schema(text))
    except SchemaError as error:
        raise UnfitError(f"no JSON Schema 2020-12 at {error.json_path}") from error


def check(schema: str, kind: models.ConfigValueType, text: str) -> None:
    """Hold a canonical value against the schema of its key. References lead nowhere outside it.

    Raises:
        UnfitError: it does not fit, or the schema is none.
    """
    check_schema(schema)
    validator = Draft202012Validator(_schema(schema), registry=Registry())
    try:
        validator.validate(instance(kind, text))
    except ValidationError as error:
        place = error.json_path
        raise UnfitError(f"the value breaks `{error.validator}` of its schema at {place}") from None
    except (Unresolvable, RecursionError, re.error) as error:
        raise UnfitError("the schema of the key cannot be evaluated") from error


def looks_like_secret(text: str, bits: float) -> bool:
    """Whether a text has the form of a known kind of credential, or holds 20 or more characters in
    a row that are neither words nor an id and have at least `bits` of entropy each (Shannon).
    """
    if any(each.search(text) for each in _PATTERNS):
        return True
    return any(_is_random(each, bits) for each in _RUN.findall(text))


def differences(kind: models.ConfigValueType, left: str, right: str) -> list[str]:
    """JSON pointers (RFC 6901) to where two canonical values differ, at most 1000 of at most 500
    characters: beyond that depth the pointer of what holds it.
    """
    pairs = _differing(instance(kind, left), instance(kind, right), "")
    found: dict[str, None] = {}
    for each in pairs:
        found.setdefault(each)
        if len(found) == _MOST_PATHS:
            break
    return list(found)


def _is_random(run: str, bits: float) -> bool:
    parts = re.split(r"[-_/+=]", run)
    if _UUID.fullmatch(run) or all(_WORDLIKE.fullmatch(each) for each in parts):
        return False
    counts = Counter(run).values()
    entropy = -sum(each / len(run) * math.log2(each / len(run)) for each in counts)
    return entropy >= bits


def _differing(left: Any, right: Any, path: str) -> Iterator[str]:
    if isinstance(left, dict) and isinstance(right, dict):
        for name in sorted(left.keys() | right.keys()):
            yield from _below(left, right, name, path)
    elif isinstance(left, list) and isinstance(right, list):
        for place in range(max(len(left), len(right))):
            inner = f"{path}/{place}"
            if place >= min(len(left), len(right)) or len(inner) > _LONGEST_PATH:
                yield inner if len(inner) <= _LONGEST_PATH else path
            else:
                yield from _differing(left[place], right[place], inner)
    elif type(left) is not type(right) or left != right:
        yield path


def _below(left: dict[str, Any], right: dict[str, Any], name: str, path: str) -> Iterator[str]:
    inner = path + "/" + name.replace("~", "~0").replace("/", "~1")
    if len(inner) > _LONGEST_PATH:
        if name not in left or name not in right or left[name] != right[name]:
            yield path
    elif name in left and name in right:
        yield from _differing(left[name], right[name], inner)
    else:
        yield inner


def _fits(kind: models.ConfigValueType, text: str) -> bool:
    if kind is models.ConfigValueType.boolean:
        return text in ("true", "false")
    if kind is models.ConfigValueType.string:
        return "\0" not in text
    return _FORMS[kind].fullmatch(text) is not None


def _schema(text: str) -> Any:
    found = _parsed(text)
    if not isinstance(found, dict | bool):
        raise UnfitError("no JSON Schema 2020-12")
    return found


def _parsed(text: str) -> Any:
    """JSON in which no name occurs twice, without NaN and infinities (RFC 8259, RFC 7493)."""
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise UnfitError("not JSON, or nested too deeply") from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name occurs twice")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _written(value: Any) -> str:
    try:
        found = json.dumps(
            value, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
        )
        found.encode()
    except (ValueError, RecursionError) as error:
        raise UnfitError("not JSON that can be stored") from error
    if len(found) > _LONGEST:
        raise UnfitError("longer than 65,536 characters")
    return found
