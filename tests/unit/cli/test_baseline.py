"""The baseline: what may stay until a day, and what is said when the day is over or it is gone."""

from __future__ import annotations

import os
import time
from datetime import date
from pathlib import Path

import pytest

from cloudsync_gen import pipeline
from cloudsync_gen.cli import main
from cloudsync_gen.cli._clock import today
from cloudsync_gen.cli.settings import Misconfigured
from cloudsync_gen.engine import index
from cloudsync_gen.load import baseline
from cloudsync_gen.model.waivers import Entry
from support.rules import BASE
from support.trees import read_tree, write_tree

NAME = "cloudsync-gen.baseline.toml"
RECIPE = "model/04_application/brewing/recipe.yaml"
SAYS = ("--reason", "they move", "--owner", "press-crew", "--expires", "2030-01-31")
WRITE = ("--write-baseline", *SAYS)
RIGHT, WRONG = "business.actor.press-crew", "business.actor.pres-crew"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_tree(tmp_path, read_tree(BASE))
    replaced(tmp_path, f"owner: {RIGHT}\n  realizes", f"owner: {WRONG}\n  realizes")
    return tmp_path


def replaced(root: Path, old: str, new: str) -> None:
    text = (root / RECIPE).read_text("utf-8")
    assert old in text
    (root / RECIPE).write_text(text.replace(old, new, 1), "utf-8")


def check(root: Path, *flags: str, day: str = "2029-12-31") -> int:
    return main(["--root", str(root), "check", "--today", day, *flags])


