"""Texts that nobody would write, made up by structure: readers end with a value and findings, the
same each time, after a number of steps that the text bounds; names stay apart.
"""

from __future__ import annotations

import shutil
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import combinations
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cloudsync_gen import naming, pipeline
from cloudsync_gen.engine import lock, paths
from cloudsync_gen.engine.reconcile import Plan, Scope, reconcile
from cloudsync_gen.engine.write import apply, exclusive
from cloudsync_gen.load import yaml_tree
from cloudsync_gen.model.artefacts import Held, Output, Ownership
from cloudsync_gen.model.schema_refs import SchemaTarget, schema_target
from support.effort import Effort
from support.hostile import MEMORY
from support.payloads import NAMES, PAYLOADS
from support.rules import all_models
from support.trees import Files, read_tree, write_tree

FILES = all_models()
RECIPE = "model/07_data_model/brewing/recipe.yaml"
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
        # of each call alone: whoever hands back no function hears of nothing else in it
        nonlocal left
        left -= 1
        if left < 0:
            sys.settrace(None)
            raise TooManySteps

    sys.settrace(count)
    try:
        yield
    finally:
        sys.settrace(None)


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


def mangled(names: Iterable[str], random: Random) -> Files:
    """The model with these files mangled."""
    texts = {name: _mangled(FILES[name].decode(), random) for name in names}
    return {**FILES, **{name: text.encode("utf-8", "replace") for name, text in texts.items()}}


@pytest.mark.parametrize("suffix", [".yaml", ".graphql", ".proto"])
def test_a_mangled_model_is_told_of_and_no_crash(suffix: str, effort: Effort) -> None:
    """Two in five have one such file mangled, so that rules still judge the rest; the others two
    more of whatever kind.
    """
    names = sorted(name for name in FILES if name.endswith(suffix))
    random = Random(suffix)
    told = 0
    number = effort.count(small=12, full=1000)
    for turn in range(number):
        more = random.sample(sorted(FILES), 2) if turn % 5 > 1 else []
        told += bool(checked(mangled((random.choice(names), *more), random)))
    assert told > number // 3


def test_findings_of_a_mangled_model_are_the_same_each_time(effort: Effort) -> None:
    random = Random(3)
    names = sorted(FILES)
    for _ in range(effort.count(small=3, full=100)):
        files = mangled([random.choice(names)], random)
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


# -- references -----------------------------------------------------------------------------------

_step = st.sampled_from(
    ["..", ".", "", "common", "recipe.yaml", "model", "~1", "~0", "%2e%2e", "C:"]
)
_reference = st.one_of(
    _any,
    st.tuples(
        st.lists(_step | st.text(max_size=5), max_size=8).map("/".join),
        st.sampled_from(
            ["", "#", "#/", "#/a/schema", "#/a/schema/$defs/b", "#/a/../b/schema", "##"]
        ),
    ).map("".join),
)


@given(st.sampled_from(sorted(FILES)), _reference)
@example(RECIPE, "../../../etc/passwd#/a/schema")
@example(RECIPE, "../common/../../07_data_model/../07_data_model/x.yaml#/a/schema")
@example(RECIPE, "//localhost/etc/passwd#/a/schema")
def test_a_reference_leads_into_the_model_or_nowhere(file: str, reference: str) -> None:
    found = schema_target(file, reference)
    assert found == schema_target(file, reference)
    if isinstance(found, SchemaTarget):
        steps = found.file.split("/")
        assert steps[0] == "model"
        assert not {"", ".", ".."} & {*steps}
        assert "\\" not in found.file
        assert found.key
    else:
        assert found.reason
        assert reference not in found.reason or len(reference) < 30


# -- what is on the disk --------------------------------------------------------------------------

_SERVICE = "generated/services/pear"
_OURS = (f"{_SERVICE}/generated/a.py", f"{_SERVICE}/generated/b.py")
_TEAMS = (f"{_SERVICE}/handlers.py", f"{_SERVICE}/tests/test_pear.py")
_texts = st.sampled_from(["one\n", "two\n", "three\n"])
_turn = st.one_of(
    st.tuples(st.just("wanted"), st.dictionaries(st.sampled_from((*_OURS, *_TEAMS)), _texts)),
    st.tuples(st.just("edited"), st.tuples(st.sampled_from(_TEAMS), _texts)),
    st.tuples(st.just("removed"), st.sampled_from(_TEAMS)),
    st.tuples(st.just("lost"), st.sampled_from(("generated/.base", "generated/.lock"))),
)


@given(st.lists(_turn, min_size=2, max_size=9))
@example([("wanted", {_OURS[0]: "one\n"}), ("lost", "generated/.lock"), ("wanted", {})])
def test_whatever_is_generated_and_edited_in_turn_teams_keep_what_they_wrote(turns: Any) -> None:
    """Of scaffolds: what a team wrote or removed stays so; all else is what was wanted last, or the
    run stops before it has changed anything. Without its lock it deletes nothing, and tells what
    it does not know.
    """
    with TemporaryDirectory() as folder:
        root, written = Path(folder), dict[str, str]()
        for kind, what in turns:
            match kind:
                case "wanted":
                    before = read_tree(root)
                    made = generated(root, what)
                    if made.conflicts:
                        assert read_tree(root) == before
                    else:
                        unknown = {*made.orphans}
                        assert ("lost", "generated/.lock") in turns or not unknown
                        known = [path for path in _OURS if path not in unknown]
                        assert {p: told(root, p) for p in known} == {p: what.get(p) for p in known}
                        assert not unknown & what.keys()
                case "edited":
                    path, text = what
                    write_tree(root, {path: f"ours: {text}"})
                    written[path] = f"ours: {text}"
                case "removed":
                    if (root / what).exists():
                        (root / what).unlink()
                        written.pop(what, None)
                case _:
                    shutil.rmtree(root / what, ignore_errors=True)
            for path, text in written.items():
                assert told(root, path) == text, (kind, what)


def generated(root: Path, wanted: Mapping[str, str]) -> Plan:
    """What `generate` does where these files are wanted."""
    files = [
        Output(
            path=path,
            content=Held(text.encode()),
            digest=lock.digest(text.encode()),
            target="t",
            unit="pear",
            template="t/x.j2",
            ownership=Ownership.SCAFFOLD if path in _TEAMS else Ownership.GENERATED,
        )
        for path, text in wanted.items()
    ]
    with exclusive(root):
        made = reconcile(root, files, Scope(), ("generated/services",))
        if not made.conflicts:
            apply(root, (*made.changes, *made.bookkeeping))
    return made


def told(root: Path, path: str) -> str | None:
    file = root / path
    return file.read_text() if file.exists() else None
