"""Libraries with known holes are in no lock, and nothing that is written or read here may be
installed with one: the floors are the releases that closed them.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
FLOORS = {
    "black": ("24.3.0", "CVE-2024-21503: a docstring that takes for ever"),
    "cookiecutter": ("2.1.1", "CVE-2022-24065: commands in the arguments of a checkout"),
    "datamodel-code-generator": ("0.74", "GHSA-5578-w22f-pfx9, -m34r, -386q, CVE-2026-63720: code"),
    "h11": ("0.16.0", "CVE-2025-43859: smuggled requests"),
    "jinja2": ("3.1.6", "CVE-2024-56201, CVE-2024-56326, CVE-2025-27516: out of the sandbox"),
    "protobuf": ("6.33.5", "CVE-2026-0994: messages within each other without end"),
    "pyyaml": ("5.4", "CVE-2020-14343: objects of any class"),
    "starlette": ("0.49.1", "CVE-2025-62727: ranges that take for ever"),
}
PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s\\;]+)", re.MULTILINE)
PROJECTS = (
    *("pyproject.toml", "templates/chassis/pyproject.toml", "generated/chassis/pyproject.toml"),
    *("generated/services/*/pyproject.toml", "generated/clients/*/pyproject.toml"),
    "generated/clients/*/*/pyproject.toml",
)


def too_old(pinned: str) -> list[str]:
    """Packages of a lock that are below their floor."""
    found: dict[str, Version] = {
        canonicalize_name(name): Version(each) for name, each in PINNED.findall(pinned)
    }
    return [n for n, (least, _) in FLOORS.items() if n in found and found[n] < Version(least)]


@pytest.mark.parametrize("lock", ["runtime.lock", "test.lock"])
def test_no_lock_has_a_release_with_a_known_hole(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert len(PINNED.findall(text)) > 20
    assert too_old(text) == []


def test_a_release_with_a_hole_would_be_noticed() -> None:
    assert too_old("jinja2==3.1.5 \\\n    --hash=x\nPyYAML==6.0\nprotobuf==5.29.6\n") == [
        *("jinja2", "protobuf"),
    ]


def requirements(file: Path) -> Iterator[Requirement]:
    """All that a project may install: its own, its extras', its groups'."""
    data = tomllib.loads(file.read_text(encoding="utf-8"))
    project = data.get("project", {})
    groups = [project.get("dependencies", ()), data.get("build-system", {}).get("requires", ())]
    groups += [*project.get("optional-dependencies", {}).values()]
    groups += [*data.get("dependency-groups", {}).values()]
    yield from (Requirement(each) for group in groups for each in group if isinstance(each, str))


def test_what_a_project_asks_for_begins_above_its_holes() -> None:
    """Asked for by themselves only: what others bring along is in the locks."""
    files = [file for pattern in PROJECTS for file in sorted(ROOT.glob(pattern))]
    assert len(files) > 40
    asked = [(file, each) for file in files for each in requirements(file)]
    bounded = [(f, e) for f, e in asked if canonicalize_name(e.name) in FLOORS]
    assert len(bounded) > 4
    for file, each in bounded:
        least = Version(FLOORS[canonicalize_name(each.name)][0])
        lower = [Version(s.version) for s in each.specifier if s.operator in (">=", "==", "~=")]
        assert lower, (file, str(each))
        assert max(lower) >= least, (file, str(each))
