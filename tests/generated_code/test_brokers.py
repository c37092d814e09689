"""The bus over brokers that speak the real protocols: Kafka (an emulator), RabbitMQ itself."""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from support import rabbit
from support.postgres import free_port
from support.services import CHASSIS_SOURCES

pytestmark = pytest.mark.asyncio
TOPIC, DEAD = "shop.stock.v1", "shop.stock.v1.dlq"


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    import noida_db

    folder, port = tmp_path_factory.mktemp("kafka"), free_port()
    program = Path(noida_db.__file__).with_name("noida-db")
    command = (str(program), "start", "--data-dir", str(folder), "--only", "kafka")
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen(
            [*command, "--kafka-port", str(port)], stdout=log, stderr=log, cwd=folder
        )
        try:
            yield f"127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(30)
