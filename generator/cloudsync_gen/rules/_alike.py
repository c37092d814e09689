"""Names that become one in some language."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator

from msgspec import Struct

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.naming import words
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.source import Ref


class Named(Struct, frozen=True):
    """A name, among which others it has to be told apart (`space`), and where it stands; `shown` is
    what people call it, if that is not the name itself.
    """

    space: Hashable
    name: str
    ref: Ref
    element: str
    shown: str = ""


def squeezed(name: str) -> str:
    """What is left of a name where hyphens, underscores and capitals say nothing."""
    return "".join(words(name)) or name


def unless_equal(names: Iterable[Named]) -> Iterator[Named]:
    """Without what is, in words, an earlier name of its space, as another rule says."""
    seen: set[tuple[Hashable, tuple[str, ...]]] = set()
    for each in names:
        key = (each.space, words(each.name))
        if key not in seen:
            seen.add(key)
            yield each


def alike(rule: Rule, names: Iterable[Named]) -> Iterator[Diagnostic]:
    """A finding for each name that is, squeezed, another one of its space; one for two elements,
    however many names they share.
    """
    first: dict[tuple[Hashable, str], Named] = {}
    told: set[tuple[str, str]] = set()
    for each in names:
        earlier = first.setdefault((each.space, squeezed(each.name)), each)
        pair = (earlier.element, each.element)
        if earlier.ref == each.ref or pair in told:
            continue
        told |= {pair, pair[::-1]} if pair[0] != pair[1] else set()
        mine, other = each.shown or each.name, earlier.shown or earlier.name
        both = f"`{mine}` and `{other}` are" if mine != other else f"two are called `{mine}`,"
        yield rule.at(
            each.ref,
            f"{both} one name where hyphens, underscores and capitals do not count",
            "let them differ by a letter or a digit",
            element=each.element,
            related=(Related(earlier.ref, "the other one"),),
            facts=(mine, other),
        )
