"""Images built and run without a daemon: the instructions of a Dockerfile, carried out in folders.

A stage is a folder that a process enters by `chroot`, in namespaces of its own: no network while
it is built, a read-only root and another user once it runs. The base image is stood in for by this
machine's `/usr` and by the interpreter that runs the tests; the package index by wheels of what is
installed beside it. Needs Linux and root.
"""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

KNOWN = frozenset(
    ("ARG", "FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "VOLUME", "EXPOSE", "HEALTHCHECK")
) | {"ENTRYPOINT", "CMD"}
_SYSTEM = ("usr", "bin", "lib", "lib64", "sbin")
_ETC = ("group", "gshadow", "passwd", "shadow", "login.defs", "nsswitch.conf", "ld.so.cache")
_PATH = "/opt/image/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Instruction:
    """One line of a Dockerfile, continuations joined."""

    word: str
    text: str


@dataclass(frozen=True)
class Copied:
    """What a COPY takes, from the context or from the stage called `stage`."""

    sources: tuple[str, ...]
    target: str
    stage: str = ""


@dataclass
class Stage:
    """A file system, and what the instructions have said of its processes."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)
    folder: str = "/"
    user: str = "0"
    volumes: tuple[str, ...] = ()
    port: int = 0
    health: list[str] = field(default_factory=list)
    entry: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)


def instructions(dockerfile: Path) -> list[Instruction]:
    """All of them; a word that is none of `KNOWN` is an error of this reader."""
    text = dockerfile.read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    found = [Instruction(*line.split(None, 1)) for line in lines]
    assert {each.word for each in found} <= KNOWN
    return found


def copied(instruction: Instruction) -> Copied:
    """The parts of a COPY."""
    words = instruction.text.split()
    stage = words.pop(0).removeprefix("--from=") if words[0].startswith("--from=") else ""
    return Copied(tuple(words[:-1]), words[-1], stage)


def build(dockerfile: Path, context: Path, index: Path, folder: Path) -> Stage:
    """Carry out a Dockerfile; its last stage, ready to run."""
    stages: dict[str, Stage] = {}
    stage = Stage(folder)
    for each in instructions(dockerfile):
        if each.word == "FROM":
            name = each.text.partition(" AS ")[2] or str(len(stages))
            stage = stages[name] = _base(folder / name)
        elif each.word == "COPY":
            _copy(copied(each), context, stages, stage)
        elif each.word == "RUN":
            _built(stage, index, each.text)
        else:
            _note(stage, each)
    return stage


def _base(root: Path) -> Stage:
    """A root with this machine's programs, and an environment of Python where pip installs."""
    for name in ("dev", "proc", "etc", "tmp", "index", "opt/base"):
        (root / name).mkdir(parents=True)
    (root / "tmp").chmod(0o1777)
    for name in filter(lambda name: Path("/", name).exists(), _SYSTEM):
        host = Path("/", name)
        if host.is_symlink():
            (root / name).symlink_to(host.readlink())
        else:
            (root / name).mkdir()
    for name in filter(lambda name: Path("/etc", name).exists(), _ETC):
        shutil.copy(Path("/etc", name), root / "etc" / name)
    stage = Stage(root, {"PATH": _PATH, "HOME": "/", "LD_LIBRARY_PATH": "/opt/base/lib"})
    _built(stage, root / "index", "/opt/base/bin/python3 -m venv /opt/image")
    return stage


def _copy(what: Copied, context: Path, stages: dict[str, Stage], stage: Stage) -> None:
    origin = stages[what.stage].root if what.stage else context
    target = stage.root / what.target.lstrip("/")
    if not what.target.startswith("/"):
        target = stage.root / stage.folder.lstrip("/") / what.target
    for source in what.sources:
        found = origin / source.lstrip("/")
        if found.is_dir():
            shutil.copytree(found, target, dirs_exist_ok=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(found, target)


def _note(stage: Stage, instruction: Instruction) -> None:
    text = instruction.text
    if instruction.word == "WORKDIR":
        stage.folder = text
        (stage.root / text.lstrip("/")).mkdir(parents=True, exist_ok=True)
    elif instruction.word == "ENV":
        stage.environment |= dict(each.split("=", 1) for each in shlex.split(text))
    elif instruction.word == "USER":
        stage.user = text
    elif instruction.word == "VOLUME":
        stage.volumes = tuple(json.loads(text))
    elif instruction.word == "EXPOSE":
        stage.port = int(text)
    elif instruction.word == "HEALTHCHECK":
        stage.health = json.loads(text.partition("CMD ")[2])
    elif instruction.word == "ENTRYPOINT":
        stage.entry = json.loads(text)
    elif instruction.word == "CMD":
        stage.command = json.loads(text)


def _built(stage: Stage, index: Path, command: str) -> None:
    offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "/index"}
    script = [f"mount --bind {shlex.quote(str(index))} {shlex.quote(str(stage.root / 'index'))}"]
    script.append(_entered(stage, f"cd {stage.folder}; {command}", user="0"))
    _run(stage, script, {**stage.environment, **offline})


def serve(stage: Stage, asked: str) -> str:
    """Run the image as an orchestrator would, as its user over a read-only root, until its health
    check agrees; then run the Python text `asked` beside it, and end it with SIGTERM.

    What `asked` printed; the process must have ended with 0.
    """
    healthy, begun = shlex.join(stage.health), shlex.join([*stage.entry, *stage.command])
    inside = f"""
        {begun} >/tmp/log 2>&1 & service=$!
        for _ in $(seq 200); do {healthy} 2>/dev/null && break; sleep 0.1; done
        {healthy} && python -c {shlex.quote(asked)} || {{ cat /tmp/log; exit 1; }}
        kill -TERM $service; wait $service || {{ cat /tmp/log; exit 1; }}
    """
    root = stage.root
    writable = [shlex.quote(str(root / each.lstrip("/"))) for each in stage.volumes]
    up = "import fcntl, socket, struct; fcntl.ioctl(socket.socket(), 0x8914, struct.pack('16sh', "
    script = [
        f"{shlex.quote(sys.executable)} -c {shlex.quote(up + 'b' + repr('lo') + ', 65))')}",
        *(f"mount --bind {each} {each}" for each in writable),
        f"mount -t tmpfs -o mode=1777 tmpfs {shlex.quote(str(root / 'tmp'))}",
        f"mount -o remount,ro,bind {shlex.quote(str(root))}",
        _entered(stage, inside, user=f"{stage.user}:{stage.user}"),
    ]
    return _run(stage, script, stage.environment)


def _entered(stage: Stage, command: str, user: str) -> str:
    words = ("chroot", f"--userspec={user}", str(stage.root), "/bin/sh", "-ec", command)
    return f"exec {shlex.join(words)}"


def _run(stage: Stage, script: list[str], environment: dict[str, str]) -> str:
    """Run a script within namespaces that hold the stage and nothing but what it may read."""
    root = shlex.quote(str(stage.root))
    mounts = [f"mount --bind {root} {root}", f"mount -t proc proc {root}/proc"]
    mounts.append(f"mount --rbind /dev {root}/dev")
    shared = [(f"/{each}", each) for each in _SYSTEM if Path("/", each).is_dir()]
    shared = [each for each in shared if not Path(each[0]).is_symlink()]
    for host, inside in (*shared, (sys.base_prefix, "opt/base")):
        place = shlex.quote(str(stage.root / inside))
        mounts += [f"mount --bind {shlex.quote(host)} {place}", f"mount -o remount,ro,bind {place}"]
    text = "\n".join(("set -e", *mounts, *script))
    isolated = ("unshare", "--mount", "--net", "--pid", "--fork", "--kill-child")
    done = subprocess.run(
        [*isolated, "/bin/sh", "-c", text],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{script[-1]}\n{done.stdout[-6000:]}\n{done.stderr[-6000:]}"
    return done.stdout
