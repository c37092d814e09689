"""Names across languages: splitting into words, joining in each language's style, reserved
words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches
from functools import lru_cache

_WORDS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+[0-9]*|[A-Z]+[0-9]*|[0-9]+")
PYTHON_KEYWORDS = frozenset(
    (
        *("False", "None", "True", "and", "as", "assert", "async", "await", "break"),
        *("class", "continue", "def", "del", "elif", "else", "except", "finally", "for"),
        *("from", "global", "if", "import", "in", "is", "lambda", "nonlocal", "not"),
        *("or", "pass", "raise", "return", "try", "while", "with", "yield"),
    )
)
"""Of Python 3.11 to 3.14, written down so that names do not change with the interpreter."""

_PYTHON_RESERVED = PYTHON_KEYWORDS | {"_", "case", "match"}

_NEAR = 16384
"""So many names are remembered: a rule that looks at all of a large model comes back to none."""


@lru_cache(maxsize=_NEAR)
def words(name: str) -> tuple[str, ...]:
    """Lower-case ASCII words of a name in any style; other scripts are spelled as code points."""
    if name.isascii():
        return tuple(" ".join(_WORDS.findall(name)).lower().split())
    plain = unicodedata.normalize("NFKD", name)
    ascii_only = "".join(
        c if c.isascii() else "" if unicodedata.combining(c) else f" u{ord(c):x} " for c in plain
    )
    return tuple(word.lower() for word in _WORDS.findall(ascii_only))


@lru_cache(maxsize=_NEAR)
def snake(name: str) -> str:
    """`DocumentID` -> `document_id`."""
    return "_".join(words(name))


@lru_cache(maxsize=_NEAR)
def kebab(name: str) -> str:
    """`createDocument` -> `create-document`."""
    return "-".join(words(name))


@lru_cache(maxsize=_NEAR)
def pascal(name: str) -> str:
    """`create-document` -> `CreateDocument`."""
    return "".join(word[:1].upper() + word[1:] for word in words(name))


@lru_cache(maxsize=_NEAR)
def camel(name: str) -> str:
    """`owner_id` -> `ownerId`."""
    text = pascal(name)
    return text[:1].lower() + text[1:]


_WORD = re.compile("_([a-z0-9])")


def wire_name(name: str) -> str:
    """What the chassis takes the name on the wire to be: `book_id` -> `bookId`."""
    return _WORD.sub(lambda found: found[1].upper(), name)


def screaming(name: str) -> str:
    """`slideDeck` -> `SLIDE_DECK`."""
    return snake(name).upper()


def python_name(name: str) -> str:
    """A snake_case Python identifier: a reserved word gets a trailing underscore (PEP 8)."""
    text = snake(name) or "value"
    if text[0].isdigit():
        text = f"n{text}"
    return f"{text}_" if text in _PYTHON_RESERVED else text


def python_class(name: str) -> str:
    """A PascalCase Python identifier."""
    text = pascal(name) or "Value"
    if text[0].isdigit():
        text = f"N{text}"
    return f"{text}_" if text in _PYTHON_RESERVED else text


MIN_SLIP = 5
"""Letters of a name in which one may be wrong; below it too many words are one letter apart."""


def slip_of(given: str, known: Iterable[str]) -> str:
    """The only known name of which `given` is a single slip of the hand: one letter too many, one
    missing, one wrong, or two swapped. Empty where there is none, where there are two, or where the
    first letter or a digit differs: these are rather meant.
    """
    if len(given.rpartition(".")[2]) < MIN_SLIP:
        return ""
    half = (len(given) - 1) // 2
    start, end = given[:half], given[-half:]
    alike = (each for each in known if each.startswith(start) or each.endswith(end))
    near = {each for each in alike if each[:1] == given[:1] and _one_slip(given, each)}
    return near.pop() if len(near) == 1 else ""


def _one_slip(one: str, other: str) -> bool:
    if one == other or abs(len(one) - len(other)) > 1:
        return False
    start = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), None)
    start = min(len(one), len(other)) if start is None else start
    end = 0
    while end < min(len(one), len(other)) - start and one[-1 - end] == other[-1 - end]:
        end += 1
    left, right = one[start : len(one) - end], other[start : len(other) - end]
    if any(each.isdigit() for each in left + right):
        return False
    return max(len(left), len(right)) == 1 or (len(left) == 2 and left == right[::-1])


def nearest(name: str, candidates: Iterable[str]) -> str:
    """The candidate that reads most like `name` (the first in order where none is close)."""
    ordered = sorted(candidates)
    close = get_close_matches(name, ordered, n=1, cutoff=0.0)
    return close[0] if close else ""


_ALIKE = 0.6
_SHOWN = 6


def alike(name: str, other: str) -> bool:
    """Whether one reads like the other; nothing does like an empty one."""
    return bool(other) and bool(get_close_matches(name, (other,), n=1, cutoff=_ALIKE))


def likeliest(name: str, known: Iterable[str]) -> str:
    """The known name that reads most like `name`; empty where none reads like it."""
    close = get_close_matches(name, sorted(each for each in known if each), n=1, cutoff=_ALIKE)
    return close[0] if close else ""


def offered(name: str, known: Iterable[str], before: str = "", otherwise: str = "") -> str:
    """A hint at what was meant: the name that reads like `name`; where none does, what there is, a
    few of it. `before` stands before each; `otherwise`: what else to do. Empty where nothing is
    known and there is nothing else.
    """
    ordered = sorted(known)
    if near := likeliest(name, ordered):
        return f"did you mean `{before}{near}`?" + (otherwise and f" Otherwise {otherwise}")
    shown = ", ".join(f"`{before}{each}`" for each in ordered[:_SHOWN])
    more = f" and {len(ordered) - _SHOWN} more" if len(ordered) > _SHOWN else ""
    there = f"there {'are' if len(ordered) > 1 else 'is only'} {shown}{more}" if ordered else ""
    return "; or ".join(each for each in (there, otherwise) if each)
