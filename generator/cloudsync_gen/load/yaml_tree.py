"""YAML 1.2 (core schema, a strict subset) from libyaml's events: data, positions, mistakes.

Refused, because they surprise or attack: tags, merge keys, duplicate keys, several documents,
numbers that JSON cannot hold, aliases that multiply. Keys are always strings, as written.
Positions are collected only on demand, by `locate`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml
from msgspec import Struct

from cloudsync_gen.load.words import Words
from cloudsync_gen.source import Located, Pointer, Span

MAX_BYTES = 8 * 1024 * 1024
MAX_DEPTH = 64
MAX_NODES = 400_000

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"^[-+]?[0-9]+$|^0o[0-7]+$|^0x[0-9a-fA-F]+$")
_FLOAT = re.compile(r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$")
_NOT_JSON = re.compile(r"^[-+]?\.(inf|Inf|INF)$|^\.(nan|NaN|NAN)$")
_COMMENT = re.compile(r"(?:^|(?<=[ \t]))(#)")
_BLOCKS = ("|", ">")
"""Styles of scalars whose first line holds their mark alone, behind which a comment may stand."""

_MAY_BE_TYPED = frozenset("-+.0123456789~nNtTfF")


class Problem(Struct, frozen=True):
    """Why a text is not accepted, and where."""

    code: str
    message: str
    hint: str
    span: Span


class Parsed(Struct, frozen=True):
    """The data of a text; with problems the data is what could be read beside them."""

    value: Any
    problems: tuple[Problem, ...] = ()


class _Stop(Exception):
    """Ends reading at a mistake after which nothing sensible can follow."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def parse(file: str, text: str, words: Words | None = None) -> Parsed:
    """Data of a YAML text. Never raises for any text.

    Strings that are equal are one object throughout the text. In all texts that are read with the
    same `words` they are, and of mappings and lists those that are met often.
    """
    if len(text) > MAX_BYTES:
        span = Span(file, 1, 1, 1, 1)
        problem = Problem(
            "SRC005",
            f"file is larger than {MAX_BYTES // 1024 // 1024} MiB",
            "split it; a layer may have any number of files",
            span,
        )
        return Parsed(None, (problem,))
    reader = _Reader(file, words)
    try:
        value = reader.document(_events(file, text))
    except _Stop as stop:
        return Parsed(None, (*reader.problems, stop.problem))
    return Parsed(value, tuple(reader.problems))


def locate(file: str, text: str) -> Located:
    """Positions of all values and keys of a YAML text; of the readable part when it is broken."""
    locator = _Positions(file)
    try:
        locator.document(_events(file, text))
    except _Stop:
        return locator.found
    return locator.found


def comments(file: str, text: str) -> Iterator[tuple[int, int, str]]:
    """(line, column, text from the `#` on) of each comment; of none where the text is broken."""
    try:
        spoken = iter([*_scalars(file, text)])
    except _Stop:
        return
    current = next(spoken, None)
    for number, line in enumerate(text.split("\n")):
        for found in _COMMENT.finditer(line):
            place = (number, found.start(1))
            while current is not None and current[1] <= place:
                current = next(spoken, None)
            if current is None or place < current[0]:
                yield number + 1, place[1] + 1, line[place[1] :].rstrip("\r")
                break


