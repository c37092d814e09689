"""In CI: the action's steps as a runner runs them, GitLab's job, the comment on a change."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema_rs
import pytest

from cloudsync_gen.cli import main
from cloudsync_gen.live.github import Api, Unanswered, keep_comment
from support import plain_yaml
from support.github import BOT, STRANGER, GitHub, github
from support.hooks import BIN, GOALS, RIGHT, WRONG, Repository
from support.rules import BASE
from support.sarif import schema
from support.trees import read_tree, write_tree

ROOT = Path(__file__).resolve().parent.parent
MARKER = "<!-- cloudsync-gen ci -->"
ACTION: dict[str, Any] = plain_yaml.load((ROOT / "action.yml").read_text("utf-8"))
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]
HOSTILE = "##[add-mask]x ::error::y"


# -- the comment ----------------------------------------------------------------------------------


@pytest.fixture
def host() -> Iterator[GitHub]:
    with github() as there:
        yield there


def keep(there: GitHub, body: str, *, create: bool = True) -> str:
    api = Api(
        rest=there.url, graphql=f"{there.url}/graphql", repository="zitrus/garten", token="sesame"
    )
    return keep_comment(api, 7, MARKER, f"{MARKER}\n{body}", create=create)


def test_a_comment_is_written_once_and_then_replaced(host: GitHub) -> None:
    host.write(STRANGER, "Nice!")
    assert keep(host, "clean", create=False) == "none"
    assert keep(host, "one") == "created"
    assert keep(host, "one") == "unchanged"
    assert keep(host, "two") == "updated"
    assert keep(host, "clean", create=False) == "updated"
    assert [each["body"] for each in host.comments] == ["Nice!", f"{MARKER}\nclean"]


def test_what_others_write_is_never_touched(host: GitHub) -> None:
    host.write(STRANGER, f"{MARKER}\nmine")
    host.write(BOT, f"Quoted: {MARKER}")
    assert keep(host, "one") == "created"
    assert keep(host, "two") == "updated"
    bodies = [each["body"].removeprefix(MARKER) for each in host.comments]
    assert bodies == ["\nmine", f"Quoted: {MARKER}", "\ntwo"]


def test_the_comment_is_found_on_a_later_page(host: GitHub) -> None:
    for number in range(250):
        host.write(STRANGER, str(number))
    assert keep(host, "one") == "created"
    assert keep(host, "two") == "updated"
    assert len(host.comments) == 251


@pytest.mark.parametrize("status", [401, 403, 404, 500])
def test_who_may_not_write_is_told_why(host: GitHub, status: int) -> None:
    host.refuse["POST"] = status
    with pytest.raises(Unanswered, match=str(status)) as caught:
        keep(host, "one")
    assert "sesame" not in str(caught.value)
    assert ("may not write" in str(caught.value)) == (status != 500)


def test_the_token_goes_nowhere_else(host: GitHub) -> None:
    host.refuse["GET"] = 302
    with pytest.raises(Unanswered, match="302"):
        keep(host, "one")
    assert [path for _, path in host.asked] == ["/repos/zitrus/garten/issues/7/comments"]


def test_nobody_there_is_no_disaster() -> None:
    gone = GitHub()
    for gone.url in ("http://127.0.0.1:9", "nowhere"):
        with pytest.raises(Unanswered, match="cannot be asked"):
            keep(gone, "one")


# -- the action -----------------------------------------------------------------------------------


class Runner:
    """Runs the shell steps of action.yml in a clone, with the environment that a runner gives."""

    def __init__(self, repository: Repository, there: GitHub, folder: Path) -> None:
        self.clone, self.temp = folder / "work space", folder / "temp"
        self.temp.mkdir()
        base = repository.git("rev-parse", "begun").strip()
        event = {"pull_request": {"number": 7, "base": {"sha": base}}}
        write_tree(folder, {"event.json": json.dumps(event)})
        self.inputs = {k: str(v.get("default", "")) for k, v in ACTION["inputs"].items()}
        self.inputs |= {"command": str(BIN / "cloudsync-gen"), "token": "sesame"}
        self.values = {"github.event.pull_request.base.sha": base}
        kept = ("PATH", "HOME", "PYTHONPATH", "LANG")
        self.env = {k: os.environ[k] for k in kept if k in os.environ} | {
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTION_PATH": str(ROOT),
            "GITHUB_API_URL": there.url,
            "GITHUB_GRAPHQL_URL": f"{there.url}/graphql",
            "GITHUB_EVENT_PATH": str(folder / "event.json"),
            "GITHUB_OUTPUT": str(folder / "output"),
            "GITHUB_REPOSITORY": "zitrus/garten",
            "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
            "RUNNER_TEMP": str(self.temp),
        }
        source = f"file://{repository.root}"
        command = ["git", "clone", "-q", "--depth=1", source, str(self.clone)]
        subprocess.run(command, check=True, capture_output=True)

    def value(self, text: str) -> str:
        def found(match: re.Match[str]) -> str:
            name = match[1]
            is_input = name.startswith("inputs.")
            return self.inputs[name.removeprefix("inputs.")] if is_input else self.values[name]

        return re.sub(r"\$\{\{ ([\w.-]+) \}\}", found, text)

    def run(self, *names: str) -> subprocess.CompletedProcess[str]:
        """The named steps, or all but the installation; the last one's result."""
        for step in STEPS:
            if step["name"] in (names or [each["name"] for each in STEPS[1:]]):
                script = write_tree(self.temp, {"step.sh": step["run"]}) / "step.sh"
                shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)]
                given = {name: self.value(text) for name, text in step["env"].items()}
                done = subprocess.run(
                    shell,
                    cwd=self.clone,
                    env=self.env | given,
                    capture_output=True,
                    text=True,
                    check=False,
                )
        return done

    def outputs(self) -> dict[str, str]:
        text = Path(self.env["GITHUB_OUTPUT"]).read_text()
        Path(self.env["GITHUB_OUTPUT"]).unlink()
        return dict(re.findall(r"(?m)^(\w+)<<(?:\w+)\n(.*)\n\w+$", text))


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    aside = tmp_path_factory.mktemp("company")
    made = Repository.begun(aside / "company", aside)
    made.git("config", "uploadpack.allowAnySHA1InWant", "true")
    made.git("add", "-A")
    made.git("commit", "-q", "-m", "begin")
    made.git("tag", "begun")
    return made


