"""What narrows hits down."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from .generated import models, port

_EMPTY: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Filters:
    """Sets hold what is allowed, an empty one allows everything."""

    kinds: frozenset[str] = _EMPTY
    authors: frozenset[str] = _EMPTY
    containers: frozenset[str] = _EMPTY
    types: frozenset[str] = _EMPTY
    languages: frozenset[str] = _EMPTY
    after: datetime | None = None
    before: datetime | None = None

    def let_through(self, entry: models.SearchEntry) -> bool:
        """Whether an entry passes all of them."""
        pairs = (
            (self.kinds, str(entry.source_kind)),
            (self.authors, str(entry.author_id)),
            (self.containers, entry.container),
            (self.types, entry.content_type),
            (self.languages, str(entry.analyzer_language)),
        )
        if any(allowed and value not in allowed for allowed, value in pairs):
            return False
        changed = entry.content_changed_at
        late = self.after is not None and changed <= self.after
        early = self.before is not None and changed >= self.before
        return not late and not early


def asked(request: port.Search) -> Filters:
    """The filters of a request."""
    return Filters(
        kinds=frozenset(str(each) for each in request.kinds or ()),
        authors=_one(request.author_id),
        containers=_one(request.container),
        types=_one(request.content_type),
        languages=_one(request.language),
        after=request.changed_after,
        before=request.changed_before,
    )


def saved(filters: Iterable[models.SearchFilter]) -> Filters:
    """The filters of a saved search; of several dates the narrowest counts, others are ignored."""
    values: dict[str, set[str]] = {}
    for each in filters:
        values.setdefault(str(each.field), set()).update(value.root for value in each.values)
    moments = {
        name: [found for each in values.get(name, ()) if (found := _moment(each)) is not None]
        for name in ("changedAfter", "changedBefore")
    }
    return Filters(
        kinds=frozenset(values.get("kind", ())),
        authors=frozenset(values.get("author", ())),
        containers=frozenset(values.get("container", ())),
        types=frozenset(values.get("contentType", ())),
        languages=frozenset(values.get("language", ())),
        after=max(moments["changedAfter"], default=None),
        before=min(moments["changedBefore"], default=None),
    )


def _one(value: object) -> frozenset[str]:
    return _EMPTY if value is None else frozenset((str(value),))


def _moment(text: str) -> datetime | None:
    """A date or a moment (RFC 3339), in UTC where it says no zone."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
