"""Regular expressions of contracts, which are ECMA-262's, for the engines of pydantic."""

from __future__ import annotations

import re
from collections.abc import Iterator

_ATOM = re.compile(r"\\u\{[0-9A-Fa-f]+\}|\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2}|\\.|.", re.DOTALL)
_ASCII = {r"\d": "0-9", r"\w": "A-Za-z0-9_"}
_OTHERS = {r"\D": "[^0-9]", r"\W": "[^A-Za-z0-9_]"}
_REST = {
    r"\D": r"\x00-/:-\U0010ffff",
    r"\W": r"\x00-/:-@\[-\^`{-\U0010ffff",
}
"""The same within brackets, where neither engine would take other brackets alike."""

_KINDS = frozenset((*_ASCII, *_OTHERS, r"\s", r"\S"))
_NOTHING, _ANYTHING = r"[^\s\S]", r"[\s\S]"
_DOUBLED = "&~|"
"""What is an operator on sets to either engine, or is to become one, where it stands twice."""


def as_ecma_means_it(pattern: str) -> str:
    """The expression with the same meaning where `\\d` is a digit of any script, as for pydantic.

    Digits and word characters are ASCII ones (ECMA-262, 22.2.2.9). Within brackets a bracket, `&`
    and `~` are themselves and no operators on sets; a hyphen makes a range with whatever stands
    around it, hyphens too; no brackets begin with a closing one: `[]` is nothing, `[^]` anything
    (22.2.1, ClassRanges).
    """
    made: list[str] = []
    tokens = iter(_ATOM.findall(pattern))
    for token in tokens:
        if token in _ASCII:
            made.append(f"[{_ASCII[token]}]")
        elif token in _OTHERS:
            made.append(_OTHERS[token])
        else:
            made.append(_brackets(tokens) if token == "[" else token)
    return "".join(made)


def _brackets(tokens: Iterator[str]) -> str:
    """The rest of brackets that have been opened, taken from the tokens."""
    atoms: list[str] = []
    for token in tokens:
        if token == "]":
            break
        atoms.append(token)
    else:
        return "[" + "".join(atoms)  # not closed: no expression to any engine
    negated = atoms[:1] == ["^"]
    parts = list(_parts(atoms[1:] if negated else atoms))
    if not parts:
        return _ANYTHING if negated else _NOTHING
    if parts[-1] == r"\-":
        parts[-1] = "-"
    return f"[{'^' if negated else ''}{''.join(parts)}]"


def _parts(atoms: list[str]) -> Iterator[str]:
    """Characters, ranges of them and kinds of them."""
    at, before = 0, ""
    while at < len(atoms):
        atom = atoms[at]
        ends = atoms[at + 2 : at + 3]
        if atoms[at + 1 : at + 2] == ["-"] and ends and not _KINDS & {atom, *ends}:
            yield f"{_escaped(atom, doubled=atom == before)}-{_escaped(ends[0])}"
            at += 3
            before = ends[0]
            continue
        if atom in _KINDS:
            yield _ASCII.get(atom) or _REST.get(atom) or atom
        else:
            yield _escaped(atom, doubled=atom == before)
        at, before = at + 1, atom


def _escaped(atom: str, *, doubled: bool = False) -> str:
    """A character as it is itself in brackets; `doubled`: after the same one."""
    if atom == r"\b":
        return r"\x08"
    if atom in "-[" or (doubled and atom in _DOUBLED):
        return f"\\{atom}"
    return atom
