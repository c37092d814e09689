"""Settings that change while a service runs, as the configuration provider says."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Coroutine, Iterable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from cloudsync_chassis import files
from cloudsync_chassis.client.errors import CallError
from cloudsync_chassis.client.rpc import RpcClient
from cloudsync_chassis.logs import logger
from cloudsync_chassis.providers.following import ANSWER, Told, follow
from cloudsync_chassis.providers.spec import Adjusted, ConfigurationProvider
from cloudsync_chassis.settings import Settings

Kept = dict[str, tuple[str, str]]
"""Key -> (value as it came, its checksum)."""

log = logger("configuration")

_INTERVAL: TypeAdapter[timedelta] = TypeAdapter(timedelta)


class Adjustments:
    """The settings of a service that follow configuration, by the names in `adjusted`.

    What the copy was told otherwise (arguments, environment) stays. A value that does not fit its
    setting is refused and the last good one stays. Good ones are kept at `place` (mode 0600), so
    that a copy starts with them though nobody answers, for however long.
    """

    def __init__(self, adjusted: Mapping[str, Adjusted], settings: Settings, place: Path) -> None:
        self._settings = settings
        self._place = place
        told = settings.model_fields_set
        self._names = {each.key: name for name, each in adjusted.items() if name not in told}
        self._adjusted = adjusted
        self._defaults = {name: getattr(settings, name) for name in self._names.values()}
        self._kept: Kept = {}
        self._refused: dict[str, str] = {}

    @property
    def keys(self) -> list[str]:
        """What the provider is asked for."""
        return sorted(self._names)

    @property
    def checksums(self) -> list[str]:
        """Of the values that are in effect, or will be at the next start."""
        return sorted({checksum for _, checksum in self._kept.values()})

    def restore(self) -> None:
        """Take into effect what was kept last; what cannot be read is left, and so is what does
        not fit any more.
        """
        try:
            found = json.loads(self._place.read_bytes())
            kept = {str(key): (str(text), str(mark)) for key, (text, mark) in found.items()}
        except FileNotFoundError:
            return
        except (OSError, ValueError, TypeError, AttributeError) as error:
            log.warning("configuration_unreadable", error=error)
            return
        for key, (text, checksum) in kept.items():
            if key in self._names:
                self._accept(key, text, checksum, starting=True)

    def take(self, entries: Iterable[tuple[str, str, str]], whole: bool = False) -> None:
        """Take (key, value, checksum) into effect, each if it fits; of a `whole` bundle what is
        missing is as the model has it again.
        """
        before, known = dict(self._kept), set[str]()
        for key, text, checksum in entries:
            known.add(key)
            if key in self._names and self._kept.get(key) != (text, checksum):
                self._accept(key, text, checksum, starting=False)
        for key in self._kept.keys() - known if whole else ():
            del self._kept[key]
            self._set(key, self._defaults[self._names[key]], starting=False)
        if self._kept != before:
            files.replace(self._place, json.dumps(self._kept, sort_keys=True).encode())

    def _accept(self, key: str, text: str, checksum: str, *, starting: bool) -> None:
        name = self._names[key]
        try:
            value = self._fitting(name, text)
        except ValueError as error:
            if self._refused.get(key) != checksum:
                reason = error.errors()[0]["type"] if isinstance(error, ValidationError) else error
                log.error("configuration_refused", key=key, checksum=checksum, reason=str(reason))
            self._refused[key] = checksum
            return
        self._refused.pop(key, None)
        self._kept[key] = (text, checksum)
        self._set(key, value, starting=starting)

    def _set(self, key: str, value: Any, *, starting: bool) -> None:
        name = self._names[key]
        if starting:
            self._settings.adjust(name, value)
        elif self._adjusted[name].reload == "hot":
            self._settings.adjust(name, value)
            log.info("setting_adjusted", setting=name, key=key)
        else:
            log.warning("setting_waits_for_restart", setting=name, key=key)

    def _fitting(self, name: str, text: str) -> Any:
        """What a text means for a setting: itself, an ISO 8601 duration in seconds, or JSON.

        Raises:
            ValueError: it does not fit; says why, without the value.
        """
        field, bounds = type(self._settings).model_fields[name], self._adjusted[name]
        value: Any = text
        if field.annotation is float and text.startswith("P"):
            value = _INTERVAL.validate_python(text).total_seconds()
        elif field.annotation is not str:
            value = from_json(text, allow_inf_nan=False)
        kind: Any = field.annotation
        if field.metadata:
            kind = Annotated[(kind, *field.metadata)]
        found: Any = TypeAdapter(kind).validate_python(value, strict=True)
        if bounds.minimum is not None and found < bounds.minimum:
            raise ValueError("less than its minimum")
        if bounds.maximum is not None and found > bounds.maximum:
            raise ValueError("more than its maximum")
        if bounds.one_of and found not in bounds.one_of:
            raise ValueError("none of its values")
        return found


class Configuration:
    """Follows the provider. `facts`: what this copy knows of itself."""

    def __init__(
        self,
        spec: ConfigurationProvider,
        client: RpcClient,
        facts: Mapping[str, Any],
        adjustments: Adjustments,
    ) -> None:
        self._spec = spec
        self._client = client
        self._facts = facts
        self._adjustments = adjustments

    def loops(self) -> Iterator[Coroutine[Any, Any, None]]:
        """What runs beside the service."""
        log.info("configuration_followed", settings_kept=len(self._adjustments.checksums))
        yield follow(self._spec.service, self._watched, self._take, self._poll)

    def _watched(self) -> AsyncIterator[Told]:
        known = {"checksums": self._adjustments.checksums}
        request = self._spec.watch.request(self._spec.service, {**self._facts, **known})
        return self._client.stream(request, ANSWER)

    def _take(self, bundle: Told, whole: bool = False) -> None:
        spec, entries = self._spec, bundle.get(self._spec.entries)
        values = (
            tuple(str(each.get(name, "")) for name in (spec.key, spec.value, spec.checksum))
            for each in (entries if isinstance(entries, list) else ())
        )
        self._adjustments.take([(a, b, c) for a, b, c in values], whole)

    async def _poll(self) -> float:
        """Ask for the whole bundle while no stream can be had; seconds until the next time."""
        known = {"keys": self._adjustments.keys}
        request = self._spec.get.request(self._spec.service, {**self._facts, **known})
        try:
            bundle = await self._client.call(request, ANSWER)
        except CallError:
            return 0.0
        self._take(bundle, whole=True)
        return self._spec.poll
