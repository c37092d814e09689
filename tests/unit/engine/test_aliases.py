"""What a field's name says already is left out, and nothing else."""

from __future__ import annotations

import ast
from typing import Annotated

import pytest
from cloudsync_chassis import camel, model
from pydantic import Field

from cloudsync_gen.engine.forms.aliases import aliases, edited

HEAD = "from typing import Annotated\n\nfrom pydantic import Field\n\n\nclass A(Model):\n"


def made(*fields: str) -> list[str] | None:
    """Lines behind the module's docstring, imports included."""
    text = HEAD + "".join(f"    {each}\n" for each in fields)
    lines = [each.encode() for each in text.split("\n")]
    edits = aliases(ast.parse(text), lines)
    return None if edits is None else edited(lines, edits).splitlines()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('b_c: Annotated[int, Field(alias="bC")]', "b_c: int"),
        ('b_c: Annotated[dict[str, int] | None, Field(alias="bC")] = None',
         "b_c: dict[str, int] | None = None"),
        ('b_c: Annotated[int, Field(alias="bC", ge=1)]', "b_c: Annotated[int, Field(ge=1)]"),
        ('b_c: Annotated[int, Field(ge=1, alias="bC")]', "b_c: Annotated[int, Field(ge=1)]"),
        ('é_b: Annotated[str, Field(alias="éB", pattern="é")]',
         'é_b: Annotated[str, Field(pattern="é")]'),
        ('f_: Annotated[str, Field(alias="f")]', 'f_: Annotated[str, Field(alias="f")]'),
        ("b: int", "b: int"),
        ('b_c: Annotated[int, Field(3, alias="bC")]', 'b_c: Annotated[int, Field(3, alias="bC")]'),
        ('b_c: Annotated[int, X(), Field(alias="bC")]',
         'b_c: Annotated[int, X(), Field(alias="bC")]'),
    ],
)  # fmt: skip
def test_an_alias_by_the_rule_is_left_out(before: str, after: str) -> None:
    found = made(before)
    assert found is not None
    assert found[-1] == "    " + after
    assert any("Annotated" in each for each in found[:-1]) == ("Annotated" in after)
    assert any("Field" in each for each in found[:-1]) == ("Field" in after)


def test_a_name_that_the_rule_would_change_keeps_the_module_as_it_is() -> None:
    assert made("b_c: int", 'd_e: Annotated[int, Field(alias="dE")]') is None


class Plain(model.Model):
    book_id: Annotated[int, Field(alias="bookId")]
    from_: Annotated[str | None, Field(alias="from")] = None


class Named(camel.Model):
    book_id: int
    from_: Annotated[str | None, Field(alias="from")] = None


def test_both_base_classes_read_and_write_the_same() -> None:
    assert model.field_names(Named) == model.field_names(Plain) == {"bookId", "from"}
    for kind in (Plain, Named):
        read = kind.model_validate_json('{"bookId": 1, "from": "x"}')
        assert read == kind(book_id=1, from_="x")
        assert model.to_record(read) == {"bookId": 1, "from": "x"}
    assert Named.model_json_schema() == {**Plain.model_json_schema(), "title": "Named"}
