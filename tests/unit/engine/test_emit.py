"""Emit filters against hostile text. The judge is the structure of what comes out, parsed by the
reader of its language, never a search for bad characters.
"""

from __future__ import annotations

import ast
import re
import sqlite3
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import black
import pytest
from markdown_it import MarkdownIt

from cloudsync_gen.engine import emit
from cloudsync_gen.engine.emit import FILTERS, NotEmittable
from support.payloads import PAYLOADS


def emitted(emits: Callable[[Any], str], payload: Any) -> str | None:
    """What the filter makes of it, `None` when it refuses."""
    try:
        return emits(payload)
    except NotEmittable:
        return None


def python(text: str) -> str:
    return ast.dump(ast.parse(text))


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_python_string_is_the_text(payload: str) -> None:
    assert ast.literal_eval(emit.py_str(payload)) == payload
    assert len(emit.py_str(payload).splitlines()) == 1
    (statement,) = ast.parse(f"x = {emit.py_str(payload)}").body
    assert isinstance(statement, ast.Assign)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_python_literal_is_the_data(payload: str) -> None:
    data = {payload: [payload, (payload,), 1, True, None, 1.5, {"a": ()}]}
    assert ast.literal_eval(emit.py_literal(data)) == data


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize(
    "template", ['"""{}"""\nx = 1\n', '"""Head {}.\n\n    Tail {}.\n"""\nx = 1\n']
)
def test_a_docstring_stays_one(payload: str, template: str) -> None:
    text = emit.py_doc(payload)
    doc, rest = ast.parse(template.format(text, text)).body
    assert isinstance(doc, ast.Expr)
    assert isinstance(doc.value, ast.Constant)
    assert ast.dump(rest) == ast.dump(ast.parse("x = 1").body[0])


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_comment_ends_with_its_line(payload: str) -> None:
    text = emit.comment(payload)
    assert python(f"# {text}\nx = 1") == python("x = 1")
    assert sqlite3.connect(":memory:").execute(f"-- {text}\nSELECT 1").fetchall() == [(1,)]
    assert not re.search("[\n\r\u2028\u2029]", text)  # ECMAScript, and so proto and Go


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_python_name_is_one_or_none_is_given(payload: str) -> None:
    name, path = emitted(emit.py_name, payload), emitted(emit.py_path, f"a.{payload}")
    if name is not None:
        assert python(f"{name} = 1") == python("X = 1").replace("'X'", repr(payload))
    if path is not None:
        assert path == f"a.{payload}"
        assert python(path) == python("a.X").replace("'X'", repr(payload))


def test_python_names_are_neither_keywords_nor_of_another_script() -> None:
    for name in ("class", "None", "ａ", "é", "1a", "a-b", "a b", "a\n"):
        assert emitted(emit.py_name, name) is None
    assert emit.py_name("class_") == "class_"


TYPES = [
    "int",
    "list[str] | None",
    "dict[str, tuple[int, ...]]",
    'Literal["a", "#"]',
    "a.b.C",
    "Annotated[str, 1]",
]
NOT_TYPES = [
    *(
        "f()",
        "lambda: 0",
        "[x for x in y]",
        "int # x",
        "int\n",
        "int = 0; x",
        "int) -> (x",
        "a if b else c",
    ),
    *(
        "x := 1",
        "await x",
        "f'{x}'",
        "*a",
        "{1: 2}",
        "not x",
        "a < b",
        "",
        "1 +",
        "int \\\n",
        "int\x0c",
    ),
]


@pytest.mark.parametrize("payload", [*PAYLOADS, *TYPES, *NOT_TYPES])
def test_an_annotation_stays_one(payload: str) -> None:
    text = emitted(emit.py_type, payload)
    assert (text is None) or text == payload
    if text is not None:
        (statement,) = ast.parse(f"def f(a: {text} = 1) -> {text}: ...").body
        assert isinstance(statement, ast.FunctionDef)
        assert not any(isinstance(node, ast.Call) for node in ast.walk(statement))
        assert len(statement.args.args) == 1


def test_what_is_a_type_and_what_is_none() -> None:
    assert [emitted(emit.py_type, each) for each in TYPES] == TYPES
    assert [emitted(emit.py_type, each) for each in NOT_TYPES] == [None] * len(NOT_TYPES)


def shape(markdown: str) -> list[tuple[str, int]]:
    """Tokens of CommonMark, without their text."""
    found: list[tuple[str, int]] = []
    for token in MarkdownIt("commonmark").enable(["table"]).parse(markdown):
        found.append((token.type, token.nesting))
        kinds = [child.type for child in token.children or () if child.type != "text"]
        found += [(kind, 0) for kind in kinds]
    return found


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize(
    "template", ["Before {} after", "# {}.", "| a | b |\n|---|---|\n| x {} | y |\n"]
)
def test_markdown_text_brings_no_markup(payload: str, template: str) -> None:
    assert shape(template.format(emit.md(payload))) == shape(template.format("word"))


@pytest.mark.parametrize("payload", [each for each in PAYLOADS if each.strip()])
@pytest.mark.parametrize("template", ["Before {} after", "| a | b |\n|---|---|\n| x {} | y |\n"])
def test_a_code_span_stays_one(payload: str, template: str) -> None:
    assert shape(template.format(emit.md_code(payload))) == shape(template.format("`word`"))


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_mermaid_label_keeps_to_its_quotes(payload: str) -> None:
    text = emit.mermaid(payload)
    assert re.fullmatch(r'[^"\n\r]*', text)
    # no fence, no HTML, no `%%{directive}%%`, and every entity is one of ours
    assert not re.search(r"[`<>%{}&\\]", text)
    assert re.sub(r"#\d+;", "", text).count("#") == 0


