"""What the GraphQL adapter of a service is rendered from."""

from __future__ import annotations

from msgspec import Struct


class FieldView(Struct, frozen=True, kw_only=True):
    """A field: its place (`Query.book`, `Book.author`) and what answers it.

    `kind`: `own` and `stream` for a method of the port, `other` for a client's method, which is
    `call`, `joined` for one that answers a field of a type, asked as `join` says (`Join` of the
    chassis), `followed` for one that answers with each event of `type` on `topic`. `renamed`:
    parameters that are not called as their arguments, empty for the caller's own subject.
    `within`: the field of the answer that holds the result.
    """

    place: str
    kind: str
    constant: str = ""
    request: str = ""
    method: str = ""
    call: str = ""
    topic: str = ""
    type: str = ""
    renamed: dict[str, str]
    access: str = "authenticated"
    within: str = ""
    join: dict[str, str | int] = {}


class GraphqlView(Struct, frozen=True, kw_only=True):
    """A service's schema. `members`: enumeration -> its values -> members of the data model that do
    not follow from them. `kinds`: union or interface -> a property of what is answered -> its
    values -> the type that each stands for.
    """

    service: str
    package: str
    name: str
    path: str
    contract: str
    ad_hoc: str
    introspection: bool
    depth: int
    cost: int
    subscriptions: int
    members: dict[str, dict[str, str]]
    kinds: dict[str, dict[str, dict[str, str]]]
    fields: tuple[FieldView, ...]
    sources: tuple[str, ...]

    @property
    def subscribed(self) -> bool:
        """Whether it has subscriptions."""
        return any(each.kind in ("followed", "stream") for each in self.fields)

    @property
    def modules(self) -> tuple[str, ...]:
        """Modules of the package that the adapter imports."""
        own = any(each.kind in ("own", "stream") for each in self.fields)
        return ("operations", "port") if own else ("port",)
