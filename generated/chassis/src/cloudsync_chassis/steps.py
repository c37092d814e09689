"""Bounds for what a CEL expression may take: its loops are counted while it is evaluated.

CEL always ends, but its loops nest (cel-spec, "Macros"): one over 1,000 entries inside two others
takes 10^9 turns, and the evaluator, once begun, can be stopped by nobody. So every loop asks at
each turn whether it may go on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from time import thread_time
from typing import Any

MOST_STEPS = 300_000
"""Turns of all loops of one evaluation, and what its values grow to besides; the generator refuses
models whose expressions may take more.
"""

MOST_SECONDS = 1.0
"""Processor time of one evaluation, for turns that are dear by what is done in them."""

MOST_SIZE = 1_000_000
"""Entries and characters of a value that a loop is over."""

SPEND = "_spend"
"""The function that loops ask: whatever is not true ends the evaluation."""

_SIZE_OF_A_STEP = 100
_STEPS_BETWEEN_LOOKS = 100
_RAW = r'[bB]?[rR](?:"""[\s\S]*?"""|\'\'\'[\s\S]*?\'\'\'|"[^"]*"|\'[^\']*\')'
_TEXT = (
    r'"""(?:[^\\]|\\.)*?"""|\'\'\'(?:[^\\]|\\.)*?\'\'\'' r'|"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\''
)
_TOKEN = re.compile(rf"{_RAW}|{_TEXT}|//[^\n]*|\w+|\s+|[^\w\s]", re.DOTALL)
_LOOPS = frozenset(("all", "exists", "exists_one", "existsOne", "map", "filter"))
_OPENS, _CLOSES = frozenset("([{"), frozenset(")]}")


class Budget:
    """What is left of one evaluation's steps and time."""

    def __init__(self) -> None:
        self._left = MOST_STEPS
        self._until = 0.0
        self._look_at = 0

    def begin(self) -> None:
        """Another evaluation begins."""
        self._left = MOST_STEPS
        self._until = thread_time() + MOST_SECONDS
        self._look_at = self._left

    @property
    def spent(self) -> bool:
        """Whether the evaluation was ended."""
        return self._left < 0

    def spend(self, value: Any) -> bool | None:
        """True: a loop may go on with its next value; None, which no condition takes: it may not.

        A large value takes more than one step, so that none can be doubled turn by turn; where
        nothing is added to anything, none grows, and 0 stands for all of them.
        """
        size = _size(value) if value else 0
        self._left -= 1 + size // _SIZE_OF_A_STEP if size <= MOST_SIZE else MOST_STEPS + 1
        if 0 <= self._left < self._look_at:
            self._look_at = self._left - _STEPS_BETWEEN_LOOKS
            if thread_time() > self._until:
                self._left = -1
        return True if self._left >= 0 else None


def counted(expression: str) -> str | None:
    """The expression with every loop asking `SPEND` at each turn; None where it has no loop."""
    tokens = list(_tokens(expression))
    if not any(text in _LOOPS for _, text in tokens):
        return None
    grows = any(text == "+" for _, text in tokens)
    added: dict[int, str] = {}
    for at in range(len(tokens) - 4):
        words = [text for _, text in tokens[at : at + 5]]
        if words[0] == "." and words[1] in _LOOPS and words[2] == "(" and words[4] == ",":
            begin, end = at + 5, _end(tokens, at + 5)
            ask = f"{SPEND}({words[3] if grows else 0})"
            if words[1] == "map" and tokens[end][1] == ")":
                _add(added, tokens[begin][0], f"{ask}, ")
                continue
            _add(added, tokens[begin][0], f"{ask} ? (")
            added[tokens[end][0]] = ") : false" + added.get(tokens[end][0], "")
    return _with(expression, added) if added else None


def _tokens(expression: str) -> Iterator[tuple[int, str]]:
    """Place and text of what is no blank and no comment, and of the end."""
    for found in _TOKEN.finditer(expression):
        if not found[0].isspace() and not found[0].startswith("//"):
            yield found.start(), found[0]
    yield len(expression), ")"


def _end(tokens: list[tuple[int, str]], at: int) -> int:
    """Where the argument ends that begins there."""
    depth = 0
    while depth or tokens[at][1] not in (",", ")"):
        depth += (tokens[at][1] in _OPENS) - (tokens[at][1] in _CLOSES)
        at += 1
    return at


def _add(added: dict[int, str], at: int, text: str) -> None:
    added[at] = added.get(at, "") + text


def _with(expression: str, added: dict[int, str]) -> str:
    parts, done = [], 0
    for at, text in sorted(added.items()):
        parts += [expression[done:at], text]
        done = at
    return "".join((*parts, expression[done:]))


def _size(value: Any) -> int:
    """Entries and characters."""
    if isinstance(value, str | bytes):
        return len(value)
    if isinstance(value, dict):
        return len(value) + sum(map(_size, value.values()))
    return sum(map(_size, value), start=1) if isinstance(value, list) else 1
