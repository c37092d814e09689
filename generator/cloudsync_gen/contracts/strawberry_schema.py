"""Strawberry's classes of a schema, as services make them: the shared library's own module.

It is loaded from where the templates lie, so that what is proven of a contract here is proven of
the code that serves it.
"""

from __future__ import annotations

import sys
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType
from typing import TYPE_CHECKING, Any

from cloudsync_gen.source import templates

if TYPE_CHECKING:
    from graphql import GraphQLSchema

_PLACE = "chassis/src/cloudsync_chassis/graphql/schema.py"
_NAME = "cloudsync_gen_chassis_graphql_schema"


def rebuilt(schema: GraphQLSchema) -> str:
    """The schema that strawberry makes of classes with these fields, as it is printed.

    Raises whatever strawberry raises at something that it cannot express.
    """
    library: Any = _library()
    text: str = library.printed(library.strawberry_schema(schema))
    return text


@cache
def _library() -> ModuleType:
    spec = spec_from_file_location(_NAME, templates() / _PLACE)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(f"{_PLACE} is missing; install cloudsync-gen again")
    module = module_from_spec(spec)
    sys.modules[_NAME] = module
    spec.loader.exec_module(module)
    return module
