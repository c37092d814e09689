"""Security schemes: how credentials are presented and obtained."""

from __future__ import annotations

from collections.abc import Mapping

from cloudsync_gen.compat.findings import Findings, Site
from cloudsync_gen.compat.places import At
from cloudsync_gen.compat.values import Raw, entries, text
from cloudsync_gen.model.changes import Level

_IDENTITY = ("type", "name", "in", "scheme", "openIdConnectUrl")
_URLS = {
    "authorizationUrl": "api-security-component-oauth-url-changed",
    "tokenUrl": "api-security-component-oauth-token-url-changed",
    "refreshUrl": "api-security-component-oauth-url-changed",
}


class Schemes:
    """The schemes of both documents. `used` are those that an operation of the base demands: a
    change of any other can hurt nobody."""

    def __init__(self, findings: Findings, base: At, revision: At) -> None:
        self.findings = findings
        self.old = _schemes(base)
        self.new = _schemes(revision)
        self.used: set[str] = set()
        self.renamed = self._renamed()

    def _renamed(self) -> dict[str, str]:
        """New name → old name of schemes that are the same under another name."""
        digest = self.findings.schemas.digests.of
        gone = {digest(at.raw): name for name, at in self.old.items() if name not in self.new}
        return {
            name: gone[digest(at.raw)]
            for name, at in self.new.items()
            if name not in self.old and digest(at.raw) in gone
        }

    def compare(self) -> None:
        """Compare the schemes by name."""
        for name in sorted(self.old.keys() | self.new.keys()):
            old, new = self.old.get(name), self.new.get(name)
            if name in self.renamed or name in self.renamed.values():
                continue
            if old is not None and new is not None:
                self._scheme(name, old, new)
            elif new is not None:
                message = f"the scheme {name} is new"
                self._say("api-security-component-added", Level.INFO, message, name, old, new)
            elif old is not None:
                message = f"the scheme {name} was removed"
                level = Level.WARNING if name in self.used else Level.INFO
                self._say("api-security-component-removed", level, message, name, old, new)

    def _scheme(self, name: str, old: At, new: At) -> None:
        if self.findings.refuse(Site(), old, new, f"security scheme {name}"):
            return
        breaks = Level.ERROR if name in self.used else Level.INFO
        for keyword in _IDENTITY:
            before, after = _word(old, keyword), _word(new, keyword)
            if before != after:
                action = "type" if keyword == "type" else f"{keyword.lower()}"
                message = f"its {keyword} changed"
                code = f"api-security-component-{action}-changed"
                self._say(code, breaks, message, name, old, new, before, after)
        flows = old.patterned("flows"), new.patterned("flows")
        for flow in sorted(flows[0].keys() | flows[1].keys()):
            was, now = flows[0].get(flow), flows[1].get(flow)
            if was is not None and now is not None:
                self._flow(name, was, now)
                continue
            action, level = ("removed", breaks) if now is None else ("added", Level.INFO)
            message = f"the flow {flow} was {action}"
            code = f"api-security-component-oauth-flow-{action}"
            self._say(code, level, message, name, old, new)

    def _flow(self, name: str, old: At, new: At) -> None:
        warns = Level.WARNING if name in self.used else Level.INFO
        for keyword, code in _URLS.items():
            before, after = _word(old, keyword), _word(new, keyword)
            if before != after:
                message = f"its {keyword} changed"
                self._say(code, warns, message, name, old, new, before, after)
        was, now = _scopes(old), _scopes(new)
        for scope in sorted(was.keys() | now.keys()):
            action = "removed" if scope not in now else "added" if scope not in was else "changed"
            if action == "changed" and was[scope] == now[scope]:
                continue
            level = warns if action == "removed" else Level.INFO
            code = f"api-security-component-oauth-scope-{action}"
            message = f"the scope {scope} was {action}"
            self._say(code, level, message, name, old, new)

    def _say(
        self,
        code: str,
        level: Level,
        message: str,
        name: str,
        old: At | None,
        new: At | None,
        before: str | None = None,
        after: str | None = None,
    ) -> None:
        self.findings.add(
            Site(),
            code,
            level,
            message,
            old=old or (),
            new=new or (),
            where=f"security scheme {name}",
            before=before,
            after=after,
        )


def _schemes(document: At) -> dict[str, At]:
    components = document.child("components")
    return components.children("securitySchemes") if components is not None else {}


def _word(at: At, keyword: str) -> str:
    word = text(at.fields.get(keyword))
    return word.lower() if keyword in ("scheme", "in", "type") else word


def _scopes(flow: At) -> Mapping[str, Raw]:
    return {name: raw for name, raw, _ in entries(flow.fields.get("scopes"))}
