"""Concurrent lists of operations end in the same body, whichever is carried out first."""

from __future__ import annotations

import random
from typing import Any

import pytest
from document_service.editing import Body, canonical, excerpt, plain_text
from document_service.generated.models import EditOperation
from document_service.languages import guessed
from document_service.transforming import nothing, rehung, transformed, units

_TEXT = "abcdefghijklmnopqr"


def _beginning() -> Body:
    return Body(
        [
            {"blockId": "a", "kind": "paragraph", "text": _TEXT},
            {"blockId": "b", "kind": "paragraph", "text": _TEXT},
            {"blockId": "t", "kind": "table"},
        ]
    )


def _random_operation(chance: random.Random, who: str, number: int) -> dict[str, Any]:
    block = chance.choice("ab")
    start, length = chance.randrange(10), chance.randrange(1, 5)
    return chance.choice(
        [
            {"kind": "insert", "blockId": block, "offset": start, "text": f"<{who}{number}>"},
            {"kind": "delete", "blockId": block, "offset": start, "length": length},
            {
                "kind": "format",
                "blockId": block,
                "offset": start,
                "length": length,
                "marks": [chance.choice(["bold", "italic"])],
            },
            {"kind": "setCell", "blockId": "t", "cell": f"A{start + 1}", "cellValue": who},
            {
                "kind": "insert",
                "blockId": f"{who}{number}",
                "blockKind": "heading",
                "text": who,
                "afterBlockId": chance.choice("abt"),
            },
        ]
    )


def _operation(**fields: Any) -> EditOperation:
    return EditOperation.model_validate(fields, strict=False)


def _carried(body: Body, operations: list[EditOperation]) -> list[EditOperation]:
    return [body.carry_out(each) for each in operations]


@pytest.mark.parametrize("seed", range(200))
def test_both_orders_come_to_the_same(seed: int) -> None:
    chance = random.Random(seed)
    mine, theirs = (
        [_operation(**_random_operation(chance, who, each)) for each in range(4)]
        for who in ("m", "t")
    )
    after_theirs, after_mine = transformed(mine, theirs)
    server, client = _beginning(), _beginning()
    _carried(server, theirs)
    kept = _carried(server, after_theirs)
    _carried(client, mine)
    _carried(client, rehung(after_mine, kept))
    assert canonical(server.blocks) == canonical(client.blocks)


def test_text_that_was_written_into_a_deleted_stretch_stays() -> None:
    deletion = _operation(kind="delete", blockId="a", offset=2, length=4)
    written = _operation(kind="insert", blockId="a", offset=4, text="NEW")
    mine, _ = transformed([deletion], [written])
    body = _beginning()
    _carried(body, [written, *mine])
    assert body.blocks[0]["text"] == "abNEW" + _TEXT[6:]
    assert len(mine) == 2


def test_the_last_word_on_a_block_is_mine() -> None:
    drop = _operation(kind="delete", blockId="b")
    written = _operation(kind="insert", blockId="b", offset=0, text="x")
    mine, theirs = transformed([drop], [written])
    assert (mine, theirs) == ([drop], [nothing(written)])
    mine, theirs = transformed([written], [drop])
    assert (mine, theirs) == ([nothing(written)], [drop])


def test_what_is_put_after_a_dropped_block_takes_its_place() -> None:
    body = _beginning()
    [dropped] = _carried(body, [_operation(kind="delete", blockId="b")])
    assert dropped.after_block_id == "a"
    new = _operation(kind="insert", blockId="n", blockKind="quote", afterBlockId="b")
    mine, _ = transformed([new], [dropped])
    _carried(body, mine)
    assert [each["blockId"] for each in body.blocks] == ["a", "n", "t"]


def test_offsets_are_utf16_and_never_split_a_character() -> None:
    assert units("a😀") == 3
    body = Body([{"blockId": "a", "kind": "paragraph", "text": "😀b"}])
    _carried(body, [_operation(kind="insert", blockId="a", offset=1, text="x")])
    assert body.blocks[0]["text"] == "x😀b"
    _carried(body, [_operation(kind="delete", blockId="a", offset=0, length=3)])
    assert body.blocks[0]["text"] == "b"


def test_marks_follow_their_text() -> None:
    body = Body([{"blockId": "a", "kind": "paragraph", "text": "0123456789"}])
    bold = _operation(kind="format", blockId="a", offset=2, length=4, marks=["bold"])
    _carried(body, [bold, _operation(kind="insert", blockId="a", offset=0, text="__")])
    assert body.blocks[0]["runs"] == [{"offset": 4, "length": 4, "marks": ["bold"]}]
    _carried(body, [_operation(kind="delete", blockId="a", offset=5, length=2)])
    assert body.blocks[0]["runs"] == [{"offset": 4, "length": 2, "marks": ["bold"]}]
    plain = _operation(kind="format", blockId="a", offset=0, length=20, marks=[])
    _carried(body, [plain])
    assert "runs" not in body.blocks[0]


def test_blocks_move_and_cells_are_emptied() -> None:
    body = _beginning()
    _carried(
        body,
        [
            _operation(kind="moveBlock", blockId="t", afterBlockId="a"),
            _operation(kind="moveBlock", blockId="b"),
            _operation(kind="setCell", blockId="t", cell="B2", cellValue="=1+1"),
            _operation(kind="setCell", blockId="t", cell="A1", cellValue="x"),
            _operation(kind="setCell", blockId="t", cell="A1"),
        ],
    )
    assert [each["blockId"] for each in body.blocks] == ["b", "a", "t"]
    assert body.blocks[2]["cells"] == [{"cell": "B2", "cellValue": "=1+1"}]


def test_excerpts_are_the_first_plain_text() -> None:
    blocks = [{"text": " one\n two "}, {"kind": "divider"}, {"text": "three " * 200}]
    assert excerpt(blocks).startswith("one two three three")
    assert len(excerpt(blocks)) <= 280
    assert plain_text(blocks, 7) == " one\n t"


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        ("en", "The plan for the year is that we have to go to the market with it and not wait. "),
        (
            "de",
            "Der Plan für das Jahr ist, dass wir mit dem Produkt auf den Markt gehen und nicht. ",
        ),
        ("fr", "Le plan pour les mois qui viennent est une offre dans le cadre de la loi et des. "),
        ("el", "Το σχέδιο για το έτος είναι ότι πρέπει να πάμε στην αγορά. "),
        ("ja", "今年の計画は、市場に行くことです。それはとても大切です。"),
        (None, "zxq vbn qwrt " * 5),
    ],
)
def test_languages_are_guessed_from_enough_text(tag: str | None, text: str) -> None:
    assert guessed(text * 8) == tag
    assert guessed("The plan is short") is None
