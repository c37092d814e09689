"""Emit filters: how a value becomes text of a language. Every template expression ends in one.

Each either encodes any text so that it cannot leave its place, or refuses what is not of its form.
Nothing is ever stripped silently: a value that cannot be written safely is a bug of a view.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from cloudsync_gen.model.sql import tokens
from cloudsync_gen.naming import PYTHON_KEYWORDS

_LINE_BREAKS = re.compile("[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]+")
_UNSAFE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
# all of these are matched in full: `$` would let a line break pass at the end
_PATH = re.compile(r"[A-Za-z0-9_.@+=/-]+")
_SQL_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_SQL_TYPE = re.compile(r"[a-z]+( precision)?(\([0-9]+(,[0-9]+)?\)|\[\])?")
_SLUG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_PLAIN = re.compile(r"[ !#-\[\]-~]*")
_ENTRY = re.compile(r"([a-z_]+=(frozenset)?)?")
_LINE = 100
"""Columns of a line of Python."""

_TYPE_NODES = (
    ast.Expression,
    ast.Name,
    ast.Load,
    ast.Subscript,
    ast.Tuple,
    ast.Attribute,
    ast.BinOp,
    ast.BitOr,
    ast.Constant,
)


class NotEmittable(ValueError):
    """A value that has no safe form in the language of the template."""


def one_line(value: str) -> str:
    """Text on one line: breaks become a space, control and direction characters their escapes."""
    flat = _LINE_BREAKS.sub(" ", value).strip()
    return _UNSAFE.sub(lambda m: m[0].encode("unicode_escape").decode("ascii"), flat)


def py_str(value: str) -> str:
    """A Python string literal, double-quoted as black writes it."""
    written = str(value)
    if _PLAIN.fullmatch(written):
        return f'"{written}"'
    body = []
    for char in written:
        if char in '\\"':
            body.append("\\" + char)
        elif char == "\n":
            body.append("\\n")
        elif char == "\t":
            body.append("\\t")
        elif char.isprintable() and not _UNSAFE.match(char):
            body.append(char)
        else:
            body.append(char.encode("unicode_escape").decode("ascii"))
    text = "".join(body)
    if '\\"' in text and "'" not in text:
        return "'" + text.replace('\\"', '"') + "'"
    return f'"{text}"'


def py_literal(value: Any) -> str:
    """A Python literal of plain data, strings as `py_str` writes them."""
    if isinstance(value, str):
        return py_str(value)
    if value is None or isinstance(value, (bool, int, float)):
        return repr(value)
    if isinstance(value, (list, tuple)):
        items = ", ".join(py_literal(each) for each in value)
        if isinstance(value, list):
            return f"[{items}]"
        return f"({items},)" if len(value) == 1 else f"({items})"
    if isinstance(value, Mapping):
        pairs = (f"{py_literal(k)}: {py_literal(v)}" for k, v in value.items())
        return "{" + ", ".join(pairs) + "}"
    raise NotEmittable(f"no Python literal of {type(value).__name__}")


def py_entry(value: tuple[int, str, Any]) -> str:
    """`(indent, "name=", plain data)` -> an entry of a call or a mapping as black lays it out.

    It ends in a comma; lines after the first are indented by `indent` columns. The prefix is empty,
    `name=`, or `name=frozenset`: the data are the members of one.
    """
    indent, prefix, data = value
    if not _ENTRY.fullmatch(prefix):
        raise NotEmittable(f"no prefix of an entry: {prefix!r}")
    if prefix.endswith("frozenset"):
        return _laid_out(f"{prefix}(", _Set(data), "),", indent)
    return _laid_out(prefix, data, ",", indent)


def py_call(value: tuple[str, str, tuple[tuple[str, Any], ...]]) -> str:
    """`(name, callee, ((keyword, plain data or frozenset), ...))` -> `name = callee(...)` at the
    margin, as black lays it out. A frozenset is told in order of its members.
    """
    name, callee, given = value
    told = [(f"{py_name(keyword)}=", data) for keyword, data in given]
    start = f"{py_name(name)} = {py_name(callee)}("
    flat = start + ", ".join(_flat(each, data) for each, data in told) + ")"
    if len(flat) <= _LINE:
        return flat
    inside = "    " + ", ".join(_flat(each, data) for each, data in told)
    if len(inside) <= _LINE:
        return f"{start}\n{inside}\n)"
    entries = (
        (
            py_entry((4, f"{each}frozenset", sorted(data)))
            if isinstance(data, frozenset)
            else py_entry((4, each, data))
        )
        for each, data in told
    )
    return start + "\n" + "".join(f"    {each}\n" for each in entries) + ")"


def _flat(prefix: str, data: Any) -> str:
    if isinstance(data, frozenset):
        return f"{prefix}frozenset({{{', '.join(map(py_literal, sorted(data)))}}})"
    return prefix + py_literal(data)


class _Set(tuple[Any, ...]):
    """Members of a set that is the only argument of a call."""


def _laid_out(prefix: str, data: Any, suffix: str, indent: int) -> str:
    """On one line where it fits, else each item on a line of its own."""
    members = isinstance(data, _Set)
    flat = prefix + ("{" + ", ".join(map(py_literal, data)) + "}" if members else py_literal(data))
    if len(flat) + len(suffix) + indent <= _LINE or not isinstance(data, (list, tuple, Mapping)):
        return flat + suffix
    inner = indent + 8 if members else indent + 4
    if isinstance(data, Mapping):
        items = [_laid_out(f"{py_literal(k)}: ", v, ",", inner) for k, v in data.items()]
    else:
        items = [_laid_out("", each, ",", inner) for each in data]
    body = "".join(f"{' ' * inner}{each}\n" for each in items)
    if members:
        step = " " * (indent + 4)
        return f"{prefix}\n{step}{{\n{body}{step}}}\n{' ' * indent}{suffix}"
    kind = "{}" if isinstance(data, Mapping) else "[]" if isinstance(data, list) else "()"
    return f"{prefix}{kind[0]}\n{body}{' ' * indent}{kind[1]}{suffix}"


def py_name(value: str) -> str:
    """A Python identifier, refused when it is none or a keyword."""
    if not value.isascii() or not value.isidentifier() or value in PYTHON_KEYWORDS:
        raise NotEmittable(f"not a Python name: {value!r}")
    return value


def py_path(value: str) -> str:
    """A dotted Python name."""
    return ".".join(py_name(part) for part in value.split("."))


@lru_cache(maxsize=16_384)
def py_type(value: str) -> str:
    """A type annotation: names, subscripts, unions and literals, nothing that could be called."""
    try:
        tree = ast.parse(value, mode="eval")
        used = ast.parse(f"_: {value} = 0")
    except (SyntaxError, ValueError) as error:
        raise NotEmittable(f"not a type: {value!r}") from error
    plain = value.isprintable() and all(isinstance(node, _TYPE_NODES) for node in ast.walk(tree))
    if not plain or [ast.dump(each) for each in used.body] != [_annotated(tree.body)]:
        raise NotEmittable(f"not a type: {value!r}")
    return value


def _annotated(annotation: ast.expr) -> str:
    """`_: <annotation> = 0`, and nothing more."""
    name, zero = ast.Name("_", ast.Store()), ast.Constant(0)
    return ast.dump(ast.AnnAssign(name, annotation, zero, 1))


def py_doc(value: str) -> str:
    """Text within a triple-quoted docstring, on one line."""
    text = one_line(value).replace("\\", "\\\\").replace('"""', "'''")
    return text[:-1] + "'" if text.endswith('"') else text