def _scalars(file: str, text: str) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Where each scalar begins and ends, line and column from 0; its first line is no part of a
    block.
    """
    for event in _events(file, text):
        if isinstance(event, yaml.ScalarEvent):
            mark: Any = event.start_mark
            end: Any = event.end_mark
            block = event.style in _BLOCKS
            yield (mark.line + 1, 0) if block else (mark.line, mark.column), (end.line, end.column)


def _events(file: str, text: str) -> Iterator[Any]:
    loader = None
    try:
        loader = _LOADER(text)
        while True:
            event = loader.get_event()
            if event is None:
                return
            yield event
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        what = " ".join(part for part in (error.context, error.problem) if part)
        span = Span(file, line, column, line, column + 1)
        raise _Stop(Problem("SRC001", f"not YAML: {what}", "mend the syntax", span)) from None
    except (yaml.YAMLError, ValueError) as error:
        before = text.encode("utf-8", "surrogatepass")[: getattr(error, "position", 0)]
        line = before.count(b"\n") + 1
        span = Span(file, line, 1, line, 1)
        what = str(error).splitlines()[0]
        raise _Stop(Problem("SRC001", f"not YAML: {what}", "mend the syntax", span)) from None
    finally:
        if loader is not None:
            loader.dispose()


def _span(file: str, event: Any) -> Span:
    start, end = event.start_mark, event.end_mark
    if isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
        return Span(file, start.line + 1, start.column + 1, start.line + 1, start.column + 2)
    return Span(file, start.line + 1, start.column + 1, end.line + 1, end.column + 1)


class _Reader:
    """Builds plain data from events and collects what is wrong."""

    def __init__(self, file: str, words: Words | None) -> None:
        self.file = file
        self.words = Words() if words is None else words
        self.shared = words is not None
        self.problems: list[Problem] = []
        self.nodes = 0
        self.anchors: dict[str, tuple[Any, int]] = {}

    def document(self, events: Iterator[Any]) -> Any:
        value: Any = None
        documents = 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self.stop("SRC004", "more than one document in a file", "keep one", event)
            elif isinstance(event, (yaml.ScalarEvent, yaml.CollectionStartEvent, yaml.AliasEvent)):
                value = self.node(event, events, 0)
        return value

    def node(self, event: Any, events: Iterator[Any], depth: int) -> Any:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            self.stop("SRC005", f"more than {MAX_NODES} values", "split the file", event)
        if depth > MAX_DEPTH:
            self.stop("SRC005", f"nested deeper than {MAX_DEPTH}", "flatten it", event)
        if isinstance(event, yaml.AliasEvent):
            return self.alias(event)
        if event.tag is not None:
            hint = "remove the tag; types follow from the text"
            self.problem("SRC003", f"tag `{event.tag}` is not allowed", hint, event)
        before = self.nodes
        if isinstance(event, yaml.ScalarEvent):
            value = self.scalar(event)
        else:
            listed = isinstance(event, yaml.SequenceStartEvent)
            value = self.sequence(events, depth) if listed else self.mapping(events, depth)
            value = self.words.part(value) if self.shared else value
        if event.anchor is not None:
            self.anchors[event.anchor] = (value, self.nodes - before + 1)
        return value

    def alias(self, event: Any) -> Any:
        if event.anchor not in self.anchors:
            self.stop(
                "SRC004", f"alias `*{event.anchor}` has no anchor before it", "define it", event
            )
        value, size = self.anchors[event.anchor]
        self.nodes += size
        if self.nodes > MAX_NODES:
            self.stop(
                "SRC005", "aliases multiply the text beyond bounds", "write values out", event
            )
        return value

    def sequence(self, events: Iterator[Any], depth: int) -> list[Any]:
        values: list[Any] = []
        for event in events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            values.append(self.node(event, events, depth + 1))
        return values

    def mapping(self, events: Iterator[Any], depth: int) -> dict[str, Any]:
        values: dict[str, Any] = {}
        seen: dict[str, Any] = {}
        for event in events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            key = self.key(event)
            if key in seen:
                first = seen[key].start_mark.line + 1
                hint = f"first given on line {first}; rename or remove one"
                self.problem("SRC002", f"duplicate key `{key}`", hint, event)
            seen.setdefault(key, event)
            value_event = next(events)
            value = self.node(value_event, events, depth + 1)
            values.setdefault(key, value)
        return values

    def key(self, event: Any) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            self.stop("SRC004", "a key must be plain text", "write the key as a string", event)
        if event.tag is not None:
            self.problem("SRC003", f"tag `{event.tag}` is not allowed", "remove the tag", event)
        if event.value == "<<" and event.implicit[0]:
            self.stop("SRC004", "merge keys (`<<`) are not YAML 1.2", "write the fields out", event)
        return self.words.setdefault(event.value, event.value)

    def scalar(self, event: Any) -> Any:
        text = self.words.setdefault(event.value, event.value)
        if not event.implicit[0] or event.style not in (None, ""):
            return text
        if text and text[0] not in _MAY_BE_TYPED:
            return text
        if text in _NULL:
            return None
        if text in _BOOL:
            return _BOOL[text]
        if _INT.match(text):
            return self.integer(text, event)
        if _FLOAT.match(text):
            number = float(text)
            if number in (float("inf"), float("-inf")):
                self.problem("SRC006", f"`{text}` is out of range", "quote it if it is text", event)
                return text
            return number
        if _NOT_JSON.match(text):
            self.problem("SRC006", f"`{text}` has no JSON form", "quote it if it is text", event)
        return text

    def integer(self, text: str, event: Any) -> Any:
        base = 8 if text.startswith("0o") else 16 if text.startswith("0x") else 10
        number = int(text[2:] if base != 10 else text, base) if len(text) < 40 else 2**64
        if -(2**63) <= number < 2**63:
            return number
        self.problem(
            "SRC006", f"`{text[:40]}` does not fit 64 bits", "quote it if it is text", event
        )
        return text

    def problem(self, code: str, message: str, hint: str, event: Any) -> None:
        self.problems.append(Problem(code, message, hint, _span(self.file, event)))

    def stop(self, code: str, message: str, hint: str, event: Any) -> None:
        raise _Stop(Problem(code, message, hint, _span(self.file, event)))


class _Positions:
    """Records where every value and key stands; a container stands where its key does."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.found: dict[Pointer, tuple[Span, Span | None]] = {}
        self.nodes = 0

    def document(self, events: Iterator[Any]) -> None:
        for event in events:
            if isinstance(event, (yaml.ScalarEvent, yaml.CollectionStartEvent)):
                self.node(event, events, (), None)
                return

    def node(self, event: Any, events: Iterator[Any], pointer: Pointer, key: Span | None) -> None:
        self.nodes += 1
        if self.nodes > MAX_NODES or len(pointer) > MAX_DEPTH:
            raise _Stop(Problem("SRC005", "beyond bounds", "", _span(self.file, event)))
        span = _span(self.file, event)
        container = isinstance(event, yaml.CollectionStartEvent)
        self.found[pointer] = (key if container and key is not None else span, key)
        if isinstance(event, yaml.SequenceStartEvent):
            for index, item in enumerate(events):
                if isinstance(item, yaml.SequenceEndEvent):
                    break
                self.node(item, events, (*pointer, index), None)
        elif isinstance(event, yaml.MappingStartEvent):
            self.mapping(events, pointer)

    def mapping(self, events: Iterator[Any], pointer: Pointer) -> None:
        seen: set[str] = set()
        for event in events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            if not isinstance(event, yaml.ScalarEvent):
                raise _Stop(Problem("SRC004", "a key must be text", "", _span(self.file, event)))
            name = str(event.value)
            inner = (*pointer, name) if name not in seen else (*pointer, name, "duplicate")
            seen.add(name)
            self.node(next(events), events, inner, _span(self.file, event))
