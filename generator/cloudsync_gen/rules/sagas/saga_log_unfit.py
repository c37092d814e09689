"""A saga's log cannot bring all who take part to the same end.

What it does: reports a log on a broker that keeps no log, one that is kept for less time than a run
may take, and one that carries something else besides: events, queued calls, another saga.

Why: there is no conductor. Each service comes to the end of a run by reading the same words in the
same order, and one that was brought back from a backup has to hear a run from its beginning.

Example: `topic: technology.topic.order-saga` with `retention: 1d`, and `deadline: 45d`.

Use instead: a topic of the saga's own, on Kafka, kept for at least the deadline.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.application import Saga
from cloudsync_gen.model.layers.technology import Broker, Topic
from cloudsync_gen.model.system import Model
from cloudsync_gen.model.values import milliseconds
from cloudsync_gen.rules._rule import Rule

_OTHER_USES = ("event-topic", "queued-calls-topic", "topic-dead-letter")


def check(model: Model) -> Iterator[Diagnostic]:
    for saga in model.all(Saga):
        topic = model.get(Topic, saga.topic)
        if topic is None:
            continue
        for field, message, hint in _faults(model, saga, topic):
            yield RULE.at(
                model.ref(saga.id, "topic"),
                message,
                hint,
                element=saga.id,
                related=(Related(model.ref(topic.id, field), "the log"),),
                facts=(topic.id, field),
            )


def _faults(model: Model, saga: Saga, topic: Topic) -> Iterator[tuple[str, str, str]]:
    """(field of the topic, what is wrong, what to do)."""
    broker = model.get(Broker, topic.broker)
    if broker is not None and broker.engine != "kafka":
        yield "broker", f"`{broker.id}` keeps no log", "name a topic on Kafka"
    if milliseconds(topic.retention) < milliseconds(saga.deadline):
        yield (
            "retention",
            f"`{topic.id}` is kept for {topic.retention}, a run may take {saga.deadline}",
            f"keep it for {saga.deadline} or longer",
        )
    others = [each for kind in _OTHER_USES for each in model.origins(topic.id, kind)]
    others += [each for each in model.origins(topic.id, "saga-topic") if each < saga.id]
    if others:
        yield (
            "topic",
            f"`{topic.id}` also carries what belongs to `{others[0]}`",
            "give the saga a topic of its own",
        )


RULE = Rule(code="SAG007", name="saga-log-unfit", family="sagas", check=check)
