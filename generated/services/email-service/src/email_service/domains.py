"""Sender domains: what two name servers say of SPF, DKIM and DMARC."""

from __future__ import annotations

from datetime import timedelta

from cloudsync_chassis.context import Context
from cloudsync_chassis.ids import PLATFORM
from cloudsync_chassis.jobs.spec import Due
from cloudsync_chassis.problem import NOT_FOUND, breaks_rule
from cloudsync_chassis.runtime import Runtime

from . import outlet, world
from .generated import models, port, problems
from .templates import Templates

_AGAIN = timedelta(hours=6)
_STATES = models.DnsCheckState


class Domains(Templates):
    """Domains of organisations, and our own."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        due = Due(aggregate="sender-domain", since="updatedAt", after=_AGAIN.total_seconds())
        runtime.work.every(3600.0, "look-up-sender-domains", self.look_up_again, due)

    async def add_sender_domain(
        self, ctx: Context, request: port.AddSenderDomain
    ) -> models.SenderDomain:
        """A domain to send under, its name in lower case; ours is nobody else's.

        Raises:
            Problem: `rule-broken`, `already-exists`.
        """
        name = request.body.domain_name.lower()
        ours = name == world.PLATFORM_DOMAIN or name.endswith(f".{world.PLATFORM_DOMAIN}")
        if ours and ctx.tenant != PLATFORM:
            raise breaks_rule("this domain is the platform's", pointer="/domainName")
        body = request.body.model_copy(update={"domain_name": name})
        return await self.sender_domain.create(ctx, "add-sender-domain", body)

    async def verify_sender_domain(
        self, ctx: Context, request: port.VerifySenderDomain
    ) -> models.SenderDomain:
        """Note what two name servers say of the records, which stays noted if one is missing.

        Raises:
            Problem: `not-found`, `dns-record-missing`.
        """
        name = request.body.domain_name.lower()
        # read apart, so that no transaction is open while name servers are asked
        found = await self.run(
            ctx.tenant, lambda inside: self.sender_domain.find(inside, domainName=name)
        )
        if found is None:
            raise NOT_FOUND("no such sender domain")
        wrong, states = await self._looked_up(found)
        if wrong:
            # what is raised undoes what was written, so the states are noted by themselves
            await self.run(ctx.tenant, lambda inside: self._noted(inside, name, states))
            raise problems.DNS_RECORD_MISSING("; ".join(wrong))
        return await self.sender_domain.update(
            ctx, "verify-sender-domain", name, {**states, "verifiedAt": ctx.now}
        )

    async def look_up_again(self, ctx: Context) -> None:
        """Look up what was not looked up for six hours."""
        due = {"updatedAt": ctx.now - _AGAIN}
        names = [each.domain_name async for each in self.sender_domain.each(ctx, due)]
        for name in names[:200]:
            await self.look_up_now(ctx, name)

    async def look_up_now(self, ctx: Context, name: str) -> None:
        """Note what the records of a domain are like at the moment."""
        found = await self.sender_domain.find(ctx, domainName=name)
        if found is not None:
            _, states = await self._looked_up(found)
            await self._noted(ctx, name, states)

    async def _noted(self, ctx: Context, name: str, states: dict[str, str]) -> None:
        found = await self.sender_domain.find(ctx, domainName=name)
        if found is not None:
            await self.sender_domain.rewrite(ctx, found, states)

    async def _looked_up(self, domain: models.SenderDomain) -> tuple[list[str], dict[str, str]]:
        """What is wrong in words, and the state of each record; DMARC is noted and not demanded."""
        name, selector = domain.domain_name, domain.dkim_selector
        own = world.dkim_name(name, domain.organization_id)
        key = outlet.public_key(await self.world.keys.get(own))
        records = {
            "spf": (name, world.SPF_INCLUDE),
            "dkim": (f"{selector}._domainkey.{name}", f"p={key}"),
            "dmarc": (f"_dmarc.{name}", "v=DMARC1"),
        }
        before = {
            "spf": domain.spf_state,
            "dkim": domain.dkim_state,
            "dmarc": domain.dmarc_state,
        }
        wrong: list[str] = []
        states: dict[str, str] = {}
        for each, (place, wanted) in records.items():
            right = await self._everywhere(place, wanted)
            was = before[each]
            otherwise = _STATES.pending if was == _STATES.pending else _STATES.broken
            states[f"{each}State"] = _STATES.valid if right else otherwise
            if not right and each != "dmarc":
                wrong.append(f"the TXT record of {place} must contain {wanted}")
        return wrong, states

    async def _everywhere(self, place: str, wanted: str) -> bool:
        """Whether both name servers have a record that says so."""
        for resolver in self.world.resolvers:
            texts = await resolver.texts(place)
            if not any(
                wanted in each.replace("; ", ";").split(";") or wanted in each.split()
                for each in texts
            ):
                return False
        return True
