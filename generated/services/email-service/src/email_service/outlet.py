"""Port: the providers that take mails, and what a mail looks like on its way there."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage as Mime
from email.policy import SMTP
from email.utils import format_datetime
from typing import Protocol
from uuid import UUID

from cloudsync_chassis import files
from cloudsync_chassis.settings import Settings
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_SIGNED = ("from", "to", "subject", "date", "message-id", "list-unsubscribe", "reply-to")
_SPACES = re.compile(rb"[ \t]+")


class ProviderError(Exception):
    """A provider did not take a mail. `lasting`: it never will, whoever tries."""

    def __init__(self, reason: str, lasting: bool = False) -> None:
        super().__init__(reason)
        self.lasting = lasting


@dataclass(frozen=True, slots=True)
class File:
    """An attachment with its content."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A rendered mail."""

    id: UUID
    tenant: UUID
    category: str
    sender: str
    recipient: str
    reply_to: str | None
    language: str
    subject: str
    plain: str
    html: str | None
    sent_at: datetime
    unsubscribe: str | None = None
    calendar: str | None = None
    calendar_method: str = "REQUEST"
    files: Sequence[File] = field(default=())


class Outlet(Protocol):
    """The two providers behind one door."""

    async def send(self, provider: str, mail: Mail, message: bytes) -> str:
        """Hand over a signed message (RFC 5322); the provider's id for it.

        The same mail handed over again under its `id` is sent once.

        Raises:
            ProviderError: it was not taken.
        """
        ...


class LocalOutlet:
    """Writes each message into a file of the state folder: `mail/<provider>/<id>.eml`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def send(self, provider: str, mail: Mail, message: bytes) -> str:
        """See `Outlet.send`."""
        path = self._settings.state_path("mail", provider, f"{mail.id}.eml")
        files.create_once(path, message)
        return f"{provider}-{mail.id}"


def message_of(mail: Mail) -> bytes:
    """The mail as a message, not yet signed: text, HTML, calendar (RFC 6047), files."""
    made = Mime(policy=SMTP)
    made["From"] = f"CloudSync <{mail.sender}>"
    made["To"] = mail.recipient
    made["Subject"] = mail.subject
    made["Date"] = format_datetime(mail.sent_at)
    made["Message-ID"] = f"<{mail.id}@{mail.sender.rpartition('@')[2]}>"
    made["Auto-Submitted"] = "auto-generated"
    if mail.reply_to:
        made["Reply-To"] = mail.reply_to
    if mail.unsubscribe:
        made["List-Unsubscribe"] = f"<{mail.unsubscribe}>"
        made["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    made.set_content(mail.plain)
    if mail.html is not None:
        made.add_alternative(mail.html, subtype="html")
    if mail.calendar is not None:
        made.add_alternative(
            mail.calendar, subtype="calendar", params={"method": mail.calendar_method}
        )
    for each in mail.files:
        made.add_attachment(
            each.content, maintype="application", subtype="octet-stream", filename=each.name
        )
    # last, since headers of the content move with it into the first part
    made["Content-Language"] = mail.language
    return made.as_bytes()


def dkim_signed(message: bytes, domain: str, selector: str, key: bytes, at: datetime) -> bytes:
    """The message with a signature in front: relaxed/relaxed, ed25519-sha256 (RFC 6376, RFC 8463).

    `key`: the 32 bytes of the private key.
    """
    head, _, body = message.partition(b"\r\n\r\n")
    headers = _headers(head)
    names = [name for name in _SIGNED if name in headers]
    digest = base64.b64encode(hashlib.sha256(_relaxed_body(body)).digest()).decode()
    said = (
        f"v=1; a=ed25519-sha256; c=relaxed/relaxed; d={domain}; s={selector}; "
        f"t={int(at.timestamp())}; h={':'.join(names)}; bh={digest}; b="
    )
    signed = b"".join(_relaxed(name, headers[name]) + b"\r\n" for name in names)
    signed += _relaxed("dkim-signature", said.encode())
    signer = Ed25519PrivateKey.from_private_bytes(key)
    mark = base64.b64encode(signer.sign(hashlib.sha256(signed).digest())).decode()
    return f"DKIM-Signature: {said}{mark}\r\n".encode() + message


def public_key(key: bytes) -> str:
    """What the DNS record of a private key says after `p=`."""
    raw = Ed25519PrivateKey.from_private_bytes(key).public_key().public_bytes_raw()
    return base64.b64encode(raw).decode()


def _headers(head: bytes) -> dict[str, bytes]:
    unfolded = re.sub(rb"\r\n(?=[ \t])", b"", head)
    pairs = (each.partition(b":") for each in unfolded.split(b"\r\n"))
    return {name.decode("ascii").lower(): value for name, _, value in pairs}


def _relaxed(name: str, value: bytes) -> bytes:
    return name.encode() + b":" + _SPACES.sub(b" ", value).strip()


def _relaxed_body(body: bytes) -> bytes:
    lines = [_SPACES.sub(b" ", each).rstrip(b" ") for each in body.split(b"\r\n")]
    while lines and not lines[-1]:
        lines.pop()
    return b"".join(each + b"\r\n" for each in lines)
