"""Many texts put into a model at once: which of them the tool accepts, and what it says of others.

Where something is said, the texts nearest to that place are taken out again, until nothing is said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct, structs

from cloudsync_gen.diagnostics import Diagnostic
from support.positions import Position, is_contract, placed
from support.trees import Files

Texts = Mapping[Position, str]


class Attempt(Struct, frozen=True):
    """`accepted`: texts that stand together in a model without an error. `refused`: those that
    something is said of at their place. `elsewhere`: those that alone cause what is said of another
    place. `beside`: those taken out because something was said of their element.
    """

    accepted: dict[Position, str]
    refused: dict[Position, str]
    elsewhere: dict[Position, tuple[Diagnostic, ...]]
    beside: dict[Position, str]


Judge = Callable[[Files], Iterable[Diagnostic]]
"""Model -> what stands in the way of generating from it."""


def attempt(files: Files, texts: Texts, judge: Judge) -> Attempt:
    """Takes out texts until the judge finds no error."""
    left = dict(texts)
    refused: dict[Position, str] = {}
    beside: dict[Position, str] = {}
    while left:
        found = [*judge(placed(files, left))]
        if not found:
            break
        exact = {p for each in found for p in left if _at(p, each)}
        refused.update({p: left.pop(p) for p in exact})
        near = {p for each in found for p in left if not exact and _in_element(p, each)}
        beside.update({p: left.pop(p) for p in near})
        if not exact and not near:
            return _halved(files, left, judge, Attempt({}, refused, {}, beside))
    return Attempt(accepted=left, refused=refused, elsewhere={}, beside=beside)


def _halved(files: Files, left: Texts, judge: Judge, so_far: Attempt) -> Attempt:
    """What is said is of no place where a text was put: which of them causes it?"""
    names = [*left]
    if len(names) == 1:
        found = tuple(judge(placed(files, left)))
        return structs.replace(so_far, elsewhere={names[0]: found})
    half = len(names) // 2
    first = attempt(files, {p: left[p] for p in names[:half]}, judge)
    second = attempt(files, {p: left[p] for p in names[half:]}, judge)
    accepted = {**first.accepted, **second.accepted}
    beside = {**so_far.beside, **first.beside, **second.beside}
    if [*judge(placed(files, accepted))]:
        beside.update(second.accepted)
        accepted = first.accepted
    return Attempt(
        accepted=accepted,
        refused={**so_far.refused, **first.refused, **second.refused},
        elsewhere={**first.elsewhere, **second.elsewhere},
        beside=beside,
    )


def _at(position: Position, found: Diagnostic) -> bool:
    refs = [found.ref, *(each.ref for each in found.related)]
    return any(ref.file == position.file and ref.pointer == position.pointer for ref in refs)


def _in_element(position: Position, found: Diagnostic) -> bool:
    same = position.file == found.ref.file and not is_contract(position.file)
    return same and position.pointer[:1] == found.ref.pointer[:1]


def attempts(files: Files, texts: Texts, judge: Judge) -> Attempt:
    """`attempt` for the layers and for each contract source by itself, and again for what was
    taken out beside others, as long as that leads on.
    """
    groups: dict[str, dict[Position, str]] = {}
    for position, text in texts.items():
        group = position.file if is_contract(position.file) else ""
        groups.setdefault(group, {})[position] = text
    whole = Attempt({}, {}, {}, {})
    for texts_of_group in groups.values():
        left: Texts = texts_of_group
        while left:
            made = attempt(files, left, judge)
            for kind in ("accepted", "refused", "elsewhere"):
                getattr(whole, kind).update(getattr(made, kind))
            if len(made.beside) == len(left):
                break
            left = made.beside
        whole.beside.update(left)
    return whole
