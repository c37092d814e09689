"""Texts that match a regular expression: for example requests, the same on every run."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from cloudsync_gen.model.patterns import codes, parser

_PREFERRED = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-_. /"
_CATEGORIES = {
    codes.CATEGORY_DIGIT: "1",
    codes.CATEGORY_WORD: "a",
    codes.CATEGORY_SPACE: " ",
    codes.CATEGORY_NOT_DIGIT: "a",
    codes.CATEGORY_NOT_WORD: "-",
    codes.CATEGORY_NOT_SPACE: "a",
}
_MOST = 64
_LONGEST = 100_000
"""Characters of one repetition; beyond it nobody wants the text."""


class _TooLong(Exception):
    """A repetition of repetitions has no end that somebody would wait for."""


@lru_cache(maxsize=4096)
def matching(pattern: str, fewest: int = 0, most: int = 10_000) -> str | None:
    """A text that `pattern` finds something in, of a length within the bounds; `None`: none found.

    Python's own parser reads the expression; repetitions are tried from the fewest on.
    """
    return next(variants(pattern, fewest, most), None)


def variants(pattern: str, fewest: int = 0, most: int = 10_000) -> Iterator[str]:
    """Such texts: of longer and longer repetitions, and of one alternative after the other.

    Whether one matches, an engine tells that gives up after so many steps: the pattern may be one
    on which others search for ever.
    """
    import jsonschema_rs

    try:
        tree = parser.parse(pattern)
        judge = jsonschema_rs.Draft202012Validator({"pattern": pattern})
    except (re.error, RecursionError, OverflowError, ValueError):
        return
    for extra in range(_MOST):
        try:
            text = _sequence(tree, extra)
        except _TooLong:
            return
        if len(text) > most:
            return
        text = text.ljust(fewest, _PREFERRED[0])
        if judge.is_valid(text):
            yield text


def _text(op: Any, argument: Any, extra: int) -> str:
    make = _MAKERS.get(op)
    return make(argument, extra) if make else ""


def _sequence(items: Any, extra: int) -> str:
    return "".join(_text(op, argument, extra) for op, argument in items)


def _repeated(argument: Any, extra: int) -> str:
    fewest, most, items = argument
    once, times = _sequence(items, extra), min(int(fewest) + extra, int(most))
    if len(once) * times > _LONGEST:
        raise _TooLong
    return once * times


def _one_of(items: Any, extra: int) -> str:
    """A member of a character class, letters and digits first."""
    negated = any(op is codes.NEGATE for op, _ in items)
    for char in _PREFERRED:
        if _is_member(char, items) != negated:
            return char
    op, argument = items[1] if negated else items[0]
    if op is codes.RANGE:
        return chr(argument[0])
    return chr(argument) if op is codes.LITERAL else ""


def _is_member(char: str, items: Any) -> bool:
    for op, argument in items:
        if op is codes.LITERAL and ord(char) == argument:
            return True
        if op is codes.RANGE and argument[0] <= ord(char) <= argument[1]:
            return True
        if op is codes.CATEGORY and _CATEGORIES.get(argument) == char:
            return True
    return False


_MAKERS: dict[Any, Callable[[Any, int], str]] = {
    codes.LITERAL: lambda argument, extra: chr(argument),
    codes.NOT_LITERAL: lambda argument, extra: "a" if argument != ord("a") else "b",
    codes.ANY: lambda argument, extra: "a",
    codes.IN: _one_of,
    codes.MAX_REPEAT: _repeated,
    codes.MIN_REPEAT: _repeated,
    codes.POSSESSIVE_REPEAT: _repeated,
    codes.ATOMIC_GROUP: lambda argument, extra: _sequence(argument, extra),
    codes.SUBPATTERN: lambda argument, extra: _sequence(argument[-1], extra),
    codes.BRANCH: lambda argument, extra: _sequence(argument[1][extra % len(argument[1])], extra),
}
