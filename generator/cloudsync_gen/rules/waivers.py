"""What is waived is not told; what is wrong with a waiver is.

A waiver says why, and it is judged like the rest: one that hides nothing is a finding, since it
would hide the next. Only findings of rules can be waived: behind others something is not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from msgspec import Struct

from cloudsync_gen.diagnostics import Diagnostic, Mend, MendAction
from cloudsync_gen.model.waivers import Entry, Suppression, Waivers
from cloudsync_gen.rules import CODES, RETIRED
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.reading import READINGS
from cloudsync_gen.source import Ref, Span

_HINTS = {
    "WVR002": "name a rule by its code or its name; other findings cannot be suppressed",
    "WVR003": "remove it (`check --fix` does): it would hide the next finding here",
    "WVR004": "mend it, or write the baseline anew with a reason and a later day",
    "WVR005": "remove the entry; `check --write-baseline` does",
}


class Waived(Struct, frozen=True, kw_only=True):
    """What is left to tell of what was found, what is not told, and what is wrong with waivers:
    `new`, without order and number.
    """

    told: tuple[Diagnostic, ...]
    waived: tuple[Diagnostic, ...]
    new: tuple[Diagnostic, ...]


def waive(
    found: Iterable[tuple[Diagnostic, Span]],
    suppressions: Iterable[Suppression],
    waivers: Waivers,
    judged: Iterable[Rule],
) -> Waived:
    """Findings, with their places, without those that are waived, and what is wrong with waivers.

    `judged`: the rules whose silence means that there is nothing, none where a part of the model
    could not be read.
    """
    ran = frozenset(rule.code for rule in judged)
    hidden: dict[tuple[str, int], set[str]] = {}
    suppressions = tuple(suppressions)
    for each in suppressions:
        codes = {CODES[rule] for rule, _ in each.rules if rule in CODES}
        hidden.setdefault((each.file, each.line), set()).update(codes)
    entries = {each.id: each for each in waivers.baseline if each.expires >= waivers.today}
    told, waived = [], []
    used: set[tuple[str, int, str]] = set()
    present: set[str] = set()
    for diagnostic, span in found:
        rule = diagnostic.code in CODES
        present.add(diagnostic.fingerprint)
        place = (span.file, span.line)
        if rule and diagnostic.code in hidden.get(place, ()):
            used.add((*place, diagnostic.code))
            waived.append(diagnostic)
        elif rule and diagnostic.fingerprint in entries:
            waived.append(diagnostic)
        else:
            told.append(diagnostic)
    new = (*_of_comments(suppressions, used, ran), *_of_entries(waivers, present, ran))
    return Waived(told=tuple(told), waived=tuple(waived), new=new)


def _of_comments(
    suppressions: Iterable[Suppression], used: set[tuple[str, int, str]], ran: frozenset[str]
) -> Iterator[Diagnostic]:
    for each in suppressions:
        unused = []
        for rule, span in each.rules:
            code = CODES.get(rule)
            if code is None:
                yield _told("WVR002", span, f"`{rule}` is no rule", (rule,))
            elif code in ran and (each.file, each.line, code) not in used:
                unused.append((rule, span))
        for rule, span in unused:
            mend = _without(each, {rule for rule, _ in unused})
            message = f"there is no finding of `{rule}` on line {each.line}"
            yield _told("WVR003", span, message, (rule,), (mend,))


def _without(suppression: Suppression, unused: set[str]) -> Mend:
    """The comment without some rules; without any, no comment."""
    kept = [rule for rule, _ in suppression.rules if rule not in unused]
    ref = Ref(suppression.file)
    if not kept:
        return Mend(MendAction.ERASE, ref, span=suppression.span)
    first, last = suppression.rules[0][1], suppression.rules[-1][1]
    inside = Span(ref.file, first.line, first.column, last.end_line, last.end_column)
    return Mend(MendAction.REPLACE, ref, ", ".join(kept), inside)


def _of_entries(waivers: Waivers, present: set[str], ran: frozenset[str]) -> Iterator[Diagnostic]:
    for each in waivers.baseline:
        span = each.span or Span("", 1, 1, 1, 1)
        if each.id not in present:
            if each.rule in ran or each.rule in RETIRED:
                yield _told("WVR005", span, f"`{each.rule}` finds it no more", (each.id,))
            elif is_over(each, waivers.today):
                message = f"`{each.rule}` was accepted until {each.expires}"
                yield _told("WVR005", span, message, (each.id,))
        elif each.expires < waivers.today:
            message = f"waived until {each.expires}, by {each.owner}: {each.reason}"
            yield _told("WVR004", span, message, (each.id,))


def is_over(entry: Entry, today: date) -> bool:
    """Whether it accepts a change of a contract, which rules do not see, and its day is over: by
    then the base has it as well.
    """
    return entry.rule not in CODES and entry.rule not in RETIRED and entry.expires < today


def _told(
    code: str,
    span: Span,
    message: str,
    facts: tuple[str, ...],
    mends: tuple[Mend, ...] = (),
) -> Diagnostic:
    reading = READINGS[code]
    return Diagnostic(
        code=code,
        name=reading.name,
        severity=reading.severity,
        ref=Ref(span.file),
        message=message,
        hint=_HINTS[code],
        facts=facts,
        span=span,
        mends=mends,
    )
