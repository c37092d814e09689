"""Jinja, sandboxed: the template sees one name, `v`, and the emit filters."""

from __future__ import annotations

from functools import cache
from hashlib import sha256

from jinja2 import BytecodeCache, FileSystemLoader, StrictUndefined
from jinja2.bccache import Bucket
from jinja2.sandbox import ImmutableSandboxedEnvironment

from cloudsync_gen.engine.cache import Store
from cloudsync_gen.engine.emit import FILTERS
from cloudsync_gen.engine.fingerprint import tool
from cloudsync_gen.engine.forms.compact import compact
from cloudsync_gen.model.artefacts import Template
from cloudsync_gen.source import templates

_SQUARE = {
    "variable_start_string": "[[",
    "variable_end_string": "]]",
    "block_start_string": "[%",
    "block_end_string": "%]",
    "comment_start_string": "[#",
    "comment_end_string": "#]",
}


class _Compiled(BytecodeCache):
    """Compiled templates, kept in a store: believed as far as its seal holds."""

    store = Store(None)

    def load_bytecode(self, bucket: Bucket) -> None:
        stored = self.store.read(self._key(bucket))
        if stored is not None:
            bucket.bytecode_from_string(stored)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.store.write(self._key(bucket), bucket.bytecode_to_string())

    def _key(self, bucket: Bucket) -> str:
        named = f"template {bucket.key} {bucket.checksum}".encode()
        return sha256(named + tool()).hexdigest()[:40]


_COMPILED = _Compiled()


def keep_compiled(store: Store) -> None:
    """From now on compiled templates are kept there."""
    _COMPILED.store = store


@cache
def environment(brackets: str) -> ImmutableSandboxedEnvironment:
    """The environment of all templates with these brackets."""
    made = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(templates()),
        undefined=StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
        bytecode_cache=_COMPILED,
        **(_SQUARE if brackets == "square" else {}),
    )
    made.globals.clear()
    made.filters.clear()
    made.filters.update(FILTERS)
    return made


def render(form: Template) -> bytes:
    """The text of a template for its view. Raises `jinja2.TemplateError`, `NotEmittable`: bugs,
    both.
    """
    template = environment(form.brackets).get_template(form.name)
    text = template.render(v=form.view)
    return (compact(text) if form.name.endswith(".py.j2") else text).encode()
