"""A table lies in a schema that its database does not have.

What it does: looks up `schema` among the schemas of the table's database, each of which names the
service that writes it; of a collection its `service` among those services.

Why: a table without an owner is migrated by nobody.

Example: `schema: recipe` where the database has `recipes`.

Use instead: a schema of the database, or a new one with its service.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.model.layers.datastore import Collection, Database, Table
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import offered
from cloudsync_gen.rules._links import misled
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    yield from _of_tables(model)
    yield from _of_collections(model)


def _of_tables(model: Model) -> Iterator[Diagnostic]:
    for table in model.all(Table):
        database = model.get(Database, table.database)
        names = [each.name for each in database.schemas] if database else []
        if database is None or table.schema in names:
            continue
        yield RULE.at(
            model.ref(table.id, "schema"),
            f"`{database.id}` has no schema `{table.schema}`",
            offered(table.schema, names, otherwise="declare it with the service that writes it"),
            element=table.id,
            related=(Related(model.ref(database.id, "schemas"), "the database's schemas"),),
        )


def _of_collections(model: Model) -> Iterator[Diagnostic]:
    for collection in model.all(Collection):
        database = model.get(Database, collection.database)
        if database is None or misled(model, database.id, "database-schema-service"):
            continue
        known = {each.service for each in database.schemas}
        if collection.service not in known and model.get(Service, collection.service):
            yield RULE.at(
                model.ref(collection.id, "service"),
                f"`{database.id}` has no schema of `{collection.service}`",
                "declare one with this service, or say the service that it has",
                element=collection.id,
                related=(Related(model.ref(database.id, "schemas"), "the database's schemas"),),
            )


RULE = Rule(code="DST007", name="schema-without-owner", family="data stores", check=check)
