"""Which part of the package may import which: the map of the design, as a table."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from support.house.python import PACKAGE, SOURCE, imported, modules

BASE = {"model", "diagnostics", "source", "naming"}
STAGES = {
    "load",
    "link",
    "rules",
    "contracts",
    "compat",
    "targets",
    "engine",
    "edit",
    "importers",
    "live",
}
BESIDE = {"report", "lsp"}
TOP = {"cli", "__main__"}
KNOWN = BASE | STAGES | BESIDE | TOP | {"pipeline"}

MAY_IMPORT: dict[str, set[str]] = {
    **dict.fromkeys(BASE, BASE),
    **{stage: BASE | {stage} for stage in STAGES},
    "pipeline": BASE | STAGES,
    **{part: BASE | STAGES | BESIDE | {"pipeline"} for part in BESIDE},
    "cli": KNOWN - {"__main__"},
    "__main__": {"cli"},
}

HEAVY = {
    "black",
    "cel",
    "cookiecutter",
    "datamodel_code_generator",
    "graphql",
    "grpc",
    "grpc_tools",
    "jinja2",
    "jsonschema",
    "openapi_spec_validator",
    "referencing",
    "strawberry",
}
"""Libraries that cost more to import than a whole check of an unchanged model."""

STAGES_THAT_NEED_THEM = {"contracts", "engine", "importers", "live", "load", "targets"}
"""Their modules may import them at the top, but not an `__init__`, which is on everybody's way."""


def part_of(path: str) -> str:
    """`rules` for generator/cloudsync_gen/rules/links/x.py, `` for the package itself."""
    first = path.removeprefix(f"{SOURCE}/").split("/")[0].removesuffix(".py")
    return "" if first == "__init__" else first


def imports_go_one_way(root: Path) -> Iterator[str]:
    """cli > pipeline > stages > base; stages never import each other."""
    for path, tree in modules(root, SOURCE):
        part = part_of(path)
        if part not in KNOWN | {""}:
            yield f"{path}: say in {Path(__file__).name} where `{part}` stands"
            continue
        allowed = MAY_IMPORT.get(part, BASE)
        for line, other in _own_imports(path, tree):
            if other and other not in allowed:
                yield f"{path}:{line}: {part or 'the package'} may not import {other}"


def _own_imports(path: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    module = path.removeprefix("generator/").removesuffix(".py").replace("/", ".")
    is_package = module.endswith(".__init__")
    own = module.removesuffix(".__init__")
    for line, name in imported(tree, own, is_package=is_package):
        steps = name.split(".")
        if steps[0] == PACKAGE and len(steps) > 1:
            yield line, steps[1] if steps[1] in KNOWN or len(steps) > 2 else ""


def heavy_imports_are_lazy(root: Path) -> Iterator[str]:
    """Costly libraries are imported by the stages that need them, and by nothing on the way."""
    for path, tree in modules(root, SOURCE):
        if part_of(path) in STAGES_THAT_NEED_THEM and not path.endswith("/__init__.py"):
            continue
        for node in tree.body:
            for line, name in imported(node, "", is_package=False):
                inside = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
                if name.split(".")[0] in HEAVY and not inside:
                    yield f"{path}:{line}: import {name.split('.')[0]} where it is used"
