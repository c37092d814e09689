"""Models as black would write them: each claim of certainty against black itself."""

from __future__ import annotations

import ast
import inspect
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cloudsync_gen.engine.forms import models, style
from cloudsync_gen.engine.forms.style import Styler, formatted
from cloudsync_gen.engine.reconcile import Scope
from cloudsync_gen.model.artefacts import PydanticModels
from cloudsync_gen.pipeline import compile_model, files_of, read_model, units
from support import shared
from support.effort import Effort

ROOT = Path(__file__).parents[3]
LEMONADE = ROOT / "tests/models/lemonade"


def styled(text: str) -> str:
    """By a styler that has seen nothing else."""
    return Styler().module(text, ast.parse(text))


def meaning(text: str) -> list[str]:
    """What a module says, without the order of imports and the white space of docstrings."""
    imports, rest = [], []
    for each in ast.parse(text).body:
        if isinstance(each, ast.ImportFrom | ast.Import):
            source = each.module if isinstance(each, ast.ImportFrom) else ""
            imports += [f"{source} {name.name} {name.asname}" for name in each.names]
        elif isinstance(each, ast.ClassDef) and ast.get_docstring(each, clean=False) is not None:
            doc = inspect.cleandoc(ast.get_docstring(each) or "").strip()
            rest.append("\n".join(line.rstrip() for line in doc.splitlines()))
            each.body = each.body[1:]
            rest.append(ast.dump(each))
        else:
            rest.append(ast.dump(each))
    return sorted(set(imports)) + rest


# -- whole models ---------------------------------------------------------------------------------


@pytest.mark.parametrize("root", [LEMONADE, ROOT], ids=["lemonade", "cloudsync"])
def test_the_models_of_services_and_clients_are_as_black_writes_them(
    root: Path, effort: Effort
) -> None:
    """Of the large model a few in the small run: black looks at those of this repository anyway."""
    made = compile_model(read_model(root), store=shared.store())
    assert made.checked.model is not None
    assert made.contracts is not None
    planned = [
        each
        for unit in units(made.checked.model, made.contracts, Scope())
        for each in files_of(unit)
        if isinstance(each.form, PydanticModels)
    ]
    assert len(planned) > 1
    step = effort.count(small=1 if root is LEMONADE else 30, full=1)
    for each in planned[::step]:
        assert isinstance(each.form, PydanticModels)
        text = models.render(each.form).decode()
        assert text == formatted(text), each.path


def test_almost_nothing_has_to_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The point of it all: black sees the long statements once, and no module as a whole."""
    asked: list[str] = []

    def spy(text: str) -> str:
        asked.append(text)
        return formatted(text)

    monkeypatch.setattr(style, "formatted", spy)
    styler = Styler()
    long = "    a: Annotated[str, Field(" + ", ".join(f"k{i}=1" for i in range(30)) + ")]"
    short = "\n".join(f"    a{i}: Annotated[int, Field(ge={i})] = {i}" for i in range(500))
    text = f"from typing import Annotated\n\nclass A(B):\n{short}\nclass C(B):\n{long}\n"
    first = styler.module(text, ast.parse(text))
    assert asked == [f"class C:\n{long}\n"]
    assert styler.module(text, ast.parse(text)) == first
    assert len(asked) == 1


def _some(*texts: str) -> st.SearchStrategy[str]:
    return st.sampled_from(texts)


# -- what the generator is given ------------------------------------------------------------------

_TEXTS = st.one_of(
    st.text(max_size=30),
    _some('"""', "'", '"', "\\", "\\'", '\\"', "a\nb", "#", "# fmt: off", "\u2028", "é", "\x85"),
    _some("x" * 120, "it's", 'say "it"', "\\N{DIGIT ONE}", "\\u00AB", "{{ v }}", "\t"),
)
_NAMES = st.one_of(_some("class", "model_config", "Field", "é", "a-b", "x" * 90), _TEXTS)


