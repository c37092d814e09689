"""What cannot be read, or only at a cost that nobody would pay: a finding or a sentence, and the
documented exit code; never a crash, never more work than the text has.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cloudsync_gen import source
from cloudsync_gen.cli import main
from cloudsync_gen.engine import disk
from cloudsync_gen.load import yaml_tree
from support.effort import Effort
from support.hostile import judged_whole
from support.positions import yaml_of
from support.rules import BASE
from support.trees import Files, read_tree, write_tree

FILES = read_tree(BASE)
ADDED = "model/04_application/brewing/added.yaml"
SDL, PROTO = "model/06_api/graphql-apis/board.graphql", "model/06_api/grpc-services/press.proto"
RECIPE = "model/07_data_model/brewing/recipe.yaml"
LAUGHS = "a: &a [x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join(['*' + chr(97 + n)] * 8)}]\n" for n in range(9)
)
DOCUMENT = FILES[PROTO]
YAML: dict[str, tuple[str, bytes]] = {
    "sequences in sequences": ("SRC005", b"a: " + b"[" * 100_000),
    "mappings in mappings": ("SRC005", b"".join(b" " * n + b"a:\n" for n in range(300))),
    "aliases that multiply": ("SRC005", LAUGHS.encode()),
    "an alias of itself": ("SRC004", b"a: &a [*a]\n"),
    "more values than bounded": ("SRC005", b"a: [" + b"1," * 400_001 + b"1]\n"),
    "a file beyond bounds": ("SRC005", b"# " + b"x" * (9 * 1024 * 1024)),
    "a key twice": ("SRC002", b"a: 1\na: 2\n"),
    "a tag that makes objects": ("SRC003", b"a: !!python/object/apply:os.system [x]\n"),
    "a merge key": ("SRC004", b"a: &a {b: 1}\nc: {<<: *a}\n"),
    "two documents": ("SRC004", b"a: 1\n---\nb: 2\n"),
    "a number of a megabyte": ("SRC006", b"a: " + b"9" * 1_000_000 + b"\n"),
    "a number beyond 64 bits": ("SRC006", b"a: 18446744073709551616\n"),
    "a float beyond bounds": ("SRC006", b"a: 1e999999999\n"),
    "no number": ("SRC006", b"a: .nan\n"),
    "another encoding": ("SRC007", b"a: \xff\xfe\n"),
    "a character that hides": ("SRC001", b"a: \x00\x07\n"),
    "half of a pair": ("SRC001", b'a: "\\ud800"\n'),
    "nothing but brackets": ("SRC001", b"}{][" * 1000),
    "a tab": ("SRC001", b"a:\n\tb: 1\n"),
}


def with_pattern(pattern: str) -> Files:
    data = yaml_tree.parse(RECIPE, FILES[RECIPE].decode()).value
    data["recipe"]["schema"]["properties"]["title"]["pattern"] = pattern
    return {**FILES, RECIPE: yaml_of(data).encode()}


def checked(root: Path, files: Files, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[Any]]:
    """Exit code and findings of `check`."""
    write_tree(root, files)
    code = main(["--root", str(root), "check", "--format", "json"])
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    return code, json.loads(out)["findings"] if out else []


@pytest.mark.parametrize("name", YAML)
def test_a_yaml_text_beyond_bounds_is_a_finding_of_its_file(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted, text = YAML[name]
    code, found = checked(tmp_path, {**FILES, ADDED: text}, capsys)
    assert code == 3
    assert {each["file"] for each in found} == {ADDED}
    assert wanted in {each["code"] for each in found}
    assert all(len(each["message"]) < 400 for each in found)


@pytest.mark.parametrize("text", [b"\xef\xbb\xbf{}\n", b"{}\r\n", b"", b"# " + b"x" * 5_000_000])
def test_what_only_looks_odd_is_read(
    text: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert checked(tmp_path, {**FILES, ADDED: text}, capsys) == (0, [])


@pytest.mark.parametrize(
    ("file", "text"),
    [
        (SDL, b"type Query { a: " + b"[" * 50_000 + b"Int" + b"]" * 50_000 + b" }"),
        (SDL, b"type A { a(b: I = " + b"{a: " * 5000 + b"1" + b"}" * 5000 + b"): Int }"),
        (SDL, b"type Query {" + b" a: Int" * 60_000 + b" }"),
        (SDL, b'"""' + b"x" * 2_000_000 + b'""" type Query { a: Int }'),
        (PROTO, DOCUMENT + b"message A {" * 20_000),
        (PROTO, DOCUMENT + b"// " + b"x" * 2_000_000),
        (PROTO, DOCUMENT + b"message A { int32 a = 99999999999999999999; }"),
        (PROTO, DOCUMENT.replace(b"package ", b"package " + b"a" * 300 + b".", 1)),
        (PROTO, DOCUMENT + b"enum E { A = 0; } " * 2000),
    ],
)
def test_a_contract_source_beyond_bounds_is_a_finding_of_its_file(
    file: str, text: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, found = checked(tmp_path, {**FILES, file: text}, capsys)
    assert code in (1, 3)
    assert file in {each["file"] for each in found}
    assert all(len(each["message"]) < 600 for each in found)


@pytest.mark.parametrize(
    "pattern",
    ["a{99999999999999}", "(" * 3000 + ")" * 3000, "a{1000000}", "^((a{1000}){1000}){1000}$"],
)
def test_an_expression_that_no_engine_takes_is_a_finding(pattern: str) -> None:
    found = {each.code for each in judged_whole(with_pattern(pattern))}
    assert "SCH001" in found


@pytest.mark.parametrize(
    "pattern", ["^(a+)+(?=z)b$", "^(((((((a+)+)+)+)+)+)+)+b$", "(x+x+)+y(?!.)"]
)
def test_an_expression_on_which_some_engines_search_for_ever_ends(pattern: str) -> None:
    """Whatever is told of it: that it is told is what is tested."""
    assert {each.code for each in judged_whole(with_pattern(pattern))} <= {"SCH001", "CTR011"}


def test_more_files_than_anybody_writes_are_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = write_tree(tmp_path, FILES)
    for name, bound, said in (("MAX_FILES", 5, "files"), ("MAX_TREE", 1000, "bytes")):
        with monkeypatch.context() as patch:
            patch.setattr(source, name, bound)
            assert main(["--root", str(root), "check"]) == 3
        assert f"more than {bound} {said}" in capsys.readouterr().err


def test_of_a_file_without_end_only_the_beginning_is_read(tmp_path: Path) -> None:
    root = write_tree(tmp_path, FILES)
    with open(root / ADDED, "wb") as file:
        file.truncate(1 << 36)
    assert len(source.tree_from_disk(root, "model")[ADDED]) == source.MAX_BYTES + 1


def test_what_is_no_plain_file_is_not_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = write_tree(tmp_path / "root", FILES)
    away = write_tree(tmp_path / "away", {"secret.yaml": "}{", "folder/x.yaml": "}{"})
    place = root / "model/04_application"
    os.mkfifo(place / "pipe.yaml")
    (place / "link.yaml").symlink_to(away / "secret.yaml")
    (place / "device.yaml").symlink_to("/dev/zero")
    (place / "folder").symlink_to(away / "folder")
    (place / "round").symlink_to(root)
    (place / "directory.yaml").mkdir()
    assert checked(root, {}, capsys) == (0, [])
    (root / "model").rename(tmp_path / "elsewhere")
    (root / "model").symlink_to(tmp_path / "elsewhere")
    code, found = checked(root, {}, capsys)
    assert (code, [each["code"] for each in found]) == (3, ["SRC008"])


@pytest.mark.parametrize("command", [("check",), ("generate", "--check", "-j1")])
@pytest.mark.parametrize("form", ["text", "json"])
def test_a_name_that_is_no_text_is_told(
    command: tuple[str, ...], form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = write_tree(tmp_path, FILES)
    odd = os.fsencode(root) + b"/model/04_application/\xff.yaml"
    with open(odd, "wb"):
        pass
    assert main(["--root", str(root), *command, "--format", form]) == 3
    assert "\\udcff.yaml: its name is not UTF-8" in capsys.readouterr().err


def test_an_output_whose_name_is_no_text_is_listed_with_escapes(tmp_path: Path) -> None:
    root = write_tree(tmp_path, {"generated/a": ""})
    with open(os.fsencode(root) + b"/generated/\xff\x1b", "wb"):
        pass
    assert disk.outputs(root) == ("generated/\\xff\x1b", "generated/a")


# -- what it costs --------------------------------------------------------------------------------

SECONDS, MEGABYTES = 2.0, 300
"""Of processor time for one text, and of memory beyond that of a model without it (field notes,
4.3.7).
"""

DEAR: dict[str, bytes] = {
    "a million keys": b"".join(b"k%d: 1\n" % number for number in range(1_000_000)),
    "a hundred megabytes": b"a: " + b"x" * 100_000_000 + b"\n",
    "a hundred megabytes of brackets": b"a: " + b"[" * 100_000_000,
    "a million aliases": b"a: &a [1]\nb: [" + b"*a, " * 1_000_000 + b"*a]\n",
    "a key of a megabyte": b"x" * 1_000_000 + b": 1\n",
    "quotes that are not closed": b'a: "' + b"\\n" * 1_000_000,
}
_MEASURED = """
import resource, sys, time
from pathlib import Path
from cloudsync_gen.cli import main

