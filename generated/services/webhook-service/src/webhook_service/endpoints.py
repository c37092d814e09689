"""Endpoints: registered, proven, signed for, and kept within what the plan allows."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets as randomness
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from cloudsync_chassis import ids, traced
from cloudsync_chassis.aggregate.rules import Rule
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.jobs.spec import Due
from cloudsync_chassis.model import given
from cloudsync_chassis.problem import NOT_FOUND, Problem
from cloudsync_chassis.providers.secrets import SCHEME
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.principal import workload
from secret_grpc_client import models as secrets

from .egress import DirectEgress, Egress
from .facts import FACTS
from .generated import models, port, problems
from .generated.defaults import Defaults
from .generated.settings import ServiceSettings
from .notes import LocalNotes, Notes, limit_of

_STATES = models.EndpointState
_REASONS = models.DisabledReason
_REFERENCE = f"{SCHEME}webhooks/"
_CHALLENGE = "challenge-endpoints"
LIVING = (_STATES.unverified, _STATES.active, _STATES.paused, _STATES.failing)


class Endpoints(Defaults):
    """Registering and keeping; and the ports of the service."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        settings = runtime.settings
        if not isinstance(settings, ServiceSettings):
            raise TypeError("settings of another service")
        self.settings = settings
        self.egress: Egress = traced.calls(DirectEgress(settings), "webhook-receiver")
        self.notes: Notes = LocalNotes(settings)
        unproven = Due(aggregate="webhook-endpoint", where={"state": _STATES.unverified.value})
        runtime.work.every(60.0, _CHALLENGE, self.challenge_due, unproven)

    async def create_endpoint(
        self, ctx: Context, request: port.CreateEndpoint
    ) -> models.EndpointWithSecret:
        """Register an address; the key is in this answer and in no other.

        Raises:
            Problem: what the contract declares, `already-exists` for the label.
        """
        wish = request.body
        await self._check_target(wish.target_url)
        _check_condition(wish.condition, [each.root for each in wish.event_types])
        limit = limit_of(self.notes.read(ctx.tenant, "plan"))
        used = await self.webhook_endpoint.count(ctx, state=(*LIVING, _STATES.disabled))
        if used >= limit:
            raise problems.ENDPOINT_LIMIT_REACHED(f"the plan allows {limit}")
        reference, key = await self._minted()
        fields = {
            **given(wish),
            "signingSecretRef": reference,
            "challengeHash": _digest(randomness.token_hex(32)),
            "host": urlsplit(wish.target_url).hostname,
        }
        endpoint = await self.webhook_endpoint.create(ctx, "create-endpoint", fields)
        self.runtime.work.wake(ctx, _CHALLENGE)
        return models.EndpointWithSecret(endpoint=endpoint, signing_secret=key)

    async def _check_target(self, url: str) -> None:
        if not await self.egress.is_public(url):
            raise problems.TARGET_NOT_PUBLIC("not a public address on port 443 or 8443")

    async def _minted(self) -> tuple[str, str]:
        """A new signing key at secret-service: its reference and itself."""
        key, name = f"whsec_{randomness.token_hex(32)}", str(ids.uuid7())
        await self.clients.secret.create_secret(
            secrets.CreateSecretRequest(
                path=f"webhooks/{name}",
                kind=secrets.SecretKind.webhook_key,
                owner_service="webhook-service",
                reader_services=[secrets.ServiceName("webhook-service")],
                initial_value=base64.b64encode(key.encode()).decode(),
            ),
            idempotency_key=name,
        )
        return _REFERENCE + name, key

    async def keys_of(self, endpoint: models.WebhookEndpoint, now: datetime) -> list[bytes]:
        """The keys that sign a call: the present one, and the former while it lasts.

        Raises:
            CallError: secret-service does not answer, and no key is young enough.
        """
        references = [endpoint.signing_secret_ref]
        until, former = endpoint.previous_secret_until, endpoint.previous_secret_ref
        if former is not None and until is not None and until > now:
            references.append(former)
        borrowed = [await self.runtime.secrets.get(each) for each in references]
        return [each.get_secret_value() for each in borrowed]

    async def update_endpoint(
        self, ctx: Context, request: port.UpdateEndpoint
    ) -> models.WebhookEndpoint:
        """Change an endpoint; another target has to prove itself first.

        Raises:
            Problem: `target-not-public`, `condition-invalid`, `version-conflict`, `not-found`.
        """
        present = await self.webhook_endpoint.get(ctx, request.endpoint_id)
        if present.state is _STATES.removed:
            raise NOT_FOUND("the endpoint was removed")
        wish, fields = request.body, given(request.body)
        if wish.target_url is not None and wish.target_url != present.target_url:
            await self._check_target(wish.target_url)
            fields |= {
                "state": _STATES.unverified,
                "challengeHash": _digest(randomness.token_hex(32)),
                "consecutiveFailures": 0,
                "firstFailureAt": None,
                "disabledReason": None,
            }
            self.runtime.work.wake(ctx, _CHALLENGE)
        types = [each.root for each in wish.event_types or present.event_types]
        condition = fields.get("condition", present.condition)
        _check_condition(condition, types)
        return await self.webhook_endpoint.update(
            ctx, "update-endpoint", request.endpoint_id, fields
        )

    async def verify_endpoint(
        self, ctx: Context, request: port.VerifyEndpoint
    ) -> models.WebhookEndpoint:
        """Call the target with a challenge that it must echo.

        Raises:
            Problem: `challenge-failed`, `illegal-transition`.
        """
        endpoint = await self.webhook_endpoint.get(ctx, request.endpoint_id)
        if endpoint.state is not _STATES.unverified:
            raise problems.ILLEGAL_TRANSITION(f"the endpoint is {endpoint.state.value}")
        challenge = randomness.token_hex(32)
        body = json.dumps({"challenge": challenge}).encode()
        headers = {"Content-Type": "application/json", **headers_of(endpoint)}
        await ctx.unit.commit()
        answer = await self.egress.post(endpoint.target_url, headers, body)
        if answer.status != 200 or answer.body.strip() != challenge.encode():
            raise problems.CHALLENGE_FAILED("the challenge did not come back with status 200")
        fields = {"challengeHash": None}
        return await self.webhook_endpoint.transition(ctx, "verify-endpoint", endpoint.id, fields)

    async def reactivate_endpoint(
        self, ctx: Context, request: port.ReactivateEndpoint
    ) -> models.WebhookEndpoint:
        """A clean count and a new challenge for a disabled endpoint.

        Raises:
            Problem: `target-not-public`, `illegal-transition`.
        """
        endpoint = await self.webhook_endpoint.get(ctx, request.endpoint_id)
        if endpoint.state is not _STATES.disabled:
            raise problems.ILLEGAL_TRANSITION(f"the endpoint is {endpoint.state.value}")
        await self._check_target(endpoint.target_url)
        fields = {
            "disabledReason": None,
            "challengeHash": _digest(randomness.token_hex(32)),
            "consecutiveFailures": 0,
            "firstFailureAt": None,
        }
        self.runtime.work.wake(ctx, _CHALLENGE)
        return await self.webhook_endpoint.transition(
            ctx, "reactivate-endpoint", endpoint.id, fields
        )

    async def rotate_endpoint_secret(
        self, ctx: Context, request: port.RotateEndpointSecret
    ) -> models.EndpointWithSecret:
        """A new key; the former signs beside it for so many hours.

        Raises:
            Problem: `rotation-in-progress`, `not-found`.
        """
        endpoint = await self.webhook_endpoint.get(ctx, request.endpoint_id)
        if endpoint.state is _STATES.removed:
            raise NOT_FOUND("the endpoint was removed")
        until = endpoint.previous_secret_until
        if until is not None and until > ctx.now:
            raise problems.ROTATION_IN_PROGRESS("the former key still signs")
        reference, key = await self._minted()
        hours = request.body.overlap_hours
        fields: dict[str, Any] = {
            "signingSecretRef": reference,
            "previousSecretRef": endpoint.signing_secret_ref if hours else None,
            "previousSecretUntil": ctx.now + timedelta(hours=hours) if hours else None,
        }
        command = "rotate-endpoint-secret"
        rotated = await self.webhook_endpoint.update(ctx, command, endpoint.id, fields)
        return models.EndpointWithSecret(endpoint=rotated, signing_secret=key)

    async def disable_endpoint(
        self, ctx: Context, request: port.DisableEndpoint
    ) -> models.WebhookEndpoint:
        """End the calls; the mail that follows knows whom to write to."""
        endpoint = await self.webhook_endpoint.get(ctx, request.endpoint_id)
        fields = {**given(request.body), **await self._farewell(ctx, endpoint)}
        return await self.webhook_endpoint.transition(ctx, "disable-endpoint", endpoint.id, fields)

    async def disable_failing_endpoint(
        self, ctx: Context, request: port.DisableFailingEndpoint
    ) -> None:
        """The same at the service's own decision."""
        endpoint = await self.webhook_endpoint.get(ctx, request.webhook_endpoint_id)
        fields = {**given(request.body), **await self._farewell(ctx, endpoint)}
        command = "disable-failing-endpoint"
        await self.webhook_endpoint.transition(ctx, command, endpoint.id, fields)

    async def _farewell(self, ctx: Context, endpoint: models.WebhookEndpoint) -> dict[str, Any]:
        """What the event of a disabled endpoint tells: its contacts sealed, and what waits."""
        outcomes = models.DeliveryOutcome
        waiting = (outcomes.waiting, outcomes.retrying)
        contacts = [each.root for each in endpoint.contact_addresses]
        sealed = base64.urlsafe_b64encode(self.runtime.cipher.encrypt(contacts, ctx.tenant))
        return {
            "sealedContacts": sealed.decode().rstrip("="),
            "pendingDeliveries": await self.webhook_delivery.count(
                ctx, endpointId=endpoint.id, outcome=waiting
            ),
        }

    async def count_endpoint_failure(
        self, ctx: Context, request: port.CountEndpointFailure
    ) -> None:
        """Add a failed attempt to the row; ten make the endpoint failing, a day disables it."""
        delivery = await self.webhook_delivery.find(ctx, id=request.body.delivery_id)
        key = delivery.endpoint_id if delivery else None
        endpoint = await self.webhook_endpoint.find(ctx, id=key) if key else None
        if endpoint is None or endpoint.state not in (_STATES.active, _STATES.failing):
            return
        fields = {
            "consecutiveFailures": min(10_000, endpoint.consecutive_failures + 1),
            "firstFailureAt": endpoint.first_failure_at or ctx.now,
        }
        command = "count-endpoint-failure"
        counted = await self.webhook_endpoint.transition(ctx, command, endpoint.id, fields)
        many = counted.consecutive_failures >= self.settings.failing_after
        if counted.state is _STATES.active and many:
            failing = port.MarkEndpointFailing(webhook_endpoint_id=endpoint.id)
            await self.mark_endpoint_failing(ctx, failing)
        grace = timedelta(seconds=self.settings.disable_after)
        if counted.first_failure_at is not None and counted.first_failure_at + grace <= ctx.now:
            await self.give_up(ctx, endpoint.id, _REASONS.failing24h)

    async def give_up(self, ctx: Context, key: UUID, reason: models.DisabledReason) -> None:
        """Disable an endpoint that cannot be reached."""
        body = models.DisableEndpointRequest(disabled_reason=reason)
        request = port.DisableFailingEndpoint(webhook_endpoint_id=key, body=body)
        await self.disable_failing_endpoint(ctx, request)

    async def enforce_endpoint_limit(
        self, ctx: Context, request: port.EnforceEndpointLimit
    ) -> None:
        """Remember the plan, and disable the youngest endpoints above its limit."""
        plan = request.body.plan_code
        self.notes.keep(ctx.tenant, "plan", plan)
        living = [each async for each in self.webhook_endpoint.each(ctx, state=LIVING)]
        for endpoint in living[limit_of(plan) :]:
            fields = {
                "state": _STATES.disabled,
                "disabledReason": _REASONS.plan_downgraded,
                "challengeHash": None,
                "firstFailureAt": None,
                **await self._farewell(ctx, endpoint),
            }
            await self.webhook_endpoint.update(ctx, "enforce-endpoint-limit", endpoint.id, fields)

    async def pause_tenant_endpoints(
        self, ctx: Context, request: port.PauseTenantEndpoints
    ) -> None:
        """Pause what is called, and remember which those were."""
        paused = list(self.notes.read(ctx.tenant, "offboarding") or [])
        async for each in self.webhook_endpoint.each(ctx, state=(_STATES.active, _STATES.failing)):
            fields = {"state": _STATES.paused, "consecutiveFailures": 0, "firstFailureAt": None}
            await self.webhook_endpoint.update(ctx, "pause-tenant-endpoints", each.id, fields)
            paused.append(str(each.id))
        self.notes.keep(ctx.tenant, "offboarding", paused)

    async def resume_tenant_endpoints(
        self, ctx: Context, request: port.ResumeTenantEndpoints
    ) -> None:
        """Call again what the deletion had paused."""
        paused = set(self.notes.read(ctx.tenant, "offboarding") or [])
        async for each in self.webhook_endpoint.each(ctx, state=_STATES.paused):
            if str(each.id) in paused:
                fields = {"state": _STATES.active}
                await self.webhook_endpoint.update(ctx, "resume-tenant-endpoints", each.id, fields)
        self.notes.drop(ctx.tenant, "offboarding")

    async def purge_tenant_endpoints(
        self, ctx: Context, request: port.PurgeTenantEndpoints
    ) -> None:
        """Destroy all of a tenant: attempts, deliveries, replays, endpoints, notes."""
        for attempt in [each async for each in self.delivery_attempt.each(ctx)]:
            await self.delivery_attempt.remove(ctx, attempt)
        for delivery in [each async for each in self.webhook_delivery.each(ctx)]:
            await self.webhook_delivery.remove(ctx, delivery)
        for job in [each async for each in self.replay_job.each(ctx)]:
            await self.replay_job.remove(ctx, job)
        for endpoint in [each async for each in self.webhook_endpoint.each(ctx)]:
            self.runtime.secrets.drop(endpoint.signing_secret_ref)
            await self.webhook_endpoint.remove(ctx, endpoint)
        for name in ("plan", "offboarding", "people"):
            self.notes.drop(ctx.tenant, name)

    async def drop_contact(self, ctx: Context, request: port.DropContact) -> None:
        """Take an erased person's address off all endpoints, and report it.

        The address is known by its digest, which came when the account was made.
        """
        told = request.body
        people = dict(self.notes.read(ctx.tenant, "people") or {})
        digest, changed = people.pop(str(told.user_id), None), 0
        async for each in self.webhook_endpoint.each(ctx):
            kept = [one.root for one in each.contact_addresses if _digest(one.root) != digest]
            if len(kept) == len(each.contact_addresses):
                continue
            owners = f"owners@{ctx.tenant}.organizations.cloudsync.example"
            fields = {"contactAddresses": kept or [owners]}
            silent = self.webhook_endpoint.telling()
            await silent.update(ctx, "drop-contact", each.id, fields)
            changed += 1
        self.notes.keep(ctx.tenant, "people", people)
        data = {
            "userId": told.user_id,
            "erasureRequestId": told.erasure_request_id,
            "store": "webhooks",
            "erasedItems": changed,
        }
        await self.webhook_endpoint.announce(ctx, "webhook-erasure-completed", data)

    async def forget_cached_key(self, ctx: Context, request: port.ForgetCachedKey) -> None:
        """Ask for a key anew with its next use."""
        self.runtime.secrets.forget(SCHEME + request.body.path)

    async def challenge_due(self, ctx: Context) -> None:
        """Challenge the tenant's endpoints that were registered or moved within the hour."""
        async for each in self.webhook_endpoint.each(ctx, state=_STATES.unverified):
            if each.updated_at + timedelta(hours=1) > ctx.now:
                try:
                    await self.verify_endpoint(
                        itself(ctx), port.VerifyEndpoint(endpoint_id=each.id)
                    )
                except Problem as problem:
                    if problem.kind is not problems.CHALLENGE_FAILED:
                        raise

    async def on_organization_restored(
        self, ctx: Context, event: Received[models.OrganizationRestored]
    ) -> None:
        """Endpoints that the deletion paused are called again."""
        await self.resume_tenant_endpoints(ctx, port.ResumeTenantEndpoints(body=event.data))

    async def on_organization_purged(
        self, ctx: Context, event: Received[models.OrganizationPurged]
    ) -> None:
        """All of the tenant is destroyed."""
        await self.purge_tenant_endpoints(ctx, port.PurgeTenantEndpoints(body=event.data))

    async def on_user_deleted(self, ctx: Context, event: Received[models.UserDeleted]) -> None:
        """The person's address leaves all contacts."""
        await self.drop_contact(ctx, port.DropContact(body=event.data))

    async def on_secret_rotated(self, ctx: Context, event: Received[models.SecretRotated]) -> None:
        """The next call is signed with the key that counts."""
        await self.forget_cached_key(ctx, port.ForgetCachedKey(body=event.data))


def itself(ctx: Context) -> Context:
    """The same operation as the service's own doing, for steps that are no caller's to order."""
    return replace(ctx, principal=workload(ctx.operation.id, ctx.tenant))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def headers_of(endpoint: models.WebhookEndpoint) -> dict[str, str]:
    """The customer's own headers."""
    return {name: each.root for name, each in endpoint.custom_headers.items()}


def _check_condition(condition: str | None, event_types: Sequence[str]) -> None:
    """A condition says yes or no about the example of each event that it will be asked about."""
    if condition is None:
        return
    try:
        rule = Rule(condition)
        rule.compile()
    except ValueError as error:
        raise problems.CONDITION_INVALID("it is no CEL expression") from error
    for name in event_types:
        fact = FACTS[name]
        if not isinstance(rule.value(event={"type": name, "data": fact.data(fact.example)}), bool):
            raise problems.CONDITION_INVALID(f"it is neither true nor false of {name}")
