"""Comments that suppress: where they are read, what they mean, and what is said of wrong ones."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from cloudsync_gen import pipeline
from cloudsync_gen.load.suppressions import suppressions
from cloudsync_gen.model.waivers import Waivers
from cloudsync_gen.rules import RULES
from support.rules import BASE, MEMORY
from support.trees import Files, edited, read_tree

FILES = read_tree(BASE)
RECIPE = "model/04_application/brewing/recipe.yaml"
BOARD = "model/06_api/graphql-apis/board.graphql"
PRESS = "model/06_api/grpc-services/press.proto"
OWNER = "  owner: business.actor.press-crew\n  realizes"
WRONG = "  owner: business.actor.pres-crew"
WHY = "they move in May"


def model(wrong: str) -> Files:
    """The owner of a service misspelt, on line 6, written as `wrong`."""
    return edited(FILES, {RECIPE: {OWNER: f"{wrong}\n  realizes"}})


def checked(files: Files, waivers: Waivers = pipeline.PLAIN) -> pipeline.Checked:
    return pipeline.check(files, store=MEMORY, waivers=waivers)


def told(files: Files) -> list[str]:
    made = checked(files)
    spans = [(each.code, each.span or made.sources.span(each.ref)) for each in made.diagnostics]
    return [f"{span.line}:{span.column} {code}" for code, span in spans]


@pytest.mark.parametrize(
    "wrong",
    [
        f"{WRONG}  # cloudsync-gen: ignore[LNK001] {WHY}",
        f"{WRONG}  #cloudsync-gen: ignore [ LNK001 ]  {WHY}",
        f"{WRONG}  # cloudsync-gen: ignore[dangling-link] {WHY}",
        f"  # cloudsync-gen: ignore[LNK001] {WHY}\n{WRONG}",
        f"# cloudsync-gen: ignore[LNK001] {WHY}\n\n  # and more\n{WRONG}",
        f"{WRONG}  # cloudsync-gen: ignore[LNK001] {WHY}\r",
    ],
)
def test_a_comment_beside_or_above_the_line_suppresses(wrong: str) -> None:
    made = checked(model(wrong))
    assert made.diagnostics == ()
    assert [each.code for each in made.waived] == ["LNK001"]
    found, _ = suppressions(model(wrong))
    assert [each.reason for each in found] == [WHY]
    without = checked(model(wrong), Waivers(comments=False))
    assert [each.code for each in without.diagnostics] == ["LNK001"]


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        (f"{WRONG}  # cloudsync-gen: ignore[LNK001]", ["6:10 LNK001", "6:36 WVR001"]),
        (f"{WRONG}  # cloudsync-gen: ignore LNK001 {WHY}", ["6:10 LNK001", "6:36 WVR001"]),
        (f"{WRONG}  # cloudsync-gen: ignore[] {WHY}", ["6:10 LNK001", "6:36 WVR001"]),
        (f"{WRONG}  # cloudsync-gen: ignroe[LNK001] {WHY}", ["6:10 LNK001", "6:36 WVR001"]),
        (f"{WRONG}  # cloudsync-gen: ignore[LNK001] {'x' * 501}", ["6:10 LNK001", "6:36 WVR001"]),
        (f"{WRONG}  # cloudsync-gen: ignore[LNK001, LNK9] {WHY}", ["6:68 WVR002"]),
        (f"{WRONG}  # cloudsync-gen: ignore[SRC001, LNK001] {WHY}", ["6:60 WVR002"]),
        (f"{WRONG}  # cloudsync-gen: ignore[LNK001,LNK002] {WHY}", ["6:67 WVR003"]),
        (f"{WRONG}  # see cloudsync-gen: ignore[LNK001] {WHY}", ["6:10 LNK001"]),
        (f"{WRONG}\n  # cloudsync-gen: ignore[LNK001] {WHY}", ["6:10 LNK001", "7:27 WVR003"]),
    ],
)
def test_what_is_wrong_with_one_is_told_where_it_is(wrong: str, expected: list[str]) -> None:
    assert told(model(wrong)) == expected


def test_what_only_looks_like_a_comment_is_text() -> None:
    comment = "# cloudsync-gen: ignore[LNK001] x"
    for text in (
        f'"{comment}"',
        f"'a {comment}'",
        f"|\n    {comment}\n    more",
        f"'a\n   {comment}'",
    ):
        files = edited(FILES, {RECIPE: {"description: Keeps": f"description: {text}\n  x: Keeps"}})
        assert suppressions(files) == ([], [])
    block = f"description: | {comment}\n    a\n  # cloudsync-gen: ignore[LNK001] y"
    files = edited(FILES, {RECIPE: {"description: Keeps": f"{block}\n  x: Keeps"}})
    found, _ = suppressions(files)
    assert [each.reason for each in found] == ["x", "y"]
    assert [each.line - each.span.line for each in found] == [0, 1]


OTHERS = [
    (
        BOARD,
        "#",
        'service: "application.service.recipe"',
        'service: "application.service.recpe"',
    ),
    (
        PRESS,
        "//",
        "application.service.lambda",
        "application.service.lamda",
    ),
    (
        "model/06_api/rest-apis/recipe.openapi.yaml",
        "#",
        "x-command: application.command.retire-recipe",
        "x-command: application.command.retire-recpe",
    ),
]


@pytest.mark.parametrize(("file", "mark", "right", "wrong"), OTHERS, ids=lambda x: Path(x).suffix)
def test_every_language_has_its_comments(file: str, mark: str, right: str, wrong: str) -> None:
    text = FILES[file].decode().replace(right, wrong, 1)
    finding, *rest = checked({**FILES, file: text.encode()}).diagnostics
    assert finding.code == "LNK001"
    lines = text.split("\n")
    number = next(n for n, line in enumerate(lines) if wrong in line)
    codes = ", ".join(sorted({each.code for each in (finding, *rest)}))
    beside = [*lines]
    beside[number] += f" {mark} cloudsync-gen: ignore[{codes}] {WHY}"
    above = [*lines[:number], f"  {mark} cloudsync-gen: ignore[{codes}] {WHY}", *lines[number:]]
    for made in (beside, above):
        after = checked({**FILES, file: "\n".join(made).encode()})
        assert finding.fingerprint in {each.fingerprint for each in after.waived}
        assert finding.fingerprint not in {each.fingerprint for each in after.diagnostics}


STANDS = '"Where it stands."'
INSIDE = [
    (BOARD, STANDS, f'"""\n# cloudsync-gen: ignore[LNK001] {WHY}\n"""'),
    (BOARD, STANDS, f'"# cloudsync-gen: ignore[LNK001] {WHY}"'),
    (PRESS, "\nservice ", f"\n/*\n// cloudsync-gen: ignore[LNK001] {WHY}\n*/\nservice "),
]


