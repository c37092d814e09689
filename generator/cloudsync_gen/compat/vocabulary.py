"""What the ids of changes mean: a place and what happened there, or a sentence of their own.

The ids are those that breaking-change tools share (`request-property-became-required`); where a
change has none, its id is formed in the same way.
"""

from __future__ import annotations

from typing import NamedTuple

from cloudsync_gen.compat.deltas import Effect

_NARROWED, _WIDENED, _CHANGED = Effect.NARROWED, Effect.WIDENED, Effect.CHANGED

PLACES = {
    "request-body": "the body of a request",
    "request-property": "a part of the body of a request",
    "request-read-only-property": "a part that consumers are not to send",
    "request-parameter": "a parameter",
    "request-parameter-property": "a part of a parameter",
    "request-header-property": "a part of a header of a request",
    "response-body": "a body that consumers receive",
    "response-property": "a part of a body that consumers receive",
    "response-write-only-property": "a part that consumers do not receive",
    "response-header": "a header that consumers receive",
    "response-header-property": "a part of a header that consumers receive",
}

_CONSEQUENCES = {
    _NARROWED: "Fewer values are allowed: it breaks who sends them, not who receives them.",
    _WIDENED: "More values are allowed: it breaks who receives them, not who sends them.",
    _CHANGED: "Nothing proves that either side still understands the other.",
    None: "The same values are allowed.",
}

_LIMITS = {
    "max": "the maximum",
    "exclusive-max": "the maximum, itself excluded,",
    "max-length": "the length that texts may have",
    "max-items": "the number of items allowed",
    "max-properties": "the number of properties allowed",
    "max-contains": "the number of certain items allowed",
    "min": "the minimum",
    "exclusive-min": "the minimum, itself excluded,",
    "min-length": "the length that texts must have",
    "min-items": "the number of items demanded",
    "min-properties": "the number of properties demanded",
    "min-contains": "the number of certain items demanded",
}

_CONSTRAINTS = {
    "const": "the only value allowed",
    "contains": "what must be among the items",
    "content-schema": "the schema of encoded content",
    "dependent-required": "what objects with a certain property must have",
    "dependent-schema": "a schema for objects with a certain property",
    "else": "what holds when a condition does not",
    "if": "a condition",
    "not": "what is refused",
    "pattern": "the pattern of texts",
    "pattern-property": "a schema for properties whose names match a pattern",
    "property-names": "what properties may be called",
    "then": "what holds under a condition",
    "unevaluated-items": "a schema for items that nothing else describes",
    "unevaluated-properties": "a schema for properties that nothing else describes",
    "unique-items": "that items differ",
}

