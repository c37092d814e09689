"""Whether a text is CEL (cel-spec, language definition)."""

from __future__ import annotations

import re
import sys
from functools import cache
from importlib import import_module
from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec
from types import ModuleType

_PACKAGE = "cel"
_PARSER = "cel.cel"
_TEXT = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")


def selected(expression: str, root: str) -> list[str]:
    """Names that an expression selects of one variable: `x` of `this.x.y`, in order."""
    found = re.findall(rf"(?<![\w.]){root}\.([A-Za-z_][A-Za-z0-9_]*)", _TEXT.sub("''", expression))
    return list(dict.fromkeys(found))


def mentioned(expression: str, variable: str) -> bool:
    """Whether an expression speaks of a variable."""
    return bool(re.search(rf"(?<![\w.]){variable}\b(?!\s*\()", _TEXT.sub("''", expression)))


def syntax_fault(expression: str) -> str:
    """The parser's complaint on one line, or an empty string."""
    try:
        _parser().compile(expression)
    except ValueError as error:
        return " ".join(str(error).split())[:200]
    return ""


@cache
def _parser() -> ModuleType:
    """The parser without its package, whose import brings a terminal's user interface along and
    takes longer than all rules together.
    """
    package = find_spec(_PACKAGE)
    places = package.submodule_search_locations if package else None
    spec = PathFinder.find_spec(_PARSER, places)
    if _PACKAGE in sys.modules or spec is None or spec.loader is None:
        return import_module(_PACKAGE)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.modules[_PARSER] = module
    return module
