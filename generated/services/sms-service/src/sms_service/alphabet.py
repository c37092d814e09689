"""Characters of texts: GSM-7 and UCS-2, segments, numbers and the countries that they belong to."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from .generated import models

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("^{}\\[~]|€")
"""Characters that take two septets (3GPP TS 23.038 §6.2.1)."""

GSM7_LANGUAGES = frozenset({"en", "de", "nl", "sv", "da", "no", "nb", "fi", "it"})
"""Languages that GSM-7 writes whole."""

_PLACE = re.compile(r"\{\{\s*([a-z][a-zA-Z0-9]{0,39})\s*\}\}")
_LINK = re.compile(r"(?i)\b(?:[a-z][a-z0-9+.-]*://|www\.)\S+|\b[\w-]+(?:\.[\w-]+)+/\S*")

# Calling codes (ITU-T E.164) of the countries that may be opened; the longest prefix wins.
_CODES = {
    "1": "US", "1204": "CA", "1226": "CA", "1236": "CA", "1250": "CA", "1289": "CA",
    "1306": "CA", "1343": "CA", "1403": "CA", "1416": "CA", "1418": "CA", "1437": "CA",
    "1438": "CA", "1450": "CA", "1506": "CA", "1514": "CA", "1519": "CA", "1581": "CA",
    "1587": "CA", "1604": "CA", "1613": "CA", "1647": "CA", "1705": "CA", "1709": "CA",
    "1778": "CA", "1780": "CA", "1807": "CA", "1819": "CA", "1867": "CA", "1902": "CA",
    "1905": "CA", "1242": "BS", "1246": "BB", "1441": "BM", "1787": "PR", "1809": "DO",
    "1868": "TT", "1876": "JM",
    "20": "EG", "27": "ZA", "30": "GR", "31": "NL", "32": "BE", "33": "FR", "34": "ES",
    "36": "HU", "39": "IT", "40": "RO", "41": "CH", "43": "AT", "44": "GB", "45": "DK",
    "46": "SE", "47": "NO", "48": "PL", "49": "DE", "51": "PE", "52": "MX", "54": "AR",
    "55": "BR", "56": "CL", "57": "CO", "60": "MY", "61": "AU", "62": "ID", "63": "PH",
    "64": "NZ", "65": "SG", "66": "TH", "7": "RU", "77": "KZ", "81": "JP", "82": "KR",
    "84": "VN", "86": "CN", "90": "TR", "91": "IN", "92": "PK", "93": "AF", "94": "LK",
    "212": "MA", "213": "DZ", "216": "TN", "234": "NG", "233": "GH", "254": "KE",
    "351": "PT", "352": "LU", "353": "IE", "354": "IS", "356": "MT", "357": "CY",
    "358": "FI", "359": "BG", "370": "LT", "371": "LV", "372": "EE", "380": "UA",
    "385": "HR", "386": "SI", "420": "CZ", "421": "SK", "423": "LI", "852": "HK",
    "880": "BD", "886": "TW", "966": "SA", "971": "AE", "972": "IL", "974": "QA",
}  # fmt: skip

ZONES = {
    "US": "America/Chicago", "CA": "America/Toronto", "GB": "Europe/London", "IE": "Europe/Dublin",
    "DE": "Europe/Berlin", "FR": "Europe/Paris", "NL": "Europe/Amsterdam", "ES": "Europe/Madrid",
    "IT": "Europe/Rome", "SE": "Europe/Stockholm", "AT": "Europe/Vienna", "CH": "Europe/Zurich",
    "SG": "Asia/Singapore", "AU": "Australia/Sydney", "NZ": "Pacific/Auckland",
    "IN": "Asia/Kolkata", "JP": "Asia/Tokyo", "BR": "America/Sao_Paulo",
}  # fmt: skip
"""Where most people of a country are, for its quiet hours; others have them in UTC."""

_PREMIUM = ("+1900", "+1976", "+449", "+4470", "+35315", "+491900", "+338", "+881", "+882", "+883")
"""Ranges whose owners earn by each text: premium rates, personal numbers, satellites."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How a text travels."""

    encoding: models.SmsEncoding
    segments: int


def shape_of(text: str) -> Shape:
    """Encoding and number of segments (3GPP TS 23.040): 160 or 70 alone, 153 or 67 each."""
    if all(each in _BASIC or each in _EXTENDED for each in text):
        septets = len(text) + sum(each in _EXTENDED for each in text)
        return Shape(models.SmsEncoding.gsm7, _pieces(septets, 160, 153))
    units = len(text.encode("utf-16-be")) // 2
    return Shape(models.SmsEncoding.ucs2, _pieces(units, 70, 67))


def _pieces(length: int, alone: int, together: int) -> int:
    return 1 if length <= alone else math.ceil(length / together)


def country_of(number: str) -> str | None:
    """The country of an E.164 number; None where no country is known."""
    digits = number.removeprefix("+")
    return next(
        (_CODES[digits[:length]] for length in range(4, 0, -1) if digits[:length] in _CODES), None
    )


def is_premium(number: str) -> bool:
    """Whether somebody earns by texts to the number."""
    return number.startswith(_PREMIUM)


def compiled(text: str) -> list[str]:
    """A template as texts and names of variables in turn, beginning and ending with a text."""
    return _PLACE.split(text)


def filled(pieces: list[str], variables: Mapping[str, str]) -> str:
    """The text; variables lead nowhere, and an unknown one vanishes."""
    parts = [
        each if place % 2 == 0 else _LINK.sub("", variables.get(each, "")).strip()
        for place, each in enumerate(pieces)
    ]
    return "".join(parts).strip()


def languages(wanted: str) -> tuple[str, ...]:
    """The language and those to fall back to: `pt-BR`, `pt`, `en`."""
    parts = wanted.split("-")
    chain = ["-".join(parts[:length]) for length in range(len(parts), 0, -1)]
    return tuple(dict.fromkeys((*chain, "en")))
