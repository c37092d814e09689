"""Settings: environment variables over embedded defaults. A service starts without any."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic.fields import FieldInfo

from cloudsync_chassis.bounds import JsonBounds
from cloudsync_chassis.lean import promised
from cloudsync_chassis.security.keys import Algorithm as Algorithm
from cloudsync_chassis.telemetry import Exporter, headers_of

with promised("dotenv"):  # for files that no setting of ours is read from
    from pydantic_settings import (
        BaseSettings,
        EnvSettingsSource,
        PydanticBaseSettingsSource,
        SettingsConfigDict,
    )

SHARED_PREFIX = "CHASSIS_"
_DRAINING = 0.8

Port = Annotated[int, Field(ge=0, le=65535)]
Seconds = Annotated[float, Field(gt=0)]
Descriptor = Annotated[int, Field(ge=3)]
Share = Annotated[float, Field(ge=0, le=1)]


class Settings(BaseSettings):
    """What every service can be told. `<PREFIX>_<NAME>` wins over `CHASSIS_<NAME>`.

    A service derives from it: prefix (`DOCUMENT_SERVICE_`), the model's defaults, own fields.
    Secrets are given as files; nothing secret has a default. In production the stores, the issuer's
    keys and the secret files must be named: the embedded ones are for one machine.

    `field_key_file` may be a folder of keys, `<name>.key`, whose names sort by age; a service makes
    its own keys anew after `field_key_rotation` seconds. `index_key_file` stays as it is.

    `queue_key_file`, a file or a folder like it, is the same for all services that send commands to
    each other's queues; without it these commands stay in clear in production.

    `workload_token_file` is our projected token, or a folder with one for each callee. Callers with
    a token of `workload_issuer`, a cluster, are the service accounts of `workload_namespaces`.

    `trusted_proxies` are networks of ours whose word on a client's address counts
    (`X-Forwarded-For`).

    `telemetry_endpoint` is the collector's base URL, below which `/v1/traces` takes OTLP over HTTP;
    `telemetry_headers` are `name=value,…`. Unset, they and what else an exporter can be told are as
    OpenTelemetry's own variables say (`OTEL_EXPORTER_OTLP_…`, `OTEL_BSP_…`).
    `telemetry_sampling` is the share of the traces that begin here.

    `policy_context` are attributes that policies may ask of the context. With `policies_strict`, as
    always in production, a policy refuses where nobody supplies an attribute that it needs.

    `patience` multiplies the time that an operation and its calls may take: for a debugger, or a
    machine that is slow.

    `listen_fd` and `metrics_listen_fd` are sockets that a supervisor hands down instead of ports,
    bound and shared by all copies. It hears by `ready_fd` that a copy serves, and a copy by the end
    of its standard input that the supervisor is gone (`stop_with_stdin`).

    `bus_faults` is a file that says what the bus shall do wrong, see `events.faulty_bus`; never in
    production.
    """

    # what derives from it is built once it is asked for, and this never
    model_config = SettingsConfigDict(extra="ignore", frozen=True, defer_build=True)

    environment: Literal["development", "test", "production"] = "development"
    region: str | None = None
    state_dir: Path = Path(".state")
    host: str = "127.0.0.1"
    port: Port = 8080
    metrics_port: Port | None = None
    listen_fd: Descriptor | None = None
    metrics_listen_fd: Descriptor | None = None
    ready_fd: Descriptor | None = None
    stop_with_stdin: bool = False
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    telemetry: Exporter = "none"
    telemetry_endpoint: Annotated[str, Field(pattern=r"^https?://\S+$")] | None = None
    telemetry_headers: SecretStr | None = None
    telemetry_timeout: Seconds = 3.0
    telemetry_sampling: Share = 1.0

    database_url: SecretStr | None = None
    database_schema: str | None = None
    database_pool: Annotated[int, Field(ge=1, le=200)] = 5
    database_wait: Seconds = 1.0
    redis_url: SecretStr | None = None
    rate_limit_per_second: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    rate_limit_burst: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    bus: Literal["sqlite", "memory", "kafka", "rabbitmq"] = "sqlite"
    bus_url: SecretStr | None = None
    queue_url: SecretStr | None = None
    """RabbitMQ for work queues, where the bus is another."""
    bus_faults: Path | None = None

    issuer: str = "https://issuer.invalid/"
    audience: str | None = None
    jwks_url: str | None = None
    clock_skew: Annotated[int, Field(ge=0, le=300)] = 30
    token_algorithm: Algorithm = "ES256"
    token_lifetime: Annotated[int, Field(ge=60, le=3600)] = 900
    signing_key_rotation: Seconds = 86_400.0
    workload_token_file: Path | None = None
    workload_issuer: str | None = None
    workload_jwks_url: str | None = None
    workload_algorithm: Algorithm = "RS256"
    workload_namespaces: frozenset[str] = frozenset()
    workload_token_lifetime: Annotated[int, Field(ge=600, le=7200)] = 3607
    field_key_file: Path | None = None
    field_key_rotation: Seconds = 86_400.0
    index_key_file: Path | None = None
    cursor_key_file: Path | None = None
    audit_key_file: Path | None = None
    queue_key_file: Path | None = None
    audit_retention_days: Annotated[int, Field(ge=1)] = 400

    trusted_proxies: frozenset[IPv4Network | IPv6Network] = frozenset()
    policy_context: dict[str, Any] = {}
    policies_strict: bool | None = None

    graphql_ad_hoc: Literal["anybody", "authenticated", "nobody"] | None = None
    """Who may send documents that nobody has announced; unset, in production as the model says."""
    graphql_introspection: bool | None = None
    graphql_documents: Path | None = None
    """Announced documents: a JSON object of their SHA-256 and texts."""
    graphql_max_depth: Annotated[int, Field(ge=1)] | None = None
    graphql_max_cost: Annotated[int, Field(ge=1)] | None = None
    graphql_max_subscriptions: Annotated[int, Field(ge=1)] | None = None
    """Subscriptions of one caller at the same time, on each replica."""

    problem_base: str = "https://problems.invalid/"
    max_body_bytes: Annotated[int, Field(ge=1)] = 1_048_576
    max_json_depth: Annotated[int, Field(ge=1, le=200)] = 64
    max_json_members: Annotated[int, Field(ge=1)] = 100_000
    body_timeout: Seconds = 10.0
    page_size: Annotated[int, Field(ge=1)] = 50
    max_page_size: Annotated[int, Field(ge=1)] = 200
    request_timeout: Seconds = 10.0
    jobs: bool = True
    """Whether this replica does what is due by the clock; one that does is enough."""
    patience: Annotated[float, Field(ge=1, le=1000)] = 1.0
    shutdown_grace: Seconds = 10.0
    drain_pause: Annotated[float, Field(ge=0)] = 0.0
    peers: dict[str, str] = {}
    providers: frozenset[Literal["configuration", "flags", "secrets"]] = frozenset()
    """What this copy asks of the model's providers; of anything else it goes by these settings."""
    flags: dict[str, bool | int | str] = {}
    """Flags that hold whatever is decided elsewhere."""
    registration: dict[str, str | int] | None = None
    """What this copy tells the registry of itself beside what it knows; unset, it tells nothing."""

    @model_validator(mode="after")
    def _complete_in_production(self) -> Self:
        secrets = ("field_key_file", "index_key_file", "cursor_key_file", "audit_key_file")
        needed = ("database_url", "jwks_url", *secrets)
        missing = [name for name in needed if getattr(self, name) is None]
        if self.environment == "production" and missing:
            raise ValueError(f"production needs {', '.join(missing)}")
        if self.environment == "production" and self.bus_faults is not None:
            raise ValueError("bus_faults are not for production")
        if self.bus in ("kafka", "rabbitmq") and self.bus_url is None:
            raise ValueError(f"the bus {self.bus} needs bus_url")
        if self.telemetry_headers is not None:
            headers_of(self.telemetry_headers.get_secret_value())
        return self

    @property
    def json_bounds(self) -> JsonBounds:
        """How deep and how large a JSON body may be."""
        return JsonBounds(self.max_json_depth, self.max_json_members)

    @property
    def drain_seconds(self) -> float:
        """Seconds of the grace for requests in flight."""
        return self.shutdown_grace * _DRAINING

    @property
    def flush_seconds(self) -> float:
        """Seconds of the grace for events that are committed and not published."""
        return self.shutdown_grace * (1 - _DRAINING)

    @property
    def strict_policies(self) -> bool:
        """Whether a policy refuses whose attributes nobody supplies."""
        return self.environment == "production" or bool(self.policies_strict)

    def adjust(self, name: str, value: Any) -> None:
        """Change a setting while the service runs: the one way, for those that follow configuration
        (`providers.configuration`). The value must be one that fits.
        """
        self.__dict__[name] = value

    def state_path(self, *names: str) -> Path:
        """A place below the state folder."""
        return self.state_dir.joinpath(*names)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, the service's variables, the shared ones."""
        shared = _Environment(settings_cls, env_prefix=SHARED_PREFIX)
        return init_settings, _Environment(settings_cls), shared


class _Environment(EnvSettingsSource):
    """Variables that are read whole: of one that is not there no parts are looked for."""

    def prepare_field_value(
        self, field_name: str, field: FieldInfo, value: Any, value_is_complex: bool
    ) -> Any:
        """As pydantic-settings does for a variable that is there."""
        if value is None:
            return None
        return super().prepare_field_value(field_name, field, value, value_is_complex)
