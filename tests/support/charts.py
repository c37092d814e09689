"""Charts as Helm renders them for a cluster."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import helm_python

from support import plain_yaml
from support.trees import Files, write_tree

_LIBRARY = Path(__file__).parents[2] / "templates" / "charts" / "library"
KEY_NETWORK = "10.250.0.0/24"
COLLECTOR = "http://collector.monitoring:4318"
Objects = list[dict[str, Any]]


def cluster(chart: Path, region: str = "") -> dict[str, Any]:
    """What a cluster knows that the model does not; in the first of the chart's regions."""
    schema = json.loads((chart / "values.schema.json").read_bytes())
    regions = schema["properties"]["cluster"]["properties"]["region"].get("enum", ["here"])
    return {
        "region": region or regions[0],
        "issuerKeys": "https://auth.example.com/keys",
        "workloadIssuer": "https://oidc.example.com/id/1",
        "workloadKeys": "https://oidc.example.com/id/1/keys",
        "keyNetworks": [KEY_NETWORK],
        "collector": COLLECTOR,
    }


def assembled(chart: Path, folder: Path) -> Path:
    """The chart with its library beside it, as `helm dependency build` would lay it."""
    copy = folder / chart.name
    shutil.copytree(chart, copy)
    shutil.copytree(chart.parent / "library", copy / "charts" / "service-library")
    return copy


def laid(outputs: Files, folder: Path) -> Path:
    """The folder of the charts among outputs, with the library beside them."""
    write_tree(folder, {name: text for name, text in outputs.items() if "/charts/" in name})
    charts = folder / "generated" / "charts"
    shutil.copytree(_LIBRARY, charts / "library")
    return charts


def rendered(chart: Path, values: dict[str, Any] | None = None) -> Objects:
    with helm_python.Chart.load(str(chart)) as loaded:
        asked = {"cluster": cluster(chart), **(values or {})}
        texts = loaded.render(asked, name="release", namespace="production")
    return [each for text in texts.values() for each in plain_yaml.documents(text)]


def objects_of(outputs: Files, folder: Path) -> Objects:
    """What all charts among outputs are for a cluster."""
    charts = laid(outputs, folder / "root")
    names = sorted(each.name for each in charts.iterdir() if each.name != "library")
    return [each for n in names for each in rendered(assembled(charts / n, folder / "assembled"))]


def pod_of(objects: Objects) -> dict[str, Any]:
    """The pod of the Deployment."""
    (deployment,) = (each for each in objects if each["kind"] == "Deployment")
    found: dict[str, Any] = deployment["spec"]["template"]["spec"]
    return found
