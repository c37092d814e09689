"""Which facts are told by mail, and the words that every channel begins with.

`ROUTES` is the routing table: event → notification key, category, words. `WORDS` are the first
revisions in English of the templates that the platform's own services need; operators publish
later revisions and other languages over them.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import timedelta

MANDATORY = frozenset({"security", "billing"})
"""Categories that cannot be switched off."""

_WEEK = timedelta(days=7) - timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Route:
    """How a fact is told. `topic`: what preferences call it; `lasting`: worth reading until then.

    `line`: the template of its line in a digest; empty for what is never collected.
    """

    key: str
    category: str
    template: str
    topic: str
    lasting: timedelta = _WEEK
    line: str = ""


def _route(key: str, category: str, template: str, line: str = "") -> Route:
    words = re.split(r"[._]", key)
    topic = words[0] + "".join(each.capitalize() for each in words[1:])
    return Route(key, category, template, topic, line=line)


ROUTES = {
    "user-created": _route("user.welcome", "transactional", "welcome"),
    "member-invited": _route("org.member_invited", "transactional", "invitation"),
    "organization-deleted": _route("org.off_boarding", "transactional", "off-boarding"),
    "recording-ready": _route("meeting.recording_ready", "collaboration", "recording-ready"),
    "report-ready": _route("report.ready", "collaboration", "report-ready"),
    "report-failed": _route("report.failed", "collaboration", "report-failed"),
    "device-revoked": _route("security.device_moved", "security", "device-moved"),
    "webhook-disabled": _route("webhook.disabled", "transactional", "webhook-disabled"),
    "task-assigned": _route("task.assigned", "collaboration", "task-assigned", "line-assigned"),
    "task-completed": _route("task.completed", "collaboration", "task-completed", "line-completed"),
    "document-shared": _route(
        "document.shared", "collaboration", "document-shared", "line-document"
    ),
    "comment-added": _route("document.mentioned", "collaboration", "mentioned", "line-mentioned"),
    "digest": _route("digest.due", "digest", "digest"),
    "event-scheduled": _route("calendar.invited", "transactional", "calendar-request"),
    "event-rescheduled": _route("calendar.moved", "transactional", "calendar-request"),
    "event-cancelled": _route("calendar.cancelled", "transactional", "calendar-cancel"),
    "subscription-ordered": _route("billing.order_placed", "billing", "order-placed"),
    "subscription-activated": _route("billing.seats_active", "billing", "seats-active"),
    "subscription-changed": _route("billing.plan_changed", "billing", "plan-changed"),
    "subscription-cancelled": _route("billing.plan_ended", "billing", "plan-ended"),
    "revenue-recorded": _route("billing.receipt", "billing", "payment-receipt"),
    "order-cancelled": _route("billing.order_cancelled", "billing", "order-cancelled"),
    "payment-refunded": _route("billing.refunded", "billing", "payment-refunded"),
    "payment-failed": _route("billing.payment_failed", "billing", "payment-failed"),
    "invoice-issued": _route("billing.invoice_issued", "billing", "invoice-issued"),
    "invoice-paid": _route("billing.invoice_paid", "billing", "invoice-paid"),
    "invoice-overdue": _route("billing.invoice_overdue", "billing", "invoice-overdue"),
}

_MAIL = {
    "welcome": ("Welcome to CloudSync", "Hello {{name}},\n\nyour account is ready.\n\n{{appLink}}"),
    "one-time-code": (
        "Your code",
        "Your code is {{code}}. It is good for ten minutes and for nobody else.",
    ),
    "password-reset": (
        "Choose a new password",
        "Somebody asked for a new password for your account. The link works once.\n\n{{resetLink}}",
    ),
    "security-alert": ("A warning about your account", "{{warning}}"),
    "address-proof": ("Prove your address", "The code that proves your address: {{code}}."),
    "export-ready": ("Your archive is ready", "Fetch it with this link.\n\n{{archiveLink}}"),
    "device-moved": (
        "One of your devices changed hands",
        "A {{platform}} device that was yours is now registered by another account. If that was"
        " not you, sign out everywhere.\n\n{{accountLink}}",
    ),
    "invitation": (
        "{{inviter}} invites you to {{organization}}",
        "{{inviter}} invites you to {{organization}} as {{role}}. The link works until"
        " {{expires}}.\n\n{{invitationLink}}",
    ),
    "off-boarding": (
        "Your organisation is being closed",
        "All data go on {{purgeAfter}}. Until then an owner can stop it.\n\n{{organizationLink}}",
    ),
    "recording-ready": (
        "Your recording is ready",
        "The film of {{minutes}} minutes can be watched.\n\n{{recordingLink}}",
    ),
    "report-ready": (
        "{{title}} is ready",
        "The report can be fetched until {{expires}}.\n\n{{reportLink}}",
    ),
    "report-failed": (
        "A report could not be made",
        "The reason: {{reason}}. {{advice}}\n\n{{reportLink}}",
    ),
    "webhook-disabled": (
        "Webhook {{label}} is off",
        "The endpoint {{label}} hears nothing any more. The reason: {{reason}}. Deliveries that"
        " wait: {{waiting}}.\n\n{{endpointLink}}",
    ),
    "task-assigned": (
        "{{task}} is yours: {{headline}}",
        "{{task}} was given to you: {{headline}}\n\n{{taskLink}}",
    ),
    "task-completed": ("{{task}} is done", "{{task}} is done: {{headline}}\n\n{{taskLink}}"),
    "document-shared": (
        "A document was shared with you",
        "You may {{access}} it.\n\n{{documentLink}}",
    ),
    "mentioned": ("You were named in a remark", "Somebody named you.\n\n{{documentLink}}"),
    "digest": ("What happened", "{{lines}}\n\n{{appLink}}"),
    "calendar-request": ("{{summary}}: {{starts}}", "{{summary}}\n{{starts}} to {{ends}}"),
    "calendar-cancel": ("Cancelled: {{summary}}", "{{summary}} does not take place."),
    "order-placed": (
        "Your order",
        "{{seats}} seats of {{plan}} for {{total}}.\n\n{{billingLink}}",
    ),
    "seats-active": (
        "Your seats are ready",
        "{{seats}} seats of {{plan}} can be used until {{periodEnd}}.\n\n{{billingLink}}",
    ),
    "plan-changed": (
        "Your subscription changed",
        "What happened: {{change}}.\n\nBefore: {{before}}\nNow: {{after}}\nCost of the change:"
        " {{cost}}\n\n{{billingLink}}",
    ),
    "plan-ended": (
        "Your subscription has ended",
        "{{plan}} ended on {{endedAt}}.\n\n{{billingLink}}",
    ),
    "payment-receipt": ("Receipt for {{total}}", "We received {{total}}.\n\n{{billingLink}}"),
    "order-cancelled": (
        "Your order came to nothing",
        "The reason: {{reason}}. {{money}} You can order again at any time.\n\n{{billingLink}}",
    ),
    "payment-refunded": (
        "{{total}} go back to you",
        "{{total}} go back to where they came from. The reason: {{reason}}.\n\n{{billingLink}}",
    ),
    "payment-failed": (
        "A payment was refused",
        "The payment for invoice {{invoice}} was refused: {{reason}}. You can pay"
        " otherwise.\n\n{{billingLink}}",
    ),
    "invoice-issued": (
        "Invoice {{invoice}}",
        "{{total}}, due on {{dueOn}}. {{collection}}\n\n{{documentLink}}",
    ),
    "invoice-paid": (
        "Invoice {{invoice}} is paid",
        "Thank you. We received {{total}}.\n\n{{documentLink}}",
    ),
    "invoice-overdue": (
        "Reminder {{level}}: invoice {{invoice}}",
        "{{total}} have been due since {{dueOn}}.\n\n{{documentLink}}",
    ),
    "line-assigned": ("line", "{{task}} is yours: {{headline}}"),
    "line-completed": ("line", "{{task}} is done: {{headline}}"),
    "line-document": ("line", "A document was shared with you: {{documentLink}}"),
    "line-mentioned": ("line", "You were named in a remark: {{documentLink}}"),
}

_TEXTS = {
    "one-time-code": "{{code}} is your CloudSync code.\n@cloudsync.example #{{code}}",
    "security-alert": "CloudSync: {{warning}}",
    "billing-alert": "CloudSync: invoice {{invoice}} over {{total}} is overdue.",
    "meeting-reminder": "CloudSync: {{title}} begins at {{starts}}.",
    "opt-out-help": "CloudSync: send STOP to end texts.",
}

_PUSHES = {
    "message-mention": "You were mentioned",
    "message-direct": "New message",
    "task-assigned": "{{task}} is yours: {{headline}}",
    "task-due": "{{task}} is due {{dueOn}}",
    "document-shared": "A document was shared with you",
    "comment-mention": "You were named in a remark",
    "search-matched": "{{number}} new results of your search",
    "event-scheduled": "{{summary}}",
    "event-moved": "An event has moved",
    "event-cancelled": "An event was cancelled",
    "meeting-call": "Your meeting has begun",
    "quota-exceeded": "A limit of your plan is reached",
    "operator-alert": "{{text}}",
    "summary": "{{number}} new notifications",
}


@dataclass(frozen=True, slots=True)
class Words:
    """The first revision of a template."""

    key: str
    channel: str
    subject: str | None
    markup: str | None
    plain: str

    @property
    def schema(self) -> str:
        """All that stands in the words is required; more does no harm."""
        text = f"{self.subject or ''} {self.plain}"
        names = sorted(set(re.findall(r"\{\{(\w+)\}\}", text)))
        rules = {name: {"type": "string", "maxLength": 8000} for name in names}
        return json.dumps({"type": "object", "properties": rules, "required": names})


def _markup(plain: str) -> str:
    parts = []
    for each in plain.split("\n\n"):
        if re.fullmatch(r"\{\{\w+Link\}\}", each):
            parts.append(f'<mj-button href="{each}">CloudSync</mj-button>')
        else:
            parts.append(f"<mj-text>{each}</mj-text>")
    body = "".join(parts)
    return f"<mjml><mj-body><mj-section><mj-column>{body}</mj-column></mj-section></mj-body></mjml>"


WORDS = (
    *(
        Words(key, "email", subject, _markup(plain), plain)
        for key, (subject, plain) in _MAIL.items()
    ),
    *(Words(key, "sms", None, None, plain) for key, plain in _TEXTS.items()),
    *(Words(key, "push", None, None, plain) for key, plain in _PUSHES.items()),
)
