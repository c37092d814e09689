"""Which findings a change of some files can affect.

Those that stand in one of the files, point into one or are about an element of one; and those of
every rule that, over this model, read elements of a layer to which one of the files belongs: what
another text of these files would say to it is not known. Layers and not elements, because what
stood in a file before its change, or in one that is gone, is not known either.

A manifest, settings or a baseline affect everything. So does any file while a part of the model
cannot be read. What only putting contracts together finds is always told, since an error anywhere
keeps it from being looked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules import CODES

_UNUSED = "WVR003"
"""A comment that hides no finding of a rule: whether it does is that rule's to say."""


def affected(
    found: Iterable[Diagnostic],
    model: Model,
    layers: Mapping[str, frozenset[str]],
    files: frozenset[str],
) -> Iterator[Diagnostic]:
    """Those of the findings that a change of the files can affect. `files`: posix paths relative to
    the root, of files and folders, present or not; `layers`: code of a rule -> layers that it read.
    """
    touched = _layers(model, files)
    for each in found:
        judge = CODES.get(each.facts[0], "") if each.code == _UNUSED else each.code
        read = layers.get(judge)
        if read is None or read & touched or any(_within(f, files) for f in _files(each, model)):
            yield each


def _files(finding: Diagnostic, model: Model) -> Iterator[str]:
    yield finding.span.file if finding.span else finding.ref.file
    for each in finding.related:
        yield each.ref.file
    if finding.element:
        yield model.ref(finding.element).file


def _layers(model: Model, files: frozenset[str]) -> frozenset[str]:
    """The layers to which the files belong, or that lie in one of the folders."""
    return frozenset(
        layer
        for layer, folder in model.folders.items()
        for file in files
        if _below(file, folder) or _below(folder, file)
    )


def _within(file: str, files: frozenset[str]) -> bool:
    return file in files or any(_below(file, folder) for folder in files)


def _below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")
