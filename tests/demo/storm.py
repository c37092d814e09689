"""Trouble on the running system: services killed, paused, told again what they have heard.

What is done follows from the seed; when it meets what is under way does not. A service that is
killed between an event and its acknowledgement is where a message is lost and comes again.
"""

from __future__ import annotations

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
        self._random = Random(seed)
        self._pause = pause
        self._next = time.monotonic()
        self._asleep: dict[str, float] = {}

    def blow(self) -> None:
        """One thing, if it is time; whoever was hit before comes to again."""
        now = time.monotonic()
        for name in [each for each, until in self._asleep.items() if until <= now]:
            self._wake(name)
        if now < self._next:
            return
        self._next = now + self._pause
        name = self._random.choice(HIT)
        kind = self._random.choice(("kill", "pause", "repeat"))
        if name in self._asleep or not self._found.is_ready(name):
            return
        if kind == "repeat":
            self._repeat(name)
        else:
            self._asleep[name] = now + self._random.uniform(0.1, 2.0)
            self._hit(name, kind)
        self.done[kind] += 1

    def calm(self) -> None:
        """Everybody is awake again."""
        for name in list(self._asleep):
            self._wake(name)
        for name in HIT:
            if name in self._found.supervisor.all:
                self._found.until(f"{name} again", partial(self._found.is_ready, name))

    def _hit(self, name: str, kind: str) -> None:
        if kind == "kill":
            self._found.supervisor.kill(name)
        else:
            self._signal(name, signal.SIGSTOP)

    def _wake(self, name: str) -> None:
        self._asleep.pop(name)
        child = self._found.supervisor.all[name].child
        if child is not None and child.poll() is None:
            self._signal(name, signal.SIGCONT)
        else:
            self._found.supervisor.start(name)

    def _signal(self, name: str, number: signal.Signals) -> None:
        child = self._found.supervisor.all[name].child
        if child is not None:
            child.send_signal(number)

    def _repeat(self, name: str) -> None:
        """Its group hears the last events of each topic again."""
        with closing(sqlite3.connect(self._found.state / "bus.sqlite", timeout=30)) as bus, bus:
            bus.execute(
                "update offsets set position = max(0, position - ?) where consumers = ?",
                (self._random.randint(1, _BACK), name),
            )


def weather(found: Running, customers: list[Customer], seed: int, seconds: float) -> Counter[str]:
    """A storm of so many seconds while they order, and the calm until the last order has ended;
    what was done and what became of it.

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
    return sum((each.tried for each in customers), storm.done)


def _at_rest(found: Running, customers: list[Customer]) -> bool:
    return not [each for each in customers if each.go_on(found, new_ones=bool(each.key))]