@pytest.fixture
def repository(company: Repository) -> Iterator[Repository]:
    yield company
    company.git("reset", "-q", "--hard", "begun")


@pytest.fixture
def broken(repository: Repository) -> Repository:
    """A change with a fault, an output that is not generated, and text that would be commands."""
    repository.edit(GOALS, RIGHT, f'{WRONG} # {HOSTILE}"'.replace('"', ""))
    repository.edit("contracts/index.json", "{", "{ ")
    repository.git("commit", "-q", "-m", "break")
    return repository


def commands(log: str) -> list[str]:
    """What a runner would carry out (actions/runner: ActionCommand.cs), fences heeded."""
    found, fence = [], ""
    for line in log.splitlines():
        if fence:
            fence = "" if line == f"::{fence}::" else fence
        elif line.startswith("::stop-commands::"):
            fence = line.removeprefix("::stop-commands::")
        elif line.lstrip().startswith("::") or "##[" in line:
            found.append(line.strip())
    assert not fence
    return found


def valid_sarif(outputs: dict[str, str]) -> list[dict[str, Any]]:
    """The runs of the file, which its schema has nothing against."""
    log = json.loads(Path(outputs["sarif"]).read_text())
    assert [error.message for error in jsonschema_rs.validator_for(schema()).iter_errors(log)] == []
    runs: list[dict[str, Any]] = log["runs"]
    return runs


