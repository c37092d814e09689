"""What the tool makes of a model with hostile texts, in this process and with what it remembers."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from cloudsync_gen import pipeline
from cloudsync_gen.diagnostics import Diagnostic, Severity
from cloudsync_gen.engine.reconcile import Scope
from support.payloads import CANARY
from support.rules import Memory
from support.tree_shapes import NotReadable, shape, words_of
from support.trees import Files, write_tree

_ALWAYS_THE_SAME = ("generated/chassis/", "generated/charts/library/", "model/.schema/")
_CHASSIS = Path(__file__).parents[2] / "templates" / "chassis" / "src"
MEMORY = Memory()


def judged(files: Files) -> list[Diagnostic]:
    """Errors that stand in the way, contracts put together, nothing rendered."""
    return _errors(pipeline.compile_model(files, store=MEMORY).checked.diagnostics)


def judged_whole(files: Files) -> list[Diagnostic]:
    """Errors that stand in the way, those of files that are rendered included."""
    return _errors(pipeline.generate(files, Scope(), MEMORY, 1).diagnostics)


def _errors(found: Iterable[Diagnostic]) -> list[Diagnostic]:
    return [each for each in found if each.severity is Severity.ERROR]


def outputs(files: Files) -> Files:
    """What a model without errors implies, without what no model changes."""
    made = pipeline.generate(files, Scope(), MEMORY, 1)
    if made.rendered is None:
        raise ValueError(f"not a model to generate from: {_errors(made.diagnostics)[:3]}")
    rendered = {each.path: each.content() for each in made.rendered}
    return {k: v for k, v in rendered.items() if not k.startswith(_ALWAYS_THE_SAME)}


class Trees:
    """The trees of outputs that hold nothing hostile, to which those of others are compared."""

    def __init__(self, plain: Files) -> None:
        self._plain = plain
        self._words = words_of(plain)
        self._shapes: dict[str, Any] = {}

    def differences(self, other: Mapping[str, bytes]) -> Iterator[str]:
        """Where the others' trees are not the same."""
        for path in sorted({*self._plain} ^ {*other}):
            yield f"{path}: {'missing' if path in self._plain else 'there'}"
        for path in sorted({*self._plain} & {*other}):
            if self._plain[path] == other[path]:
                continue
            if path not in self._shapes:
                self._shapes[path] = shape(path, self._plain[path], self._words)
            try:
                found = shape(path, other[path], self._words)
            except NotReadable as error:
                yield str(error)
                continue
            yield from (f"{path}: {each}" for each in _first(self._shapes[path], found))


def _first(one: Any, other: Any) -> Iterator[str]:
    if isinstance(one, list | tuple) and type(one) is type(other) and len(one) == len(other):
        for here, there in zip(one, other, strict=True):
            if here != there:
                yield from _first(here, there)
                return
    elif one != other:
        yield f"{str(one)[:300]} became {str(other)[:300]}"


_IMPORTER = """
import importlib, json, os, sys, traceback
from pathlib import Path
import fastapi, grpc, strawberry, sqlalchemy, pydantic.root_model, opentelemetry.sdk.trace

for path in sorted(Path(os.environ["PYTHONPATH"]).rglob("*.py")):
    steps = path.relative_to(os.environ["PYTHONPATH"]).with_suffix("").parts
    if steps[-1] not in ("__main__", "__init__"):
        try:
            importlib.import_module(".".join(steps))
        except ImportError:
            pass  # an adapter whose library is not installed

def import_all(folder, roots, tell):
    def watch(event, arguments):
        if event in ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork"):
            tell(f"{event}: {arguments}"[:3000])
        if event in ("socket.connect", "socket.bind", "socket.getaddrinfo"):
            tell(f"{event}: {arguments}"[:3000])
        if event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
            if arguments[0] != "/dev/null":
                tell(f"{event}: {arguments}"[:3000])

    os.chdir(folder)
    sys.path[:0] = roots
    modules = []
    for root in roots:
        for path in sorted(Path(root).rglob("*.py")):
            steps = path.relative_to(root).with_suffix("").parts
            if steps[-1] in ("__main__", "env"):
                continue
            modules.append(".".join(steps[:-1] if steps[-1] == "__init__" else steps))
    sys.addaudithook(watch)
    try:
        for name in modules:
            importlib.import_module(name)
    except BaseException:
        tell(traceback.format_exc()[-3000:])
    tell(len(modules))

for line in sys.stdin:
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        def tell(what):
            os.write(writing, json.dumps(what).encode())
            os._exit(0)
        import_all(*json.loads(line), tell)
    os.close(writing)
    with open(reading, "rb") as file:
        told = file.read().decode() or json.dumps("it ended without a word")
    os.wait()
    print(told, flush=True)
"""


@cache
def _importer() -> subprocess.Popen[str]:
    """A process that has imported what all generated packages import, and forks for each that it is
    asked to import. It ends with this one, whose pipe it reads.
    """
    return subprocess.Popen(
        [sys.executable, "-B", "-c", _IMPORTER],
        env={"PYTHONPATH": str(_CHASSIS), "PATH": "/usr/bin:/bin"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def imported(outputs_of: Files, folder: Path) -> int:
    """How many modules of the generated packages a process of its own imports, which may start no
    process, open no connection and write no file. Raises `ChildProcessError` with what it did.
    """
    write_tree(folder, outputs_of)
    roots = [*folder.glob("generated/services/*/src"), *folder.glob("generated/clients/*/*/src")]
    roots += [*folder.glob("generated/clients/grpc/src")]
    importer = _importer()
    assert importer.stdin is not None
    assert importer.stdout is not None
    importer.stdin.write(json.dumps([str(folder), [str(each) for each in roots]]) + "\n")
    importer.stdin.flush()
    told = json.loads(importer.stdout.readline() or '"the importer is gone"')
    if not isinstance(told, int) or (folder / CANARY).exists():
        raise ChildProcessError(str(told) if isinstance(told, str) else f"{CANARY} is there")
    return told
