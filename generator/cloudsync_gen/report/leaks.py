"""Properties that newly leave their boundary as findings: which, where, and who receives them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cloudsync_gen.compat.exposed import EXPOSED, Leak, compare_exposures
from cloudsync_gen.diagnostics import Diagnostic, Related, Severity
from cloudsync_gen.model.exposures import OUTSIDE, Exposure, exposures
from cloudsync_gen.model.ids import type_of
from cloudsync_gen.model.impact import impact
from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.model.system import Model
from cloudsync_gen.source import Ref

NAME = "exposure"
_BOUNDARIES = ("system", "region", "context", "service")
"""The widest first."""

_TOPIC = "technology.topic"
_PLURALS = {"application.service": "services", "technology.region": "regions", _TOPIC: "topics"}
_SHOWN = ("screens", "routes")
_NAMED = 3
"""So many receivers are named in a message; `impact` has all of them."""

_KINDS = {
    "answer": "in an answer",
    "reply": "in the reply to a call",
    "event": "in an event",
    "webhook": "in a webhook",
    "copy": "as a copy in another service's store",
    "log": "in a log",
}


def leaks(base: Model, revision: Model, name: str) -> Iterator[Diagnostic]:
    """What leaves newly, or is classed lower while it leaves; `name` is what findings call the
    revision that the base is of. Where nobody is known to receive it, it is a warning.
    """
    before = exposures(base)
    stood = {each.classed: each.stands for each in before}
    for leak in compare_exposures(before, exposures(revision)):
        if leak.code == EXPOSED:
            yield _exposed(leak, revision)
        else:
            was = stood.get(leak.property)
            yield _lowered(leak, revision, Ref(f"{name}:{was.file}", was.pointer) if was else None)


def _exposed(leak: Leak, model: Model) -> Diagnostic:
    first = leak.ways[0]
    element, name = leak.property.element, leak.property.name
    return Diagnostic(
        code=leak.code,
        name=NAME,
        severity=_severity(leak),
        ref=first.place.name(),
        message=f"`{name}` of `{element}` is {leak.guard.name} and newly leaves its "
        f"{_widest(leak)} {_KINDS[first.kind]}: {_received(leak)}",
        hint="send an id or a hash instead, or say in the change why they may have it",
        element=element,
        related=(Related(model.ref(first.by).name(), "what carries it"),),
        facts=(name, first.kind, *_receivers(leak)),
        impact=_impact(leak.ways, model),
    )


def _lowered(leak: Leak, model: Model, was: Ref | None) -> Diagnostic:
    first, before = leak.ways[0], leak.before.name if leak.before else ""
    element, name = leak.property.element, leak.property.name
    after = f"is {leak.guard.name}" if leak.guard.name else "has no class"
    earlier = (Related(was, "what it was"),) if was else ()
    return Diagnostic(
        code=leak.code,
        name=NAME,
        severity=_severity(leak),
        ref=first.stands.name(),
        message=f"`{name}` of `{element}` was {before} and {after}, while it leaves its "
        f"{_widest(leak)}: {_received(leak)}",
        hint=f"leave it {before}, or say in the change why less is enough",
        element=element,
        related=(*earlier, Related(model.ref(first.by).name(), "what carries it")),
        facts=(name, before, leak.guard.name),
        impact=_impact(leak.ways, model),
    )


def _severity(leak: Leak) -> Severity:
    known = any(type_of(each) != _TOPIC for each in _receivers(leak))
    return Severity.ERROR if known else Severity.WARNING


def _receivers(leak: Leak) -> list[str]:
    return sorted({each.receiver for each in leak.ways})


def _received(leak: Leak) -> str:
    """Who receives it, in words; `impact` names all."""
    everybody = _receivers(leak)
    known = [each for each in everybody if type_of(each) != _TOPIC] or everybody
    words = ["who is let in from outside" if each == OUTSIDE else f"`{each}`" for each in known]
    more = f" and {len(words) - _NAMED} more" if len(words) > _NAMED else ""
    verb = "receive" if len(words) > 1 else "receives"
    return f"{', '.join(words[:_NAMED])}{more} {verb} it"


def _widest(leak: Leak) -> str:
    return min((each.boundary for each in leak.ways), key=_BOUNDARIES.index)


def _impact(ways: Iterable[Exposure], model: Model) -> dict[str, tuple[str, ...]]:
    answered = [each.by for each in ways if each.receiver == OUTSIDE]
    reached = impact((model,), answered)
    found = {kind: {*reached[kind]} for kind in _SHOWN if kind in reached}
    for each in ways:
        found.setdefault("carried by", set()).add(each.by)
        kind = _PLURALS.get(type_of(each.receiver))
        if kind is not None:
            found.setdefault(kind, set()).add(each.receiver)
        service = model.get(Service, each.receiver)
        if service is not None:
            found.setdefault("owners", set()).add(service.owner)
    return {kind: tuple(sorted(ids)) for kind, ids in sorted(found.items())}