def _schemas(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    keep = st.fixed_dictionaries
    return st.one_of(
        keep({"type": st.just("array"), "items": inner}, optional={"maxItems": st.just(3)}),
        keep({"anyOf": st.lists(inner, min_size=1, max_size=3)}),
        keep(
            {
                "type": st.just("object"),
                "properties": st.dictionaries(_NAMES, inner, max_size=4),
            },
            optional={
                "description": _TEXTS,
                "additionalProperties": st.booleans(),
                "x-min-properties": st.just(1),
            },
        ),
    )


_LEAVES: st.SearchStrategy[Any] = st.one_of(
    st.fixed_dictionaries(
        {"type": _some("string", "integer", "number", "boolean", "null")},
        optional={"default": _TEXTS, "description": _TEXTS, "x-unique": st.just(True)},
    ),
    st.fixed_dictionaries(
        {"type": st.just("string")},
        optional={
            "pattern": _some("^[a-z]+$", "['\"]", "\\d", "#", "x" * 99),
            "maxLength": st.just(9),
            "format": _some("uuid", "date-time", "ipv4", "date"),
        },
    ),
    st.fixed_dictionaries(
        {"type": st.just("number"), "minimum": st.floats(-1e20, 1e20), "maximum": st.just(1e30)}
    ),
    st.fixed_dictionaries({"enum": st.lists(_TEXTS, min_size=1, max_size=4, unique=True)}),
    st.just({"$ref": "#/$defs/Thing"}),
)


@given(st.recursive(_LEAVES, _schemas, max_leaves=8), _TEXTS)
@example({"enum": ["x", '"""\nimport os\n"""']}, '"""\nimport os\n"""')
def test_odd_schemas_are_as_black_writes_them(schema: Any, about: str) -> None:
    thing = {"type": "object", "description": about, "properties": {"a": schema}}
    document = {"$defs": {"Thing": thing, "Other": {"type": "object", "properties": {"b": schema}}}}
    made = models._generate(_json(document))
    text = styled(made)
    assert text == formatted(text)
    assert meaning(text) == meaning(made)


def _json(document: Any) -> str:
    root = {**document, "type": "object", "title": "Root", "additionalProperties": False}
    return json.dumps(root, ensure_ascii=True)


# -- what another generator might write -----------------------------------------------------------

_identifiers = _some("a", "Field", "type_", "x" * 60, "é", "UUID")
_strings = _TEXTS.flatmap(
    lambda text: _some(repr(text), ascii(text), f"({text!r} 'more')", f"r{'raw'!r}")
)
_atoms = st.one_of(
    _identifiers,
    _strings,
    _some("None", "True", "...", "-1", "1e5", "0XFF", "1_000", "1e999", "10"),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
)


def _expressions(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    several = st.lists(inner, min_size=1, max_size=4)
    comma, space = _some("", ","), _some(", ", ",", ",\n        ")
    return st.one_of(
        st.tuples(_identifiers, several, space, comma).map(
            lambda v: f"{v[0]}({v[2].join(f'k{i}={e}' for i, e in enumerate(v[1]))}{v[3]})"
        ),
        st.tuples(_identifiers, several, space, comma).map(
            lambda v: f"{v[0]}({v[2].join(v[1])}{v[3]})"
        ),
        st.tuples(_identifiers, several, space, comma).map(
            lambda v: f"{v[0]}[{v[2].join(v[1])}{v[3]}]"
        ),
        st.tuples(several, space, comma).map(lambda v: f"[{v[1].join(v[0])}{v[2]}]"),
        st.tuples(several, space, comma).map(
            lambda v: "{" + v[1].join(f"'{i}': {e}" for i, e in enumerate(v[0])) + v[2] + "}"
        ),
        st.lists(inner, min_size=2, max_size=3).map(" | ".join),
        inner.map(lambda e: f"({e})"),
        inner.map(lambda e: f"lambda: {e}"),
        inner.map(lambda e: f"a.b({e}).c"),
        st.tuples(inner, inner).map(lambda v: f"({v[0]}, {v[1]})"),
        inner.map(lambda e: f"f(*{e}, **{e})"),
        inner.map(lambda e: f"x[1:{e}]"),
        inner.map(lambda e: f"not ({e})"),
    )


_expression = st.recursive(_atoms, _expressions, max_leaves=12)
_members = st.one_of(
    st.tuples(_identifiers, _expression).map(lambda v: f"{v[0]}: {v[1]}"),
    st.tuples(_identifiers, _expression).map(lambda v: f"{v[0]} = {v[1]}"),
    st.tuples(_identifiers, _expression, _expression).map(lambda v: f"{v[0]}: {v[1]} = {v[2]}"),
    st.just("pass"),
)
_odd_members = _some(
    "# a comment",
    "x = 1  # noqa",
    "x: A[\n        1,  # why\n    ] = 2",
    "'a text'",
    "a = b = 1",
    "x = 1; y = 2",
    "def f(self): return 1",
    "class Config:\n        a = 1",
    "(x): int = 1",
)
_docstrings = _some(
    "",
    '"""\n    Text with a dash — and so on…\n    """',
    '"""\n    A "quoted" text.\n    """',
    '"""One line."""',
    "'single'",
    '"""\n     More.  \n    """',
    '""""""',
    '"""\n    A \\\n    b\n    """',
    '"""\n    a\\\\b\n    """',
    'r"""\n    Raw.\n    """',
    f'"""\n    {"long " * 30}\n    """',
)
_headers = _some(
    "class A(Model):",
    "class B(RootModel[list[Annotated[str,  Field(a=1)]]]):",
    f"class {'G' * 80}(Model, H[int]):",
    "class C(Base[int | None],\n  Model,):",
)
_odd_headers = _some(
    "class C():",
    "class D(A[int,]):",
    "class D(A, b=1):",
    "class E(A):  # why",
    "@d\nclass F(A):",
    "class G(A): x = 1",
)
_imports = _some(
    "from typing import Any, Annotated",
    "from enum import StrEnum",
    "import os",
    "import a as b",
    f"from m import {', '.join(f'name{i}' for i in range(30))}",
    "from pydantic import (Field,\n  RootModel)",
)
_odd_imports = _some(
    "from . import x", "# why", "from pydantic import (Field,  # why\n  RootModel)"
)


@st.composite
def _modules(draw: st.DrawFn) -> str:
    """Most are as generators of models write them; some hold what these never would."""

    def some(usual: st.SearchStrategy[str], odd: st.SearchStrategy[str], most: int) -> list[str]:
        kind = st.integers(0, 19).flatmap(lambda n: odd if n == 13 else usual)
        return draw(st.lists(kind, max_size=most))

    lines = ["from __future__ import annotations", *some(_imports, _odd_imports, 4)]
    for header in [draw(_headers), *some(_headers, _odd_headers, 3)]:
        body = [draw(_docstrings), *some(_members, _odd_members, 4), "z = 1"]
        lines += [draw(_some("", "", "\n\n\n", "\n")), header]
        lines += [f"    {each}" for each in body if each]
    lines += some(st.just("A.model_rebuild()"), _some("X = A | B", "# end"), 2)
    return "\n".join(lines) + "\n"


_BODIES = [
    *("a = 1e+16", "a = 1E5", "a = -1e-7", "a = 0XFF", "a = 1_000", "a = 10.0", "a = 1e400"),
    *("a = 'x'", "a = 'it\\'s'", 'a = "it\'s"', "a = 'say \"it\"'", "a = '\\'\"'", "a = '\\\\\"'"),
    *(
        "a = '\"\\n'",
        "a = '\\'\\n'",
        "a = '\\x00\\xAB\\u2028'",
        "a = 'é'",
        "a = b'x'",
        "a = f'{x}'",
    ),
    *("a = x[1,]", "a = x[1, 2,]", "a = (1,)", "a = (1)", "a = [1,]", "a = {'k': 1,}", "a = f(1,)"),
    *("a = x[1:2]", "a = -(1)", "a = - x", "a = not x", "a = (x | y) | z", "a = x | (y | z)"),
    *("a = (x | y)[1]", "a = (1).real", "a = ''.join(x)", "a = lambda: x", "a = x if y else z"),
    *("a: x", "a: x = y", "a: 'X' = ...", "(a): x = 1", "a.b: x = 1", "a, b = x", "a = b = x"),
    *('"""\n    A\u2028b\n    """', '"""\n    A\x0bb\n    """', '"""\n    A\xa0\n    """'),
    '"""\n    Alone.\n    """',
    '"""\n    Text.\n    """\n    a = 1',
    '"""\n     Text. \n    """\n    a = 1',
    "'Text.' 'More.'\n    a = 1",
    f"a = {'x' * 92}",
    f"a = {'x' * 93}",
    f"a: Annotated[{'x' * 60}, Field(a='b', c={'y' * 60!r})] = None",
    f"a: Annotated[{'x' * 60}, Field(a='b', c={'y' * 100!r})] = None",
]


@pytest.mark.parametrize("body", _BODIES)
def test_each_kind_of_statement_is_as_black_writes_it(body: str) -> None:
    text = f"class A(B):\n    {body}\n\n\nclass C(D):\n    x: int\n"
    made = styled(f"from m import A\n{text}")
    assert made == formatted(made)
    assert meaning(made) == meaning(f"from m import A\n{text}")


@given(_modules())
def test_modules_of_any_build_are_as_black_writes_them(text: str) -> None:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError):
        return
    made = styled(text)
    assert made == formatted(made)
    assert meaning(made) == meaning(text)
