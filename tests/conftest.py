"""Options, profiles and fixtures for all tests."""

from __future__ import annotations

import os
import signal

import pytest
from hypothesis import HealthCheck, settings

from cloudsync_gen.engine.executors import default_jobs
from support import shared
from support.effort import Effort
from support.golden import Golden

UPDATE = "--update-golden"

settings.register_profile("small", max_examples=20, derandomize=True, deadline=None, database=None)
settings.register_profile(
    "full",
    max_examples=500,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(UPDATE, action="store_true", help="rewrite the expected files of what ran")
    parser.addoption("--full", action="store_true", help="the figures of `make test-all`")
    parser.addoption("--seed", type=int, help="random changes other than those of every run")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption(UPDATE) and os.environ.get("CI"):
        raise pytest.UsageError(
            f"{UPDATE} is refused in CI: there the expected files are the judge"
        )
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # what a shell starts in the background ignores it, and all that is started there
        signal.signal(signal.SIGINT, signal.default_int_handler)
    settings.load_profile("full" if config.getoption("--full") else "small")
    if not hasattr(config, "workerinput"):  # of several processes it is the first that tidies up
        shared.begin()
        config.add_cleanup(shared.end)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What others find made begins first: types of all that is imported, which mypy remembers."""
    items.sort(key=lambda item: item.path.name != "test_lint.py")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than processors: a fifth of the time a test waits for servers and clocks."""
    return default_jobs() + 1


@pytest.fixture(scope="session")
def effort(pytestconfig: pytest.Config) -> Effort:
    seed = pytestconfig.getoption("--seed")
    return Effort(full=bool(pytestconfig.getoption("--full")), seed=seed)


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    file = request.node.nodeid.split("::")[0]
    command = f"make test ARGS='{file} {UPDATE}'"
    return Golden(update=bool(request.config.getoption(UPDATE)), command=command)
