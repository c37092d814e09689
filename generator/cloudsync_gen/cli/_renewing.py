"""Which services of a running system have a next version, so that `up` renews them."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cloudsync_gen.cli._system import System
    from cloudsync_gen.live.copies import Member
    from cloudsync_gen.live.supervisor import Supervisor
    from cloudsync_gen.live.watch import Seen

Version = tuple["Member", "Seen"]


class Renewing:
    """Knows of each service as what it was started last."""

    def __init__(self, system: System, root: str, say: Callable[[str], None]) -> None:
        self._system = system
        self._root = root
        self._say = say
        self._known = {each.name: _version(each) for each in system.members}

    def look(self, supervisor: Supervisor, asked: Event) -> None:
        """If it was asked for, have every service renewed whose code or surroundings have changed
        since it was started. A model that cannot be read changes nothing.
        """
        from cloudsync_gen.cli._look import opened

        if not asked.is_set():
            return
        asked.clear()
        look = opened(self._root)
        if isinstance(look, int):
            return
        changed = [each for each in self._system.as_of(look) if self._is_new(each)]
        names = ", ".join(each.name for each in changed)
        self._say(f"to be renewed: {names}" if names else "nothing has changed")
        for each in changed:
            supervisor.renew(each)

    def _is_new(self, member: Member) -> bool:
        version = _version(member)
        before, self._known[member.name] = self._known[member.name], version
        return version != before


def _version(member: Member) -> Version:
    from cloudsync_gen.live.watch import seen

    return member, seen(member.sources)
