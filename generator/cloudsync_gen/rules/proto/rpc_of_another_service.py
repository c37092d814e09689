"""An RPC carries a command of another service than its file's.

What it does: compares the service of the RPC's command with that of `(cloudsync_gen.contract)`.

Why: the file becomes the servicer of one service; it has no handler for another's command.

Example: `rpc Approve` with `application.command.approve-recipe` in the file of the press.

Use instead: the RPC in the other service's file.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.effects import performed_by
from cloudsync_gen.model.layers.api import GrpcApi, Rpc
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._links import misled
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    files = {
        each.document: each
        for each in model.all(GrpcApi)
        if not misled(model, each.id, "grpc-service")
    }
    for rpc in model.all(Rpc):
        performed = performed_by(model, rpc.command)
        file = files.get(rpc.document)
        if performed is None or file is None or performed.service == file.service:
            continue
        if misled(model, performed.id, "performed-by-service"):
            continue
        yield RULE.at(
            model.ref(rpc.id, "command"),
            f"`{performed.id}` is of `{performed.service}`, the file of `{file.service}`",
            "move the RPC to that service's file",
            element=rpc.id,
            related=(Related(model.ref(file.id, "service"), "the file's service"),),
        )


RULE = Rule(code="PRT011", name="rpc-of-another-service", family="gRPC contracts", check=check)
