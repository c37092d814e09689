"""Texts as terms: what an analyser makes of words, per language.

Words are runs of letters, digits and combining marks in NFKC without case. Han, kana and hangul,
which set no spaces, become pairs of characters. Stemming is light: Harman's s-stemmer for English
("How effective is suffixing?", JASIS 42, 1991) and the like for other languages, so that plurals
find singulars and little else is thrown together.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]+")
_SUFFIXES = {
    "de": ("ern", "em", "en", "er", "es", "e", "n", "s"),
    "nl": ("en", "s", "e"),
    "fr": ("aux", "s", "x", "e"),
    "es": ("es", "s"),
    "pt": ("es", "s"),
    "it": ("i", "e", "o", "a"),
}
_SHORTEST = 4
"""Letters that a stem has at least, where a suffix is taken off."""


@dataclass(frozen=True, slots=True)
class Token:
    """A term with the place of its word: its number, and where it begins and ends in the text."""

    term: str
    place: int
    start: int
    end: int


def tokens(text: str, language: str) -> Iterator[Token]:
    """The terms of a text, in order."""
    place = 0
    for word in _WORD.finditer(text):
        for start, end in _pieces(word):
            yield Token(stem(text[start:end], language), place, start, end)
            place += 1


def stem(word: str, language: str) -> str:
    """The term that a word becomes."""
    plain = unicodedata.normalize("NFKC", word).casefold().replace("’", "'")
    plain = plain.removesuffix("'s")
    if _UNSPACED.match(plain):
        return plain
    bare = "".join(each for each in unicodedata.normalize("NFD", plain) if not _mark(each))
    if language == "en":
        return _english(bare)
    for suffix in _SUFFIXES.get(language, ()):
        if bare.endswith(suffix) and len(bare) - len(suffix) >= _SHORTEST:
            return bare[: -len(suffix)]
    return bare


def _pieces(word: re.Match[str]) -> Iterator[tuple[int, int]]:
    """Where the pieces of a run lie: pairs of characters where no spaces are set."""
    text, at = word.group(), word.start()
    last = 0
    for run in _UNSPACED.finditer(text):
        if run.start() > last:
            yield at + last, at + run.start()
        length = run.end() - run.start()
        for n in range(max(1, length - 1)):
            yield at + run.start() + n, at + run.start() + min(n + 2, length)
        last = run.end()
    if last < len(text):
        yield at + last, at + len(text)


def _english(word: str) -> str:
    if word.endswith("ies") and not word.endswith(("eies", "aies")) and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith("es") and not word.endswith(("aes", "ees", "oes")) and len(word) > 4:
        return word[:-1] if not word.endswith(("sses", "xes", "ches", "shes")) else word[:-2]
    if word.endswith("s") and not word.endswith(("us", "ss")) and len(word) > 3:
        return word[:-1]
    return word


def _mark(character: str) -> bool:
    return unicodedata.combining(character) != 0
