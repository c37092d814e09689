"""Layer 11 of a new service: what it promises, how it is followed, who is woken."""

from __future__ import annotations

from typing import Any

from cloudsync_gen.edit.ground import STATUS_LABELS, label_of
from cloudsync_gen.edit.names import words
from cloudsync_gen.edit.site import Elements, Site
from cloudsync_gen.model.layers.apm import Metric

WINDOW = "30d"
_SERVICE_LABELS = ("service", "destination_service", "service_name")


def objectives(site: Site) -> Elements:
    """Indicators: whether it answers, and how fast."""
    short, offered = site.called.short, site.offered
    return {
        f"{short}-availability": {
            "id": f"apm.sli.{short}-availability",
            "name": f"Availability of {words(short)}",
            "description": f"Share of requests that {site.called.spoken} answers.",
            "service": site.service,
            "kind": "availability",
            "metric": offered.availability.id,
            "definition": "Requests answered below 500, of all valid ones",
        },
        f"{short}-latency": {
            "id": f"apm.sli.{short}-latency",
            "name": f"Latency of {words(short)}",
            "description": f"How long {site.called.spoken} takes to answer.",
            "service": site.service,
            "kind": "latency",
            "metric": offered.latency.id,
            "operations": [_operation(site, f"get-{site.called.one}")],
            "definition": "95th percentile over five minutes of requests that succeeded",
        },
    }


def promises(site: Site) -> Elements:
    """Objectives on them."""
    short = site.called.short
    return {
        f"{short}-availability": {
            "id": f"apm.slo.{short}-availability",
            "name": f"{words(short).capitalize()} is available",
            "description": f"Three quarters of an hour a month {site.called.spoken} may fail.",
            "service": site.service,
            "sli": f"apm.sli.{short}-availability",
            "objective": "99.9%",
            "window": WINDOW,
        },
        f"{short}-latency": {
            "id": f"apm.slo.{short}-latency",
            "name": f"{words(short).capitalize()} answers within 150 ms",
            "description": f"Nineteen of twenty reads of {words(site.called.many)} are this quick.",
            "service": site.service,
            "sli": f"apm.sli.{short}-latency",
            "objective": "95%",
            "window": WINDOW,
            "threshold": "150ms",
            "quantile": "95%",
        },
    }


def _operation(site: Site, command: str) -> str:
    return f"api.operation.{site.called.short}-{command}"


def trace(site: Site) -> Elements:
    """How it is followed."""
    one = site.called.one
    return {
        site.called.service: {
            "id": f"apm.trace.{site.called.service}",
            "name": f"Traces of {site.called.service}",
            "description": f"Requests about {words(site.called.many)}, one in twenty.",
            "service": site.service,
            "instruments": [_operation(site, f"{verb}-{one}") for verb in ("get", "create")],
            "sampling": "5%",
            "attributes": ["cloud.region", "http.route", "organization.hash"],
            "retention": "7d",
        }
    }


def log(site: Site) -> Elements:
    """What it writes down."""
    return {
        site.called.service: {
            "id": f"apm.log.{site.called.service}",
            "name": f"Log of {site.called.service}",
            "description": f"Changes of {words(site.called.many)} by id, without what they say.",
            "service": site.service,
            "fields": [
                "time",
                "level",
                "service",
                "trace_id",
                "organization_id",
                "event",
                "message",
            ],
            "level": "info",
            "retention": "30d",
            "masked": [site.offered.content_classification],
        }
    }


def alerts(site: Site) -> Elements:
    """A page when the allowance burns fast, a ticket when it will not last."""
    called = site.called
    kinds = {
        "fast-burn": ("burns its allowance fast", "page", 14.4, "2m", _FIRST),
        "budget-ticket": ("will miss its month", "ticket", 1, "60m", _LATER),
    }
    return {
        f"{called.short}-availability-{key}": {
            "id": f"apm.alert.{called.short}-availability-{key}",
            "name": f"{words(called.short).capitalize()} {said}",
            "description": f"Requests to {called.spoken} fail {rate} times as often as allowed.",
            "service": site.service,
            "owner": site.offered.owner,
            "severity": severity,
            "slo": f"apm.slo.{called.short}-availability",
            "burnRate": rate,
            "lasting": lasting,
            "metrics": [site.offered.availability.id],
            "dashboard": f"apm.dashboard.{called.service}",
            "firstStep": step,
        }
        for key, (said, severity, rate, lasting, step) in kinds.items()
    }


_FIRST = (
    "Look at the dashboard: one route or all? Compare with the last release; roll back if it fits."
)
_LATER = "Take the three routes with most failures and look for what they share."


def dashboard(site: Site) -> Elements:
    """A page of panels: the four golden signals."""
    called, offered = site.called, site.offered
    panels = [
        _panel("Requests", "traffic", offered.availability, _rate(site, offered.availability)),
        _panel("Share that fails", "errors", offered.errors, _failing(site, offered.errors)),
        _panel("Latency, p95", "latency", offered.latency, _quantile(site, offered.latency)),
        _at_once(site),
    ]
    return {
        called.service: {
            "id": f"apm.dashboard.{called.service}",
            "name": f"{words(called.short).capitalize()} service",
            "description": f"How {called.spoken} does, and what is left of its allowance.",
            "services": [site.service],
            "panels": panels,
            "slos": [f"apm.slo.{called.short}-{each}" for each in ("availability", "latency")],
        }
    }


def _panel(title: str, signal: str, metric: Metric, expression: str) -> dict[str, Any]:
    shown = {"metric": metric.id, "expression": expression}
    return {"title": title, **shown, "kind": "timeseries", "signal": signal}


def _at_once(site: Site) -> dict[str, Any]:
    """Requests being answered; without a gauge of them, seconds spent on them in each second."""
    gauge, latency = site.offered.at_once, site.offered.latency
    if gauge is not None:
        shown, expression = gauge, f"sum({gauge.metric}{_selector(site, gauge)})"
    else:
        shown, spent = latency, f"{latency.metric}_sum{_selector(site, latency)}"
        expression = f"sum(rate({spent}[5m]))"
    return _panel("Requests at once", "saturation", shown, expression)


def _selector(site: Site, metric: Metric, *more: str) -> str:
    label = label_of(metric, _SERVICE_LABELS)
    own = [f'{label}="{site.called.service}"'] if label else []
    matchers = ",".join([*own, *more])
    return f"{{{matchers}}}" if matchers else ""


def _rate(site: Site, metric: Metric, *more: str) -> str:
    name = f"{metric.metric}_count" if metric.instrument == "histogram" else metric.metric
    return f"sum(rate({name}{_selector(site, metric, *more)}[5m]))"


def _failing(site: Site, metric: Metric) -> str:
    failed = f'{label_of(metric, STATUS_LABELS)}=~"5.."'
    return f"{_rate(site, metric, failed)} / {_rate(site, metric)}"


def _quantile(site: Site, metric: Metric) -> str:
    inner = f"rate({metric.metric}_bucket{_selector(site, metric)}[5m])"
    return f"histogram_quantile(0.95, sum by (le) ({inner}))"
