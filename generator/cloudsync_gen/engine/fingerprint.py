"""A unit's fingerprint: its view, its templates, the tool's code, the libraries that shape
output.
"""

from __future__ import annotations

from functools import cache
from hashlib import sha256

import msgspec

from cloudsync_gen.engine.resources import digest_of_package, digest_of_templates
from cloudsync_gen.model.artefacts import Unit
from cloudsync_gen.model.installed import version_of

SHAPING = ("black", "jinja2", "datamodel-code-generator", "grpcio-tools", "cookiecutter", "msgspec")
"""Libraries whose version is part of the output's identity."""


@cache
def tool() -> bytes:
    """Digest of the tool's code and of those libraries."""
    versions = "\n".join(f"{name}=={version_of(name)}" for name in SHAPING)
    return sha256(versions.encode() + digest_of_package()).digest()


def versions() -> dict[str, str]:
    """Name -> version of the libraries that shape output."""
    return {name: version_of(name) for name in SHAPING}


def shaping(target: str) -> bytes:
    """Digest of all that decides, beside a view, what comes of a unit: the tool and templates."""
    return tool() + digest_of_templates(target)


def fingerprint(unit: Unit) -> str:
    """40 hex digits."""
    view = msgspec.msgpack.encode(unit.view, order="sorted")
    head = f"{unit.target}\0{unit.name}\0{type(unit.view).__qualname__}\0".encode()
    return sha256(head + shaping(unit.target) + view).hexdigest()[:40]
