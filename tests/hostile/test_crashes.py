"""Whatever happens to a run of `generate`: the next one ends with the bytes of one to which nothing
happened, and files that people own are never touched.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import TypeVar

import pytest

from cloudsync_gen.cli import main
from cloudsync_gen.engine import cache
from support.crashing import CHANGING, Run
from support.effort import Effort
from support.rules import BASE
from support.trees import Files, edited, read_tree, write_tree

HANDLERS = "generated/services/recipe/src/recipe/handlers.py"
OWNED: Files = {
    HANDLERS: b'"""Ours."""\n\nfrom recipe.generated.defaults import DefaultHandlers\n\n\n'
    b"class Handlers(DefaultHandlers):\n    pass\n",
    "generated/services/recipe/src/recipe/prices.py": b"PRICE = 3\n",
    "README.md": b"nobody's business\n",
}
STALL = read_tree(Path(__file__).parents[1] / "overlays" / "stall")
CHANGED = edited(
    read_tree(BASE),
    {
        "model/04_application/brewing/recipe.yaml": {
            "description: Keeps recipes and says which may be pressed.": (
                "description: Keeps recipes, and says who may press them."
            )
        }
    },
)


SEAL = "of every copy"


class Ground:
    """A tree that was generated, its model changed since (two services fewer, one told otherwise);
    and what the next run makes of it. `seal`: by which copies believe their cache, if they do.
    """

    def __init__(self, folder: Path, seal: str = "") -> None:
        self.seal = seal
        self.before = write_tree(folder / "before", read_tree(BASE) | STALL)
        assert generate(self.before) == 0
        for name in STALL:
            (self.before / name).unlink()
        write_tree(self.before, OWNED | CHANGED)
        after = self.copy(folder / "after")
        assert generate(after) == 0
        self.after = read_tree(after)
        self._folder = folder
        self._moments: dict[tuple[str, ...], int] = {}

    def moments(self, events: tuple[str, ...] = CHANGING) -> int:
        """How many moments a whole run has."""
        if events not in self._moments:
            root = self.copy(self._folder / f"whole{len(self._moments)}")
            run = Run(root, "generate", "-j1", events=events, seal=self.seal)
            assert run.ended()[0] == 0
            self._moments[events] = run.moments
        return self._moments[events]

    def copy(self, root: Path) -> Path:
        shutil.copytree(self.before, root, symlinks=True)
        return root


def generate(root: Path, *more: str) -> int:
    return main(["--root", str(root), "generate", "-j1", *more])


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    return Ground(tmp_path_factory.mktemp("crashes"))


@pytest.fixture(params=["cold", "warm"])
def either(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Ground:
    """Warm: the copies remember all that has not changed since, so that most of a run is its
    writing.
    """
    if request.param == "cold":
        made: Ground = request.getfixturevalue("ground")
        return made
    monkeypatch.setattr(cache, "_seal", lambda folder: SEAL.encode())
    return Ground(request.getfixturevalue("tmp_path_factory").mktemp("warm"), SEAL)


def stamps(root: Path) -> dict[str, int]:
    return {name: (root / name).stat().st_mtime_ns for name in OWNED}


def assert_mended(root: Path, ground: Ground, before: dict[str, int]) -> None:
    """Owned files are as they were; the next run makes everything as it should be, and knows."""
    assert stamps(root) == before
    assert {name: (root / name).read_bytes() for name in OWNED} == OWNED
    assert generate(root) == 0
    assert read_tree(root) == ground.after
    assert generate(root, "--check") == 0
    assert stamps(root) == before
    left = {path.name for path in (root / ".cloudsync-gen").iterdir()}
    assert left <= {".gitignore", "run.lock", "cache", "index"} | {
        name for name in left if name.startswith("index.")
    }


T = TypeVar("T")


def pairs(given: Iterator[T]) -> Iterator[T]:
    """Runs, or what holds one, begun one ahead: two at a time."""
    running = [next(given)]
    for each in given:
        running.append(each)
        yield running.pop(0)
    yield from running


@pytest.mark.parametrize("events", [(), CHANGING], ids=["anywhere", "while writing"])
def test_a_run_that_was_killed_at_any_moment_is_made_good_by_the_next(
    events: tuple[str, ...], ground: Ground, tmp_path: Path, effort: Effort
) -> None:
    """At any of the moments of a whole run, and, as often, of those that change the disk."""
    moments = Random(11).sample(range(1, ground.moments(events)), effort.count(small=2, full=100))
    roots = {moment: ground.copy(tmp_path / str(moment)) for moment in moments}
    before = {moment: stamps(root) for moment, root in roots.items()}
    runs = (
        Run(root, "generate", f"-j{1 + moment % 2}", moment=moment, events=events)
        for moment, root in roots.items()
    )
    codes = [run.ended()[0] for run in pairs(runs)]
    assert -9 in codes
    assert {*codes} <= {-9, 0}, "with two processes there are fewer moments in each"
    for moment, root in roots.items():
        assert_mended(root, ground, before[moment])
        shutil.rmtree(root)


TOLD = ("No space left on device", "No usable temporary directory")
"""What the system says of a full disk, and Python's `tempfile` where it looks for a place."""


