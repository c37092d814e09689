"""`breaking --against`: what is committed, read without touching the repository; who is reached."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from cloudsync_gen.cli import main
from cloudsync_gen.load import git
from cloudsync_gen.load.git import GitFailed
from support.rules import BASE
from support.trees import Files, edited, read_tree, write_tree

COMMON = "model/07_data_model/common/common.yaml"
NARROWED: dict[str, dict[str, str]] = {COMMON: {"[sweet, sour, import]": "[sweet, sour]"}}
UX, ROUTES = "model/09_ux/ux.yaml", "model/10_navigation/routes.yaml"


def run(folder: Path, *command: str) -> str:
    identity = [
        "-c",
        "user.name=a",
        "-c",
        "user.email=a@b.example",
        "-c",
        "protocol.file.allow=always",
    ]
    done = subprocess.run(
        ["git", *identity, *command], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout


def commit(root: Path) -> None:
    run(root, "add", "-A", "-f", "--", ".")
    run(root, "commit", "-qm", "x")


@pytest.fixture(scope="module")
def lemonade(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """Lemonade with its contracts."""
    root = write_tree(tmp_path_factory.mktemp("made"), read_tree(BASE))
    assert main(["--root", str(root), "generate", "--target", "contracts", "-j1"]) == 0
    return read_tree(root)


@pytest.fixture
def root(tmp_path: Path, lemonade: Files) -> Path:
    """The same, committed."""
    root = write_tree(tmp_path / "root", lemonade)
    run(root, "init", "-q", "-b", "main")
    commit(root)
    return root


def edit(root: Path, edits: Mapping[str, Mapping[str, str] | None]) -> None:
    files = {name: (root / name).read_bytes() for name in edits}
    write_tree(root, edited(files, edits))


def breaking(
    root: Path, capsys: pytest.CaptureFixture[str], *arguments: str
) -> tuple[int, list[dict[str, Any]], str]:
    capsys.readouterr()
    code = main(["--root", str(root), "breaking", *arguments, "--format", "json"])
    out, err = capsys.readouterr()
    return code, json.loads(out)["findings"] if out else [], err


def by_operation(findings: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {each["element"].rpartition(".")[2]: each for each in findings}


def test_nothing_changed_nothing_broken(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert breaking(root, capsys, "--against", "HEAD") == (
        0,
        [],
        "no findings; 1 document compared\n",
    )


def test_a_break_is_an_error_for_whom_it_reaches_and_a_warning_for_nobody(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(root, NARROWED)
    code, findings, _ = breaking(root, capsys, "--against", "HEAD")
    assert code == 1
    found = by_operation(findings)
    listed = found["recipe-list-recipes"]
    assert listed["severity"] == "error"
    assert listed["impact"] == {
        "screens": ["ux.screen.board"],
        "routes": ["navigation.route.board"],
        "owners": ["business.actor.press-crew"],
    }
    assert (listed["file"], listed["line"]) == (COMMON, 20)
    assert listed["related"][0]["file"] == "HEAD:contracts/openapi/recipe.yaml"
    assert found["recipe-create-recipe"]["severity"] == "warning"
    assert found["recipe-create-recipe"]["impact"] == {}


def test_services_objectives_and_owners_are_reached_along_call_edges(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lambda_ = "model/04_application/selling/lambda.yaml"
    call = (
        "  calls:\n    - operation: api.operation.recipe-create-recipe\n"
        "      purpose: one more\n      timeout: 80ms\n      retries: 0\n"
        "      fallback: { kind: fail }\n  consumes:\n"
    )
    edit(root, {lambda_: {"  consumes:\n": call}} | NARROWED)
    _, findings, _ = breaking(root, capsys, "--against", "HEAD")
    created = by_operation(findings)["recipe-create-recipe"]
    assert created["severity"] == "error"
    assert created["impact"] == {
        "services": ["application.service.lambda"],
        "objectives": ["apm.slo.lambda-slo"],
        "owners": ["business.actor.press-crew"],
    }


def test_consumers_are_those_of_either_side(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    used = "  operations: [api.operation.recipe-list-recipes]\n"
    edit(root, {UX: {used: ""}} | NARROWED)
    _, findings, _ = breaking(root, capsys, "--against", "HEAD")
    assert by_operation(findings)["recipe-list-recipes"]["impact"]["screens"] == ["ux.screen.board"]


def test_the_level_to_fail_on_decides(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = "model/07_data_model/brewing/recipe.yaml"
    edit(root, {source: {"required: [title, class]\n    properties:\n      title: { type: "
                         "string, minLength: 1, maxLength: 80 }\n      class: { $ref: \"../common/"
                         "common.yaml#/class/schema\" }\n      from":
                         "required: [title, class, lemons]\n    properties:\n      title: { type: "
                         "string, minLength: 1, maxLength: 80 }\n      class: { $ref: \"../common/"
                         "common.yaml#/class/schema\" }\n      from"}})  # fmt: skip
    assert breaking(root, capsys, "--against", "HEAD")[0] == 0
    code, findings, _ = breaking(root, capsys, "--against", "HEAD", "--fail-on", "warning")
    assert code == 1
    assert [each["code"] for each in findings] == ["request-property-became-required"]


def test_a_contract_that_is_gone_breaks_all_its_operations(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in ("model/06_api/rest-apis/recipe.openapi.yaml", UX, ROUTES):
        (root / path).unlink()
    edit(root, {"model/06_api/graphql-apis/board.graphql":
                {' @resolves(operation: "api.operation.recipe-get-recipe")': ""},
                "model/11_apm/apm.yaml":
                {"instruments: [api.operation.recipe-get-recipe]": "instruments: []"}})  # fmt: skip
    code, findings, err = breaking(root, capsys, "--against", "HEAD")
    assert code == 1
    assert {each["code"] for each in findings} == {"api-path-removed-without-deprecation"}
    assert len(findings) == 6
    severities = {e["message"].split(":")[0]: e["severity"] for e in findings}
    assert severities["GET /v1/recipes"] == "error"
    assert severities["POST /v1/recipes"] == "warning"
    assert "1 document compared" in err


def test_nothing_committed_yet_is_no_break(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(root, "rm", "-q", "-r", "contracts")
    commit(root)
    code, findings, err = breaking(root, capsys, "--against", "HEAD")
    assert (code, findings) == (0, [])
    assert "every contract is new" in err


def test_a_revision_whose_model_cannot_be_read_still_counts(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(root, {"model/manifest.yaml": {"layers:": "layers: ["}})
    commit(root)
    edit(root, {"model/manifest.yaml": {"layers: [": "layers:"}} | NARROWED)
    code, findings, err = breaking(root, capsys, "--against", "HEAD")
    assert code == 1
    assert by_operation(findings)["recipe-list-recipes"]["severity"] == "error"
    assert "the model at HEAD cannot be read" in err


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        ({"model/manifest.yaml": {"layers:": "layers: ["}}, 3),
        ({COMMON: {"id: data_model.value.uuid": "id: data_model.value"}}, 1),
    ],
)
def test_a_model_that_is_broken_now_is_told_first(
    root: Path,
    capsys: pytest.CaptureFixture[str],
    damage: Mapping[str, Mapping[str, str] | None],
    code: int,
) -> None:
    edit(root, damage)
    capsys.readouterr()
    assert main(["--root", str(root), "breaking", "--against", "HEAD"]) == code
    assert capsys.readouterr().err.startswith("model/")


def test_a_committed_contract_that_cannot_be_read_is_told_where(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_tree(root, {"contracts/openapi/recipe.yaml": "openapi: [\n"})
    commit(root)
    capsys.readouterr()
    assert main(["--root", str(root), "breaking", "--against", "HEAD"]) == 3
    assert capsys.readouterr().err.startswith("HEAD:contracts/openapi/recipe.yaml:2:1: error")


# -- git ------------------------------------------------------------------------------------------


def test_a_root_below_the_repository(
    tmp_path: Path, lemonade: Files, capsys: pytest.CaptureFixture[str]
) -> None:
    root = write_tree(tmp_path / "mono/shop/ü", lemonade)
    run(tmp_path / "mono", "init", "-q", "-b", "main")
    write_tree(tmp_path / "mono", {"contracts/openapi/recipe.yaml": "openapi: ["})
    commit(tmp_path / "mono")
    edit(root, NARROWED)
    code, findings, _ = breaking(root, capsys, "--against", "HEAD")
    assert code == 1
    assert len(findings) == 3


def test_reading_touches_neither_index_nor_references(root: Path) -> None:
    before = {n: c for n, c in read_tree(root / ".git").items() if not n.startswith("objects/")}
    (root / "README.md").write_text("new\n")
    assert main(["--root", str(root), "breaking", "--against", "HEAD"]) == 0
    assert git.uncommitted(root, ("contracts", "model")) == git.Uncommitted(frozenset())
    after = {n: c for n, c in read_tree(root / ".git").items() if not n.startswith("objects/")}
    assert after == before


def test_links_and_large_files_of_a_revision_are_not_read(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "contracts/openapi/link.yaml").symlink_to("/etc/hostname")
    commit(root)
    found = git.tree_at(root, "HEAD", ("contracts/openapi",))
    assert list(found) == ["contracts/openapi/recipe.yaml"]
    assert found == {n: (root / n).read_bytes() for n in found}
    monkeypatch.setattr(git, "MAX_BLOB", 100)
    with pytest.raises(GitFailed, match="larger than"):
        git.tree_at(root, "HEAD", ("contracts/openapi",))


@pytest.mark.parametrize(
    "revision", ["nope", "HEAD~99", "v9", "-x", "--all", "a b", "\n", "HEAD:x"]
)
def test_an_unknown_revision_is_told(
    root: Path, capsys: pytest.CaptureFixture[str], revision: str
) -> None:
    code, findings, err = breaking(root, capsys, f"--against={revision}")
    assert (code, findings) == (3, [])
    assert "revision" in err or "git knows no commit" in err
    assert len(err.splitlines()) == 1


def shallow(tmp_path: Path, root: Path, *, branch: str = "main") -> Path:
    clone = tmp_path / "shallow"
    run(tmp_path, "clone", "-q", "--depth=1", "--branch", branch, f"file://{root}", str(clone))
    return clone


@pytest.mark.parametrize("revision", ["origin/main", "HEAD~1", "v1.0", "{sha}"])
def test_a_shallow_clone_is_told_the_fetch_that_helps(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], revision: str
) -> None:
    run(root, "tag", "v1.0")
    first = run(root, "rev-parse", "HEAD").strip()
    run(root, "config", "uploadpack.allowAnySHA1InWant", "true")
    run(root, "switch", "-qc", "side")
    edit(root, NARROWED)
    commit(root)
    clone = shallow(tmp_path, root, branch="side")
    asked = revision.replace("{sha}", first)
    code, _, err = breaking(clone, capsys, "--against", asked)
    assert code == 3
    command = err.strip().rpartition(": ")[2].split()
    assert command[:2] == ["git", "fetch"]
    run(clone, *command[1:])
    code, findings, _ = breaking(clone, capsys, "--against", asked)
    assert (code, len(findings)) == (1, 3)


def test_without_git_or_a_repository_it_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write_tree(tmp_path / "root", read_tree(BASE))
    code, _, err = breaking(root, capsys, "--against", "HEAD")
    assert (code, err) == (3, "this is no git repository\n")
    monkeypatch.setenv("PATH", str(tmp_path))
    code, _, err = breaking(root, capsys, "--against", "HEAD")
    assert (code, err) == (3, "git is not installed, or not on the PATH\n")
    assert git.uncommitted(root, ("model",)) is None


def test_a_property_that_newly_leaves_is_told_beside_what_breaks(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe, classed = "model/07_data_model/brewing/recipe.yaml", "60, x-classification: "
    spice = f"      secretSpice: {{ type: string, maxLength: {classed}restricted }}\n"
    herb = spice.replace("Spice", "Herb")
    edit(root, {recipe: {spice: spice.replace("restricted", "internal") + herb}})
    code, findings, _ = breaking(root, capsys, "--against", "HEAD")
    assert code == 1
    found = {each["code"]: each for each in findings if each["name"] == "exposure"}
    assert {code: (each["file"], each["line"]) for code, each in found.items()} == {
        "classified-property-exposed": (recipe, 25),
        "classified-property-lowered": (recipe, 24),
    }
    lowered = found["classified-property-lowered"]
    assert (lowered["related"][0]["file"], lowered["related"][0]["line"]) == (f"HEAD:{recipe}", 24)
    assert lowered["impact"]["screens"] == ["ux.screen.board"]


def test_without_a_model_at_the_revision_nobody_can_tell_what_leaves_newly(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = (root / "model" / "manifest.yaml").read_bytes()
    (root / "model" / "manifest.yaml").write_bytes(b"[")
    commit(root)
    (root / "model" / "manifest.yaml").write_bytes(manifest)
    code, findings, said = breaking(root, capsys, "--against", "HEAD")
    assert (code, findings) == (0, [])
    assert "nobody can tell which classified properties leave newly" in said


def test_a_break_that_somebody_accepts_is_told_no_more_until_its_day_is_over(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(root, NARROWED)
    assert breaking(root, capsys, "--against", "HEAD", "--reason", "x")[0] == 2
    accept = ("--write-baseline", "--reason", "nobody sold any", "--owner", "press-crew")
    code, _, said = breaking(root, capsys, "--against", "HEAD", *accept)
    assert (code, said) == (2, "1 new finding; give --expires\n")
    day = ("--today", "2030-01-31")
    until = (*accept, "--expires", "2030-01-31", *day)
    assert main(["--root", str(root), "breaking", "--against", "HEAD", *until]) == 0
    written = (root / "cloudsync-gen.baseline.toml").read_text("utf-8")
    assert 'reason = "nobody sold any"' in written
    code, findings, said = breaking(root, capsys, "--against", "HEAD", *day)
    assert code == 0
    assert "error" not in {each["severity"] for each in findings}
    assert "; 1 waived; " in said
    main(["--root", str(root), "check", *day])
    assert "WVR005" not in capsys.readouterr().out
    assert main(["--root", str(root), "breaking", "--against", "HEAD", *until]) == 0
    assert (root / "cloudsync-gen.baseline.toml").read_text("utf-8") == written
    later = ("--today", "2030-02-01")
    assert breaking(root, capsys, "--against", "HEAD", *later)[0] == 1
    main(["--root", str(root), "check", *later])
    assert "WVR005" in capsys.readouterr().out
    run(root, "checkout", "-q", "--", "model")
    main(["--root", str(root), "check", "--write-baseline", *later])
    assert "[[finding]]" not in (root / "cloudsync-gen.baseline.toml").read_text("utf-8")


def test_a_baseline_names_ids_that_there_are(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    entry = (
        '[[finding]]\nid = "0123456789ab"\nrule = "response-property-vanished"\n'
        'reason = "x"\nowner = "x"\nexpires = 2030-01-31\n'
    )
    (root / "cloudsync-gen.baseline.toml").write_text(entry, "utf-8")
    assert main(["--root", str(root), "breaking", "--against", "HEAD"]) == 2
    assert "no rule `response-property-vanished`" in capsys.readouterr().err
