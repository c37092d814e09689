"""What is rendered of the services that a service calls, and of the bounds on its calls."""

from __future__ import annotations

from msgspec import Struct


class BudgetView(Struct, frozen=True, kw_only=True):
    """What a call may cost; times in seconds, `max_age` negative for none.

    `topic`: where calls wait that are made later.
    """

    operation: str
    timeout: float
    retries: int
    fallback: str
    max_age: float
    topic: str


class EdgeView(Struct, frozen=True, kw_only=True):
    """A callee with the budgets of the operations that are called there."""

    service: str
    url: str
    budgets: tuple[BudgetView, ...]


class RegistrationView(Struct, frozen=True, kw_only=True):
    """The module with what the registry of the model is told, and how it calls what we speak."""

    package: str
    protocol: str


class FlagView(Struct, frozen=True, kw_only=True):
    """A flag that the service asks for; `attribute` of its `Flags`, of the type of its default."""

    attribute: str
    key: str
    type: str
    default: bool | int | str
    per: str
    about: str


class AskedView(Struct, frozen=True, kw_only=True):
    """What the service asks of the model's providers, whose facts are in `package`.

    `names`: of the providers that it asks. `adjusted`: settings, each with (field, value) of how it
    follows configuration.
    """

    package: str
    names: tuple[str, ...]
    flags: tuple[FlagView, ...]
    adjusted: tuple[tuple[str, tuple[tuple[str, str | float | tuple[str, ...]], ...]], ...]

    @property
    def fields(self) -> tuple[tuple[str, str], ...]:
        """(field of the settings, name of the provider's facts)."""
        return tuple((name.lower(), name) for name in self.names)


class CallEdgeView(Struct, frozen=True, kw_only=True):
    """A declared call: the client's method, and the chassis' class for its fallback.

    An empty `kind`: the call fails where there is no answer. `max_age`: seconds for which an answer
    may be kept.
    """

    method: str
    kind: str
    max_age: float


class CalleeView(Struct, frozen=True, kw_only=True):
    """A client that the service calls others with; `attribute` of its `Clients`."""

    attribute: str
    class_name: str
    service: str
    package: str
    distribution: str
    client: str
    rpc: bool
    calls: tuple[CallEdgeView, ...]


class BreakerView(Struct, frozen=True, kw_only=True):
    """The circuit breaker of all calls; times in seconds."""

    requests: int
    failure_ratio: float
    window: float
    open_for: float
    probes: int
