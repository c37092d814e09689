"""Services that run together follow what operators say to the providers of the model: a flag, a
setting, a secret.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sys
from collections.abc import Iterator
from datetime import date
from importlib import import_module
from pathlib import Path
from threading import Event
from typing import Any
from uuid import uuid4

import pytest
from cloudsync_chassis.client.errors import RefusedError
from cloudsync_chassis.client.named_client import client_of
from cloudsync_chassis.client.policy import Budget
from cloudsync_chassis.ids import PLATFORM
from cloudsync_chassis.providers.secrets import Secrets
from cloudsync_chassis.rpc.asking import RpcAsker
from cloudsync_chassis.security.keys import KeyRing
from cloudsync_chassis.security.principal import Kind, Principal
from cloudsync_chassis.security.tokens import TokenIssuer

from demo.system import PATIENCE, Running, running

ROOT = Path(__file__).parents[2]
STUBS = ROOT / "generated" / "clients" / "grpc" / "src"
SERVICES = (
    "config-service",
    "email-service",
    "feature-flag-service",
    "invoice-service",
    "secret-service",
)
CONFIG = ("config-service", "cloudsync.platform.config.v1.ConfigService")
FLAGS = ("feature-flag-service", "cloudsync.platform.featureflag.v1.FeatureFlagService")
VAULT = ("secret-service", "cloudsync.platform.secret.v1.SecretService")
PRICE = 4_200
AT_ONCE = {"DEFAULT_STAGE_MINUTES": "0", "ABORT_CHECK_INTERVAL": "0.5", "ABORT_GRACE": "0.1"}
"""Rollouts are watched for no time at all."""


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    for path in ("config.v1.config", "featureflag.v1.feature_flag", "secret.v1.secret"):
        import_module(f"cloudsync.platform.{path}_pb2")
    with pytest.MonkeyPatch.context() as told:
        for name, value in AT_ONCE.items():
            told.setenv(f"CONFIG_SERVICE_{name}", value)
        with running(tmp_path_factory.mktemp("providers"), SERVICES, traced=False) as found:
            yield found


@pytest.fixture(scope="module", autouse=True)
def stubs() -> Iterator[None]:
    """The messages of the contracts can be imported."""
    sys.path.insert(0, str(STUBS))
    yield
    sys.path.remove(str(STUBS))


def token(
    found: Running,
    service: str,
    role: str,
    tenant: Any = PLATFORM,
    kind: Kind = "user",
    by: str = "",
) -> str:
    issuer = TokenIssuer(KeyRing(found.state / "keys").ensure(), found.issuer)
    return issuer.issue(Principal(by or str(uuid4()), kind, tenant, frozenset({role})), [service])


def operated(found: Running, at: tuple[str, str], rpc: str, role: str, **body: Any) -> Any:
    """What an RPC answers somebody new with that role; of a message with one message, that one."""
    service, name = at
    version = body.pop("version", None)
    headers = {"authorization": f"Bearer {token(found, service, role)}"}
    headers |= {"if-match": str(version)} if version else {"idempotency-key": str(uuid4())}
    address = found.supervisor.all[service].member.url.removeprefix("http://")

    async def ask() -> Any:
        asker = RpcAsker(address, {})
        try:
            return await asker.ask(f"/{name}/{rpc}", body, headers)
        finally:
            await asker.aclose()

    answer = asyncio.run(ask())
    assert answer.is_success, answer.text
    told = answer.json()
    return next(iter(told.values())) if len(told) == 1 else told


def log_of(found: Running, service: str) -> str:
    return (found.state / "logs" / f"{service}.log").read_text("utf-8")


# a flag


def drafted(found: Running, tenant: Any) -> tuple[str, str]:
    """A draft of an invoice of a tenant: its id, and the token of who may issue it."""
    found.token = token(found, "invoice-service", "org-owner", tenant)
    address = {"line1": "1 Quay", "city": "Town", "postalCode": "D02", "country": "IE"}
    party = {"legalName": "Acme Ltd", "address": address}
    key = str(uuid4())
    found.ask("POST", "invoice-service", "/billing-profiles", {"party": party}, 201, key)
    found.token = token(found, "invoice-service", "finance-operator", tenant)
    line = {
        "kind": "manual",
        "description": "Work",
        "quantity": "1",
        "unitAmountMinor": PRICE,
    }
    today = date.today()
    body = {
        "billedOrganizationId": str(tenant),
        "servicePeriodStart": str(today),
        "servicePeriodEnd": str(today.replace(year=today.year + 1, day=1)),
        "currency": "eur",
        "lines": [line],
    }
    draft = found.ask("POST", "invoice-service", "/invoices", body, 201, str(uuid4()))
    return draft["id"], token(found, "invoice-service", "finance-operator", tenant)


def issued(found: Running, draft: str) -> int:
    """The status with which an invoice is (not) issued today."""
    url = f"{found.supervisor.all['invoice-service'].member.url}/v1/invoices/{draft}/issue"
    headers = {"Authorization": f"Bearer {found.token}", "Idempotency-Key": str(uuid4())}
    body = {"issueOn": str(date.today())}
    return int(found.http.post(url, json=body, headers=headers).status_code)


def test_a_flag_halts_another_service_and_lets_it_go_on(system: Running) -> None:
    flag = operated(
        system,
        FLAGS,
        "CreateFlag",
        "platform-operator",
        key="billing.invoice-issuing",
        environment="development",
        purpose="killSwitch",
        valueType="boolean",
        variants=[
            {"name": "on", "value": "true", "weight": 0},
            {"name": "off", "value": "false", "weight": 0},
        ],
        defaultVariant="on",
        offVariant="off",
        bucketBy="organization",
        ownerTeam="billing-team",
    )
    named = {"featureFlagId": flag["id"]}
    flag = operated(system, FLAGS, "ActivateFlag", "platform-operator", **named)
    while flag["rolloutPercent"] < 100:
        share = {**named, "rolloutPercent": flag["rolloutPercent"] + 25}
        flag = operated(
            system, FLAGS, "ChangeRollout", "platform-operator", **share, version=flag["version"]
        )
    tenant = uuid4()
    draft, system.token = drafted(system, tenant)
    reason = {"reason": "a number is missing"}
    operated(system, FLAGS, "KillFlag", "platform-operator", **named, **reason)
    assert system.until("the halt", lambda: issued(system, draft) == 503)
    operated(
        system, FLAGS, "RestoreFlag", "platform-operator", **named, incidentNumber="INC-2026-0001"
    )
    assert system.until("the end of the halt", lambda: issued(system, draft) == 200)


# a setting


def live(found: Running, key: str, value: str) -> Any:
    """A value for all pods at once, reviewed by somebody else."""
    entry = operated(
        found,
        CONFIG,
        "DraftChange",
        "platform-operator",
        key=key,
        environment="development",
        scope="platform",
        valueType="string",
        value=value,
        changeReason="a provider fails",
    )
    named = {"configEntryId": entry["id"]}
    operated(found, CONFIG, "ProposeChange", "platform-operator", **named, version=1)
    said = {"reviewComment": "looks good to me"}
    entry = operated(
        found, CONFIG, "ApproveChange", "platform-operator", **named, **said, version=2
    )
    stages = {"stages": [100], "firstStage": 100}
    operated(found, CONFIG, "RolloutChange", "platform-operator", **named, **stages, version=3)

    def settled() -> Any:
        seen = operated(found, CONFIG, "GetRevision", "platform-operator", **named)
        return seen if seen["status"] == "live" else None

    return found.until("the end of the rollout", settled)


def kept(found: Running) -> dict[str, str]:
    """Key -> value that email-service would start with."""
    place = found.state / "email-service" / "configuration.json"
    if not place.exists():
        return {}
    return {key: value for key, (value, _) in json.loads(place.read_bytes()).items()}


def test_a_setting_follows_and_comes_back(system: Running) -> None:
    key = "email.provider.override"
    schema = json.dumps({"type": "string"})
    operated(
        system,
        CONFIG,
        "DefineConfigSchema",
        "platform-operator",
        key=key,
        jsonSchema=schema,
        owner="messaging-team",
    )
    first = live(system, key, "ses")
    assert system.until("the first value", lambda: kept(system) == {key: "ses"})
    live(system, key, "sendgrid")
    assert system.until("the second value", lambda: kept(system) == {key: "sendgrid"})
    bad = live(system, key, "pigeon")
    assert system.until(
        "the refusal", lambda: "configuration_refused" in log_of(system, "email-service")
    )
    assert kept(system) == {key: "sendgrid"}
    assert "pigeon" not in log_of(system, "email-service")
    back = {"toRevision": first["revision"], "rollbackReason": "it was the other one"}
    named = {"configEntryId": bad["id"]}
    operated(system, CONFIG, "RollbackChange", "platform-operator", **named, **back)
    assert system.until("the way back", lambda: kept(system) == {key: "ses"})


def test_a_service_starts_with_its_last_values_though_nobody_tells_any(system: Running) -> None:
    for name in ("config-service", "email-service"):
        system.supervisor.kill(name)
    assert '"settings_kept": 1' not in log_of(system, "email-service")
    system.supervisor.start("email-service")
    assert system.supervisor.settle(Event(), PATIENCE)
    assert system.is_ready("email-service")
    assert '"settings_kept": 1' in log_of(system, "email-service")
    system.again("config-service")


# a secret


def test_a_secret_is_borrowed_and_its_rotation_proven(system: Running) -> None:
    made = operated(
        system,
        VAULT,
        "CreateSecret",
        "security-engineer",
        path="email/relay",
        kind="signingKey",
        ownerService="email-service",
        readerServices=["email-service"],
    )
    named = {"secretId": made["id"]}
    operated(system, VAULT, "ActivateSecret", "security-engineer", **named)
    spec = import_module("cloudsync_providers").SECRETS

    async def borrow() -> tuple[bytes, bytes]:
        async def credentials() -> str:
            return token(system, "secret-service", "workload", kind="workload", by="email-service")

        calls = [each for each in (spec.get, spec.prove) if each is not None]
        url = system.supervisor.all["secret-service"].member.url
        budgets = {each.operation: Budget(timeout=5.0) for each in calls}
        client = client_of(calls)(url, token=credentials, budgets=budgets)
        secrets = Secrets(system.state / "none", spec, lambda: client, leased="always")
        try:
            first = (await secrets.own("secret://email/relay")).get_secret_value()
            assert len(first) >= 16
            with pytest.raises(RefusedError):
                await secrets.own("secret://email/unknown")
            strategy = {"strategy": "dualKey", "cause": "a drill of the team"}
            await asyncio.to_thread(
                operated, system, VAULT, "RotateSecret", "security-engineer", **named, **strategy
            )
            secrets.forget("secret://email/relay")
            await secrets.own("secret://email/relay")
            secrets.forget("secret://email/relay")
            second = (await secrets.own("secret://email/relay")).get_secret_value()
            return first, second
        finally:
            await client.aclose()

    first, second = asyncio.run(borrow())
    assert first != second
    logs = "".join(log_of(system, each) for each in SERVICES)
    for value in (first, second):
        assert base64.b64encode(value).decode() not in logs
        assert repr(value)[2:-1] not in logs
