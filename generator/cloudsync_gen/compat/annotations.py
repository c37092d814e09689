"""Differences in what values mean, not in which are allowed: defaults, discriminators, marks."""

from __future__ import annotations

from collections.abc import Mapping

from cloudsync_gen.compat.deltas import PLACE, Effect, Pair, Wire, grade
from cloudsync_gen.compat.document import Document
from cloudsync_gen.compat.judge import Judge
from cloudsync_gen.compat.lifecycle import SCHEMA, compare_lifecycle
from cloudsync_gen.compat.nodes import Node, Seed
from cloudsync_gen.compat.values import Raw, brief, entries, mapping, sequence, text
from cloudsync_gen.model.changes import Level

_EXTENSIBLE = "x-extensible-enum"
_MAPPED = "discriminator-mapping"


def compare_annotations(judge: Judge, pair: Pair, old: Node, new: Node) -> None:
    """Record differences in what values mean."""
    _default(judge, pair)
    _discriminator(judge, pair, old.document, new.document)
    _extensible(judge, pair)
    _xml(judge, pair)
    for event in compare_lifecycle(pair.old.notes, pair.new.notes, judge.today, SCHEMA):
        pair.note(
            event.code,
            event.level,
            event.keyword,
            event.message,
            before=event.before,
            after=event.after,
        )


def _default(judge: Judge, pair: Pair) -> None:
    """What is assumed for a value that was left out; whoever leaves it out relies on it."""
    old, new = "default" in pair.old.notes, "default" in pair.new.notes
    before, after = pair.old.notes.get("default"), pair.new.notes.get("default")
    if (old, new) == (False, False):
        return
    if old and new and judge.digests.of(before) == judge.digests.of(after):
        return
    action = "changed" if old and new else "added" if new else "removed"
    level = Level.WARNING if pair.request and old else Level.INFO
    message = f"the default was {action}"
    code = f"{PLACE}-default-value-{action}"
    pair.note(code, level, "default", message, before=before, after=after)


def _extensible(judge: Judge, pair: Pair) -> None:
    """An open list of values: removing one hurts who sends it."""
    digest = judge.digests.of
    old = {digest(value): value for value in sequence(pair.old.notes.get(_EXTENSIBLE))}
    new = {digest(value): value for value in sequence(pair.new.notes.get(_EXTENSIBLE))}
    for key in sorted(old.keys() - new.keys()) if new else ():
        message = "a value was removed from the extensible enum"
        level = grade(pair.mode, Effect.NARROWED)
        code = f"{PLACE}-{_EXTENSIBLE}-value-removed"
        pair.note(code, level, _EXTENSIBLE, message, before=[old[key]])


def _xml(judge: Judge, pair: Pair) -> None:
    """How a value is written in XML matters there only."""
    sides = [judge.digests.of(side.notes.get("xml")) for side in (pair.old, pair.new)]
    if pair.mode.wire is Wire.XML and sides[0] != sides[1]:
        pair.say("xml-changed", Effect.CHANGED, "xml", "its form in XML changed")


def _discriminator(judge: Judge, pair: Pair, base: Document, revision: Document) -> None:
    """A discriminator decides nothing about validity (OpenAPI 3.1, 4.8.25), but steers clients."""
    keyword = "discriminator"
    old, new = mapping(pair.old.notes.get(keyword)), mapping(pair.new.notes.get(keyword))
    if not old and not new:
        return
    if not old or not new:
        action = "removed" if old else "added"
        message = f"the discriminator was {action}"
        pair.note(f"{PLACE}-discriminator-{action}", Level.INFO, keyword, message)
        return
    before, after = text(old.get("propertyName")), text(new.get("propertyName"))
    if before != after:
        message = "the property that tells alternatives apart changed"
        code = f"{PLACE}-discriminator-property-name-changed"
        pair.note(code, Level.WARNING, keyword, message, before=before, after=after)
    sides = [{name: raw for name, raw, _ in entries(side.get("mapping"))} for side in (old, new)]
    _mapping(judge, pair, (base, revision), sides[0], sides[1])


def _mapping(
    judge: Judge,
    pair: Pair,
    documents: tuple[Document, Document],
    old: Mapping[str, Raw],
    new: Mapping[str, Raw],
) -> None:
    for name in sorted(old.keys() | new.keys()):
        if name in old and name in new:
            if old[name] != new[name] and not _same_target(judge, documents, old[name], new[name]):
                message = f"`{brief(name)}` stands for another alternative"
                code, level = f"{PLACE}-{_MAPPED}-changed", Level.WARNING
                pair.note(code, level, "discriminator", message, before=old[name], after=new[name])
            continue
        action, harmless = ("deleted", not pair.request) if name in old else ("added", pair.request)
        message = f"a value of the discriminator was {action}"
        level = Level.INFO if harmless else Level.WARNING
        before, after = (name, None) if name in old else (None, name)
        code = f"{PLACE}-{_MAPPED}-{action}"
        pair.note(code, level, "discriminator", message, before=before, after=after)


def _same_target(judge: Judge, documents: tuple[Document, Document], old: Raw, new: Raw) -> bool:
    nodes: list[Node] = []
    for document, written in zip(documents, (old, new), strict=True):
        target = document.resolve(written) or document.resolve(f"#/components/schemas/{written}")
        if target is None:
            return False
        nodes.append(Node(document, [Seed(*target)]))
    return judge.equivalent(*nodes)
