"""README is true: its tables name the commands, exit codes and dependencies that there are."""

from __future__ import annotations

import re
import tomllib
from importlib import import_module
from pathlib import Path

from cloudsync_gen.cli import _options as options
from cloudsync_gen.cli import settings
from cloudsync_gen.load.suppressions import suppressions
from cloudsync_gen.rules.reading import READINGS

ROOT = Path(__file__).resolve().parent.parent
cli = import_module("cloudsync_gen.cli.dispatch")
README = (ROOT / "README.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    """The text from a heading of README to the next."""
    return README.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


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
        cli.INTERRUPTED,
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
