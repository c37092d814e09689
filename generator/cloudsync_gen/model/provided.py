"""What some services do for all the others: the registry, and the providers of configuration, flags
and secrets, with what the others say of themselves that concerns them.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, field

from cloudsync_gen.model.element import Part
from cloudsync_gen.model.ids import Link
from cloudsync_gen.model.values import Duration, Identifier, Short, SqlName

DottedKey = Annotated[
    str, Meta(pattern=r"^[a-z][a-z0-9]*([.-][a-z0-9]+){1,9}$(?!\n)", max_length=100)
]
PropertyPath = Annotated[
    str, Meta(pattern=r"^[a-zA-Z][a-zA-Z0-9]*(\.[a-zA-Z][a-zA-Z0-9]*){0,3}$(?!\n)", max_length=90)
]


class Adjusted(Part, frozen=True, kw_only=True):
    """A setting follows the configuration's value of `key`: as it changes, or at the next start."""

    key: DottedKey
    reload: Literal["hot", "restart"] = "hot"


class Setting(Part, frozen=True, kw_only=True):
    """A setting of the service beyond those that every service has.

    `configuration`: whence it comes while the service runs, where the model has a configuration
    provider. `minimum`, `maximum` (seconds for a duration) and `oneOf` bound what may come.
    """

    key: SqlName
    type: Literal["string", "integer", "number", "boolean", "duration"]
    default: str | int | float | bool
    description: Short
    configuration: Adjusted | None = None
    minimum: float | None = None
    maximum: float | None = None
    one_of: tuple[Short, ...] = ()


class FlagUse(Part, frozen=True, kw_only=True):
    """A flag that steers what the service does `during` these commands and queries.

    `default`: what holds where the flag provider says nothing. `per`: whom it is decided for.
    """

    key: DottedKey
    type: Literal["boolean", "string", "integer"] = "boolean"
    default: str | int | bool
    per: Literal["user", "tenant"] = "tenant"
    during: tuple[Link, ...]
    description: Short


class ProviderCall(Part, frozen=True, kw_only=True):
    """How a provider is asked, within `timeout` and with `retries` more attempts.

    `sends`: property of the request, or a path of such with dots -> a text in which `{fact}` stands
    for what the asking copy knows. What is a fact alone is sent as it is, or left out where the
    copy does not know it.
    """

    operation: Link
    sends: dict[PropertyPath, Short]
    timeout: Duration
    retries: Annotated[int, Meta(ge=0, le=5)] = 0


class FlagProvider(Part, frozen=True, kw_only=True):
    """The service decides flags for all that use one (OpenFeature's word for it).

    Facts: `service`, `environment` (as `environments` has it), `region`, `key`, `tenant`, `user`
    and `default` (JSON); for `watch` also `mark`. The answer says in `value` what was decided, as
    JSON. A decision is kept for `keep`, or until `watch`, a stream, sends another `mark`.
    `otherwise`: fact -> what is said where a copy does not know it.
    """

    evaluate: ProviderCall
    value: Identifier
    keep: Duration
    watch: ProviderCall | None = None
    mark: Identifier | None = None
    environments: dict[Identifier, Short]
    otherwise: dict[Identifier, Short] = field(default_factory=dict)


class ConfigurationProvider(Part, frozen=True, kw_only=True):
    """The service knows the values of settings that change while the others run.

    `watch` is a stream of bundles, of what differs from `{checksums}` at first; `get` asks for all
    `{keys}` every `poll` while no stream can be had. A bundle has its values in `entries`, each
    with `key`, `checksum` and `value` (a text: JSON, or itself, or a duration of ISO 8601).
    Facts: `service`, `environment`, `region`, `pod`, `keys`, `checksums`.
    """

    watch: ProviderCall
    get: ProviderCall
    poll: Duration
    entries: Identifier
    key: Identifier
    value: Identifier
    checksum: Identifier
    environments: dict[Identifier, Short]
    otherwise: dict[Identifier, Short] = field(default_factory=dict)


class SecretProvider(Part, frozen=True, kw_only=True):
    """The service hands out what `secret://<path>` refers to; who asks has a call edge to `get`.

    `sends` with the facts `path` and `version`. The answer holds the secret in `value` (base64),
    its lease's end in `until` and its number in `version`. It is asked for anew after `keep`, or
    before its lease ends; while no answer comes the old one stands in as the fallback of the
    caller's edge says. By `prove` a reader tells that it has the version after the current one,
    with the properties of the answer that `proof` names by fact.
    """

    get: Link
    sends: dict[PropertyPath, Short]
    value: Identifier
    until: Identifier
    version: Identifier
    keep: Duration
    prove: ProviderCall | None = None
    proof: dict[Identifier, Identifier] = field(default_factory=dict)


class RegistryCall(Part, frozen=True, kw_only=True):
    """What a copy of a service tells the registry as it begins, while it lives, or as it goes.

    `sends`: property of the request -> a text in which `{fact}` stands for what the copy knows:
    `service`, `version`, `region`, `port`, `protocol`, `id` (that it was registered with), `load`
    (per cent), and whatever its setting `REGISTRATION` says besides.
    """

    step: Literal["register", "renew", "leave"]
    operation: Link
    sends: dict[Identifier, Short]


class Registry(Part, frozen=True, kw_only=True):
    """The service is where the copies of all others are known; it answers these RPCs to them.

    A copy renews `every` so often what it has registered as, which the answer names in `key`.
    `protocols`: style of a service -> how the registry calls what it speaks. Fallback: nobody
    waits for a registry, the copy tries again.
    """

    every: Duration
    timeout: Duration
    retries: Annotated[int, Meta(ge=0, le=5)] = 0
    key: Identifier = "id"
    protocols: dict[Identifier, Short]
    calls: tuple[RegistryCall, ...]
