"""OpenAPI sources -> published OpenAPI 3.1 documents: bundled, and filled in from the other layers.

What compile adds to a source: `servers`, the security scheme and each operation's `security` with
the permission that it asks for, `x-access` and `x-slo`, parameters for pages, idempotency, entity
tags and the request's id, response headers, error responses, and links from what was made to what
can be done with it. What it takes away: fields that link elements of the model and every other
extension but `x-classification`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from cloudsync_gen.contracts import problems
from cloudsync_gen.contracts.facts import Facts, Lookups, facts_of
from cloudsync_gen.contracts.findings import contract_finding
from cloudsync_gen.contracts.headers import (
    header_components,
    header_refs,
    parameter_components,
    parameter_refs,
    parameters_of,
    success_headers,
)
from cloudsync_gen.contracts.links import links_of
from cloudsync_gen.contracts.made import Packed
from cloudsync_gen.contracts.publication import Publication
from cloudsync_gen.contracts.schemas import Rewriter, Schemas
from cloudsync_gen.contracts.source_check import METHODS
from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.contracts import ContractDocument
from cloudsync_gen.model.layers.api import Operation, RestApi
from cloudsync_gen.model.layers.apm import Sli
from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.model.layers.business import Actor
from cloudsync_gen.model.sources import RestSource
from cloudsync_gen.source import Ref

_VERBATIM = frozenset(("example", "examples", "default", "enum", "const", "mapping"))
_COMPILED = ("servers", "security", "components", "webhooks", "jsonSchemaDialect")
"""Root fields of a source that compile owns."""


class Transcriber:
    """Copies a source without its extensions, with its schemas turned to components."""

    def __init__(self, rewriter: Rewriter) -> None:
        self._rewriter = rewriter
        self.found = rewriter.found

    def copy(self, value: Any, place: Ref) -> Any:
        """The value as it is published."""
        if isinstance(value, list):
            return [self.copy(each, place.at(index)) for index, each in enumerate(value)]
        if not isinstance(value, dict):
            return value
        result: dict[str, Any] = {}
        for key, each in value.items():
            if key == "schema":
                result[key] = self._rewriter.schema(each, place.at(key))
            elif key == "$ref":
                self._refuse(each, place.at(key))
            elif key in _VERBATIM:
                result[key] = each
            elif not key.startswith("x-"):
                result[key] = self.copy(each, place.at(key))
        return result

    def _refuse(self, reference: Any, place: Ref) -> None:
        what = f"`$ref: {reference}` stands where no schema is"
        hint = "write it out; what operations share is added by compile"
        self.found.append(contract_finding("contract-part", place, what, hint))


def compile_rest(
    source: RestSource,
    schemas: Schemas,
    publication: Callable[[], Publication],
    lookups: Lookups,
) -> ContractDocument:
    """The published form of one source."""
    return ContractDocument(
        name=source.document,
        path=f"openapi/{source.document}.yaml",
        source=source.id,
        file=source.file,
        packing=Packed(lambda: _data(source, schemas, publication(), lookups)),
    )


def faults_of_rest(source: RestSource, schemas: Schemas) -> list[Diagnostic]:
    """What keeps a source from being published as it is."""
    rewriter = Rewriter(schemas.names)
    written = _Written(source, Transcriber(rewriter))
    written.info()
    written.rest()
    for _ in written.paths():
        pass
    return rewriter.found


def _data(
    source: RestSource, schemas: Schemas, publication: Publication, lookups: Lookups
) -> dict[str, Any]:
    rewriter = Rewriter(schemas.names)
    builder = _Builder(source, Transcriber(rewriter), publication, lookups)
    paths = builder.paths()
    return {
        "openapi": "3.1.0",
        "info": builder.info(),
        "servers": [{"url": publication.server, "description": publication.server_name}],
        **builder.written.rest(),
        "paths": paths,
        "components": {
            "schemas": {
                name: problems.PROBLEM if name == "Problem" else schemas.components[name].schema
                for name in sorted((*schemas.closure(rewriter.uses), "Problem"))
            },
            "responses": dict(sorted(builder.refusals.shared.items())),
            "parameters": parameter_components(builder.parameters, publication),
            "headers": header_components(builder.headers | builder.refusals.headers),
            "securitySchemes": {"bearer": _bearer(publication)},
        },
    }


class _Written:
    """The parts of a source that are copied, each as it is published."""

    def __init__(self, source: RestSource, transcriber: Transcriber) -> None:
        self._data = source.data
        self._place = Ref(source.file)
        self._copy = transcriber.copy

    def info(self) -> dict[str, Any]:
        """`info`."""
        copied: dict[str, Any] = self._copy(self._data["info"], self._place.at("info"))
        return copied

    def rest(self) -> dict[str, Any]:
        """Other root fields of the source, such as `tags`."""
        return {
            key: self._copy(value, self._place.at(key))
            for key, value in self._data.items()
            if key not in ("openapi", "info", "paths", *_COMPILED) and not key.startswith("x-")
        }

    def paths(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """(path, item), in the order of the source."""
        for path, item in self._data.get("paths", {}).items():
            if not path.startswith("x-") and isinstance(item, Mapping):
                yield path, self._copy(item, self._place.at("paths", path))


def _bearer(publication: Publication) -> dict[str, Any]:
    return {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": (
            f"Access token (JWT, {publication.algorithm}, {publication.token_lifetime}) of "
            f"{publication.issuer}. The names in an operation's `security` are the permissions "
            "that the caller's roles must grant."
        ),
    }


class _Builder:
    """One document; remembers which shared components it needs."""

    def __init__(
        self,
        source: RestSource,
        transcriber: Transcriber,
        publication: Publication,
        lookups: Lookups,
    ) -> None:
        self._source = source
        self.written = _Written(source, transcriber)
        self._publication = publication
        self._lookups = lookups
        self._operations: dict[tuple[str, str], Operation] = {
            (each.path, each.method): each for each in lookups.operations_of(source.document)
        }
        self.refusals = problems.Refusals(publication)
        self.parameters: set[str] = set()
        self.headers: set[str] = set()

    def info(self) -> dict[str, Any]:
        """`info` with the owner's contact, the licence and the objectives of the service."""
        model = self._lookups.model
        api = model.get(RestApi, self._source.id)
        service = model.get(Service, api.archimate_ref) if api else None
        owner = model.get(Actor, service.owner) if service else None
        info = self.written.info()
        if owner is not None and owner.contact is not None and "contact" not in info:
            info["contact"] = {"name": owner.name, "email": owner.contact.email}
        if self._publication.license and "license" not in info:
            name = self._publication.license
            info["license"] = {"name": name, "identifier": name}
        objectives = self._objectives(service) if service else []
        if objectives:
            info["x-slo"] = objectives
        return info

    def _objectives(self, service: Service) -> list[dict[str, Any]]:
        model = self._lookups.model
        found = []
        for slo in self._lookups.objectives_of(service.id):
            sli = model.get(Sli, slo.sli)
            if sli is not None:
                facts = {
                    "kind": sli.kind,
                    "objective": slo.objective,
                    "window": slo.window,
                    "threshold": slo.threshold,
                    "quantile": slo.quantile,
                }
                found.append({name: each for name, each in facts.items() if each is not None})
        return found

    def paths(self) -> dict[str, Any]:
        """`paths` with every operation filled in, in the order of the source."""
        result: dict[str, Any] = {}
        for path, copied in self.written.paths():
            for method in METHODS:
                operation = self._operations.get((path, method))
                if method in copied and operation is not None:
                    copied[method] = self._operation(copied[method], operation)
            result[path] = copied
        return result

    def _operation(self, copied: Mapping[str, Any], operation: Operation) -> dict[str, Any]:
        facts = facts_of(self._lookups, operation, self._source.file, "requestBody" in copied)
        added = parameters_of(facts)
        self.parameters.update(added)
        texts = ("tags", "summary", "description", "operationId", "deprecated")
        result = {key: copied[key] for key in texts if key in copied}
        result["parameters"] = [*copied.get("parameters", ()), *parameter_refs(added)]
        if "requestBody" in copied:
            result["requestBody"] = {"required": True, **copied["requestBody"]}
        result["responses"] = self._responses(copied, facts)
        result["security"] = [] if facts.access == "public" else [{"bearer": _permissions(facts)}]
        result["x-access"] = _access(facts)
        slo = _slo(operation)
        return {**result, "x-slo": slo} if slo else result

    def _responses(self, copied: Mapping[str, Any], facts: Facts) -> dict[str, Any]:
        names = success_headers(facts)
        self.headers.update(names)
        result: dict[str, Any] = {}
        for status, response in copied.get("responses", {}).items():
            headers = {**response.get("headers", {}), **header_refs(names)}
            made = links_of(self._lookups, facts) if status == "201" else {}
            links = {**made, **response.get("links", {})}
            result[status] = {
                "description": response.get("description", "Success."),
                "headers": headers,
                **({"content": response["content"]} if "content" in response else {}),
                **({"links": links} if links else {}),
            }
        if facts.reads and facts.tagged:
            result["304"] = {
                "description": "The caller's entity tag still holds.",
                "headers": header_refs(("RequestId", "EntityTag")),
            }
        return dict(sorted({**self.refusals.of(facts), **result}.items()))


def _permissions(facts: Facts) -> list[str]:
    return [facts.permission] if facts.permission else []


def _access(facts: Facts) -> dict[str, Any]:
    """Who may call: any caller, authenticated ones, workloads; by which permission or relation."""
    access: dict[str, Any] = {"callers": facts.access}
    if facts.permission:
        access["permission"] = facts.permission
    if facts.relations:
        access["relations"] = list(facts.relations)
    return access


def _slo(operation: Operation) -> dict[str, Any]:
    facts = {
        "latency": operation.sla_target_latency,
        "availability": operation.sla_target_availability,
        "criticality": operation.criticality,
    }
    return {name: value for name, value in facts.items() if value is not None}
