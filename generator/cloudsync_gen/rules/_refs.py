"""What is wrong with a `$ref` of the model."""

from __future__ import annotations

import posixpath

from cloudsync_gen.model.schema_refs import RefusedReference, SchemaTarget, schema_target
from cloudsync_gen.model.schema_view import data_element
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import likeliest, nearest, offered


def fault(model: Model, file: str, reference: object) -> tuple[str, str]:
    """(message, hint) for a `$ref` written in `file`; two empty texts when it leads to a schema,
    or to one that could not be read.
    """
    target = schema_target(file, reference)
    if isinstance(target, RefusedReference):
        reason, _, hint = target.reason.rpartition("; ")
        return f"`{reference}` is not followed: {reason}", hint
    element = model.schemas.get((target.file, target.key))
    if element is None and model.unread_at(target.file, target.key):
        return "", ""
    if element is None:
        return f"`{reference}` leads to no schema of the data model", _hint(model, file, target)
    found = data_element(model, element)
    definitions = found.schema.get("$defs") if found else None
    names = definitions if isinstance(definitions, dict) else {}
    if target.definition and target.definition not in names:
        hint = offered(target.definition, names, otherwise="declare it in its `$defs`")
        return f"`{element}` has no definition `{target.definition}`", hint
    return "", ""


def _hint(model: Model, file: str, target: SchemaTarget) -> str:
    here = [key for each, key in model.schemas if each == target.file]
    if near := likeliest(target.key, here):
        return f"did you mean `#/{near}/schema`?"
    files = {each for each, key in model.schemas if key == target.key}
    if files:
        path = posixpath.relpath(nearest(target.file, files), posixpath.dirname(file))
        return f"did you mean `{path}#/{target.key}/schema`?"
    return "declare it, or refer to another schema"
