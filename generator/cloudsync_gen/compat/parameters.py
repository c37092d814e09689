"""Parameters of operations and headers of messages: what is sent beside the body."""

from __future__ import annotations

import re
from typing import NamedTuple

from cloudsync_gen.compat.deltas import Wire
from cloudsync_gen.compat.findings import Findings, Site
from cloudsync_gen.compat.lifecycle import (
    PARAMETER,
    compare_lifecycle,
    is_deprecated,
    sunset,
)
from cloudsync_gen.compat.nodes import ATOMS
from cloudsync_gen.compat.places import At, Place, parameter, response_header
from cloudsync_gen.compat.values import brief, text
from cloudsync_gen.model.changes import Direction, Level

_TEMPLATE = re.compile(r"\{([^{}]*)\}")
_STYLES = {"query": "form", "cookie": "form", "path": "simple", "header": "simple"}


class Parameter(NamedTuple):
    """A parameter or header. `shared`: written at the path, for all of its operations."""

    at: At
    location: str
    name: str
    shared: bool = False

    @property
    def where(self) -> str:
        """How it is called."""
        return f"{self.location} parameter {self.name}"

    @property
    def required(self) -> bool:
        """Whether it must be sent; a part of the path always is (OpenAPI 3.1, 4.8.12.2)."""
        return self.at.fields.get("required") is True or self.location == "path"


_Key = tuple[str, str]


def parameters_of(path: str, item: At, operation: At) -> dict[_Key, Parameter]:
    """Parameters of an operation, those of its path included unless it overrides them.

    A parameter is known by location and name; in the path by position, its name is not sent; in
    headers regardless of case.
    """
    names = _TEMPLATE.findall(path)
    found: dict[_Key, Parameter] = {}
    for owner, shared in ((item, True), (operation, False)):
        for at in owner.items("parameters"):
            location, name = text(at.fields.get("in")), text(at.fields.get("name"))
            key = name.lower() if location == "header" else name
            if location == "path" and name in names:
                key = f"{{{names.index(name)}}}"
            if at.refused is not None:
                location, key = "$ref", brief(at.refused)
            found[location, key] = Parameter(at, location, name, shared)
    return found


def headers_of(owner: At, where: str) -> dict[_Key, Parameter]:
    """Headers of a response, by name regardless of case; Content-Type says the media type."""
    return {
        ("header", name.lower()): Parameter(at, "header", f"{where} {name}".strip())
        for name, at in owner.children("headers").items()
        if name.lower() != "content-type"
    }


def compare_parameters(
    findings: Findings,
    site: Site,
    old: dict[_Key, Parameter],
    new: dict[_Key, Parameter],
    direction: Direction,
) -> None:
    """Compare what is sent beside a body, in the direction that it is sent."""
    for key in sorted(old.keys() | new.keys()):
        before, after = old.get(key), new.get(key)
        sides = [side.at if side is not None else None for side in (before, after)]
        some = after if after is not None else before
        if some is None or findings.refuse(site, sides[0], sides[1], some.where):
            continue
        if before is not None and after is not None:
            _kept(findings, site, before, after, direction)
        elif after is not None:
            _added(findings, site, after, direction)
        elif before is not None:
            _removed(findings, site, before, direction)


def _added(findings: Findings, site: Site, new: Parameter, direction: Direction) -> None:
    message = "it is new"
    if direction is Direction.RESPONSE:
        code, level = "response-header-added", Level.INFO
    elif new.location == "path":
        code, level = "new-request-path-parameter", Level.ERROR
    else:
        kind = "required" if new.required else "optional"
        code = f"new-{kind}-request-parameter"
        if new.shared:
            code = f"new-{kind}-request-default-parameter-to-existing-path"
        level = Level.ERROR if new.required else Level.INFO
        message += " and required" if new.required else ""
    findings.add(site, code, level, message, new=new.at, where=new.where, direction=direction)


