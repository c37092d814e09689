"""Words: filling templates, what their schemas demand, languages, markup. Nothing here does I/O."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from referencing import Registry
from referencing.exceptions import Unresolvable

Variables = Mapping[str, str]

_PLACE = re.compile(r"\{\{\s*([a-z][a-zA-Z0-9]{0,39})\s*\}\}")
_LINK = re.compile(r"(?i)\b(?:[a-z][a-z0-9+.-]*://|www\.)\S+|\b[\w-]+(?:\.[\w-]+)+/\S*")
_HOST = re.compile(r"(?i)\b((?:[a-z0-9-]+\.)+)([a-z]{2,})\b")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]+")
_FALLBACK = "en"
_SUBJECT = 180
_TAGS = {
    "mj-section": "tr",
    "mj-column": "td",
    "mj-text": "p",
    "mj-button": "a",
    "mj-image": "img",
    "mj-divider": "hr",
}
_PLAIN = frozenset({"p", "br", "b", "strong", "i", "em", "ul", "ol", "li", "h1", "h2", "h3", "a"})
_VOID = frozenset({"br", "img", "hr"})
_SAFE = ("https://", "mailto:")
_BROKEN = "the template's own schema is broken"


def languages(wanted: str) -> tuple[str, ...]:
    """The language and those to fall back to: `pt-BR`, `pt`, `en`; scripts come off last."""
    parts = wanted.split("-")
    chain = ["-".join(parts[:length]) for length in range(len(parts), 0, -1)]
    return tuple(dict.fromkeys((*chain, _FALLBACK)))


def without_links(text: str) -> str:
    """The text without addresses of the web, so that nobody advertises by naming things.

    A bare host name stays readable and is no link any more: its dots are followed by a space.
    """
    return _HOST.sub(lambda found: found[0].replace(".", ". "), _LINK.sub("", text)).strip()


def stripped(variables: Variables) -> dict[str, str]:
    """Variables as they may be quoted: only those called `…Link` lead anywhere, and by HTTPS."""
    found = {}
    for name, value in variables.items():
        if name.endswith("Link"):
            found[name] = value if value.startswith("https://") else ""
        elif name.startswith("calendar"):
            found[name] = value
        else:
            found[name] = without_links(value)
    return found


def fill(text: str, variables: Variables, escaped: bool = False) -> str:
    """`{{name}}` replaced, once and not again within what was put in; unknown names vanish."""

    def put(found: re.Match[str]) -> str:
        value = variables.get(found[1], "")
        return html.escape(value) if escaped else value

    return _PLACE.sub(put, text)


def subject(text: str, variables: Variables) -> str:
    """One line of at most 180 characters (RFC 5322 §2.2: a line break would begin a header)."""
    line = _CONTROL.sub(" ", fill(text, variables).replace("\n", " "))
    return " ".join(line.split())[:_SUBJECT].strip()


def faults(schema: str, variables: Variables) -> list[str]:
    """What of the variables does not satisfy a template's schema: names and rules, no values.

    The schema is JSON Schema 2020-12; one that is none, or that cannot be evaluated, accepts
    nothing. References lead nowhere outside it: nothing is fetched, whatever they say.
    """
    try:
        document = json.loads(schema)
        Draft202012Validator.check_schema(document)
        validator = Draft202012Validator(document, registry=Registry())
        found = {
            "/".join(map(str, each.path)) + ": " + _rule(each)
            for each in validator.iter_errors(dict(variables))
        }
    except (ValueError, SchemaError, Unresolvable, RecursionError, re.error):
        return [_BROKEN]
    return sorted(found)


def is_broken(schema: str) -> bool:
    """Whether a template's schema is none, or leads somewhere else already without variables."""
    return _BROKEN in faults(schema, {})


def _rule(error: Any) -> str:
    if error.validator == "required":
        missing = [each for each in error.validator_value if each not in error.instance]
        return f"lacks {', '.join(missing)}"
    return f"breaks {error.validator}"


def samples(schema: str) -> Iterator[dict[str, str]]:
    """Variables that a schema accepts at its edges: the required alone, and all at full length."""
    try:
        document = json.loads(schema)
    except ValueError:
        return
    if not isinstance(document, dict):
        return
    known = document.get("properties") or {}
    if not isinstance(known, dict):
        return
    required = [each for each in document.get("required") or () if isinstance(each, str)]
    for names in (required, [*known]):
        sample = {name: _value(known.get(name)) for name in names}
        if not faults(schema, sample):
            yield sample


def _value(rule: Any) -> str:
    rule = rule if isinstance(rule, dict) else {}
    if isinstance(rule.get("enum"), list) and rule["enum"]:
        return str(rule["enum"][0])
    longest = rule.get("maxLength", rule.get("minLength", 1))
    return "x" * min(longest if isinstance(longest, int) else 1, 8000)


class _Markup(HTMLParser):
    """Writes the part of MJML that our templates use, and plain inline HTML, as tables of HTML."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.written: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("mj-head", "script", "style"):
            self._silent += 1
        name = _TAGS.get(tag, tag if tag in _PLAIN else "")
        if self._silent or not name:
            return
        said = {key: value or "" for key, value in attrs}
        kept = [
            f' {key}="{html.escape(said[key])}"'
            for key in ("href", "src", "alt")
            if key in said and (key == "alt" or said[key].startswith(_SAFE))
        ]
        self.written.append(f"<{name}{''.join(kept)}>")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("mj-head", "script", "style"):
            self._silent = max(0, self._silent - 1)
            return
        name = _TAGS.get(tag, tag if tag in _PLAIN else "")
        if name and name not in _VOID and not self._silent:
            self.written.append(f"</{name}>")

    def handle_data(self, data: str) -> None:
        # what a parser takes for text is not always text to those who read the page
        self._write(data.replace("<", "&lt;").replace(">", "&gt;"))

    def handle_entityref(self, name: str) -> None:
        self._write(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self._write(f"&#{name};")

    def _write(self, text: str) -> None:
        if not self._silent:
            self.written.append(text)


def as_html(markup: str, variables: Variables) -> str:
    """A whole HTML document of MJML markup, its variables escaped.

    Only known elements and the attributes `href`, `src` and `alt` come through; addresses in them
    must be HTTPS, also once variables stand in them.
    """
    parser = _Markup()
    parser.feed(fill(markup, variables, escaped=True))
    parser.close()
    body = "".join(parser.written)
    return f'<!doctype html><html><body><table role="presentation">{body}</table></body></html>'
