"""Python files of a checkout and what the checks ask of a syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

PACKAGE = "cloudsync_gen"
SOURCE = "generator/cloudsync_gen"
Function = ast.FunctionDef | ast.AsyncFunctionDef


def modules(root: Path, *folders: str) -> Iterator[tuple[str, ast.Module]]:
    """(posix path relative to `root`, syntax tree) of the Python files below `folders`, sorted."""
    for folder in folders:
        for path in sorted((root / folder).rglob("*.py")):
            name = path.relative_to(root).as_posix()
            if not any(part.startswith((".", "__pycache__")) for part in path.parts[-3:-1]):
                yield name, _parsed(path.read_text(encoding="utf-8"), name)


@lru_cache(1000)
def _parsed(text: str, name: str) -> ast.Module:
    """What several checks look at is read once; none of them changes it."""
    return ast.parse(text, filename=name)


def functions(tree: ast.AST) -> Iterator[Function]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def dotted(node: ast.expr) -> str:
    """`a.b.c` for such an expression, else what of it can be said: `?.c` for `f().c`."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return "?"


def imported(tree: ast.AST, module: str, *, is_package: bool) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of everything imported, also by name in a string of ours.

    `from a import b` gives `a.b`: whether `b` is a module is for the caller to know.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, module, is_package)
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call) and dotted(node.func).endswith("import_module"):
            yield from ((node.lineno, name) for name in _literal(node))


def _absolute(node: ast.ImportFrom, module: str, is_package: bool) -> str:
    if not node.level:
        return node.module or ""
    parts = module.split(".")
    kept = parts[: len(parts) - node.level + is_package]
    return ".".join([*kept, *([node.module] if node.module else [])])


def _literal(call: ast.Call) -> Iterator[str]:
    """The literal beginning of an import by name: `f"a.b.{x}"` imports below `a.b`."""
    first = call.args[0] if call.args else None
    if isinstance(first, ast.JoinedStr) and first.values:
        first = first.values[0] if isinstance(first.values[0], ast.expr) else None
    if isinstance(first, ast.Constant) and isinstance(first.value, str):
        yield first.value.rstrip(".")
