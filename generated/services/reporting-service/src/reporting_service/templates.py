"""The reports that the analytics team has written: customers choose among them.

Each is made of sections, in this order. What a template asks for besides its days are values of
dimensions, by which the facts are narrowed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from .generated import models

Edition = models.Edition

EVERYBODY = frozenset(
    {"billing-admin", "data-analyst", "finance-operator", "org-admin", "org-owner", "team-manager"}
)
_PAYERS = EVERYBODY - {"team-manager"}
_GUARDIANS = frozenset({"data-analyst", "org-admin", "org-owner"})

FORMATS = tuple(models.ReportFormat)
"""What the renderers of this service can write."""

FINAL_EXPORT = "tenant-export"
"""What a tenant that leaves is owed; it may be fetched until the tenant is purged."""


@dataclass(frozen=True, slots=True)
class Section:
    """Curves of some metrics, or with `event_types` a list of what happened."""

    heading: str
    metric_keys: tuple[str, ...] = ()
    group_by: tuple[str, ...] = ()
    event_types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A report; `parameters` maps what may be asked for to the dimension that it narrows."""

    key: str
    caption: str
    sections: tuple[Section, ...]
    editions: tuple[models.Edition, ...] = (Edition.team, Edition.business, Edition.enterprise)
    roles: frozenset[str] = EVERYBODY
    longest_range_days: int = 400
    parameters: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def offered(self) -> models.ReportTemplate:
        """As it stands in the list of those that can be asked for."""
        return models.ReportTemplate(
            template_key=self.key,
            caption=self.caption,
            editions=list(self.editions),
            formats=list(FORMATS),
            longest_range_days=self.longest_range_days,
        )


_ALL = (
    Template(
        key="seat-utilisation",
        caption="Seats that are paid for, and those that somebody sat on",
        sections=(
            Section("Seats paid for and used", ("seats_committed", "seats_active")),
            Section("Seats used by team", ("seats_active",), ("team",)),
        ),
        parameters={"team": "team"},
    ),
    Template(
        key="adoption-by-team",
        caption="Which features teams have taken up",
        editions=(Edition.business, Edition.enterprise),
        sections=(
            Section("People who were active", ("active_users",), ("team",)),
            Section("Features by share of people", ("feature_adoption_ratio",), ("feature",)),
        ),
        parameters={"team": "team", "feature": "feature"},
    ),
    Template(
        key="storage-growth",
        caption="How much is stored, and how fast it grows",
        editions=(Edition.free, Edition.team, Edition.business, Edition.enterprise),
        sections=(
            Section("Stored", ("storage_bytes",)),
            Section("Uploaded", ("uploaded_bytes",), ("team",)),
        ),
        parameters={"team": "team"},
    ),
    Template(
        key="billing-summary",
        caption="What was invoiced, paid and credited",
        roles=_PAYERS,
        sections=(Section("Invoiced and paid", ("invoiced_minor", "paid_minor"), ("currency",)),),
        parameters={"currency": "currency", "costCentre": "cost_centre"},
    ),
    Template(
        key="security-posture",
        caption="Sign-ins, second factors and what was refused",
        editions=(Edition.business, Edition.enterprise),
        roles=_GUARDIANS,
        longest_range_days=93,
        sections=(
            Section("Sign-ins", ("logins_succeeded", "logins_failed")),
            Section("Second factors", ("mfa_ratio",)),
            Section(
                "Sessions that were revoked", event_types=("cloudsync.user.auth.SessionRevoked",)
            ),
        ),
    ),
    Template(
        key="meeting-hours",
        caption="Hours spent in meetings, by team",
        sections=(Section("Hours in meetings", ("meeting_minutes",), ("team",)),),
        parameters={"team": "team"},
    ),
    Template(
        key="sla-attainment",
        caption="What was promised of availability and speed, and what came of it",
        editions=(Edition.enterprise,),
        sections=(
            Section("Available", ("availability_ratio",), ("service",)),
            Section("Answered in time", ("latency_attainment_ratio",), ("service",)),
        ),
        parameters={"service": "service"},
    ),
    Template(
        key=FINAL_EXPORT,
        caption="All numbers of the organisation, to take along",
        editions=(Edition.free, Edition.team, Edition.business, Edition.enterprise),
        roles=frozenset({"org-admin", "org-owner"}),
        sections=(
            Section("People and seats", ("active_users", "seats_committed", "seats_active")),
            Section("Stored and uploaded", ("storage_bytes", "uploaded_bytes")),
            Section("Minutes in meetings", ("meeting_minutes",)),
        ),
    ),
)

TEMPLATES: Mapping[str, Template] = MappingProxyType({each.key: each for each in _ALL})

_BY_WORD = {each.value: each for each in models.Edition}


def edition_of(plan_code: str) -> models.Edition | None:
    """The edition that a plan is of, by its first word (`team-yearly-2`); None for add-ons."""
    return _BY_WORD.get(plan_code.partition("-")[0])


def withheld_from(edition: models.Edition) -> list[str]:
    """Keys of the templates that the edition does not include, in order."""
    return sorted(key for key, each in TEMPLATES.items() if edition not in each.editions)


def open_to(roles: Iterable[str], withheld: Iterable[str]) -> list[Template]:
    """The templates for somebody with these roles, without those that are withheld."""
    held, without = frozenset(roles), frozenset(withheld)
    return [each for each in _ALL if each.roles & held and each.key not in without]
