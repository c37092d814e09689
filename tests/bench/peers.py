"""What today's tools cost on the same contracts, one process for each contract, two at a time.

Two of them are installed here and measured: openapi-spec-validator, and datamodel-code-generator
with black. The others are not; for these stand the seconds that each took for one contract of ten
operations in a job of 30 services that was measured as a whole, on two processors of the same kind:
209.9 s one after the other, 163.7 s two at a time. Nothing stands for what no tool of that job
makes: stores other than PostgreSQL, platform, charts' environments, documents, checks across
contracts.
"""

from __future__ import annotations

from pathlib import Path

from bench.measure import Job, Spent, two_at_a_time
from bench.tree import BIN

A_SERVICE = {"copier, with a chart": 28.65 / 30}
A_REST_API = {
    "openapi-generator, python-fastapi": 48.92 / 15,
    "openapi-python-client": 24.41 / 15,
    "openapi-generator, typescript-fetch": 53.63 / 15,
}
A_PROTO = {"protoc, mypy-protobuf": 3.02 / 10}
A_SCHEMA = {"strawberry, graphql-codegen": 12.00 / 3}
A_DATABASE = {"alembic": 10.04 / 10}
TWO_AT_A_TIME = 163.7 / 209.9


def measured(root: Path, output: Path) -> Job:
    """Each REST contract below `root` validated, and its models written."""
    contracts = sorted((root / "contracts/openapi").glob("*.yaml"))
    validated = [[str(BIN / "openapi-spec-validator"), str(path)] for path in contracts]
    models = [
        [
            str(BIN / "datamodel-codegen"),
            *("--input", str(path), "--input-file-type", "openapi"),
            *("--output", str(output / f"{path.stem}.py"), "--formatters", "black"),
            *("--output-model-type", "pydantic_v2.BaseModel", "--disable-timestamp"),
        ]
        for path in contracts
    ]
    return two_at_a_time([*validated, *models], root)


def whole(root: Path, output: Path) -> Job:
    """The same, and what the tools that are not here would take."""
    counts = (
        (A_SERVICE, len([*(root / "generated/services").iterdir()])),
        (A_REST_API, len([*(root / "contracts/openapi").glob("*.yaml")])),
        (A_PROTO, len([*(root / "contracts/proto").rglob("*.proto")])),
        (A_SCHEMA, len([*(root / "contracts/graphql").glob("*.graphql")])),
        (A_DATABASE, len([*(root / "generated").rglob("migrations/versions")])),
    )
    others = sum(sum(tools.values()) * count for tools, count in counts)
    part = measured(root, output)
    return lambda: part() + Spent(others * TWO_AT_A_TIME, others, 0)
