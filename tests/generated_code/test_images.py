"""Images: what Dockerfiles copy is there, and what they build serves with nothing to write to."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from support import images, wheels
from support.effort import Effort
from support.services import CHASSIS, ROOT

SERVICES = ROOT / "generated" / "services"
BUILT = ("document-service", "sms-service", "version-service")
"""One of each style: REST with policies and callees, a worker, gRPC."""

ASKED = """
import os, pathlib, urllib.request
for place in ("/", "/opt/image/lib", "/state"):
    print(place, os.access(place, os.W_OK))
print("uid", os.getuid(), "gid", os.getgid())
if {port}:
    print(urllib.request.urlopen("http://127.0.0.1:{port}/health/ready").status)
"""


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Wheels of all that the chassis and teams may need, and of what builds wheels."""
    folder = tmp_path_factory.mktemp("index")
    project = tomllib.loads((CHASSIS.parent / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()
    needed = [*project["dependencies"], *(each for extra in extras for each in extra), "hatchling"]
    for name in BUILT:
        lines = (SERVICES / name / "requirements.txt").read_text().splitlines()
        needed += [line for line in lines if line and not line.startswith("#")]
    wheels.pack(folder, needed)
    return folder


def test_images_build_and_serve_with_nothing_to_write_to_but_their_state(
    effort: Effort, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    dockerfiles = {path.parent.name: path for path in SERVICES.glob("*/Dockerfile")}
    for each in dockerfiles.values():
        taken = [images.copied(line) for line in images.instructions(each) if line.word == "COPY"]
        sources = [source for one in taken if not one.stage for source in one.sources]
        assert [source for source in sources if not (ROOT / source).exists()] == []
    assert set(BUILT) <= dockerfiles.keys()
    for name in BUILT if effort.full else ():
        index = request.getfixturevalue("index")
        stage = images.build(dockerfiles[name], ROOT, index, tmp_path / name)
        speaks_http = any("urllib" in word for word in stage.health)
        asked = ASKED.format(port=stage.port if speaks_http else 0)
        told = ["/ False", "/opt/image/lib False", "/state True", "uid 10001 gid 10001"]
        said = images.serve(stage, asked).splitlines()
        assert said == ([*told, "200"] if speaks_http else told)
