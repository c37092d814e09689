"""Paths, operations, webhooks and callbacks: who may be called, and who calls."""

from __future__ import annotations

import re
from typing import NamedTuple

from cloudsync_gen.compat.bodies import compare_request_body
from cloudsync_gen.compat.findings import Findings, Site
from cloudsync_gen.compat.lifecycle import (
    OPERATION,
    compare_lifecycle,
    is_deprecated,
    promises_nothing,
    sunset,
)
from cloudsync_gen.compat.parameters import compare_parameters, parameters_of
from cloudsync_gen.compat.places import At
from cloudsync_gen.compat.responses import compare_responses
from cloudsync_gen.compat.security import Security
from cloudsync_gen.compat.values import name_of, sequence, text
from cloudsync_gen.model.changes import Level

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
_TEMPLATE = re.compile(r"\{[^{}]*\}")
_MAX_CALLBACK_DEPTH = 3


class Operation(NamedTuple):
    """An operation, the path item that it stands in, and its name for people."""

    path: str
    method: str
    item: At
    at: At

    @property
    def label(self) -> str:
        """`POST /v1/documents`."""
        return f"{self.method.upper()} {self.path}"

    @property
    def operation_id(self) -> str:
        """The contract's own name for it."""
        return text(self.at.fields.get("operationId"))


_Items = dict[str, At]


class Operations:
    """Compares all operations of two documents."""

    def __init__(self, findings: Findings, security: Security) -> None:
        self.findings = findings
        self.security = security

    def paths(self, base: At, revision: At) -> None:
        """Compare the operations that consumers call."""
        old, new = base.patterned("paths"), revision.patterned("paths")
        for before, after in _matched(old, new):
            if after is not None and self._refused(old.get(before or ""), new.get(after), after):
                continue
            olds = _operations(before, old)
            news = _operations(after, new)
            for method in (method for method in _METHODS if method in olds or method in news):
                self._path_operation(olds.get(method), news.get(method), whole=after is None)

    def _refused(self, old: At | None, new: At | None, path: str) -> bool:
        return self.findings.refuse(Site(), old, new, f"path {path}")

    def _path_operation(self, old: Operation | None, new: Operation | None, *, whole: bool) -> None:
        if old is not None and new is not None:
            self.compare(old, new, _site(old, new))
        elif old is not None:
            self._removed(old, whole=whole)
        elif new is not None:
            site = Site(operation=new.label, operation_id=new.operation_id)
            message = "the operation is new"
            self.findings.add(site, "endpoint-added", Level.INFO, message, new=new.at)

    def _removed(self, old: Operation, *, whole: bool) -> None:
        site = _site(old, old)
        kind = "api-path" if whole else "api"
        fields = old.at.fields
        end = sunset(fields)
        level, message = Level.ERROR, "the operation was removed"
        if not is_deprecated(fields):
            code = f"{kind}-removed-without-deprecation"
        elif end.unreadable:
            code = "api-path-sunset-parse"
            message += ", and its sunset is not a date"
        elif end.day is not None and self.findings.today < end.day:
            code = f"{kind}-removed-before-sunset"
            message += f" before its sunset on {end.day}"
        else:
            code = f"{kind}-removed-with-deprecation"
            level = Level.INFO if end.day is not None else Level.WARNING
            message += " after its deprecation"
        self.findings.add(site, code, level, message, old=old.at)

    def compare(self, old: Operation, new: Operation, site: Site) -> None:
        """Compare two operations part by part."""
        findings = self.findings
        if findings.refuse(site, old.at, new.at, ""):
            return
        for event in compare_lifecycle(old.at.fields, new.at.fields, findings.today, OPERATION):
            findings.event(site, event, old.at, new.at)
        self._names(site, old, new)
        self._tags(site, old, new)
        compare_parameters(
            findings,
            site,
            parameters_of(old.path, old.item, old.at),
            parameters_of(new.path, new.item, new.at),
            site.sent,
        )
        compare_request_body(findings, site, old.at, new.at)
        compare_responses(findings, site, old.at, new.at)
        self.security.compare_operation(site, old.at, new.at)
        self._callbacks(site, old.at, new.at)

    def _names(self, site: Site, old: Operation, new: Operation) -> None:
        before, after = old.operation_id, new.operation_id
        for code, name in (("removed", before), ("added", after)):
            if before != after and name:
                was = name if code == "removed" else None
                self.findings.add(
                    site,
                    f"api-operation-id-{code}",
                    Level.INFO,
                    f"the operationId was {code}",
                    old=old.at,
                    new=new.at,
                    before=was,
                    after=None if was else name,
                )

    def _tags(self, site: Site, old: Operation, new: Operation) -> None:
        was, now = (
            {name_of(tag) for tag in sequence(side.at.fields.get("tags"))} for side in (old, new)
        )
        for tag in sorted(was ^ now):
            added = tag in now
            self.findings.add(
                site,
                f"api-tag-{'added' if added else 'removed'}",
                Level.INFO,
                f"a tag was {'added' if added else 'removed'}",
                old=old.at,
                new=new.at,
                before=None if added else tag,
                after=tag if added else None,
            )

    def webhooks(self, base: At, revision: At) -> None:
        """Compare the calls that consumers receive."""
        old, new = base.children("webhooks"), revision.children("webhooks")
        self._received(Site(), "webhook", old, new)

    def _callbacks(self, site: Site, old: At, new: At) -> None:
        olds, news = _callbacks(old), _callbacks(new)
        if not olds and not news:
            return
        if site.depth >= _MAX_CALLBACK_DEPTH:
            if not self.findings.schemas.unchanged.same(
                old.fields.get("callbacks"), new.fields.get("callbacks")
            ):
                message = "callbacks of callbacks are too deep to be judged"
                code = "analysis-limit-reached"
                self.findings.add(site, code, Level.ERROR, message, old=old, new=new)
            return
        self._received(site, "callback", olds, news)

    def _received(self, outer: Site, kind: str, old: _Items, new: _Items) -> None:
        """Compare calls that the provider makes: what it sends is a response to consumers."""
        for name in sorted(old.keys() | new.keys()):
            if self.findings.refuse(outer, old.get(name), new.get(name), f"{kind} {name}"):
                continue
            olds, news = _operations(name, old), _operations(name, new)
            for method in (method for method in _METHODS if method in olds or method in news):
                self._call(outer, kind, olds.get(method), news.get(method))

    def _call(self, outer: Site, kind: str, old: Operation | None, new: Operation | None) -> None:
        some = new or old
        if some is None:
            return
        label = f"{some.method.upper()} {kind} {some.path}"
        site = Site(
            operation=f"{outer.operation} {label}".strip(),
            operation_id=some.operation_id or outer.operation_id,
            inverted=not outer.inverted,
            exempt=outer.exempt or (old is not None and promises_nothing(old.at.fields)),
            depth=outer.depth + 1,
        )
        if old is not None and new is not None:
            self.compare(old, new, site)
            return
        action = "removed" if new is None else "added"
        level = Level.ERROR if new is None else Level.INFO
        self.findings.add(
            site,
            f"{kind}-{action}",
            level,
            f"the {kind} was {action}",
            old=old.at if old is not None else (),
            new=new.at if new is not None else (),
        )


