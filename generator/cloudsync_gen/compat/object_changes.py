"""How two schemas differ in the objects that they accept."""

from __future__ import annotations

from cloudsync_gen.compat.deltas import PLACE, Delta, Effect, Pair, broken, grade
from cloudsync_gen.compat.judge import Judge
from cloudsync_gen.compat.nodes import Node
from cloudsync_gen.compat.objects import MAX_HELD_AGAINST, ObjectPart, may_match, surely_matches
from cloudsync_gen.model.changes import Level

_OBJECT = frozenset({"object"})
_HARMLESS_UNSENT = frozenset(
    {
        f"{PLACE}-enum-value-removed",
        f"{PLACE}-exclusive-max-decreased",
        f"{PLACE}-exclusive-min-increased",
        f"{PLACE}-max-decreased",
        f"{PLACE}-max-length-decreased",
        f"{PLACE}-min-increased",
    }
)


def compare_objects(judge: Judge, pair: Pair) -> None:
    """Record differences in properties and in what may stand beside them."""
    if pair.idle(_OBJECT):
        return
    _Objects(judge, pair).run()


class _Objects:
    """The comparison of one pair, with the names that the direction gives to its halves."""

    def __init__(self, judge: Judge, pair: Pair) -> None:
        self.judge = judge
        self.pair = pair
        self.old: ObjectPart = pair.old.objects
        self.new: ObjectPart = pair.new.objects
        self.side = "request" if pair.request else "response"
        self.hidden = "readOnly" if pair.request else "writeOnly"
        names = len(self.old.properties) + len(self.new.properties)
        patterns = len(self.old.patterns) + len(self.new.patterns)
        self.crowded = names * patterns + patterns * patterns > MAX_HELD_AGAINST
        self.kind = "read-only" if pair.request else "write-only"

    def run(self) -> None:
        names = self.old.properties.keys() | self.new.properties.keys()
        for name in sorted(names | self.old.required | self.new.required):
            old, new = self.old.properties.get(name), self.new.properties.get(name)
            if old is not None and new is not None:
                self._kept(name, old, new)
            elif new is not None:
                self._added(name, new)
            elif old is not None:
                self._removed(name, old)
            else:
                self._required(name, name in self.old.required, name in self.new.required)
        self._rest()
        self._patterns()
        self._names()
        self._dependent_required()

    def _kept(self, name: str, old: Node, new: Node) -> None:
        was, now = self._is_hidden(old), self._is_hidden(new)
        if was == now:
            required = (name in side.required and not was for side in (self.old, self.new))
            self._required(name, *required)
        else:
            self._mutability(name, old, new, now)
        deltas = self.judge.compare(old, new, self.pair.mode)
        if was or now:
            deltas = tuple(map(self._unseen, deltas))
        self.pair.nest(name, deltas)

    def _unseen(self, delta: Delta) -> Delta:
        """A difference in a property that is no part of data that flows this way.

        Providers keep to that. Consumers are only asked not to send it, and some send back all that
        they received: what the vocabulary does not call harmless there keeps its level.
        """
        harmless = not self.pair.request or delta.code in _HARMLESS_UNSENT
        level = Level.INFO if harmless else delta.level
        return delta.graded(level, f"{self.side}-{self.kind}-property")

    def _is_hidden(self, node: Node) -> bool:
        """Whether the property is no part of data that flows this way (OpenAPI 3.0.4, 4.7.24.2)."""
        return not self.pair.mode.strict and self.judge.normal(node).notes.get(self.hidden) is True

    def _mutability(self, name: str, old: Node, new: Node, now: bool) -> None:
        """A property left or joined the data: what is required of it is only then in force."""
        side = self.new if self.pair.request else self.old
        required = name in side.required
        level = Level.WARNING if now else Level.INFO
        if required and now != self.pair.request:
            level = Level.ERROR
        action = f"became-{self.kind}" if now else f"became-not-{self.kind}"
        code = f"{self.side}-{'required' if required else 'optional'}-property-{action}"
        message = f"the property {'became' if now else 'is no longer'} {self.hidden}"
        self._say(code, level, name, message, old, new)

    def _required(self, name: str, was: bool, now: bool) -> None:
        if was == now:
            return
        level = grade(self.pair.mode, Effect.NARROWED if now else Effect.WIDENED)
        action = "required" if now else "optional"
        schema = self.new.properties.get(name)
        assumed = schema is not None and "default" in self.judge.normal(schema).notes
        default = "-with-default" if assumed and now and self.pair.request else ""
        code, message = f"{PLACE}-became-{action}{default}", f"the property became {action}"
        self.pair.note(code, level, "required", message, path=(name,))

    def _added(self, name: str, node: Node) -> None:
        hidden = self._is_hidden(node)
        self._required(name, name in self.old.required - self.new.required, False)
        if self.pair.request:
            self._added_to_request(name, node, hidden)
            return
        kind = "required" if name in self.new.required else "optional"
        only = "-write-only" if hidden else ""
        fits = hidden or self._accepted(self.old, name, node)
        level = Level.INFO if fits else Level.ERROR
        message = "the property is new" + ("" if fits else ", and was not allowed before")
        self._say(f"response-{kind}{only}-property-added", level, name, message, None, node)

    def _added_to_request(self, name: str, node: Node, hidden: bool) -> None:
        fits = hidden or self._covered(self.old, name, node)
        required = name in self.new.required - self.old.required and not hidden
        if required:
            default = "-with-default" if "default" in self.judge.normal(node).notes else ""
            code, message = (
                f"new-required-request-property{default}",
                "the new property is required",
            )
        else:
            code, message = "new-optional-request-property", "the property is new"
            if not fits:
                message += ", and what was allowed there before no longer is"
        level = Level.INFO if fits and not required else Level.ERROR
        self._say(code, level, name, message, None, node)

    def _removed(self, name: str, node: Node) -> None:
        hidden = self._is_hidden(node)
        required = name in self.old.required
        message = "the property was removed"
        if self.pair.request:
            code, fits = "request-property-removed", self._accepted(self.new, name, node)
            message += "" if fits or hidden else " and is refused now"
            self._required(name, False, name in self.new.required - self.old.required)
        else:
            kind = ("required" if required else "optional") + ("-write-only" if hidden else "")
            code, fits = f"response-{kind}-property-removed", self._covered(self.new, name, node)
            fits = fits and (not required or name in self.new.required)
        kept = Level.INFO if hidden or self.pair.mode.strict else Level.WARNING
        self._say(code, kept if fits or hidden else Level.ERROR, name, message, node, None)

    def _accepted(self, part: ObjectPart, name: str, node: Node) -> bool:
        """Whether a side that does not name the property accepts all that `node` accepts."""
        if self.crowded:
            return False
        matching = [schema for pattern, schema in part.patterns.items() if may_match(pattern, name)]
        sure = any(surely_matches(pattern, name) for pattern in part.patterns)
        limits = matching if part.rest is None or sure else [*matching, part.rest]
        return all(self.judge.contains(limit, node, self.pair.mode.wire) for limit in limits)

    def _covered(self, part: ObjectPart, name: str, node: Node) -> bool:
        """Whether `node` accepts what a side that does not name the property allows there."""
        if self.crowded:
            return False
        sources = [schema for pattern, schema in part.patterns.items() if may_match(pattern, name)]
        if not any(surely_matches(pattern, name) for pattern in part.patterns):
            if part.rest is not None:
                sources.append(part.rest)
            elif self.pair.mode.strict or name in part.required:
                sources.append(Node(node.document, ()))
        return all(self.judge.contains(node, source, self.pair.mode.wire) for source in sources)

    def _say(
        self, code: str, level: Level, name: str, message: str, old: Node | None, new: Node | None
    ) -> None:
        self.pair.note(
            code,
            level,
            "properties",
            message,
            path=(name,),
            base=old.pointer if old else None,
            revision=new.pointer if new else None,
        )

    def _rest(self) -> None:
        old, new = self.old.rest, self.new.rest
        if old is None and new is None:
            return
        if old is not None and new is not None:
            deltas = self.judge.compare(old, new, self.pair.mode)
            if any(self.judge.normal(side).never for side in (old, new)):
                level = Level.ERROR if broken(deltas) else Level.INFO
                if deltas:
                    self._say_rest(level, "narrowed" if self._never(new) else "widened")
            else:
                self.pair.nest("{*}", deltas)
            return
        present = new if old is None else old
        if present is None or self.judge.contains(present, Node(present.document, ())):
            return
        effect = Effect.NARROWED if old is None else Effect.WIDENED
        self._say_rest(grade(self.pair.mode, effect), effect.value)

    def _never(self, node: Node) -> bool:
        return self.judge.normal(node).never

    def _say_rest(self, level: Level, action: str) -> None:
        keyword = "unevaluatedProperties"
        side = self.pair.new if action == "narrowed" else self.pair.old
        aspect = f"additional-properties-{action}"
        if keyword in side.spelled and "additionalProperties" not in side.spelled:
            aspect = f"unevaluated-properties-{'added' if action == 'narrowed' else 'removed'}"
        else:
            keyword = "additionalProperties"
        message = f"what may stand beside the named properties was {action}"
        self.pair.note(f"{PLACE}-{aspect}", level, keyword, message)

    def _patterns(self) -> None:
        for pattern in sorted(self.old.patterns.keys() | self.new.patterns.keys()):
            old, new = self.old.patterns.get(pattern), self.new.patterns.get(pattern)
            if old is not None and new is not None:
                self.pair.nest(f"{{{pattern}}}", self.judge.compare(old, new, self.pair.mode))
                continue
            action = "added" if old is None else "removed"
            level = Level.INFO if self._pattern_fits(pattern, old, new) else Level.ERROR
            code, message = f"{PLACE}-pattern-property-{action}", f"the pattern was {action}"
            before, after = (pattern, None) if new is None else (None, pattern)
            self.pair.note(code, level, "patternProperties", message, before=before, after=after)

    def _pattern_fits(self, pattern: str, old: Node | None, new: Node | None) -> bool:
        if self.crowded:
            return False
        sub, sup = (old, new) if self.pair.request else (new, old)
        sub_part, sup_part = (self.old, self.new) if self.pair.request else (self.new, self.old)
        wire = self.pair.mode.wire
        if sup is None and sub is not None:
            rest = sup_part.rest
            return rest is None or self.judge.contains(rest, sub, wire)
        if sup is None or sub_part.rest is None:
            return False
        named = [node for name, node in sub_part.properties.items() if may_match(pattern, name)]
        others = [sub_part.rest, *named, *sub_part.patterns.values()]
        return all(self.judge.contains(sup, other, wire) for other in others)

    def _names(self) -> None:
        old, new = self.old.names, self.new.names
        if old is not None and new is not None:
            sub, sup = (old, new) if self.pair.request else (new, old)
            if not self.judge.contains(sup, sub):
                message = "the names that properties may have changed"
                self.pair.say("property-names-changed", Effect.CHANGED, "propertyNames", message)
            elif not self.judge.contains(sub, sup):
                level = Level.INFO
                message = "the names that properties may have changed"
                self.pair.note(f"{PLACE}-property-names-changed", level, "propertyNames", message)
        elif old is not None or new is not None:
            action, effect = _appeared(old is None)
            message = f"propertyNames was {action}"
            self.pair.say(f"property-names-{action}", effect, "propertyNames", message)

    def _dependent_required(self) -> None:
        old, new = self.old.dependent_required, self.new.dependent_required
        for name in sorted(old.keys() | new.keys()):
            was, now = old.get(name, frozenset()), new.get(name, frozenset())
            if was == now:
                continue
            effect = (
                Effect.NARROWED if was < now else Effect.WIDENED if now < was else Effect.CHANGED
            )
            action = "added" if not was else "removed" if not now else "changed"
            message = f"what objects with `{name}` must have was {action}"
            before, after = (sorted(side) or None for side in (was, now))
            aspect = f"dependent-required-{action}"
            self.pair.say(aspect, effect, "dependentRequired", message, before=before, after=after)


def _appeared(new: bool) -> tuple[str, Effect]:
    return ("added", Effect.NARROWED) if new else ("removed", Effect.WIDENED)
