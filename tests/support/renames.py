"""A model in which one name is another wherever it stands, so that it still fits together."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from cloudsync_gen.load import yaml_tree
from cloudsync_gen.model.ids import LAYERS
from cloudsync_gen.model.layers import ELEMENT_TYPES
from cloudsync_gen.naming import snake
from cloudsync_gen.targets.layer_schemas import layer_schema
from support.positions import yaml_of
from support.trees import Files

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_OF_OPENAPI = frozenset(
    (
        *(
            "paths",
            "parameters",
            "responses",
            "requestBody",
            "content",
            "schema",
            "schemas",
            "info",
        ),
        *(
            "get",
            "post",
            "put",
            "patch",
            "delete",
            "in",
            "query",
            "path",
            "header",
            "type",
            "format",
        ),
        *(
            "string",
            "integer",
            "object",
            "array",
            "properties",
            "required",
            "enum",
            "items",
            "uuid",
        ),
        *("additionalProperties", "operationId", "summary", "title", "webhooks", "openapi", "tags"),
        *("minLength", "maxLength", "minimum", "maximum", "default", "pattern", "model", "layers"),
    )
)


def names(files: Files) -> Iterator[str]:
    """Names that people chose: keys and values of one word that stand at two places at least."""
    seen: dict[str, int] = {}
    for file, text in files.items():
        if file.endswith(".yaml"):
            for word in _words(yaml_tree.parse(file, text.decode()).value):
                seen[word] = seen.get(word, 0) + 1
    given = {*_OF_OPENAPI, *_of_the_format(), *LAYERS}
    yield from sorted(word for word, count in seen.items() if count > 1 and word not in given)


def _of_the_format() -> Iterator[str]:
    """Fields and fixed values of elements, and their types."""
    pending: list[Any] = [layer_schema(layer) for layer in LAYERS]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            yield from node.get("properties", ())
            yield from (each for each in node.get("enum", ()) if isinstance(each, str))
            pending += node.values()
        elif isinstance(node, list):
            pending += node
    yield from (name.rpartition(".")[2] for name in ELEMENT_TYPES)


def renamed(files: Files, old: str, new: str) -> Files:
    """The model with another name, in SDL and proto where it is spelt in their style, too."""
    whole = re.compile(rf"(?<![A-Za-z0-9_]){re.escape(old)}(?![A-Za-z0-9_])")
    after = dict(files)
    for file, text in files.items():
        if file.endswith(".yaml"):
            data = _renamed(yaml_tree.parse(file, text.decode()).value, whole, new)
            after[file] = yaml_of(data).encode()
        elif file.endswith((".graphql", ".proto")):
            spelt = whole.sub(lambda _: new, text.decode())
            if file.endswith(".proto"):
                words = rf"(?<![A-Za-z0-9_]){re.escape(snake(old))}(?![A-Za-z0-9_])"
                spelt = re.sub(words, lambda _: snake(new) or new, spelt)
            after[file] = spelt.encode()
    return after


def _renamed(value: Any, whole: re.Pattern[str], new: str) -> Any:
    if isinstance(value, str):
        return whole.sub(lambda _: new, value)
    if isinstance(value, dict):
        return {whole.sub(lambda _: new, k): _renamed(v, whole, new) for k, v in value.items()}
    if isinstance(value, list):
        return [_renamed(each, whole, new) for each in value]
    return value


def _words(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        found = value.rpartition(".")[2] if re.fullmatch(r"[a-z_]+\.[a-z-]+\.\S+", value) else value
        if _NAME.fullmatch(found):
            yield found
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _words(key)
            yield from _words(each)
    elif isinstance(value, list):
        for each in value:
            yield from _words(each)
