"""The series that every service has: golden signals of what it answers, calls and tells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from cloudsync_chassis.client.call import Call
from cloudsync_chassis.client.observer import Observer
from cloudsync_chassis.events.envelope import Event
from cloudsync_chassis.metrics.series import Registry, Series
from cloudsync_chassis.metrics.spec import LATENCY, MetricSpec

SIZES = (256.0, 1024.0, 4096.0, 16384.0, 65536.0, 262144.0, 1048576.0, 10485760.0)
_HANDLING = (*LATENCY, 10.0)
_FINE = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)
_LAG = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 15.0, 60.0)
_SAGAS = (0.1, 0.5, 1.0, 2.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0)

METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"})
UNMATCHED = "unmatched"
"""The route of a path that the service does not know."""

_CODES = {
    200: "OK",
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "FAILED_PRECONDITION",
    412: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
    0: "UNAVAILABLE",
}
"""What an outcome is called whatever carried the call; others are told by their first digit."""


def _counter(name: str, about: str, *labels: str) -> MetricSpec:
    return MetricSpec(name=name, kind="counter", about=about, labels=labels)


def _histogram(name: str, about: str, buckets: Sequence[float], *labels: str) -> MetricSpec:
    return MetricSpec(
        name=name, kind="histogram", about=about, labels=labels, buckets=tuple(buckets)
    )


def specs(latency: Sequence[float]) -> tuple[MetricSpec, ...]:
    """All of them; `latency` bounds the buckets of what is answered and called."""
    return (*_traffic(latency), *_state())


def _state() -> tuple[MetricSpec, ...]:
    """Of callers and what they may, of what is stored and what follows it, of sagas."""
    return (
        _counter("jwt_rejected_total", "Tokens refused, by reason.", "reason"),
        _counter("authz_decisions_total", "Decisions, by the policy that made them.",
                 "policy", "effect"),
        _counter("idempotent_replays_total", "Writes answered with what their idempotency key was "
                 "answered before.", "route"),
        _counter("inbox_duplicates_total", "Events that had been handled already.", "topic"),
        _histogram("field_crypto_duration_seconds", "Time to seal or open the encrypted fields of "
                   "an entity.", _FINE, "direction"),
        _counter("fields_unreadable_total", "Rows met by a renewal of keys with a field that "
                 "nobody can read any more.", "place"),
        _histogram("eventstore_append_duration_seconds", "Time to append to the history of an "
                   "aggregate.", _FINE, "aggregate_type"),
        _histogram("cqrs_projection_lag_seconds", "From a write to its appearance in a read "
                   "model.", _LAG, "projection"),
        _histogram("saga_duration_seconds", "From the trigger of a saga to its end.", _SAGAS,
                   "saga", "outcome"),
        _counter("saga_compensations_total", "Steps that were undone.", "saga", "step"),
    )  # fmt: skip


def _traffic(latency: Sequence[float]) -> tuple[MetricSpec, ...]:
    """Of requests, calls and events."""
    return (
        _histogram("http_server_request_duration_seconds", "Time from the first byte of a request "
                   "to the last of its answer.", latency, "method", "route", "status"),
        MetricSpec(name="http_server_active_requests", kind="gauge",
                   about="Requests being answered at this moment."),
        _histogram("http_server_request_body_bytes", "Bytes that clients send.", SIZES, "route"),
        _histogram("http_server_response_body_bytes", "Bytes that answers weigh.", SIZES, "route"),
        _histogram("rpc_server_duration_seconds", "Time that an RPC takes where it is served; of a "
                   "stream until its last message.", latency, "rpc_method", "grpc_status"),
        _histogram("graphql_field_duration_seconds", "Time that a field of a root takes; of a "
                   "subscription until its last result.", latency, "field", "status"),
        _histogram("rpc_client_duration_seconds", "What a caller waits, retries included.",
                   latency, "callee", "rpc_method", "grpc_status"),
        _counter("rpc_server_messages_total", "Messages of streams.", "rpc_method", "direction"),
        _counter("problem_responses_total", "Answers with a problem, by its type.",
                 "problem_type", "status"),
        _counter("requests_shed_total", "Requests turned away to protect the rest.", "reason"),
        _counter("rate_limited_total", "Requests beyond the share of a tenant.", "plan"),
        _counter("deadline_exceeded_total", "Calls given up as the time of the whole request had "
                 "run out.", "callee"),
        _counter("circuit_breaker_transitions_total", "Changes of a breaker's state.",
                 "callee", "to_state"),
        _counter("bulkhead_rejected_total", "Calls refused at once since the callee held its share "
                 "of the caller.", "callee"),
        _counter("retry_attempts_total", "Attempts after a failed one, and whether they helped.",
                 "callee", "outcome"),
        _counter("fallbacks_total", "Answers given without a callee.", "callee", "kind"),
        _histogram("event_publish_duration_seconds", "From the hand-over to the bus until it has "
                   "the events.", LATENCY, "topic"),
        _histogram("event_handle_duration_seconds", "Time that a consumer spends on one event.",
                   _HANDLING, "topic", "event_type"),
        _histogram("job_duration_seconds", "Time that one call of a job by the clock takes.",
                   _HANDLING, "job", "outcome"),
        _counter("dead_letters_total", "Events that were given up.", "topic", "event_type"),
        _counter("saga_steps_repeated_total", "Attempts at steps that can only be done, and were "
                 "not.", "saga", "step"),
        _counter("saga_steps_abandoned_total", "Steps that can only be done, and became dead "
                 "letters.", "saga", "step"),
    )  # fmt: skip


class Standard:
    """Records what happens in a service."""

    def __init__(self, registry: Registry, latency: Sequence[float] = LATENCY) -> None:
        self.registry = registry
        self._by_name: dict[str, Series] = {
            each.name: registry.series(each) for each in specs(latency)
        }
        self.active = self._by_name["http_server_active_requests"]
        self._requests = self._by_name["http_server_request_duration_seconds"]
        self._received = self._by_name["http_server_request_body_bytes"]
        self._sent = self._by_name["http_server_response_body_bytes"]

    def count(self, name: str, *labels: str) -> None:
        """Add one to a counter."""
        self._by_name[name].record(1.0, *labels)

    def time(self, name: str, seconds: float, *labels: str) -> None:
        """Observe a duration."""
        self._by_name[name].record(seconds, *labels)

    def answered(
        self, method: str, route: str, status: int, seconds: float, received: int, sent: int
    ) -> None:
        """A request is over; `received` and `sent` are bytes of bodies."""
        verb = method if method in METHODS else "OTHER"
        self._requests.record(seconds, verb, route, str(status))
        self._received.record(received, route)
        self._sent.record(sent, route)

    def refused(self, slug: str, status: int) -> None:
        """A caller was told a problem."""
        self.count("problem_responses_total", slug, str(status))

    def shed(self, reason: str) -> Callable[[], None]:
        """Counts a request that was turned away."""
        return lambda: self.count("requests_shed_total", reason)

    def handled(self, event: Event, seconds: float) -> None:
        """A consumer is done with an event, or has failed at it."""
        self.time("event_handle_duration_seconds", seconds, event.topic, event.type)

    def job_ended(self, job: str, seconds: float, well: bool) -> None:
        """One call of a job is over."""
        self.time("job_duration_seconds", seconds, job, "done" if well else "failed")

    def rejected(self, reason: str) -> None:
        """A token proved nothing."""
        self.count("jwt_rejected_total", reason)

    def decided(self, policy: str, effect: str) -> None:
        """A caller was let or refused, by roles, a relation or a policy."""
        self.count("authz_decisions_total", policy, effect)

    def replayed(self, route: str) -> None:
        """A request got the answer that its key had got before."""
        self.count("idempotent_replays_total", route)

    def repeated(self, event: Event) -> None:
        """An event came again."""
        self.count("inbox_duplicates_total", event.topic)

    def ciphered(self, direction: str, seconds: float) -> None:
        """Encrypted fields of an entity were sealed or opened."""
        self.time("field_crypto_duration_seconds", seconds, direction)

    def unreadable(self, place: str, rows: int) -> None:
        """A renewal of keys has passed over rows of a table or collection."""
        self._by_name["fields_unreadable_total"].record(float(rows), place)

    def appended(self, kind: str, seconds: float) -> None:
        """A stream of the event store got events."""
        self.time("eventstore_append_duration_seconds", seconds, kind)

    def lagged(self, projection: str, seconds: float) -> None:
        """A read model shows an event."""
        self.time("cqrs_projection_lag_seconds", seconds, projection)

    def saga_ended(self, saga: str, outcome: str, seconds: float) -> None:
        """A run has completed, or all that it did is undone."""
        self.time("saga_duration_seconds", seconds, saga, outcome)

    def saga_undid(self, saga: str, step: str) -> None:
        """A step was compensated."""
        self.count("saga_compensations_total", saga, step)

    def rate_limited(self) -> None:
        """A request was beyond its share, which is the service's own, alike for all plans."""
        self.count("rate_limited_total", "any")

    def observer(self, callee: str) -> Observer:
        """Records the calls to a service."""
        return _Calls(self, callee)


class _Calls(Observer):
    def __init__(self, metrics: Standard, callee: str) -> None:
        self._metrics = metrics
        self._callee = callee

    def ended(self, call: Call, status: int, seconds: float) -> None:
        code = _CODES.get(status, "INTERNAL" if status >= 500 else "UNKNOWN")
        labels = (self._callee, call.operation, code)
        self._metrics.time("rpc_client_duration_seconds", seconds, *labels)

    def retried(self, succeeded: bool) -> None:
        outcome = "succeeded" if succeeded else "failed"
        self._count("retry_attempts_total", outcome)

    def refused(self) -> None:
        self._count("bulkhead_rejected_total")

    def out_of_time(self) -> None:
        self._count("deadline_exceeded_total")

    def turned(self, state: str) -> None:
        self._count("circuit_breaker_transitions_total", state)

    def stood_in(self, kind: str) -> None:
        self._count("fallbacks_total", kind)

    def _count(self, name: str, *labels: Any) -> None:
        self._metrics.count(name, self._callee, *labels)
