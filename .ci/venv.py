"""Bring .venv/ in line with the locks: `python3 .ci/venv.py runtime|test`.

Does nothing when the stamp in .venv/ says that it is in line already. Otherwise installs exactly what
the lock names (hashes required), removes what it no longer names, and installs the package itself
in place. Kept to old syntax, so that an old interpreter gets a sentence instead of a SyntaxError.
"""

import sys

MINIMUM = (3, 11)

if sys.version_info < MINIMUM:
    import shutil

    newer = [n for n in ("python3.13", "python3.12", "python3.11") if shutil.which(n)]
    sys.stderr.write(
        "cloudsync-gen needs Python 3.11 or newer, but %s is %d.%d.\n"
        % (sys.executable or "python3", sys.version_info[0], sys.version_info[1])
    )
    sys.stderr.write(
        "Try: make PYTHON=%s ...\n" % newer[0]
        if newer
        else "Install one, then: make PYTHON=/path/to/python3.11 ...\n"
    )
    sys.exit(2)

import contextlib
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "cloudsync-gen.stamp"
LOCKS = {"runtime": ["runtime.lock"], "test": ["runtime.lock", "test.lock"]}
LIST_INSTALLED = (
    "import importlib.metadata as m; print('\\n'.join(sorted({d.name for d in m.distributions()})))"
)


@contextlib.contextmanager
def only_one():
    """Let a second `make` wait instead of installing into the same folder at once."""
    with open(ROOT / "pyproject.toml") as handle:
        try:
            import fcntl
        except ImportError:  # Windows has no fcntl, and no two makes either
            yield
            return
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def digest(*names):
    whole = hashlib.sha256()
    for name in names:
        content = (ROOT / name).read_bytes()
        whole.update(b"%d:" % len(content) + content)
    return whole.hexdigest()


def wanted():
    """What the stamp says when everything is in line; a moved folder breaks every script in it."""
    interpreter = "%s %s %s" % (sys.version, sys.base_prefix, ROOT)
    facts = {"interpreter": interpreter, "package": digest("pyproject.toml")}
    facts.update((name, digest(*locks)) for name, locks in LOCKS.items())
    return facts


def found():
    try:
        return json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}


def save(facts):
    STAMP.write_text(json.dumps(facts, indent=1, sort_keys=True) + "\n")


def run(*arguments):
    return subprocess.run(
        [str(VENV / "bin" / "python"), *arguments],
        cwd=str(ROOT),
        check=True,
        stdout=subprocess.PIPE,
        universal_newlines=True,
    ).stdout


def pip(*arguments):
    run("-m", "pip", "--disable-pip-version-check", "-qq", *arguments)


def canonical(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(names):
    text = "".join((ROOT / name).read_text() for name in names)
    return {canonical(name) for name in re.findall(r"(?m)^([A-Za-z0-9._-]+)==", text)}


def install(locks):
    # --no-deps: the locks are complete, so the resolver has nothing to find out
    files = [part for name in locks for part in ("-r", name)]
    pip("install", "--no-deps", "--require-hashes", *files)
    keep = locked(locks) | {"pip", "setuptools", "cloudsync-gen"}
    extra = [name for name in run("-c", LIST_INSTALLED).split() if canonical(name) not in keep]
    if extra:
        pip("uninstall", "-y", *extra)


def main(level):
    with only_one():
        want, have = wanted(), found()
        in_line = have.get("interpreter") == want["interpreter"]
        if not in_line and VENV.exists():
            shutil.rmtree(str(VENV))
        if not in_line:
            have = {}
            subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
        # an environment that has the test set keeps it, also when only the runtime is asked for
        test = level == "test" or "test" in have
        level = "test" if test else "runtime"
        stale = have.get(level) != want[level]
        if stale:
            sys.stderr.write("Installing %s into .venv/ ...\n" % " and ".join(LOCKS[level]))
            install(LOCKS[level])
        if stale or have.get("package") != want["package"]:
            pip("install", "--no-deps", "--no-build-isolation", "-e", ".")
            done = want if test else {k: v for k, v in want.items() if k != "test"}
            save(done)


if __name__ == "__main__":
    if sys.argv[1:] not in (["runtime"], ["test"]):
        sys.exit("usage: python3 .ci/venv.py runtime|test")
    os.environ.pop("PYTHONPATH", None)
    try:
        main(sys.argv[1])
    except subprocess.CalledProcessError as error:
        sys.exit("setting up .venv/ failed: %s" % " ".join(map(str, error.cmd)))
