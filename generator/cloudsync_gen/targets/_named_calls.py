"""Calls that the model names for the chassis to make."""

from __future__ import annotations

from msgspec import Struct

from cloudsync_gen.model.contracts import Contracts
from cloudsync_gen.model.layers.api import Rpc
from cloudsync_gen.model.system import Model
from cloudsync_gen.targets._clients import python_module


class NamedCallView(Struct, frozen=True, kw_only=True):
    """`stubs`: the module of its messages. `sends`: property of the request -> what it says."""

    operation: str
    path: str
    stubs: str
    sends: dict[str, str]


def named_call(
    model: Model, contracts: Contracts, operation: str, sends: dict[str, str]
) -> NamedCallView | None:
    """None where no contract carries the RPC."""
    rpc = model.get(Rpc, operation)
    contract = contracts.grpc.get(rpc.document) if rpc is not None else None
    if rpc is None or contract is None:
        return None
    return NamedCallView(
        operation=rpc.rpc_name,
        path=f"/{contract.package}.{contract.service}/{rpc.rpc_name}",
        stubs=python_module(contract.import_path),
        sends=sends,
    )
