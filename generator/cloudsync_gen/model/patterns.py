"""Regular expressions of schemas: which are some, and how much they stand for.

They come from strangers, and engines differ in what they do with a costly one: those of the
services (Rust's `regex`, behind pydantic) refuse to compile what is too large when its repetitions
are written out, those that backtrack may never end.
"""

from __future__ import annotations

import re
from functools import lru_cache
from importlib import import_module
from typing import Any

codes: Any = import_module("re._constants")
parser: Any = import_module("re._parser")
"""Python's own reader of expressions; no stubs tell of it for certain."""

MAX_SIZE = 20_000
"""Characters of an expression with its repetitions written out; every engine takes as many."""

_CLASS = re.compile(r"\\[pP]\{[A-Za-z_=]+\}")
_REPEATS = (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT)


@lru_cache(maxsize=4096)
def pattern_fault(pattern: str) -> str:
    """Why a text may not be a pattern, or an empty string: it is in the common part of regular
    expressions (brackets and parentheses are closed) and of bounded size.
    """
    plain = _CLASS.sub("[a-z]", pattern).replace("[[", r"[\[")
    try:
        re.compile(plain)
        large = _size(parser.parse(plain)) > MAX_SIZE
    except re.error:
        return "is not a regular expression"
    except RecursionError:
        return "is nested too deep"
    except OverflowError:
        large = True
    return f"is longer than {MAX_SIZE} characters with its repetitions written out" if large else ""


def _size(items: Any) -> int:
    """Characters, unbounded repetitions counted at their fewest."""
    return sum(_size_of(op, argument) for op, argument in items)


def _size_of(op: Any, argument: Any) -> int:
    if op in _REPEATS:
        fewest, most, inner = argument
        count = fewest if most is codes.MAXREPEAT else most
        return max(1, int(count)) * _size(inner)
    if op is codes.BRANCH:
        return sum(map(_size, argument[1]))
    if op is codes.SUBPATTERN or op in (codes.ASSERT, codes.ASSERT_NOT):
        return _size(argument[-1])
    return _size(argument) if op is codes.ATOMIC_GROUP else 1
