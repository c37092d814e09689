"""What the service must remember beside its entities, kept as documents in the same database."""

from __future__ import annotations

from typing import Annotated, Literal, TypeVar

from cloudsync_chassis.aggregate.spec import AggregateSpec
from cloudsync_chassis.camel import Kept
from cloudsync_chassis.store.document import DocumentStore
from pydantic import AwareDatetime, Field


class KeptAnswer(Kept):
    """The last answer to a question, for hours in which the source is away."""

    question: str
    metric_keys: Annotated[list[str], Field(alias="metricKeys")]
    answer: str
    asked_at: Annotated[AwareDatetime, Field(alias="askedAt")]


class PlanWord(Kept):
    """The last word about a tenant's plan; older ones that come later are passed over."""

    at: AwareDatetime
    edition: str
    effective_at: Annotated[AwareDatetime, Field(alias="effectiveAt")]
    state: Literal["awaited", "counts"]


class Renewal(Kept):
    """A metric has a new wording (kept for the platform): older answers end with that hour."""

    metric_key: Annotated[str, Field(alias="metricKey")]
    counts_from: Annotated[AwareDatetime, Field(alias="countsFrom")]


M = TypeVar("M", bound=Kept)


def _spec(name: str, model: type[M], *unique: str) -> AggregateSpec[M]:
    store = DocumentStore(collection=f"reporting-{name}", unique=(("organizationId", *unique),))
    return AggregateSpec(name=f"remembered-{name}", model=model, store=store)


KEPT_ANSWERS = _spec("kept-answer", KeptAnswer, "question")
PLAN_WORDS = _spec("plan-word", PlanWord)
RENEWALS = _spec("renewal", Renewal, "metricKey")
