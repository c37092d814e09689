"""Findings in the formats of others: valid by their schema, and text of a model stays text."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from html import unescape
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema_rs
import pytest
from markdown_it import MarkdownIt

from cloudsync_gen import pipeline
from cloudsync_gen.cli import main
from cloudsync_gen.cli._options import FINDING_FORMATS
from cloudsync_gen.diagnostics import Diagnostic, Severity
from cloudsync_gen.engine.reconcile import Plan
from cloudsync_gen.model.artefacts import Action, Change, Held
from cloudsync_gen.report import drift, formats, markdown
from cloudsync_gen.report.finding import Report
from cloudsync_gen.report.text import printable
from cloudsync_gen.rules import RULES
from cloudsync_gen.source import Ref, SourceMap
from support.rules import BASE
from support.sarif import schema
from support.trees import edited, read_tree, write_tree

RECIPE = "model/04_application/brewing/recipe.yaml"
HOSTILE = "x\x1b[31m%0A::stop-commands::y,z:\u202e\u2028##[add-mask]"
OWNER = "  owner: business.actor.press-crew\n  realizes"


@pytest.fixture(scope="module")
def sarif() -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(schema())


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
    assert "##[" not in "".join(line for line in text.splitlines() if not line.startswith("::"))
    assert "add-mask" in text


def test_every_format_tells_every_finding(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    checked = pipeline.check(pipeline.read_model(root))
    number = len(checked.diagnostics)
    assert number >= 4
    assert len(json.loads(said(root, "sarif", capsys))["runs"][0]["results"]) == number
    assert len(said(root, "github", capsys).splitlines()) == number
    assert len(json.loads(said(root, "json", capsys))["findings"]) == number
    assert len(json.loads(said(root, "gitlab", capsys))) == number
    assert said(root, "markdown", capsys).count("\n- **") == number
    suites = ElementTree.fromstring(said(root, "junit", capsys))
    texts = [each.text or "" for kind in ("failure", "system-out") for each in suites.iter(kind)]
    assert sum(len(re.findall(r"(?m)^model/\S+:\d+:\d+: ", text)) for text in texts) == number


def test_the_formats_are_those_of_the_flag() -> None:
    assert formats.NAMES == FINDING_FORMATS
    with pytest.raises(ValueError, match="finding"):
        formats.render("finding", Report(command="", diagnostics=(), sources=SourceMap({}, {})))


ISSUE = {
    "type": "object",
    "required": ["description", "check_name", "fingerprint", "location", "severity"],
    "properties": {
        "description": {"type": "string", "minLength": 1},
        "check_name": {"type": "string", "minLength": 1},
        "fingerprint": {"type": "string", "minLength": 1},
        "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
        "location": {
            "type": "object",
            "required": ["path", "lines"],
            "properties": {
                "path": {"type": "string", "pattern": "^[^./]"},
                "lines": {
                    "type": "object",
                    "required": ["begin"],
                    "properties": {"begin": {"type": "integer", "minimum": 1}},
                },
            },
        },
    },
}
"""Of a code quality report: the fields that GitLab documents, all of which it needs."""


def test_gitlab_reads_it(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    issues = json.loads(said(root, "gitlab", capsys))
    judge = jsonschema_rs.validator_for({"type": "array", "items": ISSUE})
    assert [error.message for error in judge.iter_errors(issues)] == []
    assert len({each["fingerprint"] for each in issues}) == len(issues)
    assert {"major", "minor", "info"} == {each["severity"] for each in issues}


def test_junit_counts_what_it_holds(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = said(root, "junit", capsys)
    suites = ElementTree.fromstring(text)
    assert suites.tag == "testsuites"
    failures = 0
    for suite in suites:
        cases = suite.findall("testcase")
        named = [(each.get("classname"), each.get("name")) for each in cases]
        assert len(set(named)) == len(named) == int(suite.get("tests", ""))
        failing = [each for each in cases if each.find("failure") is not None]
        assert len(failing) == int(suite.get("failures", ""))
        failures += len(failing)
    assert failures == int(suites.get("failures", "")) > 0
    assert int(suites.get("tests", "")) == len(suites.findall("testsuite/testcase"))


def test_junit_has_a_case_for_each_rule_of_each_service_that_breaks_and_is_mended(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def failing(files: Mapping[str, bytes]) -> tuple[set[str], set[str]]:
        write_tree(tmp_path, files)
        main(["--root", str(tmp_path), "check", "--format", "junit"])
        cases = [*ElementTree.fromstring(capsys.readouterr().out).iter("testcase")]
        keys = {f"{each.get('classname')} {each.get('name')}" for each in cases}
        bad = [each for each in cases if each.find("failure") is not None]
        return keys, {f"{each.get('classname')} {each.get('name')}" for each in bad}

    clean = read_tree(BASE)
    broken = edited(clean, {RECIPE: {OWNER: "  owner: business.actor.pres-crew\n  realizes"}})
    services = 2
    keys, bad = failing(clean)
    assert (len(keys), bad) == (services * len(RULES), set())
    same, bad = failing(broken)
    assert same == keys
    assert bad == {"application.service.recipe LNK001 dangling-link"}


def rendered(markdown: str) -> str:
    return str(MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(markdown))


WRITTEN = [
    HOSTILE,
    "@everyone and @a/team, me@b.c",
    "#12 !34 $5 ~x %y GH-6 &7 ^8 a/b#9 a@0123abc",
    "https://a.b/c www.a.b <b onclick=x>y</b> <!-- z --> &amp; &#64;all",
    "**x** _y_ ~~z~~ [a](b) ![c](d) | e | `f` ``g`` # h",
    "a `b` c @d `e @f`",
    "`",
    "``",
    "a `b",
    "</details>",
    "\\@x",
    "x\ny",
]


@pytest.mark.parametrize("text", WRITTEN)
def test_markdown_says_what_was_meant_and_nothing_more(text: str) -> None:
    for made in (markdown.prose(text), markdown.code(text)):
        html = rendered(f"- {made}")
        assert set(re.findall(r"<(/?[a-z]+)", html)) <= {
            *("ul", "/ul", "li", "/li", "code", "/code", "span", "/span")
        }
        outside = re.sub(r"<code>.*?</code>", "", html, flags=re.DOTALL)
        pieces = [unescape(each) for each in re.split(r"<[^>]*>", outside)]
        assert not [each for each in pieces if REFERENCE.search(each)]
    words = unescape(re.sub(r"<[^>]*>", "", rendered(markdown.code(text)))).strip()
    assert words == printable(text).strip()


REFERENCE = re.compile(r"[@#!$~%^&]\w|://|www\.|\w@\w")
"""What code hosts look for in a piece of text that is no code."""


def test_markdown_names_owners_and_begins_with_its_marker(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change = {RECIPE: {"store: datastore.table.recipes": "store: datastore.table.recipe"}}
    root = write_tree(tmp_path, edited(read_tree(BASE), change))
    text = said(root, "markdown", capsys)
    assert text.startswith("<!-- cloudsync-gen check -->\n")
    summaries = re.findall(r"<summary>(.*)</summary>", text)
    plain = [unescape(re.sub("<[^>]*>", "", each)) for each in summaries]
    assert plain == ["application.service.recipe, owner business.actor.press-crew: 1 error"]
    assert text.count("<details>") == text.count("</details>") == 1


@pytest.mark.parametrize("letter", ["x", "\u00e9", "\U0001f34b", "<", "@"])
def test_markdown_is_cut_where_a_comment_ends(letter: str) -> None:
    found = tuple(
        Diagnostic(
            code="LNK001",
            name="dangling-link",
            severity=Severity.WARNING if number % 3 else Severity.ERROR,
            ref=Ref(f"model/{number % 7}.yaml", ("a", number)),
            message=letter * (number % 200),
            hint="do",
        )
        for number in range(4_000)
    )
    report = Report(command="check", diagnostics=found, sources=SourceMap({}, {}))
    text = markdown.render(report)
    size = len(text.encode("utf-16-le")) // 2
    assert markdown.MAX_LENGTH * 0.9 < size <= markdown.MAX_LENGTH
    shown = text.count("\n- **")
    (left,) = re.findall(r"(?m)^And (\d+) more \(", text)
    assert shown + int(left) == len(found)
    assert text.count("<details>") == text.count("</details>")
    assert int(left) == sum(map(int, re.findall(r"(\d+) (?:error|warning)(?=[,)])", text[-200:])))
    both = markdown.render(report, report)
    assert len(both.encode("utf-16-le")) // 2 <= markdown.MAX_LENGTH
    assert both.count("\n### cloudsync-gen check: ") == 2
    assert f"And {2 * len(found) - both.count(chr(10) + '- **')} more (" in both


def plan_of(root: Path) -> Plan:
    """A file gone, one changed by hand, one of an earlier model, one of nobody."""
    write_tree(root, {"generated/b.yaml": "a: 1\nb: 2\n", "generated/c.py": "x\n"})
    rows = [
        ("generated/a.yaml", Action.CREATE, "new", None, Held(b"a\n"), "recipe"),
        ("generated/b.yaml", Action.UPDATE, "changed", "0", Held(b"a: 1\nb: 3\n"), "recipe"),
        (
            "generated/c.py",
            Action.CONFLICT,
            "edited by hand since it was generated",
            "0",
            Held(b"y\n"),
            "",
        ),
        ("generated/d.yaml", Action.DELETE, "no longer generated", "0", None, "lambda"),
        ("generated/e.yaml", Action.SAME, "", "0", None, "recipe"),
    ]
    changes = (
        Change(path=path, action=action, reason=why, old=old, content=content, unit=unit)
        for path, action, why, old, content, unit in rows
    )
    return Plan(changes=tuple(changes), bookkeeping=(), orphans=("generated/\x1b[31mz",))


def test_drift_is_told_file_by_file_at_its_first_difference(tmp_path: Path) -> None:
    plan = plan_of(tmp_path)
    found = [*drift.drift(plan, tmp_path)]
    places = [(each.code, each.ref.file, each.span.line if each.span else 0) for each in found]
    assert places == [
        ("DRF001", "generated/a.yaml", 1),
        ("DRF002", "generated/b.yaml", 2),
        ("DRF004", "generated/c.py", 1),
        ("DRF003", "generated/d.yaml", 1),
        ("DRF005", "generated/\x1b[31mz", 1),
    ]
    groups = drift.groups(plan)
    assert [groups[each.ref.file].name for each in found] == [
        *("recipe", "recipe", "system", "lambda", "system")
    ]
    report = Report(
        command="generate",
        diagnostics=tuple(found),
        sources=SourceMap({}, {}),
        group=lambda each: groups[each.ref.file],
    )
    for form in formats.NAMES:
        text = formats.render(form, report)
        assert all(code in text for code in drift.CODES)
        assert [each for each in text if not each.isprintable() and each != "\n"] == []


def test_output_goes_into_a_file_and_only_there(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = said(root, "sarif", capsys)
    (tmp_path / "reports").mkdir()
    target = tmp_path / "reports" / "found.sarif"
    target.write_text("old")
    arguments = ["--root", str(root), "check", "--format", "sarif", "--output", str(target)]
    assert main(arguments) == 3
    assert (capsys.readouterr().out, target.read_text("utf-8")) == ("", text)
    assert [each.name for each in target.parent.iterdir()] == ["found.sarif"]
    assert main([*arguments[:-1], str(tmp_path / "nowhere" / "x")]) == 3
    assert "nowhere" in capsys.readouterr().err
