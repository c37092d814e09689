"""How a call fails."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pydantic import ValidationError

from cloudsync_chassis.client.call import Call
from cloudsync_chassis.client.observer import SILENT, Observer


class CallError(Exception):
    """A call did not succeed. `observer` is told what stands in for the answer."""

    observer: Observer = SILENT

    def __init__(self, call: Call, reason: str) -> None:
        super().__init__(f"{call.service}.{call.operation}: {reason}")
        self.call = call
        self.reason = reason

    @property
    def told(self) -> str:
        """Which call, and how it ended: no data of either side."""
        return str(self)

    @property
    def retriable(self) -> bool:
        """Whether the callee gave no answer, rather than said no: then a fallback applies."""
        return True


class NoAnswerError(CallError):
    """The callee did not answer in time, could not be reached, or was spared: by its breaker, or as
    it holds its share of the caller already. An answer that its contract does not allow is none.
    """


@contextmanager
def readable(call: Call) -> Iterator[None]:
    """What is read within is the callee's answer.

    Raises:
        NoAnswerError: it is not as the contract says.
    """
    try:
        yield
    except ValidationError as error:
        raise NoAnswerError(call, "the answer is not as its contract says") from error


class RefusedError(CallError):
    """The callee answered with a problem."""

    def __init__(self, call: Call, status: int, problem: Mapping[str, Any]) -> None:
        super().__init__(call, f"{status} {problem.get('title', '')}".strip())
        self.status = status
        self.problem = problem

    @property
    def retriable(self) -> bool:
        """Overload and faults of the callee count as no answer."""
        return self.status >= 500 or self.status == 429

    @property
    def slug(self) -> str:
        """The last segment of the problem's type."""
        return str(self.problem.get("type", "")).rsplit("/", 1)[-1]
