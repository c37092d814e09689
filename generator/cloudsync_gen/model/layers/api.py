"""Layer 06: contracts and the operations in them; most elements are read out of contract
sources.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from msgspec import Meta, field

from cloudsync_gen.model.element import Element, Part
from cloudsync_gen.model.ids import Link
from cloudsync_gen.model.values import Duration, Identifier, Name, Percentage, Positive, Slug, Text

Method = Literal["get", "put", "post", "delete", "patch", "head", "options"]
METHODS: tuple[str, ...] = get_args(Method)
Place = Literal["path", "query", "header", "cookie"]
PLACES: tuple[str, ...] = get_args(Place)


class Plan(Part, frozen=True, kw_only=True):
    """Requests per second that an edition buys, and its burst.

    Attributes:
        edition: name of the edition.
        per_second: requests per second that it buys.
        burst: requests at once that it buys.
    """

    edition: Slug
    per_second: Positive
    burst: Positive


HeaderName = Annotated[str, Meta(pattern=r"^[A-Za-z][A-Za-z0-9-]*$(?!\n)", max_length=80)]
"""Field name (RFC 9110, section 5.1), of letters, digits and hyphens."""


class WebhookDelivery(Part, frozen=True, kw_only=True):
    """How webhooks are delivered: by which service, how a delivery is proven genuine, when it is
    tried again.

    Attributes:
        service: the service that sends them.
        id_header: header that holds the delivery's id, the same in each attempt.
        timestamp_header: header that holds when the attempt was made.
        signature_header: header that holds the signature.
        algorithm: how it is signed.
        connect_timeout: how long the beginning of a call may take.
        timeout: how long the whole call may take.
        attempts: when each is made, counted from the event, give or take `jitterPercent` of it.
        jitter_percent: how much attempts are spread, so that many do not come at once.
        retry_after_at_most: by how much a receiver's `Retry-After` puts an attempt off at most.
    """

    service: Link
    id_header: HeaderName
    timestamp_header: HeaderName
    signature_header: HeaderName
    algorithm: Literal["hmac-sha256"] = "hmac-sha256"
    connect_timeout: Duration
    timeout: Duration
    attempts: tuple[Duration, ...]
    jitter_percent: Annotated[int, Meta(ge=0, le=50)] = 0
    retry_after_at_most: Duration


class Gateway(Element, frozen=True, kw_only=True):
    """The public entry: host, base path of problem types, plans and limits that all contracts
    share.

    Attributes:
        edge: what it runs on.
        host: its name in DNS.
        problem_base: beginning of the URIs of problem types (RFC 9457).
        issuer: who signs access tokens: their claim `iss`.
        max_body_bytes: size of a request's body at most, in bytes.
        page_size: entries of a page where nobody says how many.
        max_page_size: entries of a page at most.
        webhook_replay_window: how old a webhook's signature may be when it arrives.
        webhook_delivery: how webhooks are sent, signed and sent again.
        plans: what editions buy.
    """

    edge: Link
    host: Annotated[str, Meta(pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$(?!\n)", max_length=253)]
    problem_base: Annotated[str, Meta(pattern=r"^https://[^\s]+/$(?!\n)")]
    issuer: Annotated[str, Meta(pattern=r"^https://[^\s]+$(?!\n)")]
    max_body_bytes: Positive
    page_size: Positive
    max_page_size: Positive
    webhook_replay_window: Duration
    webhook_delivery: WebhookDelivery | None = None
    plans: tuple[Plan, ...]


class RestApi(Element, frozen=True, kw_only=True):
    """An OpenAPI source document; `x-…` fields of its root are its links.

    Attributes:
        document: name of the file, without its ending.
        title: of `info`.
        version: of `info`.
        archimate_ref: the service that answers it.
        business_service_ref: what it offers to the business.
        governed_by_principles: principles that it keeps to.
    """

    document: Slug
    title: Name
    version: str
    archimate_ref: Link = field(name="x-archimate-ref")
    business_service_ref: Link | None = field(name="x-business-service-ref", default=None)
    governed_by_principles: tuple[Link, ...] = field(name="x-governed-by-principles", default=())


class Parameter(Part, frozen=True, kw_only=True):
    """A parameter of an operation.

    Attributes:
        name: as it is sent.
        location: where it is sent.
        required: whether it has to be sent.
        schema: JSON Schema as written.
    """

    name: str
    location: Place
    required: bool
    schema: dict[str, Any]


class Operation(Element, frozen=True, kw_only=True):
    """An operation of a REST document. `command` is the one command or query that it carries.

    Attributes:
        document: name of the file that it is in, without its ending.
        operation_id: its name, by which it is called in code.
        method: method of HTTP.
        path: of the URL, with parameters in braces.
        parameters: what it is asked with, beside a body.
        request_schema: reference to the schema of its body.
        response_status: status of success.
        response_schema: reference to the schema of what it answers.
        deprecated: whether it will go.
        command: the one command or query that it carries.
        supports_goals: goals that it brings nearer.
        fulfills_requirements: requirements that are met by it.
        business_metrics: metrics that tell how well it serves the business.
        sla_target_latency: how long it may take.
        sla_target_availability: how much of the time it has to answer.
        criticality: how bad it is when it does not.
    """

    document: Slug
    operation_id: Identifier
    method: Method
    path: str
    parameters: tuple[Parameter, ...] = ()
    request_schema: str | None = None
    response_status: int = 200
    response_schema: str | None = None
    deprecated: bool = False
    command: Link | None = field(name="x-command", default=None)
    supports_goals: tuple[Link, ...] = field(name="x-supports-goals", default=())
    fulfills_requirements: tuple[Link, ...] = field(name="x-fulfills-requirements", default=())
    business_metrics: tuple[Link, ...] = field(name="x-apm-business-metrics", default=())
    sla_target_latency: Duration | None = field(name="x-apm-sla-target-latency", default=None)
    sla_target_availability: Percentage | None = field(
        name="x-apm-sla-target-availability", default=None
    )
    criticality: Literal["low", "medium", "high", "critical"] | None = field(
        name="x-apm-criticality", default=None
    )


class GrpcApi(Element, frozen=True, kw_only=True):
    """A proto source file with one service.

    Attributes:
        document: name of the file, without its ending.
        package: of the proto file.
        service_name: of the `service` in it.
        service: the service that answers it.
    """

    document: Slug
    package: str
    service_name: str
    service: Link


class Rpc(Element, frozen=True, kw_only=True):
    """A method of a gRPC service.

    Attributes:
        document: name of the file that it is in, without its ending.
        rpc_name: its name.
        request_message: full name of what it takes.
        response_message: full name of what it answers.
        client_streaming: whether it takes a stream.
        server_streaming: whether it answers a stream.
        command: the command or query that it carries.
    """

    document: Slug
    rpc_name: str
    request_message: str
    response_message: str
    client_streaming: bool = False
    server_streaming: bool = False
    command: Link | None = None


class GraphqlApi(Element, frozen=True, kw_only=True):
    """A GraphQL schema source. What is said of it beside its service holds in production.

    Attributes:
        document: name of the file, without its ending.
        service: the service that answers it.
        ad_hoc: who may send documents that nobody has announced.
        introspection: whether the schema tells of itself.
        max_depth: fields within each other at most.
        max_cost: of a document at most: 10 for each field of a root, 1 for each object that may
            come back.
        max_subscriptions: of one caller at the same time, on each replica.
    """

    document: Slug
    service: Link | None = None
    ad_hoc: Literal["anybody", "authenticated", "nobody"] = "authenticated"
    introspection: bool = False
    max_depth: Positive = 12
    max_cost: Positive = 10_000
    max_subscriptions: Positive = 10


class RootField(Element, frozen=True, kw_only=True):
    """A field of `Query`, `Mutation` or `Subscription` and what answers it.

    Attributes:
        document: name of the file that it is in, without its ending.
        operation_type: which root it is of.
        field_name: its name.
        return_type: what it answers.
        resolves: an operation of another service, which the schema's service calls.
        performs: a command or query of the schema's own service.
        follows: of a subscription, the event with which there is something to tell: `resolves` is
            asked what, with the properties of the event, for each listener whose arguments are
            properties of it.
        arguments: names of what it takes.
    """

    document: Slug
    operation_type: Literal["query", "mutation", "subscription"]
    field_name: str
    return_type: str
    resolves: Link | None = None
    performs: Link | None = None
    follows: Link | None = None
    arguments: tuple[str, ...] = ()


class JoinedField(Element, frozen=True, kw_only=True):
    """A field of a type that is no root, which another service answers.

    Attributes:
        document: name of the file that it is in, without its ending.
        type_name: the type that it is of.
        field_name: its name.
        return_type: what it answers.
        by: the field of the same object whose value says what is asked for.
        resolves: an operation that reads, of one thing by its id or of many by a list of ids.
        arguments: names of what the field takes, which is nothing.
    """

    document: Slug
    type_name: str
    field_name: str
    return_type: str
    by: str
    resolves: Link
    arguments: tuple[str, ...] = ()


class Webhook(Element, frozen=True, kw_only=True):
    """A webhook of a webhook document: the event that fires it and the body that it sends.

    Attributes:
        document: name of the file that it is in, without its ending.
        webhook_name: its name, which receivers subscribe to.
        request_schema: reference to the schema of its body.
        event: the event that fires it.
        summary: what it tells receivers.
    """

    document: Slug
    webhook_name: Annotated[str, Meta(pattern=r"^[a-z]+(\.[a-z]+)+$(?!\n)")]
    request_schema: str | None = None
    event: Link | None = field(name="x-event", default=None)
    summary: Text | None = None


TYPES: dict[str, type[Element]] = {
    "gateway": Gateway,
    "rest-api": RestApi,
    "operation": Operation,
    "grpc-service": GrpcApi,
    "rpc": Rpc,
    "graphql-api": GraphqlApi,
    "field": RootField,
    "join": JoinedField,
    "webhook": Webhook,
}

WRITTEN = ("gateway",)
"""Types that people write as YAML elements; the rest is derived from contract sources."""
