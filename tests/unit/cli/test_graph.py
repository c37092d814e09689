"""`graph --format svg`: by the real d2, of any model, with any text in it."""

from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from cloudsync_gen.cli import main
from support.rules import BASE
from support.trees import edited, read_tree, write_tree

KINDS = {
    "calls": "",
    "context": "",
    "events": "",
    "saga": "",
    "sequence": "application.saga.batch",
    "goal": "sell-forty-cups",
}
FILES = read_tree(BASE) | read_tree(BASE.parents[1] / "rules" / "sagas" / "_base")
HOSTILE = 'it\'s ${HOME} @/etc/passwd |md <b> "x" \\ } { # -> ; *.style: 1'


def drawn(root: Path, kind: str, capsys: pytest.CaptureFixture[str]) -> ElementTree.Element:
    about = [KINDS[kind]] if KINDS[kind] else []
    assert main(["--root", str(root), "graph", "--kind", kind, *about, "--format", "svg"]) == 0
    return ElementTree.fromstring(capsys.readouterr().out)


def texts(picture: ElementTree.Element) -> str:
    return " ".join(
        "".join(each.itertext()) for each in picture.iter() if each.tag.endswith("text")
    )


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_a_picture(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = drawn(write_tree(tmp_path, FILES), kind, capsys)
    assert picture.tag.endswith("svg")
    assert "lambda" in texts(picture) or kind in ("context", "goal")


def test_text_of_a_model_is_only_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = "model/02_business/business.yaml"
    written = HOSTILE.replace("\\", "\\\\").replace('"', '\\"')
    hostile = edited(read_tree(BASE), {model: {"  name: Brewing\n": f'  name: "{written}"\n'}})
    said = texts(drawn(write_tree(tmp_path, hostile), "context", capsys))
    assert HOSTILE in said
    assert "root:" not in said


def test_an_empty_graph_is_no_picture(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--root", str(BASE), "graph", "--kind", "saga", "--format", "svg"]) == 0
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "nothing to draw\n")


def test_without_the_program_it_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    monkeypatch.setenv("PATH", "")
    assert main(["--root", str(BASE), "graph", "--format", "svg"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "cloudsync-gen[svg]" in said.err
