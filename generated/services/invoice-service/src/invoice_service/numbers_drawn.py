"""Number ranges without gaps: drawn under a lock, in the transaction that uses the number."""

from __future__ import annotations

import sqlalchemy as sa
from cloudsync_chassis.context import Context
from cloudsync_chassis.problem import UNAVAILABLE

from .generated import models, tables

_RANGES = {
    models.LegalEntity.cloudsync_inc: "US",
    models.LegalEntity.cloudsync_ireland: "EU",
    models.LegalEntity.cloudsync_singapore: "AP",
}
_ENDS = {"invoice": 9_999_999, "creditNote": 999_999}


async def _draw(ctx: Context, entity: models.LegalEntity, kind: str) -> int:
    table, year = tables.number_sequences, ctx.now.year
    connection = await ctx.unit.connection()
    mine = (
        table.c.legal_entity == entity.value,
        table.c.fiscal_year == year,
        table.c.document_kind == kind,
    )
    drawn = await connection.scalar(sa.select(table.c.next_number).where(*mine).with_for_update())
    if drawn is None:
        values = {"legal_entity": entity.value, "fiscal_year": year, "document_kind": kind}
        await connection.execute(sa.insert(table).values(**values, next_number=2, drawn_at=ctx.now))
        return 1
    if drawn > _ENDS[kind]:
        raise UNAVAILABLE("the number range of the year is used up")
    await connection.execute(
        sa.update(table).where(*mine).values(next_number=drawn + 1, drawn_at=ctx.now)
    )
    return int(drawn)


async def invoice_number(ctx: Context, entity: models.LegalEntity) -> tuple[int, str]:
    """The next number of the company's year, running part and whole (`EU-2026-0000001`)."""
    drawn = await _draw(ctx, entity, "invoice")
    return drawn, f"{_RANGES[entity]}-{ctx.now.year}-{drawn:07d}"


async def credit_note_number(ctx: Context, entity: models.LegalEntity) -> str:
    """The next number of credit notes (`CN-EU-2026-000001`)."""
    drawn = await _draw(ctx, entity, "creditNote")
    return f"CN-{_RANGES[entity]}-{ctx.now.year}-{drawn:06d}"
