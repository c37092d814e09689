"""What all contracts of a model say alike: where they are served, how callers identify."""

from __future__ import annotations

from msgspec import Struct

from cloudsync_gen.contracts.findings import contract_finding
from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.api import Gateway, WebhookDelivery
from cloudsync_gen.model.layers.security import SecurityModel
from cloudsync_gen.model.system import Model
from cloudsync_gen.model.values import milliseconds
from cloudsync_gen.naming import words
from cloudsync_gen.source import Ref

UNLICENSED = "UNLICENSED"


class Publication(Struct, frozen=True, kw_only=True):
    """Facts of the gateway, the security model and the project; sizes in items or bytes."""

    server: str
    server_name: str
    problem_base: str
    issuer: str
    algorithm: str
    token_lifetime: str
    page_size: int
    max_page_size: int
    max_body_bytes: int
    limited: bool
    replay_seconds: int
    delivery: WebhookDelivery | None
    header_prefix: str
    license: str


def publication_of(model: Model) -> tuple[Publication, list[Diagnostic]]:
    """The facts, with neutral ones in the place of what the model lacks, which is then found."""
    gateways = model.all(Gateway)
    gateway = gateways[0] if gateways else None
    found: list[Diagnostic] = []
    served = [*(e.file for e in model.sources.rest), *(e.file for e in model.sources.webhooks)]
    if gateway is None and served:
        what = "no `api.gateway` says where the contracts are served"
        hint = "add an element of type `api.gateway` to the api layer"
        found.append(contract_finding("contract-context", Ref(served[0]), what, hint))
    trust = next(iter(model.all(SecurityModel)), None)
    return (
        Publication(
            server=f"https://{gateway.host}" if gateway else "https://localhost",
            server_name=gateway.name if gateway else "unnamed",
            problem_base=gateway.problem_base if gateway else "https://localhost/problems/",
            issuer=gateway.issuer if gateway else "https://localhost",
            algorithm=trust.token.algorithm if trust else "ES256",
            token_lifetime=trust.token.lifetime if trust else "15m",
            page_size=gateway.page_size if gateway else 50,
            max_page_size=gateway.max_page_size if gateway else 200,
            max_body_bytes=gateway.max_body_bytes if gateway else 1048576,
            limited=bool(gateway and gateway.plans),
            replay_seconds=milliseconds(gateway.webhook_replay_window) // 1000 if gateway else 300,
            delivery=gateway.webhook_delivery if gateway else None,
            header_prefix="-".join(word.capitalize() for word in words(model.project.slug)) or "X",
            license="" if model.project.license == UNLICENSED else model.project.license,
        ),
        found,
    )
