"""GraphQL sources -> published SDL: without link directives, extensions merged, sorted."""

from __future__ import annotations

from typing import Any

from cloudsync_gen.model.sources import LINK_DIRECTIVES, LINK_NAMES


def _show(described: Any) -> None:
    """Makes every character of the descriptions show: reviewers see what readers get."""
    text = described.description
    if text and not text.replace("\n", "").isprintable():
        described.description = "".join(
            each if each.isprintable() or each == "\n" else f"<U+{ord(each):04X}>" for each in text
        )
    for part in ("fields", "args", "values"):
        for each in (getattr(described, part, None) or {}).values():
            _show(each)


def published(text: str) -> str:
    """SDL as consumers see it. Link directives are the only ones that load lets through."""
    from graphql import build_ast_schema, lexicographic_sort_schema, parse, print_schema

    own = parse(text, no_location=True)
    links = parse(LINK_DIRECTIVES, no_location=True)
    kept = [
        each
        for each in own.definitions
        if each.kind != "directive_definition" or each.name.value not in LINK_NAMES  # type: ignore[attr-defined]
    ]
    whole = type(own)(definitions=(*kept, *links.definitions))
    schema = build_ast_schema(whole, assume_valid=True)
    for described in (schema, *schema.type_map.values()):
        _show(described)
    arguments = schema.to_kwargs()
    arguments["directives"] = tuple(
        each for each in arguments["directives"] if each.name not in LINK_NAMES
    )
    return print_schema(lexicographic_sort_schema(type(schema)(**arguments))) + "\n"
