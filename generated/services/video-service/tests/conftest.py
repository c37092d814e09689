"""Lets the tests import what they share, which lies beside them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from video_service import watching

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(autouse=True)
def _short_watches(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The contract's tests read a watch to its end."""
    if request.module.__name__.endswith("test_contract"):
        monkeypatch.setattr(watching, "LONGEST", 0.2)