_ASPECTS: dict[str, tuple[Effect | None, str]] = {
    "additional-properties-narrowed": (_NARROWED, "less may stand beside the named properties"),
    "additional-properties-widened": (_WIDENED, "more may stand beside the named properties"),
    "any-of-added": (_WIDENED, "an alternative was added"),
    "any-of-removed": (_NARROWED, "an alternative was removed"),
    "became-any-of": (_WIDENED, "a value may fit several alternatives now"),
    "became-enum": (_NARROWED, "only listed values are allowed now"),
    "became-not-nullable": (_NARROWED, "null is no longer allowed"),
    "became-nullable": (_WIDENED, "null is allowed now"),
    "became-one-of": (_NARROWED, "a value may fit only one alternative now"),
    "became-optional": (_WIDENED, "it may be left out now"),
    "became-required": (_NARROWED, "it must be there now"),
    "became-required-with-default": (_NARROWED, "it must be there now"),
    "const-changed": (_CHANGED, "the only value allowed changed"),
    "content-encoding-changed": (_CHANGED, "how content is encoded changed"),
    "content-media-type-changed": (_CHANGED, "the media type of content changed"),
    "default-value-added": (None, "a default was added"),
    "default-value-changed": (None, "the default changed: leaving it out means something else"),
    "default-value-removed": (None, "the default was removed"),
    "deprecated": (None, "it was deprecated"),
    "deprecated-sunset-invalid": (None, "its sunset is not a date"),
    "deprecated-with-sunset": (None, "it was deprecated, with a sunset"),
    "discriminator-added": (None, "a discriminator was added"),
    "discriminator-mapping-added": (None, "a value of the discriminator was added"),
    "discriminator-mapping-changed": (None, "a value of the discriminator means something else"),
    "discriminator-mapping-deleted": (None, "a value of the discriminator was removed"),
    "discriminator-property-name-changed": (None, "the discriminator is another property"),
    "discriminator-removed": (None, "the discriminator was removed"),
    "enum-removed": (_WIDENED, "values are no longer limited to a list"),
    "enum-value-added": (_WIDENED, "a listed value was added"),
    "enum-value-removed": (_NARROWED, "a listed value was removed"),
    "invalid-stability-level": (None, "the stability level is not one of those known"),
    "keyword-changed": (_CHANGED, "a keyword changed that cannot be interpreted"),
    "list-of-types-narrowed": (_NARROWED, "a type is no longer allowed"),
    "list-of-types-widened": (_WIDENED, "a type is allowed now"),
    "multiple-of-set": (_NARROWED, "numbers must be multiples now"),
    "multiple-of-unset": (_WIDENED, "numbers need not be multiples any more"),
    "one-of-added": (_WIDENED, "an alternative was added"),
    "one-of-overlap": (_NARROWED, "a value may fit two alternatives now, which is refused"),
    "one-of-removed": (_NARROWED, "an alternative was removed"),
    "prefix-items-added": (_CHANGED, "an item at a certain index was described"),
    "prefix-items-removed": (_CHANGED, "an item at a certain index is no longer described"),
    "reactivated": (None, "it is no longer deprecated"),
    "stability-decreased": (None, "the promised stability was lowered"),
    "stability-increased": (None, "the promised stability was raised"),
    "sunset-date-changed-too-small": (None, "the sunset was moved up"),
    "sunset-date-too-small": (None, "it was deprecated with a sunset in the past"),
    "sunset-deleted": (None, "the sunset was taken back, the deprecation was not"),
    "type-changed": (_CHANGED, "the type changed"),
    "type-generalized": (_WIDENED, "the type takes in more"),
    "type-specialized": (_NARROWED, "the type takes in less"),
    "unevaluated-changed": (_CHANGED, "what is left to unevaluated… may have changed"),
    "unwrapped-from-any-of": (_WIDENED, "the alternatives are gone"),
    "unwrapped-from-one-of": (_WIDENED, "the alternatives are gone"),
    "wrapped-in-any-of": (_NARROWED, "it became one of several alternatives, or none"),
    "wrapped-in-one-of": (_NARROWED, "it became one of several alternatives, or none"),
    "x-extensible-enum-value-removed": (_NARROWED, "a value was removed from an open list"),
    "xml-changed": (_CHANGED, "its form in XML changed"),
}

