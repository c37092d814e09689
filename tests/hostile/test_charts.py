"""Charts and what is given to them stay data in Helm's own engine: whatever texts the model and
whoever deploys put in, the objects for the cluster have the same trees, or the chart refuses it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import jsonschema_rs
import pytest

from cloudsync_gen.source import Pointer
from support import plain_yaml
from support.charts import Objects, assembled, cluster, laid, rendered
from support.effort import Effort
from support.hostile import outputs
from support.payloads import PAYLOADS
from support.positions import put
from support.rules import all_models
from support.tree_shapes import data_shape

KEYS = (
    ("settings", "CHASSIS_GREETING"),
    ("placement", "nodeSelector", "team"),
    ("metrics", "podMonitor", "labels", "team"),
    ("secrets", "CHASSIS_REDIS_URL", "name"),
    ("secrets", "CHASSIS_REDIS_URL", "key"),
    ("resources", "limits", "cpu"),
)
"""Places that values may have beside those of the chart's own."""

PLAIN, QUANTITY = "plain", "500m"
"""What stands for all other texts where any may stand, and where quantities alone may."""


class Chart:
    """A chart with its library, and what may be given to it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._judge = jsonschema_rs.validator_for(
            json.loads((folder / "values.schema.json").read_bytes())
        )
        self.values = plain_yaml.load((folder / "values.yaml").read_bytes())
        self.values["cluster"] |= cluster(folder)
        self.values["metrics"]["podMonitor"]["enabled"] = True

    def takes(self, values: Any) -> bool:
        return self._judge.is_valid(values)

    def objects(self, values: Any) -> Objects:
        return rendered(self._folder, values)

    def plain(self, place: Pointer) -> Objects:
        """With a plain text or a quantity there, or what stands there where neither may."""
        given = (put(self.values, place, text) for text in (PLAIN, QUANTITY))
        return self.objects(next(filter(self.takes, given), self.values))

    def places(self) -> Iterator[Pointer]:
        """Those of texts, and of texts in their place."""
        pending: list[tuple[Pointer, Any]] = [((), self.values)]
        while pending:
            pointer, value = pending.pop()
            entries: Any = value.items() if isinstance(value, dict) else ()
            entries = enumerate(value) if isinstance(value, list) else entries
            below = [((*pointer, key), each) for key, each in entries]
            pending += below
            if not below:
                yield pointer
        yield from KEYS


@pytest.fixture(scope="module", params=["recipe", "lambda"])
def chart(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Chart:
    """Of a service that speaks HTTP, and of one that speaks gRPC."""
    folder = tmp_path_factory.mktemp("charts")
    charts = laid(outputs(all_models()), folder / "root")
    return Chart(assembled(charts / request.param, folder))


def test_values_change_no_tree(chart: Chart, effort: Effort) -> None:
    """An empty text is left out: some places say by it that there is nothing."""
    places = sorted(chart.places(), key=str)
    pairs = [(place, text) for place in places for text in PAYLOADS if text]
    chosen = Random(7).sample(pairs, effort.count(small=60, full=len(pairs)))
    plain: dict[Pointer, Objects] = {}
    taken = 0
    for place, text in chosen:
        given = put(chart.values, place, text)
        if chart.takes(given):
            taken += 1
            if place not in plain:
                plain[place] = chart.plain(place)
            assert_alike(chart.objects(given), plain[place], (place, text))
    assert taken > len(chosen) // 10


@pytest.mark.parametrize("holder", [key[:-1] for key in KEYS[:3]])
def test_names_that_are_given_change_no_tree(holder: Pointer, chart: Chart, effort: Effort) -> None:
    plain = chart.objects(put(chart.values, (*holder, "A_NAME"), PLAIN))
    names = (*PAYLOADS[:: effort.count(small=9, full=1)], "A_NAME2", "TEAM")
    taken = [text for text in names if chart.takes(put(chart.values, (*holder, text), PLAIN))]
    assert 2 <= len(taken) < len(names) // 2
    for text in taken:
        assert_alike(chart.objects(put(chart.values, (*holder, text), PLAIN)), plain, text)


@pytest.mark.parametrize("name", ["x" * 400, "a\x85b", "\x7f\x9f"])
@pytest.mark.parametrize("holder", [key[:-1] for key in KEYS[:3]])
def test_a_name_that_helm_cannot_write_is_refused(holder: Pointer, name: str, chart: Chart) -> None:
    """Its `toYaml` would leave out the whole map, and pods would run on any machine."""
    assert not chart.takes(put(chart.values, (*holder, name), PLAIN))


def assert_alike(given: Objects, plain: Objects, what: object) -> None:
    """The same trees; keys that are not of the plain ones, and those that stand for them, are
    texts.
    """
    words = _keys(plain) & _keys(given)
    trees = [data_shape(_ordered(each, words), words) for each in (given, plain)]
    assert trees[0] == trees[1], what


def _ordered(value: Any, words: frozenset[str]) -> Any:
    """Helm sorts keys: those that are texts come last here."""
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: (name not in words, name))
        return {name: _ordered(value[name], words) for name in names}
    return [_ordered(each, words) for each in value] if isinstance(value, list) else value


def _keys(value: Any) -> frozenset[str]:
    if isinstance(value, dict):
        return frozenset(value).union(*map(_keys, value.values()))
    return frozenset().union(*map(_keys, value)) if isinstance(value, list) else frozenset()


def test_a_template_that_does_not_quote_is_noticed(tmp_path: Path) -> None:
    chart = tmp_path / "chart"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: chart\nversion: 1.0.0\n")
    schema: Any = {"properties": {"cluster": {"properties": {"region": {}}}}}
    (chart / "values.schema.json").write_text(json.dumps(schema))
    (chart / "templates" / "a.yaml").write_text("kind: A\na: {{ .Values.a }}\n")
    plain = rendered(chart, {"a": PLAIN})
    for text in ("x\nb: y", "1", "[x]"):
        with pytest.raises(AssertionError):
            assert_alike(rendered(chart, {"a": text}), plain, text)
