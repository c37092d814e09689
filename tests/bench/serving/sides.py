"""What is measured against what: the generated document-service, and services written by hand."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import msgspec
from msgspec import Struct, structs

from bench.serving.load import Request, Run
from bench.serving.servers import TESTS, Server, free_port, tokens

ROOT = TESTS.parent
SERVICE = ROOT / "generated/services/document-service"
CALLERS, EACH, PAGE = 8, 50, 20
"""People, documents that each has to begin with, documents of a page."""

_TENANT = UUID("01890000-0000-7000-8000-00000000000a")
_CREATE = '{"title":"Notes on %s","documentType":"page","labels":["notes","plan"]}'
_SOURCES = (
    SERVICE / "src",
    ROOT / "templates/chassis/src",
    ROOT / "generated/clients/grpc/src",
    *sorted((ROOT / "generated/clients/python").glob("*/src")),
)
# all spans, as the one by hand exports them
_OBSERVED = {"CHASSIS_TELEMETRY": "console", "CHASSIS_TELEMETRY_SAMPLING": "1"}


class Workload(Struct, frozen=True):
    """What is asked of one side, over and over."""

    get: tuple[Request, ...]
    list: tuple[Request, ...]
    create: tuple[Request, ...]

    def named(self, name: str) -> tuple[Request, ...]:
        found: tuple[Request, ...] = getattr(self, name)
        return found


def generated(folder: Path, search: int) -> Server:
    """The service with what a machine has by default, and spans that are exported; search-service
    is at port `search`.
    """
    folder.mkdir(exist_ok=True)
    port = free_port()
    peers = msgspec.json.encode({"search-service": _address(search)}).decode()
    told = {
        "PYTHONPATH": str(_installed(folder / "site")),
        "DOCUMENT_SERVICE_PORT": str(port),
        "DOCUMENT_SERVICE_PEERS": peers,
        **_OBSERVED,
    }
    return Server(
        "document-service", [sys.executable, "-m", "document_service"], port, folder, told
    )


def _installed(site: Path) -> Path:
    """All packages in one folder, as in a service's image: of thirty each would be looked at."""
    if not site.is_dir():
        site.mkdir()
        for package in (each for source in _SOURCES for each in source.iterdir()):
            (site / package.name).symlink_to(package)
    return site


def plain(folder: Path, keys: Path | None, search: int) -> Server:
    """The one written by hand; guarded where there are keys, and search-service is told then."""
    folder.mkdir(exist_ok=True)
    port = free_port()
    line = [sys.executable, "-m", "bench.serving.plain", "--port", str(port)]
    line += ["--store", "store.sqlite", "--search", _address(search)]
    line += ["--keys", str(keys)] if keys else []
    return Server("written by hand", line, port, folder, {"PYTHONPATH": str(TESTS)})


def trivial(folder: Path) -> Server:
    return _stand_in("nothing", "trivial", folder)


def finder(folder: Path) -> Server:
    """Stands in for search-service."""
    return _stand_in("search-service", "finder", folder)


def _stand_in(name: str, module: str, folder: Path) -> Server:
    folder.mkdir(exist_ok=True)
    port = free_port()
    line = [sys.executable, "-m", f"bench.serving.{module}", str(port)]
    return Server(name, line, port, folder, {"PYTHONPATH": str(TESTS)})


def _address(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def keys_of(server: Server) -> Path:
    """The published keys of a service that makes its own."""
    return server.folder / ".state/keys/jwks.json"


def begun(server: Server, keys: Path) -> Workload:
    """Give each caller some documents, and tell what can be asked of the server then."""
    subjects = [str(UUID(int=_TENANT.int + 1 + number)) for number in range(CALLERS)]
    held = tokens(keys.parent, subjects, str(_TENANT))
    made = tuple(
        Request("POST", "/v1/documents", token, _CREATE % f"day {number}")
        for number in range(EACH)
        for token in held
    )
    got: list[Request] = []
    for token in held:
        mine = tuple(each for each in made if each.token == token)
        answers = server.ask(Run(server.port, mine, connections=1, bodies=True)).answers
        ids = [msgspec.json.decode(each)["id"] for each in answers]
        got += [Request("GET", f"/v1/documents/{each}", token) for each in ids]
    # neighbours in time are of different callers
    got = [got[number + EACH * who] for number in range(EACH) for who in range(CALLERS)]
    page = Request("GET", f"/v1/documents?limit={PAGE}")
    listed = tuple(structs.replace(page, token=token) for token in held)
    return Workload(tuple(got), listed, made)


@contextmanager
def started(server: Server) -> Iterator[Server]:
    """Stopped at the end."""
    try:
        yield server
    finally:
        server.stop()
