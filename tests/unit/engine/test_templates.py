"""Templates: what their syntax trees may hold, and what the sandbox refuses when one lies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment, TemplateError, nodes
from jinja2.meta import find_undeclared_variables
from msgspec import Struct, field

from cloudsync_gen.engine import resources
from cloudsync_gen.engine.emit import FILTERS
from cloudsync_gen.engine.forms.template import environment, render
from cloudsync_gen.model.artefacts import Template
from support.trees import write_tree

FOLDER = Path(__file__).resolve().parents[3] / "templates"
TEMPLATES = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.j2"))
CURLY, SQUARE = re.compile(r"\{\{|\{%"), re.compile(r"\[\[|\[%")


def brackets(text: str) -> str:
    return "square" if SQUARE.search(text) and not CURLY.search(text) else "curly"


def complaints(text: str) -> Iterator[str]:
    """What a template may not do, by its syntax tree."""
    tree = environment(brackets(text)).parse(text)
    for output in tree.find_all(nodes.Output):
        for each in output.nodes:
            if isinstance(each, nodes.TemplateData):
                continue
            if not isinstance(each, nodes.Filter) or each.name not in FILTERS:
                yield f"line {each.lineno}: an expression without an emit filter at its end"
            elif each.args or each.kwargs or each.dyn_args or each.dyn_kwargs:
                yield f"line {each.lineno}: a filter with arguments"
    for forbidden in FORBIDDEN:
        yield from (f"line {n.lineno}: {type(n).__name__}" for n in tree.find_all(forbidden))
    for name in sorted(find_undeclared_variables(tree)):
        if name != "v":
            yield f"the name `{name}`"


FORBIDDEN = (
    *(nodes.Call, nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends, nodes.Block),
    *(
        nodes.Macro,
        nodes.CallBlock,
        nodes.FilterBlock,
        nodes.AssignBlock,
        nodes.ScopedEvalContextModifier,
    ),
)


def test_there_are_templates() -> None:
    assert len(TEMPLATES) >= 5


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_expression_ends_in_an_emit_filter(name: str) -> None:
    text = (FOLDER / name).read_text(encoding="utf-8")
    assert list(complaints(text)) == []
    assert not (CURLY.search(text) and SQUARE.search(text)), "one kind of brackets a template"


EXPRESSION = "line 1: an expression without an emit filter at its end"


@pytest.mark.parametrize("brackets", ["curly", "square"])
def test_templates_have_the_emit_filters_and_nothing_else(brackets: str) -> None:
    """No filter that lets text through, and no name but the view's."""
    made = environment(brackets)
    assert dict(made.filters) == dict(FILTERS)
    assert made.globals == {}
    assert made.extensions == {}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{{ v.a }}", ["line 1: an expression without an emit filter at its end"]),
        ("{{ v.a | slug ~ v.b }}", ["line 1: an expression without an emit filter at its end"]),
        ("{{ v.a | slug if v.b }}", ["line 1: an expression without an emit filter at its end"]),
        ("x\n{{ 'a' }}", ["line 2: an expression without an emit filter at its end"]),
        ("{{ v.a() | slug }}", ["line 1: Call"]),
        ("{% include 'a' %}", ["line 1: Include"]),
        ("{% macro a() %}{% endmacro %}", ["line 1: Macro"]),
        ("{% set a %}{{ v.a | slug }}{% endset %}", ["line 1: AssignBlock"]),
        ("{% filter slug %}x{% endfilter %}", ["line 1: FilterBlock"]),
        ("{% block a %}{% endblock %}", ["line 1: Block"]),
        ("{% extends 'a' %}", ["line 1: Extends"]),
        ("{% set a = v.a | slug %}{{ a }}", [EXPRESSION]),
        ("{{ w | slug }}", ["the name `w`"]),
        ("{{ v.a | slug }}{% for a in v.b %}{{ a | py_str }}{% endfor %}", []),
        ("[[ v.a ]]", ["line 1: an expression without an emit filter at its end"]),
        ("[% for a in v.b %][[ a | slug ]] {{ .Values.x }}[% endfor %]", []),
    ],
)
def test_a_template_that_breaks_the_rule_is_found(text: str, found: list[str]) -> None:
    if "{{ ." in text:
        text = text.replace("{{ .Values.x }}", "")
    assert list(complaints(text)) == found


