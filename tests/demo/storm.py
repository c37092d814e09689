"""Trouble on the running system: services are killed and paused, and the bus between them is slow,
loses what they say or hear, tells it twice, in another order, and once more from further back.

What is done to whom, in which order, follows from the seed; what it meets that is under way does
not. A service that is killed between an event and its acknowledgement is where a message is lost
and comes again.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from random import Random
from uuid import uuid4

import httpx

from demo import story
from demo.story import Person
from demo.system import Running, UnhappyError

HIT = (
    "subscription-service",
    "usage-service",
    "payment-service",
    "invoice-service",
    "email-service",
    "metrics-service",
    "org-service",
)
"""Those that take part in an order, and one that follows it."""

KINDS = ("kill", "pause", "repeat", "slow", "duplicate", "reorder", "drop")
"""What can happen to one of them, each once before any happens again."""

BUS = {"slow": 0.3, "duplicate": 0.3, "reorder": 0.5, "drop": 0.3}
"""What is wrong with the bus for a while, as one service sees it, and the share of its messages
that it happens to (`faulty_bus`).
"""

_LONGEST = 0.5
"""Seconds that a message is late at most."""

_ENDED = ("fulfilled", "cancelled")
_PATIENCE = 2.0
"""Seconds for an answer: the storm goes on while a service is asleep."""

_BACK = 6
"""How many events a group hears again at most."""


@dataclass
class Customer:
    """Somebody who orders one time after the other; each second card is declined."""

    person: Person
    token: str
    cards: tuple[str, str]
    number: int = 0
    order: str = ""
    key: str = ""
    subscription: str = ""
    tried: Counter[str] = field(default_factory=Counter)

    def go_on(self, found: Running, new_ones: bool) -> bool:
        """Place an order or see how the last one stands; whether one is under way."""
        found.token = self.token
        try:
            if self.order:
                self._look(found)
            elif new_ones:
                self._place(found)
        except (UnhappyError, httpx.TransportError):
            self.tried["unanswered"] += 1
        return bool(self.order or (self.key and new_ones))

    def _place(self, found: Running) -> None:
        self.key = self.key or str(uuid4())
        body = {
            "planCode": "team-2026",
            "billingInterval": "month",
            "currency": "usd",
            "seatQuantity": 3 + self.number,
            "paymentMethodId": self.cards[self.number % 2],
        }
        if self.subscription:
            body |= {"kind": "planChange", "subscriptionId": self.subscription}
        made = found.ask("POST", "subscription-service", "/orders", body, 202, self.key)
        self.order, self.key = str(made["id"]), ""
        self.tried["placed"] += 1

    def _look(self, found: Running) -> None:
        seen = found.ask("GET", "subscription-service", f"/orders/{self.order}")
        if seen["status"] in _ENDED:
            self.tried[seen["status"]] += 1
            self.number += 1
            if seen["status"] == "fulfilled":
                self.subscription = seen["subscriptionId"]
            self.order = ""


def customer(found: Running, person: Person) -> Customer:
    """Somebody who has signed in, with a card that works and one that does not."""
    story.billing_address(found)
    cards = story.card(found, "good"), story.card(found, "declined")
    return Customer(person, found.token, cards)


class Storm:
    """Does something every `pause` seconds; `done` counts it."""

    def __init__(self, found: Running, seed: int, pause: float = 1.0) -> None:
        self.done: Counter[str] = Counter()
        self._found = found
        self._seed = seed
        self._random = Random(seed)
        self._pause = pause
        self._next = time.monotonic()
        self._left: list[str] = []
        self._asleep: dict[str, float] = {}
        self._wrong: dict[tuple[str, str], float] = {}

    def blow(self) -> None:
        """One thing, if it is time; whoever was hit before comes to again."""
        now = time.monotonic()
        self._recover(now)
        if now < self._next:
            return
        self._next = now + self._pause
        if not self._left:
            self._left = self._random.sample(KINDS, len(KINDS))
        name, seconds = self._random.choice(HIT), self._random.uniform(0.1, 2.0)
        if name in self._asleep or not self._found.is_ready(name):
            return
        kind = self._left.pop()
        if kind in BUS:
            self._wrong[name, kind] = now + self._pause + seconds
            self._tell()
        elif kind == "repeat":
            self._repeat(name)
        else:
            self._asleep[name] = now + seconds
            self._hit(name, kind)
        self.done[kind] += 1

    def calm(self) -> None:
        """Everybody is awake again, and the bus as it should be."""
        self._recover(float("inf"))
        for name in HIT:
            if name in self._found.supervisor.all:
                self._found.until(f"{name} again", partial(self._found.is_ready, name))

    def _recover(self, now: float) -> None:
        for name in [each for each, until in self._asleep.items() if until <= now]:
            self._wake(name)
        over = [each for each, until in self._wrong.items() if until <= now]
        for each in over:
            del self._wrong[each]
        if over:
            self._tell()

    def _tell(self) -> None:
        """Have the bus do wrong by those whose turn it is, from one moment to the next."""
        services: dict[str, dict[str, float]] = {}
        for name, kind in self._wrong:
            services.setdefault(name, {})[kind] = BUS[kind]
        plan = {"seed": self._seed, "longest": _LONGEST, "services": services}
        made = self._found.faults.with_suffix(".new")
        made.write_text(json.dumps(plan), "utf-8")
        os.replace(made, self._found.faults)

    def _hit(self, name: str, kind: str) -> None:
        pid = self._found.supervisor.all[name].pid
        if kind == "kill":
            self._found.supervisor.kill(name)
        elif pid is not None:
            os.kill(pid, signal.SIGSTOP)

    def _wake(self, name: str) -> None:
        self._asleep.pop(name)
        pid = self._found.supervisor.all[name].pid
        if pid is not None:
            os.kill(pid, signal.SIGCONT)
        else:
            self._found.supervisor.start(name)

    def _repeat(self, name: str) -> None:
        """Its group hears the last events of each topic again."""
        with closing(sqlite3.connect(self._found.state / "bus.sqlite", timeout=30)) as bus, bus:
            bus.execute(
                "update offsets set position = max(0, position - ?) where consumers = ?",
                (self._random.randint(1, _BACK), name),
            )


def struck(found: Running) -> Counter[str]:
    """How many messages something happened to on the bus, by what the services say of it."""
    counted: Counter[str] = Counter()
    for name in HIT:
        log = found.supervisor.all[name].log.read_text("utf-8", "replace")
        told = (json.loads(line) for line in log.splitlines() if '"bus_fault"' in line)
        counted.update(f"{each['kind']} messages" for each in told)
    return counted


def weather(found: Running, customers: list[Customer], seed: int, seconds: float) -> Counter[str]:
    """A storm of so many seconds while they order, and the calm until the last order has ended;
    what was done, to how many messages, and what became of the orders.

    Raises:
        UnhappyError: an order does not end.
    """
    storm, until = Storm(found, seed), time.monotonic() + seconds
    found.http.timeout = httpx.Timeout(_PATIENCE)
    while time.monotonic() < until:
        storm.blow()
        for each in customers:
            each.go_on(found, new_ones=True)
        found.supervisor.step()
        time.sleep(0.05)
    storm.calm()
    found.until("the end of all orders", lambda: _at_rest(found, customers), 240)
    return sum((each.tried for each in customers), storm.done + struck(found))


def _at_rest(found: Running, customers: list[Customer]) -> bool:
    return not [each for each in customers if each.go_on(found, new_ones=bool(each.key))]
