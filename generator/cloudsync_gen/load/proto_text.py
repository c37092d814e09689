"""The text of a proto file as far as positions, package and imports go; protoc judges the rest.

Pointers: `package`, `imports/<path>`, `contract`, `services/<name>`, `rpcs/<name>`,
`messages/<name>/fields/<field>`, `enums/<name>/values/<value>` with names like `Outer.Inner`; below
them what link options say (`contract/id`, `rpcs/GetPage/command`, `messages/Page/schema`).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import pairwise

from msgspec import Struct

from cloudsync_gen.source import Located, Pointer, Span

_TOKEN = re.compile(
    r"""(?P<space>\s+|//[^\n]*|/\*.*?(?:\*/|\Z))
      | (?P<text>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')
      | (?P<word>[A-Za-z_.][A-Za-z0-9_.]*)
      | (?P<other>[0-9][A-Za-z0-9_.]*|.)""",
    re.VERBOSE | re.DOTALL,
)
_LINK_OPTION = re.compile(r"^\(\.?cloudsync_gen\.(?:contract|rpc|entity)\)")


class Token(Struct, frozen=True):
    """A piece of text with its place; `kind` is `text`, `word` or `other`."""

    kind: str
    value: str
    start: tuple[int, int]
    end: tuple[int, int]

    def span(self, file: str) -> Span:
        """Its place in `file`."""
        return Span(file, *self.start, *self.end)


class Head(Struct, frozen=True):
    """What decides where a file lies and what it sees."""

    package: str
    imports: tuple[str, ...]


def comments(text: str) -> Iterator[tuple[int, int, str]]:
    """(line, column, text from the `//` on) of each comment that ends with its line."""
    line, start = 1, 0
    for match in _TOKEN.finditer(text):
        if match[0].startswith("//"):
            yield line, match.start() - start + 1, match[0].rstrip("\r")
        breaks = match[0].count("\n")
        if breaks:
            line += breaks
            start = match.start() + match[0].rfind("\n") + 1


def tokens(text: str) -> Iterator[Token]:
    """Words, strings and symbols in order, comments left out. Accepts any text."""
    line, column = 1, 1
    for match in _TOKEN.finditer(text):
        value = match[0]
        start = (line, column)
        breaks = value.count("\n")
        if breaks:
            line += breaks
            column = len(value) - value.rfind("\n")
        else:
            column += len(value)
        if match.lastgroup != "space":
            yield Token(str(match.lastgroup), value, start, (line, column))


def head(text: str) -> Head:
    """Package (empty where there is none) and imports in the order written."""
    package, imports = "", []
    for scope, statement in _statements(text):
        if scope or len(statement) < 2:
            continue
        if statement[0].value == "package":
            package = statement[1].value
        elif statement[0].value == "import" and statement[-1].kind == "text":
            imports.append(string(statement[-1].value))
    return Head(package, tuple(imports))


def string(literal: str) -> str:
    """The text of a quoted literal; what cannot be read stays as it is written."""
    try:
        return str(ast.literal_eval(literal))
    except (SyntaxError, ValueError):
        return literal[1:-1]


def locate(file: str, text: str) -> Located:
    """Positions of everything that a pointer may name."""
    found: dict[Pointer, tuple[Span, Span | None]] = {(): (Span(file, 1, 1, 1, 1), None)}
    for scope, statement in _statements(text):
        for pointer, token in _named(scope, statement):
            span = token.span(file)
            found.setdefault(pointer, (span, None if token.kind == "text" else span))
    return found


Scope = tuple[tuple[str, str], ...]
"""The blocks around a statement, outermost first: (keyword, name)."""


def _statements(text: str) -> Iterator[tuple[Scope, list[Token]]]:
    """Each statement up to its `;` or `{`, with the blocks that it stands in."""
    scope: list[tuple[str, str]] = []
    statement: list[Token] = []
    depth = 0
    for token in tokens(text):
        value = token.value
        within = depth or (bool(statement) and statement[0].value == "option")
        if value in "[(" or (value == "{" and within):
            depth += 1
        elif depth and value in "])}":
            depth -= 1
        elif value == "{":
            yield tuple(scope), statement
            scope.append(_block(statement))
            statement = []
            continue
        elif value == "}":
            statement = []
            if scope:
                scope.pop()
            continue
        elif value == ";" and not depth:
            if statement:
                yield tuple(scope), statement
            statement = []
            continue
        statement.append(token)


def _block(statement: list[Token]) -> tuple[str, str]:
    keyword = statement[0].value if statement else ""
    name = statement[1].value if len(statement) > 1 else ""
    return keyword, name


def _path(scope: Scope, name: str) -> str:
    return ".".join([*(n for keyword, n in scope if keyword == "message"), name])


def _named(scope: Scope, statement: list[Token]) -> Iterator[tuple[Pointer, Token]]:
    if len(statement) < 2:
        return
    keyword, name = statement[0].value, statement[1]
    if keyword == "option":
        yield from _options(_owner(scope), statement)
    elif keyword == "package" and not scope:
        yield ("package",), name
    elif keyword == "import" and statement[-1].kind == "text":
        yield ("imports", string(statement[-1].value)), statement[-1]
    elif keyword in ("message", "enum") and name.kind == "word":
        yield (keyword + "s", _path(scope, name.value)), name
    elif keyword == "service":
        yield ("services", name.value), name
    elif keyword == "rpc":
        yield ("rpcs", name.value), name
    elif scope and scope[-1][0] in ("message", "oneof", "enum"):
        yield from _member(scope, statement)


def _member(scope: Scope, statement: list[Token]) -> Iterator[tuple[Pointer, Token]]:
    """The name before `=`: a field of a message or a value of an enumeration."""
    for before, token in pairwise(statement):
        if token.value == "=" and before.kind == "word":
            if scope[-1][0] == "enum":
                yield ("enums", _path(scope[:-1], scope[-1][1]), "values", before.value), before
            else:
                messages = tuple(each for each in scope if each[0] == "message")
                name = _path(messages[:-1], messages[-1][1]) if messages else ""
                yield ("messages", name, "fields", before.value), before
            return


def _owner(scope: Scope) -> Pointer:
    """Of which element an option says something."""
    if not scope:
        return ("contract",)
    keyword, name = scope[-1]
    if keyword == "rpc":
        return ("rpcs", name)
    return ("messages", _path(scope[:-1], name))


def _options(owner: Pointer, statement: list[Token]) -> Iterator[tuple[Pointer, Token]]:
    """Strings within a link option, each under the name of the field that it sets."""
    written = "".join(token.value for token in statement[1:])
    if not _LINK_OPTION.match(written):
        return
    if owner == ("contract",):
        yield owner, statement[2]
    name = ""
    for token in statement[4:]:
        if token.kind == "word":
            name = token.value.lstrip(".")
        elif token.kind == "text" and name:
            yield (*owner, name), token
