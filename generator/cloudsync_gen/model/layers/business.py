"""Layer 02: bounded contexts, what the business offers, how it works, who is responsible."""

from __future__ import annotations

from typing import Literal

from cloudsync_gen.model.element import Element, Motivation, Observability, Part
from cloudsync_gen.model.ids import Link
from cloudsync_gen.model.values import Name, Short, Slug


class Contact(Part, frozen=True, kw_only=True):
    """How to reach a team: e-mail, chat channel, name of its on-call service."""

    email: Short
    chat: Short | None = None
    pager: Slug | None = None


class Actor(Element, frozen=True, kw_only=True):
    """A party: a team that owns services, a kind of person, an organisation outside."""

    kind: Literal["team", "person", "organization"]
    contact: Contact | None = None
    stakeholder: Link | None = None


class ContextRelation(Part, frozen=True, kw_only=True):
    """An edge of the context map, from this (upstream) context (Evans, Domain-Driven Design, ch.
    14).
    """

    downstream: Link
    pattern: Literal[
        "open-host-service",
        "published-language",
        "customer-supplier",
        "partnership",
        "conformist",
        "anticorruption-layer",
        "shared-kernel",
        "separate-ways",
    ]
    note: Short | None = None


class Domain(Element, frozen=True, kw_only=True):
    """A bounded context and its ubiquitous language."""

    owner: Link
    language: tuple[Name, ...]
    owns: Short
    context_map: tuple[ContextRelation, ...] = ()
    motivation: Motivation = Motivation()


class BusinessService(Element, frozen=True, kw_only=True):
    """Something the business offers to its customers."""

    domain: Link
    motivation: Motivation = Motivation()
    apm: Observability = Observability()


class ProcessStep(Part, frozen=True, kw_only=True):
    """One step: which service carries it out, through which command or query."""

    name: Name
    service: Link
    performs: Link | None = None


class Process(Element, frozen=True, kw_only=True):
    """A sequence of steps with a business result."""

    services: tuple[Link, ...]
    steps: tuple[ProcessStep, ...]
    security_controls: tuple[Link, ...] = ()
    motivation: Motivation = Motivation()
    apm: Observability = Observability()


class BusinessObject(Element, frozen=True, kw_only=True):
    """A notion of the business that data elements represent."""

    domain: Link


TYPES: dict[str, type[Element]] = {
    "actor": Actor,
    "domain": Domain,
    "service": BusinessService,
    "process": Process,
    "object": BusinessObject,
}
