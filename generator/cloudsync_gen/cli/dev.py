"""`dev`: run a generated service with reload, beside stand-ins for those that it calls."""

from __future__ import annotations

import argparse
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
    from cloudsync_gen.cli._look import opened
    from cloudsync_gen.cli._running import missing, service_of
    from cloudsync_gen.contracts.compile import compile_contracts
    from cloudsync_gen.model.ids import name_of

    look = opened(options.root)
    if isinstance(look, int):
        return look
    service = service_of(look, options.service)
    if isinstance(service, int):
        return service
    lacking = missing(Path(options.root, "generated", "services", name_of(service.id)))
    if lacking:
        sys.stderr.write(f"{lacking}\n")
        return USAGE
    return _serve(options, look, compile_contracts(look.model).value, service)


def _serve(options: argparse.Namespace, look: Look, contracts: Contracts, service: Service) -> int:
    from cloudsync_gen.cli._running import command_of, environment, sources, standins
    from cloudsync_gen.live.watch import run_watched
    from cloudsync_gen.model.ids import name_of
    from cloudsync_gen.naming import screaming

    name = name_of(service.id)
    port = options.port if options.port is not None else service.port
    generated = Path(options.root, "generated").resolve()
    with ExitStack() as stack:
        peers = {}
        for callee, url in standins(stack, look, contracts, service, _call):
            peers[callee] = url
            _say(f"stand-in for {callee}: {url}")
        _say(f"{name}: http://127.0.0.1:{port} (Ctrl-C ends it)")
        state = generated.parent / ".cloudsync-gen" / "dev" / name
        told = environment(generated, name, state, peers)
        told |= {f"{screaming(name)}_PORT": str(port), "PYTHONDONTWRITEBYTECODE": "1"}
        folders = () if options.once else sources(generated, name)
        return OK if run_watched(command_of(name), told, folders, _say) == 0 else FINDINGS


def _say(line: str) -> None:
    from cloudsync_gen.report.text import printable

    sys.stderr.write(f"dev: {printable(line)}\n")
    sys.stderr.flush()


def _call(line: str) -> None:
    _say(f"called {line}")
