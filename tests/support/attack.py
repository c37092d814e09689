"""schemathesis against a running REST service, by the contract that it serves."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from cloudsync_chassis.problem import MEDIA_TYPE
from cloudsync_chassis.published import resolved

from cloudsync_gen.model.refusals import COMMON

REFUSALS = {
    "404": "it names something that nobody has made",
    "409": "the state of a thing, or another one with its unique values, does not let it",
    "412": "it names a version that has passed",
    "422": "it names things or cursors that do not exist, or a rule of the domain forbids it",
    "429": "one caller asks for more within a second than it may",
}
"""What valid input may be answered with besides success, and why no schema can tell.

Beside these an operation may refuse by the problems that the model gives to it alone, and by 403
where the caller's relation to the thing decides.
"""

COMMON_SLUGS = frozenset(each.slug for each in COMMON)

OFTEN = 0.7
"""How probably a known value is taken for a parameter of a path, and not made up."""

Place = tuple[str, str]
"""Method and path of an operation."""


@dataclass(frozen=True)
class Attack:
    """Who asks for which operations, how often.

    Attributes:
        tokens: by name of the caller. The first asks; that it sees nothing of the others' own
            is a check of its own, and so is the other way about.
        operations: those of the contract that are asked for.
        known: values that exist, by name of the parameter of a path that they are for.
        examples: how many requests of each kind are made up for an operation.
        refusals: statuses beside `REFUSALS` that valid input may be answered with.
    """

    tokens: Mapping[str, str]
    operations: Sequence[str]
    known: Mapping[str, Sequence[str]]
    examples: int
    refusals: Sequence[str] = ()
    seed: int = 1


@dataclass(frozen=True)
class Outcome:
    """What came of it: the complaint, empty where every check held, and where it succeeded."""

    complaint: str
    asked: frozenset[Place]
    succeeded: frozenset[Place]

    @property
    def refused(self) -> list[Place]:
        """Operations that carried out none of the requests."""
        return sorted(self.asked - self.succeeded)


def attacked(
    url: str, attack: Attack, folder: Path, contract: Mapping[str, Any] | None = None
) -> Outcome:
    """Every check of schemathesis over valid and invalid input, and over chains of operations.

    `url`: where the service answers. `contract`: another than the one that the service publishes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    contract = contract or httpx.get(f"{url}/openapi.json").json()
    (folder / "contract.json").write_text(json.dumps(_linked_within(contract, attack.operations)))
    (folder / "callers.json").write_text(json.dumps({"auth": list(_callers(attack))}))
    (folder / "schemathesis.toml").write_text(_settings(attack, contract))
    command = (
        *(sys.executable, "-m", "schemathesis.cli", "run", "contract.json"),
        *("--url", url, "--checks", "all", "--mode", "all", "--continue-on-failure"),
        *("--seed", str(attack.seed), "--max-examples", str(attack.examples)),
        *("--generation-database", "none", "--no-color"),
        *("--report", "ndjson", "--report-ndjson-path", "report.ndjson"),
        *(part for each in attack.operations for part in ("--include-operation-id", each)),
    )
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    (folder / "said.txt").write_text(done.stdout + done.stderr)
    asked = frozenset(
        (method.upper(), path)
        for path, methods in contract["paths"].items()
        for method, each in methods.items()
        if isinstance(each, Mapping) and each.get("operationId") in attack.operations
    )
    assert f"{len(asked)} selected" in done.stdout or done.returncode, done.stdout
    complaint = done.stdout[-8000:] + done.stderr[-2000:] if done.returncode else ""
    return Outcome(complaint, asked, frozenset(_succeeded(folder / "report.ndjson")))


def _linked_within(contract: Mapping[str, Any], chosen: Sequence[str]) -> dict[str, Any]:
    """The contract without links from and to operations that nobody asks for: where there are only
    such, schemathesis takes it for a mistake that no chain of operations can be made.
    """
    made: dict[str, Any] = json.loads(json.dumps(contract))
    for methods in made["paths"].values():
        for operation in methods.values():
            if not isinstance(operation, dict):
                continue
            asked = operation.get("operationId") in chosen
            for response in operation["responses"].values():
                links = response.pop("links", {})
                kept = {n: e for n, e in links.items() if asked and e.get("operationId") in chosen}
                response.update({"links": kept} if kept else {})
    return made


def _callers(attack: Attack) -> Iterator[dict[str, Any]]:
    for name, token in attack.tokens.items():
        header = {"name": "Authorization", "value": f"Bearer {token}"}
        yield {"name": name, "fixedHeaders": [header]}


def _settings(attack: Attack, contract: Mapping[str, Any]) -> str:
    names = list(attack.tokens)
    peers = f"peers = {json.dumps(names)}\n" if len(names) > 1 else ""
    lines = [f'[auth.wfc]\npath = "callers.json"\nuser = {json.dumps(names[0])}\n{peers}']
    for name, values in attack.known.items():
        lines.append(f"[dictionaries.{name}]\nvalues = {json.dumps(values)}")
        lines.append(f'[parameters."path.{name}"]\ndictionary = "{name}"\nprobability = {OFTEN}')
    for operation in _operations(contract, attack.operations):
        accepted = sorted({*_accepted(contract, operation), *attack.refusals})
        lines.append(
            f"[[operations]]\ninclude-operation-id = {json.dumps(operation['operationId'])}"
        )
        lines.append("[operations.checks.positive_data_acceptance]")
        lines.append(f"expected-statuses = {json.dumps(accepted)}")
    return "\n".join(lines)


def _accepted(contract: Mapping[str, Any], operation: Mapping[str, Any]) -> set[str]:
    """Statuses with which valid input may be answered."""
    found = {"2xx", *REFUSALS}
    for status, response in operation["responses"].items():
        content = resolved(contract, response).get("content", {}).get(MEDIA_TYPE, {})
        if not COMMON_SLUGS.issuperset(content.get("examples", ())):
            found.add(status)
    if operation["x-access"].get("relations"):
        found.add("403")
    return found


def _operations(contract: Mapping[str, Any], chosen: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    for methods in contract["paths"].values():
        for operation in methods.values():
            if isinstance(operation, Mapping) and operation.get("operationId") in chosen:
                yield operation


def _succeeded(report: Path) -> Iterator[Place]:
    """Operations that carried out at least one of schemathesis' requests."""
    for line in report.read_text("utf-8").splitlines():
        recorder = json.loads(line).get("ScenarioFinished", {}).get("recorder", {})
        for name, interaction in recorder.get("interactions", {}).items():
            status = (interaction.get("response") or {}).get("status_code", 0)
            if 200 <= status < 300:
                case = recorder["cases"][name]["value"]
                yield case["method"], case["path"]
