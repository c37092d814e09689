"""Nothing that is committed is trusted: whatever byte of an output or of the lock is changed, the
output built anew from the model tells. What a team wrote into its scaffolds is the team's.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from random import Random

import pytest
from msgspec import Struct

from cloudsync_gen import pipeline
from cloudsync_gen.engine import lock
from cloudsync_gen.engine.cache import Store
from cloudsync_gen.engine.executors import default_jobs
from cloudsync_gen.engine.reconcile import Plan, Scope
from cloudsync_gen.engine.write import apply
from cloudsync_gen.model.artefacts import Action, Output, Ownership
from support.effort import Effort
from support.rules import BASE
from support.trees import read_tree, write_tree

ROOT = Path(__file__).resolve().parents[1]
SEED = 5
EDITED = "generated/services/recipe/src/recipe/handlers.py"


class Built(Struct, frozen=True):
    """A tree with its output, and what its model implies, of which no cache knew anything."""

    root: Path
    rendered: tuple[Output, ...]

    def plan(self) -> Plan:
        return pipeline.plan(self.root, self.rendered, Scope())

    def found(self) -> frozenset[str]:
        plan = self.plan()
        return frozenset((*plan.differing, *plan.orphans))

    def outputs(self) -> list[str]:
        """Files that are the tool's alone, the lock left out."""
        own = {e.path for e in self.rendered if e.ownership is not Ownership.SCAFFOLD}
        bases = {name for name in read_tree(self.root) if name.startswith(f"{lock.BASE}/")}
        return sorted(own | bases)

    def shards(self) -> list[Path]:
        return sorted((self.root / lock.FOLDER).glob("*.json"))


def rendered(root: Path) -> tuple[Output, ...]:
    """What the model implies, and nothing remembered."""
    tree = pipeline.read_model(root)
    made = pipeline.generate(tree, Scope(), Store(None), default_jobs())
    assert made.rendered is not None, made.diagnostics
    return made.rendered


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """A model with one service whose team has written a handler."""
    root = write_tree(tmp_path_factory.mktemp("small"), read_tree(BASE))
    built = Built(root, rendered(root))
    plan = built.plan()
    apply(root, (*plan.changes, *plan.bookkeeping))
    with (root / EDITED).open("ab") as file:
        file.write(b"\n# ours\n")
    assert built.plan().clean
    assert EDITED in {each.path for each in built.plan().having(Action.KEEP)}
    return built


@pytest.fixture
def tree(small: Built, tmp_path: Path) -> Built:
    """A copy to be tampered with."""
    shutil.copytree(small.root, tmp_path / "tree")
    return Built(tmp_path / "tree", small.rendered)


def flip(path: Path, random: Random) -> None:
    """Changes one bit of one byte; an empty file gets one."""
    content = bytearray(path.read_bytes() or b"\0")
    content[random.randrange(len(content))] ^= 1 << random.randrange(8)
    path.write_bytes(content)


def tamper(built: Built, names: Iterable[str]) -> None:
    """Edits outputs, and what the lock says of them, so that both agree."""
    names = set(names)
    for name in names:
        (built.root / name).write_bytes((built.root / name).read_bytes() + b" ")
    for path in built.shards():
        stored = json.loads(path.read_bytes())
        for name in names & stored["files"].keys():
            stored["files"][name]["digest"] = lock.digest((built.root / name).read_bytes())
        entries = lock.read_shard(json.dumps(stored).encode())
        path.write_bytes(lock.write_shard(entries))


def test_a_flipped_bit_of_any_output_is_found(tree: Built) -> None:
    random, names = Random(SEED), tree.outputs()
    for name in names:
        flip(tree.root / name, random)
    assert set(names) <= tree.found()
    assert len(names) > 100


def test_a_flipped_bit_of_any_lock_is_found(tree: Built, effort: Effort) -> None:
    random = Random(SEED)
    for path in tree.shards():
        before = path.read_bytes()
        for _ in range(effort.count(small=3, full=100)):
            flip(path, random)
            assert tree.found(), path.read_bytes()
            path.write_bytes(before)
    assert tree.plan().clean


def test_a_lock_that_is_no_text_is_found(tree: Built) -> None:
    path = tree.shards()[0]
    path.write_bytes(path.read_bytes().replace(b"generated", b"generat\xe1d", 1))
    assert tree.found()


def test_each_line_of_a_kept_scaffold_in_the_lock_is_found(tree: Built) -> None:
    """Its digest is of the base that it came from; the rest is what the model says."""
    (path,) = (each for each in tree.shards() if f'"{EDITED}"'.encode() in each.read_bytes())
    before = path.read_bytes()
    start = before.index(f'"{EDITED}"'.encode())
    for place in range(start, before.index(b"\n", start), 7):
        path.write_bytes(before[:place] + bytes([before[place] ^ 1]) + before[place + 1 :])
        assert tree.found(), before[place - 20 : place + 20]


def test_an_output_with_an_equally_edited_lock_is_found(tree: Built) -> None:
    names = [each.path for each in tree.rendered if each.path != EDITED]
    tamper(tree, names)
    assert set(names) <= tree.found()


def test_a_pristine_scaffold_with_base_and_lock_edited_is_found(tree: Built) -> None:
    """All three that there are of it agree; it only is not what the model implies."""
    names = [
        each.path
        for each in tree.rendered
        if each.ownership is Ownership.SCAFFOLD and each.path != EDITED
    ]
    tamper(tree, names)
    for name in names:
        shutil.copyfile(tree.root / name, tree.root / lock.base_path(name))
    assert names
    assert set(names) <= tree.found()


def test_changes_of_many_outputs_and_locks_at_once_are_all_found(
    small: Built, tmp_path: Path, effort: Effort
) -> None:
    """In full over this repository's own model, in files that are as it implies."""
    source = ROOT if effort.full else small.root
    for name in ("model", "contracts", "generated"):
        shutil.copytree(source / name, tmp_path / name)
    built = Built(tmp_path, rendered(tmp_path) if effort.full else small.rendered)
    random, stale = Random(SEED), built.found()
    clean = [each for each in built.outputs() if each not in stale]
    names = random.sample(clean, effort.count(small=90, full=600))
    edited = len(names) // 3
    for name in names[edited:]:
        flip(tmp_path / name, random)
    tamper(built, names[:edited])
    assert set(names) <= built.found()
    shards = {path.relative_to(tmp_path).as_posix() for path in built.shards()}
    for name in shards - built.found():
        flip(tmp_path / name, random)
    assert shards <= built.found()
