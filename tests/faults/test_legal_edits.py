"""Changes that everybody may make to a model: nothing is found.

Small ones stand in `edits.toml`, kinds in `legal.toml`; here are those of whole files, tried on
both models, and elements with new names.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from cloudsync_gen import pipeline
from cloudsync_gen.load import yaml_tree
from cloudsync_gen.model.ids import name_of
from cloudsync_gen.model.system import Model
from support.breakers import Change, changed, read
from support.effort import Effort
from support.rules import BASE, MEMORY, findings
from support.trees import Files, edited, read_tree

EDITS: list[dict[str, Any]] = tomllib.loads(
    (Path(__file__).parent / "edits.toml").read_text(encoding="utf-8")
)["edit"]
LEMONADE = read_tree(BASE)
FIRST_KEY = re.compile(r"^(?=[a-z][a-z0-9-]*:\n)", re.MULTILINE)

Edit = Callable[[Files], Files]


def changes_of(edit: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    changes: dict[str, dict[str, str]] = {}
    for each in edit["change"]:
        changes.setdefault(each["file"], {})[each["old"]] = each["new"]
    return changes


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit["name"])
def test_a_small_edit(edit: dict[str, Any]) -> None:
    files = edited(LEMONADE, changes_of(edit))
    assert [*map(str, findings(files))] == []
    assert files != LEMONADE


def every(suffixes: tuple[str, ...], change: Callable[[str], str]) -> Edit:
    """The same change of every file with one of these suffixes."""

    def edit(files: Files) -> Files:
        return {
            name: change(text.decode()).encode() if name.endswith(suffixes) else text
            for name, text in files.items()
        }

    return edit


YAML = (".yaml",)
TEXT = (".yaml", ".graphql", ".proto")


def data(text: str) -> Any:
    return yaml_tree.parse("model/x.yaml", text).value


def backwards(value: Any) -> Any:
    """Every mapping with its keys in the opposite order."""
    if isinstance(value, dict):
        return {key: backwards(value[key]) for key in reversed(value)}
    return [backwards(each) for each in value] if isinstance(value, list) else value


def block(**style: Any) -> Callable[[str], str]:
    options = {"default_flow_style": False, "sort_keys": False, "allow_unicode": True, **style}

    def write(text: str) -> str:
        return str(yaml.safe_dump(data(text), **options))

    return write


def elements(text: str) -> tuple[str, list[str]]:
    """What stands before the first element of a layer's file, and the elements as text."""
    head, *rest = FIRST_KEY.split(text)
    return head, rest


def is_layer(name: str) -> bool:
    folder = name.split("/")[-2]
    return (
        name.endswith(".yaml")
        and name.count("/") > 1
        and folder
        not in (
            "rest-apis",
            "webhooks",
        )
    )


def split_in_two(files: Files) -> Files:
    """Every layer's file with several elements becomes two; references keep to their file."""
    after: Files = {}
    for name, text in files.items():
        head, parts = elements(text.decode()) if is_layer(name) else ("", [])
        anchored = b": &" in text  # an alias and its anchor stay in one file
        if len(parts) < 2 or "/07_data_model/" in name or anchored:
            after[name] = text
            continue
        middle = len(parts) // 2
        after[name] = (head + "".join(parts[:middle])).encode()
        after[name.replace(".yaml", "-more.yaml")] = (head + "".join(parts[middle:])).encode()
    return after


def moved_deeper(files: Files) -> Files:
    """Layers' files in a sub-folder; those of the data model refer to each other by path."""
    return {
        re.sub(r"^(model/(?!06|07)\d\d_[a-z]+)/", r"\1/deep/down/", name): text
        for name, text in files.items()
    }


def elements_backwards(files: Files) -> Files:
    after = dict(files)
    for name, text in files.items():
        if is_layer(name):
            head, parts = elements(text.decode())
            if parts and not parts[-1].endswith("\n"):
                parts[-1] += "\n"
            after[name] = (head + "".join(reversed(parts))).encode()
    return after


