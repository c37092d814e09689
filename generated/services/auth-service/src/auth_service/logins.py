"""Signing in: questions, answers, tokens, and the ends of sessions."""

from __future__ import annotations

import secrets
from collections import OrderedDict, deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from cloudsync_chassis import ids
from cloudsync_chassis.context import Context
from cloudsync_chassis.model import to_record
from cloudsync_chassis.problem import RATE_LIMITED, Problem
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.passwords import is_password
from cloudsync_chassis.store.document import sortable
from cloudsync_chassis.store.system import documents

from .authorizations import Authorizations
from .base import SESSIONS, new_refresh, read_refresh, tenant_of
from .federation import OIDC, Voucher
from .generated import models, port, problems
from .memory import WITHHELD_COLLECTION, Challenge
from .proofs import digest, digits, is_signature, is_totp, is_work, same
from .world import Origin

_METHODS = models.AuthMethod
_FACTORS = {
    _METHODS.password: models.CredentialType.password,
    _METHODS.totp: models.CredentialType.totp,
    _METHODS.webauthn: models.CredentialType.webauthn,
    _METHODS.text_code: models.CredentialType.text_code,
    _METHODS.recovery_code: models.CredentialType.recovery_codes,
}
_CODES = """
    AE+971 AR+54 AT+43 AU+61 BD+880 BE+32 BG+359 BR+55 CH+41 CL+56 CN+86 CO+57 CY+357 CZ+420 DE+49
    DK+45 DZ+213 EE+372 EG+20 ES+34 FI+358 FR+33 GB+44 GR+30 HK+852 HR+385 HU+36 ID+62 IE+353 IL+972
    IN+91 IS+354 IT+39 JP+81 KE+254 KR+82 LK+94 LT+370 LU+352 LV+371 MA+212 MT+356 MX+52 MY+60 NG+234
    NL+31 NO+47 NZ+64 PE+51 PH+63 PK+92 PL+48 PT+351 RO+40 RU+7 SA+966 SE+46 SG+65 SI+386 SK+421
    TH+66 TN+216 TR+90 TW+886 UA+380 US+1 CA+1 UZ+998 VN+84 ZA+27
"""
_DIALLING = {each[:2]: each[2:] for each in _CODES.split()}
"""Dialling codes (ITU-T E.164) by country."""

_ADMINS = frozenset({"org-owner", "org-admin", "security-admin", "billing-admin"})
_ADMIN_HOURS = 12
_QUESTIONS = 20
"""Questions that one identifier is put in the lifetime of one."""

_IDENTIFIERS = 100_000
_WORK_BITS = 16
_REASONS = models.RevocationReason
_STATES = models.SessionStatus


@dataclass(frozen=True, slots=True)
class Asked:
    """A question to be put: by what, from where, and who may vouch for the answer."""

    body: models.BeginLoginRequest
    origin: Origin
    nonce: str
    voucher: Voucher | None


