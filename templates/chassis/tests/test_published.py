"""The published contract is found from the code: beside it, or in a folder above."""

from __future__ import annotations

from pathlib import Path

import pytest

from cloudsync_chassis.published import ContractMissingError, document, published, resolved

NAME = "openapi/shop.yaml"


def write(folder: Path, text: str) -> Path:
    path = folder / "contracts" / NAME
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_the_nearest_one_is_taken(tmp_path: Path) -> None:
    code = tmp_path / "services" / "shop" / "generated" / "service.py"
    code.parent.mkdir(parents=True)
    of_checkout = write(tmp_path, "openapi: 3.1.0")
    assert published(str(code), NAME) == of_checkout.resolve()
    of_wheel = write(code.parent, "openapi: 3.1.0")
    assert published(str(code), NAME) == of_wheel.resolve()


def test_a_package_without_its_contract_says_what_to_do(tmp_path: Path) -> None:
    code = tmp_path / "service.py"
    write(tmp_path, "openapi: 3.1.0")
    with pytest.raises(ContractMissingError, match=r"no contracts/openapi/other.yaml .* wheel"):
        published(str(code), "openapi/other.yaml")


def test_references_are_followed(tmp_path: Path) -> None:
    contract = document(
        write(tmp_path, 'a: {$ref: "#/b/c"}\nb: {c: {$ref: "#/d"}}\nd: {name: "on"}\n')
    )
    assert resolved(contract, contract["a"]) == {"name": "on"}
    assert resolved(contract, contract["d"]) is contract["d"]