@pytest.mark.parametrize(("file", "old", "new"), INSIDE)
def test_text_of_other_languages_is_text(file: str, old: str, new: str) -> None:
    files = edited(FILES, {file: {old: new}})
    assert suppressions(files) == ([], [])
    assert checked(files).diagnostics == ()


def test_a_comment_for_us_is_not_published_with_a_contract() -> None:
    file = PRESS
    text = (
        FILES[file]
        .decode()
        .replace(
            "service ", "// For readers.\n// cloudsync-gen: ignore[LNK001] ours alone\nservice ", 1
        )
    )
    made = pipeline.compile_model({**FILES, file: text.encode()}, store=MEMORY)
    assert [each.code for each in made.checked.diagnostics] == ["WVR003"]
    assert made.contracts is not None
    published = repr(made.contracts)
    assert "For readers." in published
    assert "ours alone" not in published


def test_rules_that_did_not_run_leave_nothing_unused() -> None:
    files = model(f"  owner: business.actor.press-crew  # cloudsync-gen: ignore[LNK001] {WHY}")
    assert told(files) == ["6:61 WVR003"]
    others = [rule for rule in RULES if rule.code != "LNK001"]
    assert pipeline.check(files, others, store=MEMORY).diagnostics == ()
    unread = {**files, "model/01_motivation/goals.yaml": b"\t: ["}
    assert "WVR003" not in {each.code for each in checked(unread).diagnostics}


def test_a_broken_text_has_no_suppressions() -> None:
    comment = b"# cloudsync-gen: ignore[LNK001] x\n"
    for name, broken in (("a.yaml", b"a: [\n"), ("a.graphql", b"type {\n"), ("b.yaml", b"\xff\n")):
        assert suppressions({f"model/{name}": comment + broken}) == ([], [])


@pytest.mark.parametrize("suffix", [".yaml", ".graphql", ".proto"])
def test_many_of_them_take_no_longer_for_each(suffix: str) -> None:
    mark = "//" if suffix == ".proto" else "#"
    line = f"{mark} cloudsync-gen: ignore[LNK001] x{' ' * 20}\n"
    number = 10_000
    start = time.process_time()
    text = line * number + ("type A { a: Int }\n" if suffix == ".graphql" else "a: 1\n")
    found, wrong = suppressions({f"model/a{suffix}": text.encode()})
    assert (len(found), wrong) == (number, [])
    assert {each.line for each in found} == {number + 1}
    assert time.process_time() - start < 20
