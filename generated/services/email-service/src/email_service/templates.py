"""Templates of all channels: drafted, reviewed, tried, published, shown, and the first words.

They belong to the platform and to no organisation, whoever writes them.
"""

from __future__ import annotations

from cloudsync_chassis.context import Context
from cloudsync_chassis.ids import PLATFORM
from cloudsync_chassis.problem import CONDITION_NOT_MET, NOT_FOUND
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.store.query import Page

from . import catalogue, wording, world
from .generated import models, port, problems
from .sending import Sending

_STAGES = models.TemplateStage
_CAP = 1_000_000


class Templates(Sending):
    """Words, and which of them count."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        runtime.work.at_start(self.seed)

    async def draft_template(
        self, ctx: Context, request: port.DraftTemplate
    ) -> models.NotificationTemplate:
        """A revision after the last; its schema must be one that leads nowhere else.

        Raises:
            Problem: `condition-not-met`, `revision-exists`, `invariant-broken`.
        """
        if wording.is_broken(request.body.variables_schema):
            raise CONDITION_NOT_MET("the variables' schema is no JSON Schema")
        return await super().draft_template(ctx.within(PLATFORM), request)

    async def submit_template(
        self, ctx: Context, request: port.SubmitTemplate
    ) -> models.NotificationTemplate:
        """Hand a draft to review."""
        return await super().submit_template(ctx.within(PLATFORM), request)

    async def retire_template(
        self, ctx: Context, request: port.RetireTemplate
    ) -> models.NotificationTemplate:
        """Stop words from being sent; mail asks for them anew each time, so at once."""
        return await super().retire_template(ctx.within(PLATFORM), request)

    async def list_templates(
        self, ctx: Context, request: port.ListTemplates
    ) -> Page[models.NotificationTemplate]:
        """Revisions by key, channel, language and stage."""
        return await super().list_templates(ctx.within(PLATFORM), request)

    async def publish_template(
        self, ctx: Context, request: port.PublishTemplate
    ) -> models.NotificationTemplate:
        """Let a reviewed revision count in all its languages, and retire what counted before.

        The answer is the English one, or else the first by language.

        Raises:
            Problem: `not-found`, `untranslated-locale`, `schema-incompatible`.
        """
        inside, body = ctx.within(PLATFORM), request.body
        same = {"templateKey": body.template_key, "deliveredBy": body.delivered_by}
        found = [
            each
            async for each in self.notification_template.each(
                inside, **same, revision=body.revision
            )
        ]
        reviewed = [each for each in found if each.stage == _STAGES.in_review]
        counting = [each for each in found if each.stage == _STAGES.published]
        if not reviewed and not counting:
            raise NOT_FOUND("no reviewed revision of that number")
        if reviewed:
            former = [
                each
                async for each in self.notification_template.each(
                    inside, **same, stage=_STAGES.published
                )
                if each.revision != body.revision
            ]
            self._check(reviewed + counting, former)
            for each in former:
                await self._retired(inside, each)
            counting += [await self._published(inside, each) for each in reviewed]
        counting.sort(key=lambda each: (each.language != "en", each.language))
        return counting[0]

    def _check(
        self,
        fresh: list[models.NotificationTemplate],
        former: list[models.NotificationTemplate],
    ) -> None:
        """All languages are there, and what producers send today would be taken.

        Raises:
            Problem: `untranslated-locale`, `schema-incompatible`.
        """
        missing = {each.language for each in former} - {each.language for each in fresh}
        if missing:
            raise problems.UNTRANSLATED_LOCALE(f"missing: {', '.join(sorted(missing))}")
        for each in fresh:
            for old in former:
                for sample in wording.samples(old.variables_schema):
                    wrong = wording.faults(each.variables_schema, sample)
                    if wrong:
                        raise problems.SCHEMA_INCOMPATIBLE(f"{each.language}: {'; '.join(wrong)}")

    async def _published(
        self, ctx: Context, words: models.NotificationTemplate
    ) -> models.NotificationTemplate:
        return await self.notification_template.transition(ctx, "publish-template", words.id)

    async def _retired(self, ctx: Context, words: models.NotificationTemplate) -> None:
        """End the former revision, as publishing the next one does; that is not announced, since
        the channels put the new words in its place.
        """
        fields = {"stage": _STAGES.retired}
        await self.notification_template.rewrite(ctx, words, fields)

    async def preview_template(
        self, ctx: Context, request: port.PreviewTemplate
    ) -> models.TemplatePreview:
        """The newest words of mail that are not retired, filled with a sample.

        Raises:
            Problem: `not-found`, `sample-invalid`.
        """
        body = request.body
        words = await self._newest(ctx.within(PLATFORM), body.template_key, body.locale)
        if words is None:
            raise NOT_FOUND("no such template")
        sample = {name: each.root for name, each in body.sample.items()}
        wrong = wording.faults(words.variables_schema, sample)
        if wrong:
            raise problems.SAMPLE_INVALID("; ".join(wrong))
        ctx.grant.given = True
        variables = wording.stripped(sample)
        fields = {
            "language": words.language,
            "revision": words.revision,
            "plainBody": wording.fill(words.plain_body, variables)[:51200],
        }
        if words.subject:
            fields["subject"] = wording.subject(words.subject, variables)
        if words.markup_body:
            fields["htmlBody"] = wording.as_html(words.markup_body, variables)[:409600]
        return models.TemplatePreview.model_validate(fields)

    async def _newest(
        self, ctx: Context, key: str, language: str
    ) -> models.NotificationTemplate | None:
        for each in wording.languages(language):
            for channel in models.DeliveryChannel:
                found = [
                    one
                    async for one in self.notification_template.each(
                        ctx, templateKey=key, deliveredBy=channel, language=each
                    )
                    if one.stage != _STAGES.retired
                ]
                if found:
                    return max(found, key=lambda one: one.revision)
        return None

    async def seed(self) -> None:
        """Publish the first English words of what has none yet, and take our own domain in."""
        await self.run(PLATFORM, self._seed_domain)
        await self.run(PLATFORM, self._seed_words)

    async def _seed_words(self, ctx: Context) -> None:
        known = {
            (each.template_key, str(each.delivered_by))
            async for each in self.notification_template.each(ctx, language="en")
        }
        for words in catalogue.WORDS:
            if (words.key, words.channel) in known:
                continue
            fields = {
                "templateKey": words.key,
                "deliveredBy": words.channel,
                "language": "en",
                "revision": 1,
                "subject": words.subject,
                "markupBody": words.markup,
                "plainBody": words.plain,
                "variablesSchema": words.schema,
                "stage": _STAGES.published,
            }
            made = await self.notification_template.insert(ctx, fields)
            await self.notification_template.announce(ctx, "template-published", made)

    async def _seed_domain(self, ctx: Context) -> None:
        same = {"domainName": world.PLATFORM_DOMAIN}
        if await self.sender_domain.find(ctx, **same) is None:
            states = {f"{each}State": "valid" for each in ("spf", "dkim", "dmarc")}
            fields = {"dkimSelector": world.PLATFORM_SELECTOR, "dailyCap": _CAP}
            await self.sender_domain.insert(
                ctx, {**same, **fields, **states, "verifiedAt": ctx.now}
            )
