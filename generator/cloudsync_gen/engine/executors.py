"""Runs pure work on several processes; the order of results is the order of the work."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor


def default_jobs() -> int:
    """Processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def each(work: Callable[[bytes], bytes], items: Iterable[bytes], jobs: int) -> Iterator[bytes]:
    """`work` of every item, in order. `work` must be a function of a module (it is sent by
    name).
    """
    tasks = list(items)
    workers = min(jobs, len(tasks))
    if workers < 2:
        yield from map(work, tasks)
        return
    method = "fork" if sys.platform == "linux" else "spawn"
    context = multiprocessing.get_context(method)
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        yield from pool.map(work, tasks)