# -- the second fence -----------------------------------------------------------------------------


class View(Struct, frozen=True):
    name: str = "pear"
    names: tuple[str, ...] = ("a", "b")
    data: dict[str, Any] = field(default_factory=lambda: {"a": 1})


GADGETS = [
    "{{ v.__class__ | slug }}",
    "{{ v['__class__'] | slug }}",
    "{{ v.name.__class__.__mro__ | py_literal }}",
    "{{ ''.__class__.__base__.__subclasses__() | py_literal }}",
    "{{ v.name.format.__globals__ | py_literal }}",
    "{{ '{0.__class__}'.format(v) | py_str }}",
    "{{ ('{0.__class__}' | py_str).format(v) | py_str }}",
    "{{ v.__init__.__globals__ | py_literal }}",
    "{{ self.__init__ | py_str }}",
    "{{ self._TemplateReference__context | py_str }}",
    "{{ cycler.__init__.__globals__.os.getcwd() | py_str }}",
    "{{ lipsum.__globals__ | py_str }}",
    "{{ range(9) | py_literal }}",
    "{{ namespace() | py_literal }}",
    "{{ joiner() | py_str }}",
    "{{ config | py_str }}",
    "{{ v.name | attr('__class__') | py_str }}",
    "{{ v.names | map(attribute='__class__') | py_literal }}",
    "{{ v.data.update({'b': 2}) | py_literal }}",
    "{{ v.data.__setitem__('b', 2) | py_literal }}",
    "{{ v.data.clear() | py_literal }}",
    "{{ v.nothing | py_str }}",
    "{{ nothing | py_str }}",
    "{% include '/etc/passwd' %}",
    "{% include '../pyproject.toml' %}",
    "{% include 'gadget.j2' ~ '/../../secret' %}",
    "{% import 'os' as os %}{{ os | py_str }}",
    "{% for x in v.names recursive %}{{ loop.__class__ | py_str }}{% endfor %}",
]


@pytest.fixture
def templates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A templates folder of a stranger."""
    folder = write_tree(tmp_path / "templates", {"plain.j2": "{{ v.name | slug }}\n"})
    write_tree(tmp_path, {"secret": "s"})
    monkeypatch.setattr("cloudsync_gen.engine.forms.template.templates", lambda: folder)
    environment.cache_clear()
    yield folder
    environment.cache_clear()


def test_a_plain_template_renders(templates: Path) -> None:
    assert render(Template("plain.j2", View())) == b"pear\n"


@pytest.mark.parametrize("gadget", GADGETS)
def test_a_gadget_is_refused(templates: Path, gadget: str) -> None:
    write_tree(templates, {"gadget.j2": gadget})
    view = View()
    with pytest.raises((TemplateError, TypeError, ValueError)):
        render(Template("gadget.j2", view))
    assert view.data == {"a": 1}


def test_the_gadgets_work_outside_the_sandbox() -> None:
    """The list above is no list of mere mistakes: unfenced, most of them go through."""
    plain = Environment(autoescape=False)
    plain.filters.update({**FILTERS, "py_literal": str, "slug": str, "py_str": str})
    through = 0
    for gadget in GADGETS:
        try:
            plain.from_string(gadget).render(v=View())
        except (TemplateError, TypeError):
            continue
        through += 1
    assert through >= 15


@pytest.mark.parametrize("name", ["../secret", "/etc/hostname", "a/../../secret", "", "none.j2"])
def test_a_template_is_a_file_of_the_folder(templates: Path, name: str) -> None:
    with pytest.raises(TemplateError):
        render(Template(name, View()))


@pytest.mark.parametrize("name", ["../secret", "/etc/hostname", "a/../../secret", ".."])
def test_a_resource_is_a_file_of_the_folder(name: str) -> None:
    with pytest.raises(ValueError, match="not a template's name"):
        resources.resource(name)


def test_text_of_the_view_is_never_a_template(templates: Path) -> None:
    write_tree(templates, {"text.j2": "x = {{ v.name | py_str }}\n"})
    view = View(name="{{ v.names }}{% raw %}")
    assert render(Template("text.j2", view)) == b'x = "{{ v.names }}{% raw %}"\n'