@pytest.mark.parametrize("payload", PAYLOADS)
def test_paths_and_slugs_are_plain_or_refused(payload: str) -> None:
    path, slug = emitted(emit.path, payload), emitted(emit.slug, payload)
    assert path in (None, payload)
    assert slug in (None, payload)
    if path is not None:
        assert re.fullmatch(r"[A-Za-z0-9_.@+=/-]+", path)
        assert ".." not in path.split("/")
    if slug is not None:
        assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", slug)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_an_sql_string_is_the_text(payload: str) -> None:
    text = emitted(emit.sql_str, payload)
    if "\x00" in payload:
        assert text is None
    else:
        rows = sqlite3.connect(":memory:").execute(f"SELECT {text}, 2").fetchall()
        assert rows == [(payload, 2)]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_an_sql_name_is_one_column(payload: str) -> None:
    text = emitted(emit.sql_name, payload)
    if text is not None:
        database = sqlite3.connect(":memory:")
        database.execute(f"CREATE TABLE t ({emit.sql_names([payload, 'other'])})")
        columns = [row[1] for row in database.execute("PRAGMA table_info(t)")]
        assert columns == [payload, "other"]


@pytest.mark.parametrize(
    "payload", [*PAYLOADS, "text\n", "text); DROP TABLE x", "text[]", "char(3)"]
)
def test_an_sql_type_is_one_word_with_numbers(payload: str) -> None:
    text = emitted(emit.sql_type, payload)
    assert text is None or re.fullmatch(r"[a-z]+( precision)?(\([\d,]+\)|\[\])?", text)


EXPRESSIONS = ["a > 0", "length(a) <= 80 and (b is null or b in ('x', 'y''z'))", "a::text = '--'"]


@pytest.mark.parametrize("payload", [*PAYLOADS, *EXPRESSIONS])
def test_an_sql_expression_opens_no_statement_and_no_comment(payload: str) -> None:
    text = emitted(emit.sql_expr, payload)
    if text is not None:
        bare = re.sub(r"'[^']*'", "''", text)
        assert not re.search(r"--|/\*|;|\$|\\", bare)
        assert re.sub(r"[^()]", "", bare).count("(") == bare.count(")")
        assert bare.strip()
    if payload in EXPRESSIONS:
        assert text == payload


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_toml_string_is_the_text(payload: str) -> None:
    document = f"a = {emit.toml_str(payload)}\nb = 1\n"
    assert tomllib.loads(document) == {"a": payload, "b": 1}


@pytest.mark.parametrize("payload", [*PAYLOADS, True, 1.5, None])
def test_a_number_is_a_number(payload: object) -> None:
    assert emitted(emit.integer, payload) is None
    assert emit.integer(-3) == "-3"


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_separator_is_one_of_four(payload: str) -> None:
    assert (emitted(emit.separator, payload) is None) == (payload not in ("", " "))


def test_every_filter_is_tried_here() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    assert [name for name in FILTERS if f"emit.{name}" not in source] == []


@pytest.mark.parametrize("value", [object(), b"x", {1, 2}, {"a": b"x"}, range(3)])
def test_a_literal_of_anything_but_data_is_refused(value: object) -> None:
    assert emitted(emit.py_literal, value) is None


@pytest.mark.parametrize("data", [1, ["a"] * 40, {"k": "v" * 90, "l": [1, 2]}, ("x",), {}])
@pytest.mark.parametrize("prefix", ["", "name="])
def test_an_entry_holds_its_data_however_long_it_is(prefix: str, data: object) -> None:
    text = emit.py_entry((8, prefix, data))
    call = ast.parse(f"f(\n        {text}\n)", mode="eval").body
    assert isinstance(call, ast.Call)
    (value,) = [*call.args, *(each.value for each in call.keywords)]
    assert ast.literal_eval(value) == data


@pytest.mark.parametrize("data", [1, ["a"] * 40, "v" * 120, frozenset({"b", "a"}), True])
def test_a_call_holds_its_arguments_as_black_lays_them_out(data: object) -> None:
    text = emit.py_call(("NAME", "made", (("one", data), ("other", "x"))))
    assert black.format_str(text, mode=black.Mode(line_length=100)) == text + "\n"
    (assigned,) = ast.parse(text).body
    assert isinstance(assigned, ast.Assign)
    assert isinstance(assigned.value, ast.Call)
    told = {each.arg: each.value for each in assigned.value.keywords}
    one = told["one"]
    value = one.args[0] if isinstance(one, ast.Call) else one
    assert ast.literal_eval(value) == data


@pytest.mark.parametrize("call", [("a b", "c", ()), ("a", "b.c", ()), ("a", "b", (("c d", 1),))])
def test_a_call_has_names_alone(call: tuple[str, str, tuple[tuple[str, object], ...]]) -> None:
    with pytest.raises(emit.NotEmittable):
        emit.py_call(call)


@pytest.mark.parametrize("prefix", ["name", "a.b=", "__import__('os')=", "name=open"])
def test_an_entry_has_no_other_prefix(prefix: str) -> None:
    with pytest.raises(emit.NotEmittable):
        emit.py_entry((4, prefix, 1))
