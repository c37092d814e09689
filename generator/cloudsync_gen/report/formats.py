"""The formats by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from sys import modules

from cloudsync_gen.report.finding import Report

NAMES = ("text", "json", "sarif", "github", "gitlab", "junit", "markdown")
"""Each a module of this package with `render(*reports)`."""


def render(name: str, *reports: Report, colour: bool = False) -> str:
    """Findings of one command, or of several in one document; `colour` is for text on a
    terminal.
    """
    if name == "text":
        from cloudsync_gen.report import text

        each = (text.render(r.diagnostics, r.sources, colour=colour) for r in reports)
        return "".join(each)
    if name not in NAMES:
        raise ValueError(name)
    made: str = import_module(f"cloudsync_gen.report.{name}").render(*reports)
    return made


def documentation_of(rules: Iterable[tuple[str, Callable[..., object]]]) -> dict[str, str]:
    """Code -> docstring of the module that a rule's check stands in."""
    found = {}
    for code, check in rules:
        text = modules[check.__module__].__doc__
        if text:
            found[code] = text.strip()
    return found
