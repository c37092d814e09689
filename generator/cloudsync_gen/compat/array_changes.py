"""How two schemas differ in the arrays that they accept."""

from __future__ import annotations

from cloudsync_gen.compat.arrays import Contains
from cloudsync_gen.compat.deltas import PLACE, Effect, Pair, broken, change_of
from cloudsync_gen.compat.judge import Judge
from cloudsync_gen.compat.nodes import Node
from cloudsync_gen.model.changes import Level

_ARRAY = frozenset({"array"})


def compare_arrays(judge: Judge, pair: Pair) -> None:
    """Record differences in items and in what must be among them."""
    if pair.idle(_ARRAY):
        return
    _prefix(judge, pair)
    _rest(judge, pair)
    _contains(judge, pair)


def _prefix(judge: Judge, pair: Pair) -> None:
    old, new = pair.old.arrays, pair.new.arrays
    shorter = min(len(old.prefix), len(new.prefix))
    for index in range(shorter):
        deltas = judge.compare(old.prefix[index], new.prefix[index], pair.mode)
        pair.nest(f"[{index}]", deltas)
    longest = pair.sub.sizes.get("maxItems")
    for index in range(shorter, max(len(old.prefix), len(new.prefix))):
        if longest is not None and index >= longest:
            break
        _one_side(judge, pair, index)


def _one_side(judge: Judge, pair: Pair, index: int) -> None:
    """A position that only one side describes: the other side's `items` holds there."""
    old, new = pair.old.arrays.item(index), pair.new.arrays.item(index)
    added = index >= len(pair.old.arrays.prefix)
    some = new if new is not None else old
    if some is None:
        return
    anything = Node(some.document, ())
    deltas = judge.compare(old or anything, new or anything, pair.mode)
    level = Level.ERROR if broken(deltas) else Level.INFO
    action = "added" if added else "removed"
    message = f"a schema for the item at {index} was {action}"
    pair.note(f"{PLACE}-prefix-items-{action}", level, "prefixItems", message, path=(f"[{index}]",))


def _rest(judge: Judge, pair: Pair) -> None:
    old, new = pair.old.arrays.rest, pair.new.arrays.rest
    some = new if new is not None else old
    longest = pair.sub.sizes.get("maxItems")
    described = max(len(pair.old.arrays.prefix), len(pair.new.arrays.prefix))
    if some is None or (longest is not None and longest <= described and described):
        return
    anything = Node(some.document, ())
    pair.nest("[]", judge.compare(old or anything, new or anything, pair.mode))


def _contains(judge: Judge, pair: Pair) -> None:
    old, new = pair.old.arrays.contains, pair.new.arrays.contains
    if len(old) == len(new) == 1 and judge.equivalent(old[0].schema, new[0].schema):
        _limits(pair, old[0], new[0])
        return
    effect = change_of(_all_implied(judge, old, new), _all_implied(judge, new, old))
    if effect is None and (old or new) and (pair.old.tangled or pair.new.tangled):
        effect = Effect.CHANGED
    if effect is None:
        return
    action = "added" if not old else "removed" if not new else "changed"
    pair.say(f"contains-{action}", effect, "contains", f"contains was {action}")


def _limits(pair: Pair, old: Contains, new: Contains) -> None:
    if old.least != new.least:
        grew = new.least > old.least
        effect = Effect.NARROWED if grew else Effect.WIDENED
        aspect = f"min-contains-{'increased' if grew else 'decreased'}"
        message = f"minContains was {aspect.rpartition('-')[2]}"
        pair.say(aspect, effect, "minContains", message, before=old.least, after=new.least)
    if old.most != new.most:
        grew = new.most is None or (old.most is not None and new.most > old.most)
        effect = Effect.WIDENED if grew else Effect.NARROWED
        aspect = f"max-contains-{'increased' if grew else 'decreased'}"
        message = f"maxContains was {aspect.rpartition('-')[2]}"
        pair.say(aspect, effect, "maxContains", message, before=old.most, after=new.most)


def _all_implied(judge: Judge, sub: tuple[Contains, ...], sup: tuple[Contains, ...]) -> bool:
    return all(
        _least_implied(judge, sub, wanted) and _most_implied(judge, sub, wanted) for wanted in sup
    )


def _least_implied(judge: Judge, sub: tuple[Contains, ...], wanted: Contains) -> bool:
    return wanted.least == 0 or any(
        known.least >= wanted.least and judge.contains(wanted.schema, known.schema) for known in sub
    )


def _most_implied(judge: Judge, sub: tuple[Contains, ...], wanted: Contains) -> bool:
    most = wanted.most
    return most is None or any(
        known.most is not None
        and known.most <= most
        and judge.contains(known.schema, wanted.schema)
        for known in sub
    )
