"""What part of today's tools costs on the same contracts, for those that are installed here.

People start one process for each contract: openapi-spec-validator, then datamodel-code-generator
with black. In a job that was measured as a whole (30 services, 15 contracts, two processes at a
time; servers and clients by openapi-generator, skeletons by copier, protoc, GraphQL, migrations,
formatting) these two took 14.09 of 163.7 seconds.
"""

from __future__ import annotations

from pathlib import Path

from bench.measure import Job, two_at_a_time
from bench.tree import BIN

PART = 14.09 / 163.7
"""Of the whole job, what is measured here."""

TIMES_FASTER = 20
"""Than the whole job a cold run has to be."""


def today(root: Path, output: Path) -> Job:
    """Each contract below `root` validated, and its models written."""
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
