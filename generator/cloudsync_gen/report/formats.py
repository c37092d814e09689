"""The formats by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from sys import modules

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.source import SourceMap

NAMES = ("text", "json", "sarif", "github")


def render(
    name: str,
    diagnostics: Iterable[Diagnostic],
    sources: SourceMap,
    documentation: Mapping[str, str],
    *,
    colour: bool = False,
) -> str:
    """Findings in one of the formats; `documentation` maps codes to what their rules say, `colour`
    is for text on a terminal.
    """
    if name == "text":
        from cloudsync_gen.report import text

        return text.render(diagnostics, sources, colour=colour)
    if name == "sarif":
        from cloudsync_gen.report import sarif

        return sarif.render(diagnostics, sources, documentation)
    return _plain(name)(diagnostics, sources)


def _plain(name: str) -> Callable[[Iterable[Diagnostic], SourceMap], str]:
    if name == "json":
        from cloudsync_gen.report import json

        return json.render
    from cloudsync_gen.report import github

    return github.render


def documentation_of(rules: Iterable[tuple[str, Callable[..., object]]]) -> dict[str, str]:
    """Code -> docstring of the module that a rule's check stands in."""
    found = {}
    for code, check in rules:
        text = modules[check.__module__].__doc__
        if text:
            found[code] = text.strip()
    return found
