"""Rules beyond roles, as a service is told of them."""

from __future__ import annotations

from msgspec import Struct


class PolicyView(Struct, frozen=True, kw_only=True):
    """A rule beyond roles; `apart`: operations whose entities lack what it reads."""

    id: str
    effect: str
    language: str
    condition: str
    permissions: tuple[str, ...]
    resources: tuple[str, ...]
    apart: tuple[str, ...]
    roles: tuple[str, ...]
    reads: tuple[str, ...]


class PoliciesView(Struct, frozen=True, kw_only=True):
    """The rules that the service decides.

    `subjects`: operation -> the aggregate that is its `resource`. `undecided`: (policy, what
    entities lack of what it reads). `inherits`: (role, the roles whose rights it has besides),
    where a rule asks.
    """

    decided: tuple[PolicyView, ...]
    subjects: dict[str, str]
    undecided: tuple[tuple[str, tuple[str, ...]], ...]
    inherits: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def any(self) -> bool:
        """Whether there is something to say."""
        return bool(self.decided or self.undecided)

    @property
    def cedar(self) -> bool:
        """Whether a rule is written in Cedar."""
        return any(each.language == "cedar" for each in self.decided)
