"""README is true: its tables name the commands, exit codes and dependencies that there are."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml

from cloudsync_gen.cli import INTERRUPTED, settings
from cloudsync_gen.cli import _options as options
from cloudsync_gen.load.suppressions import suppressions
from cloudsync_gen.rules.reading import READINGS
from support import plain_yaml
from support.readme import section

ROOT = Path(__file__).resolve().parent.parent
cli = import_module("cloudsync_gen.cli.dispatch")
BIN = Path(sys.executable).parent


def first_cells(text: str) -> list[str]:
    """What stands in backquotes in the first column of all tables of a text."""
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("|")]
    return [name for row in rows for name in re.findall(r"`([^`]+)`", row)]


def names(requirements: list[str]) -> list[str]:
    return sorted(re.split(r"[\[<>=;\s]", each)[0] for each in requirements)


def test_the_commands_are_those_of_the_tool() -> None:
    assert first_cells(section("Commands")) == list(cli.COMMANDS)


def test_the_exit_codes_are_those_of_the_tool() -> None:
    codes = [int(code) for code in re.findall(r"(?m)^\| (\d+) \|", section("Commands"))]
    assert codes == [
        cli.OK,
        cli.FINDINGS,
        cli.USAGE,
        cli.UNREADABLE,
        cli.UNSAFE,
        cli.CONFLICT,
        cli.INTERNAL,
        INTERRUPTED,
    ]


def test_the_formats_settings_and_waivers_of_findings_are_those_of_the_tool(tmp_path: Path) -> None:
    text = section("Findings")
    assert first_cells(text) == [*options.FINDING_FORMATS]
    (written,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    (tmp_path / "pyproject.toml").write_text(written, encoding="utf-8")
    made = settings.settings(tmp_path, {})
    assert (made.fail_on, made.baseline) == ("warning", "team-a.baseline.toml")
    (example,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    found, wrong = suppressions({"model/a.yaml": example.encode()})
    assert ([each.reason for each in found], wrong) == (["they move in May"], [])
    told = {*re.findall(r"WVR\d{3}", text)}
    assert told == {code for code in READINGS if code.startswith("WVR")}


def test_every_dependency_has_a_row_and_every_row_a_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    runtime, test = section("Dependencies").split("Used by tests only.", 1)
    assert sorted(first_cells(runtime)) == names(project["project"]["dependencies"])
    assert sorted(first_cells(test)) == names(project["dependency-groups"]["test"])


def test_the_locks_pin_by_hash_and_name_no_index() -> None:
    for lock in ("runtime.lock", "test.lock"):
        blocks = re.split(r"(?m)^(?=[a-z0-9])", (ROOT / lock).read_text(encoding="utf-8"))
        packages = [block for block in blocks if block.strip()]
        assert len(packages) > 50
        for block in packages:
            assert re.match(r"[a-z0-9._-]+==\S+( ; [^\\]+)? \\\n    --hash=sha256:", block), block
            assert "://" not in block


def test_the_test_lock_pins_what_the_runtime_lock_pins() -> None:
    pins = [
        dict(re.findall(r"(?m)^([a-z0-9._-]+)==(\S+)", (ROOT / lock).read_text(encoding="utf-8")))
        for lock in ("runtime.lock", "test.lock")
    ]
    shared = pins[0].keys() & pins[1].keys()
    assert shared
    assert {name: pins[0][name] for name in shared} == {name: pins[1][name] for name in shared}


def test_make_lists_its_targets() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    described = set(re.findall(r"(?m)^([a-z-]+):.*## ", makefile))
    assert {"generate", "check", "test", "test-all", "bench", "lint", "lock", "clean"} <= described


def yaml_blocks(title: str) -> list[Any]:
    found = re.findall(r"(?ms)^```yaml\n(.*?)^```", section(title))
    return [plain_yaml.load(block) for block in found]


def linted(command: list[str], name: str, content: object, folder: Path) -> str:
    path = folder / name
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    whole = [str(BIN / command[0]), *command[1:], str(path)]
    done = subprocess.run(whole, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_the_hooks_of_readme_are_published(tmp_path: Path) -> None:
    (config,) = yaml_blocks("At `git commit`")
    name = ".pre-commit-config.yaml"
    assert linted(["pre-commit", "validate-config"], name, config, tmp_path) == ""
    published = {each["id"] for each in plain_yaml.load((ROOT / ".pre-commit-hooks.yaml").open())}
    named = set(re.findall(r"`(cloudsync-[a-z-]+)`", section("At `git commit`")))
    used = {each["id"] for each in config["repos"][0]["hooks"]}
    assert used < named == published


def test_the_workflow_of_readme_is_one(tmp_path: Path) -> None:
    workflow = yaml_blocks("In CI")[0]
    command = ["actionlint", "-shellcheck="]
    assert linted(command, "model.yml", workflow, tmp_path) == ""
    broken = workflow | {"jobs": {"model": {"steps": []}}}
    assert "runs-on" in linted(command, "model.yml", broken, tmp_path)
    action = plain_yaml.load((ROOT / "action.yml").read_text("utf-8"))
    named = set(re.findall(r"`([a-z-]+)`", section("In CI").partition("`action.yml`")[2]))
    told = named & ({*action["inputs"]} | {*action["outputs"]})
    assert told == {*action["inputs"], *action["outputs"]} - {
        "token",
        "python",
        "command",
        "findings",
    }


def test_what_readme_includes_in_gitlab_is_there() -> None:
    snippet = yaml_blocks("In CI")[1]
    job = plain_yaml.load((ROOT / snippet["include"][0]["file"]).read_text("utf-8"))
    assert {*snippet["variables"]} < {*job["variables"]}
    assert "cloudsync-gen" in job
