"""How much generated output may be: design.md §10.19, and the only place for its numbers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from support.house.texts import tracked

SERVICE_FILES, SERVICE_BYTES = 60, 200_000
ALL_FILES, ALL_BYTES = 5_000, 20_000_000


def output_is_small(root: Path) -> Iterator[str]:
    """A service can be read, and the repository stays small enough to clone."""
    sizes = {
        name: (root / name).stat().st_size
        for name in tracked(root)
        if name.startswith("generated/")
    }
    yield from _over("generated", [*sizes.values()], ALL_FILES, ALL_BYTES)
    services: dict[str, list[int]] = {}
    generated = _generated(root)
    for name, size in sizes.items():
        parts = name.split("/")
        if parts[1] == "services" and len(parts) > 3 and name in generated:
            services.setdefault("/".join(parts[:3]), []).append(size)
    for folder, held in services.items():
        yield from _over(folder, held, SERVICE_FILES, SERVICE_BYTES)


def _generated(root: Path) -> set[str]:
    """What the locks call the tool's own; scaffolds and unknown files are a team's."""
    found: set[str] = set()
    for shard in (root / "generated" / ".lock").glob("*.json"):
        files = json.loads(shard.read_bytes())["files"]
        found |= {name for name, entry in files.items() if entry.get("ownership") != "scaffold"}
    return found


def _over(folder: str, sizes: list[int], files: int, size: int) -> Iterator[str]:
    if len(sizes) > files:
        yield f"{folder}: {len(sizes)} files, {files} at most"
    if sum(sizes) > size:
        yield f"{folder}: {sum(sizes)} bytes, {size} at most"
