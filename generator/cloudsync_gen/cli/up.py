"""`up`: run all services of the model together, each as a process of its own.

On SIGUSR2 those whose code has changed are renewed one after the other, without a gap: the next
copy starts beside the one that runs, which stops once the next one serves.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from cloudsync_gen.cli.dispatch import FINDINGS, OK, USAGE

if TYPE_CHECKING:

    from cloudsync_gen.cli._look import Look
    from cloudsync_gen.cli._system import System
    from cloudsync_gen.live.supervisor import Standing, Supervisor
    from cloudsync_gen.model.layers.application import Service

EXAMPLES = """
up  all services, until Ctrl-C
up --only document,file  these, with stand-ins
up --state run --format json  keep state and logs, print JSON
"""
TRACES = "traces.jsonl"
"""In the state folder: spans of all services as OTLP JSON, one request of a service a line."""


def arguments(parser: argparse.ArgumentParser) -> None:
    from cloudsync_gen.cli._options import add_format

    parser.add_argument(
        "--only",
        metavar="SERVICE,…",
        default="",
        help="run these; what else they call is answered by examples of the contracts",
    )
    parser.add_argument("--state", metavar="DIR", help="keep state and logs there (default: none)")
    parser.add_argument(
        "--traces", action="store_true", help=f"collect the spans of all in DIR/{TRACES}"
    )
    parser.add_argument("-j", "--jobs", type=int, default=0, help="how many start at a time")
    add_format(parser)


def run(options: argparse.Namespace) -> int:
    from cloudsync_gen.cli._look import opened
    from cloudsync_gen.cli._running import missing
    from cloudsync_gen.cli._system import System
    from cloudsync_gen.live.state import state_folder
    from cloudsync_gen.model.ids import name_of

    if options.traces and not options.state:
        sys.stderr.write("--traces needs --state, where they are written\n")
        return USAGE
    look = opened(options.root)
    if isinstance(look, int):
        return look
    chosen = _chosen(look, options.only)
    if isinstance(chosen, int):
        return chosen
    for each in chosen:
        lacking = missing(Path(options.root, "generated", "services", name_of(each.id)))
        if lacking:
            sys.stderr.write(f"{lacking}\n")
            return USAGE
    with state_folder(options.state) as state, ExitStack() as stack:
        traces = state / TRACES if options.traces else None
        return _run(options, System(stack, look, chosen, state, traces), state)


def _chosen(look: Look, only: str) -> list[Service] | int:
    """All services, or those that are named."""
    from cloudsync_gen.cli._running import service_of
    from cloudsync_gen.model.layers.application import Service

    found = []
    for given in filter(None, only.split(",")):
        service = service_of(look, given.strip())
        if isinstance(service, int):
            return service
        found.append(service)
    return found or [*look.model.all(Service)]


def _run(options: argparse.Namespace, system: System, state: Path) -> int:
    """Start all, tell where they are, renew them and stop them when that is asked for."""
    from cloudsync_gen.cli._renewing import Renewing
    from cloudsync_gen.live.supervisor import Supervisor
    from cloudsync_gen.live.watch import hearing, interruption

    told = Told(len(system.members), live=_is_live())
    renewing = Renewing(system, options.root, _say)
    hand_over = system.ports.hand_over
    supervisor = Supervisor(system.members, state, told.changed, options.jobs, hand_over)
    with interruption() as stop, hearing(signal.SIGUSR2) as renew:
        try:
            if supervisor.settle(stop):
                told.clear()
                sys.stdout.write(_addresses(options, supervisor, state))
                sys.stdout.flush()
                _say(f"Ctrl-C stops all; `kill -USR2 {os.getpid()}` renews what has changed")
                supervisor.watch(stop, lambda: renewing.look(supervisor, renew))
        finally:
            stop.clear()
            killed = supervisor.stop(hurry=stop)
            told.clear()
    for name in killed:
        _say(f"{name} did not stop in time and was killed")
    return FINDINGS if killed or told.died else OK


def _addresses(options: argparse.Namespace, supervisor: Supervisor, state: Path) -> str:
    """Where each listens."""
    from cloudsync_gen.report.table import columns

    standings = supervisor.all.values()
    if options.format == "json":
        services = {each.member.name: _described(each) for each in standings}
        return json.dumps({"state": str(state), "services": services}, indent=2) + "\n"
    rows = [
        (each.member.name, each.member.url, "gRPC" if each.member.rpc else "HTTP", _after(each))
        for each in standings
    ]
    return "".join(f"{line}\n" for line in columns(rows))


def _after(standing: Standing) -> str:
    return f"ready in {standing.seconds:.1f} s" if standing.seconds else standing.state.value


def _described(standing: Standing) -> dict[str, object]:
    return {
        "url": standing.member.url,
        "protocol": "grpc" if standing.member.rpc else "http",
        "state": standing.state.value,
        "seconds": round(standing.seconds, 3),
        "pid": standing.pid,
        "log": str(standing.log),
    }


class Told:
    """Says on stderr what becomes of the members: on a terminal in one line that is kept up."""

    def __init__(self, count: int, *, live: bool) -> None:
        self.died: list[str] = []
        self._count = count
        self._live = live
        self._ready: set[str] = set()
        self._renewing: set[str] = set()
        self._starting: list[str] = []

    def changed(self, standing: Standing) -> None:
        """A member is in another state."""
        from cloudsync_gen.live.supervisor import State

        name, state = standing.member.name, standing.state
        if name in self._starting:
            self._starting.remove(name)
        if state is State.STARTING:
            self._starting.append(name)
        elif state is State.RENEWING:
            self._renewing.add(name)
        elif state is State.READY and name in self._renewing:
            self._renewed(standing)
        elif state is State.READY:
            self._ready.add(name)
            if not self._live:
                _say(f"{name}: {standing.member.url} ({len(self._ready)} of {self._count})")
        elif state is State.DIED:
            self._ready.discard(name)
            self._renewing.discard(name)
            self.died.append(name)
            self._log(standing, f"{name} ended by itself with code {standing.code}")
        if self._live and state is not State.STOPPED:
            self._show()

    def _renewed(self, standing: Standing) -> None:
        name = standing.member.name
        self._renewing.remove(name)
        if standing.code is None:
            self.clear()
            _say(f"{name} is renewed")
            return
        said = f"{name} goes on as it was: its next copy ended with code {standing.code}"
        self._log(standing, said)

    def _log(self, standing: Standing, what: str) -> None:
        """What happened, and the end of the log that may tell why."""
        self.clear()
        _say(f"{what}; its log {standing.log} ends:")
        for line in standing.last_lines.splitlines():
            _say(f"  {line}")

    def _show(self) -> None:
        starting = f"; starting {', '.join(self._starting)}" if self._starting else ""
        died = f"; {len(self.died)} ended" if self.died else ""
        line = f"up: {len(self._ready)} of {self._count} ready{died}{starting}"
        width = os.get_terminal_size(sys.stderr.fileno()).columns - 1
        self.clear()
        sys.stderr.write(line[:width])
        sys.stderr.flush()

    def clear(self) -> None:
        """Leave an empty line where the status was."""
        if self._live:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


def _is_live() -> bool:
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return sys.stderr.isatty() and not plain


def _say(line: str) -> None:
    from cloudsync_gen.report.text import printable

    sys.stderr.write(f"up: {printable(line)}\n")
    sys.stderr.flush()
