"""YAML as libyaml reads it, for tests that hold our own reading and writing against another."""

from __future__ import annotations

from typing import IO, Any

import yaml


def load(text: str | bytes | IO[str]) -> Any:
    """The one document of a text."""
    return yaml.load(text, yaml.CSafeLoader)


def documents(text: str | bytes) -> list[Any]:
    """All documents of a text, but for empty ones."""
    return [each for each in yaml.load_all(text, yaml.CSafeLoader) if each]
