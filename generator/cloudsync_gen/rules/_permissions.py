"""What roles may do, with what they inherit."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from msgspec import Struct

from cloudsync_gen.model.layers.application import Command, Query
from cloudsync_gen.model.layers.security import Role
from cloudsync_gen.model.system import Model


class Grants(Struct, frozen=True):
    """Permissions of a role for everything of the tenant, and for what it stands in relation to."""

    always: frozenset[str]
    related: frozenset[str]

    def allow(self, permission: str, relations: Collection[str]) -> bool:
        """Whether the role may use what asks for this permission and names these relations."""
        wanted = {permission, f"{permission.partition(':')[0]}:*"}
        return bool(wanted & self.always or (relations and wanted & self.related))


def grants(model: Model) -> Mapping[str, Grants]:
    """Role -> what it may do, inherited permissions included."""
    return {role.id: _of(model, role) for role in model.all(Role)}


def above(model: Model, role: str) -> frozenset[str]:
    """A role and all that it inherits from."""
    seen: set[str] = set()
    pending = [role]
    while pending:
        current = pending.pop()
        if current not in seen:
            seen.add(current)
            found = model.get(Role, current)
            pending.extend(found.inherits if found else ())
    return frozenset(seen)


def _of(model: Model, role: Role) -> Grants:
    roles = [found for each in above(model, role.id) if (found := model.get(Role, each))]
    return Grants(
        frozenset(permission for each in roles for permission in each.permissions),
        frozenset(permission for each in roles for permission in each.related_permissions),
    )


def asks_for(performed: Command | Query) -> str:
    """The permission that a caller needs; empty where access is not by permission."""
    return (performed.permission or "") if performed.access == "authenticated" else ""


def is_granted(permission: str, roles: Mapping[str, Grants]) -> bool:
    """Whether any role may do it at all; where none may, another rule says so."""
    return any(each.allow(permission, ("any",)) for each in roles.values())
