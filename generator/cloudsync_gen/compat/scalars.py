"""Keywords that hold for a value itself: types, values, numbers, sizes, strings."""

from __future__ import annotations

from fractions import Fraction

from cloudsync_gen.compat.deltas import Effect, Pair, change_of
from cloudsync_gen.compat.nodes import ATOMS, SCALARS
from cloudsync_gen.compat.normalise import Bound, Normal
from cloudsync_gen.compat.values import Raw, plain_number

_STRING = frozenset({"string"})
_NUMBERS = frozenset({"integer", "fraction"})
_FORMATS = {
    "int8": {"int16", "int32", "int64", "float", "double"},
    "int16": {"int32", "int64", "float", "double"},
    "uint8": {"int16", "uint16", "int32", "uint32", "int64", "uint64", "float", "double"},
    "uint16": {"int32", "uint32", "int64", "uint64", "float", "double"},
    "uint32": {"int64", "uint64", "double"},
    "int32": {"int64", "double"},
    "float": {"double"},
}
"""Format → the formats that hold each of its values exactly (OpenAPI format registry)."""

_SIZES = (
    ("minLength", "min-length", 1, _STRING),
    ("maxLength", "max-length", -1, _STRING),
    ("minItems", "min-items", 1, frozenset({"array"})),
    ("maxItems", "max-items", -1, frozenset({"array"})),
    ("minProperties", "min-properties", 1, frozenset({"object"})),
    ("maxProperties", "max-properties", -1, frozenset({"object"})),
)

_ENCODINGS = (("contentEncoding", "content-encoding"), ("contentMediaType", "content-media-type"))


def compare_scalars(pair: Pair) -> None:
    """Record how types, values, numbers, sizes and strings differ."""
    _nulls(pair)
    _types(pair)
    _values(pair)
    if not pair.idle(_NUMBERS):
        _bound(pair, "minimum", pair.old.lower, pair.new.lower, 1)
        _bound(pair, "maximum", pair.old.upper, pair.new.upper, -1)
        _multiples(pair)
    for keyword, aspect, sign, domain in _SIZES:
        if not pair.idle(domain):
            _size(pair, keyword, aspect, sign)
    if pair.old.unique != pair.new.unique and not pair.idle(frozenset({"array"})):
        effect = Effect.NARROWED if pair.new.unique else Effect.WIDENED
        action = "added" if pair.new.unique else "removed"
        pair.say(f"unique-items-{action}", effect, "uniqueItems", f"uniqueItems was {action}")
    if not pair.idle(_STRING):
        _patterns(pair)
        _texts(pair)


def _nulls(pair: Pair) -> None:
    old, new = pair.old, pair.new
    if ATOMS in (old.types, new.types):
        was, now = old.loose_null, new.loose_null
        if old.types != new.types or old.groups or new.groups:
            return
    else:
        was, now = "null" in old.types, "null" in new.types
    if was == now:
        return
    effect = Effect.WIDENED if now else Effect.NARROWED
    aspect = "became-nullable" if now else "became-not-nullable"
    pair.say(aspect, effect, "type", "null is allowed now" if now else "null is no longer allowed")


def _types(pair: Pair) -> None:
    old, new = pair.old, pair.new
    effect = change_of(_fits(old, new, pair.mode.text), _fits(new, old, pair.mode.text))
    if effect is None:
        return
    before, after = describe(old), describe(new)
    if effect is Effect.CHANGED:
        aspect = "type-changed"
    elif "|" in before + after:
        aspect = f"list-of-types-{effect.value}"
    else:
        aspect = "type-generalized" if effect is Effect.WIDENED else "type-specialized"
    keyword = "type" if old.types != new.types else "format"
    message = "the type changed"
    pair.say(aspect, effect, keyword, message, before=before, after=after)


def _fits(sub: Normal, sup: Normal, text: bool) -> bool:
    """Whether types and formats of one schema are among those of the other; null aside.

    Where scalars travel as text, a string takes them in, unless they stood beside a string before:
    then the reader told them apart.
    """
    as_text = text and "string" not in sub.types and any_text(sup)
    allowed = sup.types | SCALARS if as_text else sup.types
    if sup.types != ATOMS:
        if not sub.types - {"null"} <= allowed:
            return False
        if sub.types == ATOMS:
            return sup.types >= ATOMS
    return all(
        wanted in sub.formats or any(wanted in _FORMATS.get(known, ()) for known in sub.formats)
        for wanted in sup.formats
    )


def any_text(normal: Normal) -> bool:
    """Whether every non-empty text is a value."""
    limited = normal.patterns or normal.formats or normal.values is not None or normal.groups
    sizes = normal.sizes.get("minLength", 0) <= 1 and "maxLength" not in normal.sizes
    return "string" in normal.types and sizes and not (limited or normal.refusals)


def describe(normal: Normal) -> str:
    """Type and format as people write them."""
    names = sorted(name.removeprefix("?") for name in normal.types - _NUMBERS - {"null"})
    if "fraction" in normal.types:
        names.append("number")
    elif "integer" in normal.types:
        names.append("integer")
    if normal.types == ATOMS:
        names = ["any"]
    return "/".join(["|".join(sorted(names)) or "null", *sorted(normal.formats)])