def test_a_disk_that_fills_up_at_any_write_is_told_and_made_good(
    either: Ground, tmp_path: Path, effort: Effort
) -> None:
    ground, number = either, effort.count(small=1, full=45 if either.seal else 15)
    moments = Random(5).sample(range(1, ground.moments()), number)

    def begun() -> Iterator[tuple[Path, dict[str, int], Run]]:
        for moment in sorted(moments):
            root = ground.copy(tmp_path / str(moment))
            plan = {"what": "full", "seal": ground.seal}
            run = Run(root, "generate", "-j1", moment=moment, events=CHANGING, **plan)
            yield root, stamps(root), run

    for root, before, run in pairs(begun()):
        code, said = run.ended()
        assert code in (0, 3), said
        assert code == 0 or any(each in said for each in TOLD), said
        assert "Traceback" not in said
        assert_mended(root, ground, before)
        shutil.rmtree(root)


@pytest.mark.parametrize(
    "closed", ["generated/services/till/src/till/generated", "generated/docs", "contracts"]
)
def test_a_folder_that_may_not_be_written_stops_the_run_before_it_changes_anything(
    closed: str, ground: Ground, tmp_path: Path
) -> None:
    root = ground.copy(tmp_path / "root")
    before, tree = stamps(root), read_tree(root)
    folders = [root / closed, *(each for each in (root / closed).rglob("*") if each.is_dir())]
    for each in folders:
        each.chmod(0o555)
    code, said = Run(root, "generate", "-j1", what="closed").ended()
    for each in folders:
        each.chmod(0o755)
    assert code == 4, said
    assert "may not be written" in said
    assert read_tree(root) == tree
    assert_mended(root, ground, before)


def test_of_two_runs_at_once_one_gives_way_or_both_agree(
    ground: Ground, tmp_path: Path, effort: Effort
) -> None:
    for number in range(effort.count(small=1, full=10)):
        root = ground.copy(tmp_path / str(number))
        before = stamps(root)
        runs = [Run(root, "generate", "-j1") for _ in range(2)]
        ended = [run.ended() for run in runs]
        assert {code for code, _ in ended} <= {0, 4}, ended
        assert 0 in {code for code, _ in ended}
        for code, said in ended:
            assert (
                code == 0
                or "another `cloudsync-gen` is writing here" in said
                or ("changed while it was being replaced" in said)
            )
        assert_mended(root, ground, before)


LINKS = (
    *("generated", "contracts", "generated/services/recipe", "generated/docs"),
    *(".cloudsync-gen", ".cloudsync-gen/stage", "generated/services/recipe/src/recipe/generated"),
)


def test_a_folder_that_becomes_a_link_at_any_moment_leads_nowhere(
    either: Ground, tmp_path: Path, effort: Effort
) -> None:
    """It leads to a folder of somebody else that looks the same, which nothing changes; with the
    own one back, all is made good.
    """
    ground, random = either, Random(2)

    def begun() -> Iterator[tuple[str, Path, Path, dict[str, int], Run]]:
        for number in range(effort.count(small=2, full=160 if ground.seal else 40)):
            link, moment = random.choice(LINKS), random.randrange(1, ground.moments())
            root, away = ground.copy(tmp_path / str(number)), tmp_path / f"{number}.away"
            plan = {"away": away, "link": root / link, "what": "swap", "seal": ground.seal}
            before = stamps(root)
            run = Run(root, "generate", "-j1", moment=moment, events=CHANGING, **plan)
            yield link, root, away, before, run

    for link, root, away, before, run in pairs(begun()):
        code, said = run.ended()
        assert code in (0, 3, 4), said
        assert "Traceback" not in said
        if not (root / link).is_symlink():
            assert_mended(root, ground, before)
            continue
        known, decoy = (away.with_name(f"{away.name}.{each}") for each in ("known", "decoy"))
        nothing = frozenset[str]()
        assert read_tree(decoy, nothing) == read_tree(known, nothing), (link, root)
        (root / link).unlink()
        away.rename(root / link)
        assert_mended(root, ground, before)
        shutil.rmtree(root)


def test_what_the_state_folder_of_a_stranger_links_to_is_not_written(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "root", read_tree(BASE))
    away = write_tree(tmp_path / "away", {"profile": "mine\n", "shard/x": "mine\n"})
    shard = {f"{number:02x}": away / "shard" for number in range(256)}
    (root / ".cloudsync-gen/cache").mkdir(parents=True)
    for name, target in shard.items():
        (root / ".cloudsync-gen/cache" / name).symlink_to(target)
    for number in range(os.getpid() - 2, os.getpid() + 2):
        (root / f".cloudsync-gen/index.{number}").symlink_to(away / "profile")
        (root / f".found.sarif.{number}").symlink_to(away / "profile")
    assert generate(root) == 0
    found = ("check", "--format", "sarif", "--output", str(root / "found.sarif"))
    assert main(["--root", str(root), *found]) == 0
    assert (root / "found.sarif").stat().st_size > 100
    assert (root / ".cloudsync-gen/index").is_file()
    assert read_tree(away) == {"profile": b"mine\n", "shard/x": b"mine\n"}
