"""The SQL expressions that a model may hold: conditions, checks, defaults; a closed grammar.

An expression names columns, literals, operators and functions of one list. Statements, comments,
sub-queries, dollar quotes and any other function are refused, so that a model cannot make a
migration do more than describe a table.
"""

from __future__ import annotations

import re
from collections.abc import Collection

_TOKEN = re.compile(
    r"(?P<space>\s+)|(?P<string>'(?:[^'\\\x00]|'')*')|(?P<number>\d+(?:\.\d+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<cast>::)|(?P<comment>--|/\*)"
    r"|(?P<operator><=|>=|<>|!=|\|\||->>|->|@>|[-+*/%<>=~(),\[\]])"
)
KEYWORDS = frozenset(
    [
        "and",
        "or",
        "not",
        "is",
        "null",
        "in",
        "between",
        "like",
        "ilike",
        "true",
        "false",
        "any",
        "array",
        "distinct",
        "from",
        "case",
        "when",
        "then",
        "else",
        "end",
    ]
)
FUNCTIONS = frozenset(
    [
        "length",
        "lower",
        "upper",
        "coalesce",
        "abs",
        "char_length",
        "octet_length",
        "cardinality",
        "array_length",
        "nlevel",
        "jsonb_typeof",
        "jsonb_array_length",
        "num_nonnulls",
        "now",
        "gen_random_uuid",
        "trim",
    ]
)
PORTABLE_FUNCTIONS = frozenset(("length", "lower", "upper", "coalesce", "abs", "trim"))
"""Functions that SQLite has too, with the same meaning."""

TYPES = frozenset(("text", "jsonb", "integer", "bigint", "uuid", "interval", "citext"))
_ONLY_POSTGRESQL = frozenset(("~", "::", "@>", "->", "->>", "[", "]"))


def tokens(text: str) -> list[tuple[str, str]]:
    """(kind, text) of each token. Raises `ValueError` at the first thing that is none."""
    found: list[tuple[str, str]] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None or match.lastgroup == "comment":
            raise ValueError(f"`{text[position]}` has no place in an expression")
        if match.lastgroup != "space":
            found.append((match.lastgroup, match[0]))
        position = match.end()
    return found


def fault(text: str, columns: Collection[str]) -> str:
    """Why `text` is no expression over these columns, or an empty string."""
    try:
        found = tokens(text)
    except ValueError as error:
        return str(error)
    depth = 0
    for index, (kind, token) in enumerate(found):
        following = found[index + 1][1] if index + 1 < len(found) else ""
        depth += {"(": 1, ")": -1}.get(token, 0) if kind == "operator" else 0
        if depth < 0:
            return "a parenthesis closes that was not opened"
        if kind == "cast" and following.lower() not in TYPES:
            return f"`::{following}` is no known type"
        if kind == "name" and not (index and found[index - 1][0] == "cast"):
            problem = _name_fault(token, following, columns)
            if problem:
                return problem
    return "a parenthesis is not closed" if depth else "" if found else "it is empty"


def _name_fault(name: str, following: str, columns: Collection[str]) -> str:
    if name.lower() in KEYWORDS or name in columns:
        return ""
    if following == "(":
        allowed = ", ".join(sorted(FUNCTIONS))
        return "" if name.lower() in FUNCTIONS else f"`{name}` is not one of {allowed}"
    return f"`{name}` is no column of the table"


def is_portable(text: str) -> bool:
    """Whether SQLite reads the expression too, and as PostgreSQL does."""
    found = tokens(text)
    for index, (kind, token) in enumerate(found):
        if token in _ONLY_POSTGRESQL or token.lower() in ("any", "array", "ilike", "distinct"):
            return False
        following = found[index + 1][1] if index + 1 < len(found) else ""
        call = kind == "name" and following == "(" and token.lower() not in KEYWORDS
        if call and token.lower() not in PORTABLE_FUNCTIONS:
            return False
    return True
