"""The services of a release are defined once, and again where they change."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import pytest
from registry import Registry, play
from service_discovery import release


def test_a_release_defines_all_services_and_copies_may_register(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHASSIS_STATE_DIR", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["release"])
    for _ in range(2):
        assert release.main() == 0
    changed = json.loads(release.BUNDLED.read_text())
    for each in changed["services"]:
        if each["name"] == "chat-service":
            each["minHealthyInstances"] = 7
    path = tmp_path / "release.json"
    path.write_text(json.dumps(changed))
    monkeypatch.setattr(sys, "argv", ["release", str(path)])
    assert release.main() == 0

    async def scene(at: Registry) -> None:
        body = {"limit": 100}
        items = (await at.ask("ListServiceDefinitions", body)).json()["items"]
        assert len(items) == 30
        least = {each["name"]: each["minHealthyInstances"] for each in items}
        assert least["chat-service"] == 7
        assert all(each >= 2 for each in least.values())
        assert (await at.registered("task-service"))["status"] == "registering"

    play(tmp_path, scene)


def test_what_is_no_release_defines_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHASSIS_STATE_DIR", str(tmp_path))
    path = tmp_path / "release.json"
    path.write_text('{"services": [{"name": "chat-service"}]}')
    with pytest.raises(ValueError, match="minHealthyInstances"):
        asyncio.run(release._main(path))

    async def scene(at: Registry) -> None:
        assert (await at.ask("ListServiceDefinitions", {})).json()["items"] == []

    play(tmp_path, scene)
