"""Services of this repository that run together, and what a guest of the machine may see."""

from __future__ import annotations

import json
import sqlite3
import sys
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any, TypeVar

import httpx
from msgspec import structs

from cloudsync_gen.cli._look import opened
from cloudsync_gen.cli._system import System
from cloudsync_gen.live.copies import Member
from cloudsync_gen.live.supervisor import Standing, State, Supervisor
from cloudsync_gen.model.ids import name_of
from cloudsync_gen.model.layers.api import Gateway
from cloudsync_gen.model.layers.application import Saga, Service
from cloudsync_gen.model.system import Model

ROOT = Path(__file__).parents[2]
TRACES = "traces.jsonl"
FAULTS = "faults.json"
PATIENCE = 60.0

T = TypeVar("T")


class UnhappyError(Exception):
    """The story went another way than it is told."""


@dataclass
class Running:
    """The services that run. `token`: what the next requests are sent with."""

    supervisor: Supervisor
    state: Path
    http: httpx.Client
    model: Model
    token: str = ""
    parent: str = ""
    """`traceparent` of the next requests (W3C Trace Context)."""

    @property
    def faults(self) -> Path:
        """What the bus does wrong, while the file is there."""
        return self.state / FAULTS

    @property
    def issuer(self) -> str:
        """Of all tokens."""
        return self.model.all(Gateway)[0].issuer

    def steps(self, saga: str) -> list[tuple[str, str]]:
        """Names of a saga's steps with their services, in the order of the model."""
        return [
            (each.name, name_of(each.service))
            for found in self.model.all(Saga)
            if name_of(found.id) == saga
            for each in found.steps
        ]

    def ask(
        self,
        method: str,
        service: str,
        path: str,
        body: Any = None,
        expect: int = 200,
        key: str = "",
    ) -> Any:
        """The JSON of an answer; `key` makes a request one that may be repeated.

        Raises:
            UnhappyError: another status.
        """
        url = f"{self.supervisor.all[service].member.url}/v1{path}"
        told = {
            "Authorization": f"Bearer {self.token}" if self.token else "",
            "traceparent": self.parent,
            "Idempotency-Key": key,
        }
        headers = {name: value for name, value in told.items() if value}
        answer = self.http.request(method, url, json=body, headers=headers)
        if answer.status_code != expect:
            said = f"{method} {service} {path}: {answer.status_code}, not {expect}: {answer.text}"
            raise UnhappyError(said)
        return answer.json() if answer.content else None

    def is_ready(self, name: str) -> bool:
        """Whether a service that was started (again) is up."""
        return self.supervisor.all[name].state is State.READY

    def rows(self, service: str, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """What a service has written, read past it."""
        path = self.state / service / "store.sqlite"
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as store:
            return store.execute(statement, values).fetchall()

    def until(self, what: str, look: Callable[[], T | None], seconds: float = PATIENCE) -> T:
        """What `look` finds, once it finds something.

        Raises:
            UnhappyError: that takes longer, or a service has died meanwhile.
        """
        end = time.monotonic() + seconds
        while True:
            found = look()
            if found:
                return found
            self.supervisor.step()
            self.require_all()
            if time.monotonic() > end:
                raise UnhappyError(f"{what} has not come within {seconds:.0f} s")
            time.sleep(0.05)

    def require_all(self) -> None:
        """Raises UnhappyError: a service has died."""
        for each in self.supervisor.all.values():
            if each.state is State.DIED:
                raise UnhappyError(f"{each.member.name} has died:\n{each.last_lines}")

    def again(self, name: str) -> None:
        """Start a service that was killed, and wait until it is ready."""
        self.supervisor.start(name)
        if not self.supervisor.settle(Event(), PATIENCE):
            raise UnhappyError(f"{name} is not ready again")
        self.require_all()


@contextmanager
def running(
    state: Path,
    only: Collection[str] = (),
    changed: Callable[[Standing], None] = lambda _: None,
    traced: bool = True,
) -> Iterator[Running]:
    """The services of CloudSync, or some with stand-ins for what else they call, until this ends.

    Raises:
        UnhappyError: they do not come up, or do not stop in peace.
    """
    look = opened(str(ROOT))
    if isinstance(look, int):
        raise UnhappyError("the model cannot be read")
    services = [each for each in look.model.all(Service) if not only or name_of(each.id) in only]
    with ExitStack() as stack:
        traces = state / TRACES if traced else None
        made = System(stack, look, services, state, traces)
        members = [structs.replace(each, environment=_told(each, state)) for each in made.members]
        supervisor = Supervisor(members, state, changed, about_to_listen=made.ports.hand_over)
        http = stack.enter_context(httpx.Client(timeout=30))
        found = Running(supervisor, state, http, look.model)
        try:
            supervisor.settle(Event())
            found.require_all()
            yield found
        finally:
            killed = supervisor.stop()
    if killed:
        raise UnhappyError(f"did not stop in time: {', '.join(killed)}")


def _told(member: Member, state: Path) -> dict[str, str]:
    """What else runs on the machine may take nobody's time; faults are where `Running` has them."""
    own = {"CHASSIS_PATIENCE": "20", "CHASSIS_BUS_FAULTS": str(state / FAULTS)}
    return {**own, **member.environment}


def letters(found: Running, service: str, folder: str, kind: str = "") -> list[dict[str, Any]]:
    """What a service would have sent by mail, as it lies in its local post box, oldest first."""
    paths = sorted(
        (found.state / service / folder).glob("*.json"), key=lambda each: each.stat().st_mtime_ns
    )
    read = [json.loads(each.read_text("utf-8")) for each in paths]
    return [each for each in read if not kind or each.get("kind") == kind]


def say(line: str = "") -> None:
    """A line of the story."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
