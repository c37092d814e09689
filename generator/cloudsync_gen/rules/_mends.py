"""Mends that are certain: what else could have been meant is shut out, not merely unlikely."""

from __future__ import annotations

from collections.abc import Iterable

from cloudsync_gen.diagnostics import Mend, MendAction
from cloudsync_gen.naming import slip_of
from cloudsync_gen.source import Ref

MISSPELT = "writes the name that was meant, if exactly one known name is a single slip away"
"""Said by rules whose findings `misspelt` mends."""


def misspelt(ref: Ref, given: str, known: Iterable[str]) -> tuple[Mend, ...]:
    """Writes the one name that `given` is a single slip of; nothing where there is none, or two."""
    meant = slip_of(given, known)
    return (Mend(MendAction.REPLACE, ref, meant, was=given),) if meant else ()
