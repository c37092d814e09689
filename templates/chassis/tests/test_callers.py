"""What an operation knows of its caller: address, assurance, session, over REST and gRPC."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from joserfc import jwt

import bookshop
from cloudsync_chassis import headers
from cloudsync_chassis.context import Context
from cloudsync_chassis.executor import Incoming
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.problem import Problem
from cloudsync_chassis.rpc.server import RpcServer
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.policies import Surroundings
from cloudsync_chassis.security.principal import Principal
from cloudsync_chassis.security.tokens import TokenIssuer
from cloudsync_chassis.testing import Running, isolated, running
from shop_messages import NAME, Ask, Book
from test_rpc import book_service
from test_tokens import ISSUER, KEY, claims, signed, verifier

OURS = frozenset({ip_network("10.0.0.0/8"), ip_network("127.0.0.0/8"), ip_network("fd00::/8")})

ADDRESSES = (
    ("203.0.113.9", None, "203.0.113.9"),
    ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
    ("10.0.0.1", None, "10.0.0.1"),
    ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
    ("127.0.0.6", "6.6.6.6, 198.51.100.1, 10.0.0.7", "198.51.100.1"),
    ("10.0.0.1", "10.0.0.9, 10.0.0.8", "10.0.0.9"),
    ("10.0.0.1", "6.6.6.6, nonsense, 10.0.0.7", "10.0.0.7"),
    ("fd00::1", "2001:db8::7", "2001:db8::7"),
    (None, "198.51.100.1", None),
    ("unix", "198.51.100.1", "unix"),
)


@pytest.mark.parametrize(("peer", "forwarded", "client"), ADDRESSES)
def test_only_our_proxies_are_believed(
    peer: str | None, forwarded: str | None, client: str | None
) -> None:
    assert headers.client_address(peer, forwarded, OURS) == client


def test_without_proxies_nothing_is_believed() -> None:
    assert headers.client_address("127.0.0.1", "198.51.100.1", frozenset()) == "127.0.0.1"


async def test_a_token_tells_how_and_when_its_person_signed_in() -> None:
    told = Principal(
        "u1",
        factors=frozenset({"pwd", "mfa"}),
        authenticated_at=1_700_000_000,
        assurance="aal2",
        session="s-1",
    )
    token = TokenIssuer(KEY, ISSUER).issue(told, ["book-service"])
    said = jwt.decode(token, KEY, algorithms=["ES256"]).claims
    assert (said["acr"], said["sid"], said["amr"]) == ("aal2", "s-1", ["mfa", "pwd"])
    assert said["auth_time"] == 1_700_000_000
    read = await verifier().verify(signed(told=claims(acr="aal2", sid="s-1")))
    assert (read.assurance, read.session) == ("aal2", "s-1")
    plain = await verifier().verify(signed())
    assert (plain.assurance, plain.session) == (None, None)
    for wrong in ({"acr": 2}, {"sid": ["s-1"]}):
        with pytest.raises(Problem, match="unauthenticated"):
            await verifier().verify(signed(told=claims(**wrong)))


@pytest.fixture
def seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Awaitable[Context]]:
    """What the executor is given by a request over `rest` or `grpc`, as the operation's context."""
    settings = bookshop.BookSettings(**isolated(tmp_path), trusted_proxies=frozenset(OURS))
    found: list[Context] = []
    prepared = Runtime(bookshop.SERVICE, settings).executor._context.__func__

    def context(self: Any, operation: Operation, incoming: Incoming, *rest: Any) -> Context:
        made: Context = prepared(self, operation, incoming, *rest)
        found.append(made)
        return made

    monkeypatch.setattr("cloudsync_chassis.executor.Executor._context", context)

    async def ask(protocol: str) -> Context:
        runtime = Runtime(bookshop.SERVICE, settings)
        if protocol == "rest":
            shop = bookshop.build(runtime, bookshop.Books(runtime))
            async with running(shop) as started:
                transport = httpx.ASGITransport(shop, client=("10.0.0.7", 4711))
                async with httpx.AsyncClient(transport=transport, base_url="http://x") as http:
                    await http.get("/v1/books", headers=_sent(started))
        else:
            server = RpcServer(runtime, [book_service(runtime, bookshop.Books(runtime))])
            async with (
                running(server) as started,
                grpc.aio.insecure_channel(started.address) as channel,
            ):
                method: Any = channel.unary_unary(
                    f"/{NAME}/GetBook",
                    request_serializer=lambda each: each.SerializeToString(),
                    response_deserializer=Book.FromString,
                )
                metadata = [(name.lower(), each) for name, each in _sent(started).items()]
                asked = Ask(book_id="01890a5d-ac96-774b-bcce-6a6d0baaae6d")
                with pytest.raises(grpc.aio.AioRpcError):
                    await method(asked, metadata=metadata, timeout=5)
        return found[-1]

    return ask


def _sent(shop: Running) -> dict[str, str]:
    caller = shop.caller("clerk", factors=("mfa",), factor_age=60, assurance="aal2", session="s-1")
    return {**caller.headers, "X-Forwarded-For": "6.6.6.6, 198.51.100.1, 10.0.0.2"}


@pytest.mark.parametrize("protocol", ["rest", "grpc"])
async def test_handlers_and_policies_are_told(
    seen: Callable[[str], Awaitable[Context]], protocol: str
) -> None:
    ctx = await seen(protocol)
    assert ctx.source_ip == "198.51.100.1"
    assert (ctx.principal.assurance, ctx.principal.session) == ("aal2", "s-1")
    names = ("sourceIp", "assuranceLevel", "sessionId", "mfaAgeMinutes")
    asked = frozenset(f"context.{name}" for name in names)
    told = (await Surroundings().request(ctx, None, asked)).attributes["context"]
    assert [told[name] for name in names] == ["198.51.100.1", "aal2", "s-1", 1]
