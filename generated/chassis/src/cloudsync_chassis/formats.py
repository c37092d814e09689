"""Texts of formats that stay texts, as regular expressions: what `format` of JSON Schema asks.

Each is a whole expression in the syntax that pydantic's engine and Python share.
"""

from __future__ import annotations

from collections.abc import Mapping

_LABEL = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST = rf"{_LABEL}(\.{_LABEL})*"
_ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"

_HEX = "%[0-9A-Fa-f]{2}"
_PLAIN = "-A-Za-z0-9._~!$&'()*+,;="
_CHAR = f"([{_PLAIN}:@]|{_HEX})"
_NO_COLON = f"([{_PLAIN}@]|{_HEX})"
_GROUP = "[0-9A-Fa-f]{1,4}"
_BYTE = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_LAST = rf"({_GROUP}:{_GROUP}|{_BYTE}(\.{_BYTE}){{3}})"


def _shortened() -> list[str]:
    """An IPv6 address with `::` for the groups that are missing, by how many stand behind it."""
    before = [f"({_GROUP}(:{_GROUP}){{0,{most}}})?::" for most in range(7)]
    behind = [f"({_GROUP}:){{{4 - most}}}{_LAST}" for most in range(5)]
    ends = [*behind, _GROUP, ""]
    return [f"::({_GROUP}:){{5}}{_LAST}", *map("".join, zip(before, ends, strict=True))]


_ADDRESS = "|".join((f"({_GROUP}:){{6}}{_LAST}", *_shortened()))
_FUTURE = rf"[vV][0-9A-Fa-f]+\.[{_PLAIN}:]+"
_AUTHORITY = (
    rf"//(([{_PLAIN}:]|{_HEX})*@)?(\[({_ADDRESS}|{_FUTURE})\]|([{_PLAIN}]|{_HEX})*)(:[0-9]*)?"
    f"(/{_CHAR}*)*"
)
_ABSOLUTE = f"/({_CHAR}+(/{_CHAR}*)*)?"
_URI = f"[A-Za-z][A-Za-z0-9+.-]*:({_AUTHORITY}|{_ABSOLUTE}|{_CHAR}+(/{_CHAR}*)*)?"
_TAIL = rf"(\?([{_PLAIN}:@/?]|{_HEX})*)?(#([{_PLAIN}:@/?]|{_HEX})*)?"

_CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?"
_OFFSET = "([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
_HOURS = "T([0-9]+H([0-9]+M([0-9]+S)?)?|[0-9]+M([0-9]+S)?|[0-9]+S)"
_DAYS = "([0-9]+Y([0-9]+M([0-9]+D)?)?|[0-9]+M([0-9]+D)?|[0-9]+D)"

FORMAT = "x-format"
"""Names the format of a field's text (`json_schema_extra`)."""

FORMATS: Mapping[str, str] = {
    name: f"^({form})$"
    for name, form in {
        "duration": f"P([0-9]+W|{_DAYS}({_HOURS})?|{_HOURS})",
        "email": rf"{_ATOM}(\.{_ATOM})*@{_HOST}",
        "hostname": _HOST,
        "time": f"{_CLOCK}{_OFFSET}",
        "uri": f"{_URI}{_TAIL}",
        "uri-reference": f"({_URI}|{_AUTHORITY}|{_ABSOLUTE}|{_NO_COLON}+(/{_CHAR}*)*)?{_TAIL}",
    }.items()
}
"""E-mail addresses as an atom with dots before the name of a host (RFC 5321 §4.1.2, without quoted
names and addresses of hosts), host names by their labels (RFC 1123 §2.1), URIs and references by
their grammar (RFC 3986 appendix A), times and durations as RFC 3339 (§5.6 and appendix A) writes
them, leap seconds left out.
"""
