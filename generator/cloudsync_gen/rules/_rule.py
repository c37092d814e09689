"""What a rule is: one file with its judgement, its documentation and its fixtures.

The docstring of a rule's module has four headings: *What it does*, *Why*, *Example*, *Use instead*.
A rule reads the model and yields diagnostics; it never loads, prints or stops the run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from msgspec import Struct

from cloudsync_gen.diagnostics import Diagnostic, Mend, Related, Severity
from cloudsync_gen.model.element import Element
from cloudsync_gen.model.system import Model
from cloudsync_gen.source import Ref


class Rule(Struct, frozen=True, kw_only=True):
    """A check over the whole model.

    `code` is never renumbered or reused. `name` reads well after "allow". `family` is the claim
    that the rule belongs to; `check --summary` counts by it. `whole`: it speaks of what is not
    there, so it is silent while a part of the model could not be read. `mends`: what `check --fix`
    does about its findings where that is certain, empty where a person has to decide. `alone`: what
    it finds in one file depends on that file alone; it sees elements, their places and sources.
    `each`: it goes through all elements of these structs to judge one after the other; any it may
    look up by id, or by what links or fields say. So those of one folder are judged by themselves.
    """

    code: str
    name: str
    family: str
    severity: Severity = Severity.ERROR
    check: Callable[[Model], Iterator[Diagnostic]]
    whole: bool = False
    mends: str = ""
    alone: bool = False
    each: tuple[type[Element], ...] = ()

    def findings(self, model: Model) -> Iterator[Diagnostic]:
        """What it finds, but nothing of an element that was read in part, unless it judges links,
        which are read from what is written.
        """
        if self.whole and not model.whole:
            return
        links = self.family == "link validation"
        for each in self.check(model):
            if links or not (model.broken and _of_the_unread(model, each)):
                yield each

    def at(
        self,
        ref: Ref,
        message: str,
        hint: str,
        *,
        element: str = "",
        related: Iterable[Related] = (),
        facts: Iterable[str] = (),
        mends: Iterable[Mend] = (),
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
            mends=tuple(mends),
        )


def _of_the_unread(model: Model, finding: Diagnostic) -> bool:
    """Whether a finding is about, beside or because of an element that could not be read."""
    places = (finding.ref, *(each.ref for each in finding.related))
    names = {finding.element, *finding.facts}
    return any(model.unread(name) for name in names if name) or any(
        place.file == broken.file and place.pointer[: len(broken.pointer)] == broken.pointer
        for place in places
        for broken in model.broken.values()
    )
