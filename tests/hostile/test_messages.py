"""What the tool says about a stranger's model: nothing of other files, nothing that a terminal or a
runner of CI takes for a command, in every format; and it asks nobody about it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cloudsync_gen.cli import main
from cloudsync_gen.report import formats
from cloudsync_gen.report.json import dumps
from cloudsync_gen.report.text import printable
from support.rules import BASE
from support.trees import Files, edited, read_tree, write_tree

FILES = read_tree(BASE)
BUSINESS = "model/02_business/business.yaml"
RECIPE = "model/04_application/brewing/recipe.yaml"
OPENAPI = "model/06_api/rest-apis/recipe.openapi.yaml"
PROTO, SDL = "model/06_api/grpc-services/press.proto", "model/06_api/graphql-apis/board.graphql"
SCHEMA = '"../../07_data_model/brewing/recipe.yaml#/new-recipe/schema"'
COMMANDS = "##vso[task.setvariable variable=x]y ##[add-mask]z"

# -- commands -------------------------------------------------------------------------------------

HOSTILE = edited(
    FILES,
    {
        BUSINESS: {
            "id: business.service.fresh-lemonade": f'id: "{COMMANDS}\\n::set-output name=a::b"'
        },
        RECIPE: {
            "owner: business.actor.press-crew\n  realizes": (
                "owner: business.actor.pres-crew\n  realizes"
            ),
            "name: Recipe service": "name: |\n    ::set-output name=a::b\n    ##[add-mask]z",
        },
    },
)
ODD_NAME = "model/04_application/x\x1b]8;;http://a.b\x1b\\\n::set-output name=a::b##[x]\u202e.yaml"


def assert_harmless(text: str) -> None:
    lines = text.split("\n")
    told = ("::error ", "::warning ", "::notice ")
    assert [each for each in lines if each.strip().startswith("::")] == [
        each for each in lines if each.startswith(told)
    ]
    assert "##[" not in text
    assert "##vso[" not in text
    assert {char for char in text if not char.isprintable()} <= {"\n"}


@pytest.mark.parametrize("form", formats.NAMES)
def test_no_finding_is_a_command(
    form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = write_tree(tmp_path, {**HOSTILE, ODD_NAME: b"a: [\n"})
    assert main(["--root", str(root), "check", "--format", form]) == 3
    out, err = capsys.readouterr()
    assert "set-output" in out
    assert_harmless(out)
    assert_harmless(err)
    if form in ("json", "sarif"):
        assert COMMANDS in json.dumps(json.loads(out), ensure_ascii=False)


def test_no_difference_is_a_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = f'description: "{COMMANDS}\\n::set-output name=a::b"'
    files = edited(FILES, {RECIPE: {"description: Keeps recipes and says which may be": text}})
    files = edited(files, {RECIPE: {f"{text} pressed.": text}})
    root = write_tree(tmp_path, files)
    said = ("generate", "--dry-run", "--diff", "-j1", "--target", "docs", "--target", "catalog")
    assert main(["--root", str(root), *said]) == 0
    out, err = capsys.readouterr()
    assert "add-mask" in out
    assert_harmless(out + err)


@pytest.mark.parametrize(
    "text", ["::a", "  ::a", "x ::a", "##[a", "a ##[b", "###[a", "##vso[a", "# #[", "a::b##[c"]
)
def test_a_text_is_disarmed_and_stays_readable(text: str) -> None:
    shown = printable(text)
    assert_harmless(shown)
    assert shown.encode().decode("unicode_escape") == text
    assert json.loads(dumps({"a": text})) == {"a": text}
    assert "##[" not in dumps(text)


def test_what_the_system_refuses_is_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = write_tree(tmp_path, FILES)
    output = str(root / "no\x1b[31m\n::error::x" / "found.json")
    assert main(["--root", str(root), "check", "--format", "json", "--output", output]) == 3
    err = capsys.readouterr().err
    assert_harmless(err)
    assert len(err.splitlines()) == 1


# -- other files ----------------------------------------------------------------------------------

CANARY = "canary-7f3a"


def references(away: Path) -> list[str]:
    """Ways to name a file that is not the model's."""
    path = str(away / "secret.yaml")
    return [
        *(path, f"file://{path}", f"../../../../away/secret.yaml#/{CANARY}", f"//localhost{path}"),
        *(
            "http://127.0.0.1:9/secret.yaml",
            "https://169.254.169.254/latest/meta-data",
            "\\\\\\\\h\\\\s",
        ),
        *("ftp://127.0.0.1/a", "http://[::ffff:127.0.0.1]/a", "../../../pyproject.toml#/tool"),
        *("/proc/self/environ", "/etc/passwd", "../../.git/config", "link.yaml#/a/schema"),
    ]


