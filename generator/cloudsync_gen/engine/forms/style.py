"""Python text as black writes it, asking black only where its answer is not certain beforehand.

A module of models is imports and many small classes. What fits on one line, in a spelling that
black is known to keep, black keeps; what is longer or odder is put before black itself, once in a
process for each distinct statement. A module of any other build goes to black as a whole. A test
holds all of that against black's own result for whole modules.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum, auto

from msgspec import Struct

from cloudsync_gen.engine.forms.expressions import Unsure, expression

LINE_LENGTH = 100
_INDENT = "    "
_MOST_REMEMBERED = 50_000
_DOCSTRING = re.compile(r' {4}"""(\n {4})?(?! )([^"\\\n]*)(?<! )(?(1)\n {4})"""')
"""A text of one line: between its quotes, or on a line of its own."""
_REBUILD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\.model_rebuild\(\)")


def formatted(text: str) -> str:
    """Text as black formats it, by black."""
    from black import format_str
    from black.mode import Mode, TargetVersion

    mode = Mode(line_length=LINE_LENGTH, target_versions={TargetVersion.PY311})
    return format_str(text, mode=mode)


class _Place(Enum):
    HEADER = auto()
    DOCSTRING = auto()
    MEMBER = auto()


class _Question(Struct, frozen=True):
    """A part of a class that only black knows how to write."""

    place: _Place
    text: str


_Part = str | _Question


class Styler:
    """Remembers, for the life of a process, each class and each answer of black."""

    def __init__(self) -> None:
        self._classes: dict[str, str] = {}
        self._answers: dict[_Part, str] = {}

    def module(self, text: str, tree: ast.Module) -> str:
        """`text`, which parses as `tree`, in black's style; imports are sorted, and commas whose
        only effect is one argument a line are left out.
        """
        if max(len(self._classes), len(self._answers)) > _MOST_REMEMBERED:
            self._classes.clear()
            self._answers.clear()
        try:
            source = _Source(text)
            count = sum(isinstance(each, ast.Import | ast.ImportFrom) for each in tree.body)
            imports, rest = _imports(source, tree.body[:count]), tree.body[count:]
        except Unsure:
            return formatted(text)
        try:
            return "\n\n\n".join((imports, *self._statements(source, rest))) + "\n"
        except Unsure:
            start = tree.body[count - 1].end_lineno if count else 0
            return formatted("\n".join((imports, *source.lines[start:])))

    def _statements(self, source: _Source, body: Sequence[ast.stmt]) -> Iterator[str]:
        start = body[0].lineno - 1 if body else len(source.lines)
        source.refuse_comments(body, start, len(source.lines))
        classes = [each for each in body if isinstance(each, ast.ClassDef)]
        calls = [source.text(each) for each in body[len(classes) :]]
        if any(a is not b for a, b in zip(body, classes, strict=False)):
            raise Unsure("in an order of its own")
        if not classes or not all(map(_REBUILD.fullmatch, calls)):
            raise Unsure("neither an import nor a class")
        self._learn(source, classes)
        yield from (self._classes[source.text(each)] for each in classes)
        if calls:
            yield "\n".join(calls)

    def _learn(self, source: _Source, classes: Iterable[ast.ClassDef]) -> None:
        """Styles the classes that were not seen before, asking black once for all of them."""
        new = {text: each for each in classes if (text := source.text(each)) not in self._classes}
        made = {text: list(_parts(source, each)) for text, each in new.items()}
        open_ = (part for parts in made.values() for part in parts if isinstance(part, _Question))
        self._ask(dict.fromkeys(each for each in open_ if each not in self._answers))
        for text, parts in made.items():
            self._classes[text] = "\n".join(self._answers.get(part, str(part)) for part in parts)

    def _ask(self, questions: Iterable[_Question]) -> None:
        members = [each for each in questions if each.place is _Place.MEMBER]
        if members:
            text = formatted("\n".join(("class C:", *(each.text for each in members), "")))
            answer, (made,) = _Source(text), ast.parse(text).body
            assert isinstance(made, ast.ClassDef)
            for each, node in zip(members, made.body, strict=True):
                self._answers[each] = answer.text(node)
        for each in questions:
            if each.place is _Place.HEADER:
                lines = formatted(f"{each.text}\n{_INDENT}pass\n").split("\n")
                self._answers[each] = "\n".join(lines[:-2])
            elif each.place is _Place.DOCSTRING:
                lines = formatted(f"class C:\n{each.text}\n").split("\n")
                self._answers[each] = "\n".join(lines[1:-1])


class _Source:
    """Lines of a module, as its tree counts them."""

    def __init__(self, text: str) -> None:
        if "\r" in text or "\f" in text or "\t" in text:
            raise Unsure("other white space")
        self.lines = text.split("\n")

    def text(self, node: ast.stmt) -> str:
        """The lines of a statement."""
        return "\n".join(self.lines[node.lineno - 1 : node.end_lineno])

    def refuse_comments(self, body: Sequence[ast.stmt], start: int, end: int) -> None:
        """Raises `Unsure` where there is more than `body` in the lines from `start` to `end`."""
        for node in body:
            if node.lineno <= start or any(map(str.strip, self.lines[start : node.lineno - 1])):
                raise Unsure("something between statements")
            start = node.end_lineno or node.lineno
        if any(map(str.strip, self.lines[start:end])):
            raise Unsure("something behind the last statement")

    def ends(self, node: ast.stmt) -> bool:
        """Whether nothing but the statement stands on its lines."""
        last = self.lines[(node.end_lineno or 1) - 1]
        length = len(last) if last.isascii() else len(last.encode())
        within = self.lines[node.lineno - 1 : node.end_lineno]
        return length == node.end_col_offset and (
            len(within) == 1 or not any("#" in line for line in within)
        )


def _parts(source: _Source, node: ast.ClassDef) -> Iterator[_Part]:
    """The parts of a class, each on lines of its own. Raises `Unsure`."""
    if node.decorator_list or node.keywords or not node.bases or getattr(node, "type_params", None):
        raise Unsure("a class of another kind")
    first, *_ = body = node.body
    if any("#" in line for line in source.lines[node.lineno - 1 : first.lineno - 1]):
        raise Unsure("perhaps a comment")
    source.refuse_comments(body, first.lineno - 1, node.end_lineno or 0)
    header = f"class {node.name}({', '.join(map(expression, node.bases))}):"
    yield header if _fits(header) else _Question(_Place.HEADER, header)
    if _is_docstring(first):
        body = body[1:]
        yield from _docstring(source, first, alone=not body)
    for each in body:
        yield _member(source, each)


def _is_docstring(node: ast.stmt) -> bool:
    value = node.value if isinstance(node, ast.Expr) else None
    return isinstance(value, ast.Constant) and isinstance(value.value, str)


def _docstring(source: _Source, node: ast.stmt, *, alone: bool) -> Iterator[_Part]:
    text = source.text(node)
    found = _DOCSTRING.fullmatch(text)
    if found and found[2] and found[2].isprintable() and len(text.split("\n")[0]) <= LINE_LENGTH:
        yield text
    elif source.lines[(node.end_lineno or 1) - 1].rstrip().endswith(('"', "'")):
        yield _Question(_Place.DOCSTRING, text)
    else:
        raise Unsure("something behind a text")
    if not alone:
        yield ""


def _member(source: _Source, node: ast.stmt) -> _Part:
    if not source.ends(node):
        raise Unsure("something behind a statement")
    try:
        line = _INDENT + _assignment(node)
    except Unsure:
        if isinstance(node, ast.Assign | ast.AnnAssign):
            return _Question(_Place.MEMBER, source.text(node))
        raise
    return line if _fits(line) else _Question(_Place.MEMBER, line)


def _assignment(node: ast.stmt) -> str:
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.simple:
        declared = f"{node.target.id}: {expression(node.annotation)}"
        return declared if node.value is None else f"{declared} = {expression(node.value)}"
    if isinstance(node, ast.Assign):
        first, *others = node.targets
        if isinstance(first, ast.Name) and not others:
            return f"{first.id} = {expression(node.value)}"
    if isinstance(node, ast.Pass):
        return "pass"
    raise Unsure("no plain assignment")


def _fits(line: str) -> bool:
    return len(line) <= LINE_LENGTH and line.isascii()


def _imports(source: _Source, nodes: Sequence[ast.stmt]) -> str:
    """Import statements in the order of isort: future, standard library, others; one a module.

    Raises `Unsure`.
    """
    source.refuse_comments(nodes, 0, nodes[-1].end_lineno or 0 if nodes else 0)
    plain: set[str] = set()
    names: dict[str, set[str]] = {}
    for node in nodes:
        if not isinstance(node, ast.Import | ast.ImportFrom) or not source.ends(node):
            raise Unsure("something between imports")
        written = {f"{a.name} as {a.asname}" if a.asname else a.name for a in node.names}
        if isinstance(node, ast.Import):
            plain |= written
        elif node.level or node.module is None:
            raise Unsure("a relative import")
        else:
            names.setdefault(node.module, set()).update(written)
    sections: dict[int, list[str]] = {}
    for each in sorted(plain):
        sections.setdefault(_section(each), []).append(f"import {each}")
    for module in sorted(names):
        line = f"from {module} import {', '.join(sorted(names[module], key=_by_kind))}"
        sections.setdefault(_section(module), []).append(line if _fits(line) else _asked(line))
    return "\n\n".join("\n".join(lines) for _, lines in sorted(sections.items()))


def _asked(line: str) -> str:
    return formatted(line + "\n").rstrip("\n")


def _section(module: str) -> int:
    top = module.partition(".")[0]
    return 0 if top == "__future__" else 1 if top in sys.stdlib_module_names else 2


def _by_kind(name: str) -> tuple[int, str]:
    """Constants, classes, others, as isort tells them apart."""
    return (0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2), name
