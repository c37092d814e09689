"""A table of JSON with the solutions of problems in it, one entry on a line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any

from cloudsync_gen.engine.forms.solving import Solver
from cloudsync_gen.model.artefacts import Problem, Trials


def render(form: Trials) -> bytes:
    """The table; what has no solution is not in it."""
    table = deepcopy(form.table)
    solved: set[str] = set()
    solver = Solver(form.absent)
    for problem in form.problems:
        needless = bool(solved & {problem.group, problem.unless})
        found = None if needless else solver.solve(problem)
        if found is not None:
            solved.add(problem.group)
            parts = _parts(form, problem, found)
            _write(table, problem, _news(form, table, problem, parts))
    for each in form.unsolved:
        if each.group not in solved:
            section, reason = each.place
            table[section].setdefault(reason, []).append(each.name)
    return _text(table).encode()


def _parts(form: Trials, problem: Problem, found: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The solution by its parts: null takes away what an entity had."""
    told: dict[str, dict[str, Any]] = {}
    for name, held in problem.values.items():
        part, _, field = name.partition(".")
        value = found.get(name, held[0])
        if part in form.whole:
            told.setdefault(part, {})
            if value != form.absent:
                told[part][field] = value
        elif name in found or name in problem.told:
            told.setdefault(part, {})[field] = None if value == form.absent else value
    return told


def _write(table: dict[str, Any], problem: Problem, told: dict[str, Any]) -> None:
    *way, last = problem.place
    at: Any = table
    for step in way:
        at = at[int(step)] if isinstance(at, list) else at.setdefault(step, {})
    at[last] = told


def _news(form: Trials, table: Any, problem: Problem, told: dict[str, Any]) -> dict[str, Any]:
    """The solution without the parts that are whole and said as much by what it is a trial of."""
    at: Any = table
    for step in problem.place[:2]:
        at = at[int(step)] if isinstance(at, list) else at.get(step, {})
    return {
        part: held for part, held in told.items() if part not in form.whole or at.get(part) != held
    }


def _text(table: Mapping[str, Any]) -> str:
    return (
        "{" + ",\n".join(f"{_json(name)}: {_section(held)}" for name, held in table.items()) + "}\n"
    )


def _section(held: Any) -> str:
    if isinstance(held, Mapping):
        rows = (f"{_json(name)}: {_json(each)}" for name, each in sorted(held.items()))
        return f"{{{_lines(rows)}}}"
    return f"[{_lines(map(_json, held))}]"


def _lines(items: Iterable[str]) -> str:
    return "\n" + ",\n".join(items) + "\n"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))