def test_a_broken_change_is_told_everywhere_until_it_is_mended(
    broken: Repository, host: GitHub, tmp_path: Path
) -> None:
    runner = Runner(broken, host, tmp_path)
    done = runner.run()
    assert done.returncode == 1, done.stdout + done.stderr
    told = commands(done.stdout)
    assert all(re.match(r"::(group|endgroup|error|warning|notice)(::| )", each) for each in told)
    assert any(f"file={GOALS},line=" in each and "LNK001" in each for each in told)
    outputs = runner.outputs()
    assert outputs["findings"] != "0"
    ids = [run["automationDetails"]["id"] for run in valid_sarif(outputs)]
    assert ids == [f"cloudsync-gen/{gate}/" for gate in ("check", "generate", "breaking")]
    assert ElementTree.parse(outputs["junit"]).getroot().get("failures") != "0"
    (comment,) = host.comments
    assert comment["body"] == Path(outputs["markdown"]).read_text()
    assert Path(runner.env["GITHUB_STEP_SUMMARY"]).read_text() == comment["body"]
    assert "### cloudsync-gen check: 1 error" in comment["body"]
    text = (runner.clone / GOALS).read_text()
    write_tree(runner.clone, {GOALS: text.replace(WRONG, RIGHT)})
    runner.inputs["gates"] = "check"
    assert runner.run().returncode == 0
    (comment,) = host.comments
    assert comment["body"].startswith(f"{MARKER}\n### cloudsync-gen check: no findings\n")
    assert runner.outputs()["findings"] == "0"


def test_a_fork_loses_only_the_comment(broken: Repository, host: GitHub, tmp_path: Path) -> None:
    host.refuse["POST"] = 403
    runner = Runner(broken, host, tmp_path)
    runner.inputs["gates"] = "check"
    done = runner.run()
    assert (done.returncode, host.comments) == (1, [])
    assert "no comment: GitHub answered 403" in done.stderr
    assert Path(runner.env["GITHUB_STEP_SUMMARY"]).exists()


@pytest.mark.parametrize("gates", ["check\nbreaking\n", " check  breaking ", "check\n\n breaking"])
def test_every_gate_that_is_named_runs(
    gates: str, broken: Repository, host: GitHub, tmp_path: Path
) -> None:
    runner = Runner(broken, host, tmp_path)
    runner.inputs |= {"gates": gates, "against": "HEAD"}
    assert runner.run("Judge the model").returncode == 1
    (comment,) = host.comments
    assert re.findall(r"(?m)^### cloudsync-gen (\w+):", comment["body"]) == ["check", "breaking"]


def test_nothing_of_an_input_is_shell(broken: Repository, host: GitHub, tmp_path: Path) -> None:
    assert [each["name"] for each in STEPS if "${{" in each["run"]] == []
    runner = Runner(broken, host, tmp_path)
    mark = tmp_path / "executed"
    runner.inputs |= dict.fromkeys(("root", "gates", "against", "fail-on"), f"$(touch {mark});`id`")
    assert runner.run().returncode == 2
    assert not mark.exists()


def test_what_cannot_be_compared_is_said_with_the_remedy(
    broken: Repository, host: GitHub, tmp_path: Path
) -> None:
    runner = Runner(broken, host, tmp_path)
    runner.inputs["gates"] = "breaking"
    done = runner.run("Judge the model")  # without the step that fetches the base
    base = runner.values["github.event.pull_request.base.sha"]
    assert done.returncode == 3
    (error,) = [each for each in commands(done.stdout) if each.startswith("::error")]
    assert f"git fetch --depth=1 origin {base}" in error
    assert "### cloudsync-gen breaking: not judged" in host.comments[0]["body"]
    outputs = runner.outputs()
    assert ElementTree.parse(outputs["junit"]).getroot().get("errors") == "1"
    assert valid_sarif(outputs)[0]["invocations"][0]["executionSuccessful"] is False


@pytest.mark.parametrize("step", STEPS, ids=lambda step: str(step["name"]))
def test_the_steps_are_clean_shell(step: dict[str, Any], tmp_path: Path) -> None:
    script = write_tree(tmp_path, {"step.sh": f"#!/bin/bash\n{step['run']}"}) / "step.sh"
    assert subprocess.run(["bash", "-n", str(script)], check=False).returncode == 0
    linter = BIN / "shellcheck"
    if linter.exists():  # no wheel for Linux on arm64
        done = subprocess.run([str(linter), str(script)], capture_output=True, check=False)
        assert done.returncode == 0, done.stdout.decode()


