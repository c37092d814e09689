"""The way of a queued mail: asked whether it may go, filled, signed, handed over, tried again."""

from __future__ import annotations

import base64
import binascii
import hmac
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from cloudsync_chassis.client.breaker import Breaker
from cloudsync_chassis.client.policy import BreakerPolicy
from cloudsync_chassis.context import Context
from cloudsync_chassis.ids import PLATFORM
from cloudsync_chassis.jobs.spec import Due
from cloudsync_chassis.logs import logger
from cloudsync_chassis.runtime import Runtime
from file_client import models as stored

from . import outlet, wording, world
from .base import SEND
from .catalogue import MANDATORY
from .generated import models
from .ordering import Ordering

_MANY = 100
_UNSUBSCRIBE_DAYS = 30
_BREAKER = BreakerPolicy(requests=20, failure_ratio=0.5, window=10.0, open_for=15.0, probes=3)
_WAIT = timedelta(minutes=1)
_LONGEST = timedelta(hours=2)
_STATES = models.EmailStatus
_OWN = f"notifications@{world.PLATFORM_DOMAIN}"
_CONSUMER = frozenset(
    {"gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com", "yahoo.com"}
    | {"icloud.com", "gmx.net", "gmx.de", "web.de", "proton.me", "aol.com"}
)
_EXEMPT = "org.off_boarding"

log = logger("sending")


@dataclass(frozen=True, slots=True)
class Ready:
    """A rendered mail with what its hand-over needs to know."""

    mail: outlet.Mail
    attachments: tuple[models.AttachmentRef, ...]
    selector: str
    attempt: int
    address_hash: str


