"""What no reader of a layer sees is told all the same: files that none reads, secrets in comments
of YAML.
"""

from __future__ import annotations

from datetime import date

import msgspec
import pytest

from cloudsync_gen import pipeline
from cloudsync_gen.diagnostics import Severity
from cloudsync_gen.model.waivers import Waivers
from cloudsync_gen.rules import RULES
from support.rules import BASE, MEMORY
from support.trees import Files, edited, read_tree

FILES = read_tree(BASE)
MANIFEST = "model/manifest.yaml"
GOALS = "model/01_motivation/goals.yaml"
PATH = "path: model/01_motivation"
KEY = "AKIA" + "IOSFODNN7EXAMPLE"
GRANT = "grant:\n  id: security.role.grant\n  name: Grant\n"


def told(files: Files, waivers: Waivers = pipeline.PLAIN) -> list[str]:
    made = pipeline.check(files, store=MEMORY, waivers=waivers)
    spans = [(each.code, each.span or made.sources.span(each.ref)) for each in made.diagnostics]
    return [f"{span.file}:{span.line}:{span.column} {code}" for code, span in spans]


@pytest.mark.parametrize("text", ["- id: security.role.clerk\n", "clerk\n", "false\n"])
def test_a_file_that_is_no_mapping_is_told(text: str) -> None:
    file = "model/03_security/more.yaml"
    assert told(FILES | {file: text.encode()}) == [f"{file}:1:1 MDL002"]


def test_nothing_is_called_missing_that_such_a_file_may_hold() -> None:
    key, _, fields = FILES[GOALS].decode().partition("\n")
    assert key == "sell-forty-cups:"
    listed = f"-\n{fields}"
    assert told(FILES | {GOALS: listed.encode()}) == [f"{GOALS}:1:1 MDL002"]


@pytest.mark.parametrize("text", ["", "# later\n", "~\n", "---\n"])
def test_a_file_without_anything_is_none(text: str) -> None:
    assert told(FILES | {"model/03_security/more.yaml": text.encode()}) == []


@pytest.mark.parametrize(
    "file",
    [
        "model/more.yaml",
        "model/12_more/more.yml",
        "model/03_security_more/more.yaml",
        "model/03_security/more.YAML",
        "model/03_security/more.graphql",
        "model/06_api/graphql-apis/more.graphqls",
        "model/06_api/grpc-services/more.Proto",
    ],
)
def test_a_file_that_nobody_reads_is_told(file: str) -> None:
    made = pipeline.check(FILES | {file: GRANT.encode()}, store=MEMORY)
    assert [(each.code, each.severity) for each in made.diagnostics] == [
        ("MDL007", Severity.WARNING)
    ]
    assert made.diagnostics[0].ref.file == file


@pytest.mark.parametrize(
    "file", ["model/README.md", "model/03_security/why.txt", "model/picture.svg", "model/more.json"]
)
def test_other_files_may_lie_beside(file: str) -> None:
    assert told(FILES | {file: GRANT.encode()}) == []


def test_beside_the_layers_there_may_be_what_declares_nothing() -> None:
    assert told(FILES | {"model/notes/ideas.yaml": b"a: [\n"}) == []


def test_what_belongs_to_a_layer_that_is_off_is_left_out_on_purpose() -> None:
    files = edited(FILES, {MANIFEST: {PATH: f"{PATH}, enabled: false"}})
    found = told(files)
    assert found
    assert not [each for each in found if "MDL007" in each]


@pytest.mark.parametrize("word", ["yes", "no", "off", "0", '"false"'])
def test_a_layer_is_switched_off_by_no_other_word(word: str) -> None:
    files = edited(FILES, {MANIFEST: {PATH: f"{PATH}, enabled: {word}"}})
    found = pipeline.check(files, store=MEMORY).diagnostics
    assert [each.message for each in found if each.code == "MDL001"] == [
        "`enabled` of layer `motivation` is neither true nor false"
    ]


@pytest.mark.parametrize(
    "begin", ["# ", "  name: Sell forty cups  # ", "  name: Sell forty cups\t# ", "#"]
)
@pytest.mark.parametrize("secret", [KEY, "://user:pw1@host", "-----BEGIN PRIVATE KEY-----"])
def test_a_secret_in_a_comment_is_told_at_its_place(begin: str, secret: str) -> None:
    line = "  name: Sell forty cups\n"
    text = FILES[GOALS].decode()
    assert line in text
    commented = f"{begin}at {secret} it is\n"
    text = text.replace(line, commented if ":" in begin else f"{commented}{line}")
    number = text[: text.index(secret)].count("\n") + 1
    column = commented.index(secret) + 1
    assert told(FILES | {GOALS: text.encode()}) == [f"{GOALS}:{number}:{column} SEC006"]


def test_such_a_secret_can_be_waived_ignored_and_weighed_as_any() -> None:
    text = FILES[GOALS].decode()
    plain = FILES | {GOALS: f"# {KEY}\n{text}".encode()}
    beside = f"# {KEY} # cloudsync-gen: ignore[SEC006] not a real one\n"
    above = f"# cloudsync-gen: ignore[SEC006] not a real one\nx: {{}} # {KEY}\n"
    assert told(plain) == [f"{GOALS}:1:3 SEC006"]
    assert told(FILES | {GOALS: f"{beside}{text}".encode()}) == [f"{GOALS}:1:3 SEC006"]
    assert "SEC006" not in " ".join(told(FILES | {GOALS: f"{above}{text}".encode()}))
    others = [each for each in RULES if each.code != "SEC006"]
    assert pipeline.check(plain, others, store=MEMORY).diagnostics == ()
    lighter = [msgspec.structs.replace(each, severity=Severity.INFO) for each in RULES]
    found = pipeline.check(plain, lighter, store=MEMORY).diagnostics
    assert [each.severity for each in found] == [Severity.INFO]
    assert told(plain, Waivers(today=date(2030, 1, 1))) == [f"{GOALS}:1:3 SEC006"]


@pytest.mark.parametrize(
    "line", [f'text: "#{KEY[:8]}"', "text: |\n  # x", "url: https://a.example/#b:c@d", "# x: a@b"]
)
def test_what_is_no_secret_or_no_comment_is_not_told_here(line: str) -> None:
    text = f"{FILES[GOALS].decode()}\nx:\n  {line}\n"
    assert "SEC006" not in " ".join(told(FILES | {GOALS: text.encode()}))
