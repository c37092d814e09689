"""Expressions of generated models as text that black leaves alone when it fits on its line.

Written from the syntax tree, so that what is written means what was read; any expression that might
have a second spelling raises `Unsure`, and black is asked.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any


class Unsure(Exception):
    """Only black knows how this is written."""


def expression(node: ast.expr) -> str:
    """The text of an expression on one line. Raises `Unsure`."""
    write = _WRITERS.get(type(node))
    if write is None:
        raise Unsure(type(node).__name__)
    return write(node)


def _name(node: ast.Name) -> str:
    return node.id


def _constant(node: ast.Constant) -> str:
    value = node.value
    if isinstance(value, str):
        return _string(value)
    if value is None or value is Ellipsis or isinstance(value, bool):
        return "..." if value is Ellipsis else str(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float) and isfinite(value):
        return repr(value).replace("e+", "e")
    raise Unsure(type(value).__name__)


def _string(value: str) -> str:
    """In double quotes, unless that takes an escape and single quotes do not."""
    written = repr(value)
    if '"' not in value:
        return written if "'" in value else f'"{written[1:-1]}"'
    if "'" in value:
        raise Unsure("quotes of both kinds")
    return written


def _attribute(node: ast.Attribute) -> str:
    return f"{_primary(node.value)}.{node.attr}"


def _subscript(node: ast.Subscript) -> str:
    index = node.slice
    if not isinstance(index, ast.Tuple):
        return f"{_primary(node.value)}[{expression(index)}]"
    if len(index.elts) < 2:
        raise Unsure("a tuple that takes a comma")
    return f"{_primary(node.value)}[{_several(index.elts)}]"


def _call(node: ast.Call) -> str:
    arguments = [expression(each) for each in node.args]
    for each in node.keywords:
        if each.arg is None:
            raise Unsure("unpacked keywords")
        arguments.append(f"{each.arg}={expression(each.value)}")
    return f"{_primary(node.func)}({', '.join(arguments)})"


def _primary(node: ast.expr) -> str:
    if not isinstance(node, ast.Name | ast.Attribute | ast.Subscript | ast.Call):
        raise Unsure("perhaps in parentheses")
    return expression(node)


def _union(node: ast.BinOp) -> str:
    if not isinstance(node.op, ast.BitOr) or isinstance(node.right, ast.BinOp):
        raise Unsure("an operator")
    return f"{expression(node.left)} | {expression(node.right)}"


def _negative(node: ast.UnaryOp) -> str:
    operand = node.operand
    number = isinstance(operand, ast.Constant) and type(operand.value) in (int, float)
    if not isinstance(node.op, ast.USub) or not number:
        raise Unsure("an operator")
    return f"-{expression(operand)}"


def _list(node: ast.List) -> str:
    return f"[{_several(node.elts)}]"


def _dict(node: ast.Dict) -> str:
    if None in node.keys:
        raise Unsure("unpacked entries")
    pairs = zip(node.keys, node.values, strict=True)
    return f"{{{', '.join(f'{expression(k)}: {expression(v)}' for k, v in pairs if k)}}}"


def _several(nodes: list[ast.expr]) -> str:
    return ", ".join(map(expression, nodes))


_WRITERS: Mapping[type[ast.expr], Callable[[Any], str]] = {
    ast.Name: _name,
    ast.Constant: _constant,
    ast.Attribute: _attribute,
    ast.Subscript: _subscript,
    ast.Call: _call,
    ast.BinOp: _union,
    ast.UnaryOp: _negative,
    ast.List: _list,
    ast.Dict: _dict,
}
