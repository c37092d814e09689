"""Random schemas, and values that tell them apart."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import strategies as st

Schema = Any
NAMES = ("a", "b", "c")
ATOMS: list[Any] = [None, True, False, 0, 1, 2, 3, -1, 1.5, 10, "", "a", "ab", "abc", "ba", "x"]

values: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from(ATOMS),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from([*NAMES, "x-1"]), inner, max_size=3),
    max_leaves=6,
)


def some(**options: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """A schema with any of these keywords."""
    return st.fixed_dictionaries({}, optional=options)


def typed(name: str, **options: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """A schema of a type, with at most two of these keywords."""
    chosen = st.lists(st.sampled_from(sorted(options)), max_size=2, unique=True)
    return chosen.flatmap(
        lambda keywords: st.fixed_dictionaries(
            {"type": st.just(name), **{keyword: options[keyword] for keyword in keywords}}
        )
    )


_LIMITS = st.sampled_from([0, 1, 1.5, 2, 3])
numbers = st.sampled_from(["integer", "number"]).flatmap(
    lambda name: typed(
        name,
        minimum=_LIMITS,
        maximum=_LIMITS,
        exclusiveMinimum=_LIMITS,
        exclusiveMaximum=_LIMITS,
        multipleOf=st.sampled_from([0.5, 1, 2, 3]),
    )
)
strings = typed(
    "string",
    minLength=st.integers(0, 2),
    maxLength=st.integers(0, 3),
    pattern=st.sampled_from(["^a", "b$", ""]),
    enum=st.lists(st.sampled_from(["", "a", "ab", "x"]), min_size=1, max_size=3, unique=True),
)
_TYPES = st.lists(
    st.sampled_from(["string", "integer", "null", "boolean", "object", "array"]),
    min_size=1,
    max_size=3,
    unique=True,
)
scalars: st.SearchStrategy[Schema] = st.one_of(
    strings,
    numbers,
    st.fixed_dictionaries({"type": _TYPES}),
    st.fixed_dictionaries({"const": st.sampled_from(ATOMS)}),
    st.fixed_dictionaries(
        {"enum": st.lists(st.sampled_from(ATOMS), min_size=1, max_size=3, unique_by=repr)}
    ),
)


def _objects(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    names = st.sampled_from(NAMES)
    return st.fixed_dictionaries(
        {"type": st.just("object"), "properties": st.dictionaries(names, inner, max_size=3)},
        optional={
            "required": st.lists(names, max_size=2, unique=True),
            "additionalProperties": st.sampled_from([True, False, {"type": "integer"}]),
        },
    )


def _more_objects(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    return some(
        properties=st.dictionaries(st.sampled_from(NAMES), inner, max_size=2),
        patternProperties=st.dictionaries(st.sampled_from(["^x-", "^a", "b"]), inner, max_size=1),
        additionalProperties=st.booleans() | inner,
        unevaluatedProperties=st.booleans() | inner,
        propertyNames=st.sampled_from([{"maxLength": 1}, {"enum": ["a", "b"]}, False]),
        dependentRequired=st.just({"a": ["b"]}),
        dependentSchemas=st.dictionaries(st.just("a"), inner, max_size=1),
        minProperties=st.integers(0, 2),
        maxProperties=st.integers(0, 3),
    )


def _arrays(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    return typed(
        "array",
        items=inner,
        prefixItems=st.lists(inner, min_size=1, max_size=2),
        minItems=st.integers(0, 2),
        maxItems=st.integers(0, 3),
        uniqueItems=st.booleans(),
    )


def _more_arrays(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    return some(
        items=inner,
        prefixItems=st.lists(inner, min_size=1, max_size=2),
        contains=inner,
        minContains=st.integers(0, 2),
        maxContains=st.integers(0, 2),
        unevaluatedItems=st.booleans() | inner,
    )


def _combined(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    parts = st.lists(inner, min_size=1, max_size=3)
    return st.sampled_from(["oneOf", "anyOf", "allOf"]).flatmap(
        lambda keyword: st.fixed_dictionaries({keyword: parts})
    )


def _conditional(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    return some(**{"if": inner, "then": inner, "else": inner, "not": inner})


ordinary: st.SearchStrategy[Schema] = st.recursive(
    scalars, lambda inner: _objects(inner) | _arrays(inner) | _combined(inner), max_leaves=6
)
"""Schemas as people write them."""

any_schema: st.SearchStrategy[Schema] = st.recursive(
    scalars | st.booleans() | st.just({}),
    lambda inner: st.one_of(
        _objects(inner),
        _more_objects(inner),
        _arrays(inner),
        _more_arrays(inner),
        _combined(inner),
        _conditional(inner),
        st.builds(lambda one, other: {**other, **one}, _combined(inner), _more_objects(inner)),
    ),
    max_leaves=6,
)
"""Schemas with any keyword beside any other."""

_MAPS = ("properties", "patternProperties", "dependentSchemas")
_LISTS = ("oneOf", "anyOf", "allOf", "prefixItems")
_SINGLE = (
    "not",
    "if",
    "then",
    "else",
    "items",
    "contains",
    "additionalProperties",
    "propertyNames",
    "unevaluatedProperties",
    "unevaluatedItems",
)


def places(schema: Schema) -> Iterator[tuple[str | int, ...]]:
    """Paths to a schema and all schemas in it."""
    yield ()
    for step, inner in _inner(schema):
        for path in places(inner):
            yield (*step, *path)


def _inner(schema: Schema) -> Iterator[tuple[tuple[str | int, ...], Schema]]:
    if not isinstance(schema, dict):
        return
    for keyword, value in schema.items():
        if keyword in _MAPS:
            yield from (((keyword, name), inner) for name, inner in value.items())
        elif keyword in _LISTS:
            yield from (((keyword, index), inner) for index, inner in enumerate(value))
        elif keyword in _SINGLE:
            yield (keyword,), value


def replaced(schema: Schema, path: tuple[str | int, ...], change: Callable[[Any], Any]) -> Schema:
    """The schema with the part at a path changed."""
    if not path:
        return change(copy.deepcopy(schema))
    made = copy.deepcopy(schema)
    here = made
    for step in path[:-1]:
        here = here[step]
    here[path[-1]] = change(here[path[-1]])
    return made


def everywhere(schema: Schema, change: Callable[[Any], Any]) -> Schema:
    """The schema with each schema in it changed, innermost first."""
    made = copy.deepcopy(schema)
    for path in sorted(places(schema), key=len, reverse=True):
        made = replaced(made, path, change)
    return made


@st.composite
def edited(draw: st.DrawFn, schemas: st.SearchStrategy[Schema] = any_schema) -> tuple[Any, Any]:
    """Two schemas that differ in one place or in all."""
    old = draw(schemas)
    path = draw(st.sampled_from(list(places(old))))
    new = draw(schemas)
    how = draw(st.integers(0, 3))

    def change(part: Any) -> Any:
        if how == 0 or not isinstance(part, dict) or not isinstance(new, dict):
            return new
        if how == 1 and part:
            gone = sorted(part)[draw(st.integers(0, len(part) - 1))]
            return {keyword: value for keyword, value in part.items() if keyword != gone}
        return {**part, **new} if how == 2 else {**new, **part}

    return old, replaced(old, path, change)