def _site(old: Operation, new: Operation) -> Site:
    return Site(
        operation=old.label,
        operation_id=old.operation_id or new.operation_id,
        exempt=promises_nothing(old.at.fields),
    )


def _operations(path: str | None, items: _Items) -> dict[str, Operation]:
    item = items.get(path or "")
    if path is None or item is None:
        return {}
    found = {}
    for method in _METHODS:
        at = item.child(method)
        if at is not None:
            found[method] = Operation(path, method, item, at)
    return found


def _callbacks(operation: At) -> _Items:
    """Path items by `name expression`."""
    return {
        f"{name} {expression}": item
        for name, callback in operation.children("callbacks").items()
        for expression, item in callback.named().items()
        if not expression.startswith("x-")
    }


def _matched(old: _Items, new: _Items) -> list[tuple[str | None, str | None]]:
    """Paths of both sides that are the same call; the names in a template are not sent."""
    pairs: list[tuple[str | None, str | None]] = []
    free = {
        _TEMPLATE.sub("{}", path): path for path in sorted(new, reverse=True) if path not in old
    }
    for path in sorted(old):
        match = path if path in new else free.pop(_TEMPLATE.sub("{}", path), None)
        pairs.append((path, match))
    taken = {after for _, after in pairs}
    return [*pairs, *((None, path) for path in sorted(new) if path not in taken)]


def all_operations(document: At) -> list[At]:
    """Every operation that consumers call."""
    items = document.patterned("paths")
    return [op.at for path in items for op in _operations(path, items).values()]
