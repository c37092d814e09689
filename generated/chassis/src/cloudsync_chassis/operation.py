"""An operation's facts, as the generated table lists them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Access = Literal["authenticated", "public", "workload"]
Idempotency = Literal["key", "natural", "if-match", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One command or query, as REST, gRPC and GraphQL share it.

    Attributes:
        id: of the command or query in the model; names logs, spans and the idempotency record.
        permission: what a role must grant; None: any authenticated caller.
        relations: to the entity; what callers need whose roles hold the permission only for what
            they are related to.
        callers: services that may call it as workloads.
        writes: whether it is a command.
        status: of the successful HTTP answer.
        location: template of the `Location` header of a created thing, e.g. `/v1/documents/{id}`.
        timeout: seconds that it may take.
        sorts: fields by which a list may be sorted, the default first; `-` means descending.
        traced: attributes of its span, and the fields of body or answer that they tell.
    """

    id: str
    permission: str | None = None
    access: Access = "authenticated"
    relations: tuple[str, ...] = ()
    callers: frozenset[str] = frozenset()
    writes: bool = False
    idempotency: Idempotency = "none"
    status: int = 200
    location: str | None = None
    timeout: float = 10.0
    sorts: tuple[str, ...] = ("-createdAt",)
    traced: tuple[tuple[str, str], ...] = ()
