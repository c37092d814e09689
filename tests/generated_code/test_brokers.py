"""The chassis' buses over brokers that speak the real protocols: Kafka's, and RabbitMQ itself."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support import rabbit
from support.effort import Effort
from support.postgres import free_port, is_listening

ROOT = Path(__file__).parents[2]
CHASSIS = ROOT / "templates" / "chassis"


@contextmanager
def kafka(folder: Path) -> Iterator[str]:
    """An emulator with consumer groups and transactions; no wheel has Apache's own."""
    import noida_db

    program, port = Path(noida_db.__file__).with_name("noida-db"), free_port()
    command = (str(program), "start", "--data-dir", str(folder), "--only", "kafka")
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen(
            [*command, "--kafka-port", str(port)], cwd=folder, stdout=log, stderr=log
        )
        try:
            deadline = time.monotonic() + 20
            while not is_listening(port):
                assert process.poll() is None, (folder / "log").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.05)
            yield f"kafka://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(30)


def outcome(kind: str, url: str, folder: Path, of: str = "buses", only: str = "") -> str:
    """What the chassis' own tests of something say of this bus; `only`: those of that name."""
    which = f"{kind} and {only}" if only else kind
    command = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", which)
    # without a folder of its own pytest shuts the one above, in which the broker works, to others
    place = f"--basetemp={folder}"
    done = subprocess.run(
        [*command, place, str(CHASSIS / "tests" / f"test_{of}.py")],
        cwd=CHASSIS,
        env={**os.environ, f"CHASSIS_TEST_{kind.upper()}": url},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:]
    return done.stdout


def passed(said: str) -> int:
    found = re.search(r"(\d+) passed", said)
    return int(found[1]) if found else 0


def test_the_bus_keeps_its_word_over_kafka(tmp_path_factory: pytest.TempPathFactory) -> None:
    with kafka(tmp_path_factory.mktemp("kafka")) as url:
        assert passed(outcome("kafka", url, tmp_path_factory.mktemp("own"))) >= 7


def test_sagas_end_well_over_kafka(
    tmp_path_factory: pytest.TempPathFactory, effort: Effort
) -> None:
    """The log of a saga is a topic of several partitions, read by each who takes part."""
    families = ("sagas", "decided_sagas") if effort.full else ("decided_sagas",)
    only = "" if effort.full else "pivot"
    with kafka(tmp_path_factory.mktemp("kafka")) as url:
        said = [outcome("kafka", url, tmp_path_factory.mktemp("own"), f, only) for f in families]
    assert sum(map(passed, said)) >= effort.count(small=1, full=8)


def test_the_bus_keeps_its_word_over_rabbitmq(tmp_path_factory: pytest.TempPathFactory) -> None:
    with rabbit.broker(tmp_path_factory.mktemp("rabbit")) as url:
        assert passed(outcome("rabbitmq", url, tmp_path_factory.mktemp("own"))) >= 7