class Sending(Ordering):
    """Renders and hands over what is queued; a transaction is open before and after a call to a
    provider, not during it.
    """

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        self.breakers = {str(each): Breaker(_BREAKER) for each in models.EmailProvider}
        where = {"status": ("queued", "rendered")}
        due = Due(aggregate="email-message", where=where)
        runtime.work.every(1.0, SEND, self.send_mail, due)

    async def send_mail(self, ctx: Context) -> None:
        """Bring the mails of a tenant a step on, those of the first categories first."""
        tenant = ctx.tenant

        async def due(inside: Context) -> list[models.EmailMessage]:
            found: list[models.EmailMessage] = []
            for category in models.NotificationCategory:
                waiting = self.email_message.each(
                    inside, status=("queued", "rendered"), category=category
                )
                async for each in waiting:
                    late = inside.now >= each.expires_at
                    if late or each.not_before is None or each.not_before <= inside.now:
                        found.append(each)
                    if len(found) == _MANY:
                        return found
            return found

        for each in await self.run(tenant, due):
            try:
                await self.send_one(tenant, each.id)
            except Exception as error:
                # one mail that nobody can send stops no other, and waits until it expires
                log.error("mail_failed", mail_id=str(each.id), error=error)
                await self.run(tenant, partial(self._wait, mail_id=each.id))

    async def send_one(self, tenant: UUID, mail_id: UUID) -> None:
        """Render a mail and hand it over, if nothing stands against it."""

        async def prepare(ctx: Context) -> Ready | None:
            return await self.prepared(ctx, mail_id)

        ready = await self.run(tenant, prepare)
        if ready is None:
            return
        mail = await self._with_files(ready)
        provider = self._provider(mail)
        if provider is None:
            await self.run(tenant, partial(self._wait, mail_id=mail_id))
            return
        name, permit = provider
        try:
            taken = await self.world.outlet.send(name, mail, await self._signed(mail, ready))
        except outlet.ProviderError as error:
            self.breakers[name].record(permit, error.lasting)
            log.warning("not_handed_over", provider=name, error=error)
            lasting = error.lasting
            await self.run(tenant, lambda ctx: self._tried(ctx, mail_id, name, ready, lasting))
            return
        self.breakers[name].record(permit, True)
        await self.run(tenant, lambda ctx: self._handed_over(ctx, mail_id, name, taken, ready))

    async def prepared(self, ctx: Context, mail_id: UUID) -> Ready | None:
        """The mail as it goes out; None where it ended, or has to wait."""
        mail = await self.email_message.find(ctx, id=mail_id)
        if mail is None or mail.status not in (_STATES.queued, _STATES.rendered):
            return None
        if mail.expires_at <= ctx.now:
            await self._give_up(ctx, mail, models.DeliveryFailure.expired)
            return None
        if mail.status == _STATES.queued:
            reason = await self._against(ctx, mail)
            if reason is not None:
                await self.suppress(ctx, mail, reason)
                return None
        words = await self.words(
            ctx, mail.template_key, "email", mail.locale, mail.template_version
        )
        if words is None:
            await self._give_up(ctx, mail, models.DeliveryFailure.template_not_published)
            return None
        variables = {name: each.root for name, each in mail.variables.items()}
        wrong = wording.faults(words.variables_schema, variables)
        if wrong:
            log.error("variables_invalid", template_key=mail.template_key, faults=wrong)
            await self._give_up(ctx, mail, None)
            return None
        sender = await self._sending_domain(ctx, mail)
        if sender is None:
            await self._wait(ctx, mail_id)
            return None
        return await self._rendered(ctx, mail, words, sender)

    async def _against(
        self, ctx: Context, mail: models.EmailMessage
    ) -> models.SuppressionReason | None:
        """What forbids a mail; nothing forbids a warning."""
        reasons, category = models.SuppressionReason, str(mail.category)
        if category == "security":
            return None
        entry = await self.suppression_entry.find(ctx, addressHash=mail.address_hash)
        bars = entry is not None and (entry.until is None or entry.until > ctx.now)
        if bars and entry is not None and str(entry.scope) in ("all", category):
            return reasons.suppressed_address
        state = await self.tenant_state(ctx)
        if state is None:
            return None
        ending = state.purge_after is not None and state.purge_after > ctx.now
        if ending and mail.notification_key != _EXEMPT:
            return reasons.tenant_deleted
        return reasons.preference if category in state.stopped else None

    async def _sending_domain(
        self, ctx: Context, mail: models.EmailMessage
    ) -> tuple[str, str] | None:
        """Sender and selector under which a mail may go out now; None while none is valid.

        A domain of the organisation that broke, or has sent what it may today, gives way to ours.
        """
        for sender in dict.fromkeys((mail.from_identity, _OWN)):
            name = sender.rpartition("@")[2]
            inside = ctx.within(PLATFORM) if name == world.PLATFORM_DOMAIN else ctx
            found = await self.sender_domain.find(inside, domainName=name)
            valid = models.DnsCheckState.valid
            if found is None or (found.spf_state, found.dkim_state) != (valid, valid):
                continue
            if await self.tally(inside, f"sender:{name}", ctx.now) < found.daily_cap:
                return sender, found.dkim_selector
        return None

    async def _rendered(
        self,
        ctx: Context,
        mail: models.EmailMessage,
        words: models.NotificationTemplate,
        sender: tuple[str, str],
    ) -> Ready:
        raw = {name: each.root for name, each in mail.variables.items()}
        variables = wording.stripped(raw)
        subject = wording.subject(words.subject or words.template_key, variables)
        subject = subject or words.template_key
        if mail.status == _STATES.queued:
            fields = {"subjectLine": subject, "renderedLocale": words.language}
            await self.email_message.transition(ctx, "render-email", mail.id, fields)
        free = str(mail.category) not in MANDATORY
        token = await self.unsubscribe_token(ctx, mail.address_hash) if free else None
        made = outlet.Mail(
            id=mail.id,
            tenant=ctx.tenant,
            category=str(mail.category),
            sender=sender[0],
            recipient=mail.to_address,
            reply_to=await self._reply_to(ctx, mail),
            language=words.language,
            subject=subject,
            plain=wording.fill(words.plain_body, variables),
            html=wording.as_html(words.markup_body, variables) if words.markup_body else None,
            sent_at=ctx.now,
            unsubscribe=f"{world.APP}/unsubscribe/{token}" if token else None,
            calendar=variables.get("calendarObject"),
            calendar_method=variables.get("calendarMethod", "REQUEST"),
        )
        attempt = mail.attempt_count + 1
        return Ready(made, tuple(mail.attachments), sender[1], attempt, mail.address_hash)

    async def _reply_to(self, ctx: Context, mail: models.EmailMessage) -> str | None:
        """Where answers go: only to a verified domain, so that nobody diverts them."""
        host = mail.reply_to.rpartition("@")[2] if mail.reply_to else ""
        found = await self.sender_domain.find(ctx, domainName=host) if host else None
        return mail.reply_to if found is not None and found.verified_at is not None else None

    async def unsubscribe_token(self, ctx: Context, address_hash: str) -> str:
        """The signed token of a List-Unsubscribe header (RFC 8058): tenant, address, end."""
        until = int((ctx.now + timedelta(days=_UNSUBSCRIBE_DAYS)).timestamp())
        said = ctx.tenant.bytes + bytes.fromhex(address_hash) + until.to_bytes(8, "big")
        mark = hmac.digest(await self.world.keys.get("unsubscribe"), said, "sha256")
        return base64.urlsafe_b64encode(said + mark).decode().rstrip("=")

    async def token_read(self, token: str) -> tuple[UUID, str, int] | None:
        """Tenant, address and end (Unix seconds) of a token; None where we did not sign it."""
        try:
            raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        except (binascii.Error, ValueError):
            return None
        said, mark = raw[:56], raw[56:]
        right = hmac.digest(await self.world.keys.get("unsubscribe"), said, "sha256")
        if len(said) != 56 or not hmac.compare_digest(mark, right):
            return None
        return UUID(bytes=said[:16]), said[16:48].hex(), int.from_bytes(said[48:], "big")

    async def _with_files(self, ready: Ready) -> outlet.Mail:
        """The mail with its files, or with links where a file is not at hand or not yet judged."""
        found: list[outlet.File] = []
        links: list[str] = []
        for each in ready.attachments:
            known = await self.clients.file.get_file(file_id=each.file_id)
            if known is not None and known.scan_verdict != stored.ScanVerdict.clean:
                log.warning("attachment_left_out", file_id=str(each.file_id))
                continue
            content = await self.world.contents.read(ready.mail.tenant, each) if known else None
            if content is None:
                links.append(f"{world.APP}/files/{each.file_id}")
            else:
                found.append(outlet.File(each.file_name, content))
        plain = "\n\n".join((ready.mail.plain, *links))
        return replace(ready.mail, files=tuple(found), plain=plain)

    def _provider(self, mail: outlet.Mail) -> tuple[str, int] | None:
        """The provider of the day, or the other while its breaker is open, with a permit."""
        names = sorted(self.breakers)
        if mail.sent_at.toordinal() % 2:
            names.reverse()
        if self.settings.provider_override in self.breakers:
            names = [self.settings.provider_override]
        for name in names:
            permit = self.breakers[name].allow()
            if permit is not None:
                return name, permit
        return None

    async def _signed(self, mail: outlet.Mail, ready: Ready) -> bytes:
        domain = mail.sender.rpartition("@")[2]
        key = await self.world.keys.get(world.dkim_name(domain, mail.tenant))
        message = outlet.message_of(mail)
        return outlet.dkim_signed(message, domain, ready.selector, key, mail.sent_at)

    async def _wait(self, ctx: Context, mail_id: UUID) -> None:
        """Look again in a minute, or give it up where it would not be worth reading by then."""
        mail = await self.email_message.find(ctx, id=mail_id)
        if mail is None:
            return
        if ctx.now + _WAIT >= mail.expires_at:
            await self._give_up(ctx, mail, models.DeliveryFailure.expired)
        else:
            await self.email_message.rewrite(ctx, mail, {"notBefore": ctx.now + _WAIT})

    async def _tried(
        self, ctx: Context, mail_id: UUID, provider: str, ready: Ready, lasting: bool
    ) -> None:
        """Note an attempt that failed; the eighth is the last, and so is a final no."""
        mail = await self.email_message.find(ctx, id=mail_id)
        if mail is None or mail.status != _STATES.rendered:
            return
        noted = {"attemptCount": ready.attempt, "provider": provider}
        pause = min(_WAIT * 2 ** (ready.attempt - 1), _LONGEST)
        if lasting or ready.attempt >= self.settings.attempts:
            mail = await self.email_message.rewrite(ctx, mail, noted)
            await self._give_up(ctx, mail, models.DeliveryFailure.attempts_exhausted)
        elif ctx.now + pause >= mail.expires_at:
            mail = await self.email_message.rewrite(ctx, mail, noted)
            await self._give_up(ctx, mail, models.DeliveryFailure.expired)
        else:
            fields = {**noted, "notBefore": ctx.now + pause}
            await self.email_message.rewrite(ctx, mail, fields)

    async def _handed_over(
        self, ctx: Context, mail_id: UUID, provider: str, taken: str, ready: Ready
    ) -> None:
        mail = await self.email_message.find(ctx, id=mail_id)
        if mail is None or mail.status != _STATES.rendered:
            return
        fields = {
            "provider": provider,
            "providerMessageId": taken,
            "attemptCount": ready.attempt,
        }
        mail = await self.email_message.transition(ctx, "hand-over-email", mail_id, fields)
        await self.step(ctx, mail)
        platform = ctx.within(PLATFORM)
        if await self.posted.find(platform, providerMessageId=taken) is None:
            posted = {"providerMessageId": taken, "messageId": mail_id, "tenant": ctx.tenant}
            await self.posted.insert(platform, posted)
        name = ready.mail.sender.rpartition("@")[2]
        inside = platform if name == world.PLATFORM_DOMAIN else ctx
        await self.tally(inside, f"sender:{name}", ctx.now, 1)
        kind = host_class(mail.to_address)
        await self.tally(ctx, hourly("handed", provider, kind, ctx.now), ctx.now, 1)
        self.metrics.email_sent_total(category=str(mail.category), provider=provider)
        began = max(mail.created_at, mail.not_before or mail.created_at)
        queue = "critical" if str(mail.category) == "security" else "transactional"
        seconds = max(0.0, (ctx.now - began).total_seconds())
        self.metrics.email_handover_seconds(seconds, queue=queue)

    async def _give_up(
        self, ctx: Context, mail: models.EmailMessage, failure: models.DeliveryFailure | None
    ) -> None:
        fields = {"failure": failure} if failure else {}
        failed = await self.email_message.transition(ctx, "fail-email", mail.id, fields)
        await self.step(ctx, failed)


def host_class(address: str) -> str:
    """`consumer` for the large mail hosts of private people, whose filters learn; else `other`."""
    return "consumer" if address.rpartition("@")[2].lower() in _CONSUMER else "other"


def hourly(what: str, provider: str, kind: str, now: datetime) -> str:
    """The name of a tally of the hour that it is."""
    return f"{what}:{provider}:{kind}:{now:%H}"
