"""Flags as evaluators hold them: buckets, rules, segments, decisions. Nothing here knows a store."""

from __future__ import annotations

import fnmatch
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from uuid import UUID

from cloudsync_chassis.expressions import Rule

from .generated import models

_PARTS = 10_000
_NUMERIC = re.compile(r"0|[1-9]\d*")
_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?", re.ASCII)

REASONS = models.DecisionReason
DECIDING = (models.FlagStatus.active, models.FlagStatus.killed, models.FlagStatus.rolled_out)
"""States in which evaluators know a flag."""


@dataclass(frozen=True, slots=True)
class Asked:
    """For whom a flag is evaluated; `plan` is the edition that the organisation has paid for."""

    organization: UUID
    user: UUID | None = None
    device: UUID | None = None
    plan: models.Edition = models.Edition.free
    claimed_plan: models.Edition | None = None
    country: str | None = None
    app_version: str | None = None
    role: str | None = None
    seats: int = 0
    overrides: Mapping[UUID, str] = field(default_factory=dict)

    def unit(self, by: models.BucketingUnit) -> str | None:
        """What is hashed; somebody without an account is their device."""
        if by is models.BucketingUnit.organization:
            return f"organization/{self.organization}"
        if by is models.BucketingUnit.user and self.user is not None:
            return f"user/{self.user}"
        return f"device/{self.device}" if self.device is not None else None


@dataclass(frozen=True, slots=True)
class Decided:
    """A variant and why."""

    variant: str
    reason: models.DecisionReason


