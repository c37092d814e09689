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
    """A setting follows a value of the configuration.

    Attributes:
        key: the value's key there.
        reload: when what is new takes effect: as it comes, or at the next start.
    """

    key: DottedKey
    reload: Literal["hot", "restart"] = "hot"


class Setting(Part, frozen=True, kw_only=True):
    """A setting of the service beyond those that every service has.

    Attributes:
        key: its name; in the environment in capitals, after the service's prefix.
        type: what it holds.
        default: what it is where nobody says it.
        description: what it changes.
        configuration: whence it comes while the service runs, where the model has a configuration
            provider.
        minimum: the least that may come; seconds for a duration.
        maximum: the most that may come; seconds for a duration.
        one_of: texts that may come; none: any.
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

    Attributes:
        key: the flag, as the flag provider knows it.
        type: what is decided.
        default: what holds where the flag provider says nothing.
        per: whom it is decided for.
        during: commands and queries that it steers.
        description: what it changes.
    """

    key: DottedKey
    type: Literal["boolean", "string", "integer"] = "boolean"
    default: str | int | bool
    per: Literal["user", "tenant"] = "tenant"
    during: tuple[Link, ...]
    description: Short


class ProviderCall(Part, frozen=True, kw_only=True):
    """How a provider is asked.

    Attributes:
        operation: what is called.
        sends: property of the request, or a path of such with dots -> a text in which `{fact}`
            stands for what the asking copy knows. What is a fact alone is sent as it is, or left
            out where the copy does not know it.
        timeout: how long one attempt may take.
        retries: attempts after the first at most.
    """

    operation: Link
    sends: dict[PropertyPath, Short]
    timeout: Duration
    retries: Annotated[int, Meta(ge=0, le=5)] = 0


class FlagProvider(Part, frozen=True, kw_only=True):
    """The service decides flags for all that use one (OpenFeature's word for it).

    Facts: `service`, `environment`, `region`, `key`, `tenant`, `user` and `default` (JSON); for
    `watch` also `mark`.

    Attributes:
        evaluate: how a flag is decided.
        value: property of the answer that says what was decided, as JSON.
        keep: how long a decision is kept.
        watch: a stream; with another mark, what was kept is decided anew.
        mark: property of what the stream sends that is another once a flag has changed.
        environments: environment of a copy -> what the provider calls it.
        otherwise: fact -> what is said where a copy does not know it.
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

    Facts: `service`, `environment`, `region`, `pod`, `keys`, `checksums`.

    Attributes:
        watch: a stream of bundles, of what differs from `{checksums}` at first.
        get: asks for all `{keys}` while no stream can be had.
        poll: how often that is.
        entries: property of a bundle that has its values.
        key: property of a value that names it.
        value: property with the value, a text: JSON, or the text itself, or a duration of ISO 8601.
        checksum: property that is another once the value is.
        environments: environment of a copy -> what the provider calls it.
        otherwise: fact -> what is said where a copy does not know it.
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

    Facts: `path` and `version`. While no answer comes the old one stands in as the fallback of the
    caller's edge says.

    Attributes:
        get: what is called.
        sends: property of the request, or a path of such with dots -> a text in which `{fact}`
            stands for what the asking copy knows.
        value: property of the answer with the secret, in base64.
        until: property with the end of its lease.
        version: property with its number.
        keep: after how long it is asked for anew, if its lease does not end before.
        prove: how a reader tells that it has the version after the current one.
        proof: fact of `prove` -> the property of the answer that it is taken from.
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

    Attributes:
        step: when it is called.
        operation: what is called.
        sends: property of the request -> a text in which `{fact}` stands for what the copy knows:
            `service`, `version`, `region`, `port`, `protocol`, `id` (that it was registered with),
            `load` (per cent), and whatever its setting `REGISTRATION` says besides.
    """

    step: Literal["register", "renew", "leave"]
    operation: Link
    sends: dict[Identifier, Short]


class Registry(Part, frozen=True, kw_only=True):
    """The service is where the copies of all others are known; it answers these RPCs to them.

    Fallback: nobody waits for a registry, the copy tries again.

    Attributes:
        every: how often a copy renews what it has registered as.
        timeout: how long one call may take.
        retries: attempts after the first at most.
        key: property of the answer that names what the copy was registered as.
        protocols: style of a service -> how the registry calls what it speaks.
        calls: what is called when.
    """

    every: Duration
    timeout: Duration
    retries: Annotated[int, Meta(ge=0, le=5)] = 0
    key: Identifier = "id"
    protocols: dict[Identifier, Short]
    calls: tuple[RegistryCall, ...]
