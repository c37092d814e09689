"""Rendered files against the lock and the disk: what is to be done, decided before anything is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from functools import partial
from pathlib import Path

from msgspec import Struct, structs

from cloudsync_gen.engine import lock, paths
from cloudsync_gen.engine.disk import Reader
from cloudsync_gen.engine.lock import Shard
from cloudsync_gen.model.artefacts import Action, Change, Content, LockEntry, Output, Ownership

TOUCHING = (Action.CREATE, Action.UPDATE, Action.DELETE)
LOST_BASE = "the pristine base of a scaffold is not what the lock says"


class Scope(Struct, frozen=True):
    """Which units and targets a run speaks of; empty sets mean all."""

    units: frozenset[str] = frozenset()
    targets: frozenset[str] = frozenset()

    def covers(self, unit: str, target: str) -> bool:
        """Whether files of this unit and target are in scope."""
        return (not self.units or unit in self.units) and (
            not self.targets or target in self.targets
        )

    @property
    def whole(self) -> bool:
        """Whether nothing is left out."""
        return not self.units and not self.targets


class Plan(Struct, frozen=True, kw_only=True):
    """All changes, ordered by path; those of the lock and the scaffolds' bases come last.

    `orphans` are files in closed folders that are neither wanted nor locked.
    """

    changes: tuple[Change, ...]
    bookkeeping: tuple[Change, ...]
    orphans: tuple[str, ...]

    def having(self, *actions: Action) -> tuple[Change, ...]:
        """Changes with one of these actions, the lock's and bases' left out."""
        return tuple(each for each in self.changes if each.action in actions)

    @property
    def conflicts(self) -> tuple[Change, ...]:
        """What somebody has to resolve before anything is written, bases included."""
        touched = (*self.changes, *self.bookkeeping)
        return tuple(each for each in touched if each.action is Action.CONFLICT)

    @property
    def differing(self) -> tuple[str, ...]:
        """Paths that are not as wanted, lock and bases included, orphans left out."""
        touched = (*self.changes, *self.bookkeeping)
        wrong = (*TOUCHING, Action.CONFLICT)
        return tuple(each.path for each in touched if each.action in wrong)

    @property
    def clean(self) -> bool:
        """Whether the disk is what the model implies, lock included."""
        return not self.orphans and not self.differing


def read_shards(root: Path) -> dict[str, Shard]:
    """Unit -> what the lock on the disk says of its files; of a path that no file of ours can
    have, nothing.
    """
    return _shards(Reader(root))


def _shards(there: Reader) -> dict[str, Shard]:
    prefix = lock.FOLDER + "/"
    shards: dict[str, Shard] = {}
    for path in there.outputs:
        if path.startswith(prefix) and path.endswith(".json"):
            entries = lock.read_shard(there.read(path) or b"")
            kept = {name: entry for name, entry in entries.items() if not paths.fault(name)}
            shards[path[len(prefix) : -len(".json")]] = kept
    return shards


def reconcile(
    root: Path,
    rendered: Iterable[Output],
    scope: Scope,
    open_below: Iterable[str],
    untouched: Set[str] = frozenset(),
) -> Plan:
    """What is to become of every file in scope. `untouched`: see `index.untouched`. Raises
    `disk.Unsafe` for links among the outputs.
    """
    wanted = {each.path: each for each in rendered}
    there = Reader(root)
    shards = _shards(there)
    locked = {p: (unit, entry) for unit, shard in shards.items() for p, entry in shard.items()}
    changes: list[Change] = []
    for path in sorted({*wanted, *locked}):
        new = wanted.get(path)
        unit, entry = locked.get(path, (new.unit if new else "", None))
        if new is None and entry is not None and not scope.covers(unit, entry.target):
            continue
        sure = path in untouched and lock.shard_path(unit) in untouched
        changes.append(_change(there, path, new, unit, entry, sure=sure))
    kept = _entries(changes, shards, scope)
    bookkeeping = _bookkeeping(there, wanted, kept, shards, scope, untouched)
    known = {*wanted, *locked, *(each.path for each in bookkeeping)}
    orphans = _orphans(there, known, tuple(open_below)) if scope.whole else ()
    return Plan(changes=tuple(changes), bookkeeping=bookkeeping, orphans=orphans)


def _change(
    there: Reader,
    path: str,
    new: Output | None,
    unit: str,
    entry: LockEntry | None,
    *,
    sure: bool,
) -> Change:
    """`sure`: a file that is no team's is what the lock says."""
    if sure and entry is not None and entry.ownership is not Ownership.SCAFFOLD:
        old: str | None = entry.digest
    else:
        content = there.read(path)
        old = None if content is None else lock.digest(content)
    action, reason = lock.decide(new, entry, old)
    writes = new is not None and action in (Action.CREATE, Action.UPDATE)
    return Change(
        path=path,
        action=action,
        reason=reason,
        old=old,
        content=new.content if new is not None and (writes or action is Action.CONFLICT) else None,
        entry=_entry_after(action, new, entry),
        unit=new.unit if new else unit,
    )


