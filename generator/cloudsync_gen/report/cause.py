"""Why a file is there and where an element's files are, by the lock."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

from msgspec import Struct

from cloudsync_gen.engine import disk, lock, paths
from cloudsync_gen.engine.locks import STATE
from cloudsync_gen.engine.reconcile import closed, read_shards
from cloudsync_gen.model.artefacts import LockEntry, Ownership
from cloudsync_gen.model.ids import ElementId, layer_of, name_of
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import words
from cloudsync_gen.report.table import columns
from cloudsync_gen.report.text import printable
from cloudsync_gen.source import SourceMap

Status = Literal["locked", "own", "orphan", "lock", "base", "model", "state", "outside", "missing"]
State = Literal["as written", "edited", "gone", ""]


class Source(Struct, frozen=True, kw_only=True):
    """An element that a file says something of; without a place when the model has it no more."""

    id: str
    file: str = ""
    line: int = 0


class Mention(Struct, frozen=True, kw_only=True):
    """Which elements a line names: on the line itself, or on the nearest one above that does."""

    line: int
    text: str
    named_on: int = 0
    elements: tuple[str, ...] = ()


class Cause(Struct, frozen=True, kw_only=True):
    """Why a file is there. What follows `explanation` is set for files of the lock alone."""

    path: str
    status: Status
    explanation: str
    state: State = ""
    target: str = ""
    template: str = ""
    unit: str = ""
    ownership: str = ""
    sources: tuple[Source, ...] = ()
    at: Mention | None = None


class Caused(Struct, frozen=True, kw_only=True):
    """A file that an element caused."""

    path: str
    target: str
    unit: str
    ownership: str


def cause(
    root: Path,
    path: str,
    line: int,
    open_below: tuple[str, ...],
    known: tuple[Model, SourceMap] | None,
) -> Cause:
    """Of one path, posix and relative to the root (`..` where it leads outside)."""
    for unit, shard in read_shards(root).items():
        if path in shard:
            return _locked(root, path, line, unit, shard[path], known)
    status, explanation = _unlocked(root, path, open_below)
    return Cause(path=path, status=status, explanation=explanation)


def _locked(
    root: Path,
    path: str,
    line: int,
    unit: str,
    entry: LockEntry,
    known: tuple[Model, SourceMap] | None,
) -> Cause:
    content = disk.read(root, path)
    sources = tuple(_source(each, known) for each in entry.sources)
    return Cause(
        path=path,
        status="locked",
        explanation=_OWNERS[entry.ownership],
        state=_state(entry, content),
        target=entry.target,
        template=entry.template,
        unit=unit,
        ownership=entry.ownership.value,
        sources=sources,
        at=_mention(content, line, _candidates(entry.sources, known)) if line else None,
    )


_OWNERS = {
    Ownership.GENERATED: "generated: replaced whenever the model says so",
    Ownership.SCAFFOLD: "scaffold: written once; its team's as soon as they change it",
    Ownership.FROZEN: "frozen: released, never rewritten",
}


def _state(entry: LockEntry, content: bytes | None) -> State:
    if content is None:
        return "gone"
    return "as written" if lock.digest(content) == entry.digest else "edited"


def _source(element: str, known: tuple[Model, SourceMap] | None) -> Source:
    if known is None or element not in known[0].refs:
        return Source(id=element)
    span = known[1].span(known[0].refs[ElementId(element)])
    return Source(id=element, file=span.file, line=span.line)


def _candidates(
    sources: tuple[str, ...], known: tuple[Model, SourceMap] | None
) -> dict[str, set[tuple[str, ...]]]:
    """Element -> its names in words: the sources, what is declared in their contract, schemas."""
    found = {each: {words(name_of(each))} for each in sources}
    if known is None:
        return found
    model = known[0]
    files = {
        model.refs[ElementId(e)].file for e in sources if layer_of(e) == "api" and e in model.refs
    }
    for element, value in model.elements.items():
        if model.refs[element].file in files or (files and layer_of(element) == "data_model"):
            own = {getattr(value, each, "") for each in ("operation_id", "rpc_name", "field_name")}
            found[element] = {words(name) for name in (name_of(element), *own) if name}
    return found


def _mention(
    content: bytes | None, line: int, candidates: Mapping[str, set[tuple[str, ...]]]
) -> Mention | None:
    lines = (content or b"").decode("utf-8", "replace").split("\n")
    if not 0 < line <= len(lines):
        return None
    for number in range(line, 0, -1):
        tokens = {words(token) for token in re.findall(r"[A-Za-z0-9_-]+", lines[number - 1])}
        named = tuple(each for each, names in candidates.items() if names & tokens)
        if named:
            return Mention(line=line, text=lines[line - 1], named_on=number, elements=named)
    return Mention(line=line, text=lines[line - 1])


def _unlocked(root: Path, path: str, open_below: tuple[str, ...]) -> tuple[Status, str]:
    if path.startswith(f"{lock.FOLDER}/"):
        return "lock", "the lock: what was written last time, one shard a unit"
    if path.startswith(f"{lock.BASE}/"):
        return "base", "the pristine form of a scaffold, to tell its team's changes from ours"
    if path.split("/")[0] == STATE:
        return "state", "index, cache and journal; may be deleted"
    if path.startswith("model/") and not path.startswith("model/.schema/"):
        return "model", "the model itself: people write it"
    if not any(path.startswith(f"{folder}/") for folder in paths.OUTPUT_ROOTS):
        return "outside", f"outside {', '.join(paths.OUTPUT_ROOTS)}: the tool writes nothing there"
    if disk.read(root, path) is None:
        return "missing", "neither on the disk nor in the lock"
    if closed(path, open_below):
        return "orphan", "an orphan: nothing implies it; `generate --check` fails until it is gone"
    return "own", "a file of the team's own: the tool leaves it alone"


def lines_of(view: Cause) -> Iterator[str]:
    """The text form."""
    yield f"{printable(view.path)}: {view.explanation}"
    if view.status != "locked":
        return
    facts = [("state", view.state), ("target", view.target), ("template", view.template)]
    facts.append(("unit", view.unit))
    yield from columns(facts, "  ")
    yield "  says something of:" if view.sources else "  depends on no single element"
    places = [
        (each.id, f"{each.file}:{each.line}" if each.file else "no longer declared")
        for each in view.sources
    ]
    yield from columns(places, "    ")
    if view.at is not None:
        yield f"  line {view.at.line}: {printable(view.at.text.strip())}"
        if view.at.elements:
            where = (
                "here" if view.at.named_on == view.at.line else f"above, on line {view.at.named_on}"
            )
            yield f"    {where}: {', '.join(view.at.elements)}"


def caused(root: Path, element: str) -> tuple[Caused, ...]:
    """The files of the lock that say something of an element, by path."""
    found = [
        Caused(path=path, target=entry.target, unit=unit, ownership=entry.ownership.value)
        for unit, shard in read_shards(root).items()
        for path, entry in shard.items()
        if element in entry.sources
    ]
    return tuple(sorted(found, key=lambda each: each.path))


def named(root: Path) -> Mapping[str, int]:
    """Element -> number of files that say something of it, of all elements in the lock."""
    counts: dict[str, int] = {}
    for shard in read_shards(root).values():
        for entry in shard.values():
            for element in entry.sources:
                counts[element] = counts.get(element, 0) + 1
    return counts
