"""All rules over a model, each only where its last verdict does not hold any more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import msgspec
from msgspec import Struct

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.reading import noting
from cloudsync_gen.model.system import Model
from cloudsync_gen.model.traces import Extract
from cloudsync_gen.model.verdicts import Verdict, Verdicts
from cloudsync_gen.model.watching import Part
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
    tasks = {each.name: each for rule in rules if not rule.alone for each in _tasks(rule, verdicts)}
    known = {name: verdicts.known(name) for name in tasks}
    stale = [name for name, verdict in known.items() if verdict is None]

    def judge() -> bytes:
        with noting():
            made = (verdicts.made(tasks[e].rule.findings, tasks[e].part) for e in stale)
            return _encode([_encode(each) for each in made])

    many = len(stale) > _MANY * len(tasks)
    answer = beside(judge) if beside is not None and many else judge

    def judged() -> Judged:
        made = {}
        for name, each in zip(stale, _made.decode(answer()), strict=True):
            made[name] = verdicts.remember(name, _extract.decode(each))
        found = [*apart.values()]
        layers = {code: each.layers for code, each in apart.items()}
        for name, task in tasks.items():
            verdict = made.get(name) or known[name]
            if verdict is not None:
                found.append(verdict)
                code = task.rule.code
                layers[code] = layers.get(code, frozenset()) | verdict.layers
        return Judged(tuple(each for verdict in found for each in verdict.found), layers)

    return judged


class _Task(Struct, frozen=True):
    """What a rule judges at once: all of the model, or a part of it."""

    name: str
    rule: Rule
    part: Part | None = None


def _tasks(rule: Rule, verdicts: Verdicts) -> Iterator[_Task]:
    if not rule.each:
        yield _Task(_name(rule), rule)
    for folder, part in verdicts.parts(rule.each).items() if rule.each else ():
        yield _Task(f"{_name(rule)} {folder}", rule, part)


def _name(rule: Rule) -> str:
    return f"{rule.code} {rule.severity.value}"