def asking(reference: str) -> list[Files]:
    """Models that refer to it from every kind of source."""
    places = {
        OPENAPI: {SCHEMA: json.dumps(reference)},
        "model/07_data_model/brewing/recipe.yaml": {
            '"../common/common.yaml#/class/schema"': json.dumps(reference)
        },
        PROTO: {'import "google/protobuf': f'import "{reference}";\nimport "google/protobuf'},
    }
    made = []
    for file, changes in places.items():
        text = FILES[file].decode()
        for old, new in changes.items():
            assert old in text
            text = text.replace(old, new, 1)
        made.append({**FILES, file: text.encode()})
    return made


@pytest.fixture
def away(tmp_path: Path) -> Path:
    return write_tree(
        tmp_path / "away",
        {
            "secret.yaml": f"{CANARY}: {{schema: {{description: {CANARY}, type: {CANARY}}}}}\n",
            "secret.proto": f'syntax = "proto3"; package {CANARY};',
        },
    )


@pytest.mark.parametrize("number", range(len(references(Path("x")))))
def test_no_text_of_another_file_is_told(
    number: int, tmp_path: Path, away: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reference = references(away)[number]
    for at, files in enumerate(asking(reference)):
        root = write_tree(tmp_path / f"root{at}", files)
        write_tree(root, {"pyproject.toml": f'[project]\nname = "{CANARY}"\n'})
        (root / "model/07_data_model/brewing/link.yaml").symlink_to(away / "secret.yaml")
        form = formats.NAMES[(number + at) % len(formats.NAMES)]
        assert main(["--root", str(root), "check", "--format", form]) in (1, 3), reference
        said = "".join(capsys.readouterr()).replace(reference, "").replace(str(away), "")
        assert f"{CANARY}" not in said.replace(f"secret.yaml#/{CANARY}", "")
        assert "root:" not in said


# -- nobody is asked ------------------------------------------------------------------------------

NO_SOCKETS = """
import os, socket, sys

def refuse(event, arguments):
    if not event.startswith("socket.") or event == "socket.gethostname":
        return
    if event == "socket.__new__" and arguments[1] in (-1, socket.AF_UNIX):
        return
    address = arguments[-1] if event in ("socket.connect", "socket.bind", "socket.sendmsg") else ()
    if address is None or isinstance(address, (str, bytes)):
        return
    # urllib3, when it is imported, looks whether this machine could bind an address of IPv6
    if event != "socket.__new__" and address != ("::1", 0):
        with open(os.environ["ATTEMPTS"], "a") as file:
            file.write(f"{event} {arguments[1:]}\\n")
    raise PermissionError(event)

sys.addaudithook(refuse)
with open(os.environ["WATCHED"], "a") as file:
    file.write("x")
"""


def test_no_command_opens_a_connection(tmp_path: Path) -> None:
    """Nor does any Python that it starts: all have the hook, which refuses every socket but those
    between processes of this machine.
    """
    root = write_tree(tmp_path / "root", {**FILES, **asking("http://127.0.0.1:9/a.yaml")[0]})
    other = write_tree(tmp_path / "other", FILES)
    hook = write_tree(tmp_path / "hook", {"sitecustomize.py": NO_SOCKETS})
    attempts, watched = tmp_path / "attempts", tmp_path / "watched"
    path = f"{hook}:{os.environ.get('PYTHONPATH', '')}"
    env = {**os.environ, "PYTHONPATH": path, "ATTEMPTS": str(attempts), "WATCHED": str(watched)}
    openapi = str(other / "contracts/openapi/recipe.yaml")
    commands: list[tuple[Path, tuple[str, ...], int]] = [
        (root, ("check",), 1),
        (other, ("generate", "-j2"), 0),
        (other, ("generate", "--check", "--no-cache", "-j2"), 0),
        (other, ("breaking", openapi, openapi), 0),
        (other, ("doctor",), 0),
    ]
    for where, command, code in commands:
        done = subprocess.run(
            [sys.executable, "-m", "cloudsync_gen", "--root", str(where), *command],
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stderr
    assert len(watched.read_text()) > len(commands), "the processes that it starts are watched too"
    assert not attempts.exists(), attempts.read_text()


def test_a_connection_would_have_been_noticed(tmp_path: Path) -> None:
    hook = write_tree(tmp_path / "hook", {"sitecustomize.py": NO_SOCKETS})
    attempts = tmp_path / "attempts"
    env = {
        "PYTHONPATH": str(hook),
        "ATTEMPTS": str(attempts),
        "WATCHED": str(tmp_path / "watched"),
    }
    script = "import socket; socket.getaddrinfo('a.example', 80)"
    done = subprocess.run(
        [sys.executable, "-c", script], env=env, capture_output=True, text=True, check=False
    )
    assert "PermissionError" in done.stderr
    assert "socket." in attempts.read_text()
