"""Text -> declared elements with positions: one module per source format."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from types import NoneType
from typing import Any

from msgspec import Struct, field

from cloudsync_gen.diagnostics import Diagnostic, Staged, finding
from cloudsync_gen.load import layers, openapi, yaml_tree
from cloudsync_gen.load.cache import ParseCache
from cloudsync_gen.load.findings import unreadable
from cloudsync_gen.load.kept import keep, kept
from cloudsync_gen.load.words import Words, share
from cloudsync_gen.model.declared import Declared, DeclaredElement
from cloudsync_gen.model.ids import LAYERS
from cloudsync_gen.model.sources import (
    GraphqlSource,
    GrpcSource,
    RestSource,
    Sources,
    WebhookSource,
)
from cloudsync_gen.naming import kebab
from cloudsync_gen.source import Located, Locator, Ref, SourceMap, Span, Tree

MANIFEST = layers.MANIFEST
_YAML = (".yaml", ".yml", ".json")
_ID = re.compile(r"(?m)^ *[\"']?id[\"']?: *[\"']?([a-z_]+\.[a-z-]+\.[a-z0-9-]+)")
_DERIVED = {
    "rest-apis": ("api.rest-api.{}", "api.operation.{}-"),
    "graphql-apis": ("api.graphql-api.{}", "api.field.{}-"),
    "grpc-services": ("api.grpc-service.{}", "api.rpc.{}-"),
    "webhooks": ("api.webhook.",),
}
"""Folder of contract sources -> how the ids begin that a document gives."""


class _Collected(Struct):
    elements: list[DeclaredElement] = []
    broken: dict[str, Ref] = {}
    lost: list[str] = []
    found: list[Diagnostic] = []
    rest: list[RestSource] = []
    webhooks: list[WebhookSource] = []
    graphql: list[GraphqlSource] = []
    grpc: list[GrpcSource] = []
    complete: bool = True
    words: Words = field(default_factory=Words)

    @property
    def said(self) -> tuple[int, int, int, bool]:
        """How much there was to say so far about what was read."""
        return len(self.found), len(self.broken), len(self.lost), self.complete


def load(tree: Tree, cache: ParseCache | None = None) -> Staged[Declared | None]:
    """All of `model/` as declared elements.

    The value is `None` when there is no usable manifest. `Declared.complete` is false when some
    text could not be read at all, so that nothing can be said about what is missing.
    """
    cache = cache or ParseCache()
    into = _Collected()
    manifest = _manifest(tree, cache, into)
    if manifest is None:
        return Staged(None, tuple(into.found))
    for layer, folder in sorted(manifest.folders.items()):
        for file in sorted(path for path in tree if path.startswith(folder + "/")):
            if layer == "api":
                _contract(file, tree, cache, into)
            elif PurePosixPath(file).suffix in _YAML:
                _layer_file(file, layer, tree, cache, into)
    _grpc(manifest.folders.get("api"), tree, cache, into)
    return Staged(_declared(manifest, into), tuple(into.found))


def _declared(manifest: layers.Manifest, into: _Collected) -> Declared:
    return Declared(
        project=manifest.project,
        elements=tuple(into.elements),
        broken=into.broken,
        lost=tuple(sorted(into.lost)),
        sources=Sources(
            rest=tuple(into.rest),
            webhooks=tuple(into.webhooks),
            graphql=tuple(into.graphql),
            grpc=tuple(into.grpc),
        ),
        complete=into.complete,
        folders=manifest.folders,
    )


def _manifest(tree: Tree, cache: ParseCache, into: _Collected) -> layers.Manifest | None:
    if MANIFEST not in tree:
        hint = "`cloudsync-gen init` writes one; or name the folder that holds `model/` by --root"
        into.found.append(
            finding(
                "SRC008", "no-manifest", Ref(MANIFEST), "there is no `model/manifest.yaml`", hint
            )
        )
        return None
    data = _data(MANIFEST, tree, cache, into)
    if data is None and not into.complete:
        return None
    manifest, problems = layers.read_manifest(data)
    into.found.extend(problems)
    if problems and manifest is not None:
        into.lost += [f"{layer}." for layer in LAYERS if layer not in manifest.folders]
    return manifest


def _layer_file(file: str, layer: str, tree: Tree, cache: ParseCache, into: _Collected) -> None:
    """Of a file about which there is nothing to say, its elements are remembered, and nothing else
    of it.
    """
    known = kept(file, layer, tree[file], cache, into.words)
    if known is not None:
        into.elements += known
        return
    start, before = len(into.elements), into.said
    data = _data(file, tree, cache, into, remember=False)
    if data is None and _told(file, into):
        _remember(file, tree, into)
    _elements(file, layer, data, tree, into)
    if into.said == before:
        keep(layer, tree[file], into.elements[start:], cache)
    elif not _told(file, into) and cache.packed("yaml", tree[file]) is None:
        cache.put("yaml", tree[file], data)


def _data(
    file: str, tree: Tree, cache: ParseCache, into: _Collected, *, remember: bool = True
) -> Any:
    content = tree[file]
    known = cache.get("yaml", content)
    if known is not None:
        return share(known.value, into.words)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        problem = yaml_tree.Problem(
            "SRC007", "not UTF-8", "save as UTF-8", Span(file, line, 1, line, 1)
        )
        into.found.extend(unreadable(file, (problem,)))
        into.complete = False
        return None
    parsed = yaml_tree.parse(file, text, into.words)
    if parsed.problems:
        into.found.extend(unreadable(file, parsed.problems))
        into.complete = False
    elif remember:
        cache.put("yaml", content, parsed.value)
    return parsed.value


def _elements(file: str, layer: str, data: Any, tree: Tree, into: _Collected) -> None:
    if not isinstance(data, (dict, NoneType)):
        into.found.append(layers.no_mapping(file))
        into.complete = False
        _remember(file, tree, into)
        return
    for _, ref, written in layers.elements_of(file, layer, data):
        element, problems, identity = layers.declare(ref, layer, written)
        into.found.extend(_untold(file, problems, tree, into) if problems else ())
        if element is not None:
            into.elements.append(element)
        if problems and identity:
            into.broken.setdefault(identity, ref)
        if not identity.endswith(f".{ref.pointer[-1]}") or (problems and element is None):
            into.lost += layers.meant(layer, identity, str(ref.pointer[-1]))
        into.complete = into.complete and bool(identity)


def _remember(file: str, tree: Tree, into: _Collected) -> None:
    """The ids in a text that cannot be read as it stands: nobody may call them missing."""
    for found in _ID.finditer(tree[file].decode("utf-8", "replace")):
        into.broken.setdefault(found[1], Ref(file))


def _untold(
    file: str, problems: list[Diagnostic], tree: Tree, into: _Collected
) -> list[Diagnostic]:
    """Without those about a value of which the reader of the text has complained already."""
    told = _told(file, into)
    if not told:
        return problems
    sources = SourceMap(tree, LOCATORS)
    return [each for each in problems if sources.span(each.ref) not in told]


def _told(file: str, into: _Collected) -> set[Span]:
    """Where the reader of a text has complained."""
    return {each.span for each in into.found if each.span and each.span.file == file}


def _contract(file: str, tree: Tree, cache: ParseCache, into: _Collected) -> None:
    path = PurePosixPath(file)
    if path.suffix in (".graphql", ".gql"):
        from cloudsync_gen.load.graphql import graphql_source

        graphql, (elements, found) = graphql_source(file, tree[file], cache)
        if graphql is not None:
            into.graphql.append(graphql)
        if found:
            _lose("graphql-apis", file, into)
    elif path.suffix not in _YAML:
        return
    else:
        data = _data(file, tree, cache, into)
        folder = path.parts[-2] if len(path.parts) > 3 else ""
        if data is None and _told(file, into):
            _lose(folder, file, into)
            return
        if folder == "webhooks":
            webhook, (elements, found) = openapi.webhook_source(file, data)
            if webhook is not None:
                into.webhooks.append(webhook)
        elif folder == "rest-apis":
            rest, (elements, found) = _rest(file, data, tree[file], cache, into)
            if rest is not None:
                into.rest.append(rest)
        else:
            _elements(file, "api", data, tree, into)
            return
        if found:
            _lose(folder, file, into)
    into.elements.extend(elements)
    into.found.extend(found)
    into.complete = into.complete and not found


def _rest(
    file: str, data: Any, content: bytes, cache: ParseCache, into: _Collected
) -> tuple[RestSource | None, openapi.Loaded]:
    """Elements are remembered where all is well with their source."""
    kind = f"of {openapi.document_of(file)}"
    known = kept(file, kind, content, cache, into.words)
    if known is not None:
        return openapi.source_of(file, data), (known, [])
    source, (elements, found) = openapi.rest_source(file, data)
    if not found:
        keep(kind, content, elements, cache)
    return source, (elements, found)


def _lose(folder: str, file: str, into: _Collected) -> None:
    document = kebab(openapi.document_of(file))
    into.lost += [form.format(document) for form in _DERIVED.get(folder, ())]


def _grpc(folder: str | None, tree: Tree, cache: ParseCache, into: _Collected) -> None:
    protos = {
        p: tree[p] for p in sorted(tree) if folder and p.startswith(folder) and p.endswith(".proto")
    }
    if not protos:
        return
    from cloudsync_gen.load.proto import grpc_sources

    sources, (elements, found) = grpc_sources(protos, cache)
    into.grpc.extend(sources)
    into.elements.extend(elements)
    for file in protos if found else ():
        _lose("grpc-services", file, into)
    into.found.extend(found)
    into.complete = into.complete and not found


def _lazy(module: str) -> Locator:
    def locate(file: str, text: str) -> Located:
        from importlib import import_module

        found: Callable[[str, str], Located] = import_module(f"cloudsync_gen.load.{module}").locate
        return found(file, text)

    return locate


LOCATORS: Mapping[str, Locator] = {
    **dict.fromkeys(_YAML, yaml_tree.locate),
    ".graphql": _lazy("graphql"),
    ".gql": _lazy("graphql"),
    ".proto": _lazy("proto"),
}
"""Suffix -> reader of positions."""
