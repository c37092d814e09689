"""Additions to YAML text: everything that stood there stands there still, byte for byte."""

from __future__ import annotations

import difflib

import pytest

from cloudsync_gen.edit.yaml_text import NotEditable, append

ITEMS = ["pear:read", "pear:write"]


def added(before: str, after: str) -> list[str]:
    """The lines that were added; any that were taken away or changed fail the test."""
    lines = [*difflib.ndiff(before.splitlines(True), after.splitlines(True))]
    assert [line for line in lines if line[0] in "-?"] == []
    return [line[2:] for line in lines if line[0] == "+"]


BLOCK = """# who may
brewer: # the brewer
  permissions: # all of them
    - "recipe:read"   # everybody
    # and sometimes
    - "recipe:write"  # few

  # after a blank line
  holder: customer
guest:
  permissions:
  - recipe:read
"""


def test_a_block_gets_lines_after_its_last() -> None:
    after = append(BLOCK, ("brewer", "permissions"), ITEMS)
    assert added(BLOCK, after) == ['    - "pear:read"\n', '    - "pear:write"\n']
    assert after.index('"pear:write"') < after.index("# after a blank line")


def test_a_block_without_indentation_and_the_end_of_the_text() -> None:
    after = append(BLOCK, ("guest", "permissions"), ITEMS)
    assert added(BLOCK, after) == ["  - pear:read\n", "  - pear:write\n"]
    cut = BLOCK.rstrip("\n")
    assert append(cut, ("guest", "permissions"), ITEMS) == after


def test_line_ends_of_another_system_stay() -> None:
    text = BLOCK.replace("\n", "\r\n")
    after = append(text, ("brewer", "permissions"), ITEMS)
    assert after == append(BLOCK, ("brewer", "permissions"), ITEMS).replace("\n", "\r\n")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('a: ["x:y"] # c\n', 'a: ["x:y", "pear:read", "pear:write"] # c\n'),
        ("a: [x:y]\n", "a: [x:y, pear:read, pear:write]\n"),
        ("a: ['x:y' , ]\n", "a: ['x:y', 'pear:read', 'pear:write' , ]\n"),
        ("a: []\n", 'a: ["pear:read", "pear:write"]\n'),
        ("a: [ ] # c\n", 'a: ["pear:read", "pear:write" ] # c\n'),
        (
            "a: [\n  x:y, # c\n  z:y # d\n]\n",
            "a: [\n  x:y, # c\n  z:y, pear:read, pear:write # d\n]\n",
        ),
        ("{a: [x:y]}", "{a: [x:y, pear:read, pear:write]}"),
        ("a:\n- ünï # 檸檬\n", "a:\n- ünï # 檸檬\n- pear:read\n- pear:write\n"),
    ],
)
def test_a_flow_list_grows_within_its_brackets(before: str, after: str) -> None:
    assert append(before, ("a",), ITEMS) == after


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("b: []\n", "there is no `a`"),
        ("a: x\n", "no list of plain values"),
        ("a: [{x: y}]\n", "no list of plain values"),
        ("a:\n", "no list of plain values"),
        ("b: &b [x]\na: *b\n", "an alias"),
        ("a: [x\n", "not YAML"),
        ("[]\n", "there is no `a`"),
        ("a:\n  - |\n    text\nb: 1\n", "not YAML|change something else"),
    ],
)
def test_what_has_another_form_is_left_alone(text: str, why: str) -> None:
    with pytest.raises(NotEditable, match=why):
        append(text, ("a",), ITEMS)
