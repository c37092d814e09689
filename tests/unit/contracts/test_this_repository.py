"""The contracts of the model that this repository holds, by the judges of each kind."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import jsonschema_rs
import pytest

from cloudsync_gen.contracts.agree import shapes
from cloudsync_gen.contracts.compile import compile_contracts
from cloudsync_gen.contracts.validate import validate
from cloudsync_gen.link import link
from cloudsync_gen.load import load
from cloudsync_gen.model.contracts import Contracts
from cloudsync_gen.model.shapes import differences
from cloudsync_gen.model.system import Model
from cloudsync_gen.source import tree_from_disk
from support.node import package

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def model() -> Model:
    loaded = load(tree_from_disk(ROOT, "model"))
    assert loaded.value is not None
    assert loaded.diagnostics == ()
    return link(loaded.value).value


@pytest.fixture(scope="module")
def contracts(model: Model) -> Contracts:
    compiled = compile_contracts(model)
    assert compiled.diagnostics == ()
    return compiled.value


def test_every_kind_of_contract_is_there_and_valid(model: Model, contracts: Contracts) -> None:
    kinds = (contracts.rest, contracts.webhooks, contracts.asyncapi, contracts.graphql)
    assert all((*kinds, contracts.grpc, contracts.jsonschema))
    assert validate(model, contracts) == ()


def test_every_operation_rpc_field_webhook_and_event_is_in_the_index(
    model: Model, contracts: Contracts
) -> None:
    indexed = {
        key
        for part in ("operations", "rpcs", "fields", "webhooks", "events")
        for key in contracts.index[part]
    }
    wanted = ("api.operation.", "api.rpc.", "api.field.", "api.webhook.", "application.event.")
    assert indexed == {element for element in model.elements if element.startswith(wanted)}


def test_all_shapes_of_all_entities_agree(model: Model) -> None:
    found = [
        (each.shape.kind, each.shape.name, each.aspect, (each.meant or each.found).name)  # type: ignore[union-attr]
        for one in shapes(model).values()
        for each in differences(one)
    ]
    assert found == []


def test_the_proto_module_is_clean_for_buf(contracts: Contracts, tmp_path: Path) -> None:
    (tmp_path / "buf.yaml").write_text("version: v2\nlint:\n  use: [STANDARD]\n")
    for each in contracts.grpc.values():
        path = tmp_path / each.import_path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(each.text)
    buf = Path(sys.executable).parent / "buf"
    for command in (["lint"], ["format", "--diff", "--exit-code"]):
        done = subprocess.run(
            [buf, *command], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout) == (0, ""), command


def test_asyncapi_and_json_schemas_are_valid_by_their_specifications(
    contracts: Contracts,
) -> None:
    folder = package("@asyncapi/specs", needed_for="AsyncAPI documents of this model")
    schema = json.loads((folder / "schemas" / "3.0.0-without-$id.json").read_text("utf-8"))
    specification = jsonschema_rs.Draft7Validator(schema)
    for document in contracts.asyncapi.values():
        found = [error.message for error in specification.iter_errors(document.data)]
        assert found == [], document.name
    for document in contracts.jsonschema.values():
        assert jsonschema_rs.meta.is_valid(dict(document.data)), document.name
