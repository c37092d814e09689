"""The generators that others wrote, each behind the guard that its holes ask for."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet

from cloudsync_gen.engine import render as rendering
from cloudsync_gen.engine.forms import layout, models, stubs
from cloudsync_gen.engine.forms.layout import NotASlug
from cloudsync_gen.engine.forms.models import Denied
from cloudsync_gen.engine.render import NotRendered, render
from cloudsync_gen.load.cache import ParseCache
from cloudsync_gen.load.proto import grpc_sources
from cloudsync_gen.model.artefacts import (
    Data,
    Layout,
    Planned,
    ProtoStubs,
    PydanticModels,
    Unit,
    Verbatim,
)
from support.trees import read_tree, write_tree

# -- cookiecutter ---------------------------------------------------------------------------------

HOOK = "open({marker!r}, 'w').close()\n"


@pytest.fixture
def scaffold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A layout whose hooks would leave a marker."""
    marker = tmp_path / "marker"
    hook = HOOK.format(marker=str(marker))
    folder = write_tree(
        tmp_path / "layouts/service",
        {
            "cookiecutter.json": '{"slug": "x", "_extensions": []}',
            "{{cookiecutter.slug}}/README.md": "# {{ cookiecutter.slug }}\n",
            "{{cookiecutter.slug}}/src/{{cookiecutter.slug}}/own.py": "A = 1\n",
            "hooks/pre_prompt.py": hook,
            "hooks/pre_gen_project.py": hook,
            "hooks/post_gen_project.py": hook,
        },
    )
    monkeypatch.setattr(layout, "resource", lambda name: folder.parent / name)
    return marker


