"""Names of one kind that differ by a hyphen, an underscore, capitals or where digits begin: what
`check` lets pass can be generated, and nothing of it is there twice or lost.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import combinations
from random import Random
from typing import Any

import pytest

from cloudsync_gen.load import yaml_tree
from cloudsync_gen.model.ids import name_of, type_of
from cloudsync_gen.rules._alike import squeezed
from support.effort import Effort
from support.hostile import judged, judged_whole, outputs
from support.renames import names, renamed
from support.rules import all_models
from support.trees import Files

FILES = all_models()
ALIKE = ("MDL012", "MDL013")
SEED = 6
_STYLES = {"-": re.compile(r"[a-z0-9]+(-[a-z0-9]+)+"), "_": re.compile(r"[a-z0-9]+(_[a-z0-9]+)+")}


def siblings(files: Files) -> list[tuple[str, str]]:
    """Pairs of names of one kind: of elements of a type, keys of a mapping, entries of a list,
    values of one field of elements beside each other.
    """
    given = {*names(files)}
    groups: list[set[str]] = []
    by_type: dict[str, set[str]] = {}
    for file, text in sorted(files.items()):
        if file.endswith(".yaml"):
            for node in _nodes(yaml_tree.parse(file, text.decode()).value):
                groups.append({each for each in node if isinstance(each, str)})
                if isinstance(node, dict) and "name" in node and isinstance(node.get("id"), str):
                    by_type.setdefault(type_of(node["id"]), set()).add(name_of(node["id"]))
    pairs = {
        pair for group in (*groups, *by_type.values()) for pair in combinations(sorted(group), 2)
    }
    return sorted(pair for pair in pairs if given.issuperset(pair))


def _nodes(value: Any) -> Iterator[Any]:
    if isinstance(value, dict | list):
        yield value
        for each in value.values() if isinstance(value, dict) else value:
            yield from _nodes(each)


def styled(like: str, parts: list[str]) -> str:
    """Parts of a name joined in the style of another."""
    for mark, style in _STYLES.items():
        if style.fullmatch(like):
            return mark.join(parts)
    if "-" in like or "_" in like:
        return "-".join(parts)
    return parts[0] + "".join(each[:1].upper() + each[1:] for each in parts[1:])


def twins(old: tuple[str, str], random: Random) -> tuple[str, str]:
    """Two different names with the same letters and digits, each in the style of what it is to
    replace, or of one that a careless hand writes.
    """
    while True:
        letters = "x" + "".join(random.choice("yz12") for _ in range(random.randint(2, 4)))
        made = [styled(each, cut(letters, random)) for each in old]
        if made[0] != made[1]:
            return made[0], made[1]


def cut(letters: str, random: Random) -> list[str]:
    """The letters in one piece or several, each of which may begin with a digit."""
    places = sorted(random.sample(range(1, len(letters)), random.randint(0, 2)))
    return [letters[a:b] for a, b in zip([0, *places], [*places, None], strict=True)]


def doubled(files: Files) -> list[str]:
    """Functions and classes that stand twice in one module or class, overloads left out."""
    return [
        f"{path}: {name}"
        for path, content in files.items()
        if path.endswith(".py")
        for scope in ast.walk(ast.parse(content))
        if isinstance(scope, ast.Module | ast.ClassDef)
        for name, number in Counter(_defined(scope)).items()
        if number > 1
    ]


def _defined(scope: ast.Module | ast.ClassDef) -> Iterator[str]:
    for node in scope.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            if not node.decorator_list:
                yield node.name
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id


def sizes(files: Files) -> dict[str, int]:
    """File of data -> how many keys its mappings have, files called by kind."""
    found: Counter[str] = Counter()
    for path, content in files.items():
        if path.endswith((".yaml", ".json")) and path.startswith("contracts/"):
            text = content.decode()
            data = json.loads(text) if path.endswith(".json") else yaml_tree.parse(path, text).value
            found[path.split("/")[1]] += sum(len(each) for each in _nodes(data))
    return dict(found)


def test_what_check_lets_pass_has_no_name_twice(
    effort: Effort, capsys: pytest.CaptureFixture[str]
) -> None:
    random, plain = Random(SEED), sizes(outputs(FILES))
    pairs = siblings(FILES)
    told, passed = 0, 0
    for old in random.sample(pairs, effort.count(small=8, full=400)):
        new = twins(old, random)
        files = renamed(renamed(FILES, old[0], "first-of-two"), old[1], new[1])
        files = renamed(files, "first-of-two", new[0])
        found = judged(files)
        told += any(each.code in ALIKE for each in found)
        if found:
            continue
        passed += 1
        assert judged_whole(files) == [], (old, new)
        made = outputs(files)
        assert doubled(made) == [], (old, new)
        assert sizes(made) == plain, (old, new)
    with capsys.disabled():
        sys.stdout.write(
            f"\n{told} pairs of names alike told, {passed} that are not alike where they stand\n"
        )
    assert told > 0


@pytest.mark.parametrize(
    ("one", "other"),
    [("x1y", "x1-y"), ("x1y", "x1_y"), ("x1Y", "x1y"), ("x-1", "x1"), ("semVer", "semver")],
)
def test_names_that_are_one_somewhere_are_one_to_the_rule(one: str, other: str) -> None:
    assert squeezed(one) == squeezed(other)
    assert squeezed(one) != squeezed(f"{other}z")


def test_doubles_are_seen() -> None:
    text = b"class A:\n    def x(self): ...\n    def x(self): ...\nb: int\nb: str\n"
    assert doubled({"m.py": text}) == ["m.py: b", "m.py: x"]
