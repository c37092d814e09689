"""Joining what fits gives the same program, in a form that black keeps."""

from __future__ import annotations

import ast

import black
import pytest
from black.mode import TargetVersion
from hypothesis import assume, given
from hypothesis import strategies as st

from cloudsync_gen.engine.forms.compact import WIDTH, compact

MODE = black.Mode(line_length=WIDTH, target_versions={TargetVersion.PY311})

JOINED = {
    "call": ("f(\n    a,\n    b=1,\n)\n", "f(a, b=1)\n"),
    "calls within": ("f(\n    g(\n        a,\n    ),\n    b,\n)\n", "f(g(a), b)\n"),
    "list": ("x = [\n    1,\n    2,\n]\n", "x = [1, 2]\n"),
    "list of one": ("x = [\n    1,\n]\n", "x = [1]\n"),
    "dictionary": ('x = {\n    "a": 1,\n}\n', 'x = {"a": 1}\n'),
    "tuple of one": ("x = (\n    1,\n)\n", "x = (1,)\n"),
    "tuple of one as an argument": ("f(\n    a=(\n        1,\n    ),\n)\n", "f(a=(1,))\n"),
    "tuple that is returned": (
        "def f():\n    return (\n        1,\n        2,\n    )\n",
        "def f():\n    return (1, 2)\n",
    ),
    "import": ("from a.b import (\n    c,\n    d,\n)\n", "from a.b import c, d\n"),
    "definition": (
        "def f(\n    a: int,\n    b: str = '',\n) -> int: ...\n",
        "def f(a: int, b: str = '') -> int: ...\n",
    ),
    "subscript": ("x: Annotated[\n    int,\n    str,\n]\n", "x: Annotated[int, str]\n"),
    "generator": ("f(\n    a\n    for a in b\n)\n", "f(a for a in b)\n"),
    "argument without a comma": ("f(\n    {\n        1,\n    }\n)\n", "f({1})\n"),
}
LONG = "argument_" * 9
HALF = "argument_" * 4
JOINED |= {
    "call whose arguments fit on a line of their own": (
        f"some_function_of_a_long_name(\n    {HALF}a,\n    {HALF}b,\n)\n",
        f"some_function_of_a_long_name(\n    {HALF}a, {HALF}b\n)\n",
    ),
    "parameters that do": (
        f"def of_a_long_name(\n    {HALF}a,\n    {HALF}b,\n) -> SomeResult: ...\n",
        f"def of_a_long_name(\n    {HALF}a, {HALF}b\n) -> SomeResult: ...\n",
    ),
}
KEPT = {
    "one that is too long": f"f(\n    {LONG}a,\n    {LONG}b,\n)\n",
    "a subscript of one": "x: tuple[\n    int,\n]\n",
    "a comment": "f(\n    a,  # why\n)\n",
    "text that is no ASCII": 'f(\n    "ä",\n)\n',
    "a docstring": 'def f():\n    """Like this (\n    a,\n    )\n    """\n',
    "a commented bracket": "# see (\nx = 1\n",
}


@pytest.mark.parametrize(("before", "after"), JOINED.values(), ids=JOINED)
def test_what_fits_is_joined(before: str, after: str) -> None:
    assert compact(before) == after
    assert ast.dump(ast.parse(before)) == ast.dump(ast.parse(after))


@pytest.mark.parametrize("text", KEPT.values(), ids=KEPT)
def test_what_does_not_is_kept(text: str) -> None:
    assert compact(text) == text


def test_only_the_inner_one_fits() -> None:
    before = f"f(\n    g(\n        a,\n    ),\n    {LONG},\n    {LONG},\n)\n"
    assert compact(before) == f"f(\n    g(a),\n    {LONG},\n    {LONG},\n)\n"


names = st.sampled_from(["a", "bee", "models.Customer", '"text, with (brackets)"', LONG])


@st.composite
def exploded(draw: st.DrawFn, depth: int = 0) -> list[str]:
    """The lines of an expression as templates write it."""
    if depth > 3 or draw(st.booleans()):
        return [draw(names)]
    opener, closer, keyed = draw(
        st.sampled_from([("f(", ")", ""), ("[", "]", ""), ("{", "}", '"k": '), ("x.y(", ")", "k="),
                         ("(", ")", "")])
    )  # fmt: skip
    lines = [opener]
    for number in range(draw(st.integers(1, 3))):
        inner = draw(exploded(depth=depth + 1))
        key = keyed.replace("k", f"k{number}")
        lines += [f"    {key}{inner[0]}", *(f"    {line}" for line in inner[1:])]
        lines[-1] += ","
    return [*lines, closer]


@given(exploded())
def test_whatever_it_is_black_keeps_it_and_it_means_the_same(lines: list[str]) -> None:
    before = "\n".join(["value = " + lines[0], *lines[1:]]) + "\n"
    after = compact(before)
    assert ast.dump(ast.parse(after)) == ast.dump(ast.parse(before))
    assert compact(after) == after
    assume(black.format_str(before, mode=MODE) == before)
    assert black.format_str(after, mode=MODE) == after
