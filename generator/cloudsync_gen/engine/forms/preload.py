"""Imported by the process that workers are forked from: what each of them would do first.

Importing it renders a model, which loads datamodel-code-generator and black, and compiles all
templates.
"""

from __future__ import annotations

from contextlib import suppress
from importlib import import_module

from cloudsync_gen.engine.forms import models, template
from cloudsync_gen.engine.resources import names_below
from cloudsync_gen.model.artefacts import PydanticModels

_LONG = {"type": "string", "pattern": f"^{'x' * 200}$", "maxLength": 300}
_SCHEMA = {"$defs": {"Thing": {"type": "object", "properties": {"long": _LONG}}}}

with suppress(Exception):  # whoever does it in earnest tells what is wrong
    models.render(PydanticModels(_SCHEMA))
    for _name in names_below("."):
        if _name.endswith(".j2"):
            template.environment("curly").get_template(_name)
    import_module("cookiecutter.main")
