"""The model holds a secret.

What it does: looks for texts that are keys by their form, in comments too: private keys, access
keys and tokens of well-known issuers, passwords in addresses.

Why: the model is read by everybody who may read the repository, for ever, and by every tool.

Example: `description: "postgres://app:s3cret@db/orders"`.

Use instead: the name under which a secret manager keeps it; and exchange this one, for it is known.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from msgspec import structs

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.ids import type_of
from cloudsync_gen.model.layers import DERIVED_TYPES
from cloudsync_gen.model.sources import GraphqlSource, GrpcSource, RestSource, WebhookSource
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.source import Ref, Span

_FORMS = {
    "PRIVATE KEY": r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    "AKIA": r"\bAKIA[0-9A-Z]{16}\b",
    "ASIA": r"\bASIA[0-9A-Z]{16}\b",
    **{f"gh{kind}_": rf"\bgh{kind}_[A-Za-z0-9]{{36}}" for kind in "pousr"},
    "glpat-": r"\bglpat-[A-Za-z0-9_-]{20}",
    "xox": r"\bxox[abprs]-[A-Za-z0-9-]{10,}",
    "k_live_": r"\b[sr]k_live_[A-Za-z0-9]{16,}",
    "AIza": r"\bAIza[0-9A-Za-z_-]{35}",
    ".eyJ": r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}",
    "://": r"://[^\s/:@\"{}<>]{1,80}:[^\s/:@\"{}<>]{3,80}@[a-z0-9]",
}
"""What a secret holds for certain, which is found fast -> its whole form."""

_SECRET = re.compile("|".join(_FORMS.values()))
_IN_BYTES = {each.encode(): re.compile(form.encode()) for each, form in _FORMS.items()}
IN_COMMENT = re.compile(f"#[^\\n]*(?:{'|'.join(_FORMS.values())})".encode())
"""A secret behind a `#`, of a comment or not."""

_encode = msgspec.json.Encoder().encode


def check(model: Model) -> Iterator[Diagnostic]:
    written = [each for each in model.elements.values() if type_of(each.id) not in DERIVED_TYPES]
    if _may_hold(written):
        for element in written:
            for place in _places(msgspec.to_builtins(element), model.ref(element.id)):
                yield _finding(place, element.id)
    trees: tuple[RestSource | WebhookSource, ...] = (*model.sources.rest, *model.sources.webhooks)
    for tree in trees:
        if _may_hold(tree.data):
            for place in _places(tree.data, Ref(tree.file)):
                yield _finding(place, "")
    texts: tuple[GraphqlSource | GrpcSource, ...] = (*model.sources.graphql, *model.sources.grpc)
    for text in texts:
        for match in _SECRET.finditer(text.text) if _may_hold(text.text) else ():
            span = _span(text.file, text.text, match)
            yield structs.replace(_finding(Ref(text.file), text.id), span=span)


def in_comments(
    comments: Iterable[tuple[Span, str]], rules: Iterable[Rule]
) -> Iterator[Diagnostic]:
    """Secrets in comments of YAML, of which a model knows nothing; none if the rule is not among
    those by which a model is judged. A comment comes with its place, on one line.
    """
    by = next((each for each in rules if each.code == RULE.code), None)
    for span, comment in comments if by is not None else ():
        for match in _SECRET.finditer(comment):
            start, end = span.column + match.start(), span.column + match.end()
            place = structs.replace(span, column=start, end_column=end)
            found = structs.replace(_finding(Ref(span.file), ""), span=place)
            yield structs.replace(found, severity=by.severity) if by else found


def _may_hold(data: Any) -> bool:
    """Whether a secret may be anywhere in it: a look at the whole as one text."""
    text = _encode(data)
    return any(sure in text and form.search(text) for sure, form in _IN_BYTES.items())


def _places(data: Any, ref: Ref) -> Iterator[Ref]:
    if isinstance(data, str):
        if _SECRET.search(data):
            yield ref
    elif isinstance(data, dict):
        for key, value in data.items():
            yield from _places(value, ref.at(key))
    elif isinstance(data, (list, tuple)):
        for index, value in enumerate(data):
            yield from _places(value, ref.at(index))


def _span(file: str, text: str, match: re.Match[str]) -> Span:
    line = text.count("\n", 0, match.start()) + 1
    column = match.start() - text.rfind("\n", 0, match.start())
    return Span(file, line, column, line, column + len(match[0]))


def _finding(ref: Ref, element: str) -> Diagnostic:
    return RULE.at(
        ref,
        "this has the form of a secret",
        "remove it, exchange it where it is used, and name its place in a secret manager",
        element=element,
    )


RULE = Rule(code="SEC006", name="secret-literal", family="zero trust", check=check, alone=True)
