"""A link leads nowhere.

What it does: reports a link whose target no layer declares.

Why: everything generated from the link (a client, a policy, a dashboard) would point at nothing.

Example: `owner: business.actor.identiy` when only `business.actor.identity` exists.

Use instead: the id of an existing element; the hint names the one that reads most alike.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import lru_cache
from heapq import nlargest

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.ids import is_id, name_of, type_of
from cloudsync_gen.model.links import BY_NAME, covers
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import alike, nearest
from cloudsync_gen.rules._mends import MISSPELT, misspelt
from cloudsync_gen.rules._rule import Rule

_COMPARED = 5
"""Elements among which the hint is chosen by how they read as a whole, which is dear."""


def check(model: Model) -> Iterator[Diagnostic]:
    lost = [
        link
        for target, links in model.into.items()
        if target not in model.elements and not model.unread(target) and is_id(target)
        for link in links
    ]
    ids = _by_type(model) if lost else {}
    hints = {asked: _hint(ids, *asked) for asked in {(each.type, each.target) for each in lost}}
    for link in lost:
        asked = (link.type, link.target)
        yield RULE.at(
            model.place(link),
            f"`{link.target}` is declared in no layer ({link.type})",
            hints[asked],
            element=link.source,
            facts=asked,
            mends=misspelt(model.place(link), link.target, _allowed(ids, *asked)),
        )


def _by_type(model: Model) -> Mapping[str, list[str]]:
    ids: defaultdict[str, list[str]] = defaultdict(list)
    for each in model.elements:
        ids[type_of(each)].append(each)
    return ids


def _hint(ids: Mapping[str, list[str]], link_type: str, target: str) -> str:
    allowed = _allowed(ids, link_type, target)
    if not allowed:
        return "declare it"
    shared = _pieces(target)
    closest = nlargest(_COMPARED, allowed, key=lambda each: (len(shared & _pieces(each)), each))
    near = nearest(target, closest)
    if _reads_like(name_of(target), name_of(near)):
        return f"did you mean `{near}`? Otherwise declare it"
    layer, kind, _ = allowed[0].split(".")
    return f"declare it, or name one that `cloudsync-gen list {layer} {kind}` shows"


def _reads_like(name: str, other: str) -> bool:
    """Whether it may be meant: the same words in another order, or a name like it; words that both
    begin or end with, as the kind of thing, say nothing of that.
    """
    one, two = name.split("-"), other.split("-")
    if sorted(one) == sorted(two):
        return True
    while one and two and one[-1] == two[-1]:
        del one[-1], two[-1]
    while one and two and one[0] == two[0]:
        del one[0], two[0]
    return not one or not two or alike("-".join(one), "-".join(two))


def _allowed(ids: Mapping[str, list[str]], link_type: str, target: str) -> list[str]:
    """The elements that the link may mean: of the target's type, unless that is a wrong one."""
    allowed = BY_NAME[link_type].targets
    kind = type_of(target)
    alike = ids[kind] if kind in ids and covers(allowed, kind) else []
    return alike or [each for name, all_ in ids.items() if covers(allowed, name) for each in all_]


@lru_cache(maxsize=16384)
def _pieces(element: str) -> frozenset[str]:
    """Pairs of letters in the name: cheap to compare, unlike the edit distance."""
    name = f"-{name_of(element)}-"
    return frozenset(name[index : index + 2] for index in range(len(name) - 1))


RULE = Rule(
    code="LNK001", name="dangling-link", family="link validation", check=check, mends=MISSPELT
)
