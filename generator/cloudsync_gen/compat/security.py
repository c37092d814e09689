"""Security: which credentials are enough, by what the schemes are, not what they are called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from cloudsync_gen.compat.findings import Findings, Site
from cloudsync_gen.compat.places import At
from cloudsync_gen.compat.schemes import Schemes
from cloudsync_gen.compat.values import entries, mapping, name_of, sequence
from cloudsync_gen.model.changes import Level


class Credential(NamedTuple):
    """One scheme that a request must satisfy, and the scopes that it needs there."""

    scheme: str
    scopes: frozenset[str]


Alternative = frozenset[Credential]
"""Credentials that are all needed; none at all means that anybody may call."""


class Security:
    """What operations demand, in terms of the schemes of both documents."""

    def __init__(self, findings: Findings, base: At, revision: At) -> None:
        self.findings = findings
        self.base, self.revision = base, revision
        self.schemes = Schemes(findings, base, revision)
        self.inherited = False
        """Whether an operation leaves its demands to the document on both sides."""

    def use(self, operation: At) -> None:
        """Note the schemes that an operation of the base demands."""
        owner = operation if "security" in operation.fields else self.base
        for alternative in _alternatives(owner, {}):
            self.schemes.used |= {credential.scheme for credential in alternative}

    def compare_global(self, site: Site) -> None:
        """Compare what the documents demand of operations that say nothing themselves."""
        if self.inherited:
            self._compare(site, self.base, self.revision, "api-global-security")

    def compare_operation(self, site: Site, old: At, new: At) -> None:
        """Compare what two operations demand, unless both leave that to the document."""
        if "security" in old.fields or "security" in new.fields:
            sides = (
                old if "security" in old.fields else self.base,
                new if "security" in new.fields else self.revision,
            )
            self._compare(site, *sides, "api-security")
        elif not site.inverted:
            self.inherited = True

    def _compare(self, site: Site, old: At, new: At, prefix: str) -> None:
        olds = _alternatives(old, {})
        news = _alternatives(new, self.schemes.renamed)
        report = _Report(self.findings, site, prefix, (old, new))
        subs, sups = (news, olds) if site.inverted else (olds, news)
        lost = {one for one in subs if not any(_enough(one, sup) for sup in sups)}
        removed = [one for one in olds if one not in news]
        added = [one for one in news if one not in olds]
        for alternative in removed:
            other = next((one for one in added if _names(one) == _names(alternative)), None)
            if other is not None and alternative:
                added.remove(other)
                report.scopes(alternative, other, alternative in lost or other in lost)
            elif alternative:
                report.removed(alternative, alternative in lost, frozenset() in news)
        if frozenset() in lost and not site.inverted:
            report.demanded(added)
            return
        for alternative in added:
            report.added(alternative, alternative in lost)


class _Report:
    """Words for the differences of one demand."""

    def __init__(self, findings: Findings, site: Site, prefix: str, sides: tuple[At, At]) -> None:
        self.findings = findings
        self.site = site
        self.prefix = prefix
        self.sides = sides

    def scopes(self, old: Alternative, new: Alternative, lost: bool) -> None:
        """The same schemes with other scopes."""
        name = _names(old)
        before, after = _scopes(old), _scopes(new)
        for scope in sorted(after - before):
            message = f"{name} must grant a scope now"
            level = Level.ERROR if lost else Level.INFO
            self._say("scope-added", level, message, after=scope)
        for scope in sorted(before - after):
            message = f"{name} need not grant a scope any more"
            self._say("scope-removed", Level.INFO, message, before=scope)
        if before == after:
            message = f"{name} must grant its scopes elsewhere now"
            self._say("scope-added", Level.ERROR if lost else Level.INFO, message)

    def removed(self, alternative: Alternative, lost: bool, open_: bool) -> None:
        """Credentials that used to suffice are no longer listed."""
        name = _names(alternative)
        level = Level.ERROR if lost else Level.WARNING if open_ else Level.INFO
        message = f"credentials {'no longer suffice' if lost else 'are no longer asked for'}"
        self._say("removed", level, message, before=name)

    def demanded(self, alternatives: list[Alternative]) -> None:
        """Calls without credentials used to be accepted."""
        message = "calls without credentials are refused, which must bring some now"
        self._say("added", Level.ERROR, message, after=" or ".join(map(_names, alternatives)))

    def added(self, alternative: Alternative, lost: bool) -> None:
        """Credentials that are listed now."""
        name = _names(alternative)
        level = Level.ERROR if lost else Level.INFO
        self._say(
            "added",
            level,
            "credentials suffice now" if name else "calls without credentials are accepted now",
            after=name,
        )

    def _say(
        self,
        action: str,
        level: Level,
        message: str,
        before: str | None = None,
        after: str | None = None,
    ) -> None:
        old, new = ((*side.pointer, "security") for side in self.sides)
        self.findings.add(
            self.site,
            f"{self.prefix}-{action}",
            level,
            message,
            old=old,
            new=new,
            where="security",
            before=before,
            after=after,
        )


def _enough(known: Alternative, wanted: Alternative) -> bool:
    """Whether whoever has the known credentials satisfies what is wanted."""
    return all(
        any(mine.scheme == one.scheme and one.scopes <= mine.scopes for mine in known)
        for one in wanted
    )


def _names(alternative: Alternative) -> str:
    return " and ".join(sorted(credential.scheme for credential in alternative))


def _scopes(alternative: Alternative) -> frozenset[str]:
    return frozenset(scope for credential in alternative for scope in credential.scopes)


def _alternatives(owner: At, renamed: Mapping[str, str]) -> list[Alternative]:
    """What suffices, each alternative once; nothing written means that anybody may call."""
    found = [
        frozenset(
            Credential(renamed.get(name, name), frozenset(map(name_of, sequence(scopes))))
            for name, scopes, _ in entries(mapping(alternative))
        )
        for alternative in sequence(owner.fields.get("security"))
    ]
    return list(dict.fromkeys(found)) or [frozenset()]