def _values(pair: Pair) -> None:
    old, new = pair.old, pair.new
    if old.values is None or new.values is None:
        _values_whole(pair)
        return
    removed = [value for key, value in old.values.items() if key not in new.values]
    added = [value for key, value in new.values.items() if key not in old.values]
    if removed and added and _const(old) and _const(new):
        message = "the only value allowed changed"
        pair.say(
            "const-changed", Effect.CHANGED, "const", message, before=removed[0], after=added[0]
        )
        return
    for value in removed:
        message = "an allowed value was removed"
        pair.say("enum-value-removed", Effect.NARROWED, "enum", message, before=[value])
    for value in added:
        message = "an allowed value was added"
        pair.say("enum-value-added", Effect.WIDENED, "enum", message, after=[value])


def _values_whole(pair: Pair) -> None:
    old, new = pair.old, pair.new
    if new.values is not None:
        aspect = "const-added" if _const(new) else "became-enum"
        values = list(new.values.values())
        message = "only listed values are allowed now"
        keyword = "const" if _const(new) else "enum"
        pair.say(aspect, Effect.NARROWED, keyword, message, after=values)
    elif old.values is not None:
        aspect = "const-removed" if _const(old) else "enum-removed"
        values = list(old.values.values())
        message = "values are no longer limited to a list"
        keyword = "const" if _const(old) else "enum"
        pair.say(aspect, Effect.WIDENED, keyword, message, before=values)


def _const(normal: Normal) -> bool:
    return "const" in normal.spelled and "enum" not in normal.spelled


def _bound(pair: Pair, keyword: str, old: Bound | None, new: Bound | None, sign: int) -> None:
    exclusive = any(bound is not None and bound.exclusive for bound in (old, new))
    aspect = ("exclusive-" if exclusive else "") + keyword[:3]
    before, after = _limit(old, sign), _limit(new, sign)
    if "fraction" not in pair.old.types | pair.new.types:
        old, new = _whole(old, sign), _whole(new, sign)
    if old == new:
        return
    if old is None or new is None:
        action, effect = ("set", Effect.NARROWED) if old is None else ("unset", Effect.WIDENED)
    else:
        grew = (new.value, new.exclusive == (sign > 0)) > (old.value, old.exclusive == (sign > 0))
        action = "increased" if grew else "decreased"
        effect = Effect.NARROWED if grew == (sign > 0) else Effect.WIDENED
    name = "exclusiveM" + keyword[1:] if exclusive else keyword
    message = f"the {keyword} was {action}"
    pair.say(f"{aspect}-{action}", effect, name, message, before=before, after=after)


def _whole(bound: Bound | None, sign: int) -> Bound | None:
    """The same limit for whole numbers, the limit included."""
    if bound is None:
        return None
    value = bound.value * sign
    least = -(-value.numerator // value.denominator)
    if bound.exclusive and least == value:
        least += 1
    return Bound(Fraction(least * sign), False)


def _limit(bound: Bound | None, sign: int) -> Raw:
    if bound is None or not bound.exclusive:
        return None if bound is None else _plain(bound.value)
    return f"{'>' if sign > 0 else '<'} {plain_number(bound.value)}"


def _plain(value: Fraction) -> int | float:
    return value.numerator if value.denominator == 1 else float(value)


def _multiples(pair: Pair) -> None:
    old, new = pair.old, pair.new
    effect = change_of(_divides(old, new), _divides(new, old))
    if effect is None:
        return
    before, after = (_steps(side) for side in (old, new))
    action = "set" if before is None else "unset" if after is None else "changed"
    message = f"multipleOf was {action}"
    pair.say(f"multiple-of-{action}", effect, "multipleOf", message, before=before, after=after)


def _steps(side: Normal) -> Raw:
    steps = [_plain(step) for step in sorted(side.multiples)]
    return steps[0] if len(steps) == 1 else steps or None


def _divides(sub: Normal, sup: Normal) -> bool:
    whole = set() if "fraction" in sub.types else {Fraction(1)}
    return all(
        any((known / step).denominator == 1 for known in sub.multiples | whole)
        for step in sup.multiples
    )


def _size(pair: Pair, keyword: str, aspect: str, sign: int) -> None:
    old, new = pair.old.sizes.get(keyword), pair.new.sizes.get(keyword)
    if old == new:
        return
    if old is None or new is None:
        action, effect = ("set", Effect.NARROWED) if old is None else ("unset", Effect.WIDENED)
    else:
        action = "increased" if new > old else "decreased"
        effect = Effect.NARROWED if (new - old) * sign > 0 else Effect.WIDENED
    message = f"{keyword} was {action}"
    pair.say(f"{aspect}-{action}", effect, keyword, message, before=old, after=new)


def _patterns(pair: Pair) -> None:
    old, new = pair.old.patterns, pair.new.patterns
    effect = change_of(new <= old, old <= new)
    if effect is None:
        return
    action = {Effect.NARROWED: "added", Effect.WIDENED: "removed"}.get(effect, "changed")
    before, after = (" ".join(sorted(side)) or None for side in (old, new))
    message = f"the pattern was {action}"
    pair.say(f"pattern-{action}", effect, "pattern", message, before=before, after=after)


def _texts(pair: Pair) -> None:
    for keyword, aspect in _ENCODINGS:
        before, after = pair.old.texts.get(keyword), pair.new.texts.get(keyword)
        if before != after:
            message = f"{keyword} changed"
            pair.say(
                f"{aspect}-changed", Effect.CHANGED, keyword, message, before=before, after=after
            )
