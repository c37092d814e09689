"""What a template is told of the commands that the clock calls."""

from __future__ import annotations

from msgspec import Struct

Plain = str | int | bool


class JobView(Struct, frozen=True, kw_only=True):
    """A job. `key`: the request's attribute for the entity; `body`: the class of an empty input.

    `where`: field -> value or tuple of values; `every` and `after` in seconds.
    """

    method: str
    constant: str
    request: str
    key: str
    body: str
    every: float
    per: str
    aggregate: str
    where: dict[str, Plain | tuple[Plain, ...]]
    since: str
    after: float

    @property
    def due(self) -> bool:
        """Whether there is anything that must be due."""
        return self.per != "service"
