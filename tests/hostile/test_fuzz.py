"""Texts that nobody would write, made up by structure: readers end with a value and findings, the
same each time, after a number of steps that the text bounds; names stay apart.
"""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import combinations
from random import Random
from types import FrameType
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cloudsync_gen import naming, pipeline
from cloudsync_gen.engine import paths
from cloudsync_gen.load import yaml_tree
from support.effort import Effort
from support.hostile import MEMORY
from support.payloads import NAMES, PAYLOADS
from support.rules import all_models
from support.trees import Files

FILES = all_models()
STEPS_FOR_A_CHARACTER = 4_000
"""Calls of the tool's own functions: a model's text is read, linked, judged and told by a few
hundred a character.
"""


class TooManySteps(Exception):
    """More than the text can account for."""


@contextmanager
def at_most(steps: int) -> Iterator[None]:
    """Bounds the calls of Python functions within, by no clock."""
    left = steps

    def count(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal left
        left -= event == "call"
        if left < 0:
            sys.setprofile(None)
            raise TooManySteps

    sys.setprofile(count)
    try:
        yield
    finally:
        sys.setprofile(None)


def checked(files: Files) -> tuple[str, ...]:
    """The findings of a model, each with a place in one of its files."""
    size = sum(map(len, files.values()))
    with at_most(STEPS_FOR_A_CHARACTER * size):
        found = pipeline.check(files, store=MEMORY)
    for each in found.diagnostics:
        span = each.span or found.sources.span(each.ref)
        assert each.code
        assert each.message
        assert each.ref.file in files or each.ref.file == "model/manifest.yaml"
        assert span.line >= 1 <= span.column
    return tuple(f"{each.code} {each.fingerprint}" for each in found.diagnostics)


def test_work_without_end_is_noticed() -> None:
    def without_end() -> None:
        while True:
            naming.words("x")
            naming.python_name("x")

    with pytest.raises(TooManySteps), at_most(1000):
        without_end()


# -- whole models ---------------------------------------------------------------------------------

_INSERTED = (
    *PAYLOADS,
    *(f"{name}: " for name in ("id", "schema", "$ref", "service", "description", "x-command")),
    *("$ref: '#'", "&a ", "*a", "{", "}", "[", "]", "- ", "? ", "|\n", ">\n", "!x ", "\n  ", "\t"),
    *("type T { a: T! }", "@resolves(operation: 1)", "message M { M m = 1; }", "oneof o {", "//"),
)


def _mangled(text: str, random: Random) -> str:
    """The text after some changes of the kinds that fuzzers know: cut, copied, moved, inserted."""
    for _ in range(random.randint(1, 4)):
        lines = text.split("\n")
        one, other = sorted(random.choices(range(len(lines) + 1), k=2))
        at, end = sorted(random.choices(range(len(text) + 1), k=2))
        match random.randrange(7):
            case 0:
                text = "\n".join(lines[:one] + lines[other:])
            case 1:
                text = "\n".join(lines[:other] + lines[one:])
            case 2:
                moved = [f"  {each}" for each in lines[one:other]]
                text = "\n".join(lines[:one] + moved + lines[other:])
            case 3:
                text = text[:at] + text[min(end, at + 12) :]
            case 4:
                text = text[:at] + random.choice(_INSERTED) + text[at:]
            case 5:
                text = text[:at] + chr(random.randrange(1, 0x3000)) + text[at + 1 :]
            case _:
                words = [each for each in text.split() if each.isidentifier()] or ["a"]
                text = text.replace(random.choice(words), random.choice(words), 3)
    return text


@pytest.mark.parametrize("suffix", [".yaml", ".graphql", ".proto"])
def test_a_mangled_model_is_told_of_and_no_crash(suffix: str, effort: Effort) -> None:
    names = sorted(name for name in FILES if name.endswith(suffix))
    random = Random(suffix)
    told = 0
    number = effort.count(small=12, full=2000)
    for _ in range(number):
        name = random.choice(names)
        text = _mangled(FILES[name].decode(), random).encode("utf-8", "replace")
        told += bool(checked({**FILES, name: text}))
    assert told > number // 3


def test_findings_of_a_mangled_model_are_the_same_each_time(effort: Effort) -> None:
    random = Random(3)
    names = sorted(FILES)
    for _ in range(effort.count(small=3, full=100)):
        name = random.choice(names)
        files = {**FILES, name: _mangled(FILES[name].decode(), random).encode("utf-8", "replace")}
        assert checked(files) == checked(files)


# -- YAML -----------------------------------------------------------------------------------------

_scalar = st.sampled_from([*PAYLOADS, *NAMES]) | st.text(max_size=12)
_yaml = st.recursive(
    _scalar,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map(lambda each: "[" + ", ".join(each) + "]"),
        st.dictionaries(_scalar, inner, max_size=4).map(
            lambda each: "{" + ", ".join(f"{k}: {v}" for k, v in each.items()) + "}"
        ),
        st.lists(inner, max_size=4).map(lambda each: "".join(f"- {item}\n" for item in each)),
        st.tuples(st.sampled_from(["&a ", "*a ", "!x ", "? ", "| ", "<<: "]), inner).map("".join),
    ),
    max_leaves=12,
)


@given(_yaml)
@example("&a [*a]")
@example("\ud800")
def test_the_reader_of_yaml_reads_or_tells_why_not(text: str) -> None:
    with at_most(2000 + 400 * len(text)):
        parsed = yaml_tree.parse("x", text)
        located = yaml_tree.locate("x", text)
    assert parsed == yaml_tree.parse("x", text)
    assert all(each.span.line >= 1 <= each.span.column for each in parsed.problems)
    if not parsed.problems and parsed.value is not None:
        assert () in located


# -- names ----------------------------------------------------------------------------------------

STYLES: tuple[Callable[[str], str], ...] = (naming.python_name, naming.python_class)
_any = st.text(max_size=40) | st.sampled_from([*NAMES, *PAYLOADS])


@given(_any)
def test_any_text_has_a_name_in_python(text: str) -> None:
    for style in STYLES:
        name = style(text)
        assert name.isidentifier()
        assert name.isascii()
        assert name not in naming.PYTHON_KEYWORDS
        assert not name.startswith("__")
        assert name == unicodedata.normalize("NFKC", name)
        assert name == style(text)


_kebab = st.from_regex(r"[a-z][a-z0-9]*(-[a-z][a-z0-9]*){0,3}", fullmatch=True)


@given(st.lists(_kebab, unique=True, max_size=6))
def test_two_names_of_the_model_never_become_one(names: list[str]) -> None:
    """Of names as ids have them, whose words begin with a letter."""
    for one, other in combinations(names, 2):
        assert naming.snake(one) != naming.snake(other)
        assert naming.python_name(one) != naming.python_name(other)


@given(st.lists(st.sampled_from(["generated/" + each for each in NAMES]), unique=True, max_size=8))
def test_paths_that_may_be_written_are_different_files_everywhere(written: list[str]) -> None:
    """As Windows and macOS see names: whatever the case, composed or not."""
    usable = [path for path in written if not paths.fault(path)]
    clashing = {path for pair in paths.collisions(usable) for path in pair}
    for one, other in combinations(sorted(set(usable) - clashing), 2):
        assert unicodedata.normalize("NFKC", one).casefold() != (
            unicodedata.normalize("NFKC", other).casefold()
        )
