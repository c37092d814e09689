"""Full text over tasks: what the service asks of an index, and one over its own store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol
from uuid import UUID

from cloudsync_chassis.aggregate.engine import Aggregate
from cloudsync_chassis.context import Context
from cloudsync_chassis.model import from_record, to_record

from .generated import models

_MOST = 10_000
"""Tasks that one search looks at, which is also the highest total that an answer can tell."""

_CHUNK = 200


class IndexUnavailableError(Exception):
    """The index does not answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is searched for. `boards` are those that the caller may look at, and no others.

    Empty narrowings do not narrow; days are inclusive.
    """

    phrase: str
    boards: tuple[UUID, ...]
    states: tuple[str, ...]
    assignees: frozenset[UUID] = frozenset()
    labels: frozenset[str] = frozenset()
    due_from: date | None = None
    due_to: date | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """Hits by relevance, and how many there are beyond them."""

    hits: list[models.TaskEntry]
    total: int


class TaskIndex(Protocol):
    """Full text over headlines and details."""

    async def search(self, ctx: Context, question: Question, offset: int, limit: int) -> Found:
        """`limit` hits after the first `offset`.

        Raises:
            IndexUnavailableError: it does not answer.
        """
        ...


class StoreIndex:
    """Reads the tasks themselves: never stale, and good for as many as one machine holds.

    A hit has every word of the phrase, whatever its case; words in the headline weigh three times
    as much as words in the details, and of equals the one changed last comes first.
    """

    def __init__(self, tasks: Aggregate[models.Task]) -> None:
        self._tasks = tasks

    async def search(self, ctx: Context, question: Question, offset: int, limit: int) -> Found:
        """See `TaskIndex`."""
        words = question.phrase.casefold().split()
        ranked: list[tuple[int, models.Task]] = []
        seen = 0
        for start in range(0, len(question.boards), _CHUNK):
            boards = question.boards[start : start + _CHUNK]
            async for task in self._tasks.each(ctx, boardId=boards, workflowState=question.states):
                seen += 1
                if seen > _MOST:
                    break
                weight = _weight(task, words)
                if weight and _fits(task, question):
                    ranked.append((weight, task))
        ranked.sort(key=lambda each: (-each[0], -each[1].updated_at.timestamp(), each[1].number))
        hits = [_entry(task) for _, task in ranked[offset : offset + limit]]
        return Found(hits, len(ranked))


def _weight(task: models.Task, words: Sequence[str]) -> int:
    """How much a task is about the words; 0 where one of them is missing."""
    headline, details = task.headline.casefold(), (task.details or "").casefold()
    counts = [3 * headline.count(each) + details.count(each) for each in words]
    return sum(counts) if counts and all(counts) else 0


def _fits(task: models.Task, question: Question) -> bool:
    labels = {each.root for each in task.labels}
    if question.assignees and not question.assignees & set(task.assignee_ids):
        return False
    if question.labels and not question.labels & labels:
        return False
    if question.due_from is None and question.due_to is None:
        return True
    due = task.due_on
    return due is not None and (
        (question.due_from is None or due >= question.due_from)
        and (question.due_to is None or due <= question.due_to)
    )


def _entry(task: models.Task) -> models.TaskEntry:
    record: dict[str, Any] = to_record(task)
    record["taskId"] = record["id"]
    known = {info.alias or name for name, info in models.TaskEntry.model_fields.items()}
    kept = {name: value for name, value in record.items() if name in known}
    return from_record(models.TaskEntry, kept)
