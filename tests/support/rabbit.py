"""A real RabbitMQ for tests: the machine's own, else Debian's packages unpacked, unprivileged."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.postgres import free_port, open_up, unprivileged

_START_SECONDS = 90
_PACKAGES = (
    *("rabbitmq-server", "erlang-base", "erlang-asn1", "erlang-crypto", "erlang-eldap"),
    *("erlang-inets", "erlang-mnesia", "erlang-os-mon", "erlang-parsetools"),
    *("erlang-public-key", "erlang-runtime-tools", "erlang-ssl", "erlang-syntax-tools"),
    *("erlang-tools", "erlang-xmerl"),
)


class RabbitPlaces:
    """Where the server and its Erlang lie: below `/`, or below a folder of unpacked packages."""

    def __init__(self, root: Path) -> None:
        self.erlang = root / "usr/lib/erlang"
        self.server = root / "usr/lib/rabbitmq/bin/rabbitmq-server"

    @property
    def runtime(self) -> Path:
        """Where the programs of Erlang's virtual machine are."""
        return next(self.erlang.glob("erts-*")) / "bin"

    @property
    def complete(self) -> bool:
        """Whether both are there."""
        return self.server.exists() and (self.erlang / "bin").is_dir()


def places(scratch: Path) -> RabbitPlaces:
    """The machine's own server, else the packages of its distribution, fetched into `scratch`.

    Raises:
        RuntimeError: neither is to be had.
    """
    installed = RabbitPlaces(Path("/"))
    if installed.complete:
        return installed
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise RuntimeError("install rabbitmq-server: this test talks to a real one")
    packages = scratch / "packages"
    packages.mkdir(parents=True, exist_ok=True)
    fetch = ("apt-get", "download", "-qq", "-o", "APT::Sandbox::User=root", *_PACKAGES)
    subprocess.run(fetch, cwd=packages, check=True, stdout=subprocess.DEVNULL)
    unpacked = scratch / "root"
    for each in sorted(packages.glob("*.deb")):
        subprocess.run(("dpkg-deb", "-x", str(each), str(unpacked)), check=True)
    return RabbitPlaces(unpacked)


@contextmanager
def broker(folder: Path) -> Iterator[str]:
    """Runs a broker below `folder`; yields its AMQP URL.

    Its port mapper is a process of its own that ends with it: the one that Erlang would start by
    itself outlives it.
    """
    found = places(folder)
    open_up(folder)
    prefix = unprivileged(folder)
    port, mapper_port = free_port(), free_port()
    environment = _environment(folder, found, port, mapper_port)
    epmd = (str(found.runtime / "epmd"), "-address", "127.0.0.1", "-port", str(mapper_port))
    with open(folder / "broker.log", "wb") as log:
        mapper = subprocess.Popen([*prefix, *epmd], env=environment, stdout=log, stderr=log)
        server = subprocess.Popen(
            # runuser sets HOME, where Erlang keeps its cookie
            [*prefix, "env", f"HOME={folder / 'state'}", "/bin/sh", str(found.server)],
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            _await(port, server, folder / "broker.log")
            yield f"amqp://guest:guest@127.0.0.1:{port}/"
        finally:
            for process in (server, mapper):
                process.terminate()
                process.wait(30)


def _environment(folder: Path, found: RabbitPlaces, port: int, mapper_port: int) -> dict[str, str]:
    state = folder / "state"
    state.mkdir(exist_ok=True)
    open_up(state)
    return {
        "PATH": os.pathsep.join((str(_erl(folder, found)), os.environ.get("PATH", ""))),
        "LC_ALL": "C.UTF-8",
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_PORT": str(mapper_port),
        "RABBITMQ_CONF_ENV_FILE": str(state / "none.conf"),
        "RABBITMQ_CONFIG_FILE": str(state / "rabbitmq"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(state / "enabled_plugins"),
        "RABBITMQ_MNESIA_BASE": str(state / "mnesia"),
        "RABBITMQ_LOG_BASE": str(state / "log"),
        "RABBITMQ_LOGS": "-",
        "RABBITMQ_NODENAME": f"test{port}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(free_port()),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
    }


def _erl(folder: Path, found: RabbitPlaces) -> Path:
    """A folder with `erl`: the packaged one knows no place but its own below `/usr/lib`."""
    program = folder / "bin" / "erl"
    program.parent.mkdir(exist_ok=True)
    program.write_text(
        "#!/bin/sh\n"
        f"export EMU=beam PROGNAME=erl ROOTDIR='{found.erlang}' BINDIR='{found.runtime}'\n"
        'exec "$BINDIR/erlexec" "$@"\n'
    )
    program.chmod(0o755)
    open_up(program.parent)
    return program.parent


def _await(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while b"Server startup complete" not in log.read_bytes():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"RabbitMQ on {port} did not start: {log.read_text()[-2000:]}")
        time.sleep(0.1)
