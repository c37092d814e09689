"""All roles of the model and what they permit, for a service that is handed them (`roleTable`)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import ModuleType

FILE = "roles.json"


@dataclass(frozen=True, slots=True)
class Permitted:
    """What a role permits, `resource:action` each: of everything, or of related things."""

    full: frozenset[str]
    related: frozenset[str]

    def allows(self, permission: str, *, related: bool) -> bool:
        """Whether it holds the permission for a thing to which the caller is `related` or not."""
        return permission in self.full or (related and permission in self.related)


@cache
def roles_of(generated: ModuleType) -> Mapping[str, Permitted]:
    """Role → what it permits, inherited rights included; `generated`: the service's package of that
    name.

    Raises:
        FileNotFoundError: the model hands the service no roles.
    """
    told = json.loads(resources.files(generated).joinpath(FILE).read_text())
    return {
        name: Permitted(frozenset(each["full"]), frozenset(each["related"]))
        for name, each in told.items()
    }