class Logins(Authorizations):
    """Handlers of sessions."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        self._asked: OrderedDict[str, deque[datetime]] = OrderedDict()

    async def begin_login(self, ctx: Context, request: port.BeginLogin) -> models.LoginChallenge:
        """Put the first question; whoever nobody knows gets one of the same form."""
        body = request.body
        origin = await self.world.origins.of(body.identifier, body.device_fingerprint)
        if origin.blocked:
            raise problems.LOGIN_BLOCKED("no sign-in from this network")
        self._count_question(ctx, digest(body.identifier.casefold()))
        owner = await self.account_of(ctx, body.identifier)
        voucher = await self.voucher(ctx, body.identifier, body.method)
        session_id, nonce = ids.uuid7(), secrets.token_urlsafe(32)
        expires = ctx.now + timedelta(seconds=self.settings.challenge_lifetime)
        if owner is not None:
            inside = ctx.within(owner[0])
            asked = Asked(body, origin, nonce, voucher)
            known = await self._begin(inside, owner[1], asked)
            session_id = known or session_id
        risky = origin.risk >= self.settings.proof_of_work_risk
        return models.LoginChallenge(
            session_id=session_id,
            method=body.method,
            nonce=nonce,
            redirect_url=voucher.entrance(session_id, nonce) if voucher is not None else None,
            work_bits=_WORK_BITS if risky else None,
            expires_at=expires,
        )

    def _count_question(self, ctx: Context, identifier: str) -> None:
        """Refuse to ask one identifier without end; counted by each replica for itself.

        Raises:
            Problem: `rate-limited`.
        """
        times = self._asked.setdefault(identifier, deque(maxlen=_QUESTIONS))
        if len(self._asked) > _IDENTIFIERS:
            self._asked.popitem(last=False)
        lifetime = timedelta(seconds=self.settings.challenge_lifetime)
        if len(times) == _QUESTIONS and times[0] > ctx.now - lifetime:
            raise RATE_LIMITED("enough questions for a while")
        times.append(ctx.now)

    async def _begin(self, ctx: Context, user_id: UUID, asked: Asked) -> UUID | None:
        """The session of a question that can be answered; None where it cannot."""
        body, origin = asked.body, asked.origin
        policy = await self.policy(ctx)
        countries = {each.root for each in policy.allowed_countries}
        factor = await self.factor(ctx, user_id, body.method)
        allowed = body.method in policy.allowed_methods and (
            not countries or origin.country in countries
        )
        if not allowed or not await self._is_answerable(ctx, factor, asked.voucher):
            return None
        roles = await self.roles(ctx, user_id)
        hours = policy.max_session_hours
        if roles & _ADMINS:
            hours = min(hours, _ADMIN_HOURS)
        fields = {
            "userId": user_id,
            "channel": body.channel,
            "deviceFingerprint": body.device_fingerprint,
            "ipAddress": origin.address,
            "countryCode": origin.country,
            "riskScore": origin.risk,
            "absoluteExpiresAt": ctx.now + timedelta(hours=hours),
        }
        session = await self.session.create(ctx, "begin-login", fields)
        await self._ask(ctx, session, factor, asked)
        return session.id

    async def _is_answerable(
        self, ctx: Context, factor: models.Credential | None, voucher: Voucher | None
    ) -> bool:
        """Whether the person has a factor that works, or belongs to whom the provider speaks for."""
        if voucher is not None:
            return voucher.provider.organization_id == ctx.tenant
        if factor is None or self._is_locked(ctx, factor):
            return False
        return not await self._is_withheld(ctx, factor)

    async def _ask(
        self,
        ctx: Context,
        session: models.Session,
        factor: models.Credential | None,
        asked: Asked,
    ) -> None:
        """Keep the question; a code by text is sent."""
        by_text = factor is not None and factor.type == models.CredentialType.text_code
        code = digits(6) if by_text else None
        fields = {
            "sessionId": session.id,
            "identifierHash": digest(asked.body.identifier.casefold()),
            "nonce": asked.nonce,
            "providerId": asked.voucher.provider.id if asked.voucher is not None else None,
            "codeHash": digest(f"{session.id}{code}") if code else None,
            "wrong": 0,
            "expiresAt": ctx.now + timedelta(seconds=self.settings.challenge_lifetime),
        }
        await self.challenges.insert(ctx, fields)
        if code is not None:
            self.letter(ctx, session.user_id, "textCode", code)

    async def factor(
        self, ctx: Context, user_id: UUID, method: models.AuthMethod
    ) -> models.Credential | None:
        """What somebody has enrolled for a method."""
        kind = _FACTORS.get(method)
        return await self.credential.find(ctx, userId=user_id, type=kind) if kind else None

    async def _is_withheld(self, ctx: Context, factor: models.Credential) -> bool:
        """Whether texts to the country of a number are suspended, by whichever tenant's event."""
        if factor.type != models.CredentialType.text_code:
            return False
        body = documents.c.body
        statement = sa.select(body["country"].as_string(), body["until"].as_string())
        statement = statement.where(documents.c.collection == WITHHELD_COLLECTION)
        rows = (await (await ctx.unit.connection()).execute(statement.limit(500))).all()
        barred = {row[0] for row in rows if row[1] > sortable(ctx.now)}
        number = factor.secret_hash.partition(":")[2].strip()
        return any(number.startswith(_DIALLING.get(each, "none")) for each in barred)

    def _is_locked(self, ctx: Context, factor: models.Credential) -> bool:
        return factor.locked_until is not None and factor.locked_until > ctx.now

    async def complete_challenge(
        self, ctx: Context, request: port.CompleteChallenge
    ) -> models.TokenSet:
        """Check an answer; when no factor is missing, hand out tokens."""
        inside = await tenant_of(ctx, SESSIONS, request.session_id)
        if inside is None:
            raise self._fake_failure(ctx, request.session_id)
        session = await self.session.find(inside, id=request.session_id)
        asked = await self.challenges.find(inside, sessionId=request.session_id)
        waiting = (_STATES.challenged, _STATES.step_up_required)
        if session is None or session.status not in waiting:
            raise problems.CHALLENGE_FAILED("there is no open question")
        if session.status == _STATES.step_up_required:
            own = ctx.principal.subject == str(session.user_id)
            if not own:
                raise problems.CHALLENGE_FAILED("the session is somebody else's")
            asked = asked or await self._step_up_question(inside, session)
        if asked is None or asked.expires_at <= ctx.now:
            if session.status == _STATES.challenged:
                await self._reject(inside, session, asked, "challengeExpired")
            elif asked is not None:
                await self.challenges.remove(inside, asked)  # the next try is asked anew
            await ctx.unit.commit()  # the refusal must not undo that the question is over
            raise problems.CHALLENGE_EXPIRED("more than five minutes have passed")
        if not await self._is_right(inside, session, asked, request.body):
            await self._count_wrong(inside, session, asked, request.body.method)
            await ctx.unit.commit()  # the refusal must not undo the counting
            raise problems.CHALLENGE_FAILED("the answer is wrong")
        return await self._advance(inside, session, asked, request.body.method)

    def _fake_failure(self, ctx: Context, session_id: UUID) -> Problem:
        """What an answer to a question for nobody gets; its id tells when it was put."""
        put = (session_id.int >> 80) / 1000
        if ctx.now.timestamp() - put > self.settings.challenge_lifetime:
            return problems.CHALLENGE_EXPIRED("more than five minutes have passed")
        return problems.CHALLENGE_FAILED("the answer is wrong")

    async def _step_up_question(self, ctx: Context, session: models.Session) -> Challenge:
        fields = {
            "sessionId": session.id,
            "identifierHash": digest(str(session.user_id)),
            "nonce": secrets.token_urlsafe(32),
            "wrong": 0,
            "expiresAt": ctx.now + timedelta(seconds=self.settings.challenge_lifetime),
        }
        return await self.challenges.insert(ctx, fields)

    async def _is_right(
        self,
        ctx: Context,
        session: models.Session,
        asked: Challenge,
        body: models.CompleteChallengeRequest,
    ) -> bool:
        risky = session.risk_score >= self.settings.proof_of_work_risk
        if risky and not is_work(asked.nonce, body.work, _WORK_BITS):
            return False
        if body.method in session.auth_methods:
            return False
        if body.method == OIDC:
            return await self.is_vouched(ctx, asked, body.answer)
        factor = await self.factor(ctx, session.user_id, body.method)
        if factor is None or self._is_locked(ctx, factor):
            return False
        if not await self._fits(ctx, factor, asked, body.answer):
            return False
        fields = {"failedAttempts": 0, "lockedUntil": None, "lastUsedAt": ctx.now}
        now = await self.credential.find(ctx, id=factor.id)
        if now is not None:
            await self.credential.rewrite(ctx, now, fields)
        return True

    async def _fits(
        self, ctx: Context, factor: models.Credential, asked: Challenge, answer: str
    ) -> bool:
        kinds, secret = models.CredentialType, factor.secret_hash
        kind, _, value = secret.partition(":")
        if factor.type == kinds.password:
            if kind == "invitation":
                return same(digest(answer), value)
            return is_password(answer, secret)
        if factor.type == kinds.totp:
            return is_totp(answer, value, ctx.now.timestamp())
        if factor.type == kinds.webauthn:
            return is_signature(answer, asked.nonce, value)
        if factor.type == kinds.text_code:
            told = digest(f"{asked.session_id}{answer}")
            return asked.code_hash is not None and same(told, asked.code_hash)
        codes = value.split(",")
        used = digest(answer)[:32]
        if used not in codes:
            return False
        left = ",".join(each if each != used else "0" * 32 for each in codes)
        await self.credential.rewrite(ctx, factor, {"secretHash": f"{kind}:{left}"})
        return True

    async def _count_wrong(
        self,
        ctx: Context,
        session: models.Session,
        asked: Challenge,
        method: models.AuthMethod,
    ) -> None:
        """Lock the factor for growing minutes; the fifth wrong answer ends the login."""
        factor = await self.factor(ctx, session.user_id, method)
        if factor is not None and not self._is_locked(ctx, factor):
            failed = min(10, factor.failed_attempts + 1)
            pause = timedelta(days=1) if failed == 10 else timedelta(minutes=failed - 4)
            locked = ctx.now + pause if failed >= 5 else None
            fields = {"failedAttempts": failed, "lockedUntil": locked}
            await self.credential.rewrite(ctx, factor, fields)
        wrong = asked.wrong + 1
        changed = await self.challenges.rewrite(ctx, asked, {"wrong": wrong})
        if wrong >= self.settings.challenge_attempts and session.status == _STATES.challenged:
            await self._reject(ctx, session, changed, "wrongSecret")

    async def _reject(
        self, ctx: Context, session: models.Session, asked: Challenge | None, cause: str
    ) -> None:
        ended = await self.session.rewrite(ctx, session, {"status": _STATES.rejected})
        told = to_record(ended) | {
            "sessionId": session.id,
            "identifierHash": asked.identifier_hash if asked else digest(str(session.user_id)),
            "cause": models.LoginFailureCause(cause),
            "attempt": max(1, asked.wrong if asked else 1),
        }
        await self.session.announce(ctx, "login-failed", told)
        if asked is not None:
            await self.challenges.remove(ctx, asked)

    async def reject_login(self, ctx: Context, request: port.RejectLogin) -> None:
        """End a login whose five minutes are over, and no other."""
        session = await self.session.find(ctx, id=request.session_id)
        if session is None or session.status != _STATES.challenged:
            return
        asked = await self.challenges.find(ctx, sessionId=session.id)
        if asked is None or asked.expires_at <= ctx.now:
            await self._reject(ctx, session, asked, "challengeExpired")

    async def _advance(
        self,
        ctx: Context,
        session: models.Session,
        asked: Challenge,
        method: models.AuthMethod,
    ) -> models.TokenSet:
        methods = [*session.auth_methods, method][-4:]
        level = _level(methods)
        missing = await self._missing(ctx, session, methods)
        if missing:
            shown = {"authMethods": methods, "assuranceLevel": level}
            waiting = await self.session.rewrite(ctx, session, shown)
            return models.TokenSet(
                access_token=self.access_token(ctx, session.user_id, ()),
                token_type=models.TokenSetTokenType.bearer,
                expires_in_seconds=int(self.settings.challenge_lifetime),
                session_id=waiting.id,
                assurance_level=level,
                further_methods=missing,
            )
        token, hashed = new_refresh(session)
        fields: dict[str, Any] = {
            "authMethods": methods,
            "assuranceLevel": level,
            "status": _STATES.active,
            "authenticatedAt": ctx.now,
            "refreshTokenHash": hashed,
        }
        active = await self.session.rewrite(ctx, session, fields)
        await self.challenges.remove(ctx, asked)
        stepped = session.status == _STATES.step_up_required
        event = "step-up-completed" if stepped else "login-succeeded"
        told = to_record(active) | {"sessionId": active.id}
        await self.session.announce(ctx, event, told)
        return await self.tokens(ctx, active, token)

    async def _missing(
        self, ctx: Context, session: models.Session, methods: list[models.AuthMethod]
    ) -> list[models.AuthMethod]:
        """Further factors that somebody has and the policy, or a step-up, still asks for."""
        policy = await self.policy(ctx)
        roles = await self.roles(ctx, session.user_id)
        asks = policy.mfa == models.MfaRequirement.everyone or (
            policy.mfa == models.MfaRequirement.admins_only and bool(roles & _ADMINS)
        )
        if len(methods) > 1 or not asks or _METHODS.webauthn in methods:
            return []
        second = (_METHODS.totp, _METHODS.webauthn, _METHODS.recovery_code)
        return [
            each
            for each in second
            if each in policy.allowed_methods
            and await self.factor(ctx, session.user_id, each) is not None
        ]

    async def issue_token(self, ctx: Context, request: port.IssueToken) -> models.TokenSet:
        """Exchange a refresh token, a client's secret or an authorisation code."""
        body = request.body
        if body.grant_type == models.GrantType.refresh_token and body.refresh_token is not None:
            return await self._refresh(ctx, body.refresh_token)
        secret = body.client_secret
        if body.grant_type == models.GrantType.client_credentials and secret is not None:
            return await self.exchange_key(ctx, body.client_id, secret, body.scopes)
        if body.grant_type == models.GrantType.authorization_code and body.code is not None:
            return await self.exchange_code(ctx, body, body.code)
        raise problems.INVALID_GRANT("the grant is unknown, spent or incomplete")

    async def exchange_key(
        self,
        ctx: Context,
        client_id: UUID | None,
        secret: str,
        scopes: list[models.PermissionScope] | None,
    ) -> models.TokenSet:
        """Tokens for an API key; see `Keys`."""
        raise problems.INVALID_GRANT("the secret is unknown")

    async def _refresh(self, ctx: Context, token: str) -> models.TokenSet:
        named = read_refresh(token)
        inside = ctx.within(named[0]) if named else ctx
        session = await self.session.find(inside, id=named[1]) if named else None
        if session is None or session.status != _STATES.active:
            raise problems.INVALID_GRANT("the token is unknown or its session is over")
        hashed = digest(token)
        if not same(hashed, session.refresh_token_hash or ""):
            former = await self.formers.find(inside, tokenHash=hashed)
            if former is None:
                raise problems.INVALID_GRANT("the token is unknown")
            if former.at <= ctx.now - timedelta(seconds=self.settings.refresh_grace):
                await self.end_session(inside, session, _REASONS.token_reuse)
                await ctx.unit.commit()  # the refusal must not undo the revocation
                raise problems.TOKEN_REUSE("a former token came back")
        if self.is_over(ctx, session):
            ended = {"status": _STATES.expired, "refreshTokenHash": None}
            await self.session.rewrite(inside, session, ended)
            await ctx.unit.commit()  # the refusal must not undo that the session is over
            raise problems.INVALID_GRANT("the session is over")
        fresh, new_hash = new_refresh(session)
        generation = session.refresh_generation + 1
        fields = {"refreshTokenHash": new_hash, "refreshGeneration": generation}
        changed = await self.session.rewrite(inside, session, fields)
        present = session.refresh_token_hash
        if present is not None:
            used = {"sessionId": session.id, "tokenHash": present, "at": ctx.now}
            await self.formers.insert(inside, used)
        return await self.tokens(inside, changed, fresh)


def _level(methods: list[models.AuthMethod]) -> models.AssuranceLevel:
    """How sure the factors make us (NIST SP 800-63B): two of them, or a key in hardware."""
    if _METHODS.webauthn in methods and len(methods) > 1:
        return models.AssuranceLevel.aal3
    if _METHODS.webauthn in methods or len(methods) > 1:
        return models.AssuranceLevel.aal2
    return models.AssuranceLevel.aal1
