"""Everything that judges text without running it: `make lint`, and test_lint.py in `make test`.

`python .ci/lint.py [STEP ...]` runs the named steps, or all, and exits 1 when one complains.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sysconfig.get_path("scripts"))
OURS = ("generator", "tests", "templates", ".ci")
OUTPUT = ("generated",)
CHASSIS = ROOT / "templates" / "chassis"
YAML_STYLE = "{extends: default, rules: {document-start: disable, line-length: {max: 120}}}"
SCHEMAS = {
    "vendor.github-actions": "action.yml",
    "vendor.github-workflows": ".github/workflows/*.yml",
    "vendor.gitlab-ci": ".gitlab/*.gitlab-ci.yml",
}
"""Schema of check-jsonschema, which brings it along -> what it judges."""

PRE_COMMIT = {"config": ".pre-commit-config.yaml", "manifest": ".pre-commit-hooks.yaml"}
Step = tuple[str, list[str], Path]


def there(*names: str) -> list[str]:
    return [name for name in names if (ROOT / name).exists()]


def steps() -> Iterator[Step]:
    """(name, command, folder) of every step that this checkout and machine have something for."""
    yield from ((name, command, ROOT) for name, command in _of_the_root())
    if (CHASSIS / "pyproject.toml").exists():
        # a project of its own, judged by its own settings; what both import is judged once
        cache = ROOT / ".mypy_cache"
        yield "mypy-chassis", ["mypy", "--strict", f"--cache-dir={cache}"], CHASSIS


def _of_the_root() -> Iterator[tuple[str, list[str]]]:
    yield "ruff", ["ruff", "check", "--quiet", *there(*OURS, *OUTPUT)]
    yield "black", ["black", "--check", "--quiet", *there(*OURS)]
    yield "black-output", ["black", "--check", "--quiet", *there(*OUTPUT)]
    yield "mypy", ["mypy", "--strict", "generator/cloudsync_gen", "tests", *scripts()]
    yield "yamllint", [
        "yamllint",
        "--strict",
        "-d",
        YAML_STYLE,
        *there(".github", ".gitlab", "action.yml", *PRE_COMMIT.values()),
    ]
    yield "actionlint", ["actionlint", "-shellcheck=", *workflows()]
    for schema, files in SCHEMAS.items():
        kind = schema.rpartition(".")[2]
        yield f"schema-{kind}", ["check-jsonschema", f"--builtin-schema={schema}", *found(files)]
    for kind, file in PRE_COMMIT.items():
        yield f"pre-commit-{kind}", ["pre-commit", f"validate-{kind}", file]
    if (BIN / "shellcheck").exists():  # no wheel for Linux on arm64
        yield "shellcheck", ["shellcheck", ".ci/run"]


def scripts() -> list[str]:
    return found(".ci/*.py")


def workflows() -> list[str]:
    return found(".github/workflows/*.yml")


def found(pattern: str) -> list[str]:
    return sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob(pattern))


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    program = [str(BIN / command[0]), *command[1:]]
    return subprocess.run(program, cwd=folder, capture_output=True, text=True, check=False)


def main(names: list[str]) -> int:
    failed = False
    for name, command, folder in steps():
        if names and name not in names:
            continue
        done = run(command, folder)
        failed |= done.returncode != 0
        print(f"{name}: {'ok' if done.returncode == 0 else 'failed'}")
        print(done.stdout + done.stderr if done.returncode else "", end="")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
