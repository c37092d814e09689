"""What the commands share that look around in a model: reading it, finding an element, printing."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from msgspec import Struct

from cloudsync_gen.cli.dispatch import OK, UNREADABLE, USAGE
from cloudsync_gen.model.ids import ElementId, name_of, type_of
from cloudsync_gen.model.system import Model
from cloudsync_gen.source import SourceMap

_MAX_NAMED = 5


class Look(Struct, frozen=True):
    """A model that was read far enough to look around in it."""

    root: Path
    model: Model
    sources: SourceMap


def opened(root: str) -> Look | int:
    """The model below a root, or the exit code after saying why it cannot be read.

    Rules do not run; that something is wrong with the model is said on stderr.
    """
    from cloudsync_gen import pipeline
    from cloudsync_gen.engine.cache import Store
    from cloudsync_gen.report import text

    folder = Path(root)
    checked = pipeline.check(pipeline.read_model(folder), (), Store(folder))
    if checked.model is None:
        sys.stderr.write(text.render(checked.diagnostics, checked.sources))
        return UNREADABLE
    if checked.diagnostics:
        said = text.summary(checked.diagnostics)
        sys.stderr.write(f"note: the model has {said}; `cloudsync-gen check` shows them\n")
    return Look(folder, checked.model, checked.sources)


def element_of(look: Look, given: str, types: tuple[str, ...] = ()) -> ElementId | int:
    """The id that is meant: whole, or its end where only one element (of one of `types`) ends so;
    else the exit code after saying so.
    """
    from cloudsync_gen.report.text import printable

    if given in look.model.elements:
        return ElementId(given)
    found = [each for each in look.model.elements if each.endswith(f".{given}")]
    found = [each for each in found if type_of(each) in types] or found
    if len(found) == 1:
        return found[0]
    near = () if found else _nearest(look.model, given)
    if found:
        said = f"may be {_listed(found)}"
    elif near:
        said = f"is no element; did you mean {_listed(near)}?"
    else:
        said = "is no element; `cloudsync-gen list` shows them"
    sys.stderr.write(f"`{printable(given)}` {said}\n")
    return USAGE


def _listed(elements: Sequence[str]) -> str:
    return ", ".join(elements[:_MAX_NAMED]) + (", …" if len(elements) > _MAX_NAMED else "")


def _nearest(model: Model, given: str) -> list[str]:
    """The ids that read much like it; of a bare name, those whose name does."""
    from difflib import get_close_matches

    if "." in given:
        return get_close_matches(given, model.elements, n=1)
    names = get_close_matches(given, sorted({name_of(each) for each in model.elements}), n=1)
    return [each for each in model.elements if name_of(each) in names]


def answer(options: argparse.Namespace, value: object, lines: Iterable[str]) -> int:
    """Prints a value as JSON, or the lines that say the same to people; returns 0."""
    from cloudsync_gen.report.json import dumps

    if options.format == "json":
        sys.stdout.write(dumps(value))
    else:
        sys.stdout.write("".join(f"{line}\n" for line in lines))
    return OK
