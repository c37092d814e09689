"""How two schemas differ in what they refuse, in their conditions and in encoded content."""

from __future__ import annotations

from cloudsync_gen.compat.deltas import Effect, Pair, change_of
from cloudsync_gen.compat.judge import Judge
from cloudsync_gen.compat.nodes import Node
from cloudsync_gen.compat.normalise import Condition


def compare_logic(judge: Judge, pair: Pair) -> None:
    """Record differences in what holds for the same value under conditions, and in its content."""
    _refusals(judge, pair)
    _conditions(judge, pair)
    _content(judge, pair)
    _dependent(judge, pair)


def _refusals(judge: Judge, pair: Pair) -> None:
    old, new = pair.old.refusals, pair.new.refusals
    effect = change_of(_refused(judge, old, new), _refused(judge, new, old))
    if effect is None:
        return
    action = "added" if not old else "removed" if not new else "changed"
    pair.say(f"not-{action}", effect, "not", f"what is refused was {action}")


def _refused(judge: Judge, sub: tuple[Node, ...], sup: tuple[Node, ...]) -> bool:
    """Whether `sub` refuses at least all that `sup` refuses."""
    return all(any(judge.contains(known, wanted) for known in sub) for wanted in sup)


def _conditions(judge: Judge, pair: Pair) -> None:
    old, new = pair.old.conditions, pair.new.conditions
    if len(old) == len(new) == 1 and judge.equivalent(old[0].test, new[0].test):
        for keyword, was, now in (
            ("then", old[0].then, new[0].then),
            ("else", old[0].otherwise, new[0].otherwise),
        ):
            _consequence(judge, pair, keyword, was, now)
        return
    effect = change_of(_implied(judge, old, new), _implied(judge, new, old))
    if effect is None:
        return
    action = "added" if not old else "removed" if not new else "changed"
    pair.say(f"if-{action}", effect, "if", f"a condition was {action}")


def _consequence(
    judge: Judge, pair: Pair, keyword: str, old: Node | None, new: Node | None
) -> None:
    if old is not None and new is not None:
        pair.nest(keyword, judge.compare(old, new, pair.mode))
    elif old is not None or new is not None:
        action, effect = ("added", Effect.NARROWED) if old is None else ("removed", Effect.WIDENED)
        pair.say(f"{keyword}-{action}", effect, keyword, f"`{keyword}` was {action}")


def _implied(judge: Judge, sub: tuple[Condition, ...], sup: tuple[Condition, ...]) -> bool:
    """Whether each condition of `sup` stands in `sub` as well, as it is or stricter."""
    return all(any(_stricter(judge, known, wanted) for known in sub) for wanted in sup)


def _stricter(judge: Judge, known: Condition, wanted: Condition) -> bool:
    return judge.equivalent(known.test, wanted.test) and all(
        sup is None or (sub is not None and judge.contains(sup, sub))
        for sub, sup in ((known.then, wanted.then), (known.otherwise, wanted.otherwise))
    )


def _content(judge: Judge, pair: Pair) -> None:
    old, new = pair.old.content, pair.new.content
    if old is not None and new is not None:
        pair.nest("contentSchema", judge.compare(old, new, pair.mode))
    elif old is not None or new is not None:
        action, effect = ("added", Effect.NARROWED) if old is None else ("removed", Effect.WIDENED)
        message = f"contentSchema was {action}"
        pair.say(f"content-schema-{action}", effect, "contentSchema", message)


def _dependent(judge: Judge, pair: Pair) -> None:
    old, new = pair.old.objects.dependent_schemas, pair.new.objects.dependent_schemas
    for name in sorted(old.keys() | new.keys()):
        if name in old and name in new:
            pair.nest(f"if {name}", judge.compare(old[name], new[name], pair.mode))
            continue
        action, effect = ("added", Effect.NARROWED) if name in new else ("removed", Effect.WIDENED)
        message = f"a schema for objects that have a property was {action}"
        pair.say(f"dependent-schema-{action}", effect, "dependentSchemas", message, after=name)
