"""Regular expressions of contracts, which are ECMA-262's, for the engines of pydantic."""

from __future__ import annotations

import re

_TOKEN = re.compile(r"\\.|.", re.DOTALL)
_ASCII = {r"\d": "0-9", r"\w": "A-Za-z0-9_"}
_OTHERS = {r"\D": "[^0-9]", r"\W": "[^A-Za-z0-9_]"}


def as_ecma_means_it(pattern: str) -> str:
    """The expression with the same meaning where `\\d` is a digit of any script, as for pydantic.

    Digits and word characters become ASCII ones (ECMA-262, 22.2.2.9), a bracket, `&`, `~` or `-`
    within brackets itself and no operator on sets. `\\D` and `\\W` within brackets stay.
    """
    made: list[str] = []
    inside = False
    for token in _TOKEN.findall(pattern):
        if token in _ASCII:
            made.append(_ASCII[token] if inside else f"[{_ASCII[token]}]")
        elif token in _OTHERS and not inside:
            made.append(_OTHERS[token])
        elif inside and (token == "[" or (token in "&~-" and made[-1] == token)):
            made.append(f"\\{token}")
        else:
            inside = token == "[" or (inside and token != "]")
            made.append(token)
    return "".join(made)
