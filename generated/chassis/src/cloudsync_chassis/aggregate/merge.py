"""JSON Merge Patch (RFC 7396) over records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cloudsync_chassis.model import Record


def merge(target: Mapping[str, Any], patch: Mapping[str, Any]) -> Record:
    """A new record: null removes, objects merge, everything else replaces."""
    merged = dict(target)
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        elif isinstance(value, Mapping):
            inner = merged.get(name)
            merged[name] = merge(inner if isinstance(inner, Mapping) else {}, value)
        else:
            merged[name] = value
    return merged
