"""The services of a release are defined once, and again where they change."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from cloudsync_chassis.ids import PLATFORM
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.testing import isolated, running
from registry import Registry
from service_discovery import release
from service_discovery.generated.app import build
from service_discovery.generated.service import SERVICE
from service_discovery.generated.settings import ServiceSettings
from service_discovery.handlers import Handlers


async def defined(at: Registry) -> dict[str, Any]:
    """Service → how few copies are too few."""
    items = (await at.ask("ListServiceDefinitions", {"limit": 100})).json()["items"]
    return {each["name"]: each["minHealthyInstances"] for each in items}


def test_a_release_defines_all_services_and_copies_may_register(tmp_path: Path) -> None:
    changed = json.loads(release.BUNDLED.read_text())
    for each in changed["services"]:
        if each["name"] == "chat-service":
            each["minHealthyInstances"] = 7
    later = tmp_path / "release.json"
    later.write_text(json.dumps(changed))

    async def whole() -> None:
        runtime = Runtime(SERVICE, ServiceSettings.model_validate(isolated(tmp_path)))
        handlers = Handlers(runtime)
        async with running(build(runtime, handlers)) as service:
            people = [service.caller("platform-operator", organization=PLATFORM)]
            at = Registry(service, people, tmp_path)
            for path in (release.BUNDLED, release.BUNDLED, later):
                await release.enter(handlers, path)
            found = await defined(at)
            assert len(found) == 30
            assert found["chat-service"] == 7
            assert (await at.registered("task-service"))["status"] == "registering"
            broken = tmp_path / "broken.json"
            broken.write_text('{"services": [{"name": "chat-service"}]}')
            with pytest.raises(ValueError, match="minHealthyInstances"):
                await release.enter(handlers, broken)
            assert await defined(at) == found

    asyncio.run(whole())
