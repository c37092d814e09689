"""Work done elsewhere is done as it would be here, and nothing of it stays."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloudsync_gen.engine import executors
from cloudsync_gen.engine.executors import FEW, Crew
from cloudsync_gen.engine.spool import Spool


def shout(task: bytes) -> bytes:
    return task.upper() + b"!"


def whose(task: bytes) -> bytes:
    return str(os.getpid()).encode()


def much(task: bytes) -> bytes:
    return task * 1_000_000


def die(task: bytes) -> bytes:
    """Where it was sent, the process ends as one ends that the system has killed."""
    if str(os.getpid()).encode() != task:
        os._exit(9)
    return task


def fail(task: bytes) -> bytes:
    raise ValueError(task.decode())


@pytest.fixture
def forked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Copies of this process; none of them may be left behind."""
    made: list[int] = []
    fork = os.fork

    def noted() -> int:
        process = fork()
        made.append(process)
        return process

    monkeypatch.setattr(os, "fork", noted)
    yield made
    for process in made:
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)


@pytest.mark.parametrize("jobs", [1, 2, 3])
@pytest.mark.parametrize("count", [0, 1, FEW, FEW + 1, 30])
def test_results_come_in_the_order_in_which_they_are_asked_for(jobs: int, count: int) -> None:
    tasks = [f"task {n}".encode() for n in range(count)]
    with Crew(jobs) as crew:
        answers = [crew.submit(shout, task, long=n == 0) for n, task in enumerate(tasks)]
        assert [answer() for answer in reversed(answers)] == [*map(shout, reversed(tasks))]


def test_of_much_work_little_is_under_way_and_the_rest_lies_in_the_spool(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(executors, "AHEAD", 4)
    tasks = [f"task {n}".encode() for n in range(60)]
    with Crew(2, spool=Spool(tmp_path, 0)) as crew:
        answers = [crew.submit(shout, task) for task in tasks]
        late = answers.pop()
        assert [answer() for answer in answers] == [*map(shout, tasks[:-1])]
        assert late() == shout(tasks[-1])


def test_little_work_is_done_here_and_much_elsewhere() -> None:
    here = str(os.getpid()).encode()
    with Crew(2) as crew:
        answers = [crew.submit(whose, b"") for _ in range(FEW)]
        assert {answer() for answer in answers} == {here}
    with Crew(1) as crew:
        answers = [crew.submit(whose, b"") for _ in range(3 * FEW)]
        assert {answer() for answer in answers} == {here}
    with Crew(2) as crew:
        answers = [crew.submit(whose, b"") for _ in range(3 * FEW)]
        assert here not in {answer() for answer in answers}


def test_what_was_expected_to_be_much_is_done_elsewhere_from_the_first() -> None:
    with Crew(2) as crew:
        crew.expect_much()
        assert crew.submit(whose, b"")() != str(os.getpid()).encode()


def test_long_work_begins_at_once_on_a_free_processor(forked: list[int]) -> None:
    here = str(os.getpid()).encode()
    with Crew(2) as crew:
        first, second = (crew.submit(whose, b"", long=True) for _ in range(2))
        assert first() != here
        assert second() == here
        assert len(crew.submit(much, b"x", long=True)()) == 1_000_000
    with Crew(1) as crew:
        assert crew.submit(whose, b"", long=True)() == here
    assert len(forked) == 2


def test_what_is_done_beside_sees_all_that_is_here_and_changes_nothing(forked: list[int]) -> None:
    seen = [b"one"]

    def look() -> bytes:
        seen.append(str(os.getpid()).encode())
        return b" ".join(seen)

    with Crew(2) as crew:
        assert crew.beside(look)() == f"one {forked[0]}".encode()
        assert seen == [b"one"]
    with Crew(1) as crew:
        assert crew.beside(look)() == f"one {os.getpid()}".encode()
    assert len(seen) == 2


def test_what_is_done_apart_leaves_nothing_here_though_no_processor_is_free(
    forked: list[int],
) -> None:
    made: list[bytes] = []

    def make() -> bytes:
        made.append(b"much")
        return str(os.getpid()).encode()

    with Crew(1) as crew:
        assert crew.beside(make, apart=True)() == str(forked[0]).encode()
        assert made == []
        assert crew.beside(make)() == str(os.getpid()).encode()
    assert made == [b"much"]


@pytest.mark.parametrize("count", [1, 2 * FEW])
@pytest.mark.parametrize("long", [True, False])
def test_what_goes_wrong_elsewhere_is_told_here(count: int, long: bool) -> None:
    with Crew(2) as crew:
        answers = [crew.submit(fail, b"so it is", long=long) for _ in range(count)]
        for answer in answers:
            with pytest.raises(ValueError, match="so it is"):
                answer()


@pytest.mark.parametrize("long", [True, False])
def test_work_of_processes_that_died_is_done_here(long: bool) -> None:
    here = str(os.getpid()).encode()
    with Crew(2) as crew:
        answers = [crew.submit(die, here, long=long) for _ in range(3 * FEW)]
        assert {answer() for answer in answers} == {here}


ABANDONS = """
import os, signal, sys
from cloudsync_gen.engine import executors
from cloudsync_gen.engine.executors import FEW, Crew
from cloudsync_gen.engine.spool import Spool
from unit.engine.test_executors import whose

if __name__ == "__main__":
    with Crew(2) as crew:
        answers = [crew.submit(whose, b"") for _ in range(FEW + 1)]
        print(*{answer().decode() for answer in answers}, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
"""


def test_no_process_outlives_one_that_is_killed(tmp_path: Path) -> None:
    """All of them hold its output open: that ends when the last of them does."""
    script = tmp_path / "abandons.py"
    script.write_text(ABANDONS, encoding="utf-8")
    tests = str(Path(__file__).parents[2])
    told = subprocess.run(
        [sys.executable, script],
        env={**os.environ, "PYTHONPATH": os.pathsep.join((tests, *sys.path))},
        stdout=subprocess.PIPE,
        check=False,
        timeout=60,
    )
    assert told.returncode == -signal.SIGKILL
    assert told.stdout.split()


def test_who_is_not_asked_is_not_waited_for(forked: list[int]) -> None:
    with Crew(3) as crew:
        for _ in range(2):
            crew.submit(much, b"x" * 100, long=True)
    assert len(forked) == 2


def test_of_work_that_is_done_elsewhere_nothing_is_kept() -> None:
    class Large:
        def __call__(self) -> bytes:
            return b"done"

    work = Large()
    there = weakref.ref(work)
    with Crew(2) as crew:
        answer = crew.beside(work)
        del work
        assert answer() == b"done"
        gc.collect()
        assert there() is None
