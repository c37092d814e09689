"""What a service's package is rendered from: final names, nothing to be looked up."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from cloudsync_gen.naming import PYTHON_KEYWORDS
from cloudsync_gen.targets._foreign_keys import ForeignKeyView
from cloudsync_gen.targets.service.aggregate_views import AggregateView, EmissionView
from cloudsync_gen.targets.service.flow_views import CallView, FlowsView
from cloudsync_gen.targets.service.guide import GuideView, ProblemView
from cloudsync_gen.targets.service.listeners import ListenerView
from cloudsync_gen.targets.service.view_calls import (
    AskedView,
    BreakerView,
    CalleeView,
    EdgeView,
    RegistrationView,
)
from cloudsync_gen.targets.service.view_jobs import JobView
from cloudsync_gen.targets.service.view_metrics import MetricView, TracingView
from cloudsync_gen.targets.service.view_policies import PoliciesView
from cloudsync_gen.targets.service.view_webhooks import WebhooksView

Rows = tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]


class FieldView(Struct, frozen=True, kw_only=True):
    """A field of a request of the port. `default`: whether it may be left out (then `None`)."""

    name: str
    type: str
    default: bool = False


class ParameterView(Struct, frozen=True, kw_only=True):
    """A parameter of a route: `place` is FastAPI's class for it, `limits` what it checks, `extra`
    what the chassis does (`web.routes.add`).

    `plain`: the chassis would read it from the same place without being told.
    """

    name: str
    type: str
    place: str
    alias: str
    limits: tuple[tuple[str, str | int | float], ...]
    extra: dict[str, Any]
    default: bool
    plain: bool


class RouteView(Struct, frozen=True, kw_only=True):
    """A route: an HTTP method and a path that call a method of the port."""

    verb: str
    path: str
    parameters: tuple[ParameterView, ...]

    @property
    def place(self) -> str:
        """`GET /v1/books`."""
        return f"{self.verb.upper()} {self.path}"


class ArgumentView(Struct, frozen=True):
    """`"name": value`, the value a dotted Python name."""

    name: str
    value: str


class DefaultView(Struct, frozen=True, kw_only=True):
    """What a method does by the model alone: `verb` of an aggregate's default behaviour.

    An empty `verb`: nothing follows from the model. `projection` is the class that the result is
    cut to.
    """

    aggregate: str = ""
    verb: str = ""
    key: str = ""
    body: str = ""
    filters: tuple[ArgumentView, ...] = ()
    parameters: tuple[ArgumentView, ...] = ()
    projection: str = ""

    @property
    def plain(self) -> bool:
        """Whether the names of all parameters can stand as keywords of a call."""
        names = [each.name for each in self.parameters]
        return all(name.isidentifier() and name not in PYTHON_KEYWORDS for name in names)


class MethodView(Struct, frozen=True, kw_only=True):
    """A command or query: a method of the port with its request, and the facts of the operation."""

    name: str
    command: str
    constant: str
    request: str
    about: str
    fields: tuple[FieldView, ...]
    result: str
    paged: bool
    route: RouteView | None
    default: DefaultView
    permission: str
    access: str
    relations: tuple[str, ...]
    callers: tuple[str, ...]
    writes: bool
    idempotency: str
    status: int
    location: str
    sorts: tuple[str, ...]
    traced: tuple[tuple[str, str], ...]

    @property
    def facts(self) -> tuple[tuple[str, Any], ...]:
        """What is told of the operation: whatever is not as usual."""
        told: dict[str, Any] = {
            "id": self.command,
            "permission": self.permission,
            "access": self.access if self.access != "authenticated" else "",
            "relations": self.relations,
            "callers": frozenset(self.callers),
            "writes": self.writes,
            "idempotency": self.idempotency if self.idempotency != "none" else "",
            "status": self.status if self.status != 200 else 0,
            "location": self.location,
            "sorts": self.sorts,
            "traced": self.traced,
        }
        return tuple((name, each) for name, each in told.items() if each)


class ConsumerView(Struct, frozen=True, kw_only=True):
    """A consumed event and the commands that the default answers with.

    `calls`: (method, request class, its fields); a field whose value is `data` gets the payload,
    any other the payload's property of that name.
    """

    name: str
    event: str
    about: str
    topic: str
    type: str
    model: str
    calls: tuple[CallView, ...]


class ColumnView(Struct, frozen=True, kw_only=True):
    """A column; `default` is an SQL expression that every engine reads."""

    name: str
    type: str
    nullable: bool
    default: str


class IndexView(Struct, frozen=True, kw_only=True):
    """An index that SQLite has too."""

    name: str
    parts: tuple[str, ...]
    unique: bool
    where: str


class TableView(Struct, frozen=True, kw_only=True):
    """A table as the embedded database gets it."""

    variable: str
    name: str
    schema: str
    columns: tuple[ColumnView, ...]
    primary_key: tuple[str, ...]
    checks: tuple[tuple[str, str], ...]
    foreign_keys: tuple[ForeignKeyView, ...]
    indexes: tuple[IndexView, ...]


class SettingView(Struct, frozen=True, kw_only=True):
    """A setting of the service beyond the common ones."""

    name: str
    type: str
    default: str | int | float | bool
    about: str

    @property
    def long(self) -> bool:
        """Whether a text does not fit the line that its name is on."""
        text = self.default if isinstance(self.default, str) else ""
        return len(text) + len(self.name) + len(self.type) > 87


class GrantView(Struct, frozen=True):
    """A permission and the roles that hold it."""

    permission: str
    roles: tuple[str, ...]


class SeedView(Struct, frozen=True, kw_only=True):
    """An entity that exists before an operation is asked."""

    aggregate: str
    values: dict[str, Any]


class CaseView(Struct, frozen=True, kw_only=True):
    """An operation of the contract, the command or query behind it, and an example request.

    `parameters`: path parameter -> an example. `seeds` must exist before it is asked. `custom`:
    nothing follows from the model for it. `rich`: the body with all that may be left out. `rpc`:
    the path of the RPC that carries it where the service speaks gRPC; its message has the fields
    `parameters`. `graphql`: the field of a schema that alone carries it (`query.book`). `refusals`:
    of either, the problems of status 500 and more that the model declares.
    """

    operation: str
    performs: str
    parameters: dict[str, str]
    seeds: tuple[SeedView, ...]
    query: dict[str, str | list[str]]
    body: Any
    rich: Any
    custom: bool
    rpc: str = ""
    graphql: str = ""
    refusals: tuple[str, ...] = ()


class ServiceView(Struct, frozen=True, kw_only=True):
    """The whole service. `port_imports` are the names that `port` needs from elsewhere.

    `stubs`: the distribution with the messages of a gRPC service, empty for all others; its adapter
    is a target of its own. `client_stubs`: the same distribution where the service calls by gRPC.
    `graphql`: the published schema of a service that serves one, by an adapter that is a target of
    its own; `relays`: whether others answer some of its fields.
    """

    name: str
    title: str
    about: str
    domain: str
    owner: str
    package: str
    distribution: str
    version: str
    license: str
    env_prefix: str
    source: str
    port: int
    issuer: str
    problem_base: str
    max_body_bytes: int
    page_size: int
    max_page_size: int
    database_pool: int
    rate_limit_per_second: int
    rate_limit_burst: int
    schemas: tuple[str, ...]
    migrations: bool
    rest: bool
    stubs: str
    graphql: str
    relays: bool
    methods: tuple[MethodView, ...]
    consumers: tuple[ConsumerView, ...]
    listeners: tuple[ListenerView, ...]
    jobs: tuple[JobView, ...]
    flows: FlowsView
    aggregates: tuple[AggregateView, ...]
    emissions: tuple[EmissionView, ...]
    tables: tuple[TableView, ...]
    settings: tuple[SettingView, ...]
    security: tuple[SettingView, ...]
    edges: tuple[EdgeView, ...]
    callees: tuple[CalleeView, ...]
    registration: RegistrationView | None
    asked: AskedView
    client_stubs: str
    breaker: BreakerView
    concurrent: int
    metrics: tuple[MetricView, ...]
    metrics_port: int
    latency_buckets: tuple[float, ...]
    tracing: TracingView
    access: tuple[GrantView, ...]
    related: tuple[GrantView, ...]
    inherits: dict[str, tuple[str, ...]]
    policies: PoliciesView
    masked: tuple[str, ...]
    roles: dict[str, dict[str, list[str]]]
    route_table: dict[str, Any]
    webhooks: WebhooksView | None
    port_imports: tuple[str, ...]
    models: dict[str, Any]
    contract: str
    cases: tuple[CaseView, ...]
    problems: tuple[ProblemView, ...]
    guide: GuideView
    sources: tuple[str, ...]

    @property
    def routes(self) -> tuple[MethodView, ...]:
        """Methods with a route; of two paths the one with the fixed segment first."""
        routed = (method for method in self.methods if method.route is not None)
        return tuple(sorted(routed, key=_specificity))

    @property
    def contracts(self) -> tuple[str, ...]:
        """What is published of the service that it reads as it runs."""
        return tuple(each for each in (self.graphql, self.contract) if each)

    @property
    def access_rows(self) -> Rows:
        """(roles, permissions that all of them hold for everything)."""
        return _rows(self.access)

    @property
    def related_rows(self) -> Rows:
        """(roles, permissions that all of them hold for what they are related to)."""
        return _rows(self.related)

    @property
    def messages(self) -> str:
        """The distribution of gRPC messages, if it is needed for answering or for calling."""
        return self.stubs or self.client_stubs

    @property
    def client_imports(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """(package, names) of what the module of the clients imports, sorted."""
        kinds = {call.kind for callee in self.callees for call in callee.calls if call.kind}
        found = {each.package: (each.client,) for each in self.callees}
        found["cloudsync_chassis.runtime"] = ("Runtime",)
        edges = {"cloudsync_chassis.client.edges": (*sorted(kinds),)} if kinds else {}
        return tuple(sorted({**found, **edges}.items()))

    @property
    def example_call(self) -> str:
        """A call of another service as a handler writes it; empty for a service without any."""
        for callee in self.callees:
            for call in callee.calls:
                first = {"Queued": "ctx, ", "Defaulted": "instead, "}.get(call.kind, "")
                return f"await self.clients.{callee.attribute}.{call.method}({first}...)"
        return ""

    @property
    def example_metric(self) -> str:
        """A series of the service's own as a handler records it; empty for one without any."""
        for each in self.metrics:
            first = [] if each.kind == "counter" else ["..."]
            given = ", ".join([*first, *(f"{label.parameter}=..." for label in each.labels)])
            return f"self.metrics.{each.method}({given})"
        return ""

    @property
    def example_trace(self) -> str:
        """What a handler says of an operation in its span; empty where fields tell everything."""
        return f"self.traces.{self.tracing.told[0].method}(...)" if self.tracing.told else ""

    @property
    def missing(self) -> tuple[str, ...]:
        """Commands and queries whose behaviour does not follow from the model."""
        return tuple(method.command for method in self.methods if not method.default.verb)

    @property
    def carried(self) -> tuple[MethodView, ...]:
        """Methods whose behaviour follows from the model."""
        return tuple(method for method in self.methods if method.default.verb)

    @property
    def heard(self) -> tuple[ConsumerView, ...]:
        """Consumed events that are answered by commands."""
        return tuple(each for each in self.consumers if each.calls)

    @property
    def unheard(self) -> bool:
        """Whether there are events that nothing answers yet."""
        return len(self.heard) < len(self.consumers) or bool(self.listeners)

    @property
    def default_uses(self) -> dict[str, bool]:
        """What the module of the defaults has to import."""
        results = [method.result for method in self.carried]
        return {
            "iterators": any("AsyncIterator" in each for each in results),
            "pages": any("Page[" in each for each in results),
            "projections": any(method.default.projection for method in self.carried),
        }

    @property
    def default_modules(self) -> tuple[str, ...]:
        """Modules of the package that the one of the defaults has to import, sorted."""
        classes = any("models." in method.result for method in self.carried)
        projections = self.default_uses["projections"]
        found = {
            "aggregates": bool(self.aggregates),
            "clients": bool(self.callees),
            "flags": bool(self.asked.flags),
            "metrics": bool(self.metrics),
            "models": classes or projections or bool(self.heard),
            "port": True,
            "traces": bool(self.tracing.told),
        }
        return tuple(name for name, wanted in found.items() if wanted)

    @property
    def app_modules(self) -> tuple[str, ...]:
        """Modules of the package that the one that puts the service together has to import."""
        adapter = {
            "graphql": bool(self.graphql),
            "rpc": bool(self.stubs),
            "rest": self.rest and not self.stubs,
        }
        used = [name for name, wanted in adapter.items() if wanted]
        sagas = ["sagas"] if self.flows.undos else []
        jobs = ["jobs"] if self.jobs else []
        return tuple(sorted(("events", *jobs, "port", *used, *sagas)))

    @property
    def job_uses(self) -> dict[str, bool]:
        """What the module of the jobs has to import."""
        return {
            "timeout": any(not each.key for each in self.jobs),
            "due": any(each.due for each in self.jobs),
        }

    @property
    def job_modules(self) -> tuple[str, ...]:
        """Modules of the package that the one of the jobs has to import."""
        return (*(["models"] if any(each.body for each in self.jobs) else ()), "operations", "port")

    @property
    def spec_uses(self) -> dict[str, bool]:
        """What the module of the aggregates has to import."""
        commands = [command for each in self.aggregates for command in each.commands]
        return {
            "assignments": any(command.sets for command in commands),
            "commands": bool(commands),
            "emissions": bool(self.emissions),
            "invariants": any(each.invariants for each in self.aggregates),
            "references": any(each.references or each.part_of for each in self.aggregates),
            "counted": any(each.counted for command in commands for each in command.requires),
            "relations": any(each.relations for each in self.aggregates),
            "requirements": any(command.requires for command in commands),
            "transitions": any(each.transitions for each in self.aggregates),
            "documents": any(not each.table for each in self.aggregates),
            "stored": any(each.table for each in self.aggregates),
        }

    @property
    def table_uses(self) -> dict[str, bool]:
        """What the module of the tables has to import."""
        return {
            "checks": any(table.checks for table in self.tables),
            "foreign_keys": any(table.foreign_keys for table in self.tables),
            "indexes": any(table.indexes for table in self.tables),
        }

    @property
    def places(self) -> tuple[str, ...]:
        """FastAPI's classes that the routes name, sorted."""
        routes = (method.route for method in self.methods if method.route is not None)
        return tuple(sorted({p.place for each in routes for p in each.parameters if not p.plain}))

    @property
    def setting_types(self) -> tuple[str, ...]:
        """What the module of the settings has to import, sorted."""
        used = {each.type for each in (*self.settings, *self.security)}
        return tuple(sorted({"Port", "Settings", *(used & {"Algorithm", "Seconds"})}))


def _specificity(method: MethodView) -> tuple[list[tuple[bool, str]], str]:
    route = method.route
    path, verb = (route.path, route.verb) if route else ("", "")
    return [(segment.startswith("{"), segment) for segment in path.split("/")], verb


def _rows(grants: tuple[GrantView, ...]) -> Rows:
    held: dict[tuple[str, ...], list[str]] = {}
    for each in grants:
        held.setdefault(each.roles, []).append(each.permission)
    return tuple(sorted((roles, tuple(sorted(held[roles]))) for roles in held))
