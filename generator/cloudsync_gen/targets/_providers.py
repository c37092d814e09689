"""The providers of a model: of configuration, flags and secrets."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from cloudsync_gen.model.contracts import Contracts
from cloudsync_gen.model.ids import name_of
from cloudsync_gen.model.provided import ProviderCall
from cloudsync_gen.model.providers import configuration_provider, flag_provider, secret_provider
from cloudsync_gen.model.system import Model
from cloudsync_gen.model.values import milliseconds
from cloudsync_gen.naming import python_name
from cloudsync_gen.targets._named_calls import NamedCallView, named_call


class ProviderCallView(Struct, frozen=True, kw_only=True):
    """A call within `timeout` seconds, tried `retries` times more; without a `timeout` the caller
    has a budget of its own.
    """

    name: str
    call: NamedCallView
    timeout: float = 0.0
    retries: int = 0

    @property
    def timed(self) -> bool:
        """Whether it has a budget."""
        return self.timeout > 0


class ProviderView(Struct, frozen=True, kw_only=True):
    """The facts of one provider, as the chassis' class `kind` has them, under the name `constant`.

    `numbers`: fields in seconds; `words`: names of properties; `tables`: words by words. No `url`:
    a service has it of its call edge.
    """

    constant: str
    kind: str
    service: str
    url: str
    calls: tuple[ProviderCallView, ...]
    numbers: dict[str, float]
    words: dict[str, str]
    tables: dict[str, dict[str, str]]

    @property
    def entries(self) -> tuple[tuple[str, Any], ...]:
        """(field, value) of what is no call."""
        given = (*self.numbers.items(), *self.words.items(), *self.tables.items())
        return tuple((f"{name}=", value) for name, value in given if value not in ("", {}))


class ProvidersView(Struct, frozen=True, kw_only=True):
    """All of them, which services share in `package`."""

    package: str
    providers: tuple[ProviderView, ...]

    @property
    def kinds(self) -> tuple[str, ...]:
        """Classes of the chassis, sorted."""
        timed = any(each.timed for provider in self.providers for each in provider.calls)
        return tuple(sorted([*(each.kind for each in self.providers), *["ProviderCall"] * timed]))

    @property
    def plain(self) -> bool:
        """Whether any call has no budget of its own."""
        return any(not each.timed for provider in self.providers for each in provider.calls)

    def has(self, constant: str) -> bool:
        """Whether there is such a provider."""
        return any(each.constant == constant for each in self.providers)


def providers_package(model: Model) -> str:
    """The package with the providers' facts."""
    return f"{python_name(model.project.slug)}_providers"


def providers_view(model: Model, contracts: Contracts) -> ProvidersView | None:
    """None where the model has no provider."""
    found = (_flags(model, contracts), _configuration(model, contracts), _secrets(model, contracts))
    providers = tuple(each for each in found if each is not None)
    if not providers:
        return None
    return ProvidersView(package=providers_package(model), providers=providers)


def _flags(model: Model, contracts: Contracts) -> ProviderView | None:
    service = flag_provider(model)
    told = service.flag_provider if service is not None else None
    if service is None or told is None:
        return None
    calls = [_timed(model, contracts, "evaluate", told.evaluate)]
    if told.watch is not None:
        calls.append(_timed(model, contracts, "watch", told.watch))
    made = tuple(each for each in calls if each is not None)
    if len(made) < len(calls):
        return None
    return ProviderView(
        constant="FLAGS",
        kind="FlagProvider",
        service=name_of(service.id),
        url=f"http://127.0.0.1:{service.port}",
        calls=made,
        numbers={"keep": milliseconds(told.keep) / 1000},
        words={"value": told.value, "mark": told.mark or ""},
        tables={"environments": told.environments, "otherwise": told.otherwise},
    )


def _configuration(model: Model, contracts: Contracts) -> ProviderView | None:
    service = configuration_provider(model)
    told = service.configuration_provider if service is not None else None
    if service is None or told is None:
        return None
    watch = _timed(model, contracts, "watch", told.watch)
    get = _timed(model, contracts, "get", told.get)
    if watch is None or get is None:
        return None
    return ProviderView(
        constant="CONFIGURATION",
        kind="ConfigurationProvider",
        service=name_of(service.id),
        url=f"http://127.0.0.1:{service.port}",
        calls=(watch, get),
        numbers={"poll": milliseconds(told.poll) / 1000},
        words={
            "entries": told.entries,
            "key": told.key,
            "value": told.value,
            "checksum": told.checksum,
        },
        tables={"environments": told.environments, "otherwise": told.otherwise},
    )


def _secrets(model: Model, contracts: Contracts) -> ProviderView | None:
    """Its budget is that of each service's own call edge."""
    service = secret_provider(model)
    told = service.secret_provider if service is not None else None
    if service is None or told is None:
        return None
    get = named_call(model, contracts, told.get, told.sends)
    prove = told.prove
    proven = named_call(model, contracts, prove.operation, prove.sends) if prove else None
    if get is None or (prove is not None and proven is None):
        return None
    calls = [ProviderCallView(name="get", call=get)]
    if proven is not None:
        calls.append(ProviderCallView(name="prove", call=proven))
    return ProviderView(
        constant="SECRETS",
        kind="SecretProvider",
        service=name_of(service.id),
        url="",
        calls=tuple(calls),
        numbers={"keep": milliseconds(told.keep) / 1000},
        words={"value": told.value, "until": told.until, "version": told.version},
        tables={"proof": told.proof},
    )


def _timed(
    model: Model, contracts: Contracts, name: str, told: ProviderCall
) -> ProviderCallView | None:
    call = named_call(model, contracts, told.operation, told.sends)
    if call is None:
        return None
    seconds = milliseconds(told.timeout) / 1000
    return ProviderCallView(name=name, call=call, timeout=seconds, retries=told.retries)
