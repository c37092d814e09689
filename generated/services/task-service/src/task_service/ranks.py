"""Places in a list as texts: between two neighbours there is always room for a third.

Ranks are written in the 36 digits `0-9a-z` and never end in `0`, below which nothing fits. At the
ends of a list eight digits are counted on in strides, so that a long list keeps short ranks.
"""

from __future__ import annotations

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_BASE = len(_DIGITS)
_WIDTH = 8
_STRIDE = _BASE**4
_SPAN = _BASE**_WIDTH
_MIDDLE = _BASE // 2


def between(above: str | None, below: str | None) -> str:
    """A rank after `above` and before `below`; None is the end of the list."""
    if above is None and below is None:
        return _counted(_SPAN // 2)
    if below is None:
        following = _number(above or "") + _STRIDE
        return _counted(following) if following < _SPAN else _split(above or "", None)
    if above is None:
        preceding = _number(below) - _STRIDE
        return _counted(preceding) if preceding >= 0 else _split("", below)
    return _split(above, below)


def spread(count: int) -> list[str]:
    """Ranks for as many entries, short and far apart."""
    first = _SPAN // 2 - count // 2 * _STRIDE
    return [_counted(first + each * _STRIDE) for each in range(count)]


def _number(rank: str) -> int:
    return int(rank[:_WIDTH].ljust(_WIDTH, "0"), _BASE)


def _counted(number: int) -> str:
    number = number // _STRIDE * _STRIDE + _MIDDLE
    digits = []
    for _ in range(_WIDTH):
        number, digit = divmod(number, _BASE)
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))


def _split(above: str, below: str | None) -> str:
    """The shortest rank about the middle of two."""
    if below is not None and above >= below:
        below = None
    found, place = "", 0
    while True:
        low = _DIGITS.index(above[place]) if place < len(above) else 0
        high = _DIGITS.index(below[place]) if below is not None and place < len(below) else _BASE
        if high - low > 1:
            return found + _DIGITS[(low + high) // 2]
        if high != low:
            below = None
        found += _DIGITS[low]
        place += 1