def _removed(findings: Findings, site: Site, old: Parameter, direction: Direction) -> None:
    code, level, message = "request-parameter-removed", Level.WARNING, "it was removed"
    if direction is Direction.RESPONSE:
        kind = "required" if old.required else "optional"
        code = f"{kind}-response-header-removed"
        level = Level.ERROR if old.required else Level.WARNING
    elif is_deprecated(old.at.fields):
        end = sunset(old.at.fields)
        if end.unreadable:
            code, level = "request-parameter-sunset-parse", Level.ERROR
            message += ", and its sunset is not a date"
        elif end.day is not None and findings.today < end.day:
            code, level = "request-parameter-removed-before-sunset", Level.ERROR
            message += f" before its sunset on {end.day}"
        else:
            code, level = "request-parameter-removed-with-deprecation", Level.INFO
            message += " after its deprecation"
    findings.add(site, code, level, message, old=old.at, where=old.where, direction=direction)


def _kept(
    findings: Findings, site: Site, old: Parameter, new: Parameter, direction: Direction
) -> None:
    request = direction is Direction.REQUEST
    prefix = "request-parameter" if request else "response-header"
    if old.required != new.required:
        harmless = old.required == request
        findings.add(
            site,
            f"{prefix}-became-{'required' if new.required else 'optional'}",
            Level.INFO if harmless else Level.ERROR,
            f"it became {'required' if new.required else 'optional'}",
            old=old.at,
            new=new.at,
            where=new.where,
            direction=direction,
        )
    for event in compare_lifecycle(old.at.fields, new.at.fields, findings.today, PARAMETER):
        findings.event(site, event, old.at, new.at, new.where)
    _values(findings, site, old, new, direction)


def _values(
    findings: Findings, site: Site, old: Parameter, new: Parameter, direction: Direction
) -> None:
    place = _place(new, direction, omissible=not (old.required and new.required))
    contents = old.at.children("content"), new.at.children("content")
    if bool(contents[0]) != bool(contents[1]) or contents[0].keys() != contents[1].keys():
        _changed(findings, site, old, new, "serialization", direction)
        return
    for name, at in contents[0].items():
        findings.compare_schemas(site, place, at, contents[1][name], direction, Wire.JSON)
    if contents[0]:
        return
    for aspect in _serialisation_changes(findings, old, new):
        _changed(findings, site, old, new, aspect, direction)
    findings.compare_schemas(site, place, old.at, new.at, direction, Wire.TEXT)


def _place(new: Parameter, direction: Direction, *, omissible: bool) -> Place:
    if direction is Direction.RESPONSE:
        return response_header(new.where)
    return parameter(new.where, header=new.location == "header", omissible=omissible)


def _serialisation_changes(findings: Findings, old: Parameter, new: Parameter) -> list[str]:
    """Which of the keywords that say how a value becomes text changed, defaults included."""
    changed = []
    if _style(old) != _style(new):
        changed.append("style")
    scalar = all(_scalar(findings, side) for side in (old, new))
    if _explode(old) != _explode(new) and not scalar:
        changed.append("explode")
    for keyword, aspect in (
        ("allowReserved", "allow-reserved"),
        ("allowEmptyValue", "allow-empty"),
    ):
        was, now = (side.at.fields.get(keyword) is True for side in (old, new))
        if was and not now:
            changed.append(aspect)
    return changed


def _style(side: Parameter) -> str:
    return text(side.at.fields.get("style")) or _STYLES.get(side.location, "")


def _explode(side: Parameter) -> bool:
    written = side.at.fields.get("explode")
    return written if isinstance(written, bool) else _style(side) in ("form", "cookie")


def _scalar(findings: Findings, side: Parameter) -> bool:
    types = findings.schemas.normal(side.at.schema()).types
    return not types & {"array", "object"} and types <= ATOMS


def _changed(
    findings: Findings,
    site: Site,
    old: Parameter,
    new: Parameter,
    aspect: str,
    direction: Direction,
) -> None:
    prefix = "request-parameter" if direction is Direction.REQUEST else "response-header"
    message = f"its {aspect.replace('-', ' ')} changed"
    code = f"{prefix}-{aspect}-changed"
    findings.add(
        site,
        code,
        Level.ERROR,
        message,
        old=old.at,
        new=new.at,
        where=new.where,
        direction=direction,
    )
