"""Texts that mean something in a language, at every place of a model, in every language written.

Each text is refused at its place, or stands in outputs whose trees are those of a plain text at the
same place; and importing what is generated does nothing but define.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from cloudsync_gen.engine import emit
from cloudsync_gen.engine.forms.template import environment
from cloudsync_gen.engine.render import NotRendered
from support.attempts import Attempt, attempt, attempts
from support.charts import objects_of
from support.effort import Effort
from support.hostile import Trees, imported, judged, judged_whole, outputs
from support.payloads import PAYLOADS
from support.positions import Position, kinds, placed, positions
from support.rules import all_models
from support.tree_shapes import data_shape, shape, words_of
from support.trees import Files

FILES = all_models()
PLAIN = "plain words"
VISIBLE = [each for each in PAYLOADS if emit.one_line(each)]
"""What shows nothing may be left out with what stands around it."""


class Ground(Struct):
    """A model with a plain text at each place that takes one, and what is generated from it."""

    tried: int
    texts: dict[Position, str]
    attempt: Attempt
    outputs: Files
    trees: Trees


@pytest.fixture(scope="module")
def ground(effort: Effort) -> Ground:
    step = effort.count(small=6, full=1)
    first = [each[0] for _, each in sorted(kinds(positions(FILES)).items())]
    tried = dict.fromkeys(first[::step], PLAIN)
    made = attempts(FILES, tried, judged)
    whole = attempt(FILES, made.accepted, judged_whole)
    plain = outputs(placed(FILES, whole.accepted))
    return Ground(len(tried), whole.accepted, made, plain, Trees(plain))


def test_most_places_were_tried(ground: Ground) -> None:
    assert len(ground.texts) >= ground.tried // 5
    assert len(ground.attempt.beside) <= ground.tried // 6


def test_what_is_refused_is_refused_where_it_stands(ground: Ground) -> None:
    """What a text alone causes elsewhere is at least told of its file."""
    for position, found in ground.attempt.elsewhere.items():
        files = {each.ref.file for each in found}
        files |= {related.ref.file for each in found for related in each.related}
        assert position.file in files, (position, found)


def rotation(ground: Ground, number: int) -> dict[Position, str]:
    """Another hostile text at each place; after as many rotations as there are texts, each has
    been at each.
    """
    places = enumerate(sorted(ground.texts))
    return {p: VISIBLE[(at * 7 + number) % len(VISIBLE)] for at, p in places}


def hostile(ground: Ground, number: int) -> Files:
    """The outputs, a plain text in the places where the hostile one is refused."""
    texts = rotation(ground, number)
    made = attempt(FILES, texts, judged_whole)
    assert len(made.accepted) > len(texts) * 0.9
    return outputs(placed(FILES, {**ground.texts, **made.accepted}))


def test_no_text_changes_the_tree_of_an_output(ground: Ground, effort: Effort) -> None:
    """Outputs differ in texts alone."""
    count = effort.count(small=1, full=len(VISIBLE))
    for number in range(0, len(VISIBLE), len(VISIBLE) // count):
        made = hostile(ground, number)
        assert made != ground.outputs
        assert list(ground.trees.differences(made)) == [], number


def test_what_is_generated_only_defines_and_its_charts_make_the_same_objects(
    ground: Ground, effort: Effort, tmp_path: Path
) -> None:
    words = words_of(ground.outputs)
    plain = data_shape(objects_of(ground.outputs, tmp_path / "plain"), words)
    for number in range(5, len(VISIBLE), effort.count(small=len(VISIBLE), full=16)):
        made = hostile(ground, number)
        assert imported(made, tmp_path / str(number)) > 50
        assert data_shape(objects_of(made, tmp_path / f"{number}-charts"), words) == plain


# -- the judges themselves ------------------------------------------------------------------------


HOLES: dict[str, tuple[str, Any]] = {
    "py_doc": ("model/04_application/brewing/recipe.yaml", lambda value: value),
    "py_str": ("model/04_application/brewing/recipe.yaml", lambda value: f'"{value}"'),
    "md": ("model/02_business/business.yaml", lambda value: value),
}
"""Filter -> where the texts stand that it writes, and one that lets everything through."""


@pytest.mark.parametrize("name", sorted(HOLES))
def test_a_filter_that_lets_text_through_is_noticed(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, hole = HOLES[name]
    # beside those that the model has, a setting's, which stands in Python
    used = (p for p in positions(FILES) if not p.lays or "/settings/" in p.kind)
    there = [p for p in used if p.file == file and p.kind.endswith("/description")]
    plain = outputs(placed(FILES, dict.fromkeys(there, PLAIN)))
    hostile_text = 'x"""\n\nimport os\n\n"""[a](b)'
    monkeypatch.setitem(environment("curly").filters, name, hole)
    try:
        made = outputs(placed(FILES, dict.fromkeys(there, hostile_text)))
        noticed = [*Trees(plain).differences(made)]
    except NotRendered as error:
        noticed = [str(error)]
    assert noticed


@pytest.mark.parametrize(
    ("path", "one", "other"),
    [
        ("a.py", "x = 1\n", "x = 1\ny = 2\n"),
        ("a.py", '"""a"""\nx = f(1)\n', '"""a"""\nx = g(1)\n'),
        ("a.py", 'Column("a", "text", "\'x\'")', 'Column("a", "text", "\'x\'; drop")'),
        ("a.json", '{"a": "b"}', '{"a": 1}'),
        ("a.yaml", "a: b\n", "a: b\nc: d\n"),
        ("a.yaml", "a: b\n", "a: 1\n"),
        ("a.toml", 'a = "b"\n', 'a = "b"\nc = 1\n'),
        ("a.graphql", "type A { a: Int }", "type A { a: Int b: Int }"),
        ("a.proto", "message A {}", "message A {} message B {}"),
        ("a.md", "a\n", "[a](b)\n"),
        ("a.md", '```mermaid\na["b"]\n```\n', '```mermaid\na["b"]\nc\n```\n'),
        ("Dockerfile", "FROM a\n", "FROM a\nRUN b\n"),
        ("a.txt", "a\n", "a\nb\n"),
    ],
)
def test_trees_that_differ_are_told_apart(path: str, one: str, other: str) -> None:
    words = frozenset(("a", "b", "c", "x", "y", "f", "g", "FROM", "RUN", "A", "B", "message"))
    assert shape(path, one.encode(), words) != shape(path, other.encode(), words)
