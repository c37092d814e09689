"""What `dev` and `up` share: whether services can be run, which are meant, what each is told."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Container, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from cloudsync_gen.cli.dispatch import USAGE

if TYPE_CHECKING:
    from contextlib import ExitStack

    from cloudsync_gen.cli._look import Look
    from cloudsync_gen.model.contracts import Contracts
    from cloudsync_gen.model.layers.application import Service

_NEEDED = ("fastapi", "sqlalchemy", "joserfc")


def service_of(look: Look, given: str) -> Service | int:
    """The service that is meant: by id, by name, or by the one beginning of a name that fits; else
    the exit code after saying so.
    """
    from cloudsync_gen.cli._look import element_of
    from cloudsync_gen.model.ids import name_of
    from cloudsync_gen.model.layers.application import Service

    services = [each.id for each in look.model.all(Service)]
    meant = given
    if f"application.service.{given}" in services:
        meant = f"application.service.{given}"
    else:
        begun = [each for each in services if name_of(each).startswith(f"{given}-")]
        meant = begun[0] if len(begun) == 1 else given
    found = element_of(look, meant, ("application.service",))
    if isinstance(found, int):
        return found
    return look.model.get(Service, found) or USAGE


def missing(folder: Path) -> str:
    """What has to be done before the service that is written there can be run."""
    from importlib.util import find_spec

    if not folder.is_dir():
        return f"there is no `{folder}`; run `cloudsync-gen generate` first"
    lacking = [name for name in _NEEDED if find_spec(name) is None]
    if lacking:
        return (
            f"this Python has no {', '.join(lacking)}, which services need; "
            "run `make venv`, or install `generated/chassis[server,graphql,grpc]`"
        )
    return ""


def environment(
    generated: Path, name: str, state: Path, peers: Mapping[str, str]
) -> dict[str, str]:
    """Where the service finds its sources, its peers and a place for its state."""
    sources = [
        generated / "services" / name / "src",
        *sorted((generated / "clients").glob("python/*/src")),
        generated / "clients" / "grpc" / "src",
        generated / "chassis" / "src",
    ]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(map(str, sources)),
        "CHASSIS_STATE_DIR": str(state),
        "CHASSIS_PEERS": json.dumps(dict(peers)),
    }


def sources(generated: Path, name: str) -> tuple[Path, ...]:
    """Folders of the code that the service runs, but for clients: theirs speak to old and new."""
    return (generated / "services" / name / "src", generated / "chassis" / "src")


def command_of(name: str) -> tuple[str, ...]:
    """What serves."""
    from cloudsync_gen.model.packages import package_of

    return (sys.executable, "-m", package_of(name))


def standins(
    stack: ExitStack,
    look: Look,
    contracts: Contracts,
    service: Service,
    say: Callable[[str], None] = lambda _: None,
    present: Container[str] = (),
) -> Iterator[tuple[str, str]]:
    """Name and address of a stand-in for each service that is called and not `present`, until the
    stack closes.
    """
    from cloudsync_gen.live import by_grpc, by_http
    from cloudsync_gen.targets._standins import standins_of

    for each in standins_of(look.model, contracts, service):
        if each.service not in present:
            serving = by_grpc.serving if each.rpc else by_http.serving
            yield each.service, stack.enter_context(serving(each, say))
