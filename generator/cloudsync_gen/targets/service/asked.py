"""What a service asks of the model's providers: flags, settings that change, secrets."""

from __future__ import annotations

from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.model.provided import Adjusted, Setting
from cloudsync_gen.model.providers import kinds_asked
from cloudsync_gen.naming import python_name
from cloudsync_gen.targets._providers import providers_package
from cloudsync_gen.targets._text import summary
from cloudsync_gen.targets.service.facts import Scope, ServiceFacts
from cloudsync_gen.targets.service.surroundings import SCALARS, setting_name
from cloudsync_gen.targets.service.view_calls import AskedView, FlagView


def asked_of(facts: ServiceFacts) -> AskedView:
    """Nothing of providers that the model does not have, nor of the service itself; flags are
    declared all the same, and have their defaults.
    """
    service = facts.service
    kinds = {kind for kind, _ in kinds_asked(facts.model, service)}
    adjusted = tuple(
        (setting_name(each), _followed(each, each.configuration))
        for each in service.settings
        if each.configuration is not None and "configuration" in kinds
    )
    return AskedView(
        package=providers_package(facts.model),
        names=tuple((each, each.upper()) for each in sorted(kinds)),
        flags=_flags(service),
        adjusted=adjusted,
    )


def _flags(service: Service) -> tuple[FlagView, ...]:
    names = Scope("runtime")
    return tuple(
        FlagView(
            attribute=names.take(python_name(each.key.replace(".", "-"))),
            key=each.key,
            type=SCALARS[each.type],
            default=each.default,
            per=each.per,
            about=summary(each.description),
        )
        for each in service.flags
    )


def _followed(
    setting: Setting, told: Adjusted
) -> tuple[tuple[str, str | float | tuple[str, ...]], ...]:
    found: list[tuple[str, str | float | tuple[str, ...]]] = [("key=", told.key)]
    if told.reload != "hot":
        found.append(("reload=", told.reload))
    if setting.minimum is not None:
        found.append(("minimum=", setting.minimum))
    if setting.maximum is not None:
        found.append(("maximum=", setting.maximum))
    if setting.one_of:
        found.append(("one_of=", setting.one_of))
    return tuple(found)
