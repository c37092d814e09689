"""Where a `$ref` of the model leads: to another element's schema by a relative path and a pointer.

`../common/values.yaml#/uuid/schema`, `#/page/schema`, `#/page/schema/$defs/line`. Nothing else is
followed: no address, no absolute path, nothing outside `model/`.
"""

from __future__ import annotations

import posixpath
import re
from functools import lru_cache

from msgspec import Struct

_FORM = "write `<relative path>#/<element>/schema`"
_SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*:")
_POINTER = re.compile(r"^/([^/]+)/schema(?:/\$defs/([^/]+))?$")

_NEAR = 16384
"""So many are remembered: a rule that looks at all of a large model comes back to none of them."""


class SchemaTarget(Struct, frozen=True):
    """A schema of the data model: its file, the element's key there, a definition within it."""

    file: str
    key: str
    definition: str = ""


class RefusedReference(Struct, frozen=True):
    """Why a `$ref` is not followed. `unsafe`: it tries to leave the model."""

    reason: str
    unsafe: bool = False


def schema_target(file: str, reference: object) -> SchemaTarget | RefusedReference:
    """Where a `$ref` written in `file` leads; whether something is there is not looked at."""
    if not isinstance(reference, str):
        return RefusedReference(f"a `$ref` is text; {_FORM}")
    return _target(file, reference)


@lru_cache(maxsize=_NEAR)
def _target(file: str, reference: str) -> SchemaTarget | RefusedReference:
    path, hash_, pointer = reference.partition("#")
    target = _file(file.rpartition("/")[0], path) if path or not file.startswith("model/") else file
    if isinstance(target, RefusedReference):
        return target
    match = _POINTER.match(pointer)
    if not hash_ or match is None:
        return RefusedReference(f"it names no element's schema; {_FORM}")
    return SchemaTarget(target, _unescaped(match[1]), _unescaped(match[2] or ""))


@lru_cache(maxsize=_NEAR)
def _file(folder: str, path: str) -> str | RefusedReference:
    """The file that a relative path leads to from a folder."""
    if _SCHEME.match(path) or path.startswith(("/", "\\")) or "\\" in path or "%" in path:
        return RefusedReference(f"only files of the model are read; {_FORM}", unsafe=True)
    target = posixpath.normpath(posixpath.join(folder, path))
    if not target.startswith("model/"):
        return RefusedReference(f"it leaves `model/`; {_FORM}", unsafe=True)
    return target


def _unescaped(step: str) -> str:
    """A step of a JSON Pointer (RFC 6901)."""
    return step.replace("~1", "/").replace("~0", "~")
