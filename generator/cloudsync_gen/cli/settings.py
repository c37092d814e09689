"""Settings: flag, then `CLOUDSYNC_GEN_*`, then the file, then the default (design §5).

The file is `[tool.cloudsync-gen]` of `pyproject.toml`, or `cloudsync-gen.toml` with the same keys.
"""

from __future__ import annotations

import functools
import os
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct

from cloudsync_gen.cli.suggest import did_you_mean
from cloudsync_gen.diagnostics import Diagnostic, Severity
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules import RULES
from cloudsync_gen.rules._rule import Rule

FILES = ("cloudsync-gen.toml", "pyproject.toml")
TABLE = "cloudsync-gen"
PREFIX = "CLOUDSYNC_GEN_"
ELSEWHERE = frozenset(("root",))
"""Read where the root is looked for, before any file is."""

Level = Literal["error", "warning", "info", "off"]


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`select` and `ignore`: codes, beginnings of codes or names of rules. `jobs`: processes, 0 for
    all processors. `severity`: code or name of a rule -> what its findings weigh.
    """

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    jobs: int = 0
    severity: dict[str, Level] = {}


class Misconfigured(Exception):
    """A setting that cannot be meant as written; its text says where and what to do."""


def settings(root: Path, environment: Mapping[str, str] = os.environ) -> Settings:
    """What file and environment say. Raises `Misconfigured`, `OSError`."""
    given: dict[str, Any] = {}
    for source, values in (_file(root), _environment(environment)):
        for key, value in values.items():
            if key not in Settings.__struct_fields__:
                near = did_you_mean(key, Settings.__struct_fields__)
                raise Misconfigured(f"{source}: no setting `{key}`{near}")
            given[key] = _converted(source, key, value)
    made = Settings(**given)
    _rules_known(made)
    return made


def _file(root: Path) -> tuple[str, Mapping[str, Any]]:
    found = []
    for name in FILES:
        try:
            text = (root / name).read_bytes().decode("utf-8")
            table = tomllib.loads(text)
        except FileNotFoundError:
            continue
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise Misconfigured(f"{name}: not TOML: {error}") from error
        if name == "pyproject.toml":
            table = table.get("tool", {}).get(TABLE)
        if table is not None:
            found.append((name, table))
    if len(found) > 1:
        raise Misconfigured(f"settings in both {' and '.join(FILES)}; keep one")
    for name, table in found:
        if not isinstance(table, dict):
            raise Misconfigured(f"{name}: [tool.{TABLE}] is no table")
        return name, table
    return "", {}


def _environment(environment: Mapping[str, str]) -> tuple[str, Mapping[str, Any]]:
    values: dict[str, Any] = {}
    for name, text in sorted(environment.items()):
        key = name.removeprefix(PREFIX).lower()
        if not name.startswith(PREFIX) or key in ELSEWHERE:
            continue
        items = [item.strip() for item in text.split(",") if item.strip()]
        if key == "severity":
            pairs = [item.partition("=") for item in items]
            values[key] = {code.strip(): level.strip() for code, _, level in pairs}
        elif key == "jobs":
            values[key] = int(text) if text.strip().isdigit() else text
        else:
            values[key] = items
    return "the environment", values


def _converted(source: str, key: str, value: Any) -> Any:
    field = next(f for f in msgspec.structs.fields(Settings) if f.name == key)
    try:
        made = msgspec.convert(value, field.type)
    except msgspec.ValidationError as error:
        raise Misconfigured(
            f"{source}: `{key}`: {str(error)[:1].lower()}{str(error)[1:]}"
        ) from None
    if key == "jobs" and made < 0:
        raise Misconfigured(f"{source}: `jobs`: 0 for all processors, or a number of processes")
    return made


# -- rules ----------------------------------------------------------------------------------------


def matches(rule: Rule, pattern: str) -> bool:
    """Whether a rule is meant: by its name, its code or a beginning of its code."""
    return rule.name == pattern or rule.code.startswith(pattern)


def _rules_known(made: Settings) -> None:
    for key in ("select", "ignore"):
        for pattern in getattr(made, key):
            _known(pattern, f"`{key}`: ")
    for pattern in made.severity:
        if not any(pattern in (rule.code, rule.name) for rule in RULES):
            raise Misconfigured(f"`severity`: {_unknown(pattern)}")


def _known(pattern: str, place: str) -> None:
    if not any(matches(rule, pattern) for rule in RULES):
        raise Misconfigured(f"{place}{_unknown(pattern)}")


def _unknown(pattern: str) -> str:
    known = [*(r.name for r in RULES), *(r.code for r in RULES)]
    return f"no rule `{pattern}`{did_you_mean(pattern, known)}"


def chosen(
    made: Settings, select: Sequence[str] = (), ignore: Sequence[str] = ()
) -> tuple[Rule, ...]:
    """The rules that count, each with the weight that it was given. Flags take the place of what
    is set elsewhere. Raises `Misconfigured`.
    """
    select, ignore = select or made.select, ignore or made.ignore
    for pattern in (*select, *ignore):
        _known(pattern, "")
    kept = [r for r in RULES if not select or any(matches(r, each) for each in select)]
    kept = [r for r in kept if not any(matches(r, each) for each in ignore)]
    return tuple(_weighed(kept, made.severity))


def _weighed(rules: Iterable[Rule], severity: Mapping[str, Level]) -> Iterator[Rule]:
    for rule in rules:
        level = severity.get(rule.code) or severity.get(rule.name)
        if level is None:
            yield rule
        elif level != "off":
            yield _with_severity(rule, Severity(level))


def _with_severity(rule: Rule, severity: Severity) -> Rule:
    @functools.wraps(rule.check)
    def check(model: Model) -> Iterator[Diagnostic]:
        for found in rule.check(model):
            yield msgspec.structs.replace(found, severity=severity)

    return msgspec.structs.replace(rule, severity=severity, check=check)