def test_a_layout_is_rendered_without_its_hooks_and_leaves_nothing(
    scaffold: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    before = read_tree(tmp_path)
    assert layout.render(Layout("service", {"slug": "pear-service"})) == {
        "README.md": b"# pear-service\n",
        "src/pear-service/own.py": b"A = 1\n",
    }
    assert not scaffold.exists()
    assert read_tree(tmp_path) == before


BAD_SLUGS = [
    *("../../ESCAPED", "/tmp/ESCAPED", "..", ".", "", "a/b", "a\\b", "A", "1a", "-a", "a-", "a--b"),
    *("a b", "a\n", "{{ 1 }}", "ä", "a.b", "x" * 81, "~", "$HOME", "a;b", "con/", "a\x00"),
]


@pytest.mark.parametrize("slug", BAD_SLUGS)
def test_what_is_no_slug_makes_no_layout(scaffold: Path, tmp_path: Path, slug: str) -> None:
    before = read_tree(tmp_path)
    with pytest.raises(NotASlug):
        layout.render(Layout("service", {"slug": slug}))
    assert read_tree(tmp_path) == before


# -- datamodel-code-generator ---------------------------------------------------------------------


def document(**properties: Any) -> dict[str, Any]:
    thing = {"type": "object", "properties": properties, "title": "Thing"}
    return {"$defs": {"Thing": thing}, "$ref": "#/$defs/Thing"}


HOSTILE_SCHEMAS = [
    {"$ref": "file:///etc/hostname"},
    {"$ref": "../outside.json"},
    {"$ref": "/etc/hostname"},
    {"$ref": "http://127.0.0.1:9/x.json"},
    {"$ref": "https://a.example/x.json"},
    {"$ref": "//a.example/x.json"},
    {"$ref": "outside.json#/x"},
    {"type": "array", "items": {"anyOf": [{"$ref": "outside.json"}]}},
    {"type": "object", "customTypePath": "antigravity.Thing"},
    {"type": "object", "customBasePath": "antigravity.Thing"},
    {"type": "string", "default_factory": "os.getcwd"},
    {"type": "string", "x-python-type": "os.PathLike"},
    {"type": "string", "x-python-import": {"module": "antigravity", "name": "x"}},
]


@pytest.mark.parametrize("schema", HOSTILE_SCHEMAS)
def test_a_schema_that_steers_the_generator_is_denied(schema: dict[str, Any]) -> None:
    with pytest.raises(Denied):
        models.render(PydanticModels(document(a=schema)))


def test_the_generator_would_follow_what_the_guard_denies(tmp_path: Path) -> None:
    """Without the guard the import of a schema's choice is there: the guard is not for show."""
    schema = document(a={"type": "object", "customTypePath": "antigravity.Thing"})
    assert "antigravity" in models._generate(json.dumps(schema))


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def _list(name: str) -> dict[str, Any]:
    return {"type": "array", "items": {"$ref": f"#/$defs/{name}"}}


NUMBER, DATE = {"type": "integer"}, {"type": "string", "format": "date"}


@pytest.mark.parametrize(
    ("definitions", "given", "late"),
    [
        ({"Tree": _object(parts=_list("Leaf")), "Leaf": _object(size=NUMBER)}, {"size": 1}, False),
        ({"Tree": _object(parts=_list("Tree"), size=NUMBER)}, {"parts": [], "size": 1}, True),
        ({"Tree": _object(list=NUMBER, parts=_list("Leaf")), "Leaf": _object()}, {}, False),
        ({"Tree": _object(date=DATE, due=DATE, parts=_list("Leaf")), "Leaf": _object()}, {}, False),
    ],
)
def test_annotations_are_texts_only_where_python_could_not_evaluate_them(
    monkeypatch: pytest.MonkeyPatch, definitions: dict[str, Any], given: dict[str, Any], late: bool
) -> None:
    made = models.render(PydanticModels({"$defs": definitions}))
    assert (b"from __future__ import annotations" in made) is late
    module = ModuleType("made_models")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(made, vars(module))
    tree, text = vars(module)["Tree"], json.dumps({"parts": [given]})
    assert tree.model_validate_json(text).model_dump(mode="json", exclude_unset=True) == {
        "parts": [given]
    }


TEXTS = [
    '"""\nimport os\n"""',
    "a\nimport os",
    "\\",
    "'; import os; '",
    "x\u2028import os",
    "{{ v }}",
]


@pytest.mark.parametrize("text", TEXTS)
def test_text_of_a_schema_stays_text_in_its_model(text: str) -> None:
    plain, hostile = (
        models.render(
            PydanticModels(
                document(
                    a={"type": "string", "description": each, "title": each, "default": each},
                    b={"type": "string", "enum": ["x", each], "examples": [each]},
                )
                | {"description": each}
            )
        )
        for each in ("plain", text)
    )
    assert b"# Code generated by cloudsync-gen. DO NOT EDIT." in hostile
    assert structure(hostile) == structure(plain)


def structure(source: bytes) -> list[str]:
    """Statements and calls of a module, without the text of its strings."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom | ast.Call | ast.ClassDef):
            found.append(type(node).__name__)
    return found


# -- protoc ---------------------------------------------------------------------------------------

CANARY = '''syntax = "proto3";
package canary.v1;
import "cloudsync_gen/options.proto";
option (cloudsync_gen.contract) = {{id: "api.grpc-service.c" service: "application.service.c"}};
// plain doc """
// open({marker!r}, "w").close()
// """
// path C:\\new\\x
service CanaryService {{
  // """
  // open({marker!r}, "w").close()
  // """
  rpc Do(DoRequest) returns (DoResponse);
}}
// """
// open({marker!r}, "w").close()
message DoRequest {{ string a = 1; }}
message DoResponse {{ string a = 1; }}
'''


def test_a_comment_of_a_proto_does_not_reach_the_stubs(tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    text = CANARY.format(marker=str(marker))
    sources, (_, found) = grpc_sources({"model/06_api/a.proto": text.encode()}, ParseCache())
    assert found == []
    assert "open(" in " ".join(sources[0].comments.values())
    descriptor = FileDescriptorProto.FromString(sources[0].descriptor)
    del descriptor.dependency[:]
    descriptor.ClearField("options")
    whole = FileDescriptorSet(file=[descriptor]).SerializeToString()
    made = stubs.render(ProtoStubs(whole, (descriptor.name,)))
    assert len(made) == 3
    assert all(b"open(" not in content for content in made.values())
    folder = write_tree(tmp_path / "stubs", made)
    names = [name.removesuffix(".py").replace("/", ".") for name in made if name.endswith(".py")]
    done = subprocess.run(
        [sys.executable, "-c", f"import {', '.join(names)}"],
        cwd=folder,
        env={"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not marker.exists()


# -- what all forms share -------------------------------------------------------------------------


def unit(*planned: Planned) -> list[tuple[str, bytes]]:
    made = render(Unit(target="t", name="u", view=Verbatim("")), planned)
    return [(each.path, each.content) for each in made]


@pytest.mark.parametrize(
    ("path", "text"), [("a.py", "def"), ("a.py", "x = '\x00'"), ("a.json", "{"), ("a.json", "NaN")]
)
def test_a_file_that_is_not_of_its_language_is_a_bug(path: str, text: str) -> None:
    with pytest.raises(NotRendered, match=path):
        unit(Planned(path=path, form=Verbatim(text)))


def test_serialised_files_carry_the_notice_where_there_are_comments() -> None:
    made = dict(
        unit(
            Planned(path="a.yaml", form=Data("yaml", {"a": "no"})),
            Planned(path="a.json", form=Data("json", {"a": 1})),
            Planned(path="a.toml", form=Data("toml", {"a": "x\ny"}, header=False)),
        )
    )
    assert made["a.yaml"] == rendering.HEADER.encode() + b'a: "no"\n'
    assert made["a.json"] == b'{\n  "a": 1\n}\n'
    assert made["a.toml"] == b'a = "x\\ny"\n'
