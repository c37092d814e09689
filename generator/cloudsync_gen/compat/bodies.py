"""Bodies of requests and responses: media types and what they hold."""

from __future__ import annotations

from typing import NamedTuple

from cloudsync_gen.compat.deltas import Wire
from cloudsync_gen.compat.findings import Findings, Site
from cloudsync_gen.compat.places import At, Place, request_body, response_body
from cloudsync_gen.model.changes import Direction, Level


class Media(NamedTuple):
    """A media type or range, normalised: lower case, parameters sorted (RFC 9110, 8.3.1)."""

    main: str
    sub: str
    parameters: tuple[str, ...]

    def covers(self, other: Media) -> bool:
        """Whether this range includes a media type."""
        main = self.main in ("*", other.main)
        sub = self.sub in ("*", other.sub)
        return main and sub and set(self.parameters) <= set(other.parameters)

    @property
    def wire(self) -> Wire:
        """How values travel in it."""
        if self.sub.endswith("json"):
            return Wire.JSON
        if self.sub == "xml" or self.sub.endswith("+xml"):
            return Wire.XML
        form = (self.main, self.sub) == ("application", "x-www-form-urlencoded")
        return Wire.TEXT if form or self.main == "text" else Wire.JSON

    @property
    def is_form(self) -> bool:
        """Whether `encoding` means anything (OpenAPI 3.1, 4.8.14)."""
        return self.main == "multipart" or self.sub == "x-www-form-urlencoded"


def media(name: str) -> Media:
    """The media type that a key of `content` names. JSON is UTF-8 anyway (RFC 8259, 8.1)."""
    essence, *written = (part.strip().lower() for part in name.split(";"))
    main, _, sub = essence.partition("/")
    parameters = {part.replace(" ", "").replace('"', "") for part in written if part}
    if sub.endswith("json"):
        parameters -= {"charset=utf-8"}
    return Media(main, sub, tuple(sorted(parameters)))


_Content = dict[Media, tuple[str, At]]


class Exchange(NamedTuple):
    """Which body is compared: its direction, how it is called, and whether a consumer can choose
    among its media types."""

    direction: Direction
    where: str
    negotiated: bool

    def place(self, name: str) -> Place:
        """The place of a media type."""
        if self.direction is Direction.REQUEST:
            return request_body(name)._replace(where=f"{self.where} {name}")
        return response_body(f"{self.where} {name}")

    @property
    def prefix(self) -> str:
        """Ids of media types begin with it."""
        return "request-body" if self.direction is Direction.REQUEST else "response"

    @property
    def body(self) -> str:
        """Ids of whole bodies begin with it."""
        return "request-body" if self.direction is Direction.REQUEST else "response-body"


def compare_request_body(findings: Findings, site: Site, old: At, new: At) -> None:
    """Compare the request bodies of two operations."""
    exchange = Exchange(site.sent, "request body", negotiated=not site.inverted)
    before, after = old.child("requestBody"), new.child("requestBody")
    if findings.refuse(site, before, after, exchange.where):
        return
    if before is not None and after is not None:
        _required(findings, site, exchange, before, after)
        compare_content(findings, site, exchange, before, after)
    elif after is not None:
        kind = "required" if after.fields.get("required") is True else "optional"
        breaks = kind == "required" and site.sent is Direction.REQUEST
        level = Level.ERROR if breaks else Level.INFO
        message = f"a body was added, which is {kind}"
        code = f"{exchange.body}-added-{kind}"
        findings.add(
            site, code, level, message, new=after, where=exchange.where, direction=site.sent
        )
    elif before is not None:
        findings.add(
            site,
            f"{exchange.body}-removed",
            Level.ERROR,
            "the body was removed",
            old=before,
            where=exchange.where,
            direction=site.sent,
        )


def _required(findings: Findings, site: Site, exchange: Exchange, old: At, new: At) -> None:
    was, now = (side.fields.get("required") is True for side in (old, new))
    if was == now:
        return
    harmless = was == (exchange.direction is Direction.REQUEST)
    action = "required" if now else "optional"
    findings.add(
        site,
        f"{exchange.body}-became-{action}",
        Level.INFO if harmless else Level.ERROR,
        f"the body became {action}",
        old=old,
        new=new,
        where=exchange.where,
        direction=exchange.direction,
    )


