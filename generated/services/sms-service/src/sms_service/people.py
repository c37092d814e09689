"""Words that are compiled, copies of wishes, and what is left of people once they are gone."""

from __future__ import annotations

from typing import Any

from cloudsync_chassis.aggregate.engine import Aggregate
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.ids import PLATFORM
from cloudsync_chassis.problem import CONDITION_NOT_MET

from . import alphabet
from .alerts import Alerts
from .generated import models, port

_NOBODY = "+10000000"
_OPEN = frozenset({"accepted", "throttled"})


class People(Alerts):
    """Templates come from email-service, wishes from profile-service."""

    async def on_template_published(
        self, ctx: Context, event: Received[models.TemplatePublished]
    ) -> None:
        """Words of some channel were published."""
        await self.compile_sms_template(ctx, port.CompileSmsTemplate(body=event.data))

    async def compile_sms_template(self, ctx: Context, request: port.CompileSmsTemplate) -> None:
        """Compile words of this channel; an older revision never takes the place of a newer one.

        Raises:
            Problem: `condition-not-met` for words that would need UCS-2 in a language that GSM-7
                can write.
        """
        body, platform = request.body, ctx.within(PLATFORM)
        if body.delivered_by != models.DeliveryChannel.sms:
            return
        pieces = alphabet.compiled(body.plain_body)
        own = "".join(pieces[::2])
        plain = body.language.partition("-")[0] in alphabet.GSM7_LANGUAGES
        if plain and alphabet.shape_of(own).encoding == models.SmsEncoding.ucs2:
            raise CONDITION_NOT_MET("these words need UCS-2, and their language does not")
        same = {"templateKey": body.template_key, "language": body.language}
        fields = {"revision": body.revision, "pieces": pieces}
        found = await self.compiled.find(platform, **same)
        if found is None:
            await self.compiled.insert(platform, {**same, **fields})
        elif found.revision < body.revision:
            await self.compiled.rewrite(platform, found, fields)

    async def on_template_retired(
        self, ctx: Context, event: Received[models.TemplateRetired]
    ) -> None:
        """Words of some channel were retired."""
        await self.drop_sms_template(ctx, port.DropSmsTemplate(body=event.data))

    async def drop_sms_template(self, ctx: Context, request: port.DropSmsTemplate) -> None:
        """Forget retired words, unless newer ones have taken their place."""
        body, platform = request.body, ctx.within(PLATFORM)
        if body.delivered_by != models.DeliveryChannel.sms:
            return
        found = await self.compiled.find(
            platform, templateKey=body.template_key, language=body.language
        )
        if found is not None and found.revision <= body.revision:
            await self.compiled.remove(platform, found)

    async def on_preferences_changed(
        self, ctx: Context, event: Received[models.PreferencesChanged]
    ) -> None:
        """Somebody wishes something else."""
        await self.copy_sms_preferences(ctx, port.CopySmsPreferences(body=event.data))

    async def copy_sms_preferences(self, ctx: Context, request: port.CopySmsPreferences) -> None:
        """Read the preferences anew, since the event does not carry them.

        Where profile-service does not answer the old copy goes, and the next text asks again.
        """
        user_id = request.body.user_id
        fields = await self.asked(user_id)
        found = await self.preferences.find(ctx, userId=user_id)
        if found is not None and fields is not None:
            await self.preferences.rewrite(ctx, found, fields)
        elif found is not None:
            await self.preferences.remove(ctx, found)
        elif fields is not None:
            await self.preferences.insert(ctx, fields)

    async def on_user_deleted(self, ctx: Context, event: Received[models.UserDeleted]) -> None:
        """Somebody is gone."""
        await self.erase_sms_traces(ctx, port.EraseSmsTraces(body=event.data))

    async def erase_sms_traces(self, ctx: Context, request: port.EraseSmsTraces) -> None:
        """Destroy copy, orders, numbers and words of a person, and report it.

        Opt-outs stay: they name no person, and carriers demand them.
        """
        user_id = request.body.user_id
        erased = await self._all_gone(ctx, self.preferences, userId=user_id)
        erased += await self._all_gone(ctx, self.orders, userId=user_id)
        for sent in [each async for each in self.sent.each(ctx, userId=user_id)]:
            text = await self.sms_message.find(ctx, id=sent.sms_id)
            if text is not None:
                if str(text.delivery_state) in _OPEN:
                    failure = {"failure": models.DeliveryFailure.expired}
                    text = await self.sms_message.transition(ctx, "expire-sms", text.id, failure)
                await self.sms_message.rewrite(ctx, text, {"phoneNumber": _NOBODY, "textBody": "-"})
                erased += 1
            await self.sent.remove(ctx, sent)
        fields = {
            "userId": user_id,
            "erasureRequestId": request.body.erasure_request_id,
            "store": "sms",
            "erasedItems": erased,
        }
        await self.sms_message.announce(ctx, "sms-erasure-completed", {"id": user_id, **fields})

    async def _all_gone(self, ctx: Context, kept: Aggregate[Any], **where: Any) -> int:
        """Remove what has these values; how many that were."""
        found = [each async for each in kept.each(ctx, **where)]
        for each in found:
            await kept.remove(ctx, each)
        return len(found)
