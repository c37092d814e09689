"""The name of a field is nearly that of the message that it holds.

What it does: reports fields of a proto message whose name is one slip of the hand away from the
name of their type in snake_case. A plural, or a name of its own (`leader` of type `Person`), is
none of its business.

Why: the name is in every client, in JSON and in each language's code, and cannot be changed after
the first release.

Example: `Press prress = 1;`.

Use instead: `Press press = 1;`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.sources import SourceField
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import slip_of, snake
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.source import Ref


def check(model: Model) -> Iterator[Diagnostic]:
    for source in model.sources.grpc:
        for message in source.types:
            names = {each.name for each in message.fields}
            for field in message.fields:
                meant = _meant(field)
                if meant and meant not in names:
                    yield RULE.at(
                        Ref(source.file, ("messages", message.name, "fields", field.name)),
                        f"`{field.name}` is nearly `{meant}`, as its type is called",
                        f"call it `{meant}`, or give it a name of its own",
                        element=source.id,
                        facts=(message.name, field.name),
                    )


def _meant(field: SourceField) -> str:
    """The name of its type that was meant; empty where it is a name of its own."""
    kind = field.type.rpartition(".")[2]
    if not kind[:1].isupper():
        return ""  # not a message, or one that another rule tells of
    near = slip_of(field.name, [snake(kind)])
    return "" if f"{near}s" == field.name else near


RULE = Rule(code="PRT020", name="field-name-misspelt", family="gRPC contracts", check=check)
