"""The published contract of a service: it lives once, in `contracts/`, and is found from code."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = "contracts"
"""At the root of a checkout; in a wheel, beside the code, with what the service serves."""


class ContractMissingError(RuntimeError):
    """There is no published contract beside the code, nor in any folder above it."""


def published(code: str, name: str) -> Path:
    """The contract `name` for the module `code` (its `__file__`): the nearest on the way up.

    Raises:
        ContractMissingError: there is none, so the service was packaged without it.
    """
    for folder in Path(code).resolve().parents:
        found = folder / FOLDER / name
        if found.is_file():
            return found
    raise ContractMissingError(
        f"no {FOLDER}/{name} beside {code} nor above it: "
        "build the service's wheel from the repository, which puts the contract into it"
    )


@cache
def document(path: Path) -> dict[str, Any]:
    """A contract as data."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found: dict[str, Any] = yaml.load(path.read_bytes(), Loader=loader)
    return found


def resolved(contract: Mapping[str, Any], node: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a reference within a contract stands for."""
    reference = node.get("$ref")
    if not isinstance(reference, str):
        return node
    found: Any = contract
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    return resolved(contract, found)
