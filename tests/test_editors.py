"""Completion, hover and checking in an editor, from the schemas that the tool publishes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pytest

from cloudsync_gen.cli import main
from support.editor import Editor, editor
from support.effort import Effort
from support.readme import section

ROOT = Path(__file__).resolve().parent.parent
WHAT = "completion and checking of the model in an editor"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model as `init` begins it, with its schemas."""
    made = tmp_path_factory.mktemp("parcels")
    assert main(["init", str(made), "--name", "parcels"]) == 0
    assert main(["--root", str(made), "generate", "-j1"]) == 0
    return made


@pytest.fixture(scope="module")
def at_work(root: Path) -> Iterator[Editor]:
    with editor(root, WHAT) as made:
        yield made


def typed(path: Path, before: str, new: str) -> tuple[str, int]:
    """The text with a new line before the one that begins so, and the number of that line."""
    lines = path.read_text().split("\n")
    number = next(at for at, line in enumerate(lines) if line.startswith(before))
    return "\n".join((*lines[:number], new, *lines[number:])), number


def test_keys_that_are_missing_are_offered(root: Path, at_work: Editor) -> None:
    path = root / "model/01_motivation/goals.yaml"
    text, line = typed(path, "  target:", "  ")
    at_work.open(path, text)
    offered = at_work.completions(path, line, 2)
    assert {"baseline", "outcomes"} <= set(offered)
    assert not {"target", "name", "holder"} & set(offered)


def test_values_of_a_closed_list_are_offered(root: Path, at_work: Editor) -> None:
    path = root / "model/03_security/classifications.yaml"
    text = path.read_text()
    line = text[: text.index("  masking:")].count("\n")
    at_work.open(path, text.replace("  masking: none", "  masking: ", 1))
    assert {"none", "partial"} <= set(at_work.completions(path, line, 11))


def test_a_wrong_key_and_a_missing_one_are_marked(root: Path, at_work: Editor) -> None:
    path = root / "model/05_technology/stores.yaml"
    text, line = typed(path, "  engineVersion:", "  engin: postgresql")
    at_work.open(path, text)
    marked = dict(at_work.problems(path))
    assert marked[line] == "Property engin is not allowed."


@pytest.mark.parametrize(
    ("file", "key", "meaning"),
    [
        ("02_business/domains.yaml", "owns", "What nobody else decides."),
        ("02_business/domains.yaml", "owner", "Id of `business.actor`."),
        ("01_motivation/goals.yaml", "kpi", "What is measured."),
        ("01_motivation/goals.yaml", "name", "What people call it, in a few words."),
        ("03_security/classifications.yaml", "masking", "How much of it those see who may not see"),
        ("06_api/gateway.yaml", "perSecond", "Requests per second that it buys."),
    ],
)
def test_what_a_key_means_is_shown(
    file: str, key: str, meaning: str, root: Path, at_work: Editor
) -> None:
    """Of an element, of each element, of a part of one."""
    path = root / "model" / file
    lines = path.read_text().split("\n")
    line, column = next(
        (number, text.index(f"{key}:"))
        for number, text in enumerate(lines)
        if re.search(rf"[ {{]{key}:", text)
    )
    at_work.open(path, path.read_text())
    shown = at_work.hover(path, line, column + 1)
    assert meaning in shown
    schema = Path(file).parts[0].partition("_")[2]
    assert f"model/.schema/{schema}.json" in shown


def test_the_settings_of_readme_stand_in_for_a_line_in_the_file(root: Path) -> None:
    (block,) = re.findall(r"(?s)```json\n(.*?)```", section("In an editor"))
    path = root / "model/01_motivation/goals.yaml"
    text = path.read_text().partition("\n")[2].replace("  kpi:", "  kpii:")
    with editor(root, WHAT) as made:
        made.open(path, text)
        assert made.problems(path) == []
    with editor(root, WHAT, json.loads(block)["yaml.schemas"]) as made:
        made.open(path, text)
        assert "Property kpii is not allowed." in dict(made.problems(path)).values()


def test_nothing_is_marked_in_a_model_without_findings(effort: Effort) -> None:
    """A file of each layer; `--full`: all of them."""
    files = sorted((ROOT / "model").glob("[01]*/**/*.yaml"))
    files = [path for path in files if "$schema=" in path.read_text().partition("\n")[0]]
    layers = groupby(files, key=lambda path: path.relative_to(ROOT / "model").parts[0])
    chosen = [path for _, group in layers for path in [*group][: 1 if not effort.full else None]]
    assert len(chosen) >= 10
    with editor(ROOT, WHAT) as made:
        for path in chosen:
            made.open(path, path.read_text())
        marked = {path.name: made.problems(path) for path in chosen}
    assert {name: found for name, found in marked.items() if found} == {}
