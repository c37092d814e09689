"""What steers a service from outside cannot be what it is said to be.

What it does: a flag's `default` is of its type, no key is declared twice in a service, and the
commands and queries that it steers are the service's own. A setting's default lies within its own
bounds, `oneOf` is for texts, bounds are for numbers, and no two settings follow one key.

Why: the value that holds where nobody answers would be one that nobody may set, and of two that
follow one key neither could be changed alone.

Example: `{key: shop.open, type: boolean, default: "yes", …}`; a `minimum: 10` of a setting whose
default is 5.

Use instead: a default that could come from outside, too.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.effects import performed_by
from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.model.provided import FlagUse, Setting
from cloudsync_gen.model.system import Model
from cloudsync_gen.model.values import milliseconds
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.source import Pointer, named

Faults = Iterator[tuple[Pointer, str, str]]
_TYPES: dict[str, type] = {"boolean": bool, "string": str, "integer": int}


def check(model: Model) -> Iterator[Diagnostic]:
    for service in model.all(Service):
        faults = (*_of_flags(model, service), *_of_settings(service))
        for pointer, message, hint in faults:
            yield RULE.at(
                model.ref(service.id, *pointer),
                message,
                hint,
                element=service.id,
                facts=named(pointer),
            )


def _of_flags(model: Model, service: Service) -> Faults:
    known: set[str] = set()
    for index, flag in enumerate(service.flags):
        at = ("flags", index)
        if flag.key in known:
            yield (*at, "key"), f"`{flag.key}` is declared already", "declare it once"
        known.add(flag.key)
        if not _is_of_its_type(flag):
            hint = f"say what holds where nobody decides, as {flag.type}"
            yield (*at, "default"), f"it is no {flag.type}", hint
        for place, name in enumerate(flag.during):
            performed = performed_by(model, name)
            if performed is not None and performed.service != service.id:
                hint = f"name commands and queries of `{service.id}`"
                yield (*at, "during", place), f"it belongs to `{performed.service}`", hint


def _is_of_its_type(flag: FlagUse) -> bool:
    return type(flag.default) is _TYPES[flag.type]


def _of_settings(service: Service) -> Faults:
    known: set[str] = set()
    for index, setting in enumerate(service.settings):
        at = ("settings", index)
        if setting.configuration is not None:
            key = setting.configuration.key
            if key in known:
                hint = "let each setting follow a key of its own"
                yield (*at, "configuration", "key"), f"`{key}` is followed already", hint
            known.add(key)
        for tail, message, hint in _of_bounds(setting):
            yield (*at, *tail), message, hint


def _of_bounds(setting: Setting) -> Faults:
    number = _number(setting)
    bounds = {"minimum": setting.minimum, "maximum": setting.maximum}
    for name, bound in bounds.items():
        if bound is None:
            continue
        if number is None:
            yield (name,), "only numbers and durations have bounds", "say `oneOf` for a text"
        elif number < bound if name == "minimum" else number > bound:
            yield (name,), f"the default is not within its {name}", "move the one or the other"
    if setting.one_of and setting.type != "string":
        yield ("oneOf",), "only texts are one of several", "say `minimum` and `maximum`"
    elif setting.one_of and setting.default not in setting.one_of:
        yield ("oneOf",), "the default is none of them", "let it be one, or name another"


def _number(setting: Setting) -> float | None:
    """The default as it is compared with bounds: of a duration its seconds."""
    if setting.type == "duration":
        return milliseconds(str(setting.default)) / 1000
    if setting.type in ("integer", "number") and isinstance(setting.default, int | float):
        return float(setting.default)
    return None


RULE = Rule(code="DDD034", name="steering-form", family="domain-driven design", check=check)
