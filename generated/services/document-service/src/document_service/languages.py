"""In which language a text is written, guessed from its script and its commonest words."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

ENOUGH = 200
"""Characters from which on a guess is made."""

_WORD = re.compile(r"[^\W\d_]+")
_SCRIPTS = {
    "CYRILLIC": "ru",
    "GREEK": "el",
    "HIRAGANA": "ja",
    "KATAKANA": "ja",
    "HANGUL": "ko",
    "CJK": "zh",
    "ARABIC": "ar",
    "HEBREW": "he",
    "THAI": "th",
    "DEVANAGARI": "hi",
}
_WORDS = {
    "en": "the of and to in is that for it with as was on are this be by have not you",
    "de": "der die und in den das von zu mit sich des auf für ist im dem nicht ein eine als auch",
    "fr": "le la les de des et en un une est que qui dans pour pas sur au avec ce il sont",
    "es": "el la los las de que y en un una es por con para no se del al lo como más",
    "it": "il la di che e in un una è per con non sono del della i le si come anche",
    "pt": "o a os as de que e em um uma é para com não do da se no na por mais",
    "nl": "de het een en van in is dat op te met voor niet zijn aan er om ook als bij",
    "pl": "i w na z do nie się to że jest o jak po ale przez od za co tak",
}
_BY_LANGUAGE = {tag: frozenset(words.split()) for tag, words in _WORDS.items()}


def guessed(text: str) -> str | None:
    """A language tag (RFC 5646), or None for what is too short or like none that is known."""
    if len(text) < ENOUGH:
        return None
    letters = [each for each in text if each.isalpha()]
    scripts = Counter(unicodedata.name(each, "?").split(" ")[0] for each in letters)
    if not scripts:
        return None
    if scripts["HIRAGANA"] + scripts["KATAKANA"] > len(letters) / 10:
        return "ja"
    script, count = scripts.most_common(1)[0]
    script = script.split("-")[0]
    if script != "LATIN":
        return _SCRIPTS.get(script) if count > len(letters) / 2 else None
    words = Counter(each.casefold() for each in _WORD.findall(text))
    total = sum(words.values())
    scores = {tag: sum(words[each] for each in known) for tag, known in _BY_LANGUAGE.items()}
    best, second = sorted(scores.values(), reverse=True)[:2]
    if best * 8 < total or best == second:
        return None
    return max(scores, key=lambda tag: scores[tag])
