"""`export dr`, read by the real `dr`."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cloudsync_gen import pipeline
from cloudsync_gen.cli import main
from cloudsync_gen.model.ids import LAYERS, layer_of
from cloudsync_gen.model.system import Model
from cloudsync_gen.report.dr import MANIFEST
from support import plain_yaml
from support.effort import Effort
from support.rules import BASE
from support.trees import read_tree, write_tree

DR = Path(sys.executable).with_name("dr")
WHOLE = Path(__file__).parents[3]


def export(root: Path, folder: Path) -> int:
    return main(["--root", str(root), "export", "dr", str(folder)])


def dr(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [str(DR), "--no-upgrade-check", *arguments],
        cwd=folder,
        env={"COLUMNS": "20000", "NO_COLOR": "1", "PATH": ""},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def listed(folder: Path, layer: str) -> dict[str, dict[str, str]]:
    said = dr(folder, "list", layer, "--output", "json")
    found: dict[str, dict[str, str]] = json.loads(said[said.index("{") :]) if "{" in said else {}
    return found


def model_of(root: Path) -> Model:
    model = pipeline.check(pipeline.read_model(root), ()).model
    assert model is not None
    return model


def test_dr_lists_every_element_of_every_layer(tmp_path: Path, effort: Effort) -> None:
    """In the small run of the small model and two layers: dr reads all of it for each."""
    for root in (BASE, WHOLE) if effort.full else (BASE,):
        folder = tmp_path / root.name
        assert export(root, folder) == 0
        model = model_of(root)
        layers = effort.count(small=2, full=len(LAYERS))
        for layer in LAYERS[:layers]:
            meant = {each for each in model.elements if layer_of(each) == layer}
            found = listed(folder, layer)
            assert found.keys() == meant
            for name, each in found.items():
                assert each["name"] == model.elements[name].name  # type: ignore[index]


def test_dr_traces_links_in_both_directions(tmp_path: Path) -> None:
    assert export(BASE, tmp_path) == 0
    model = model_of(BASE)
    service = "application.service.recipe"
    said = dr(tmp_path, "trace", service, "--max-depth", "1", "--output", "tree")
    traced = set(re.findall(r"[a-z_]+\.[a-z-]+\.[a-z0-9-]+", said)) - {service}
    links = [each for found in model.out.values() for each in found]
    near = {each.target for each in links if each.source == service}
    near |= {str(each.source) for each in links if each.target == service}
    assert traced == {each for each in near if each in model.elements}
    assert len(traced) > 20


def test_it_is_written_again_only_where_it_differs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = write_tree(tmp_path / "root", read_tree(BASE))
    target = tmp_path / "there" / "deeper"
    assert export(root, target) == 0
    first = read_tree(target / "documentation-robotics")
    capsys.readouterr()
    assert export(root, target) == 0
    assert capsys.readouterr().out == ""
    shutil.rmtree(root / "model" / "11_apm")
    manifest = root / "model" / "manifest.yaml"
    lines = manifest.read_text().splitlines()
    manifest.write_text("\n".join(each for each in lines if "11_apm" not in each) + "\n")
    assert export(root, target) == 0
    said = capsys.readouterr().out
    assert "delete   documentation-robotics/model/11_apm/elements.yaml" in said
    after = read_tree(target / "documentation-robotics")
    assert after.keys() == first.keys() - {"model/11_apm/elements.yaml"}


def test_what_somebody_else_wrote_is_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / MANIFEST).parent.mkdir(parents=True)
    (tmp_path / MANIFEST).write_text("schema: documentation-robotics-v1\n")
    assert export(BASE, tmp_path) == 4
    assert "was not written by this command" in capsys.readouterr().err
    assert (tmp_path / MANIFEST).read_text() == "schema: documentation-robotics-v1\n"
    (tmp_path / "file").write_text("")
    assert export(BASE, tmp_path / "file") == 4


def test_text_of_a_model_stays_text_for_yaml_1_1(tmp_path: Path) -> None:
    odd = {"model/02_business/odd.yaml": (
        b'odd:\n  id: business.actor.odd\n  name: "yes"\n'
        b'  description: "on: &a *b !!python/object:os.system 2026-11-26 \\u202e"\n'
        b"  kind: person\n"
    )}  # fmt: skip
    root = write_tree(tmp_path / "root", {**read_tree(BASE), **odd})
    assert export(root, tmp_path / "out") == 0
    text = next((tmp_path / "out").rglob("02_business/elements.yaml")).read_text()
    found = plain_yaml.load(text)["business.actor.odd"]
    assert (found["name"], type(found["description"])) == ("yes", str)
    assert found["description"].endswith("2026-11-26 \u202e")
    assert text.isascii()
