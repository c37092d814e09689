"""Expressions of contracts mean the same to services as to JavaScript (ECMA-262, flag `u`)."""

from __future__ import annotations

import json
import random
import re
import subprocess
from functools import cache
from typing import Annotated, Any

import pytest
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import SchemaError

from cloudsync_gen.targets._patterns import as_ecma_means_it
from support.effort import Effort
from support.node import node

ATOMS = (
    *("a", "b", "z", "0", "9", "-", "-", "-", "^", "&", "&&", "~", "~~", "[", "]", "|", ".", "é"),
    *(r"\d", r"\w", r"\D", r"\W", r"\s", r"\S", r"\]", r"\-", r"\\", r"\^", r"\b", r"\x2d"),
    *(r"\u0041", "+", ",", "_", "٣", "😀"),
)
TEXTS = (
    *("", "a", "b", "m", "z", "A", "Z", "0", "5", "9", "٣", "é", "ж", "😀", "\x00", "\x08", "\n"),
    *("-", "]", "[", "^", "&", "~", "|", ".", "+", ",", "_", "\\", "`", "{", "/", ":", " "),
    *("a]", "]]", "b]", "\U0010ffff"),
)
JUDGE = """
const {patterns, texts} = JSON.parse(require("fs").readFileSync(0, "utf8"));
const judged = patterns.map(pattern => {
  let made;
  try { made = new RegExp(pattern, "u"); } catch { return null; }
  return texts.map(text => made.test(text));
});
process.stdout.write(JSON.stringify(judged));
"""
ODD = ("^[]$", "^[]a]$", "^[^]$", "^[^]a]$", "^[--a]$", "^[+--]$", "^[---]$", "^[a-]$", "^[-a]$")


def written(chance: random.Random) -> str:
    """A text of one or two characters, in brackets that anything may stand in."""
    inside = "".join(chance.choice(ATOMS) for _ in range(chance.randint(0, 5)))
    after = chance.choice(("", "", "]", "a]"))
    return f"^[{chance.choice(('', '^'))}{inside}]{after}$"


@cache
def judged(patterns: tuple[str, ...]) -> list[list[bool] | None]:
    """Of each whether it finds itself in each text; None where it is no expression."""
    asked = json.dumps({"patterns": patterns, "texts": TEXTS})
    command = [node("expressions against JavaScript's"), "-e", JUDGE]
    done = subprocess.run(command, input=asked, capture_output=True, text=True, check=True)
    found: list[list[bool] | None] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("engine", ["rust-regex", "python-re"])
def test_brackets_hold_what_they_hold_in_javascript(engine: str, effort: Effort) -> None:
    chance = random.Random(20)
    count = effort.count(small=400, full=20_000)
    patterns = (*ODD, *dict.fromkeys(written(chance) for _ in range(count)))
    compared = 0
    for pattern, found in zip(patterns, judged(patterns), strict=True):
        if found is not None:
            compared += 1
            assert taken(pattern, engine) == found, (pattern, as_ecma_means_it(pattern))
    assert compared > count // 4


def taken(pattern: str, engine: str) -> list[bool]:
    """Whether a service takes each text."""
    made = as_ecma_means_it(pattern)
    if engine == "python-re":
        return [re.search(re.sub(r"\$$", r"\\Z", made), each) is not None for each in TEXTS]
    kept = ConfigDict(regex_engine="rust-regex")
    adapter: TypeAdapter[str] = TypeAdapter(_text(made), config=kept)
    return [_fits(adapter, each) for each in TEXTS]


def _text(pattern: str) -> Any:
    return Annotated[str, Field(pattern=pattern)]


def _fits(adapter: TypeAdapter[str], text: str) -> bool:
    try:
        adapter.validate_python(text)
    except ValidationError:
        return False
    return True


def test_what_is_no_expression_stays_none() -> None:
    for pattern in ("[", "[a", "^[a", "("):
        with pytest.raises(SchemaError):
            TypeAdapter(_text(as_ecma_means_it(pattern)))
