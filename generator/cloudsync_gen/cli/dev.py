"""`dev`: run a generated service with reload, beside stand-ins for those that it calls."""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from cloudsync_gen.cli.dispatch import FINDINGS, OK, USAGE

if TYPE_CHECKING:
    from cloudsync_gen.cli._look import Look
    from cloudsync_gen.model.contracts import Contracts
    from cloudsync_gen.model.layers.application import Service

EXAMPLES = """
dev document  serve it, beside stand-ins
dev document --port 9000  on a port of your choice
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("service", metavar="SERVICE", help="name or id of the service")
    parser.add_argument("--port", type=int, help="where it listens (default: as the model says)")
    parser.add_argument("--once", action="store_true", help="do not watch its sources")


def run(options: argparse.Namespace) -> int:
    from cloudsync_gen.cli._look import element_of, opened
    from cloudsync_gen.contracts.compile import compile_contracts
    from cloudsync_gen.model.ids import name_of
    from cloudsync_gen.model.layers.application import Service

    look = opened(options.root)
    if isinstance(look, int):
        return look
    meant = _meant(look, options.service)
    found = element_of(look, meant, ("application.service",))
    if isinstance(found, int):
        return found
    service = look.model.get(Service, found)
    if service is None:
        return USAGE
    folder = Path(options.root, "generated", "services", name_of(service.id))
    missing = _missing(folder)
    if missing:
        sys.stderr.write(f"{missing}\n")
        return USAGE
    return _serve(options, look, compile_contracts(look.model).value, service)


def _meant(look: Look, given: str) -> str:
    """The id of the one service whose name begins with the given word, else what was given."""
    from cloudsync_gen.model.ids import name_of
    from cloudsync_gen.model.layers.application import Service

    services = [each.id for each in look.model.all(Service)]
    if f"application.service.{given}" in services:
        return f"application.service.{given}"
    begun = [each for each in services if name_of(each).startswith(f"{given}-")]
    return begun[0] if len(begun) == 1 else given


def _missing(folder: Path) -> str:
    """What has to be done first."""
    from importlib.util import find_spec

    if not folder.is_dir():
        return f"there is no `{folder}`; run `cloudsync-gen generate` first"
    lacking = [name for name in ("fastapi", "sqlalchemy", "joserfc") if find_spec(name) is None]
    if lacking:
        return (
            f"this Python has no {', '.join(lacking)}, which services need; "
            "run `make venv`, or install `generated/chassis[server,graphql,grpc]`"
        )
    return ""


def _serve(options: argparse.Namespace, look: Look, contracts: Contracts, service: Service) -> int:
    from cloudsync_gen.live import by_grpc, by_http
    from cloudsync_gen.live.watch import run_watched
    from cloudsync_gen.model.ids import name_of
    from cloudsync_gen.naming import screaming
    from cloudsync_gen.targets._packages import package_of
    from cloudsync_gen.targets._standins import standins_of

    name = name_of(service.id)
    port = options.port if options.port is not None else service.port
    generated = Path(options.root, "generated").resolve()
    with ExitStack() as stack:
        peers = {}
        for each in standins_of(look.model, contracts, service):
            serving = by_grpc.serving if each.rpc else by_http.serving
            peers[each.service] = stack.enter_context(serving(each, _call))
            _say(f"stand-in for {each.service}: {peers[each.service]}")
        _say(f"{name}: http://127.0.0.1:{port} (Ctrl-C ends it)")
        environment = _environment(generated, name, peers)
        environment[f"{screaming(name)}_PORT"] = str(port)
        command = [sys.executable, "-m", package_of(name)]
        folders = [generated / "services" / name / "src", generated / "chassis" / "src"]
        if options.once:
            folders = []
        return OK if run_watched(command, environment, folders, _say) == 0 else FINDINGS


def _environment(generated: Path, name: str, peers: dict[str, str]) -> dict[str, str]:
    """Where the service finds its sources, its peers and a place for its state."""
    import json

    sources = [
        generated / "services" / name / "src",
        *sorted((generated / "clients").glob("python/*/src")),
        generated / "clients" / "grpc" / "src",
        generated / "chassis" / "src",
    ]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(map(str, sources)),
        "PYTHONDONTWRITEBYTECODE": "1",
        "CHASSIS_STATE_DIR": str(generated.parent / ".cloudsync-gen" / "dev" / name),
        "CHASSIS_PEERS": json.dumps(peers),
    }


def _say(line: str) -> None:
    from cloudsync_gen.report.text import printable

    sys.stderr.write(f"dev: {printable(line)}\n")
    sys.stderr.flush()


def _call(line: str) -> None:
    _say(f"called {line}")
