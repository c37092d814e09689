"""Bring .venv/ in line with the locks: `python3 .ci/venv.py runtime|test`.

Does nothing when the stamp in .venv/ says that it is in line already. Otherwise installs exactly
what the lock names (hashes required), removes what it no longer names, and installs the package
itself in place. Standard library only: it runs before anything is installed.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "cloudsync-gen.stamp"
LOCKS = {"runtime": ["runtime.lock"], "test": ["runtime.lock", "test.lock"]}
LIST_INSTALLED = (
    "import importlib.metadata as m; print('\\n'.join(sorted({d.name for d in m.distributions()})))"
)
Facts = dict[str, str]


@contextlib.contextmanager
def only_one() -> Iterator[None]:
    """Let a second `make` wait instead of installing into the same folder at once."""
    with open(ROOT / "pyproject.toml") as handle:
        with contextlib.suppress(ImportError):  # Windows has no fcntl
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def digest(*names: str) -> str:
    whole = hashlib.sha256()
    for name in names:
        content = (ROOT / name).read_bytes()
        whole.update(b"%d:" % len(content) + content)
    return whole.hexdigest()


def wanted() -> Facts:
    """What the stamp says when everything is in line; a moved folder breaks every script in it."""
    interpreter = f"{sys.version} {sys.base_prefix} {ROOT}"
    locks = {level: digest(*names) for level, names in LOCKS.items()}
    locks["test"] += "".join(digest(name) for name in theirs())
    return {"interpreter": interpreter, "package": digest("pyproject.toml"), **locks}


def found() -> Facts:
    try:
        facts: Facts = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}
    return facts


def save(facts: Facts) -> None:
    STAMP.write_text(json.dumps(facts, indent=1, sort_keys=True) + "\n")


def run(*arguments: str) -> str:
    command = [str(VENV / "bin" / "python"), *arguments]
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


def pip(*arguments: str) -> None:
    run("-m", "pip", "--disable-pip-version-check", "-qq", *arguments)


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(names: list[str]) -> set[str]:
    text = "".join((ROOT / name).read_text() for name in names)
    return {canonical(name) for name in re.findall(r"(?m)^([A-Za-z0-9._-]+)==", text)}


def theirs() -> list[str]:
    """Files in which teams name libraries that their services need; those that name one."""
    found = sorted(ROOT.glob("generated/services/*/requirements.txt"))
    names = [path.relative_to(ROOT).as_posix() for path in found]
    return [name for name in names if re.search(r"(?m)^\s*[^#\s]", (ROOT / name).read_text())]


def add(files: list[str], locks: list[str]) -> None:
    """Install what teams need, in versions that leave alone what the locks name."""
    text = "".join((ROOT / name).read_text() for name in locks)
    bounds = VENV / "locked.txt"
    bounds.write_text("\n".join(re.findall(r"(?m)^[A-Za-z0-9._-]+==[^\s;]+", text)) + "\n")
    pip("install", "-c", str(bounds), *(part for name in files for part in ("-r", name)))


def install(locks: list[str]) -> None:
    # --no-deps: the locks are complete, so the resolver has nothing to find out
    files = [part for name in locks for part in ("-r", name)]
    pip("install", "--no-deps", "--require-hashes", *files)
    keep = locked(locks) | {"pip", "setuptools", "cloudsync-gen"}
    extra = [name for name in run("-c", LIST_INSTALLED).split() if canonical(name) not in keep]
    if extra:
        pip("uninstall", "-y", *extra)


def create() -> None:
    if VENV.exists():
        shutil.rmtree(VENV)
    subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)


def main(asked: str) -> None:
    want, have = wanted(), found()
    if have.get("interpreter") != want["interpreter"]:
        create()
        have = {"interpreter": want["interpreter"]}
    # an environment that has the test set keeps it, also when only the runtime is asked for
    level = "test" if asked == "test" or "test" in have else "runtime"
    stale = have.get(level) != want[level]
    if stale:
        # an install that fails half-way must not leave a stamp that says otherwise
        save({**have, level: "unfinished"})
        print(f"Installing {' and '.join(LOCKS[level])} into .venv/ ...", file=sys.stderr)
        install(LOCKS[level])
        if level == "test" and theirs():
            add(theirs(), LOCKS[level])
    if stale or have.get("package") != want["package"]:
        pip("install", "--no-deps", "--no-build-isolation", "-e", ".")
        save({fact: value for fact, value in want.items() if level == "test" or fact != "test"})


if __name__ == "__main__":
    if sys.argv[1:] not in (["runtime"], ["test"]):
        sys.exit("usage: python3 .ci/venv.py runtime|test")
    os.environ.pop("PYTHONPATH", None)
    try:
        with only_one():
            main(sys.argv[1])
    except subprocess.CalledProcessError as error:
        sys.exit(f"setting up .venv/ failed: {' '.join(map(str, error.cmd))}")
