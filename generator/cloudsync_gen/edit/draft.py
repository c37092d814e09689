"""What a command wants to do to the model: files to add and lists to lengthen, not yet written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from cloudsync_gen.source import Pointer


class NewFile(Struct, frozen=True, kw_only=True):
    """A file that is not there yet. `elements`: key -> element, in order; for a contract source the
    document itself. `layer` names the schema of its modeline, empty for none.
    """

    path: str
    layer: str
    elements: Mapping[str, Any]


class Addition(Struct, frozen=True, kw_only=True):
    """Items for the end of a list in a file that is there."""

    path: str
    pointer: Pointer
    items: tuple[str, ...]


class Draft(Struct, frozen=True, kw_only=True):
    """All of it. `plain`: path -> text of a file that is no YAML; `says`: sentences for people
    about what was chosen for them.
    """

    files: tuple[NewFile, ...]
    plain: Mapping[str, str] = {}
    additions: tuple[Addition, ...] = ()
    says: tuple[str, ...] = ()


class Refused(Exception):
    """Why a command cannot do it. `conflict`: something is in the way, not asked wrongly."""

    def __init__(self, message: str, *, conflict: bool = False) -> None:
        super().__init__(message)
        self.conflict = conflict