def used():
    status = Path("/proc/self/status")
    if status.exists():  # the other figure is that of the process that started this one, too
        (line,) = (each for each in status.read_text().splitlines() if "VmHWM" in each)
        return int(line.split()[1]) // 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 2**20

root, text = sys.argv[1:3]
main(["--root", root, "check"])
before, begun = used(), time.process_time()
Path(text).rename(Path(root) / sys.argv[3])
code = main(["--root", root, "check", "--format", "json"])
seconds = time.process_time() - begun
print(f"\\n{code} {seconds} {used() - before}")
"""


def test_a_text_beyond_bounds_costs_little(tmp_path: Path, effort: Effort) -> None:
    """Beside what the model costs without it; `make test` measures the dearest two."""
    texts = DEAR | {name: text for name, (_, text) in YAML.items()}
    for name in [*texts][: effort.count(small=2, full=len(texts))]:
        seconds, megabytes = cost(tmp_path / name.replace(" ", "-"), texts[name])
        assert seconds < SECONDS, name
        assert megabytes < MEGABYTES, name


MEMBERS = ", ".join(f"m{number}x" for number in range(20_000))
ENUMERATION = f"""
many:
  id: data_model.enumeration.many
  name: Many
  description: More members than anybody reads.
  schema: {{ type: string, enum: [{MEMBERS}] }}
"""


def test_a_list_of_many_members_costs_little(tmp_path: Path) -> None:
    """Rules compare members by what they are, not each with each."""
    place = "model/07_data_model/brewing/added.yaml"
    seconds, _ = cost(tmp_path, ENUMERATION.encode(), place=place, ends=("0", "1"))
    assert seconds < 2 * SECONDS


def cost(
    folder: Path, content: bytes, *, place: str = ADDED, ends: tuple[str, ...] = ("3",)
) -> tuple[float, int]:
    """Seconds and megabytes that a text is told for, in a process of its own."""
    root = write_tree(folder / "root", FILES)
    text = folder / "text"
    text.write_bytes(content)
    done = subprocess.run(
        [sys.executable, "-c", _MEASURED, str(root), str(text), place],
        capture_output=True,
        text=True,
        check=True,
    )
    code, seconds, megabytes = done.stdout.rsplit("\n", 2)[-2].split()
    assert code in ends, done.stderr
    return float(seconds), int(megabytes)
