"""Layer 02: bounded contexts, what the business offers, how it works, who is responsible."""

from __future__ import annotations

from typing import Literal

from cloudsync_gen.model.element import Element, Motivation, Observability, Part
from cloudsync_gen.model.ids import Link
from cloudsync_gen.model.values import Name, Short, Slug


class Contact(Part, frozen=True, kw_only=True):
    """How to reach a team: e-mail, chat channel, name of its on-call service.

    Attributes:
        email: address that somebody reads.
        chat: channel in which they can be asked.
        pager: service of the on-call system that wakes them.
    """

    email: Short
    chat: Short | None = None
    pager: Slug | None = None


class Actor(Element, frozen=True, kw_only=True):
    """A party: a team that owns services, a kind of person, an organisation outside.

    Attributes:
        kind: what sort of party it is; only a `team` can own something.
        contact: how it is reached.
        stakeholder: the stakeholder that it is.
    """

    kind: Literal["team", "person", "organization"]
    contact: Contact | None = None
    stakeholder: Link | None = None


class ContextRelation(Part, frozen=True, kw_only=True):
    """An edge of the context map, from this (upstream) context (Evans, Domain-Driven Design, ch.
    14).

    Attributes:
        downstream: the context that depends on this one.
        pattern: how both work together, by the name that the book gives it.
        note: why they work so.
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
    """A bounded context and its ubiquitous language.

    Attributes:
        owner: the team that answers for it.
        language: the terms that mean one thing within it.
        owns: what nobody else decides.
        context_map: contexts that depend on it, and how.
        motivation: why it is there.
    """

    owner: Link
    language: tuple[Name, ...]
    owns: Short
    context_map: tuple[ContextRelation, ...] = ()
    motivation: Motivation = Motivation()


class BusinessService(Element, frozen=True, kw_only=True):
    """Something the business offers to its customers.

    Attributes:
        domain: the context that offers it.
        motivation: why it is offered.
        apm: how well it has to do.
    """

    domain: Link
    motivation: Motivation = Motivation()
    apm: Observability = Observability()


class ProcessStep(Part, frozen=True, kw_only=True):
    """One step: which service carries it out, through which command or query.

    Attributes:
        name: what is done.
        service: the service that does it.
        performs: the command or query by which it is done.
    """

    name: Name
    service: Link
    performs: Link | None = None


class Process(Element, frozen=True, kw_only=True):
    """A sequence of steps with a business result.

    Attributes:
        services: business services that it belongs to.
        steps: what happens, one after the other.
        security_controls: measures that protect it.
        motivation: why it is there.
        apm: how well it has to do.
    """

    services: tuple[Link, ...]
    steps: tuple[ProcessStep, ...]
    security_controls: tuple[Link, ...] = ()
    motivation: Motivation = Motivation()
    apm: Observability = Observability()


class BusinessObject(Element, frozen=True, kw_only=True):
    """A notion of the business that data elements represent.

    Attributes:
        domain: the context whose notion it is.
    """

    domain: Link


TYPES: dict[str, type[Element]] = {
    "actor": Actor,
    "domain": Domain,
    "service": BusinessService,
    "process": Process,
    "object": BusinessObject,
}
