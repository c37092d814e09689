"""The baseline on its way in and out: read for every judgement, written when somebody asks."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from cloudsync_gen.cli._clock import day, end_of, today
from cloudsync_gen.cli.settings import Misconfigured, Settings
from cloudsync_gen.cli.suggest import did_you_mean
from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.engine import disk
from cloudsync_gen.load import baseline
from cloudsync_gen.model.waivers import Entry, Waivers
from cloudsync_gen.pipeline import Checked
from cloudsync_gen.report.finding import shown
from cloudsync_gen.rules import RETIRED, RULES
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.waivers import is_over

_CODES = frozenset(rule.code for rule in RULES)


def waivers(root: Path, made: Settings, options: argparse.Namespace | None = None) -> Waivers:
    """What may stay, as baseline and clock say. Raises `Misconfigured`, `engine.disk.Unsafe`."""
    now = today(getattr(options, "today", None))
    content = disk.read(root, made.baseline)
    if content is None:
        return Waivers(today=now)
    try:
        entries = baseline.read(made.baseline, content)
    except baseline.BadBaseline as error:
        raise Misconfigured(str(error)) from None
    for each in entries:
        if not _is_known(each.rule):
            near = did_you_mean(each.rule, _CODES)
            raise Misconfigured(f"{made.baseline}: `{each.id}`: no rule `{each.rule}`{near}")
    return Waivers(baseline=entries, texts={made.baseline: content}, today=now)


def _is_known(rule: str) -> bool:
    """Whether it is the code of a rule, or the id of a change of a contract."""
    if rule in _CODES or rule in RETIRED:
        return True
    from cloudsync_gen.compat.vocabulary import meaning

    return meaning(rule) is not None


def holds_until(given: Waivers) -> int | None:
    """When a clean verdict ends, in seconds since 1970; 0 for never. `None`: it is of another day
    than today, and nobody may remember it.
    """
    if not given.baseline:
        return 0
    if "SOURCE_DATE_EPOCH" in os.environ:
        return None
    return end_of(min(each.expires for each in given.baseline))


def renewed(
    checked: Checked, rules: Iterable[Rule], given: Waivers, options: argparse.Namespace
) -> tuple[Entry, ...]:
    """The entries of what is found now: those that hold stay as they are, what is new or expired
    gets the reason, owner and day of the flags. Those of rules that did not run, or that could not
    see the whole model, stay too. Raises `Misconfigured`.
    """
    kept = {each.id: each for each in given.baseline if each.expires >= given.today}
    held = [kept[each.fingerprint] for each in checked.waived if each.fingerprint in kept]
    found = {each.fingerprint for each in (*checked.waived, *checked.diagnostics)}
    whole = checked.model is not None and checked.model.whole
    ran = {*RETIRED, *(rule.code for rule in rules if whole)}
    held += [
        each
        for each in given.baseline
        if each.rule not in ran and each.id not in found and not is_over(each, given.today)
    ]
    new = [each for each in checked.diagnostics if each.code in _CODES]
    return (*held, *_new(new, given, options))


def accepted(
    breaks: Iterable[Diagnostic], given: Waivers, options: argparse.Namespace
) -> tuple[Entry, ...]:
    """The entries that hold, and one for each break, by the flags. Raises `Misconfigured`."""
    held = [each for each in given.baseline if not is_over(each, given.today)]
    known = {each.id for each in held}
    new = [each for each in breaks if each.fingerprint not in known]
    return (*held, *_new(new, given, options))


def fitting(options: argparse.Namespace) -> None:
    """Raises `Misconfigured` where something is said of new entries that nobody asked for."""
    words = ("reason", "owner", "expires")
    if not options.write_baseline and any(getattr(options, each) for each in words):
        raise Misconfigured("--reason, --owner and --expires go with --write-baseline")


def save(path: Path, entries: tuple[Entry, ...]) -> str:
    """Writes a baseline, and returns what to say of it. Raises `OSError`."""
    from cloudsync_gen.engine.write import exclusive, replace_file

    with exclusive(path.parent):
        replace_file(path, baseline.written(entries).decode())
    return f"{path.name}: {len(entries)} finding{'s' if len(entries) != 1 else ''} may stay"


def _new(new: list[Diagnostic], given: Waivers, options: argparse.Namespace) -> Iterable[Entry]:
    if not new:
        return ()
    lacks = [f"--{name}" for name in ("reason", "owner", "expires") if not getattr(options, name)]
    if lacks:
        said = f"{len(new)} new finding{'s' if len(new) > 1 else ''}"
        raise Misconfigured(f"{said}; give {' and '.join(lacks)}")
    return _entries(new, options, _last_day(options, given.today))


def _said(options: argparse.Namespace, name: str) -> str:
    text = shown(getattr(options, name))
    if len(text) > baseline.MAX_SAID:
        raise Misconfigured(f"--{name}: {baseline.MAX_SAID} characters at most")
    return text


def _last_day(options: argparse.Namespace, now: date) -> date:
    last = day(options.expires, "--expires")
    if last < now:
        raise Misconfigured(f"--expires: {last} is over")
    return last


def _entries(new: list[Diagnostic], options: argparse.Namespace, expires: date) -> list[Entry]:
    reason, owner = _said(options, "reason"), _said(options, "owner")
    return [
        Entry(
            id=each.fingerprint,
            rule=each.code,
            element=each.element,
            reason=reason,
            owner=owner,
            expires=expires,
        )
        for each in new
    ]
