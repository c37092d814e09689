"""An RPC carries no command or query.

What it does: reports RPCs without the option `(cloudsync_gen.rpc)`.

Why: permission, errors, deadline and the handler of an RPC come from its command or query; without
one it can be called, but nothing is behind it.

Example: `rpc Run(RunRequest) returns (RunResponse);`.

Use instead: `{ option (cloudsync_gen.rpc) = {command: "application.command.run"}; }` after it.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.api import Rpc
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for rpc in model.all(Rpc):
        if rpc.command is None:
            yield RULE.at(
                model.ref(rpc.id),
                f"`{rpc.rpc_name}` carries no command or query",
                'add `option (cloudsync_gen.rpc) = {command: "…"};`',
                element=rpc.id,
            )


RULE = Rule(code="PRT010", name="rpc-without-command", family="gRPC contracts", check=check)
