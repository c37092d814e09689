"""What every comparison of two documents has around it: limits, order, and an end in any case."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

from cloudsync_gen.compat.document import Document
from cloudsync_gen.compat.findings import Findings
from cloudsync_gen.compat.schema import Schemas
from cloudsync_gen.compat.values import Digests, Raw, containers
from cloudsync_gen.model.changes import Change, Level

_BUDGET_BASE = 2_000
_BUDGET_PER_CONTAINER = 6
_BUDGET_MOST = 200_000


def compare_documents(
    base: Mapping[str, Raw],
    revision: Mapping[str, Raw],
    today: date,
    compare: Callable[[Findings, Document, Document], None],
) -> tuple[Change, ...]:
    """The changes that a comparison finds, each once, gravest first.

    The number of judgements is bounded by the size of the documents; what is too deep or too large
    to be judged is a change that says so.
    """
    sizes = [containers(document) for document in (base, revision)]
    too_much = unjudged("analysis-limit-reached", "too deep or too large to be judged")
    if None in sizes:
        return (too_much,)
    budget = _BUDGET_BASE + _BUDGET_PER_CONTAINER * sum(filter(None, sizes))
    digests = Digests()
    old, new = Document(base, digests), Document(revision, digests)
    findings = Findings(Schemas(old, new, today, min(budget, _BUDGET_MOST)), today)
    try:
        compare(findings, old, new)
    except RecursionError:  # the caller left too little of the stack
        findings.changes.append(too_much)
    return tuple(sorted(set(findings.changes), key=lambda change: change.order))


def unjudged(code: str, message: str) -> Change:
    """The answer when two documents cannot be compared."""
    return Change(code=code, level=Level.ERROR, message=message)
