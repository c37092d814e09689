"""`generate` at the edges: git's word on differences, progress, lost bases, settings that hide."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from cloudsync_gen.cli import main
from cloudsync_gen.engine import lock
from support.rules import BASE
from support.trees import edited, read_tree, write_tree

SERVICES, CALLS = "generated/docs/SERVICES.md", "generated/docs/CALLS.md"
RECIPE, APM = "model/04_application/brewing/recipe.yaml", "model/11_apm/apm.yaml"
PRESS = "model/06_api/grpc-services/press.proto"
OPENAPI = "model/06_api/rest-apis/recipe.openapi.yaml"
HANDLERS = "generated/services/recipe/src/recipe/handlers.py"
DOCS = ("generate", "--target", "docs", "-j1")


def run(root: Path, *arguments: str) -> int:
    return main(["--root", str(root), *arguments])


def git(root: Path, *command: str) -> None:
    whole = ["git", "-c", "user.name=a", "-c", "user.email=a@b.example", *command]
    subprocess.run(whole, cwd=root, check=True, capture_output=True)


def edit(root: Path, path: str, old: str, new: str) -> None:
    write_tree(root, edited({path: (root / path).read_bytes()}, {path: {old: new}}))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = write_tree(tmp_path / "root", read_tree(BASE))
    assert run(root, *DOCS) == 0
    return root


@pytest.fixture
def committed(root: Path) -> Path:
    git(root, "init", "-q", "-b", "main")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "x")
    return root


def complaint(root: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    capsys.readouterr()
    assert run(root, *DOCS, "--check") == 1
    return capsys.readouterr().err.splitlines()[1:]


LAST = "run `cloudsync-gen generate` and commit what it writes"


def test_an_edit_that_is_not_committed_is_a_dirty_tree(
    committed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (committed / SERVICES).open("a") as file:
        file.write("mine\n")
    assert complaint(committed, capsys) == [
        "changed and not committed: 1 (your tree is dirty)",
        f"resolve the conflicts, {LAST}",
    ]


def test_what_is_as_committed_has_drifted(
    committed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(committed, "model/02_business/business.yaml", "name: Selling", "name: Selling glasses")
    git(committed, "commit", "-qam", "y")
    assert complaint(committed, capsys) == [
        "as committed, and not what the model implies: 3",
        LAST,
    ]
    (committed / CALLS).unlink()
    assert complaint(committed, capsys) == [
        "changed and not committed: 1 (your tree is dirty)",
        "as committed, and not what the model implies: 2",
        LAST,
    ]


def test_without_git_nothing_is_said_of_commits(
    committed: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (committed / SERVICES).unlink()
    monkeypatch.setenv("PATH", "")
    assert complaint(committed, capsys) == [LAST]


def test_outside_a_repository_nothing_is_said_of_commits(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / SERVICES).unlink()
    assert complaint(root, capsys) == [LAST]


# -- progress -------------------------------------------------------------------------------------


def on_a_terminal(root: Path, *arguments: str) -> tuple[str, str]:
    """stdout and stderr of a run whose stderr is a terminal."""
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "cloudsync_gen", "--root", str(root), *arguments]
    env = {**os.environ, "TERM": "xterm"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=follower, env=env) as process:
        os.close(follower)
        said = b""
        try:
            while block := os.read(leader, 65536):
                said += block
        except OSError:  # the other end is closed
            pass
        out = process.stdout.read().decode() if process.stdout else ""
    os.close(leader)
    assert process.returncode == 0
    return out, said.decode()


def test_somebody_who_watches_is_told_how_far_it_is(root: Path) -> None:
    out, err = on_a_terminal(root, "generate", "--target", "charts", "--no-cache", "-j1")
    assert [f"rendered {n} of 3 units" in err for n in (1, 2, 3)] == [True] * 3
    assert "rendered" not in out


def test_nobody_who_does_not_watch_is(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert run(root, "generate", "--target", "charts", "--no-cache", "-j1") == 0
    out, err = capsys.readouterr()
    assert "rendered" not in out + err


# -- diffs, bases, settings -----------------------------------------------------------------------


def test_a_diff_has_an_end(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / SERVICES).write_text("".join(f"{n}\n" for n in range(1000)))
    capsys.readouterr()
    assert run(root, *DOCS, "--dry-run", "--diff") == 0
    lines = capsys.readouterr().out.splitlines()
    assert 200 < len(lines) < 210
    assert lines[-1].endswith("more lines")


def test_a_diff_of_what_is_no_text_says_so(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / SERVICES).write_bytes(b"\xff\xfe")
    capsys.readouterr()
    assert run(root, *DOCS, "--dry-run", "--diff") == 0
    assert "  (not text)" in capsys.readouterr().out.splitlines()


def test_control_characters_of_a_file_do_not_reach_the_terminal(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / SERVICES).write_text("\x1b]0;owned\x07\x1b[2J\n")
    capsys.readouterr()
    assert run(root, *DOCS, "--dry-run", "--diff") == 0
    assert "\x1b" not in capsys.readouterr().out


def test_a_lost_base_of_an_edited_scaffold_is_told(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    service = ("generate", "recipe", "--target", "service", "-j1")
    assert run(root, *service) == 0
    with (root / HANDLERS).open("a") as file:
        file.write("\n# ours\n")
    assert run(root, *service, "--check") == 0
    shard = root / lock.shard_path("recipe")
    before = lock.digest((root / lock.base_path(HANDLERS)).read_bytes())
    shard.write_text(shard.read_text().replace(before, lock.digest(b"an older form")))
    capsys.readouterr()
    assert run(root, *service, "--check") == 1
    out = capsys.readouterr().out
    assert f"conflict {lock.base_path(HANDLERS)}" in out
    assert run(root, *service) == 5
    (root / lock.base_path(HANDLERS)).write_bytes(b"an older form")
    assert run(root, *service, "--check") == 0


def test_rules_that_are_turned_off_do_not_stop_generation(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(root, "model/11_apm/apm.yaml", "metric: litres_pressed_total", "metric: litres_pressed")
    edit(
        root, "model/11_apm/apm.yaml", "rate(litres_pressed_total[1h])", "rate(litres_pressed[1h])"
    )
    edit(
        root, "model/11_apm/apm.yaml", "rate(litres_pressed_total[5m])", "rate(litres_pressed[5m])"
    )
    capsys.readouterr()
    assert run(root, *DOCS) == 1
    assert "metric-name-style" in capsys.readouterr().out
    write_tree(root, {"cloudsync-gen.toml": 'ignore = ["metric-name-style"]\n'})
    assert run(root, *DOCS) == 0


def test_a_model_that_breaks_generation_behind_settings_is_no_bug_of_the_tool(
    root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(root, RECIPE, "store: datastore.table.recipes", "store: datastore.table.recipe")
    write_tree(root, {"cloudsync-gen.toml": '[severity]\nLNK001 = "off"\n'})

    def breaks(*_: object) -> None:
        raise KeyError("datastore.table.recipe")

    monkeypatch.setattr("cloudsync_gen.pipeline._due", breaks)
    capsys.readouterr()
    assert run(root, *DOCS) == 1
    out, err = capsys.readouterr()
    assert "LNK001" in out
    assert "settings or waivers hide" in err
    (root / "cloudsync-gen.toml").unlink()
    edit(root, RECIPE, "table.recipe\n", "table.recipes\n")
    assert run(root, *DOCS) == 70


def test_messages_that_do_not_fit_are_told_beside_what_judges_say(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = read_tree(root / "generated")
    asked = "  int32 litres = 2;\n}\n"
    edit(root, PRESS, asked, asked.replace("}", "  // Unasked.\n  string colour = 3;\n}"))
    edit(root, OPENAPI, "summary: List recipes\n", "summary: List recipes\n      tags: all\n")
    capsys.readouterr()
    assert run(root, "generate", "-j1") == 1
    out = capsys.readouterr().out
    assert f"{PRESS}:17:7: error[GEN002]" in out
    assert "RunRequest has no properties for colour" in out
    assert f"{OPENAPI}:14:13: error[CTR010]" in out
    assert read_tree(root / "generated") == before


def test_fields_that_do_not_fit_are_told_at_their_place(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    board = "model/06_api/graphql-apis/board.graphql"
    asked = "special(id: UUID!): Recipe @performs"
    edit(root, board, asked, asked.replace("UUID!)", "UUID!, colour: String)"))
    edit(root, board, "recipe(id: UUID!): Recipe @", "recipe(id: UUID): Recipe @")
    capsys.readouterr()
    assert run(root, "generate", "-j1") == 1
    out = capsys.readouterr().out
    assert f"{board}:13:3: error[GEN002] the argument `id` may be left out, and is needed" in out
    assert f"{board}:16:3: error[GEN002] nothing reads the argument `colour`" in out


def test_the_settings_say_how_many_processes(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    from cloudsync_gen import pipeline

    real = pipeline.generate

    def spy(*arguments: object, **words: object) -> object:
        seen.append(arguments[3])
        return real(*arguments, **words)  # type: ignore[arg-type]

    monkeypatch.setattr(pipeline, "generate", spy)
    write_tree(root, {"cloudsync-gen.toml": "jobs = 1\n"})
    assert run(root, "generate", "--target", "docs") == 0
    monkeypatch.setenv("CLOUDSYNC_GEN_JOBS", "2")
    assert run(root, "generate", "--target", "docs") == 0
    assert run(root, "generate", "--target", "docs", "-j", "3") == 0
    assert seen == [1, 2, 3]


# -- nothing to do --------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [(), ("--check",), ("--dry-run",)])
def test_what_is_known_to_be_written_is_not_worked_out_again(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    mode: tuple[str, ...],
) -> None:
    root = write_tree(tmp_path / "root", read_tree(BASE))
    assert run(root, "generate", "-j1") == 0
    with monkeypatch.context() as patch:
        patch.setattr("cloudsync_gen.pipeline.read_model", None)
        capsys.readouterr()
        assert run(root, "generate", *mode) == 0
        assert "nothing has changed" in capsys.readouterr().err
        assert run(root, "generate", "--no-cache") == 70, "it would have read the model"
    (root / SERVICES).unlink()
    assert run(root, "generate", "-j1") == 0
    assert (root / SERVICES).is_file()


def test_a_file_that_nothing_implies_is_told_by_every_later_check(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stranger = "contracts/openapi/old.yaml"
    assert run(root, "generate", "-j1") == 0
    write_tree(root, {stranger: "openapi: 3.1.0\n"})
    assert run(root, "generate", "-j1") == 0
    capsys.readouterr()
    assert run(root, "generate", "--check") == 1
    assert f"orphan   {stranger}" in capsys.readouterr().out