def with_company(files: Files) -> Files:
    """Files that are no part of the model beside those that are."""
    company = {
        "model/README.md": b"# Not: [yaml\n",
        "model/01_motivation/notes.txt": b"\xff\xfe",
        "model/01_motivation/empty.yaml": b"",
        "model/01_motivation/later.yaml": b"# nothing yet\n",
        "model/notes/ideas.yaml": b"a: [\n",
    }
    return files | company


def as_json_files(files: Files) -> Files:
    """Layer files in JSON, under that name."""
    return {
        (name[:-5] + ".json" if is_layer(name) and "/07_" not in name else name): text
        for name, text in every(YAML, lambda text: json.dumps(data(text), indent=2))(files).items()
    }


WHOLE: dict[str, Edit] = {
    "CRLF": every(TEXT, lambda text: text.replace("\n", "\r\n")),
    "no newline at the end": every(TEXT, lambda text: text.rstrip("\n")),
    "blank lines at the end": every(TEXT, lambda text: text + "\n\n\n"),
    "a byte order mark": every(YAML, lambda text: "\ufeff" + text),
    "a modeline": every(YAML, lambda text: "# yaml-language-server: $schema=x.json\n" + text),
    "a document marker": every(YAML, lambda text: "---\n" + text),
    "an end marker": every(YAML, lambda text: text + "...\n"),
    "a YAML version": every(YAML, lambda text: "%YAML 1.2\n---\n" + text),
    "a comment before every element": every(YAML, lambda text: FIRST_KEY.sub("# next\n", text)),
    "a comment on every line": every(YAML, lambda text: re.sub(r"([a-z]:)\n", r"\1 # so\n", text)),
    "a comment after every SDL line": every((".graphql",), lambda t: t.replace("\n", " # so\n")),
    "commas in SDL": every((".graphql",), lambda text: text.replace("!\n", "!,\n")),
    "comments in proto": every((".proto",), lambda text: text.replace(";\n", "; // so\n")),
    "JSON": every(YAML, lambda text: json.dumps(data(text), ensure_ascii=False)),
    "indented JSON": every(YAML, lambda text: json.dumps(data(text), indent=4)),
    "JSON with keys sorted": every(YAML, lambda text: json.dumps(data(text), sort_keys=True)),
    "keys backwards": every(YAML, lambda text: json.dumps(backwards(data(text)))),
    "block style": every(YAML, block()),
    "block style, narrow": every(YAML, block(width=40)),
    "block style, deep": every(YAML, block(indent=6)),
    "block style, ASCII": every(YAML, block(allow_unicode=False)),
    "block style, keys sorted": every(YAML, block(sort_keys=True)),
    "elements backwards": elements_backwards,
    "files split in two": split_in_two,
    "files in sub-folders": moved_deeper,
    "files in JSON": as_json_files,
    "other files beside them": with_company,
}


@pytest.mark.parametrize("name", WHOLE)
def test_an_edit_of_whole_files(name: str) -> None:
    files = WHOLE[name](LEMONADE)
    assert [*map(str, findings(files))] == []
    assert files != LEMONADE


class Quoting(yaml.SafeDumper):
    """Writes every string, keys too, in single quotes."""


Quoting.add_representer(
    str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style="'")
)

ONE_FILE: dict[str, Callable[[str], str]] = {
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "JSON": lambda text: json.dumps(data(text), indent=2),
    "keys backwards": lambda text: json.dumps(backwards(data(text))),
    "block style": block(width=60, explicit_start=True),
    "flow style": lambda text: str(yaml.safe_dump(data(text), default_flow_style=True)),
    "every string quoted": lambda text: str(yaml.dump(data(text), Dumper=Quoting)),
    "spaced out": lambda text: text.replace("\n", "\n\n") if "|" not in text else text + "\n",
}
FILES = [name for name in LEMONADE if name.startswith("model/") and name.endswith(YAML)]


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("way", ONE_FILE)
def test_an_edit_of_one_file(file: str, way: str) -> None:
    """The others keep their style: what is said across files is found whatever the style."""
    before = LEMONADE[file].decode()
    after = ONE_FILE[way](before)
    assert [*map(str, findings(LEMONADE | {file: after.encode()}))] == []
    assert after != before


