"""An element for people and machines: where it stands, how it is written, its links both ways."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePosixPath
from textwrap import dedent

from msgspec import Struct

from cloudsync_gen.load import LOCATORS
from cloudsync_gen.model.ids import LAYERS, ElementId, layer_of, type_of
from cloudsync_gen.model.links import BY_NAME, Link
from cloudsync_gen.model.system import Model
from cloudsync_gen.report.table import columns
from cloudsync_gen.report.text import printable
from cloudsync_gen.source import Ref, SourceMap

_BRACES = (".graphql", ".gql", ".proto")


class Brief(Struct, frozen=True, kw_only=True):
    """An element in a list."""

    id: str
    layer: str
    type: str
    name: str
    file: str
    line: int


class LinkLine(Struct, frozen=True, kw_only=True):
    """A link as seen from one of its ends. `type` is the link type (its inverse, seen from the
    target); `element` the other end, `known` whether that exists; the place is where it is written.
    """

    type: str
    element: str
    known: bool
    file: str
    line: int


class Shown(Struct, frozen=True, kw_only=True):
    """An element as written (`text`, its lines from `line` to `end_line`) with its links."""

    id: str
    layer: str
    type: str
    name: str
    file: str
    line: int
    end_line: int
    text: str
    links_out: tuple[LinkLine, ...]
    links_in: tuple[LinkLine, ...]


def in_layer_order(model: Model) -> list[ElementId]:
    """All ids: layer by layer, then by id."""
    return sorted(model.elements, key=lambda each: (LAYERS.index(layer_of(each)), each))


def brief(model: Model, sources: SourceMap, element: ElementId) -> Brief:
    """The line of an element in a list."""
    span = sources.span(model.refs[element])
    return Brief(
        id=element,
        layer=layer_of(element),
        type=type_of(element),
        name=model.elements[element].name,
        file=span.file,
        line=span.line,
    )


def shown(model: Model, sources: SourceMap, element: ElementId) -> Shown:
    """Everything about one element."""
    ref = model.refs[element]
    line, end, text = written(sources, ref)
    return Shown(
        id=element,
        layer=layer_of(element),
        type=type_of(element),
        name=model.elements[element].name,
        file=ref.file,
        line=line,
        end_line=end,
        text=text,
        links_out=_lines(
            model, sources, ((link.type, link.target, link) for link in model.out.get(element, ()))
        ),
        links_in=_lines(
            model,
            sources,
            (
                (BY_NAME[link.type].inverse, link.source, link)
                for link in model.into.get(element, ())
            ),
        ),
    )


def _lines(
    model: Model, sources: SourceMap, links: Iterable[tuple[str, str, Link]]
) -> tuple[LinkLine, ...]:
    found = []
    for kind, other, link in links:
        span = sources.span(model.place(link))
        known = other in model.elements or other in model.broken
        found.append(
            LinkLine(type=kind, element=other, known=known, file=span.file, line=span.line)
        )
    return tuple(sorted(found, key=lambda each: (each.type, each.element, each.file, each.line)))


def written(sources: SourceMap, ref: Ref) -> tuple[int, int, str]:
    """First and last line (1-based) of what stands at `ref`; these lines, not indented."""
    text = sources.text(ref.file) or ""
    first = sources.span(ref).line
    located = LOCATORS[PurePosixPath(ref.file).suffix](ref.file, text)
    steps = len(ref.pointer)
    last = first
    for pointer, (span, _) in located.items():
        if pointer[:steps] == ref.pointer:
            # the end of a block is the beginning of the line after it
            ends = span.end_line - (span.end_column == 1 and span.end_line > span.line)
            last = max(last, ends)
    lines = text.split("\n")
    suffix = PurePosixPath(ref.file).suffix
    while suffix in _BRACES and last < len(lines) and _open("\n".join(lines[first - 1 : last])):
        last += 1
    while last > first and not lines[last - 1].strip():
        last -= 1
    return first, last, dedent("\n".join(lines[first - 1 : last]))


def _open(text: str) -> bool:
    """Whether a bracket is not closed yet."""
    return text.count("{") > text.count("}") or text.count("(") > text.count(")")


def lines_of(view: Shown) -> Iterator[str]:
    """The text form."""
    yield f"{view.id}  {printable(view.file)}:{view.line}"
    yield ""
    yield from (f"  {printable(line)}".rstrip() for line in view.text.split("\n"))
    for title, links in (("links to", view.links_out), ("linked from", view.links_in)):
        yield ""
        yield f"{title}:" if links else f"{title}: nothing"
        yield from _link_lines(links)


def _link_lines(links: Sequence[LinkLine]) -> Iterator[str]:
    rows = []
    for each in links:
        missing = "" if each.known else "  (declared nowhere)"
        place = f"{printable(each.file)}:{each.line}{missing}"
        rows.append((each.type, printable(each.element), place))
    return columns(rows, "  ")
