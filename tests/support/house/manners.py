"""How code is written here: short, silent, without side effects, tested for real."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from support.house.python import SOURCE, Function, dotted, functions, modules

MAX_MODULE, MAX_FUNCTION = 500, 60
HEADINGS = ("What it does:", "Why:", "Example:", "Use instead:")

WRITERS = {
    *(f"{SOURCE}/engine/{name}.py" for name in ("write", "cache", "index", "journal", "locks")),
    f"{SOURCE}/live/state.py",
}
"""The modules that touch the user's tree, and the one that keeps the state of running services."""

WRITING_METHODS = {
    "hardlink_to",
    "mkdir",
    "rename",
    "rmdir",
    "symlink_to",
    "touch",
    "unlink",
    "write_bytes",
    "write_text",
}
WRITING_OS = {
    f"os.{name}"
    for name in (
        *("chmod", "link", "makedirs", "mkdir", "remove", "removedirs", "rename", "renames"),
        *("replace", "rmdir", "symlink", "truncate", "unlink", "utime", "write"),
    )
}
OPENERS = {"bz2", "codecs", "gzip", "io", "lzma", "os"}
"""Modules whose `open` takes the mode second, as the builtin does; a path's takes it first."""

SKIPS = {"skip", "skipif", "xfail", "importorskip", "skipUnless", "skipIf", "expectedFailure"}


def sizes(root: Path) -> Iterator[str]:
    """No module over 500 lines, no function over 60."""
    for path, tree in modules(root, "generator", "templates/chassis"):
        lines = (root / path).read_text(encoding="utf-8").count("\n")
        if lines > MAX_MODULE:
            yield f"{path}: {lines} lines, {MAX_MODULE} at most: find a new noun"
        for function in functions(tree):
            length = (function.end_lineno or function.lineno) - function.lineno + 1
            if length > MAX_FUNCTION:
                yield f"{path}:{function.lineno}: {function.name} has {length} lines"


def only_cli_prints(root: Path) -> Iterator[str]:
    """Results, progress and errors leave through cli/ and nowhere else."""
    streams = {"sys.stdout", "sys.stderr", "sys.__stdout__", "sys.__stderr__"}
    for path, tree in modules(root, SOURCE):
        if path.startswith(f"{SOURCE}/cli/"):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and node.id == "print":
                yield f"{path}:{node.lineno}: print"
            elif isinstance(node, ast.Attribute) and dotted(node) in streams:
                yield f"{path}:{node.lineno}: {dotted(node)}"


def only_writers_write(root: Path) -> Iterator[str]:
    """Files are written, moved and removed by engine/write.py and what stands beside it."""
    for path, tree in modules(root, SOURCE):
        if path in WRITERS:
            continue
        scratch = set(_inside_temporary_folders(tree))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and node not in scratch and _writes(node):
                yield f"{path}:{node.lineno}: {dotted(node.func)}"


def _inside_temporary_folders(tree: ast.AST) -> Iterator[ast.AST]:
    """What stands in a `with TemporaryDirectory()`: some libraries take files only."""
    for node in ast.walk(tree):
        if isinstance(node, ast.With) and any(
            isinstance(item.context_expr, ast.Call)
            and dotted(item.context_expr.func).endswith("TemporaryDirectory")
            for item in node.items
        ):
            yield from ast.walk(node)


def _writes(call: ast.Call) -> bool:
    name = dotted(call.func)
    last = name.split(".")[-1]
    if name == "os.open" and [dotted(each) for each in call.args[:1]] == ["os.devnull"]:
        return False
    if name == "os.open":
        flags = {
            dotted(node).split(".")[-1] for node in ast.walk(call) if isinstance(node, ast.expr)
        }
        return bool(flags & {"O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC", "O_APPEND"})
    if last in {"open", "fdopen"}:
        of_a_path = "." in name and name.split(".")[0] not in OPENERS
        return not _only_reads(call, position=0 if of_a_path else 1)
    return name in WRITING_OS or name.startswith("shutil.") or last in WRITING_METHODS


