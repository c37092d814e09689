"""The tree of a file in its own language, its texts left out: what a hostile text may not change.

Texts are literals, docstrings and keys or names that the model at hand does not have: each of these
is `*`. What stands in a literal and is read again as another language (SQL in a column's default)
has its own tree.
"""

from __future__ import annotations

import ast
import json
import re
import tomllib
from collections.abc import Callable, Collection, Mapping
from typing import Any

import yaml
from graphql import Node, parse
from markdown_it import MarkdownIt

from cloudsync_gen.load import yaml_tree
from support.positions import TOKEN

_SQL = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--|/\*|\w+|\s+|[^\w\s]")
_SQL_TEXT = re.compile(r"'(?:[^']|'')*'")
_STATIC = (".tpl", ".typed")
Words = Collection[str]
"""Keys and names that are there without any hostile text."""


class NotReadable(Exception):
    """A file that the reader of its language refuses."""


def shape(path: str, content: bytes, words: Words) -> Any:
    """The tree of a file. Raises `NotReadable`."""
    name = path.rpartition("/")[2]
    suffix = f".{name.rpartition('.')[2]}" if "." in name else name
    try:
        text = content.decode("utf-8")
        if suffix in _STATIC or "/templates/" in path:  # of Helm: nothing of the model is in it
            return text
        return _READERS[suffix](text, words)
    except (SyntaxError, ValueError, yaml.YAMLError, KeyError) as error:
        raise NotReadable(f"{path}: {error}") from error
    except Exception as error:  # readers have errors of their own
        raise NotReadable(f"{path}: {type(error).__name__}: {error}") from error


def words_of(files: Mapping[str, bytes]) -> frozenset[str]:
    """Keys and names of files."""
    found: set[str] = set()
    for content in files.values():
        found.update(re.findall(r"[^\s\"'():,\[\]{}=]+", content.decode("utf-8", "replace")))
    return frozenset(found)


# -- Python ---------------------------------------------------------------------------------------


def _python(text: str, words: Words) -> Any:
    return _node(ast.parse(text), words)


def _node(node: Any, words: Words) -> Any:
    match node:
        case ast.Call(func=ast.Name(id="Column" | "Check"), args=args):
            sql = [_sql(each) for each in args[1:]]
            return ("Call", _node(node.func, words), sql, _node(node.keywords, words))
        case ast.keyword(arg="where" | "partition", value=value):
            return ("keyword", node.arg, _sql(value))
        case ast.Constant(value=str() | bytes()):
            return "*"
        case ast.AST():
            fields = [_node(getattr(node, name, None), words) for name in node._fields]
            return (type(node).__name__, *fields)
        case list():
            return [_node(each, words) for each in node]
        case str():
            return node if node in words else "*"
        case _:
            return repr(node)


def _sql(node: ast.expr) -> Any:
    """Tokens of an SQL expression or type, its texts left out."""
    if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
        return ast.dump(node)
    tokens = [each for each in _SQL.findall(node.value) if not each.isspace()]
    return ["'*'" if _SQL_TEXT.fullmatch(each) else each for each in tokens]


# -- data -----------------------------------------------------------------------------------------


def data_shape(value: Any, words: Words) -> Any:
    """The tree of a value as YAML, JSON or TOML hold it."""
    if isinstance(value, dict):
        entries = [
            (str(key) if str(key) in words else "*", data_shape(each, words))
            for key, each in value.items()
        ]
        return ("{", *entries)
    if isinstance(value, list):
        return ("[", *(data_shape(each, words) for each in value))
    if isinstance(value, str):
        return "*"
    return repr(value)


def _json(text: str, words: Words) -> Any:
    return data_shape(json.loads(text), words)


def _yaml(text: str, words: Words) -> Any:
    """As YAML 1.1 reads it, and as YAML 1.2 does."""
    documents = [*yaml.load_all(text, yaml.CSafeLoader)]
    made = [data_shape(each, words) for each in documents]
    if len(documents) == 1:
        parsed = yaml_tree.parse("x", text)
        if parsed.problems or parsed.value != documents[0]:
            raise NotReadable(f"YAML 1.2 reads it otherwise: {parsed.problems}")
    return made


def _toml(text: str, words: Words) -> Any:
    return data_shape(tomllib.loads(text), words)


# -- contracts ------------------------------------------------------------------------------------


def _graphql(text: str, words: Words) -> Any:
    return _graphql_node(parse(text), words)


def _graphql_node(node: Any, words: Words) -> Any:
    if isinstance(node, Node):
        if node.kind == "string_value":
            return "*"
        return (node.kind, *(_graphql_node(getattr(node, k), words) for k in node.keys[1:]))
    if isinstance(node, list | tuple):
        return [_graphql_node(each, words) for each in node]
    if isinstance(node, str):
        return node if node in words else "*"
    return repr(node)


def _proto(text: str, words: Words) -> Any:
    """Tokens; comments are none. What it means, protoc has told before the file was written."""
    tokens = [each for each in TOKEN.findall(text) if not each.isspace()]
    code = [each for each in tokens if not each.startswith("//")]
    return ["*" if each.startswith('"') or each not in words else each for each in code]


# -- documents ------------------------------------------------------------------------------------


def _markdown(text: str, words: Words) -> Any:
    del words
    found: list[Any] = []
    for token in MarkdownIt("gfm-like", {"linkify": False}).parse(text):
        if token.type == "fence":
            found.append((token.info, _fenced(token.content)))
            continue
        found.append((token.type, token.tag))
        found += [(each.type, each.tag) for each in token.children or () if each.type != "text"]
    return found


def _fenced(text: str) -> list[str]:
    """Lines of a diagram or a command: what stands in quotes is text."""
    return [re.sub(r'"[^"]*"', '"*"', line) for line in text.splitlines()]


def _lines(text: str, words: Words) -> Any:
    """Each line's words; lines are those of the strictest reader."""
    return [[each if each in words else "*" for each in line.split()] for line in text.splitlines()]


_READERS: Mapping[str, Callable[[str, Words], Any]] = {
    ".py": _python,
    ".pyi": _python,
    ".json": _json,
    ".yaml": _yaml,
    ".toml": _toml,
    ".graphql": _graphql,
    ".proto": _proto,
    ".md": _markdown,
    ".txt": _lines,
    "Dockerfile": _lines,
}