def test_the_installation_takes_the_lock_and_refuses_an_old_python(
    repository: Repository, host: GitHub, tmp_path: Path
) -> None:
    """With a Python that writes down what it is asked."""
    runner = Runner(repository, host, tmp_path)
    asked = tmp_path / "asked"
    python = tmp_path / "python"
    script = f"""#!/bin/bash
echo "$@" >> {asked}
case "$1 $2" in
  "-m venv") mkdir -p "$3/bin"; cp "$0" "$3/bin/python";;
  "-c "*) exec {sys.executable} "$@";;
esac
"""
    write_tree(tmp_path, {"python": script})
    python.chmod(0o755)
    runner.inputs["python"] = str(python)
    done = runner.run("Install cloudsync-gen")
    assert done.returncode == 0, done.stderr
    lines = asked.read_text().splitlines()
    assert lines[-2].endswith(f"install --require-hashes -r {ROOT}/runtime.lock")
    assert lines[-1].endswith(f"install --no-deps --no-build-isolation {ROOT}")
    write_tree(tmp_path, {"python": "#!/bin/bash\nexit 1\n"})
    done = runner.run("Install cloudsync-gen")
    assert done.returncode == 2
    assert "actions/setup-python" in done.stdout


def test_every_action_is_pinned_to_a_commit() -> None:
    pinned = re.compile(r"(\./|[\w./-]+@[0-9a-f]{40})$")
    for file in (ROOT / "action.yml", *(ROOT / ".github/workflows").glob("*.yml")):
        used = re.findall(r"uses: (\S+)", file.read_text())
        assert [each for each in used if not pinned.match(each)] == []


# -- GitLab ---------------------------------------------------------------------------------------


def test_the_job_of_gitlab_writes_its_reports(broken: Repository, tmp_path: Path) -> None:
    file = plain_yaml.load((ROOT / ".gitlab/cloudsync-gen.gitlab-ci.yml").read_text())
    job, clone = file["cloudsync-gen"], tmp_path / "project"
    subprocess.run(["git", "clone", "-q", str(broken.root), str(clone)], check=True)
    tool = tmp_path / "builds/generator/bin/cloudsync-gen"
    tool.parent.mkdir(parents=True)
    tool.symlink_to(BIN / "cloudsync-gen")
    env = {k: v for k, v in os.environ.items() if not k.startswith("GITHUB")} | {
        **{name: str(value) for name, value in file["variables"].items()},
        "GITLAB_CI": "true",
        "CI_BUILDS_DIR": str(tmp_path / "builds"),
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": broken.git("rev-parse", "begun").strip(),
    }
    done = subprocess.run(
        ["bash", "-ec", "\n".join(job["script"])],
        cwd=clone,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "== cloudsync-gen breaking" in done.stdout
    reports = job["artifacts"]["reports"]
    issues = json.loads((clone / reports["codequality"]).read_text())
    assert GOALS in {each["location"]["path"] for each in issues}
    assert len({each["fingerprint"] for each in issues}) == len(issues)
    assert ElementTree.parse(clone / reports["junit"]).getroot().get("failures") != "0"


def test_files_are_named_as_the_repository_names_them(tmp_path: Path, broken: Repository) -> None:
    outer = Repository(tmp_path / "outer", tmp_path)
    outer.root.mkdir()
    outer.git("init", "-q")
    shutil.copytree(broken.root / "model", outer.root / "systems/model")
    done = outer.run(
        str(BIN / "cloudsync-gen"), "--root", "systems", "check", "--format", "github", check=False
    )
    assert f"file=systems/{GOALS},line=" in done.stdout


# -- links that came with the change --------------------------------------------------------------


@pytest.mark.parametrize("named", [None, "build/reports"])
def test_reports_are_not_written_through_links_of_a_stranger(
    named: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A link in the place of a file is replaced; one in the place of a folder is refused."""
    root = write_tree(tmp_path / "root", read_tree(BASE))
    away = write_tree(tmp_path / "away", {"profile": "mine\n", "empty/x": ""})
    monkeypatch.chdir(root)
    command = ["ci", "check", *(("--reports", named) if named else ())]
    folder = root / (named or ".cloudsync-gen/reports")
    folder.mkdir(parents=True)
    for name in ("comment.md", "findings.json"):
        (folder / name).symlink_to(away / "profile")
    assert main(command) == 0
    assert (folder / "comment.md").read_text("utf-8").startswith(MARKER)
    assert not (folder / "comment.md").is_symlink()
    for place in (folder, folder.parent):
        shutil.rmtree(place)
        place.symlink_to(away / "empty")
        assert main(command) == 4
        place.unlink()
        place.mkdir(parents=True)
    assert read_tree(away) == {"profile": b"mine\n", "empty/x": b""}
