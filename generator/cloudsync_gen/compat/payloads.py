"""Breaking changes between two versions of a JSON Schema: payloads of events and messages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from cloudsync_gen.compat.comparison import compare_documents
from cloudsync_gen.compat.deltas import Mode
from cloudsync_gen.compat.document import Document
from cloudsync_gen.compat.findings import Findings, Site
from cloudsync_gen.compat.nodes import Node, Seed
from cloudsync_gen.compat.places import request_body, response_body
from cloudsync_gen.compat.values import Raw
from cloudsync_gen.model.changes import Change, Direction


def compare_payloads(
    base: Mapping[str, Raw],
    revision: Mapping[str, Raw],
    *,
    today: date,
    direction: Direction = Direction.RESPONSE,
    name: str = "payload",
) -> tuple[Change, ...]:
    """What changed for those who receive (`RESPONSE`) or send (`REQUEST`) what a schema describes.

    The schemas are self-contained JSON Schemas (2020-12); `name` says what they describe. Total, as
    `compare_openapi` is.
    """
    place = response_body(name) if direction is Direction.RESPONSE else request_body("")
    place = place._replace(where=name)

    def compare(findings: Findings, old: Document, new: Document) -> None:
        nodes = Node(old, [Seed(base, ())]), Node(new, [Seed(revision, ())])
        findings.compare_nodes(Site(), place, *nodes, Mode(direction))

    return compare_documents(base, revision, today, compare)
