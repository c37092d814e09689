"""What the generated tables say of the providers, and of what a service asks of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from cloudsync_chassis.client.named import NamedCall


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderCall(NamedCall):
    """A call to a provider: at most `retries` more attempts, each within `timeout` seconds."""

    timeout: float
    retries: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagProvider:
    """Who decides flags (OpenFeature's word for it); times in seconds.

    Attributes:
        value: the property of an answer that holds what was decided, as JSON.
        keep: for how long a decision is kept, unless `watch` sends another `mark` before.
        environments: our environment -> what it is called there.
        otherwise: fact -> what is said where a copy does not know it.
    """

    service: str
    url: str
    evaluate: ProviderCall
    value: str
    keep: float
    watch: ProviderCall | None = None
    mark: str = ""
    environments: Mapping[str, str] = field(default_factory=dict)
    otherwise: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigurationProvider:
    """Who knows the values of settings; times in seconds.

    Attributes:
        watch: a stream of bundles: at first what differs from `{checksums}`, then what changes.
        get: the bundle of all `{keys}`, asked for every `poll` while no stream can be had.
        entries: the property of a bundle that lists values; of each, `key`, `value` and `checksum`
            name the properties.
    """

    service: str
    url: str
    watch: ProviderCall
    get: ProviderCall
    poll: float
    entries: str
    key: str
    value: str
    checksum: str
    environments: Mapping[str, str] = field(default_factory=dict)
    otherwise: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretProvider:
    """Who hands out secrets, to services with a call edge there; times in seconds.

    Attributes:
        value: the property of an answer with the secret (base64).
        until: the one with the end of its lease.
        version: the one with its number.
        keep: for how long it is used without asking again.
        prove: tells that a version which is to follow is here; its facts are those of `proof`, each
            the property of the answer that brought it.
    """

    service: str
    get: NamedCall
    value: str
    until: str
    version: str
    keep: float
    prove: NamedCall | None = None
    proof: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjusted:
    """A setting that follows the configuration's value of `key`, within these bounds: as it
    changes (`hot`) or at the next start.
    """

    key: str
    reload: Literal["hot", "restart"] = "hot"
    minimum: float | None = None
    maximum: float | None = None
    one_of: tuple[str, ...] = ()
