"""Snapshots: rows to learn from, as they were on a day, in the bucket as lines of JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from .world import Bucket

_FOLDER = "datasets"
_SHARE = 100


@dataclass(frozen=True, slots=True)
class SnapshotRow:
    """Features of a subject of a tenant at a moment (ISO 8601), and its label."""

    key: str
    tenant: str
    ref: str
    at: str
    features: dict[str, float]
    label: float


def write(bucket: Bucket, snapshot: UUID, rows: Iterable[SnapshotRow]) -> int:
    """Write a snapshot, or write it anew; how many rows it has."""
    lines = [json.dumps(asdict(each), sort_keys=True) for each in rows]
    bucket.put(_key(snapshot), "\n".join(lines).encode())
    return len(lines)


def exists(bucket: Bucket, snapshot: UUID) -> bool:
    """Whether a snapshot was written."""
    return bucket.read(_key(snapshot)) is not None


def rows_of(bucket: Bucket, snapshot: UUID, key: str | None = None) -> list[SnapshotRow]:
    """The rows of a snapshot, of one model or of all; none where there is no such snapshot."""
    content = bucket.read(_key(snapshot)) or b""
    found = (SnapshotRow(**json.loads(each)) for each in content.splitlines() if each)
    return [each for each in found if key in (None, each.key)]


def leave_out(bucket: Bucket, gone: Callable[[SnapshotRow], Any]) -> int:
    """Write all snapshots anew without some rows; how many those were."""
    total = 0
    for each in bucket.keys(_FOLDER):
        snapshot = UUID(each.rpartition("/")[2].removesuffix(".jsonl"))
        rows = rows_of(bucket, snapshot)
        stay = [row for row in rows if not gone(row)]
        if len(stay) < len(rows):
            write(bucket, snapshot, stay)
            total += len(rows) - len(stay)
    return total


def shared(rows: Iterable[SnapshotRow]) -> list[SnapshotRow]:
    """The newest rows of each tenant, at most a hundredth of all that were there from any one.

    Of fewer than a hundred tenants each gives no more than an equal share.
    """
    by_tenant: dict[str, list[SnapshotRow]] = {}
    for each in rows:
        by_tenant.setdefault(each.tenant, []).append(each)
    total = sum(len(each) for each in by_tenant.values())
    most = -(-total // min(_SHARE, max(1, len(by_tenant))))
    kept = []
    for tenant in sorted(by_tenant):
        newest = sorted(by_tenant[tenant], key=lambda each: (each.at, each.ref), reverse=True)
        kept += newest[:most]
    return sorted(kept, key=lambda each: (each.at, each.tenant, each.ref, each.key))


def _key(snapshot: UUID) -> str:
    return f"{_FOLDER}/{snapshot}.jsonl"
