"""What somebody typed, as clauses.

    budget "annual report" -draft plan*

All clauses must fit, those with a minus must not; quotes hold words together, a star completes the
word before it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .generated import problems
from .words import tokens

_PART = re.compile(r'(?P<minus>-?)(?:"(?P<phrase>[^"]*)"|(?P<word>[^\s"]+))')
_MOST_CLAUSES = 32
_SHORTEST_PREFIX = 2


@dataclass(frozen=True, slots=True)
class Clause:
    """Words next to each other in this order; `prefix`: the last one is only the beginning."""

    text: str
    excluded: bool = False
    prefix: bool = False


def parse(text: str) -> tuple[Clause, ...]:
    """The clauses of a query.

    Raises:
        Problem: `query-syntax`, `query-too-costly`.
    """
    if text.count('"') % 2:
        raise problems.QUERY_SYNTAX("a quote is left open")
    found = [each for part in _PART.finditer(text) if (each := _clause(part)) is not None]
    if len(found) > _MOST_CLAUSES:
        raise problems.QUERY_TOO_COSTLY(f"more than {_MOST_CLAUSES} words or phrases")
    if found and all(each.excluded for each in found):
        raise problems.QUERY_SYNTAX("nothing but what must not be there")
    return tuple(found)


def _clause(part: re.Match[str]) -> Clause | None:
    text = part["phrase"] if part["phrase"] is not None else part["word"]
    if part["phrase"] is None and text.startswith(("*", "?")) and len(text) > 1:
        raise problems.QUERY_SYNTAX("a wildcard stands in front of a word")
    prefix = part["phrase"] is None and text.endswith("*")
    plain = text.rstrip("*") if prefix else text
    if not any(True for _ in tokens(plain, "und")):
        return None
    if prefix and len(plain) < _SHORTEST_PREFIX:
        raise problems.QUERY_TOO_COSTLY(f"a word is completed from {_SHORTEST_PREFIX} letters on")
    return Clause(plain, bool(part["minus"]), prefix)
