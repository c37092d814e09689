"""An RPC answers with fields that nothing fills.

What it does: looks for fields in the answer of each RPC whose command gives no output.

Why: the adapter fills the answer from the output. Callers get a message that is always empty.

Example: `rpc Run(RunRequest) returns (RunResponse);` with `Press press = 1;` in the answer, where
`application.command.run` has no `output`.

Use instead: `output: data_model.entity.press` of the command, or an answer without fields.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.effects import performed_by
from cloudsync_gen.model.layers.api import Rpc
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    types = {
        (source.document, each.name): each for source in model.sources.grpc for each in source.types
    }
    for rpc in model.all(Rpc):
        performed = performed_by(model, rpc.command)
        if performed is None or performed.output is not None:
            continue
        answer = types.get((rpc.document, rpc.response_message))
        if answer is not None and answer.fields:
            yield RULE.at(
                model.ref(rpc.id),
                f"nothing fills `{answer.fields[0].name}`: `{performed.id}` gives no output",
                "give the command an output, or the answer no fields",
                element=rpc.id,
                related=(Related(model.ref(performed.id), "what it carries"),),
                facts=(answer.name,),
            )


RULE = Rule(
    code="PRT019",
    name="response-of-no-output",
    family="gRPC contracts",
    check=check,
)
