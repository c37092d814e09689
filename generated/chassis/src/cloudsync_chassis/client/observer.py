"""Who is told what becomes of the calls to one service: nobody, unless somebody is named."""

from __future__ import annotations

from cloudsync_chassis.client.call import Call


class Observer:
    """Hears of everything and keeps nothing; metrics override what they count."""

    def ended(self, call: Call, status: int, seconds: float) -> None:
        """A call is over, retries included. `status`: as HTTP has it, 0 where no answer came."""

    def retried(self, succeeded: bool) -> None:
        """Another attempt after a failed one, and whether it was answered."""

    def refused(self) -> None:
        """A call was not made: the callee holds its share of this service already."""

    def out_of_time(self) -> None:
        """A call was given up since the deadline of the whole request had come."""

    def turned(self, state: str) -> None:
        """The breaker is now `closed`, `half-open` or `open`."""

    def stood_in(self, kind: str) -> None:
        """The edge's fallback answered: `omitted`, `default`, `cached` or `queued`."""


SILENT = Observer()
