"""A service announces events, and its schema has no outbox.

What it does: wants a table `outbox` in one of the relational schemas of a service that keeps tables
there and announces events.

Why: an event is written into the outbox in the transaction that it tells of. In production, where
tables are those of the model, the first command that announces one fails.

Example: `table: out_box` in the only schema of such a service.

Use instead: `table: outbox`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.application import Event, Service
from cloudsync_gen.model.layers.datastore import Table
from cloudsync_gen.model.stores import writers
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._links import astray
from cloudsync_gen.rules._rule import Rule

OUTBOX = "outbox"


def check(model: Model) -> Iterator[Diagnostic]:
    if astray(model, Table, "stored-in-database"):
        return
    held: dict[str, set[str]] = {}
    for table in model.all(Table):
        owners = writers(model, table.id)
        if not owners:
            return  # it may be the outbox of one that lacks it
        for writer in owners:
            held.setdefault(writer, set()).add(table.table)
    announced: dict[str, str] = {}
    for event in model.all(Event):
        announced.setdefault(event.service, event.id)
    for service in model.all(Service):
        event_id = announced.get(service.id)
        if event_id and service.id in held and OUTBOX not in held[service.id]:
            yield RULE.at(
                model.ref(service.id),
                f"it announces `{event_id}`, but none of its tables is `{OUTBOX}`",
                f"add a `datastore.table` with `table: {OUTBOX}`",
                element=service.id,
                related=(Related(model.ref(event_id), "what it announces"),),
            )


RULE = Rule(code="DST016", name="outbox-missing", family="data stores", check=check, whole=True)
