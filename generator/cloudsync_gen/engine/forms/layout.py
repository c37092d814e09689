"""cookiecutter, for the layout of first scaffolds: bundled templates, checked slugs, no hooks."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from cloudsync_gen.engine.resources import resource
from cloudsync_gen.model.artefacts import Layout

_SLUG = re.compile(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*_?")


class NotASlug(ValueError):
    """A value that might form a path other than a plain name."""


def render(form: Layout) -> dict[str, bytes]:
    """File name relative to the layout's folder -> bytes. Raises `NotASlug`.

    Installers compile Python templates; what they leave beside them is no part of a layout.
    """
    for key, value in form.slugs.items():
        if not _SLUG.fullmatch(value) or len(value) > 80:
            raise NotASlug(f"{key} is not a slug: {value!r}")
    from cookiecutter.main import cookiecutter

    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        config = Path(folder) / "config.yaml"
        config.write_text(f"cookiecutters_dir: {home}\nreplay_dir: {home}\n", encoding="utf-8")
        made = cookiecutter(
            str(resource(form.name)),
            no_input=True,
            extra_context=dict(form.slugs),
            output_dir=str(Path(folder) / "out"),
            config_file=str(config),
            accept_hooks=False,
        )
        root = Path(made)
        return {
            path.relative_to(root).as_posix(): path.read_bytes()
            for path in sorted(root.rglob("*"))
            if path.is_file() and "__pycache__" not in path.parts
        }