def _entry_after(action: Action, new: Output | None, entry: LockEntry | None) -> LockEntry | None:
    """What the lock will say: a file that its team owns keeps the digest of the base it came
    from, and nothing else, or nobody would see that the rest of the entry is not what it should be.
    """
    if action in (Action.CREATE, Action.UPDATE, Action.SAME) and new is not None:
        wanted = lock.entry_of(new)
        return entry if entry == wanted else wanted
    if action is Action.KEEP and new is not None and entry is not None:
        return structs.replace(lock.entry_of(new), digest=entry.digest)
    if action is Action.DELETE:
        return None
    return entry


def _entries(
    changes: Iterable[Change], shards: Mapping[str, Shard], scope: Scope
) -> dict[str, dict[str, LockEntry]]:
    entries: dict[str, dict[str, LockEntry]] = {}
    for unit, shard in shards.items():
        out_of_scope = {p: e for p, e in shard.items() if not scope.covers(unit, e.target)}
        entries[unit] = out_of_scope
    for change in changes:
        if change.entry is not None:
            entries.setdefault(change.unit, {})[change.path] = change.entry
    return entries


def _bookkeeping(
    there: Reader,
    files: Mapping[str, Output],
    entries: Mapping[str, Mapping[str, LockEntry]],
    shards: Mapping[str, Shard],
    scope: Scope,
    untouched: Set[str],
) -> tuple[Change, ...]:
    """The shards and the pristine bases that go with the changes."""
    wanted: dict[str, _Own] = {}
    for unit in {*entries, *shards}:
        shard, path = entries.get(unit, {}), lock.shard_path(unit)
        same = path in untouched and shard == shards.get(unit)
        content = partial(lock.write_shard, shard) if shard else None
        wanted[path] = _Own(content, same=same and content is not None)
    bases = {
        lock.base_path(path): (
            entry.digest,
            lock.shard_path(unit) in untouched and shards.get(unit, {}).get(path) == entry,
        )
        for unit, shard in entries.items()
        for path, entry in shard.items()
        if entry.ownership is Ownership.SCAFFOLD
    }
    for path, each in files.items():
        base = lock.base_path(path)
        digest, sure = bases.get(base, ("", False))
        if digest == each.digest:
            wanted[base] = _Own(each.content, same=sure and base in untouched)
    if scope.whole:
        stale = (p for p in there.outputs if p.startswith(lock.BASE + "/") and p not in bases)
        wanted.update(dict.fromkeys(stale, _Own(None)))
    own = [change for path, each in sorted(wanted.items()) if (change := _own(there, path, each))]
    lost = _lost_bases(there, {path: bases[path][0] for path in sorted({*bases} - {*wanted})})
    return tuple(sorted((*own, *lost), key=lambda change: change.path))


def _lost_bases(there: Reader, bases: Mapping[str, str]) -> Iterator[Change]:
    """Bases that cannot be written anew and are not what the lock says: without them, what a team
    changed in its scaffold could not be told from what the tool changed.
    """
    for path, digest in bases.items():
        present = there.read(path)
        old = None if present is None else lock.digest(present)
        if old != digest:
            yield Change(path=path, action=Action.CONFLICT, reason=LOST_BASE, old=old)


class _Own(Struct, frozen=True):
    """What a file beside the outputs is to hold; `same`: it is known to hold that."""

    content: Content | None
    same: bool = False


def _own(there: Reader, path: str, wanted: _Own) -> Change | None:
    present, content = there.read(path), wanted.content
    if present is None and content is None:
        return None
    old = None if present is None else lock.digest(present)
    if content is None:
        action, reason = Action.DELETE, "no longer needed"
    elif present is None:
        action, reason = Action.CREATE, "new"
    else:
        same = wanted.same or present == content()
        action, reason = (Action.SAME, "as wanted") if same else (Action.UPDATE, "out of date")
    return Change(path=path, action=action, reason=reason, old=old, content=content)


def _orphans(there: Reader, known: Iterable[str], open_below: tuple[str, ...]) -> tuple[str, ...]:
    expected = set(known)
    bookkept = (lock.BASE + "/", lock.FOLDER + "/")
    return tuple(
        path
        for path in there.outputs
        if path not in expected and not path.startswith(bookkept) and closed(path, open_below)
    )


def closed(path: str, open_below: tuple[str, ...]) -> bool:
    """Whether only the tool puts files there: everywhere but in a team's own folders."""
    for folder in open_below:
        if path.startswith(folder + "/"):
            return "generated" in path[len(folder) + 1 :].split("/")[:-1]
    return True
