"""The command line of a service: serve (the default), migrate, replay, token."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from socket import socket
from types import FrameType
from typing import TYPE_CHECKING
from uuid import UUID

from pydantic import ValidationError

from cloudsync_chassis import heap, supervised
from cloudsync_chassis.asgi import Config, Server
from cloudsync_chassis.events.bus import DEAD_LETTERS
from cloudsync_chassis.events.replay import revive
from cloudsync_chassis.health import Health
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.principal import Principal
from cloudsync_chassis.service import ServiceSpec
from cloudsync_chassis.settings import Settings
from cloudsync_chassis.web.framework import FastAPI

if TYPE_CHECKING:
    from cloudsync_chassis.rpc.server import RpcServer

Build = Callable[[Runtime], "FastAPI | RpcServer"]

FAILED = 1
WRONG_USAGE = 2


def main(
    spec: ServiceSpec,
    settings_type: type[Settings],
    build: Build,
    arguments: Sequence[str] | None = None,
) -> int:
    """Run one command; the exit code."""
    options = _parser(spec).parse_args(arguments)
    try:
        settings = settings_type()
    except ValidationError as error:
        # the values may be secrets, so only places and messages are shown
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        lines = (f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in faults)
        sys.stderr.write("settings: " + "; ".join(lines) + "\n")
        return WRONG_USAGE
    runtime = Runtime(spec, settings)
    if options.command == "migrate" and options.sql:
        # who serves does without Alembic
        from cloudsync_chassis.store import migrate

        schema = settings.database_schema
        sys.stdout.write(migrate.script(spec.migrations, schema) if spec.migrations else "")
    elif options.command == "migrate":
        asyncio.run(_migrate(runtime))
    elif options.command == "replay":
        return asyncio.run(_replay(runtime, options))
    elif options.command == "token":
        return _token(runtime, options)
    elif options.command == "jobs":
        build(runtime)
        return asyncio.run(_jobs(runtime, options.job))
    else:
        if settings.stop_with_stdin:
            supervised.stop_without_supervisor(settings.drain_pause + 2 * settings.shutdown_grace)
        application = build(runtime)
        if isinstance(application, FastAPI):
            serve(application, runtime)
        else:
            asyncio.run(application.run())
    return 0


def serve(app: FastAPI, runtime: Runtime) -> None:
    """Serve until SIGTERM or SIGINT, then drain."""
    settings = runtime.settings
    config = Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # the chassis reads them itself, for gRPC alike
        timeout_graceful_shutdown=max(1, round(settings.drain_seconds)),
    )
    listening = supervised.handed_down(settings.listen_fd)
    server = _Server(config, runtime.health, settings)
    server.run([listening] if listening is not None else None)


class _Server(Server):
    """Says that it is not ready `drain_pause` seconds before it stops, so that routers know.

    Meanwhile it accepts, unless its socket was handed down: the next copy takes those who come new,
    and none is accepted that would be closed before it has asked.
    """

    def __init__(self, config: Config, health: Health, settings: Settings) -> None:
        super().__init__(config)
        self._health = health
        self._pause = settings.drain_pause
        self._told = settings.ready_fd
        self._shares = settings.listen_fd is not None

    async def startup(self, sockets: list[socket] | None = None) -> None:
        """Start the application, then accept."""
        await super().startup(sockets)
        heap.settle()
        if self.started:
            supervised.announce(self._told)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """First signal: drain; second: stop at once."""
        if self._health.stopping or not self._pause:
            self._exit(sig, frame)
            return
        self._health.stopping = True
        loop = asyncio.get_running_loop()
        loop.call_soon_threadsafe(loop.call_later, self._pause, self._exit, sig, frame)
        for server in self.servers if self._shares else ():
            loop.call_soon_threadsafe(server.close)

    def _exit(self, sig: int, frame: FrameType | None) -> None:
        self._health.stopping = True
        super().handle_exit(sig, frame)
        # uvicorn would raise it again at the end, as if we had not done what it asked for
        self._captured_signals.clear()


async def _migrate(runtime: Runtime) -> None:
    try:
        await runtime.migrate()
    finally:
        await runtime.database.dispose()


async def _replay(runtime: Runtime, options: argparse.Namespace) -> int:
    """Let the group read again; the service itself must not run meanwhile."""
    group = options.group or runtime.spec.name
    bus, topic, since = runtime.bus, options.topic, options.since
    await bus.start()
    try:
        if options.dead_letters:
            pile = runtime.spec.dead_letters.get(topic, topic + DEAD_LETTERS)
            count = await revive(bus, group, pile, since)
        else:
            count = await bus.rewind(group, topic, since)
    except RuntimeError as error:
        sys.stderr.write(f"replay: {error}\n")
        return FAILED
    finally:
        await bus.stop()
    sys.stdout.write(f"{count} events of {topic} lie ahead of {group}\n")
    return 0


async def _jobs(runtime: Runtime, names: Sequence[str]) -> int:
    """Do what is due, as a scheduler outside would have it where no replica does jobs."""
    unknown = sorted({*names} - {*runtime.work.names})
    if unknown:
        known = ", ".join(sorted(runtime.work.names)) or "none"
        sys.stderr.write(f"jobs: no job is called {', '.join(unknown)}; there are: {known}\n")
        return WRONG_USAGE
    await runtime.prepare_database()
    await runtime.bus.start()
    try:
        await runtime.work.begin()
        await runtime.work.do(names)
        await runtime.work.settle()
        while await runtime.relay.publish_once():
            pass
    finally:
        await runtime.bus.stop()
        await runtime.database.dispose()
    return 0


def _moment(text: str) -> datetime:
    """An instant as RFC 3339 writes it."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("an instant needs its offset from UTC")
    return found


def _token(runtime: Runtime, options: argparse.Namespace) -> int:
    """Print a token for work on one machine; there is none in production."""
    if runtime.settings.environment == "production" or runtime.settings.jwks_url is not None:
        sys.stderr.write("token: only where the state folder's own key is trusted\n")
        return WRONG_USAGE
    principal = Principal(
        options.subject,
        "workload" if options.workload else "user",
        options.organization,
        frozenset(options.role),
        frozenset(options.scope),
    )
    sys.stdout.write(runtime.identity.issuer().issue(principal, [runtime.spec.name]) + "\n")
    return 0


def _parser(spec: ServiceSpec) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=spec.name)
    commands = parser.add_subparsers(dest="command")
    commands.add_parser("serve", help="serve until stopped (the default)")
    steps = commands.add_parser("migrate", help="bring the database to the newest revision")
    steps.add_argument("--sql", action="store_true", help="print the SQL, change nothing")
    replay = commands.add_parser("replay", help="handle again what was missed since a moment")
    replay.add_argument("--topic", required=True)
    replay.add_argument("--since", required=True, type=_moment, help="RFC 3339, with an offset")
    replay.add_argument("--group", help="consumer group (default: the service's own)")
    replay.add_argument(
        "--dead-letters",
        action="store_true",
        help="publish the group's dead letters again instead of moving it back",
    )
    jobs = commands.add_parser("jobs", help="do what is due by the clock, once")
    jobs.add_argument("job", nargs="*", help="these, though they are not due (default: all due)")
    token = commands.add_parser("token", help="print a development token")
    token.add_argument("--subject", default=str(uuid7()), help="who it is (default: somebody new)")
    token.add_argument("--organization", type=UUID)
    token.add_argument("--role", action="append", default=[])
    token.add_argument("--scope", action="append", default=[])
    token.add_argument("--workload", action="store_true")
    return parser