def model_of(files: Files) -> Model:
    model = pipeline.check(files, store=MEMORY).model
    assert model is not None
    return model


CARRIERS = ("command", "query")
"""What an operation or RPC carries shares its name, and is renamed with its contract."""

KEYS = ("data_model.entity.recipe", "application.aggregate.recipe-aggregate")
"""Payloads and paths call their keys after these: `recipeId`."""


def is_renamed(element: str) -> bool:
    carried = element.split(".")[1] in CARRIERS and element != READY
    return not (element.startswith("api.") or element in KEYS or carried)


READY = "application.command.ready-press"
"""A command that no operation carries."""

RENAMED = [each for each in model_of(LEMONADE).elements if is_renamed(each)]


def spellings(element: str, new: str) -> list[tuple[str, str]]:
    """What names an element, as patterns, and what names it afterwards."""
    layer, kind, name = element.split(".")
    found = [(rf"\b{re.escape(element)}(?![a-z0-9-])", f"{layer}.{kind}.{new}")]
    if layer == "data_model":
        found.append((rf"(?<=#/){name}(?=/schema)", new))
    if kind == "classification":
        found.append((rf"(?<=x-classification: ){name}\b", new))
    if kind == "resource":
        found.append((rf'(?<="){name}(?=:)', new))
    if kind == "domain":
        found.append((rf"(?<=package zitrusgarten\.){name}(?=\.)", new))
    return found


@pytest.mark.parametrize("element", RENAMED)
def test_an_element_renamed_with_all_its_links(element: str) -> None:
    """Its id and whatever else names it, wherever that is written, and its key."""
    place = model_of(LEMONADE).ref(element)
    files = dict(LEMONADE)
    for pattern, new in spellings(element, "renamed"):
        files = every(TEXT, partial(re.compile(pattern).sub, new))(files)
    renamed = element.rpartition(".")[0] + ".renamed"
    own = files[place.file].decode()
    key = f"{name_of(element)}:\n  id: {renamed}\n"
    assert own.count(key) == 1
    files[place.file] = own.replace(key, f"renamed:\n  id: {renamed}\n").encode()
    assert [*map(str, findings(files))] == []


KINDS = read(Path(__file__).parent / "legal.toml", Change)
PLACES, SEED = 10, 12


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_legal_change_by_lot(kind: Change, effort: Effort) -> None:
    tried = [*changed(kind, LEMONADE, effort.count(small=1, full=PLACES), SEED)]
    assert tried
    for each in tried:
        assert [*map(str, findings(each.files))] == [], each.place


LEAST = 500


def test_there_are_enough_legal_edits(capsys: pytest.CaptureFixture[str]) -> None:
    names = {edit["name"] for edit in EDITS}
    assert len(names) == len(EDITS)
    assert len({each.name for each in KINDS}) == len(KINDS)
    by_lot = sum(len([*changed(each, LEMONADE, PLACES, SEED)]) for each in KINDS)
    number = len(EDITS) + len(WHOLE) + len(RENAMED) + len(ONE_FILE) * len(FILES) + by_lot
    with capsys.disabled():
        sys.stdout.write(f"\n{number} legal edits, of which nothing is found\n")
    assert number >= LEAST


def test_edits_of_this_repository(effort: Effort) -> None:
    """What is found in our own model, if anything, does not depend on how it is written."""
    files = dict(pipeline.read_model(Path(__file__).resolve().parents[2]))
    before = pipeline.check(files, store=MEMORY).diagnostics
    every = ("files split in two", "keys backwards", "CRLF", "block style")
    for name in every[: effort.count(small=1, full=len(every))]:
        after = pipeline.check(WHOLE[name](files), store=MEMORY).diagnostics
        assert {(each.code, each.fingerprint) for each in after} == {
            (each.code, each.fingerprint) for each in before
        }, name
