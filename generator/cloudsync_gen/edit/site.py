"""Where the parts of a new service go, and how they refer to each other."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from cloudsync_gen.edit.ground import Ground
from cloudsync_gen.edit.names import Names

Elements = dict[str, dict[str, Any]]
"""Key -> element, as it is written."""


class Site(Struct, frozen=True, kw_only=True):
    """Names, what the model offers, and the folder of each layer."""

    called: Names
    offered: Ground
    folders: Mapping[str, str]

    def path(self, layer: str, folder: str, name: str) -> str:
        """A file of a layer."""
        return posixpath.join(self.folders[layer], folder, name)

    @property
    def service(self) -> str:
        """Id of the service."""
        return f"application.service.{self.called.service}"

    @property
    def aggregate(self) -> str:
        """Id of its aggregate."""
        return f"application.aggregate.{self.called.one}"

    def data(self, part: str = "") -> str:
        """File of the data model: of the entity, or of `enumerations`, `messages`, `events`."""
        name = f"{self.called.short}-{part}.yaml" if part else f"{self.called.short}.yaml"
        return self.path("data_model", self.called.domain, name)

    def schema(self, source: str, target: str, key: str) -> dict[str, Any]:
        """A reference in the file `source` to an element's schema in the file `target`."""
        relative = "" if source == target else posixpath.relpath(target, posixpath.dirname(source))
        return {"$ref": f"{relative}#/{key}/schema"}

    def value(self, source: str, kind: str) -> dict[str, Any]:
        """The schema of a shared value type: a reference to the model's, or written out."""
        place = self.offered.values.get(kind)
        if place is None:
            return {**WRITTEN_OUT[kind]}
        return self.schema(source, place.file, str(place.pointer[0]))


WRITTEN_OUT: Mapping[str, Mapping[str, Any]] = {
    "uuid": {"type": "string", "format": "uuid", "maxLength": 36},
    "timestamp": {"type": "string", "format": "date-time", "maxLength": 35},
    "version": {"type": "integer", "format": "int64", "minimum": 1, "maximum": 2**53 - 1},
}
