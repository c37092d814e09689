"""README by its headings."""

from __future__ import annotations

from pathlib import Path

README = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    """The text from a heading of README to the next."""
    return README.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]