def _only_reads(call: ast.Call, position: int) -> bool:
    """Whether the mode of an `open` is written out and only reads."""
    given = [word.value for word in call.keywords if word.arg == "mode"]
    given += call.args[position : position + 1]
    if not given:
        return True
    mode = given[0].value if isinstance(given[0], ast.Constant) else None
    return isinstance(mode, str) and not set(mode) & set("wax+")


def no_skips(root: Path) -> Iterator[str]:
    """A test that does not run proves nothing and looks as if it did."""
    for path, tree in modules(root, "tests", "templates/chassis"):
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in SKIPS:
                if dotted(node).startswith(("pytest.", "unittest.")):
                    yield f"{path}:{node.lineno}: {dotted(node)}"
            elif isinstance(node, ast.ImportFrom) and node.module in {"pytest", "unittest"}:
                names = {alias.name for alias in node.names} & (SKIPS | {"mark"})
                yield from (f"{path}:{node.lineno}: {name}" for name in sorted(names))


def every_test_asserts(root: Path) -> Iterator[str]:
    """A test asserts, expects an exception, or hands over to a judge that does."""
    for path, tree in modules(root, "tests", "templates/chassis/tests"):
        if path.split("/")[-1].startswith("test_"):
            for function in functions(tree):
                if function.name.startswith("test_") and not _asserts(function):
                    yield f"{path}:{function.lineno}: {function.name} asserts nothing"


def _asserts(function: Function) -> bool:
    for node in ast.walk(function):
        if isinstance(node, ast.Assert):
            return True
        if isinstance(node, ast.Call):
            name = dotted(node.func)
            last = name.split(".")[-1].lstrip("_")
            if name == "pytest.raises" or last.startswith(("assert", "judge", "golden")):
                return True
            if name.startswith("golden."):
                return True
    return False


def exports_are_true(root: Path) -> Iterator[str]:
    """`__all__` is sorted, and names what the module binds; the package itself has one."""
    for path, tree in modules(root, SOURCE):
        exported = _exported(tree)
        if exported is None:
            if path == f"{SOURCE}/__init__.py":
                yield f"{path}: no __all__"
            continue
        bound = _bound(tree)
        yield from (f"{path}: __all__ names {name}" for name in exported if name not in bound)
        if exported != sorted(set(exported)):
            yield f"{path}: __all__ is not sorted and unique"
        if path == f"{SOURCE}/__init__.py":
            public = {name for name in bound if not name.startswith("_")} - {"annotations"}
            yield from (
                f"{path}: {name} is not in __all__" for name in sorted(public - {*exported})
            )


def _exported(tree: ast.Module) -> list[str] | None:
    for node in tree.body:
        if isinstance(node, ast.Assign) and [dotted(t) for t in node.targets] == ["__all__"]:
            names: list[str] = ast.literal_eval(node.value)
            return names
    return None


def _bound(tree: ast.Module) -> set[str]:
    """Names that the statements of a module bind."""
    bound: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            bound |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            bound.add(node.name)
        elif isinstance(node, ast.Assign):
            bound |= {dotted(target) for target in node.targets}
        elif isinstance(node, ast.AnnAssign):
            bound.add(dotted(node.target))
    return bound


def rules_are_whole(root: Path) -> Iterator[str]:
    """One rule = one file with four headings, a bad and an ok fixture."""
    for path, tree in modules(root, f"{SOURCE}/rules"):
        *_, family, file = path.split("/")
        if family == "rules" or file.startswith("_"):
            continue
        documentation = ast.get_docstring(tree) or ""
        starts = [documentation.find(f"\n{heading}") for heading in HEADINGS]
        if -1 in starts or starts != sorted(starts):
            yield f"{path}: its docstring needs, in this order: {' '.join(HEADINGS)}"
        fixture = root / "tests" / "rules" / family / file.removesuffix(".py")
        for side in ("bad", "ok"):
            if not any(each.is_file() for each in (fixture / side).rglob("*")):
                yield f"{path}: no fixture {fixture.relative_to(root).as_posix()}/{side}"
        expected = fixture / "expected.txt"
        if not expected.is_file() or not expected.read_text(encoding="utf-8").strip():
            yield f"{path}: no {expected.relative_to(root).as_posix()}"