def test_what_is_written_may_stay_through_its_day(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(root) == 1
    assert check(root, *WRITE) == 0
    assert f"{NAME}: 1 finding may stay" in capsys.readouterr().err
    assert check(root, day="2030-01-31") == 0
    assert capsys.readouterr().err == "no findings; 1 waived\n"
    text = (root / NAME).read_text()
    assert 'owner = "press-crew"\nexpires = 2030-01-31\n' in text
    assert check(root, *WRITE) == 0
    assert (root / NAME).read_text() == text


def test_the_day_after_it_is_told_again_with_what_was_promised(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    check(root, *WRITE)
    capsys.readouterr()
    assert check(root, day="2030-02-01") == 1
    out = capsys.readouterr().out
    assert "error[LNK001]" in out
    line = (root / NAME).read_text().splitlines().index("[[finding]]") + 2
    promised = "waived until 2030-01-31, by press-crew: they move"
    assert f"{NAME}:{line}:7: error[WVR004] {promised}" in out
    assert check(root, "--write-baseline", day="2030-02-01") == 2
    renewed = (*WRITE[:-1], "2031-01-31")
    assert check(root, *renewed, day="2030-02-01") == 0
    assert check(root, day="2030-02-01") == 0


def test_what_is_mended_leaves_a_stale_entry(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    check(root, *WRITE)
    replaced(root, WRONG, RIGHT)
    assert check(root) == 0
    assert f"{NAME}:" in (out := capsys.readouterr().out)
    assert "warning[WVR005] `LNK001` finds it no more" in out
    assert check(root, "--fail-on", "warning") == 1
    assert check(root, "--ignore", "LNK001", "--fail-on", "info") == 0
    assert check(root, "--write-baseline") == 0
    assert check(root, "--fail-on", "info") == 0
    assert "[[finding]]" not in (root / NAME).read_text()


def test_twins_keep_their_fingerprints_when_one_of_them_is_waived(root: Path) -> None:
    """Two findings of one rule, element and fact: what hides one does not rename the other."""
    replaced(root, WRONG, RIGHT)
    files = read_tree(root)
    text = (root / RECIPE).read_text("utf-8")
    state = "    - command: application.command.approve-recipe\n      from: [draft]\n"
    assert state in text
    twice = state.replace("[draft]", "[\n        dozing,{}\n        dozing]")
    comment = "  # cloudsync-gen: ignore[DDD005] a"

    def fingerprints(first: str) -> tuple[list[str], list[str]]:
        changed = text.replace(state, twice.format(first)).encode()
        made = pipeline.compile_model({**files, RECIPE: changed}).checked
        told = [each.fingerprint for each in made.diagnostics if each.code == "DDD005"]
        return told, [each.fingerprint for each in made.waived]

    (first, second), waived = fingerprints("")
    assert waived == []
    assert first != second
    assert fingerprints(comment) == ([second], [first])


def test_entries_of_rules_that_did_not_judge_the_whole_model_stay(root: Path) -> None:
    check(root, *WRITE)
    text = (root / NAME).read_text()
    assert check(root, "--select", "SLO", "--write-baseline") == 0
    assert (root / NAME).read_text() == text
    goals = root / "model" / "01_motivation" / "goals.yaml"
    kept = goals.read_bytes()
    goals.write_bytes(b"\t: [")
    assert check(root, *WRITE) == 3
    assert text.splitlines()[4] in (root / NAME).read_text().splitlines()
    goals.write_bytes(kept)
    assert check(root, *WRITE) == 0
    assert (root / NAME).read_text() == text


def test_only_findings_of_rules_may_stay(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (root / RECIPE).read_text("utf-8")
    (root / RECIPE).write_text(text + "\nx:\n  id: nonsense\n", "utf-8")
    assert check(root, *WRITE) == 1
    said = capsys.readouterr()
    assert "error[MDL003]" in said.out
    assert "LNK001" not in said.out
    assert check(root) == 1


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        (("--write-baseline",), "1 new finding; give --reason and --owner and --expires"),
        ((*WRITE[:-2],), "give --expires"),
        ((*WRITE[:-1], "soon"), "--expires: `soon` is no day; write 2027-01-31"),
        ((*WRITE[:-1], "2029-12-30"), "--expires: 2029-12-30 is over"),
        (SAYS, "--reason, --owner and --expires go with --write-baseline"),
        ((*WRITE, "--fix"), "--fix first, then --write-baseline"),
        ((*WRITE[:2], "x" * 501, *WRITE[3:]), "--reason: 500 characters at most"),
        (("--diff",), "--diff goes with --fix"),
        (("--severity", "LNK1=off"), "flags: `severity`: no rule `LNK1`; did you mean `LNK"),
    ],
)
def test_flags_that_cannot_be_meant(
    flags: tuple[str, ...], complaint: str, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(root, *flags) == 2
    said = capsys.readouterr()
    assert (said.out, complaint in said.err) == ("", True), said.err
    assert not (root / NAME).exists()


ENTRY = """[[finding]]
id = "0123456789ab"
rule = "LNK001"
reason = "a"
owner = "b"
expires = 2030-01-31
"""
BROKEN = [
    ("[[finding", "not TOML"),
    ("\xff", "not TOML"),
    (ENTRY.replace("0123456789ab", "xyz"), "matching regex"),
    (ENTRY.replace('reason = "a"\n', ""), "missing required field `reason`"),
    (ENTRY.replace('owner = "b"\n', 'owner = ""\n'), "length >= 1"),
    (ENTRY.replace("2030-01-31", '"soon"'), "Invalid"),
    (ENTRY.replace("expires = 2030-01-31\n", ""), "missing required field `expires`"),
    (ENTRY.replace("LNK001", "LNK999"), "`0123456789ab`: no rule `LNK999`; did you mean `LNK"),
    (f"{ENTRY}until = 1\n", "unknown field `until`"),
    (ENTRY + ENTRY, "`0123456789ab` has two entries; keep one"),
]


@pytest.mark.parametrize(("text", "complaint"), BROKEN)
def test_a_baseline_that_cannot_be_read_is_told(
    text: str, complaint: str, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / NAME).write_bytes(text.encode("latin-1"))
    for command in (["check"], ["generate", "--check"], ["new", "service", "a", "--domain", "b"]):
        assert main(["--root", str(root), *command]) == 2
        said = capsys.readouterr()
        assert said.out == ""
        assert complaint in said.err
        assert said.err.startswith(NAME)


def test_a_link_in_its_place_is_refused(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "secret").write_text("canary")
    (root / NAME).symlink_to(root / "secret")
    assert check(root) == 4
    assert check(root, *WRITE) == 4
    assert "canary" not in "".join(capsys.readouterr())
    assert (root / "secret").read_text() == "canary"


def test_written_is_read_as_it_was() -> None:
    odd = "a \"b\" 'c' \\ \x07 \u2028 # é ]]\nd"
    last = date(2030, 1, 2)
    entries = [
        Entry(id=f"{n:012x}", rule="LNK001", element=e, reason=odd, owner=odd, expires=last)
        for n, e in ((2, "b.c.d"), (1, ""), (3, "a.b.c"))
    ]
    read = baseline.read(NAME, baseline.written(entries))
    assert [(each.id, each.element, each.reason, each.owner) for each in read] == [
        (f"{n:012x}", e, odd, odd) for n, e in ((1, ""), (3, "a.b.c"), (2, "b.c.d"))
    ]
    lines = baseline.written(entries).decode().split("\n")
    for each in read:
        assert each.span is not None
        assert lines[each.span.line - 1][each.span.column - 1 :].startswith(each.id)


def test_what_no_text_can_hold_is_replaced(root: Path) -> None:
    assert check(root, *WRITE[:2], "they \udcff move", *WRITE[3:]) == 0
    assert 'reason = "they \ufffd move"' in (root / NAME).read_text("utf-8")
    assert check(root) == 0


def test_another_name_may_be_set(root: Path) -> None:
    (root / "cloudsync-gen.toml").write_text('baseline = "team.baseline.toml"\n')
    assert check(root, *WRITE) == 0
    assert not (root / NAME).exists()
    assert (root / "team.baseline.toml").is_file()
    assert check(root) == 0


def test_the_day_is_asked_in_one_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    assert today() == date(1970, 1, 2)
    monkeypatch.setenv("CLOUDSYNC_GEN_TODAY", "2030-02-03")
    assert today() == date(2030, 2, 3)
    assert today("2031-01-01") == date(2031, 1, 1)
    monkeypatch.setenv("CLOUDSYNC_GEN_TODAY", "tomorrow")
    with pytest.raises(Misconfigured, match="CLOUDSYNC_GEN_TODAY: `tomorrow` is no day"):
        today()


def plain(root: Path) -> tuple[int, bool]:
    """A run without flags: its exit code, and whether it remembers that all is well."""
    code = main(["--root", str(root), "check"])
    return code, index.is_clean(str(root), "check")


def test_the_index_forgets_when_waivers_change_or_their_day_is_over(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    last = f"{date.today().year + 1}-06-30"
    main(["--root", str(root), "check", *WRITE[:-1], last])
    assert plain(root) == (0, True)
    after = time.time() + 600 * 86400
    with monkeypatch.context() as patch:
        patch.setattr(time, "time", lambda: after)
        assert not index.is_clean(str(root), "check")
    with monkeypatch.context() as patch:
        patch.setenv("SOURCE_DATE_EPOCH", "0")
        assert not index.is_clean(str(root), "check")
        assert plain(root) == (0, False)
    assert plain(root) == (0, True)
    os.utime(root / NAME, ns=(1, 1))
    assert not index.is_clean(str(root), "check")
    assert plain(root) == (0, True)
    (root / NAME).unlink()
    assert plain(root) == (1, False)
    comment = f"{WRONG}  # cloudsync-gen: ignore[LNK001] they move\n"
    replaced(root, f"{WRONG}\n", comment)
    assert plain(root) == (0, True)
    replaced(root, comment, f"{WRONG}\n")
    assert plain(root) == (1, False)


def test_what_is_waived_does_not_keep_from_generating(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    replaced(root, WRONG, RIGHT)
    metric = "model/11_apm/apm.yaml"
    text = (root / metric).read_text("utf-8")
    assert "litres_pressed_total" in text
    (root / metric).write_text(text.replace("litres_pressed_total", "litres_pressed"), "utf-8")
    generate = ["--root", str(root), "generate", "--target", "docs"]
    assert main(generate) == 1
    main(["--root", str(root), "check", *WRITE])
    assert main(generate) == 0
    assert (root / "generated" / "docs").is_dir()
