"""All rules over a model, each only where its last verdict does not hold any more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import msgspec
from msgspec import Struct

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.reading import noting
from cloudsync_gen.model.system import Model
from cloudsync_gen.model.traces import Extract
from cloudsync_gen.model.verdicts import Verdict, Verdicts
from cloudsync_gen.rules._rule import Rule

Beside = Callable[[Callable[[], bytes]], Callable[[], bytes]]
"""Does something while others go on; what is returned waits for its result."""

_MANY = 0.6
"""Where more than this share of the rules has to judge, another process is worth its making."""

_encode = msgspec.msgpack.Encoder().encode
_made = msgspec.msgpack.Decoder(list[bytes])
_extract = msgspec.msgpack.Decoder(Extract)


class Judged(Struct, frozen=True):
    """What rules found, and from which layers of the model each read it, by code; a rule without an
    entry may have read all of it.
    """

    found: tuple[Diagnostic, ...]
    layers: Mapping[str, frozenset[str]] = {}


def plainly(model: Model | None, rules: Iterable[Rule]) -> Judged:
    """All rules over a model of which something may be unread."""
    found = (each for rule in rules for each in rule.findings(model)) if model else ()
    return Judged(tuple(found))


def begun(rules: Iterable[Rule], verdicts: Verdicts, beside: Beside | None) -> Callable[[], Judged]:
    """All rules over a model in which everything could be read. What is returned waits for them.

    Where many have to judge anew, they may do so `beside`.
    """
    rules = tuple(rules)
    apart = {r.code: Verdict(verdicts.apart(_name(r), r.findings)) for r in rules if r.alone}
    judges = {rule.code: rule for rule in rules if not rule.alone}
    known = {code: verdicts.known(_name(rule)) for code, rule in judges.items()}
    stale = [code for code, verdict in known.items() if verdict is None]

    def judge() -> bytes:
        with noting():
            return _encode([_encode(verdicts.made(judges[code].findings)) for code in stale])

    many = len(stale) > _MANY * len(judges)
    answer = beside(judge) if beside is not None and many else judge

    def judged() -> Judged:
        made = {}
        for code, each in zip(stale, _made.decode(answer()), strict=True):
            made[code] = verdicts.remember(_name(judges[code]), _extract.decode(each))
        whole = {code: made.get(code, verdict) for code, verdict in known.items()}
        found = {code: each for code, each in whole.items() if each is not None}
        return Judged(
            tuple(each for alone in (*apart.values(), *found.values()) for each in alone.found),
            {code: each.layers for code, each in (apart | found).items()},
        )

    return judged


def _name(rule: Rule) -> str:
    return f"{rule.code} {rule.severity.value}"
