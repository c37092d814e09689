"""A small valid model to begin with: a team, a domain, a place to run, and nothing to run yet."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from cloudsync_gen.edit.draft import Draft, NewFile
from cloudsync_gen.edit.names import words
from cloudsync_gen.edit.site import WRITTEN_OUT, Elements

FOLDERS = {
    "motivation": "model/01_motivation",
    "business": "model/02_business",
    "security": "model/03_security",
    "application": "model/04_application",
    "technology": "model/05_technology",
    "api": "model/06_api",
    "data_model": "model/07_data_model",
    "datastore": "model/08_data_store",
    "ux": "model/09_ux",
    "navigation": "model/10_navigation",
    "apm": "model/11_apm",
}
CONFIGURATION = """\
# Settings of cloudsync-gen; the same keys may stand in pyproject.toml below [tool.cloudsync-gen].
# A flag wins over CLOUDSYNC_GEN_<KEY>, that over this file. `explain CODE` says what a rule does.

# select = ["LNK", "SEC"]            # only these rules: codes, beginnings of codes, names
# ignore = ["metric-name-style"]     # not these
# jobs = 0                           # processes, 0 for all processors

# [severity]
# LNK001 = "error"                   # error, warning, info or off
"""


class Beginning(Struct, frozen=True, kw_only=True):
    """`slug` and `domain` are kebab names, `title` any text."""

    slug: str
    title: str
    domain: str


def starter(asked: Beginning) -> Draft:
    """All files of the model, and the settings."""
    manifest = {
        "project": {
            "name": asked.title,
            "slug": asked.slug,
            "description": f"The architecture of {asked.title}.",
            "version": "0.1.0",
        },
        "layers": {layer: {"path": folder} for layer, folder in FOLDERS.items()},
    }
    parts: list[tuple[str, str, Elements]] = [
        ("motivation", "goals", _motivation()),
        ("business", "domains", _business(asked.domain)),
        ("security", "roles", _roles()),
        ("security", "classifications", _classifications()),
        ("technology", "platform", _platform()),
        ("technology", "stores", _stores(asked.slug)),
        ("api", "gateway", _gateway(asked.slug)),
        ("data_model", "common/values", _values()),
        ("apm", "metrics/requests", _metrics()),
    ]
    files = [NewFile(path="model/manifest.yaml", layer="", elements=manifest)]
    files += [
        NewFile(path=f"{FOLDERS[layer]}/{name}.yaml", layer=layer, elements=elements)
        for layer, name, elements in parts
    ]
    return Draft(files=tuple(files), plain={"cloudsync-gen.toml": CONFIGURATION})


def _element(identity: str, name: str, description: str, **fields: Any) -> dict[str, Any]:
    return {"id": identity, "name": name, "description": description, **fields}


def _motivation() -> Elements:
    return {
        "dependable": _element(
            "motivation.goal.dependable",
            "Dependable",
            "People can count on it: it answers, and what it was told it still knows.",
            kpi="share of requests that are answered in a month",
            target="99.9%",
            stakeholders=["motivation.stakeholder.customer"],
        ),
        "customer": _element(
            "motivation.stakeholder.customer",
            "Customer",
            "Uses the system for work of their own.",
            concerns=["that it is there when it is needed"],
            influence="high",
        ),
    }


def _business(domain: str) -> Elements:
    return {
        "core-team": _element(
            "business.actor.core-team",
            "Core team",
            "Builds and runs the services.",
            kind="team",
            contact={"email": "core-team@example.com", "pager": "core-team"},
        ),
        domain: _element(
            f"business.domain.{domain}",
            words(domain).capitalize(),
            "The first bounded context; write here what its words mean.",
            owner="business.actor.core-team",
            language=[words(domain)],
            owns="What its services keep",
        ),
    }


def _roles() -> Elements:
    return {
        "member": _element(
            "security.role.member",
            "Member",
            "Works with the system every day.",
            holder="customer",
            permissions=[],
        )
    }


def _classifications() -> Elements:
    levels = (
        ("public", "Public", "Anybody may read it.", "none", "none", True),
        ("internal", "Internal", "Ids, states and counters.", "volume", "none", True),
        ("confidential", "Confidential", "What customers write.", "volume", "partial", False),
    )
    return {
        key: _element(
            f"security.classification.{key}",
            name,
            description,
            level=level,
            encryption=encryption,
            masking=masking,
            loggable=loggable,
            retention="As long as it is needed",
        )
        for level, (key, name, description, encryption, masking, loggable) in enumerate(levels)
    }


def _platform() -> Elements:
    region = "technology.region.eu-west-1"
    return {
        "eu-west-1": _element(
            region,
            "Ireland",
            "The one region to begin with.",
            code="eu-west-1",
            role="primary",
            serving=True,
            residency="eu",
            cidr="10.0.0.0/16",
            zones=3,
            trafficPercent=100,
        ),
        "main": _element(
            "technology.cluster.main",
            "Main cluster",
            "Runs all services.",
            region=region,
            version="1.31",
        ),
        "production": _element(
            "technology.namespace.production",
            "Production",
            "What customers use.",
            clusters=["technology.cluster.main"],
            kubernetesName="production",
            purpose="workload",
            meshInjection=False,
        ),
        "general-purpose": _element(
            "technology.node-pool.general-purpose",
            "General purpose",
            "Machines for everything that has no special needs.",
            clusters=["technology.cluster.main"],
            nodeClass="general-purpose",
            instanceType="m6i.xlarge",
            vcpu=4,
            memory="16Gi",
            minNodes=2,
            maxNodes=6,
            hourlyCostCents=21.4,
        ),
        "gateway": _element(
            "technology.edge.gateway",
            "Gateway",
            "The one way in.",
            kind="gateway",
            regions=[region],
        ),
    }


def _stores(slug: str) -> Elements:
    regions = ["technology.region.eu-west-1"]
    recovery = {"rto": "30m", "rpo": "5m", "replication": "One standby", "backup": "Daily, 35 days"}
    return {
        "postgresql": _element(
            "technology.store.postgresql",
            "PostgreSQL",
            f"Keeps what the services of {words(slug)} know.",
            engine="postgresql",
            engineVersion="16",
            regions=regions,
            instanceType="db.r6g.large",
            nodesPerRegion=2,
            maxConnections=400,
            recovery=recovery,
        ),
        "kafka": _element(
            "technology.broker.kafka",
            "Kafka",
            "Carries what services announce.",
            engine="kafka",
            engineVersion="3.7",
            regions=regions,
            nodesPerRegion=3,
            recovery=recovery,
        ),
    }


def _gateway(slug: str) -> Elements:
    return {
        "public": _element(
            "api.gateway.public",
            "Public gateway",
            "Limits and addresses that all contracts share.",
            edge="technology.edge.gateway",
            host=f"api.{slug}.example",
            problemBase=f"https://errors.{slug}.example/",
            issuer=f"https://login.{slug}.example",
            maxBodyBytes=1048576,
            pageSize=20,
            maxPageSize=100,
            webhookReplayWindow="5m",
            plans=[{"edition": "standard", "perSecond": 20, "burst": 40}],
        )
    }


def _values() -> Elements:
    named = (
        ("uuid", "uuid", "Identifier", "A UUID of version 7 (RFC 9562), in its canonical form."),
        ("timestamp", "timestamp", "Moment", "A moment in UTC (RFC 3339)."),
        ("entity-version", "version", "Entity version", "Counts the changes of an entity from 1."),
    )
    return {
        key: _element(f"data_model.value.{key}", name, description, schema={**WRITTEN_OUT[written]})
        for key, written, name, description in named
    }


def _metrics() -> Elements:
    return {
        "http-server-request-duration-seconds": _element(
            "apm.metric.http-server-request-duration-seconds",
            "HTTP request duration",
            "Time from the first byte of a request to the last of its answer.",
            metric="http_server_request_duration_seconds",
            instrument="histogram",
            unit="s",
            labels=["service", "method", "route", "status"],
            buckets=[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
            measuresGoal=["motivation.goal.dependable"],
        )
    }
