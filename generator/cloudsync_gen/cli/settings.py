"""Settings: flag, then `CLOUDSYNC_GEN_*`, then the file, then the default (design §5).

The file is `[tool.cloudsync-gen]` of `pyproject.toml`, or `cloudsync-gen.toml` with the same keys.
"""

from __future__ import annotations

import functools
import os
import re
import stat
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct

from cloudsync_gen.cli.suggest import did_you_mean
from cloudsync_gen.diagnostics import Diagnostic, Severity
from cloudsync_gen.engine.index import BASELINES
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules import RULES
from cloudsync_gen.rules._rule import Rule

FILES = ("cloudsync-gen.toml", "pyproject.toml")
TABLE = "cloudsync-gen"
MAX_BYTES = 8 * 1024 * 1024
PREFIX = "CLOUDSYNC_GEN_"
_BASELINE = re.compile(rf"[A-Za-z0-9][A-Za-z0-9_-]{{0,60}}{re.escape(BASELINES)}")
ELSEWHERE = frozenset(("root", "today"))
"""Read where the root is looked for, before any file is, and where the day is asked."""

FailOn = Literal["error", "warning", "info"]
Level = Literal["error", "warning", "info", "off"]


class Settings(Struct, frozen=True, kw_only=True, rename="kebab"):
    """`select` and `ignore`: codes, beginnings of codes or names of rules. `jobs`: processes, 0 for
    all processors. `severity`: code of a rule -> what its findings weigh; code or name in what is
    written. `fail_on`: the least grave severity at which `check` and `breaking` fail. `baseline`:
    the file beside the settings that says which findings may stay.
    """

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    jobs: int = 0
    severity: dict[str, Level] = {}
    fail_on: FailOn = "error"
    baseline: str = f"cloudsync-gen{BASELINES}"


class Misconfigured(Exception):
    """A setting that cannot be meant as written; its text says where and what to do."""


def settings(
    root: Path,
    environment: Mapping[str, str] = os.environ,
    flags: Mapping[str, Any] | None = None,
) -> Settings:
    """What file, environment and flags say, the later before the earlier; of `severity` for each
    rule by itself. `flags`: setting -> value, of those that were given. Raises `Misconfigured`,
    `OSError`.
    """
    fields = {field.encode_name: field for field in msgspec.structs.fields(Settings)}
    given: dict[str, Any] = {}
    for source, values in (_file(root), _environment(environment), ("flags", flags or {})):
        for key, value in values.items():
            if key not in fields:
                near = did_you_mean(key, fields)
                raise Misconfigured(f"{source}: no setting `{key}`{near}")
            made = _converted(source, fields[key], value)
            if key == "severity":
                made = given.get("severity", {}) | _by_code(source, made)
            given[fields[key].name] = made
    whole = Settings(**given)
    _rules_known(whole)
    return whole


def _file(root: Path) -> tuple[str, Mapping[str, Any]]:
    found = []
    for name in FILES:
        try:
            table = tomllib.loads(_content(root / name).decode("utf-8"))
        except FileNotFoundError:
            continue
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
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


def _content(path: Path) -> bytes:
    """Of a plain file, or one that a link leads to. It may be a stranger's: who opens a pipe waits
    for a writer, and a device has no end. Raises `Misconfigured`, `OSError`.
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise Misconfigured(f"{path.name}: is not a plain file")
    with open(descriptor, "rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise Misconfigured(f"{path.name}: larger than {MAX_BYTES // 1024 // 1024} MiB")
    return content


def _environment(environment: Mapping[str, str]) -> tuple[str, Mapping[str, Any]]:
    values: dict[str, Any] = {}
    for name, text in sorted(environment.items()):
        key = name.removeprefix(PREFIX).lower().replace("_", "-")
        if not name.startswith(PREFIX) or key in ELSEWHERE:
            continue
        items = [item.strip() for item in text.split(",") if item.strip()]
        if key == "severity":
            values[key] = severities(items)
        elif key == "jobs":
            values[key] = int(text) if text.strip().isdigit() else text
        elif key in ("fail-on", "baseline"):
            values[key] = text.strip()
        else:
            values[key] = items
    return "the environment", values


def severities(items: Iterable[str]) -> dict[str, str]:
    """`LNK001=warning` -> rule and what it weighs. Raises `Misconfigured`."""
    found = {}
    for item in items:
        rule, _, level = (each.strip() for each in item.partition("="))
        if not level:
            raise Misconfigured(f"`severity`: `{item}` names no level; write `{rule}=warning`")
        found[rule] = level
    return found


def _converted(source: str, field: msgspec.structs.FieldInfo, value: Any) -> Any:
    key = field.encode_name
    try:
        made = msgspec.convert(value, field.type)
    except msgspec.ValidationError as error:
        raise Misconfigured(
            f"{source}: `{key}`: {str(error)[:1].lower()}{str(error)[1:]}"
        ) from None
    if key == "jobs" and made < 0:
        raise Misconfigured(f"{source}: `jobs`: 0 for all processors, or a number of processes")
    if key == "baseline" and not _BASELINE.fullmatch(made):
        said = f"a name such as `team-a{BASELINES}`, of a file beside the settings"
        raise Misconfigured(f"{source}: `baseline`: {said}")
    return made


# -- rules ----------------------------------------------------------------------------------------


def matches(rule: Rule, pattern: str) -> bool:
    """Whether a rule is meant: by its name, its code or a beginning of its code."""
    return rule.name == pattern or rule.code.startswith(pattern)


def _rules_known(made: Settings) -> None:
    for key in ("select", "ignore"):
        for pattern in getattr(made, key):
            _known(pattern, f"`{key}`: ")


def _by_code(source: str, severity: Mapping[str, Level]) -> dict[str, Level]:
    """Each rule by its code, so that what is said later of one rule takes the earlier's place."""
    found: dict[str, Level] = {}
    for pattern, level in severity.items():
        rule = next((each for each in RULES if pattern in (each.code, each.name)), None)
        if rule is None:
            raise Misconfigured(f"{source}: `severity`: {_unknown(pattern)}")
        if rule.code in found:
            both = f"`{rule.code}` and `{rule.name}` are one rule; keep one"
            raise Misconfigured(f"{source}: `severity`: {both}")
        found[rule.code] = level
    return found


def _known(pattern: str, place: str) -> None:
    if not any(matches(rule, pattern) for rule in RULES):
        raise Misconfigured(f"{place}{_unknown(pattern)}")


def _unknown(pattern: str) -> str:
    known = [*(r.name for r in RULES), *(r.code for r in RULES)]
    return f"no rule `{pattern}`{did_you_mean(pattern, known)}"


def chosen(made: Settings) -> tuple[Rule, ...]:
    """The rules that count, each with the weight that it was given."""
    select = made.select
    kept = [r for r in RULES if not select or any(matches(r, each) for each in select)]
    kept = [r for r in kept if not any(matches(r, each) for each in made.ignore)]
    return tuple(_weighed(kept, made.severity))


def _weighed(rules: Iterable[Rule], severity: Mapping[str, Level]) -> Iterator[Rule]:
    for rule in rules:
        level = severity.get(rule.code)
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