@dataclass(frozen=True)
class Bundle:
    """All that evaluators of an environment go by. `seeds` by flag: see `seed`."""

    flags: Mapping[str, models.FeatureFlag]
    seeds: Mapping[UUID, str]
    segments: Mapping[str, models.FlagSegment]

    @cached_property
    def text(self) -> str:
        """As JSON: flags by key, the segments that their rules name."""
        named = sorted(
            {
                value.root
                for flag in self.flags.values()
                for rule in flag.rules
                if rule.attribute is models.TargetingAttribute.segment
                for value in rule.values
            }
            & self.segments.keys()
        )
        told = {
            "flags": [self._flag(self.flags[key]) for key in sorted(self.flags)],
            "segments": [self._segment(self.segments[name]) for name in named],
        }
        return json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    @cached_property
    def checksum(self) -> str:
        """SHA-256 of the text, in hex."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def _flag(self, flag: models.FeatureFlag) -> dict[str, Any]:
        found: dict[str, Any] = flag.model_dump(
            mode="json",
            by_alias=True,
            include={
                "key",
                "purpose",
                "value_type",
                "variants",
                "default_variant",
                "off_variant",
                "rules",
                "rollout_percent",
                "bucket_by",
                "prerequisites",
            },
        )
        off = flag.status is models.FlagStatus.killed
        return {**found, "off": off, "seed": self.seeds.get(flag.id, "")}

    def _segment(self, segment: models.FlagSegment) -> dict[str, Any]:
        found: dict[str, Any] = {"name": segment.segment_name}
        if segment.condition is not None:
            return {**found, "condition": segment.condition}
        return {**found, "organizationIds": sorted(str(each) for each in segment.organization_ids)}

    def decide(
        self, flag: models.FeatureFlag, asked: Asked, known: dict[str, Decided] | None = None
    ) -> Decided:
        """In the order override, entitlement, prerequisite, rule, share; a killed flag is off.

        `known`: what was decided for `asked` already, by key; each flag is decided once, by
        however many ways others ask for it.
        """
        known = {} if known is None else known
        if flag.key not in known:
            known[flag.key] = self._decide(flag, asked, known)
        return known[flag.key]

    def _decide(self, flag: models.FeatureFlag, asked: Asked, known: dict[str, Decided]) -> Decided:
        off = Decided(flag.off_variant, REASONS.off_variant)
        if flag.status is models.FlagStatus.killed:
            return off
        sold = flag.purpose is models.FlagPurpose.entitlement
        if not sold and flag.id in asked.overrides:
            return Decided(asked.overrides[flag.id], REASONS.override)
        if sold and (variant := self._by_rules(flag, asked)) is not None:
            return Decided(variant, REASONS.entitlement)
        if not all(self._is_on(each.root, asked, known) for each in flag.prerequisites):
            return off
        if not sold and (variant := self._by_rules(flag, asked)) is not None:
            return Decided(variant, REASONS.rule)
        return self._by_share(flag, asked) or off

    def _is_on(self, key: str, asked: Asked, known: dict[str, Decided]) -> bool:
        """Whether a prerequisite is not off. Prerequisites form no circle."""
        flag = self.flags.get(key)
        return flag is not None and self.decide(flag, asked, known).variant != flag.off_variant

    def _by_rules(self, flag: models.FeatureFlag, asked: Asked) -> str | None:
        for rule in sorted(flag.rules, key=lambda each: each.order):
            if self._fits(flag, rule, asked):
                return rule.variant
        return None

    def _fits(self, flag: models.FeatureFlag, rule: models.TargetingRule, asked: Asked) -> bool:
        """Whether a rule matches; an attribute that is not known never does."""
        values = [each.root for each in rule.values]
        operators = models.TargetingOperator
        if rule.attribute is models.TargetingAttribute.segment:
            inside = any(self._holds(each, asked) for each in values)
            return inside if rule.operator is operators.in_ else not inside
        known = _attribute(flag, rule.attribute, asked)
        if known is None:
            return False
        match rule.operator:
            case operators.in_:
                return known in values
            case operators.not_in:
                return known not in values
            case operators.semver_gte:
                return any(_precedence(known) >= _precedence(each) for each in values)
            case operators.matches:
                return any(fnmatch.fnmatchcase(known, each) for each in values)
            case operators.percent:
                bucket = self._bucket(flag, asked, f"rule/{rule.order}")
                return bucket is not None and bucket * 100 < int(values[0]) * _PARTS

    def _holds(self, name: str, asked: Asked) -> bool:
        """Whether the organisation is in a segment."""
        segment = self.segments.get(name)
        if segment is None:
            return False
        if segment.condition is None:
            return asked.organization in segment.organization_ids
        return in_condition(segment.condition, asked.plan, asked.country or "", asked.seats)

    def _by_share(self, flag: models.FeatureFlag, asked: Asked) -> Decided | None:
        bucket = self._bucket(flag, asked, "share")
        if bucket is None:
            if flag.rollout_percent < 100:
                return None
            return Decided(flag.default_variant, REASONS.rollout)
        if bucket * 100 >= flag.rollout_percent * _PARTS:
            return None
        part, top = self._bucket(flag, asked, "variant") or 0, 0
        for each in flag.variants:
            top += each.weight
            if part < top:
                return Decided(each.name, REASONS.rollout)
        return Decided(flag.default_variant, REASONS.rollout)

    def _bucket(self, flag: models.FeatureFlag, asked: Asked, purpose: str) -> int | None:
        """Of ten thousand; the same for one unit for ever."""
        unit = asked.unit(flag.bucket_by)
        if unit is None:
            return None
        seed = bytes.fromhex(self.seeds.get(flag.id, ""))
        found = hmac.digest(seed, f"{purpose}/{unit}".encode(), "sha256")
        return int.from_bytes(found[:8]) % _PARTS


def seed(key: str, salt: str) -> str:
    """What evaluators hash units with, in hex: of key and salt, which cannot be found from it."""
    return hmac.digest(bytes.fromhex(salt), key.encode(), "sha256").hex()


def in_condition(condition: str, plan: models.Edition, country: str, size: int) -> bool:
    """Whether the condition of a segment (CEL) holds for an organisation."""
    return Rule(condition).holds(plan=plan.value, country=country, size=size)


def is_condition(condition: str) -> bool:
    """Whether a text is CEL that reads nothing but plan, country and size, and comes to a boolean."""
    try:
        rule = Rule(condition)
        rule.compile()
        import cel  # the chassis has loaded it by now

        if not set(cel.compile(condition).variables()) <= {"plan", "country", "size"}:
            return False
        return isinstance(rule.value(plan="team", country="CH", size=10), bool)
    except (ValueError, RecursionError):
        return False


def fault_of_rule(rule: models.TargetingRule, variants: set[str]) -> str | None:
    """What is wrong with a rule beyond its schema."""
    operators, attributes = models.TargetingOperator, models.TargetingAttribute
    values = [each.root for each in rule.values]
    if rule.variant not in variants:
        return "it names a variant that the flag has not"
    if rule.attribute is attributes.segment and rule.operator not in (
        operators.in_,
        operators.not_in,
    ):
        return "of segments one can only be a member or not"
    if rule.operator is operators.semver_gte:
        fit = all(_VERSION.fullmatch(each) for each in values)
        if not fit or rule.attribute is not attributes.app_version:
            return "versions are compared with versions (semver.org)"
    if rule.operator is operators.percent:
        whole = len(values) == 1 and _NUMERIC.fullmatch(values[0])
        if not whole or int(values[0]) > 100:
            return "one whole number of per cent"
    return None


def is_of_type(kind: models.FlagValueType, text: str) -> bool:
    """Whether a text is JSON of a flag's type."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return False
    if kind is models.FlagValueType.boolean:
        return isinstance(value, bool)
    if kind is models.FlagValueType.string:
        return isinstance(value, str)
    if kind is models.FlagValueType.integer:
        return isinstance(value, int) and not isinstance(value, bool)
    return True


def _attribute(
    flag: models.FeatureFlag, attribute: models.TargetingAttribute, asked: Asked
) -> str | None:
    """What sells a thing is the plan that was paid for; other flags take the caller's word."""
    if attribute is models.TargetingAttribute.plan:
        sold = flag.purpose is models.FlagPurpose.entitlement
        return (asked.plan if sold else asked.claimed_plan or asked.plan).value
    if attribute is models.TargetingAttribute.country:
        return asked.country
    if attribute is models.TargetingAttribute.app_version:
        return asked.app_version
    return asked.role


def _precedence(version: str) -> tuple[Any, ...]:
    """A key by which versions sort (semver.org §11); what is none comes before all others."""
    found = _VERSION.fullmatch(version)
    if found is None:
        return (-1,)
    numbers = tuple(int(each) for each in found.groups()[:3])
    if found[4] is None:
        return (*numbers, 1)
    parts = tuple(
        (0, int(each), "") if _NUMERIC.fullmatch(each) else (1, 0, each)
        for each in found[4].split(".")
    )
    return (*numbers, 0, parts)
