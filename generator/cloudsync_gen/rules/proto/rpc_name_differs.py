"""An RPC is not called like the command or query that it carries.

What it does: compares the name of the RPC with the name in the id of its command.

Why: the servicer's method is named after the RPC, the handler's after the command; people who read
one look for the other.

Example: `rpc Press` with `application.command.run`.

Use instead: `rpc Run`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.effects import performed_by
from cloudsync_gen.model.ids import name_of
from cloudsync_gen.model.layers.api import Rpc
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import kebab, pascal
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for rpc in model.all(Rpc):
        performed = performed_by(model, rpc.command)
        if performed is None or kebab(rpc.rpc_name) == name_of(performed.id):
            continue
        yield RULE.at(
            model.ref(rpc.id),
            f"`{rpc.rpc_name}` carries `{performed.id}`",
            f"call it `{pascal(name_of(performed.id))}`",
            element=rpc.id,
            related=(Related(model.ref(performed.id), "what it carries"),),
        )


RULE = Rule(code="PRT013", name="rpc-name-differs", family="gRPC contracts", check=check)