_OTHERS = {
    "analysis-limit-reached": "The documents are too deep or too large here to be judged.",
    "api-deprecated-sunset-parse": "The sunset of a deprecated operation is not a date.",
    "api-global-security-added": "The document lists other credentials that suffice.",
    "api-global-security-removed": "Credentials that the document listed are no longer listed.",
    "api-global-security-scope-added": "The document demands one more scope.",
    "api-global-security-scope-removed": "The document demands one scope less.",
    "api-invalid-stability-level": "The stability level is none of draft, alpha, beta and stable.",
    "api-operation-id-added": "An operation has an operationId now.",
    "api-operation-id-removed": "An operation lost its operationId; generated clients rename it.",
    "api-path-removed-before-sunset": "A path was removed before the sunset that was announced.",
    "api-path-removed-with-deprecation": "A path was removed after its deprecation.",
    "api-path-removed-without-deprecation": "A path was removed that was not deprecated.",
    "api-path-sunset-parse": "An operation was removed whose sunset is not a date.",
    "api-removed-before-sunset": "An operation was removed before its sunset.",
    "api-removed-with-deprecation": "An operation was removed after its deprecation.",
    "api-removed-without-deprecation": "An operation was removed that was not deprecated.",
    "api-security-added": "Other credentials suffice; without credentials before, some are needed.",
    "api-security-component-added": "A security scheme was added.",
    "api-security-component-in-changed": "An API key is sent elsewhere.",
    "api-security-component-name-changed": "An API key has another name.",
    "api-security-component-oauth-flow-added": "Tokens may be had by one more flow.",
    "api-security-component-oauth-flow-removed": "Tokens are no longer to be had by a flow.",
    "api-security-component-oauth-scope-added": "A flow grants one more scope.",
    "api-security-component-oauth-scope-changed": "A scope is described otherwise.",
    "api-security-component-oauth-scope-removed": "A flow no longer grants a scope.",
    "api-security-component-oauth-token-url-changed": "Tokens come from elsewhere.",
    "api-security-component-oauth-url-changed": "Authorization is asked for elsewhere.",
    "api-security-component-openidconnecturl-changed": "OpenID Connect is discovered elsewhere.",
    "api-security-component-removed": "A security scheme was removed.",
    "api-security-component-scheme-changed": "Credentials are sent in another HTTP scheme.",
    "api-security-component-type-changed": "A security scheme is of another type.",
    "api-security-removed": "Credentials that sufficed for an operation no longer do.",
    "api-security-scope-added": "An operation demands one more scope.",
    "api-security-scope-removed": "An operation demands one scope less.",
    "api-stability-decreased": "The stability that an operation promises was lowered.",
    "api-stability-increased": "The stability that an operation promises was raised.",
    "api-sunset-date-changed-too-small": "The sunset of an operation was moved up.",
    "api-sunset-date-too-small": "An operation was deprecated with a sunset in the past.",
    "api-tag-added": "An operation has a tag more.",
    "api-tag-removed": "An operation has a tag less.",
    "callback-added": "The provider makes one more call.",
    "callback-removed": "The provider no longer makes a call that consumers wait for.",
    "classified-property-exposed": (
        "A property whose class keeps it out of logs, or encrypts it, leaves its service where it "
        "did not leave before: in an answer, a reply to a call, an event, a webhook, a copy or a "
        "log. `breaking --against` names its class, the widest boundary that it crosses, and who "
        "receives it."
    ),
    "classified-property-lowered": (
        "A property that leaves its service was classed lower: whoever receives it need no longer "
        "mask or encrypt it. `breaking --against` names both classes, and who receives it."
    ),
    "document-version-unsupported": "This is not an OpenAPI document of version 3.0 or 3.1.",
    "endpoint-added": "An operation is new.",
    "endpoint-deprecated": "An operation was deprecated.",
    "endpoint-deprecated-with-sunset": "An operation was deprecated, with a sunset.",
    "endpoint-reactivated": "An operation is no longer deprecated.",
    "new-optional-request-default-parameter-to-existing-path": "A path takes one more parameter.",
    "new-optional-request-parameter": "An operation takes one more parameter.",
    "new-optional-request-property": "A request may hold one more property.",
    "new-request-path-parameter": "A part of the path is a parameter now.",
    "new-required-request-default-parameter-to-existing-path": "A path demands one more parameter.",
    "new-required-request-header-property": "A header must hold one more property.",
    "new-required-request-parameter": "An operation demands one more parameter.",
    "new-required-request-property": "A request must hold one more property.",
    "new-required-request-property-with-default": "A request must hold one more property.",
    "optional-response-header-removed": "A header that could be missing is not sent any more.",
    "reference-not-followed": "A reference leads out of the document or nowhere; bundle it first.",
    "request-body-added-optional": "A request may have a body now.",
    "request-body-added-required": "A request must have a body now.",
    "request-body-encoding-changed": "How the parts of a form are encoded changed.",
    "request-body-media-type-added": "A body may come in one more media type.",
    "request-body-media-type-name-generalized": "A range of media types took in a media type.",
    "request-body-media-type-name-specialized": "A range of media types was narrowed.",
    "request-body-media-type-removed": "A body may no longer come in a media type.",
    "request-body-media-type-schema-added": "What a body must be was said for the first time.",
    "request-body-media-type-schema-removed": "What a body must be is no longer said.",
    "request-body-removed": "A request has no body any more.",
    "request-optional-property-became-not-read-only": "A property may be sent now.",
    "request-optional-property-became-read-only": "A property is ignored when it is sent.",
    "request-parameter-allow-empty-changed": "A parameter may no longer be empty.",
    "request-parameter-allow-reserved-changed": "Reserved characters must be escaped now.",
    "request-parameter-explode-changed": "The parts of a parameter are written otherwise.",
    "request-parameter-removed": "A parameter has no effect any more.",
    "request-parameter-removed-before-sunset": "A parameter was removed before its sunset.",
    "request-parameter-removed-with-deprecation": "A parameter was removed after its deprecation.",
    "request-parameter-serialization-changed": "A parameter is written in another media type.",
    "request-parameter-style-changed": "A parameter is written in another style.",
    "request-parameter-sunset-parse": "The sunset of a parameter is not a date.",
    "request-property-removed": "A property has no effect any more, or is refused.",
    "request-required-property-became-not-read-only": "A property must be sent now.",
    "request-required-property-became-read-only": "A property is ignored when it is sent.",
    "required-response-header-removed": "A header that was always sent is not sent any more.",
    "response-body-added-optional": "A call may have a body now.",
    "response-body-added-required": "A call has a body now.",
    "response-body-encoding-changed": "How the parts of a form are encoded changed.",
    "response-body-media-type-schema-added": "What a body is was said for the first time.",
    "response-body-media-type-schema-removed": "What a body is is no longer said.",
    "response-body-removed": "A call has no body any more.",
    "response-header-added": "One more header is sent.",
    "response-header-allow-empty-changed": "A header is not sent empty any more.",
    "response-header-allow-reserved-changed": "Reserved characters are escaped now.",
    "response-header-explode-changed": "The parts of a header are written otherwise.",
    "response-header-serialization-changed": "A header is written in another media type.",
    "response-header-style-changed": "A header is written in another style.",
    "response-media-type-added": "Answers come in one more media type.",
    "response-media-type-name-generalized": "Answers may come in more media types of a range.",
    "response-media-type-name-specialized": "Answers come in fewer media types of a range.",
    "response-media-type-removed": "Answers no longer come in a media type.",
    "response-non-success-status-added": "One more status code tells of a failure.",
    "response-non-success-status-removed": "A status code no longer tells of a failure.",
    "response-optional-property-added": "Consumers may receive one more property.",
    "response-optional-property-became-not-write-only": "Consumers may receive a property now.",
    "response-optional-property-became-write-only": "Consumers no longer receive a property.",
    "response-optional-property-removed": "A property that could be missing is always missing.",
    "response-optional-write-only-property-added": "A property that is not received is new.",
    "response-optional-write-only-property-removed": "A property that is not received is gone.",
    "response-required-property-added": "Consumers receive one more property.",
    "response-required-property-became-not-write-only": "Consumers receive a property now.",
    "response-required-property-became-write-only": "Consumers no longer receive a property.",
    "response-required-property-removed": "A property that was always there may be missing.",
    "response-required-write-only-property-added": "A property that is not received is new.",
    "response-required-write-only-property-removed": "A property that is not received is gone.",
    "response-success-status-added": "One more status code tells of success.",
    "response-success-status-removed": "A status code no longer tells of success.",
    "sunset-deleted": "The sunset of an operation was taken back, the deprecation was not.",
    "webhook-added": "The provider calls one more webhook.",
    "webhook-removed": "The provider no longer calls a webhook that consumers wait for.",
}


