"""Words of all channels, and the domains they are sent under."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.providers.secrets import Secrets
from cloudsync_chassis.security.principal import Principal
from desk import Desk, later, refused, run
from email_service import outlet, wording, world
from email_service.generated import models, operations, port

_SCHEMA = {"type": "object", "properties": {"a": {"type": "string", "maxLength": 20}}}


async def _draft(desk: Desk, language: str, revision: int, **fields: Any) -> Any:
    body = {
        "templateKey": "greeting",
        "deliveredBy": "email",
        "language": language,
        "revision": revision,
        "subject": "Hello {{a}}",
        "plainBody": f"{language} {revision} {{{{a}}}}",
        "variablesSchema": json.dumps(_SCHEMA),
        **fields,
    }
    request = port.DraftTemplate(
        body=models.DraftTemplateRequest.model_validate(body, strict=False)
    )
    operator = desk.somebody("platform-operator")
    return await desk.ask(
        operations.DRAFT_TEMPLATE, lambda ctx: desk.handlers.draft_template(ctx, request), operator
    )


async def _reviewed(desk: Desk, language: str, revision: int, **fields: Any) -> Any:
    draft = await _draft(desk, language, revision, **fields)
    request = port.SubmitTemplate(notification_template_id=draft.id)
    return await desk.ask(
        operations.SUBMIT_TEMPLATE,
        lambda ctx: desk.handlers.submit_template(ctx, request),
        desk.somebody("platform-operator"),
    )


async def _publish(desk: Desk, revision: int, role: str = "platform-operator") -> Any:
    body = models.PublishTemplateRequest(
        templateKey="greeting", deliveredBy=models.DeliveryChannel.email, revision=revision
    )
    request = port.PublishTemplate(body=body)
    return await desk.ask(
        operations.PUBLISH_TEMPLATE,
        lambda ctx: desk.handlers.publish_template(ctx, request),
        desk.somebody(role),
    )


async def _preview(desk: Desk, locale: str, sample: dict[str, str]) -> models.TemplatePreview:
    body = {"templateKey": "greeting", "locale": locale, "sample": sample}
    request = port.PreviewTemplate(
        body=models.PreviewTemplateRequest.model_validate(body, strict=False)
    )
    return await desk.ask(
        operations.PREVIEW_TEMPLATE,
        lambda ctx: desk.handlers.preview_template(ctx, request),
        desk.somebody("support-agent"),
    )


def test_the_first_words_of_all_channels_are_published_at_the_first_start(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        told = await desk.told("template-published")
        channels = {each["deliveredBy"] for each in told}
        assert channels == {"email", "sms", "push"}
        keys = [(each["templateKey"], each["deliveredBy"]) for each in told]
        assert len(keys) == len(set(keys))

    async def again(desk: Desk) -> None:
        await desk.handlers.seed()
        assert await desk.told("template-published") == []

    run(tmp_path, test, fresh=True)
    run(tmp_path, again, fresh=True)


def test_publishing_needs_every_language_and_what_producers_send(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        assert await refused(_publish(desk, 1)) == "not-found"
        for language in ("en", "de"):
            await _reviewed(desk, language, 1)
        assert (await _publish(desk, 1)).language == "en"
        assert (await _publish(desk, 1)).stage == models.TemplateStage.published

        await _reviewed(desk, "en", 2)
        assert await refused(_publish(desk, 2)) == "untranslated-locale"
        narrow = {"properties": {"a": {"type": "string", "maxLength": 19}}}
        await _reviewed(desk, "de", 2, variablesSchema=json.dumps(narrow))
        assert await refused(_publish(desk, 2)) == "schema-incompatible"
        needy = {**_SCHEMA, "required": ["b"]}
        for language, schema in (("en", _SCHEMA), ("de", needy)):
            await _reviewed(desk, language, 3, variablesSchema=json.dumps(schema))
        assert await refused(_publish(desk, 3)) == "schema-incompatible"
        for language in ("en", "de"):
            await _reviewed(desk, language, 4)
        assert await refused(_publish(desk, 4, "support-agent")) == "forbidden"
        await _publish(desk, 4)
        told = [
            (each["language"], each["revision"])
            for each in await desk.told("template-published")
            if each["templateKey"] == "greeting"
        ]
        assert sorted(told) == [("de", 1), ("de", 4), ("en", 1), ("en", 4)]
        words = await desk.ask(
            operations.ENQUEUE_EMAIL,
            lambda ctx: desk.handlers.words(ctx, "greeting", "email", "de-AT", 1),
        )
        assert words is not None
        assert (words.language, words.revision) == ("de", 4)

    run(tmp_path, test)


def test_a_broken_schema_or_a_taken_revision_is_refused(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        assert await refused(_draft(desk, "en", 1, variablesSchema="{]")) == "condition-not-met"
        await _draft(desk, "en", 1)
        assert await refused(_draft(desk, "en", 1, plainBody="other")) == "revision-exists"

    run(tmp_path, test)


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "file://{secret}"},
        {"$ref": "https://internal.example/schema"},
        {"$ref": "#"},
        {"$ref": "#/$defs/nothing"},
        {"properties": {"a": {"pattern": "("}}},
        {"properties": {"a": {"$ref": "file://{secret}"}}},
    ],
)
def test_a_schema_leads_nowhere_and_whatever_it_says_is_answered(
    tmp_path: Path, schema: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "secret.json"
    secret.write_text("{}")
    asked: list[object] = []

    def fetch(request: Any, *rest: Any, **more: Any) -> Any:
        asked.append(getattr(request, "full_url", request))
        raise OSError("no network")

    monkeypatch.setattr("urllib.request.urlopen", fetch)
    text = json.dumps(schema).replace("{secret}", str(secret))
    assert wording.faults(text, {"a": "b"}) == ["the template's own schema is broken"]
    assert asked == []


def test_a_schema_that_refers_to_itself_is_one() -> None:
    schema = {"$defs": {"short": {"maxLength": 2}}, "properties": {"a": {"$ref": "#/$defs/short"}}}
    assert not wording.is_broken(json.dumps(schema))
    assert wording.faults(json.dumps(schema), {"a": "xxx"}) == ["a: breaks maxLength"]


def test_a_preview_falls_back_and_wants_a_whole_sample(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        needy = json.dumps({**_SCHEMA, "required": ["a"]})
        markup = "<mjml><mj-text>{{a}}</mj-text></mjml>"
        await _draft(desk, "en", 1, variablesSchema=needy, markupBody=markup)
        shown = await _preview(desk, "fr-CA", {"a": "<Ada>"})
        assert shown.language == "en"
        assert shown.subject == "Hello <Ada>"
        assert shown.html_body
        assert "<p>&lt;Ada&gt;</p>" in shown.html_body
        assert await refused(_preview(desk, "en", {})) == "sample-invalid"
        assert await refused(_preview(desk, "en", {"a": "x" * 21})) == "sample-invalid"

    run(tmp_path, test)


def test_retired_words_are_not_sent(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        words = await desk.ask(
            operations.ENQUEUE_EMAIL,
            lambda ctx: desk.handlers.words(ctx, "one-time-code", "email", "en"),
        )
        assert words is not None
        await desk.ask(
            operations.RETIRE_TEMPLATE,
            lambda ctx: desk.handlers.retire_template(
                ctx, port.RetireTemplate(notification_template_id=words.id)
            ),
            desk.somebody("platform-operator"),
        )
        await desk.queue("notify.email.critical", "enqueue-email", desk.order())
        await desk.service.tick()
        (mail,) = await desk.mails()
        assert mail.failure == models.DeliveryFailure.template_not_published
        assert [each["revision"] for each in await desk.told("template-retired")] == [1]

    run(tmp_path, test)


async def _verify(desk: Desk, name: str, by: Principal | None = None) -> models.SenderDomain:
    body = models.VerifySenderDomainRequest(domainName=name)
    request = port.VerifySenderDomain(body=body)
    return await desk.ask(
        operations.VERIFY_SENDER_DOMAIN,
        lambda ctx: desk.handlers.verify_sender_domain(ctx, request),
        by or desk.somebody("security-engineer"),
    )


async def _add(desk: Desk, name: str, by: Principal | None = None) -> models.SenderDomain:
    body = models.SenderDomainRequest(domainName=name, dkimSelector="s1")
    request = port.AddSenderDomain(body=body)
    return await desk.ask(
        operations.ADD_SENDER_DOMAIN,
        lambda ctx: desk.handlers.add_sender_domain(ctx, request),
        by or desk.somebody("security-engineer"),
    )


def _publish_zone(state: Path, key: str) -> Path:
    """The records that prove acme.example for whoever has a key."""
    zone = {
        "acme.example": ["v=spf1 include:_spf.cloudsync.example -all"],
        "s1._domainkey.acme.example": [f"v=DKIM1; k=ed25519; p={key}"],
    }
    place = state / "dns" / "acme.example.json"
    place.parent.mkdir(exist_ok=True)
    place.write_text(json.dumps(zone))
    return place


async def _public_key(desk: Desk, organization: UUID) -> str:
    name = world.dkim_name("acme.example", organization)
    return outlet.public_key(await desk.handlers.world.keys.get(name))


def test_records_prove_a_domain_for_the_organisation_alone_that_asked_for_them(
    tmp_path: Path,
) -> None:
    async def test(desk: Desk) -> None:
        await _add(desk, "acme.example")
        _publish_zone(tmp_path, await _public_key(desk, desk.organization))
        assert (await _verify(desk, "acme.example")).verified_at is not None
        stranger = Principal(str(uuid7()), "user", uuid7(), frozenset({"security-engineer"}))
        await _add(desk, "acme.example", stranger)
        assert await refused(_verify(desk, "acme.example", stranger)) == "dns-record-missing"
        for ours in ("mail.cloudsync.example", "News.Mail.CloudSync.example"):
            assert await refused(_add(desk, ours, stranger)) == "rule-broken"

    run(tmp_path, test)


def test_a_domain_is_verified_by_its_records_and_then_sent_under(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        assert await refused(_verify(desk, "acme.example")) == "not-found"
        await _add(desk, "Acme.example")
        assert await refused(_verify(desk, "acme.example")) == "dns-record-missing"
        place = _publish_zone(tmp_path, await _public_key(desk, desk.organization))
        found = await _verify(desk, "acme.example")
        states = (found.spf_state, found.dkim_state, found.dmarc_state)
        assert states == ("valid", "valid", "pending")
        assert found.verified_at is not None
        await _send(desk, "collaboration")
        await _send(desk, "security")
        assert [each["From"] for each in desk.sent()] == [
            "CloudSync <notifications@acme.example>",
            "CloudSync <notifications@mail.cloudsync.example>",
        ]
        await _exhaust(desk, "acme.example")
        await _send(desk, "collaboration")
        assert desk.sent()[-1]["From"] == "CloudSync <notifications@mail.cloudsync.example>"
        place.write_text("{}")
        desk.service.later(timedelta(hours=7))
        await desk.service.tick()
        await _send(desk, "collaboration")
        assert desk.sent()[-1]["From"] == "CloudSync <notifications@mail.cloudsync.example>"
        assert await refused(_verify(desk, "acme.example")) == "dns-record-missing"

    run(tmp_path, test)


async def _send(desk: Desk, category: str) -> None:
    queue = "notify.email.transactional"
    await desk.queue(queue, "enqueue-email", desk.order(category=category))
    await desk.service.tick("send-mail")


async def _exhaust(desk: Desk, name: str) -> None:
    """Let a domain have sent what it may today."""
    await desk.ask(
        operations.ENQUEUE_EMAIL,
        lambda ctx: desk.handlers.tally(ctx, f"sender:{name}", ctx.now, 100),
    )


def test_keys_can_be_leased_from_secret_service(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        asked: list[str] = []

        def lease(call: Any) -> dict[str, Any]:
            asked.append(str(call.body["path"]))
            return {
                "secretId": str(uuid7()),
                "versionNumber": 1,
                "value": base64.b64encode(b"k" * 32).decode(),
                "fingerprint": "a" * 64,
                "usableUntil": later(3600).isoformat(),
            }

        desk.service.answers("secret-service", "GetSecret", lease)
        vault, spec = desk.service.runtime.clients["secret-service"], desk.service.runtime.spec
        borrowed = Secrets(tmp_path, spec.secrets, lambda: vault, leased="always")
        desk.handlers.world.keys = world.OwnSecrets(borrowed)
        await _send(desk, "transactional")
        assert len(desk.sent()) == 1
        assert set(asked) == {"email/unsubscribe", "email/dkim/mail-cloudsync-example"}

    run(tmp_path, test)
