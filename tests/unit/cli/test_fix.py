"""`check --fix`: what is certain is mended, whole or not at all, and nothing else is touched."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from cloudsync_gen import pipeline
from cloudsync_gen.cli import main
from cloudsync_gen.cli._fix import mends
from cloudsync_gen.engine import write
from cloudsync_gen.naming import slip_of
from cloudsync_gen.rules import RULES
from support.effort import Effort
from support.rules import BASE, MEMORY, find_fixtures, fixture_input
from support.trees import Files, edited, read_tree, write_tree

FILES = read_tree(BASE)
ROOT = Path(__file__).parents[3]
FIXTURES = {each.name: each for each in find_fixtures(Path(__file__).parents[2] / "rules")}
MENDING = {rule.check.__module__.rpartition(".")[2]: rule for rule in RULES if rule.mends}
RECIPE = "model/04_application/brewing/recipe.yaml"
DOCUMENT = "model/06_api/rest-apis/recipe.openapi.yaml"
ROUTES = "model/10_navigation/routes.yaml"
BOARD = "model/06_api/graphql-apis/board.graphql"
PRESS = "model/06_api/grpc-services/press.proto"
STORES = "model/08_data_store/stores.yaml"
RETIRE = "operationId: retireRecipe"
JUDGING = pipeline.Judging(RULES, pipeline.PLAIN)

CERTAIN = [
    ("LNK001", RECIPE, "owner: business.actor.press-crew", "owner: business.actor.pres-crew"),
    ("LNK001", RECIPE, "store: datastore.table.recipes", "store: datastore.table.recipse  # why"),
    ("LNK001", BOARD, '"application.service.recipe"', '"application.service.recpe"'),
    ("LNK001", PRESS, "application.service.lambda", "application.service.lamda"),
    ("LNK003", ROUTES, '["recipe:read"]', "['recipe:raed']"),
    ("DDD005", RECIPE, "from: [draft]", "from: [ drafft ]"),
    ("DST001", STORES, "[organization_id, id]", "[organization_id, id, sweetnes]"),
    ("OAS021", DOCUMENT, RETIRE, f'{RETIRE}\n      "x-apm-criticalty": low'),
    ("UX011", "model/09_ux/ux.yaml", "properties: [title,", "properties: [tilte,"),
]


def found(files: Files) -> list[str]:
    return [each.code for each in pipeline.check(files, store=MEMORY).diagnostics]


def mended(files: Files) -> Files:
    return {**files, **mends(files, JUDGING, MEMORY)}


@pytest.mark.parametrize(("code", "file", "right", "wrong"), CERTAIN)
def test_a_slip_is_mended_where_it_stands(code: str, file: str, right: str, wrong: str) -> None:
    broken = edited(FILES, {file: {right: wrong}})
    assert found(broken) == [code]
    after = mended(broken)
    assert found(after) == []
    changed = [path for path in broken if after[path] != broken[path]]
    assert changed == [file]
    before = broken[file].decode().split("\n")
    lines = after[file].decode().split("\n")
    differing = [(one, two) for one, two in zip(before, lines, strict=True) if one != two]
    assert len(differing) == 1
    assert ("# why" in differing[0][1]) == ("# why" in wrong)
    assert mends(after, JUDGING, MEMORY) == {}


@pytest.mark.parametrize("name", sorted(MENDING))
def test_a_rule_that_mends_says_so_and_has_a_finding_that_it_mends(name: str) -> None:
    rule = MENDING[name]
    assert rule.mends[0].islower()
    assert not rule.mends.endswith(".")
    assert rule.code in {*(row[0] for row in CERTAIN), *OWN}


OWN = {"DDD010", "MDL010", "OAS012", "SCH003"}
"""Mended by tests of their own below."""


def test_rules_that_do_not_declare_it_mend_nothing(effort: Effort) -> None:
    others = [folder for name, folder in FIXTURES.items() if name not in MENDING]
    for folder in others[:: effort.count(small=9, full=1)]:
        checked = pipeline.check(fixture_input(folder, "bad"), store=MEMORY)
        mending = {each.code for each in checked.diagnostics if each.mends}
        assert mending <= {rule.code for rule in MENDING.values()}


def test_a_key_is_called_as_its_id_says_where_others_link_to_that() -> None:
    key = "press-crew:\n  id: business.actor.press-crew"
    file = next(path for path, text in FILES.items() if key.encode() in text)
    broken = edited(FILES, {file: {key: key.replace("press-crew:", "crew:  # who presses", 1)}})
    assert found(broken) == ["MDL010"]
    assert found(mended(broken)) == []
    assert b"press-crew:  # who presses\n" in mended(broken)[file]


def test_a_key_that_schemas_refer_to_is_left_to_people() -> None:
    files = fixture_input(FIXTURES["key_differs_from_id"], "bad")
    assert mends(files, JUDGING, MEMORY) == {}


def test_a_required_property_is_spelled_as_it_is_declared() -> None:
    file = "model/07_data_model/brewing/recipe.yaml"
    broken = edited(FILES, {file: {"lemons, status, ownerId]": "lemons, statsu, ownerId]"}})
    assert "SCH003" in found(broken)
    assert mended(broken) == FILES


def test_a_field_of_a_query_is_spelled_as_the_schema_spells_it() -> None:
    folder = "model/04_application/"
    file, line = next(
        (path, line)
        for path, text in FILES.items()
        if path.startswith(folder)
        for line in text.decode().split("\n")
        if "filters: [" in line and "status" in line
    )
    broken = edited(FILES, {file: {line: line.replace("status", "stauts", 1)}})
    assert "DDD010" in found(broken)
    assert mended(broken) == FILES


FLOW = "      - { in: path, name: recipeId, schema: { type: string, maxLength: 36 } }"
BLOCK = """\
      - name: recipeId
        in: path  # of the recipe
        schema: { type: string, maxLength: 36 }"""


@pytest.mark.parametrize(
    ("written", "mended_to"),
    [
        (FLOW, FLOW.replace("in: path", "in: path, required: true")),
        (BLOCK, BLOCK.replace("of the recipe", "of the recipe\n        required: true")),
        (f"{BLOCK}\n        required: false", f"{BLOCK}\n        required: true"),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_parameter_of_the_path_is_required(written: str, mended_to: str, newline: str) -> None:
    text = FILES[DOCUMENT].decode()
    start = text.index("      - name: recipeId")
    end = text.index("    get:", start)
    before, after = (
        f"{text[:start]}{each}\n{text[end:]}".replace("\n", newline).encode()
        for each in (written, mended_to)
    )
    assert "OAS012" in found({**FILES, DOCUMENT: before})
    assert mended({**FILES, DOCUMENT: before})[DOCUMENT] == after
    assert "OAS012" not in found({**FILES, DOCUMENT: after})


UNUSED = [
    "  # cloudsync-gen: ignore[LNK001] a",
    "  # cloudsync-gen: ignore[LNK001, DDD001] a",
]


@pytest.mark.parametrize("comment", UNUSED)
def test_a_suppression_of_nothing_goes(comment: str) -> None:
    owner = "  owner: business.actor.press-crew\n  realizes"
    for broken in (
        owner.replace("\n", f"{comment}\n", 1),
        owner.replace("  owner", f"{comment}\n  owner", 1),
    ):
        files = edited(FILES, {RECIPE: {owner: broken}})
        assert set(found(files)) == {"WVR003"}
        assert mended(files) == FILES


def test_of_several_rules_only_those_go_that_find_nothing() -> None:
    owner = "  owner: business.actor.press-crew\n  realizes"
    wrong = owner.replace("press-crew", "pres-crew  # cloudsync-gen: ignore[DDD001, LNK001] a")
    files = edited(FILES, {RECIPE: {owner: wrong}})
    assert found(files) == ["WVR003"]
    after = mended(files)[RECIPE].decode()
    assert "business.actor.pres-crew  # cloudsync-gen: ignore[LNK001] a\n" in after


LINK = re.compile(r"(?<=: )[a-z_]+\.[a-z-]+\.([a-z-]{6,})(?=\n)")


def with_slips(files: Files, number: int) -> Files:
    """In each of some files a link loses a letter of its name, at random, but not the first."""
    chance, changed = random.Random(7), dict(files)
    ids = {each for text in files.values() for each in re.findall(rb"\bid: (\S+)", text)}
    for path in chance.sample(sorted(files), len(files)):
        text = files[path].decode() if path.endswith(".yaml") else ""
        links = [
            each
            for each in LINK.finditer(text)
            if each[0].encode() in ids and text[: each.start()].rpartition("\n")[2].strip() != "id:"
        ]
        if links and number > 0:
            link = chance.choice(links)
            at = chance.randrange(link.start(1) + 1, link.end(1))
            changed[path] = (text[:at] + text[at + 1 :]).encode()
            number -= 1
    return changed


def test_random_slips_are_mended_to_what_stood_there(effort: Effort) -> None:
    whole = pipeline.read_model(ROOT) if effort.full else FILES
    broken = with_slips(dict(whole), effort.count(small=5, full=60))
    assert sum(broken[path] != whole[path] for path in whole) >= effort.count(small=2, full=50)
    assert mended(broken) == whole


UNCERTAIN = [
    (RECIPE, "store: datastore.table.recipes", "store: datastore.table.cookery"),
    (RECIPE, "owner: business.actor.press-crew", "owner: business.actor.bress-crewe"),
]


@pytest.mark.parametrize(("file", "right", "wrong"), UNCERTAIN)
def test_what_is_not_certain_is_left(file: str, right: str, wrong: str) -> None:
    broken = edited(FILES, {file: {right: wrong}})
    assert found(broken) == ["LNK001"]
    assert mends(broken, JUDGING, MEMORY) == {}


@pytest.mark.parametrize(
    ("given", "known", "meant"),
    [
        ("orders", ["order"], "order"),
        ("order", ["orders"], "orders"),
        ("oredrs", ["orders"], "orders"),
        ("ordors", ["orders"], "orders"),
        ("orders", ["orders"], ""),
        ("ordes", ["orders", "order"], ""),
        ("ordr", ["order"], ""),
        ("brders", ["orders"], ""),
        ("order-1", ["order-2"], ""),
        ("order-1", ["order-11"], ""),
        ("oderrs", ["orders"], ""),
        ("orxxrs", ["orders"], ""),
        ("orders", [], ""),
        ("a.b.cat", ["a.b.car"], ""),
    ],
)
def test_a_slip_is_one_letter_and_leads_to_one_name(
    given: str, known: list[str], meant: str
) -> None:
    assert slip_of(given, known) == meant


def test_a_mend_that_shows_another_fault_is_taken_back_and_the_rest_stays() -> None:
    """The command meant belongs to another aggregate: then it was not what was meant."""
    slip = {"store: datastore.table.recipes": "store: datastore.table.recipse"}
    command = "x-command: application.command."
    wrong = {f"{command}retire-recipe": f"{command}approve-recpe"}
    broken = edited(FILES, {RECIPE: slip, DOCUMENT: wrong})
    assert found(broken).count("LNK001") == 2
    after = mended(broken)
    assert after[RECIPE] == FILES[RECIPE]
    assert b"approve-recpe" in after[DOCUMENT]
    assert mends(after, JUDGING, MEMORY) == {}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    rows = [CERTAIN[0], *(row for row in CERTAIN if row[1] in (ROUTES, DOCUMENT))]
    changes = {file: {right: wrong} for _, file, right, wrong in rows}
    return write_tree(tmp_path, edited(FILES, changes))


def run(root: Path, *flags: str) -> int:
    return main(["--root", str(root), "check", *flags])


def test_the_difference_is_shown_and_nothing_written(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = read_tree(root / "model")
    assert run(root, "--fix", "--diff") == 1
    said = capsys.readouterr()
    assert said.out.count("--- a/model/") == 3
    assert "\n+  owner: business.actor.press-crew\n" in said.out
    assert said.err == "`check --fix` would mend 3 files\n"
    assert read_tree(root / "model") == before
    assert run(root, "--fix") == 0
    assert f"mended: {RECIPE}, {DOCUMENT}, {ROUTES}\nno findings\n" in capsys.readouterr().err
    assert run(root, "--fix", "--diff") == 0
    assert capsys.readouterr().out == ""


def test_all_is_written_or_nothing(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = read_tree(root / "model")
    real: Callable[..., object] = write._staged

    def second_fails(*given: object) -> object:
        if given[1] == 1:
            raise OSError(28, "no space left")
        return real(*given)

    with monkeypatch.context() as patch:
        patch.setattr(write, "_staged", second_fails)
        assert run(root, "--fix") == 3
    assert read_tree(root / "model") == before
    assert "no space left" in capsys.readouterr().err
    assert run(root, "--fix") == 0


def test_what_no_selected_rule_sees_still_takes_a_mend_back() -> None:
    """Another command than the one meant: the rules that know of commands were not selected."""
    command = "x-command: application.command."
    wrong = {f"{command}retire-recipe": f"{command}approve-recpe"}
    broken = edited(FILES, {DOCUMENT: wrong})
    alone = pipeline.Judging(tuple(rule for rule in RULES if rule.code == "LNK001"), pipeline.PLAIN)
    assert mends(broken, alone, MEMORY) == {}


def test_only_what_was_selected_is_mended(root: Path) -> None:
    before = (root / ROUTES).read_bytes()
    assert run(root, "--fix", "--select", "LNK001") == 0
    assert (root / ROUTES).read_bytes() == before
    assert (root / RECIPE).read_bytes().count(b"pres-crew") == 0
