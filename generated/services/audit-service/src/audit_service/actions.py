"""Which action an event is a record of: the events that audit-service consumes, by permission."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .generated.models import AuditOutcome, AuditRetention, AuditSeverity

_EVENTS: Mapping[str, tuple[str, ...]] = {
    "api-key:rotate": ("api-key-rotated",),
    "auth-policy:update": ("policy-changed",),
    "channel:archive": ("channel-archived",),
    "channel:create": ("channel-created",),
    "config:approve": ("config-change-approved", "config-change-rejected"),
    "config:freeze": ("changes-frozen", "freeze-lifted"),
    "config:propose": ("config-change-proposed",),
    "config:rollback": ("config-rolled-back",),
    "config:rollout": ("config-changed", "config-rollout-started"),
    "credential:reset": ("credential-reset",),
    "document:archive": ("document-archived",),
    "document:create": ("document-created",),
    "document:delete": ("document-deleted", "document-trashed"),
    "document:move": ("document-moved",),
    "document:share": ("document-shared", "document-unshared"),
    "document:transfer": ("document-ownership-transferred",),
    "document:update": ("document-updated",),
    "event:share": ("calendar-shared",),
    "file:delete": ("file-deleted",),
    "file:quarantine": ("file-quarantined",),
    "file:release": ("file-released",),
    "file:scan": ("file-scanned",),
    "file:upload": ("file-uploaded",),
    "flag:experiment": ("experiment-decided",),
    "flag:kill": ("flag-killed",),
    "flag:manage": ("flag-archived", "flag-scheduled"),
    "flag:rollout": ("flag-changed", "flag-rolled-out"),
    "instance:drain": ("instance-drained",),
    "instance:register": ("instance-deregistered",),
    "invoice:dispute": ("invoice-disputed",),
    "invoice:dun": ("invoice-overdue",),
    "invoice:issue": ("credit-note-issued", "invoice-issued"),
    "invoice:resolve": ("invoice-dispute-resolved",),
    "invoice:settle": ("invoice-paid",),
    "invoice:void": ("invoice-voided", "invoice-written-off"),
    "meeting:record": ("recording-shared",),
    "member:change-role": ("member-role-changed",),
    "member:invite": ("member-invited",),
    "member:join": ("member-joined",),
    "member:reassign": ("member-reassigned",),
    "member:remove": ("member-removed",),
    "message:hold": ("message-held", "message-released"),
    "message:retract": ("message-retracted",),
    "metric:approve": ("metric-activated", "metric-deprecated"),
    "metric:collect": ("event-quarantined",),
    "metric:erase": ("events-redacted",),
    "metric:manage-schema": ("schema-registered",),
    "metric:record": ("revenue-recorded",),
    "metric:replay": ("replay-completed",),
    "metric:watch": ("metric-anomaly-detected",),
    "model:deploy": ("model-canary-started", "model-deployed"),
    "model:evaluate": ("model-drift-detected",),
    "model:roll-back": ("model-rolled-back",),
    "model:train": ("model-trained",),
    "notification:publish-template": ("template-published",),
    "notification:send": ("notification-bounced", "notification-delivered"),
    "order:cancel": ("order-cancelled",),
    "order:create": ("subscription-ordered",),
    "organization:activate": ("organization-activated",),
    "organization:create": ("organization-created",),
    "organization:delete": ("organization-deleted", "organization-purged"),
    "organization:restore": ("organization-restored",),
    "organization:restrict": ("organization-restricted", "organization-unrestricted"),
    "organization:update": ("organization-updated",),
    "organization:verify-domain": ("domain-verified",),
    "payment:answer-dispute": ("payment-dispute-closed",),
    "payment:authorize": ("payment-authorized", "payment-failed", "payment-voided"),
    "payment:capture": ("payment-processed",),
    "payment:dispute": ("payment-disputed",),
    "payment:refund": ("payment-refunded", "refund-skipped"),
    "report:create": ("report-failed", "report-ready", "report-requested"),
    "route:publish": ("route-promoted", "route-published"),
    "route:retire": ("route-deprecated", "route-retired"),
    "route:roll-back": ("route-rolled-back",),
    "secret:create": ("secret-activated",),
    "secret:lease": ("lease-revoked",),
    "secret:revoke": ("secret-destroyed", "secret-revoked"),
    "secret:rotate": ("secret-rotated", "secret-rotation-failed", "secret-rotation-started"),
    "session:create": ("login-failed", "login-succeeded"),
    "session:revoke": ("session-revoked",),
    "session:step-up": ("step-up-completed", "step-up-required"),
    "subscription:cancel": ("subscription-cancelled",),
    "subscription:change": ("subscription-activated", "subscription-changed"),
    "team:create": ("team-created",),
    "team:manage": ("team-archived", "team-member-added", "team-member-removed"),
    "throttle:impose": ("organization-throttled", "throttle-lifted"),
    "traffic:shift": ("traffic-shift-reverted", "traffic-shifted"),
    "usage:close": ("usage-period-closed",),
    "usage:record": ("quota-exceeded",),
    "user:create": ("user-created",),
    "user:deactivate": ("user-deactivated", "user-reactivated"),
    "user:erase": ("user-deleted", "user-deletion-cancelled", "user-deletion-requested"),
    "user:merge": ("user-merged",),
    "user:suspend": ("user-reinstated", "user-suspended"),
    "user:update": ("user-activated", "user-updated"),
    "version:create": ("version-created",),
    "version:restore": ("version-restored",),
    "version:thin": ("versions-thinned",),
    "webhook:manage": ("webhook-disabled", "webhook-registered"),
    "webhook:send": ("webhook-delivered",),
}
"""Resource and action, and the names of the events that tell of them."""

_FAILED = frozenset(
    {"login-failed", "notification-bounced", "payment-failed", "report-failed"}
    | {"secret-rotation-failed"}
)
_REFUSED_BY = {"event-quarantined": "quarantineReason"}
"""Events that tell of a denial, and the field of their data that names what decided it."""

_REMARKABLE = frozenset(
    {"api-key", "auth-policy", "config", "credential", "file:quarantine", "flag:kill", "member"}
    | {"message:hold", "organization", "payment:dispute", "policy", "secret", "session:step-up"}
    | {"throttle", "traffic", "user:erase", "user:merge", "user:suspend"}
)
"""Resources and actions that whoever reads a day wants to see."""

_MONEY = frozenset({"invoice", "order", "payment"})
_SECURITY = frozenset(
    {"api-key", "audit", "auth-policy", "credential", "policy", "secret", "session", "throttle"}
    | {"file:quarantine", "file:release", "member", "message:hold", "user:erase", "user:suspend"}
)


@dataclass(frozen=True, slots=True)
class Action:
    """What an event is a record of; `policy` names the field of its data that tells what denied."""

    permission: str
    outcome: AuditOutcome
    policy: str | None = None

    @property
    def resource(self) -> str:
        """The kind of thing that was acted on."""
        return self.permission.partition(":")[0]


def _actions() -> dict[str, Action]:
    found = {}
    for permission, names in _EVENTS.items():
        for name in names:
            refused = _REFUSED_BY.get(name)
            outcome = AuditOutcome.denied if refused else AuditOutcome.success
            outcome = AuditOutcome.failure if name in _FAILED else outcome
            found[name] = Action(permission, outcome, refused)
    return found


ACTIONS: Mapping[str, Action] = _actions()
"""By the name of the event."""


def event_name(event_type: str) -> str:
    """`cloudsync.user.user-created.v1` → `user-created`."""
    parts = event_type.split(".")
    return parts[-2] if len(parts) > 1 else event_type


def retention_of(permission: str) -> AuditRetention:
    """How long records of an action are kept."""
    resource = permission.partition(":")[0]
    if resource in _MONEY:
        return AuditRetention.financial7y
    if {resource, permission} & _SECURITY:
        return AuditRetention.security7y
    return AuditRetention.standard400d


def severity_of(permission: str, outcome: AuditOutcome, staff: bool) -> AuditSeverity:
    """How loudly a record speaks: what did not happen, and what the platform's people did."""
    if outcome is not AuditOutcome.success:
        return AuditSeverity.warning
    resource = permission.partition(":")[0]
    if staff or {resource, permission} & _REMARKABLE:
        return AuditSeverity.notice
    return AuditSeverity.info
