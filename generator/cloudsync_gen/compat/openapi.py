"""Breaking changes between two OpenAPI documents (3.0 and 3.1).

An error is a break, or what nothing proves to be none. Where this differs from what other tools
say of the same documents, it does so because something is proven, or because nothing is:

- Silent: parts of an `allOf` that add nothing, and whatever else is only another spelling.
- Harmless: values that are no longer limited to a list when consumers send them; numbers that
  become text where everything is text (parameters, headers, forms).
- What a webhook or a callback sends is judged as a response: consumers receive it.
- Errors: a pattern that responses no longer keep; a security scheme that is another one, a demand
  for credentials or scopes that callers do not have; a property that must be sent because it is
  no longer `readOnly`, or is no longer sent because it became `writeOnly`;
  `additionalProperties`, `multipleOf`, `uniqueItems`, `style`; a property added where the old
  schema forbade others; a string that becomes an object in XML.
- An alternative that both documents know by name is not replaced by another of the same form.
- A property that an open object (`additionalProperties` left out or `true`) did not name is taken
  as never sent, so that a new optional property of a request is harmless.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from cloudsync_gen.compat.comparison import compare_documents, unjudged
from cloudsync_gen.compat.document import Document
from cloudsync_gen.compat.findings import Findings, Site
from cloudsync_gen.compat.operations import Operations, all_operations
from cloudsync_gen.compat.places import At
from cloudsync_gen.compat.security import Security
from cloudsync_gen.compat.values import Raw, text
from cloudsync_gen.model.changes import Change


def compare_openapi(
    base: Mapping[str, Raw], revision: Mapping[str, Raw], *, today: date
) -> tuple[Change, ...]:
    """What changed for consumers of `base` when they meet `revision`, gravest first.

    The documents are parsed OpenAPI 3.0 or 3.1, self-contained: only `#/` references are followed,
    any other is reported as an error where it is met. Sunsets are judged on the day `today`. Total:
    malformed, deep or cyclic input ends in changes that say so, never in an exception or a hang.
    """
    if not all(map(_supported, (base, revision))):
        return (unjudged("document-version-unsupported", "not an OpenAPI 3.0 or 3.1 document"),)

    def compare(findings: Findings, old: Document, new: Document) -> None:
        _compare(findings, At(old, base, ()), At(new, revision, ()))

    return compare_documents(base, revision, today, compare)


def _compare(findings: Findings, base: At, revision: At) -> None:
    security = Security(findings, base, revision)
    operations = Operations(findings, security)
    for operation in all_operations(base):
        security.use(operation)
    operations.paths(base, revision)
    operations.webhooks(base, revision)
    security.compare_global(Site())
    security.schemes.compare()


def _supported(document: Mapping[str, Raw]) -> bool:
    version = document.get("openapi")
    return text(version).startswith("3.") or version in (3, 3.0, 3.1)
