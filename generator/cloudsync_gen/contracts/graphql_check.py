"""Whether published SDL is a schema, and strawberry can carry it without losing a word."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graphql import GraphQLSchema


def graphql_faults(text: str) -> Iterator[str]:
    """What is wrong with a published schema."""
    from graphql import GraphQLError, build_schema, validate_schema

    try:
        schema = build_schema(text)
    except (GraphQLError, TypeError) as error:
        yield f"the published schema cannot be built: {error}"
        return
    errors = validate_schema(schema)
    yield from (error.message for error in errors)
    if errors:
        return
    try:
        again = _rebuilt(schema)
    except Exception as error:
        yield f"strawberry cannot carry the schema: {type(error).__name__}: {error}"[:300]
    else:
        yield from _losses(schema, again)


def _rebuilt(schema: GraphQLSchema) -> GraphQLSchema:
    """What strawberry makes of the schema, read back from its printed form."""
    from graphql import build_schema

    from cloudsync_gen.contracts.strawberry_schema import rebuilt

    return build_schema(rebuilt(schema))


def _losses(schema: GraphQLSchema, again: GraphQLSchema) -> Iterator[str]:
    """Types that come back with another printed form."""
    from graphql import lexicographic_sort_schema, print_type

    meant = lexicographic_sort_schema(schema).type_map
    found = lexicographic_sort_schema(again).type_map
    for name, kind in meant.items():
        if name.startswith("__"):
            continue
        if name not in found or print_type(found[name]) != print_type(kind):
            yield f"strawberry loses a part of type `{name}`"
