"""Domains -> AsyncAPI 3.0 documents: topics as channels, events as CloudEvents messages.

A document holds the channels that the domain's services publish to, with the operations of everyone
who sends to or receives from them, whatever domain the receiver is of; and the log of each saga
that an event of the domain begins.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from cloudsync_gen.contracts.exchanges import DATA, exchanges_of
from cloudsync_gen.contracts.facts import Lookups
from cloudsync_gen.contracts.made import Packed
from cloudsync_gen.contracts.schemas import BASE, Schemas
from cloudsync_gen.model.contracts import ContractDocument
from cloudsync_gen.model.event_names import event_source, event_type
from cloudsync_gen.model.ids import name_of
from cloudsync_gen.model.layers.application import Event, Service
from cloudsync_gen.model.layers.business import Actor, Domain
from cloudsync_gen.model.layers.data_model import DataElement
from cloudsync_gen.model.layers.technology import Broker, Topic
from cloudsync_gen.model.reading import Once, Reading, into
from cloudsync_gen.model.system import Model
from cloudsync_gen.model.values import milliseconds
from cloudsync_gen.naming import camel, pascal

MEDIA_TYPE = "application/cloudevents+json"
BINDING_VERSION = "0.5.0"
_PROTOCOLS = {"kafka": "kafka-secure", "rabbitmq": "amqps"}


def compile_asyncapi(schemas: Schemas, lookups: Lookups) -> Mapping[str, ContractDocument]:
    """Domain -> its document, made when it is asked for; domains whose services announce nothing
    have none.
    """
    model = lookups.model
    by_domain = Once[str, Mapping[str, list[Event]]](lambda _: _announced(model))
    with into(Reading()):
        domains = [
            domain
            for identity in sorted(by_domain(""))
            if (domain := model.get(Domain, identity)) is not None
        ]
        files = {each.id: model.ref(each.id).file for each in domains}

    def data(domain: Domain) -> dict[str, Any]:
        return _Builder(domain, by_domain("")[domain.id], schemas, lookups).document()

    return {
        name_of(each.id): ContractDocument(
            name=name_of(each.id),
            path=f"asyncapi/{name_of(each.id)}.yaml",
            source=each.id,
            file=files[each.id],
            packing=Packed(partial(data, each)),
        )
        for each in domains
    }


def _announced(model: Model) -> dict[str, list[Event]]:
    """Domain -> the events of its services."""
    found: dict[str, list[Event]] = {}
    for event in model.all(Event):
        service = model.get(Service, event.service)
        if service is not None:
            found.setdefault(service.domain, []).append(event)
    return found


class _Builder:
    """The document of one domain."""

    def __init__(
        self, domain: Domain, events: list[Event], schemas: Schemas, lookups: Lookups
    ) -> None:
        model = lookups.model
        self._domain = domain
        self._model = model
        self._consumers = lookups.consumers
        self._schemas = schemas
        self._by_topic: dict[str, list[Event]] = {}
        for event in events:
            if model.get(Topic, event.topic) is not None:
                self._by_topic.setdefault(event.topic, []).append(event)
        self._events = [each for held in self._by_topic.values() for each in held]
        self._exchanges = tuple(exchanges_of(model, domain.id))

    def document(self) -> dict[str, Any]:
        """All of it; keys in the order of the specification."""
        payloads = [name for each in self._events if (name := self._payload(each))]
        return {
            "asyncapi": "3.0.0",
            "info": {
                "title": f"Events of {self._domain.name}",
                "version": self._model.project.version,
                "description": self._domain.description,
                **_contact(self._model.get(Actor, self._domain.owner)),
            },
            "defaultContentType": MEDIA_TYPE,
            "servers": dict(self._servers()),
            "channels": dict(self._channels()),
            "operations": dict(sorted(self._operations())),
            "components": {
                "messages": {
                    **{pascal(name_of(e.id)): self._message(e) for e in self._events},
                    **{name: _told(name) for name in sorted({e.message for e in self._exchanges})},
                },
                "schemas": {"CloudEvent": ENVELOPE, **self._schemas.section(payloads)},
            },
        }

    def _topics(self) -> Iterable[tuple[Topic, list[Event]]]:
        for identity, events in sorted(self._by_topic.items()):
            topic = self._model.get(Topic, identity)
            if topic is not None:
                yield topic, events

    def _servers(self) -> Iterable[tuple[str, dict[str, Any]]]:
        topics = (*(topic for topic, _ in self._topics()), *(e.topic for e in self._exchanges))
        brokers = sorted({topic.broker for topic in topics})
        for broker in filter(None, (self._model.get(Broker, each) for each in brokers)):
            yield name_of(broker.id), {
                "host": "{bootstrap}",
                "protocol": _PROTOCOLS[broker.engine],
                "protocolVersion": broker.engine_version,
                "description": broker.description,
                "variables": {"bootstrap": {"description": "Host and port of a broker."}},
            }

    def _channels(self) -> Iterable[tuple[str, dict[str, Any]]]:
        carried = [
            (topic, [pascal(name_of(each.id)) for each in events])
            for topic, events in self._topics()
        ]
        carried += [(each.topic, [each.message]) for each in self._exchanges]
        for topic, names in carried:
            yield name_of(topic.id), self._channel(topic, names)
            dead = self._model.get(Topic, topic.dead_letter or "")
            if dead is not None:
                yield name_of(dead.id), self._channel(dead, names)

    def _channel(self, topic: Topic, names: list[str]) -> dict[str, Any]:
        broker = self._model.get(Broker, topic.broker)
        return {
            "address": topic.topic,
            "title": topic.name,
            "description": topic.description,
            "servers": [{"$ref": f"#/servers/{name_of(topic.broker)}"}],
            "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
            "bindings": _channel_binding(topic, broker.engine if broker else "kafka"),
        }

    def _operations(self) -> Iterable[tuple[str, dict[str, Any]]]:
        for topic, events in self._topics():
            producers: dict[str, list[str]] = {}
            for event in events:
                producers.setdefault(event.service, []).append(pascal(name_of(event.id)))
            for service, names in producers.items():
                yield self._operation("send", service, topic, names)
            receivers: dict[str, list[str]] = {}
            for event in events:
                for service in self._consumers.get(event.id, ()):
                    receivers.setdefault(service, []).append(pascal(name_of(event.id)))
            for service, names in receivers.items():
                yield self._operation("receive", service, topic, names)
        for each in self._exchanges:
            for service in each.senders:
                yield self._operation("send", service, each.topic, [each.message])
            for service in each.receivers:
                yield self._operation("receive", service, each.topic, [each.message])

    def _operation(
        self, action: str, service: str, topic: Topic, names: list[str]
    ) -> tuple[str, dict[str, Any]]:
        channel = name_of(topic.id)
        verb = {"send": "sends", "receive": "receives"}[action]
        operation: dict[str, Any] = {
            "action": action,
            "channel": {"$ref": f"#/channels/{channel}"},
            "summary": f"{name_of(service)} {verb} {', '.join(sorted(names))}",
            "messages": [
                {"$ref": f"#/channels/{channel}/messages/{name}"} for name in sorted(set(names))
            ],
        }
        broker = self._model.get(Broker, topic.broker)
        if action == "receive" and broker is not None and broker.engine == "kafka":
            group = {"type": "string", "enum": [name_of(service)]}
            operation["bindings"] = {"kafka": {"groupId": group, "bindingVersion": BINDING_VERSION}}
        return camel(f"{name_of(service)}-{verb}-{channel}"), operation

    def _payload(self, event: Event) -> str | None:
        element = self._model.get(DataElement, event.payload)
        if element is None:
            return None
        ref = self._model.refs[element.id]  # type: ignore[index]
        return self._schemas.name_at(ref.file, f"#/{ref.pointer[0]}/schema")

    def _message(self, event: Event) -> dict[str, Any]:
        payload = self._payload(event)
        kind = event_type(self._model, event)
        source = event_source(self._model, event.service)
        own: dict[str, Any] = {
            "type": {"const": kind},
            "source": {"const": source},
            **({"data": {"$ref": BASE + payload}} if payload else {}),
        }
        return {
            "name": kind,
            "title": event.name,
            "summary": event.description,
            "contentType": MEDIA_TYPE,
            "payload": {
                "allOf": [{"$ref": f"{BASE}CloudEvent"}, {"type": "object", "properties": own}]
            },
            **self._message_binding(event),
        }

    def _message_binding(self, event: Event) -> dict[str, Any]:
        topic = self._model.get(Topic, event.topic)
        broker = self._model.get(Broker, topic.broker) if topic else None
        if broker is None or broker.engine != "kafka":
            return {}
        key = {"type": "string", "description": f"`{event.key}` of the data"}
        return {"bindings": {"kafka": {"key": key, "bindingVersion": BINDING_VERSION}}}


def _told(name: str) -> dict[str, Any]:
    kind, summary, data = DATA[name]
    own = {"type": {"const": kind}, "data": data}
    return {
        "name": kind,
        "title": name,
        "summary": summary,
        "contentType": MEDIA_TYPE,
        "payload": {
            "allOf": [{"$ref": f"{BASE}CloudEvent"}, {"type": "object", "properties": own}]
        },
    }


def _channel_binding(topic: Topic, engine: str) -> dict[str, Any]:
    if engine == "rabbitmq":
        queue = {"name": topic.topic, "durable": True, "exclusive": False, "autoDelete": False}
        return {"amqp": {"is": "queue", "queue": queue, "bindingVersion": "0.3.0"}}
    return {
        "kafka": {
            "topic": topic.topic,
            "partitions": topic.partitions,
            "replicas": topic.replication_factor,
            "topicConfiguration": {
                "cleanup.policy": ["delete"],
                "retention.ms": milliseconds(topic.retention),
            },
            "bindingVersion": BINDING_VERSION,
        }
    }


def _contact(owner: Actor | None) -> dict[str, Any]:
    if owner is None or owner.contact is None:
        return {}
    return {"contact": {"name": owner.name, "email": owner.contact.email}}


def _text(maximum: int, text: str, **more: Any) -> dict[str, Any]:
    return {"type": "string", "minLength": 1, "maxLength": maximum, **more, "description": text}


ENVELOPE: dict[str, Any] = {
    "description": "CloudEvents 1.0 in the JSON format; names of extensions are lower case.",
    "type": "object",
    "required": [
        *("specversion", "id", "type", "source", "subject", "time", "datacontenttype", "data"),
    ],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "format": "uuid", "description": "Unique within the source."},
        "type": _text(200, "Which fact, and the version of its data."),
        "source": _text(200, "The service that announces it.", format="uri-reference"),
        "subject": _text(200, "Id of the aggregate that it is about."),
        "time": {"type": "string", "format": "date-time", "description": "When it happened."},
        "datacontenttype": {"const": "application/json"},
        "topic": _text(249, "The channel that it was first sent to."),
        "partitionkey": _text(200, "Events with one key keep their order."),
        "sequence": _text(20, "Counts the events of the subject.", pattern="^[0-9]+$"),
        "organizationid": {
            "type": "string",
            "format": "uuid",
            "description": "The tenant whose data it is about.",
        },
        "traceparent": _text(55, "W3C Trace Context of the cause."),
        "correlationid": _text(300, "Within a saga: its name and its run, with a slash between."),
        "authtype": _text(40, "Kind of who brought it about, as `app_user` or `service_account`."),
        "authid": _text(200, "Who brought it about; absent for somebody who had not signed in."),
        "authclaims": _text(4096, "JSON: the `roles` that they had."),
        "data": {"type": "object"},
    },
}
"""Attributes of every event, as the library that services share writes them."""