class Aspect(NamedTuple):
    """What happens to a schema, and what it does to the set of values allowed."""

    effect: Effect | None
    text: str


def _aspects() -> dict[str, Aspect]:
    found = {name: Aspect(*row) for name, row in _ASPECTS.items()}
    for name, what in _LIMITS.items():
        lower, upper = (_WIDENED, _NARROWED) if "min" in name else (_NARROWED, _WIDENED)
        found[f"{name}-decreased"] = Aspect(lower, f"{what} was lowered")
        found[f"{name}-increased"] = Aspect(upper, f"{what} was raised")
        found[f"{name}-set"] = Aspect(_NARROWED, f"{what} was limited")
        found[f"{name}-unset"] = Aspect(_WIDENED, f"{what} is no longer limited")
    for name, what in _CONSTRAINTS.items():
        found[f"{name}-added"] = Aspect(_NARROWED, f"{what} was added")
        found[f"{name}-removed"] = Aspect(_WIDENED, f"{what} was removed")
        found.setdefault(f"{name}-changed", Aspect(_CHANGED, f"{what} was changed"))
    found["multiple-of-changed"] = Aspect(_CHANGED, "what numbers must be multiples of changed")
    return found


ASPECTS = _aspects()


def meaning(code: str) -> str | None:
    """What an id means, in a sentence or two; `None` when there is no such id."""
    if code in _OTHERS:
        return _OTHERS[code]
    for place in sorted(PLACES, key=len, reverse=True):
        aspect = ASPECTS.get(code.removeprefix(f"{place}-"))
        if code.startswith(f"{place}-") and aspect is not None:
            return f"In {PLACES[place]}, {aspect.text}. {_CONSEQUENCES[aspect.effect]}"
    return None
