"""A request or response of an RPC is not called after the RPC.

What it does: wants `<Rpc>Request` and `<Rpc>Response` (buf: RPC_REQUEST_STANDARD_NAME,
RPC_RESPONSE_STANDARD_NAME, RPC_REQUEST_RESPONSE_UNIQUE).

Why: a message that two RPCs share, or an entity that is answered as it is, can never get a field
for one of them alone: the first such wish breaks every caller.

Example: `rpc Run(Press) returns (Press);`.

Use instead: `rpc Run(RunRequest) returns (RunResponse);`, with the entity as a field.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.api import Rpc
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for rpc in model.all(Rpc):
        for message, suffix in (
            (rpc.request_message, "Request"),
            (rpc.response_message, "Response"),
        ):
            wanted = f"{rpc.rpc_name}{suffix}"
            if message != wanted:
                yield RULE.at(
                    model.ref(rpc.id),
                    f"the {suffix.lower()} of `{rpc.rpc_name}` is called `{message}`",
                    f"make a message `{wanted}`",
                    element=rpc.id,
                    facts=(suffix,),
                )


RULE = Rule(code="PRT014", name="rpc-message-name", family="gRPC contracts", check=check)
