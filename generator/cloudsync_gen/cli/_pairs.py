"""Which contracts `breaking` compares: those of a git revision with the model, or files."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from cloudsync_gen import pipeline
from cloudsync_gen.cli.check import exit_code
from cloudsync_gen.cli.dispatch import FINDINGS, UNREADABLE, USAGE
from cloudsync_gen.contracts.compile import compile_contracts
from cloudsync_gen.diagnostics import Diagnostic, has_errors
from cloudsync_gen.engine.cache import Store
from cloudsync_gen.load import LOCATORS, yaml_tree
from cloudsync_gen.load.findings import unreadable
from cloudsync_gen.load.git import GitFailed, tree_at
from cloudsync_gen.model.contracts import Contracts
from cloudsync_gen.model.system import Model
from cloudsync_gen.report.breaks import Pair, Side
from cloudsync_gen.source import Ref, SourceMap, Span

FOLDER = "contracts/openapi"
_SUFFIXES = (".yaml", ".yml", ".json")


class Pairs(Struct, frozen=True, kw_only=True):
    """What is compared; `models` are the states of the model that know consumers. `base`: the model
    at the git revision `name`, if it can be read.
    """

    pairs: tuple[Pair, ...]
    models: tuple[Model, ...]
    sources: SourceMap
    notes: tuple[str, ...] = ()
    base: Model | None = None
    name: str = ""


class Unusable(Exception):
    """Why nothing can be compared: findings, or a sentence; and the exit code."""

    def __init__(
        self,
        message: str = "",
        diagnostics: Iterable[Diagnostic] = (),
        sources: SourceMap | None = None,
        *,
        code: int = UNREADABLE,
    ) -> None:
        super().__init__(message)
        self.diagnostics = tuple(diagnostics)
        self.sources = sources or SourceMap({}, {})
        self.code = code


# -- a revision and the model ---------------------------------------------------------------------


def against(root: str, revision: str) -> Pairs:
    """What is committed at a revision, and what the model of the work tree implies now. Raises
    `Unusable`.
    """
    folder = Path(root)
    try:
        committed = tree_at(folder, revision, (FOLDER, "model"))
    except GitFailed as error:
        raise Unusable(str(error)) from error
    tree = pipeline.read_model(folder)
    model, contracts = _compiled(tree, Store(folder))
    old = {path: content for path, content in committed.items() if path.startswith(f"{FOLDER}/")}
    names = {f"{revision}:{path}": content for path, content in committed.items()}
    sources = SourceMap({**tree, **names}, LOCATORS)
    parsed = {path: _document(f"{revision}:{path}", old[path], sources) for path in old}
    before = _model_then(committed)
    notes = [] if old else [f"nothing below {FOLDER}/ at {revision}: every contract is new"]
    if before is None:
        notes.append(
            f"the model at {revision} cannot be read: consumers are those of today, and nobody can "
            "tell which classified properties leave newly"
        )
    return Pairs(
        pairs=tuple(_pairs(revision, parsed, model, contracts)),
        models=(model,) if before is None else (model, before),
        sources=sources,
        notes=tuple(notes),
        base=before,
        name=revision,
    )


def _compiled(tree: Mapping[str, bytes], store: Store) -> tuple[Model, Contracts]:
    checked = pipeline.check(tree, (), store)
    if checked.model is None or has_errors(checked.diagnostics):
        code = exit_code(checked.diagnostics) or FINDINGS
        raise Unusable("", checked.diagnostics, checked.sources, code=code)
    compiled = compile_contracts(checked.model)
    if has_errors(compiled.diagnostics):
        raise Unusable("", compiled.diagnostics, checked.sources, code=FINDINGS)
    return checked.model, compiled.value


def _model_then(committed: Mapping[str, bytes]) -> Model | None:
    """The model at the revision, as far as it says who consumes what."""
    tree = {path: content for path, content in committed.items() if path.startswith("model/")}
    return pipeline.check(tree, ()).model


def _pairs(
    revision: str, old: Mapping[str, Mapping[str, Any]], model: Model, contracts: Contracts
) -> Iterable[Pair]:
    now = {f"contracts/{each.path}": each for each in contracts.rest.values()}
    places = {
        contracts.schema_names[element]: Ref(file, (key, "schema"))
        for (file, key), element in model.schemas.items()
        if element in contracts.schema_names
    }
    for path in sorted(old):
        document = now.get(path)
        name = document.name if document else path.removeprefix(f"{FOLDER}/").removesuffix(".yaml")
        yield Pair(
            base=Side(file=f"{revision}:{path}", data=old[path]),
            revision=Side(
                file=path,
                data=document.data if document else None,
                source=document.file if document else "model/manifest.yaml",
                schemas=places,
            ),
            document=name,
        )


# -- files ----------------------------------------------------------------------------------------


def of_files(root: str, base: str, revision: str) -> Pairs:
    """Two documents, or those of two folders that have the same name. Raises `Unusable`."""
    old, new = _files(base), _files(revision)
    if os.path.isdir(base) != os.path.isdir(revision):
        said = f"`{base}` and `{revision}` are not both files or both folders"
        raise Unusable(said, code=USAGE)
    tree = {**old, **new}
    sources = SourceMap(tree, LOCATORS)
    parsed = {path: _document(path, content, sources) for path, content in tree.items()}
    pairs = [
        Pair(base=Side(file=a, data=parsed.get(a)), revision=Side(file=b, data=parsed.get(b)))
        for a, b in _matched(base, revision, old, new)
        if any("openapi" in parsed.get(each, {}) for each in (a, b)) or not os.path.isdir(base)
    ]
    model = _model_here(root)
    return Pairs(pairs=tuple(pairs), models=(model,) if model else (), sources=sources)


def _matched(
    base: str, revision: str, old: Iterable[str], new: Iterable[str]
) -> list[tuple[str, str]]:
    if not os.path.isdir(base):
        return [(base, revision)]
    names = {os.path.relpath(path, base) for path in old}
    names |= {os.path.relpath(path, revision) for path in new}
    return [(os.path.join(base, name), os.path.join(revision, name)) for name in sorted(names)]


def _files(given: str) -> dict[str, bytes]:
    if os.path.isdir(given):
        found = [os.path.join(p, n) for p, _, names in os.walk(given) for n in names]
        return {path: _read(path) for path in sorted(found) if path.endswith(_SUFFIXES)}
    return {given: _read(given)}


def _read(path: str) -> bytes:
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise Unusable(f"`{path}` is no plain file")
        with open(path, "rb") as file:
            return file.read(yaml_tree.MAX_BYTES + 1)
    except OSError as error:
        raise Unusable(f"`{path}`: {error.strerror}") from error


def _model_here(root: str) -> Model | None:
    """The model of the root, where there is one: it may know the consumers."""
    folder = Path(root)
    if not (folder / "model" / "manifest.yaml").is_file():
        return None
    return pipeline.check(pipeline.read_model(folder), (), Store(folder)).model


def _document(path: str, content: bytes, sources: SourceMap) -> Mapping[str, Any]:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Unusable(f"`{path}` is not UTF-8") from error
    parsed = yaml_tree.parse(path, text)
    if parsed.problems:
        raise Unusable("", unreadable(path, parsed.problems), sources)
    if not isinstance(parsed.value, dict):
        span = Span(path, 1, 1, 1, 1)
        problem = yaml_tree.Problem("SRC004", "no OpenAPI document", "a mapping belongs here", span)
        raise Unusable("", unreadable(path, (problem,)), sources)
    return parsed.value
