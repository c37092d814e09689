"""Where a call between services leads."""

from __future__ import annotations

from cloudsync_gen.model.effects import performed_by
from cloudsync_gen.model.layers.api import Operation, Rpc
from cloudsync_gen.model.system import Model


def callee(model: Model, operation: str) -> str:
    """Id of the service behind an operation or RPC, or an empty text."""
    found = model.get(Operation, operation) or model.get(Rpc, operation)
    performed = performed_by(model, found.command) if found else None
    return performed.service if performed else ""