def comment(value: str) -> str:
    """Text of a line comment (`#`, `--`, `//`)."""
    return one_line(value)


def md(value: str) -> str:
    """Inline Markdown text: markup, HTML and mentions shown as they are."""
    return re.sub(r"([\\`*_{}\[\]()#+!|<>~@$&-])", r"\\\1", one_line(value))


def separator(value: str) -> str:
    """Punctuation between items, from the template itself."""
    if value not in ("", ", ", "; ", " "):
        raise NotEmittable(f"not a separator: {value!r}")
    return value


def md_code(value: str) -> str:
    """Markdown code span."""
    text = one_line(value).replace("|", "\\|")
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def mermaid(value: str) -> str:
    """Text of a Mermaid label, within double quotes."""
    return re.sub(r"[#&\"<>`%{}\\]", lambda m: f"#{ord(m[0])};", one_line(value))


def path(value: str) -> str:
    """A relative path or a slug with slashes."""
    if not _PATH.fullmatch(value) or ".." in value.split("/"):
        raise NotEmittable(f"not a path: {value!r}")
    return value


def slug(value: str) -> str:
    """A name that needs no quotes in any of our languages."""
    if not _SLUG.fullmatch(value):
        raise NotEmittable(f"not a slug: {value!r}")
    return value


def sql_name(value: str) -> str:
    """An SQL identifier, double-quoted (SQL-92, delimited identifier)."""
    if not _SQL_NAME.fullmatch(value):
        raise NotEmittable(f"not an SQL name: {value!r}")
    return f'"{value}"'


def sql_names(value: Sequence[str]) -> str:
    """SQL identifiers with commas between."""
    return ", ".join(map(sql_name, value))


def sql_expr(value: str) -> str:
    """An SQL expression of tokens that the model's grammar knows: no statement can begin in it."""
    try:
        found = [token for kind, token in tokens(value) if kind == "operator"]
    except ValueError as error:
        raise NotEmittable(f"not an SQL expression: {value!r}") from error
    depth = 0
    for token in found:
        depth += {"(": 1, ")": -1}.get(token, 0)
        if depth < 0:
            break
    if depth or not value.strip():
        raise NotEmittable(f"not an SQL expression: {value!r}")
    return value


def sql_type(value: str) -> str:
    """An SQL type name such as `varchar(120)` or `text[]`."""
    if not _SQL_TYPE.fullmatch(value):
        raise NotEmittable(f"not an SQL type: {value!r}")
    return value


def sql_str(value: str) -> str:
    """An SQL string literal (standard_conforming_strings)."""
    if "\x00" in value:
        raise NotEmittable("NUL in an SQL string")
    return "'" + value.replace("'", "''") + "'"


def integer(value: int) -> str:
    """A whole number in decimal."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise NotEmittable(f"not a whole number: {value!r}")
    return str(value)


def toml_str(value: str) -> str:
    """A TOML basic string (TOML 1.0)."""
    body = []
    for char in value:
        if char in '\\"':
            body.append("\\" + char)
        elif char.isprintable() and not _UNSAFE.match(char):
            body.append(char)
        else:
            body.append(f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}")
    return '"' + "".join(body) + '"'


FILTERS: Mapping[str, Callable[[Any], str]] = {
    "py_str": py_str,
    "py_literal": py_literal,
    "py_entry": py_entry,
    "py_call": py_call,
    "py_name": py_name,
    "py_path": py_path,
    "py_type": py_type,
    "py_doc": py_doc,
    "comment": comment,
    "md": md,
    "md_code": md_code,
    "separator": separator,
    "mermaid": mermaid,
    "path": path,
    "slug": slug,
    "sql_name": sql_name,
    "sql_names": sql_names,
    "sql_expr": sql_expr,
    "sql_type": sql_type,
    "sql_str": sql_str,
    "integer": integer,
    "toml_str": toml_str,
}
"""The closed list of filters that a template may end an expression with."""
