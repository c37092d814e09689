"""Every type of link, broken: found at the link, and nothing else is said of what hangs on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from cloudsync_gen import pipeline
from cloudsync_gen.model.ids import type_of
from cloudsync_gen.model.links import BY_NAME, REGISTRY, Link, covers
from cloudsync_gen.model.system import Model
from cloudsync_gen.source import Span
from support.effort import Effort
from support.rules import BASE, MEMORY, Finding, findings
from support.trees import Files, read_tree

ROOT = Path(__file__).resolve().parents[2]
OVERLAYS = sorted((ROOT / "tests" / "rules").glob("*/_base"))


def overlaid() -> Files:
    """The model of the rules' fixtures, with what their folders add to it."""
    files = read_tree(BASE)
    for overlay in OVERLAYS:
        files |= read_tree(overlay)
    return files


FILES = overlaid()
CHECKED = pipeline.check(FILES, store=MEMORY)


def model_of(checked: pipeline.Checked) -> Model:
    assert checked.model is not None, [each.message for each in checked.diagnostics]
    return checked.model


MODEL = model_of(CHECKED)
LINKS = [link for links in MODEL.out.values() for link in links]
FIRST = {link.type: link for link in reversed(LINKS)}


def replaced(
    link: Link, target: str, files: Files = FILES, checked: pipeline.Checked = CHECKED
) -> tuple[Files, Span]:
    """The model with another target written at the link, and where that is."""
    span = checked.sources.span(model_of(checked).place(link))
    lines = files[span.file].decode().split("\n")
    line = lines[span.line - 1]
    written = line[span.column - 1 : span.end_column - 1]
    bare = written.strip("\"'")
    new = written.replace(bare, target)
    lines[span.line - 1] = line[: span.column - 1] + new + line[span.end_column - 1 :]
    return {**files, span.file: "\n".join(lines).encode()}, span


def dangling(link: Link) -> str:
    """What is written so that the link leads nowhere."""
    if BY_NAME[link.type].form == "permission":
        return "nothing:read"
    if BY_NAME[link.type].form == "ref":
        return "#/nothing/schema"
    return f"{type_of(link.target)}.nothing"


def code_of(link: Link) -> str:
    """Of a `$ref` the rules of its own language speak."""
    if BY_NAME[link.type].form != "ref":
        return "LNK001"
    return "SCH002" if link.source.startswith("data_model.") else "OAS018"


def at(span: Span, code: str) -> list[Finding]:
    return [Finding(span.file, span.line, span.column, code)]


def test_the_overlaid_model_is_clean() -> None:
    assert findings(FILES) == []


@pytest.mark.parametrize("link_type", sorted(FIRST))
def test_a_dangling_link_is_the_only_finding(link_type: str) -> None:
    link = FIRST[link_type]
    files, span = replaced(link, dangling(link))
    assert findings(files) == at(span, code_of(link))


@pytest.mark.parametrize(
    "link_type", [each for each in sorted(FIRST) if BY_NAME[each].form == "id"]
)
def test_a_link_of_the_wrong_type_is_the_only_finding(link_type: str) -> None:
    row, link = BY_NAME[link_type], FIRST[link_type]
    wrong = next(
        each
        for each in ("motivation.stakeholder.elder-child", "apm.metric.requests")
        if not covers(row.targets, type_of(each))
    )
    files, span = replaced(link, wrong)
    assert findings(files) == at(span, "LNK002")


def test_any_dangling_link_is_the_only_finding(effort: Effort) -> None:
    step = effort.count(small=7, full=1)
    for link in LINKS[::step]:
        files, span = replaced(link, dangling(link))
        assert findings(files) == at(span, code_of(link)), (link.type, link.source)


def test_types_that_only_the_large_model_has(effort: Effort) -> None:
    """Broken there, one link of each; the small run takes a few of them."""
    files = dict(pipeline.read_model(ROOT))
    checked = pipeline.check(files, store=MEMORY)
    links = [link for links in model_of(checked).out.values() for link in links]
    first = {link.type: link for link in reversed(links) if link.type not in FIRST}
    assert first.keys() | FIRST.keys() == {row.name for row in REGISTRY}
    step = effort.count(small=48, full=1)
    for link in list(first.values())[::step]:
        broken, span = replaced(link, dangling(link), files, checked)
        assert findings(broken) == at(span, code_of(link)), (link.type, link.source)


def used(model: Model) -> set[str]:
    return {link.type for links in model.out.values() for link in links}


def test_the_registry_is_used() -> None:
    whole = pipeline.check(pipeline.read_model(ROOT), rules=())
    here = used(model_of(whole))
    unused = {row.name for row in REGISTRY} - here - used(MODEL)
    assert len(here) >= 40
    assert len(FIRST) >= 40
    assert unused == set(), "a row that no model uses is tried by nothing"
