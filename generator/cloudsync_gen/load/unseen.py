"""What no reader of a layer sees: files that none reads, and what stands in comments of YAML."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec.structs import replace

from cloudsync_gen.diagnostics import Diagnostic, Severity, finding
from cloudsync_gen.load import layers, yaml_tree
from cloudsync_gen.source import Ref, Span, Tree

_YAML = (".yaml", ".yml")
_READ = (*_YAML, ".json")
_CONTRACTS = (*_READ, ".graphql", ".gql", ".proto")
_BEHIND = (b"\n#", b" #", b"\t#")
_LOOKS_READ = frozenset((*_YAML, ".graphql", ".gql", ".graphqls", ".proto"))
"""Suffixes, in any case, of files that somebody means to be part of the model."""

_NAMES = re.compile(rb"\bid[\"']?\s*[:=]\s*[\"']?[a-z_]+\.[a-z-]+\.[a-z0-9-]")
"""The id of an element or of a contract, as YAML, SDL and proto write it."""


def strays(tree: Tree) -> Iterator[Diagnostic]:
    """Files that look like a part of the model and are read by nobody, so that all are silent about
    what they hold. What belongs to a layer that is switched off is left out on purpose; beside the
    layers anything may lie that says of no element which one it is.
    """
    manifest = _manifest(tree)
    if manifest is None:
        return
    folders = {f"{folder}/": layer for layer, folder in manifest.folders.items()}
    closed = tuple(f"{folder}/" for folder in manifest.closed)
    for file in sorted(tree):
        suffix = file[file.rfind(".") :]
        if suffix.lower() not in _LOOKS_READ or file == layers.MANIFEST or file.startswith(closed):
            continue
        layer = next((folders[each] for each in folders if file.startswith(each)), "")
        if suffix not in _read_in(layer) and (layer or _NAMES.search(tree[file])):
            yield _stray(file, suffix, layer)


def _read_in(layer: str) -> tuple[str, ...]:
    """Suffixes of files that somebody reads in a layer; none in no layer."""
    return (_CONTRACTS if layer == "api" else _READ) if layer else ()


def _stray(file: str, suffix: str, layer: str) -> Diagnostic:
    if layer:
        message = f"files that end in `{suffix}` are not read in the layer {layer}"
        hint = f"end it in one of {', '.join(_read_in(layer))}, or move it out of `model/`"
    else:
        message = "it lies in the folder of no layer, so nothing of it is read"
        hint = "move it to the folder of its layer (`model/manifest.yaml` names them), or away"
    found = finding("MDL007", "unread-file", Ref(file), message, hint)
    return replace(found, severity=Severity.WARNING)


def _manifest(tree: Tree) -> layers.Manifest | None:
    """The manifest if it is as it should be; else its own findings come first."""
    if layers.MANIFEST not in tree:
        return None
    text = tree[layers.MANIFEST].decode("utf-8", "replace")
    parsed = yaml_tree.parse(layers.MANIFEST, text)
    manifest, problems = layers.read_manifest(parsed.value)
    return None if parsed.problems or problems else manifest


def comments_with(tree: Tree, form: re.Pattern[bytes]) -> Iterator[tuple[Span, str]]:
    """Comments of YAML files in which `form`, which begins with the `#`, is found in the text; of
    none where the text is broken.
    """
    for file in sorted(tree):
        if not file.endswith(_YAML) or not _may_hold(tree[file], form):
            continue
        text = tree[file].decode("utf-8", "replace")
        for line, column, comment in yaml_tree.comments(file, text):
            yield Span(file, line, column, line, column + len(comment)), comment


def _may_hold(text: bytes, form: re.Pattern[bytes]) -> bool:
    """Most files have no comment but their first line, which is seen fast."""
    commented = any(sign in text for sign in _BEHIND)
    return (form.search(text) if commented else form.match(text)) is not None
