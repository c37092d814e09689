"""No package of a service hides a module that the service needs."""

from __future__ import annotations

import re
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

from cloudsync_gen.model.packages import TAKEN, distribution_of, package_of
from cloudsync_gen.targets._models import class_name

CHASSIS = Path(__file__).parents[2] / "templates" / "chassis" / "pyproject.toml"
NAME = re.compile(r"[A-Za-z0-9._-]+")


def needed() -> set[str]:
    """Distributions that the chassis needs, whatever its extras, and those that they need."""
    project = tomllib.loads(CHASSIS.read_text("utf-8"))["project"]
    pending = list(project["dependencies"])
    for each in project["optional-dependencies"].values():
        pending += each
    found: set[str] = set()
    while pending:
        written = NAME.match(pending.pop())
        name = re.sub(r"[-_.]+", "-", written.group() if written else "").lower()
        if name not in found:
            found.add(name)
            try:
                required = metadata.requires(name) or []
                pending += [each for each in required if "extra ==" not in each]
            except metadata.PackageNotFoundError:
                found.discard(name)
    return found


def test_the_standard_library_is_known() -> None:
    public = {name for name in sys.stdlib_module_names if name.islower() and name[0] != "_"}
    assert len(public) > 150
    assert public <= TAKEN


def test_the_libraries_of_the_chassis_are_known() -> None:
    distributions = needed()
    assert {"fastapi", "pydantic-core", "starlette", "grpcio"} <= distributions
    modules = {
        module
        for module, owners in metadata.packages_distributions().items()
        if {re.sub(r"[-_.]+", "-", each).lower() for each in owners} & distributions
    }
    unknown = {each for each in modules if each[0] != "_" and each.islower()} - TAKEN
    assert unknown == set()


@pytest.mark.parametrize(
    ("service", "distribution", "package"),
    [
        ("document-service", "document-service", "document_service"),
        ("recipe", "recipe", "recipe"),
        ("lambda", "lambda", "lambda_"),
        ("calendar", "calendar-service", "calendar_service"),
        ("typing-extensions", "typing-extensions-service", "typing_extensions_service"),
        ("cloudsync-chassis", "cloudsync-chassis-service", "cloudsync_chassis_service"),
    ],
)
def test_names(service: str, distribution: str, package: str) -> None:
    assert (distribution_of(service), package_of(service)) == (distribution, package)


@pytest.mark.parametrize(
    ("schema", "made"), [("Recipe", "Recipe"), ("None", "NoneModel"), ("Field", "FieldModel")]
)
def test_classes_of_schemas(schema: str, made: str) -> None:
    assert class_name(schema) == made
