"""Responses: status codes, their bodies and headers."""

from __future__ import annotations

from cloudsync_gen.compat.bodies import Exchange, compare_content
from cloudsync_gen.compat.findings import Findings, Site
from cloudsync_gen.compat.parameters import compare_parameters, headers_of
from cloudsync_gen.compat.places import At
from cloudsync_gen.model.changes import Level

_Responses = dict[str, At]


def compare_responses(findings: Findings, site: Site, old: At, new: At) -> None:
    """Compare the responses of two operations, code by code."""
    olds, news = _responses(old), _responses(new)
    for code in sorted(olds.keys() | news.keys()):
        before, after = olds.get(code), news.get(code)
        if findings.refuse(site, before, after, f"response {code}"):
            continue
        if before is not None and after is not None:
            _response(findings, site, code, before, after)
        elif after is not None:
            _added(findings, site, code, after, olds)
        elif before is not None:
            _removed(findings, site, code, before, news)


def _responses(operation: At) -> _Responses:
    return {code.upper(): at for code, at in operation.patterned("responses").items()}


def _is_success(code: str) -> bool:
    return code.startswith("2")


def _cover(code: str, others: _Responses) -> At | None:
    """What stands for a code that is not listed: its range, else `default` (OpenAPI 3.1, 4.8.16).

    `default` describes failures by convention, so that a success is not held against it.
    """
    found = others.get(f"{code[:1]}XX") if len(code) == 3 else None
    if found is None and not _is_success(code) and code != "DEFAULT":
        found = others.get("DEFAULT")
    return None if found is None or found.refused is not None else found


def _added(findings: Findings, site: Site, code: str, new: At, olds: _Responses) -> None:
    kind = "success" if _is_success(code) else "non-success"
    findings.add(
        site,
        f"response-{kind}-status-added",
        Level.INFO,
        "the status code is new",
        new=new,
        where=f"response {code.lower()}",
        direction=site.answered,
    )
    cover = _cover(code, olds)
    if cover is not None:
        _response(findings, site, code, cover, new)


def _removed(findings: Findings, site: Site, code: str, old: At, news: _Responses) -> None:
    success = _is_success(code)
    breaks = success or site.inverted
    findings.add(
        site,
        f"response-{'success' if success else 'non-success'}-status-removed",
        Level.ERROR if breaks else Level.INFO,
        "the status code was removed",
        old=old,
        where=f"response {code.lower()}",
        direction=site.answered,
    )
    cover = _cover(code, news)
    if cover is not None:
        _response(findings, site, code, old, cover)


def _response(findings: Findings, site: Site, code: str, old: At, new: At) -> None:
    where = f"response {code.lower()}"
    exchange = Exchange(site.answered, where, negotiated=not site.inverted)
    compare_content(findings, site, exchange, old, new)
    compare_parameters(
        findings, site, headers_of(old, where), headers_of(new, where), site.answered
    )
