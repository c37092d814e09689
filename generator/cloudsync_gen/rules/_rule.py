"""What a rule is: one file with its judgement, its documentation and its fixtures.

The docstring of a rule's module has four headings: *What it does*, *Why*, *Example*, *Use instead*.
A rule reads the model and yields diagnostics; it never loads, prints or stops the run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from msgspec import Struct

from cloudsync_gen.diagnostics import Diagnostic, Related, Severity
from cloudsync_gen.model.system import Model
from cloudsync_gen.source import Ref


class Rule(Struct, frozen=True, kw_only=True):
    """A check over the whole model.

    `code` is never renumbered or reused. `name` reads well after "allow". `family` is the claim
    that the rule belongs to; `check --summary` counts by it.
    """

    code: str
    name: str
    family: str
    severity: Severity = Severity.ERROR
    check: Callable[[Model], Iterator[Diagnostic]]

    def at(
        self,
        ref: Ref,
        message: str,
        hint: str,
        *,
        element: str = "",
        related: Iterable[Related] = (),
        facts: Iterable[str] = (),
    ) -> Diagnostic:
        """A finding of this rule."""
        return Diagnostic(
            code=self.code,
            name=self.name,
            severity=self.severity,
            ref=ref,
            message=message,
            hint=hint,
            element=element,
            related=tuple(related),
            facts=tuple(facts),
        )
