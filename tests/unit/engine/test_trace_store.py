"""The state of traces lies in pieces: what one of them lost is made again, and nothing is mixed."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from cloudsync_gen.load.cache import ParseCache
from cloudsync_gen.model.trace_store import State, Trace, TraceStore

MANIFEST = b"one"


def state(traces: int, files: int = 3, *, told: bytes = b"a") -> State:
    names = [f"layer.type.{number}" for number in range(10_000)]
    return State(
        manifest=MANIFEST,
        names=names,
        files={f"model/{number}.yaml": (b"digest", told) for number in range(files)},
        contracts={"openapi/page.yaml": raw({"packed": told})},
        traces={
            f"units docs {number}": raw(Trace(told, ["schemas"], b"", [(["name"], b"\0\0\0\0")]))
            for number in range(traces)
        },
    )


def raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.msgpack.encode(value))


class Disk:
    """Counts what is written."""

    def __init__(self) -> None:
        self.held: dict[str, bytes] = {}
        self.written: list[str] = []

    @property
    def store(self) -> TraceStore:
        return TraceStore(ParseCache(self.held.get, self._write))

    def _write(self, key: str, content: bytes) -> None:
        self.held[key] = content
        self.written.append(key)

    def wrote(self) -> list[str]:
        found, self.written = self.written, []
        return found


def test_what_was_written_is_read() -> None:
    disk = Disk()
    disk.store.write(state(5_000))
    assert disk.store.read(MANIFEST) == state(5_000)
    assert disk.store.read(b"another") == State(manifest=b"another")
    assert Disk().store.read(MANIFEST) == State(manifest=MANIFEST)


def test_pieces_that_stay_are_not_written_again() -> None:
    disk = Disk()
    disk.store.write(state(5_000))
    whole = len(disk.wrote())
    store = disk.store
    found = store.read(MANIFEST)
    store.write(found)
    assert disk.wrote() == []
    found.traces["units docs 7"] = raw(Trace(b"b", [], b"", []))
    found.names.append("layer.type.new")
    store.write(found)
    assert len(disk.wrote()) == 3 < whole, "a piece of traces, the last one of names, the index"
    assert disk.store.read(MANIFEST) == found


def flipped(content: bytes) -> bytes:
    return content[:-1] + bytes([content[-1] ^ 1])


@pytest.mark.parametrize(
    ("spoil", "parts"),
    [(flipped, 9), (lambda _: None, 8), (lambda _: b"", 8), (lambda _: b"\xc0", 8)],
)
def test_a_piece_that_is_not_what_it_was_is_not_there(
    spoil: Callable[[bytes], bytes | None], parts: int
) -> None:
    disk = Disk()
    disk.store.write(state(5_000))
    less = 0  # the last byte of the index tells of a piece of traces
    for key in [*disk.held]:
        content = disk.held.pop(key)
        spoilt = spoil(content)
        if spoilt is not None:
            disk.held[key] = spoilt
        store = disk.store
        found = store.read(MANIFEST)
        if found == State(manifest=MANIFEST):
            disk.held[key] = content
            continue
        less += 1
        assert found.traces.items() < state(5_000).traces.items()
        assert (found.names, found.files) == (state(0).names, state(0).files)
        store.write(state(5_000))
        assert disk.store.read(MANIFEST) == state(5_000), "what was lost is written again"
    assert less == parts, "pieces of traces alone may be lost"


def test_a_piece_of_another_run_is_not_there() -> None:
    """As a run leaves it that was interrupted between pieces, or wrote at the same time."""
    mine, other = Disk(), Disk()
    mine.store.write(state(5_000))
    other.store.write(state(5_000, told=b"b"))
    for key in mine.held:
        mixed = Disk()
        mixed.held = {**mine.held, key: other.held[key]}
        found = mixed.store.read(MANIFEST)
        same = other.held[key] == mine.held[key]
        assert found.traces.items() <= state(5_000).traces.items()
        assert same or found != state(5_000)


def test_pieces_grow_with_what_they_hold() -> None:
    disk = Disk()
    disk.store.write(state(500))
    few = len(disk.wrote())
    disk.store.write(state(50_000))
    assert few == 6
    assert 50 < len(disk.wrote()) < 100
    assert disk.store.read(MANIFEST) == state(50_000)