def compare_content(findings: Findings, site: Site, exchange: Exchange, old: At, new: At) -> None:
    """Compare the media types of two bodies, and what they hold."""
    olds, news = _content(old), _content(new)
    for key in sorted(olds.keys() & news.keys()):
        _media_type(findings, site, exchange, olds[key], news[key], key)
    for key in sorted(olds.keys() - news.keys()):
        _removed(findings, site, exchange, key, olds, news)
    for key in sorted(news.keys() - olds.keys()):
        _added(findings, site, exchange, key, olds, news)


def _content(owner: At) -> _Content:
    return {media(name): (name, at) for name, at in owner.children("content").items()}


def _removed(
    findings: Findings, site: Site, exchange: Exchange, key: Media, olds: _Content, news: _Content
) -> None:
    name, old = olds[key]
    request = exchange.direction is Direction.REQUEST
    wider = next((other for other in sorted(news) if other.covers(key)), None)
    narrower = next(
        (other for other in sorted(news.keys() - olds.keys()) if key.covers(other)), None
    )
    level, action = Level.ERROR, "media-type-removed"
    if wider is not None:
        level = Level.INFO if request else Level.ERROR
        action = "media-type-name-generalized"
        _media_type(findings, site, exchange, olds[key], news[wider], key)
    elif narrower is not None:
        level = Level.ERROR if request else Level.INFO
        action = "media-type-name-specialized"
        _media_type(findings, site, exchange, olds[key], news[narrower], narrower)
    elif not request and not exchange.negotiated:
        level = Level.WARNING
    findings.add(
        site,
        f"{exchange.prefix}-{action}",
        level,
        "a media type was removed",
        old=old,
        where=exchange.where,
        direction=exchange.direction,
        before=name,
    )


def _added(
    findings: Findings, site: Site, exchange: Exchange, key: Media, olds: _Content, news: _Content
) -> None:
    name, new = news[key]
    if any(other.covers(key) or key.covers(other) for other in olds.keys() - news.keys()):
        return
    unexpected = exchange.direction is Direction.RESPONSE and not exchange.negotiated and olds
    findings.add(
        site,
        f"{exchange.prefix}-media-type-added",
        Level.ERROR if unexpected else Level.INFO,
        "a media type was added",
        new=new,
        where=exchange.where,
        direction=exchange.direction,
        after=name,
    )


def _media_type(
    findings: Findings,
    site: Site,
    exchange: Exchange,
    old: tuple[str, At],
    new: tuple[str, At],
    key: Media,
) -> None:
    name, before = old
    after = new[1]
    place = exchange.place(name)
    if findings.refuse(site, before, after, place.where):
        return
    if ("schema" in before.fields) != ("schema" in after.fields):
        _schema_appeared(findings, site, exchange, place, before, after)
    else:
        findings.compare_schemas(site, place, before, after, exchange.direction, key.wire)
    digest = findings.schemas.digests.of
    encodings = [digest(side.fields.get("encoding", {})) for side in (before, after)]
    if key.is_form and encodings[0] != encodings[1]:
        findings.add(
            site,
            f"{exchange.body}-encoding-changed",
            Level.ERROR,
            "how its parts are encoded changed",
            old=before,
            new=after,
            where=place.where,
            direction=exchange.direction,
        )


def _schema_appeared(
    findings: Findings, site: Site, exchange: Exchange, place: Place, old: At, new: At
) -> None:
    schemas = findings.schemas
    appeared = "schema" in new.fields
    some = new.schema() if appeared else old.schema()
    anything = (new if not appeared else old).schema()
    if schemas.contains(some, anything):
        return
    harmless = appeared == (exchange.direction is Direction.RESPONSE)
    action = "added" if appeared else "removed"
    findings.add(
        site,
        f"{exchange.body}-media-type-schema-{action}",
        Level.INFO if harmless else Level.ERROR,
        f"a schema was {action}",
        old=old,
        new=new,
        where=place.where,
        direction=exchange.direction,
    )
