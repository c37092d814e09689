"""The baseline: findings that may stay until a day, each with a reason and an owner.

TOML, one `[[finding]]` each: `id` is the finding's fingerprint, `rule` its code, or the id of a
change of a contract, `element` for readers, `reason`, `owner`, and `expires`, the last day on which
it may stay.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from cloudsync_gen.model.waivers import Entry
from cloudsync_gen.source import Span

MAX_BYTES = 8 * 1024 * 1024
MAX_SAID = 500
"""Characters of a reason, or of an owner."""

_HEAD = """\
# Findings that may stay for a while. `cloudsync-gen check --write-baseline` writes this file and
# drops what is not found any more; after the day in `expires` a finding is told again.
"""
_ID = re.compile(r"(?m)^[ \t]*id[ \t]*=[ \t]*([\"'])([0-9a-f]{12})\1")
_Said = Annotated[str, Meta(min_length=1, max_length=MAX_SAID)]


class BadBaseline(Exception):
    """A text that is no baseline; it says where and why."""


class _Written(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: Annotated[str, Meta(pattern="^[0-9a-f]{12}$")]
    rule: Annotated[str, Meta(pattern="^([A-Z]{3}[0-9]{3}|[a-z]+(-[a-z]+)+)$", max_length=99)]
    element: str = ""
    reason: _Said
    owner: _Said
    expires: date


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    finding: tuple[_Written, ...] = ()


def read(file: str, content: bytes) -> tuple[Entry, ...]:
    """The entries in the order written. Raises `BadBaseline`."""
    if len(content) > MAX_BYTES:
        raise BadBaseline(f"{file}: larger than {MAX_BYTES // 1024 // 1024} MiB")
    try:
        text = content.decode("utf-8")
        made = msgspec.convert(tomllib.loads(text), _File)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadBaseline(f"{file}: not TOML: {error}") from None
    except msgspec.ValidationError as error:
        raise BadBaseline(f"{file}: {error}") from None
    places = {found[2]: _span(file, text, found) for found in _ID.finditer(text)}
    ids = Counter(each.id for each in made.finding)
    twice = [each for each, number in ids.items() if number > 1]
    if twice:
        raise BadBaseline(f"{file}: `{twice[0]}` has two entries; keep one")
    return tuple(
        Entry(**msgspec.structs.asdict(each), span=places.get(each.id, Span(file, 1, 1, 1, 1)))
        for each in made.finding
    )


def _span(file: str, text: str, found: re.Match[str]) -> Span:
    line = text.count("\n", 0, found.start(2)) + 1
    column = found.start(2) - text.rfind("\n", 0, found.start(2))
    return Span(file, line, column, line, column + len(found[2]))


def written(entries: Iterable[Entry]) -> bytes:
    """The text of a baseline, ordered by rule, element and id so that changes read well."""
    import tomli_w

    blocks = [_HEAD]
    for each in sorted(entries, key=lambda entry: (entry.rule, entry.element, entry.id)):
        fields: dict[str, Any] = {"id": each.id, "rule": each.rule}
        fields |= {"element": each.element} if each.element else {}
        fields |= {"reason": each.reason, "owner": each.owner, "expires": each.expires}
        blocks.append(f"[[finding]]\n{tomli_w.dumps(fields)}")
    return "\n".join(blocks).encode()
