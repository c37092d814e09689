"""The arithmetic of the chain: canonical records, their hashes, roots over hours."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address, ip_network
from typing import Any

from cloudsync_chassis.model import to_record
from cloudsync_chassis.store.columns import utc_text

from .generated.models import AuditRecord

FIRST = "0" * 64
"""The hash before the first record of an organisation."""

_COVERED = (
    *("id", "organizationId", "occurredAt", "recordedAt", "actorType", "actorId", "userAgent"),
    *("action", "resourceType", "resourceId", "outcome", "policyId", "severity", "changes"),
    *("traceId", "sequence", "previousHash", "retentionClass"),
)
"""Fields that never change; status and the place of the body do."""

Address = IPv4Address | IPv6Address


def network(address: Address) -> Address:
    """The first address of the network that an address is in, /24 or /48: all that is kept of it
    in the end, and so all of it that the hash covers.
    """
    length = 24 if address.version == 4 else 48
    return ip_network(f"{address}/{length}", strict=False).network_address


def canonical(record: AuditRecord) -> bytes:
    """What is hashed: JSON with sorted names and no spaces, as RFC 8785 has it for such values;
    moments in UTC with microseconds.
    """
    fields = to_record(record)
    told = {name: _plain(fields[name]) for name in _COVERED if name in fields}
    if record.actor_ip is not None:
        told["actorNetwork"] = str(network(record.actor_ip))
    return json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest(record: AuditRecord) -> str:
    """The record's hash (SHA-256, lower-case hexadecimal), by what it says of itself."""
    return hashlib.sha256(canonical(record)).hexdigest()


def root(hashes: Sequence[str]) -> str:
    """The root of the Merkle tree over at least one hash, in order (RFC 9162 §2.1.1)."""
    return _root([bytes.fromhex(each) for each in hashes]).hex()


def statement(day: str, hour: int, merkle_root: str, count: int, organization: str) -> bytes:
    """What a seal signs."""
    told = [organization, day, hour, count, merkle_root]
    return json.dumps(told, separators=(",", ":")).encode()


def _root(leaves: Sequence[bytes]) -> bytes:
    level = [hashlib.sha256(b"\x00" + each).digest() for each in leaves]
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=False)
        above = [hashlib.sha256(b"\x01" + left + right).digest() for left, right in pairs]
        level = above + level[len(above) * 2 :]
    return level[0]


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return utc_text(value)
    return value if isinstance(value, int) else str(value)
