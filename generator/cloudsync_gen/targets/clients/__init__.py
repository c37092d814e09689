"""Typed Python clients (httpx), one per REST contract; services call each other through them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from cloudsync_gen.model.artefacts import (
    Data,
    Form,
    Planned,
    PydanticModels,
    Template,
    Unit,
    Verbatim,
)
from cloudsync_gen.model.contracts import ContractDocument, Contracts
from cloudsync_gen.model.ids import name_of
from cloudsync_gen.model.layers.api import METHODS, RestApi
from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.model.packages import rest_package
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import kebab, screaming
from cloudsync_gen.targets._clients import argument_names, rest_class, rest_methods
from cloudsync_gen.targets._models import document
from cloudsync_gen.targets._python_types import imported, python_type
from cloudsync_gen.targets._target import Target
from cloudsync_gen.targets._text import summary
from cloudsync_gen.targets.clients.views import (
    AdapterView,
    ArgumentView,
    ClientView,
    MethodView,
)

_REPEATABLE = ("get", "put", "delete", "head")
_KEY = "#/components/parameters/IdempotencyKey"
_CONDITIONS = ("#/components/parameters/IfMatch", "#/components/parameters/IfMatchOptional")
_PAGE = {
    "#/components/parameters/Cursor": ArgumentView(
        name="cursor", wire="cursor", type="str", location="query", required=False
    ),
    "#/components/parameters/Limit": ArgumentView(
        name="limit", wire="limit", type="int", location="query", required=False
    ),
}


def units(model: Model, contracts: Contracts) -> Iterator[Unit]:
    """One unit per REST contract, named after the service that answers it."""
    for contract in contracts.rest.values():
        api = model.get(RestApi, contract.source)
        service = model.get(Service, api.archimate_ref) if api else None
        if service is not None:
            view = partial(_client, model, contract, name_of(service.id))
            yield Unit(target=TARGET.name, name=name_of(service.id), view=view)


def _client(model: Model, contract: ContractDocument, service: str) -> ClientView:
    data = contract.data
    schemas = data.get("components", {}).get("schemas", {})
    methods = tuple(methods_of(data, schemas))
    types = {each.type for method in methods for each in method.arguments}
    results = {method.result: method.adapter for method in methods if method.result}
    types |= {*results, *(method.body for method in methods if method.body)}
    return ClientView(
        document=contract.name,
        package=rest_package(contract.name),
        class_name=rest_class(contract.name),
        service=service,
        title=summary(str(data["info"]["title"])),
        version=model.project.version,
        methods=methods,
        adapters=tuple(AdapterView(name=n, type=t) for t, n in sorted(results.items())),
        has_bodies=any(method.body for method in methods),
        has_keys=any(method.idempotent for method in methods),
        has_models=any("models." in each for each in types),
        uses=imported(types),
        schemas=document(schemas),
        sources=(contract.source,),
    )


def methods_of(data: Mapping[str, Any], schemas: Mapping[str, Any]) -> Iterator[MethodView]:
    """The methods of the client of a REST contract, one per operation."""
    found = [
        (path, http, item)
        for path, item in data["paths"].items()
        for http in METHODS
        if http in item
    ]
    names = rest_methods(item[http]["operationId"] for _, http, item in found)
    for path, http, item in found:
        yield _method(names, path, http, item.get("parameters", []), item[http], schemas)


def _method(
    names: Mapping[str, str],
    path: str,
    http: str,
    shared: list[Mapping[str, Any]],
    operation: Mapping[str, Any],
    schemas: Mapping[str, Any],
) -> MethodView:
    parameters = [*shared, *operation.get("parameters", [])]
    references = {each.get("$ref") for each in parameters}
    page = [argument for ref, argument in _PAGE.items() if ref in references]
    written = [each for each in parameters if "name" in each]
    python = argument_names((each["name"] for each in written), (each.name for each in page))
    arguments = [_argument(n, each, schemas) for n, each in zip(python, written, strict=True)]
    arguments += page
    media, body = _body(operation.get("requestBody", {}))
    result = _result(operation)
    idempotent = _KEY in references
    answer = python_type(result, schemas) if result else ""
    return MethodView(
        name=names[operation["operationId"]],
        operation=operation["operationId"],
        http=http.upper(),
        path=path,
        doc=summary(operation.get("summary") or operation["operationId"]),
        arguments=tuple(sorted(arguments, key=lambda each: not each.required)),
        body=python_type(body, schemas) if body else "",
        media=media,
        result=answer,
        adapter=f"_{screaming(answer.removeprefix('models.'))}" if answer else "",
        idempotent=idempotent,
        conditional=bool(references & {*_CONDITIONS}),
        repeatable=http in _REPEATABLE or idempotent,
    )


def _argument(name: str, parameter: Mapping[str, Any], schemas: Mapping[str, Any]) -> ArgumentView:
    return ArgumentView(
        name=name,
        wire=parameter["name"],
        type=python_type(parameter.get("schema", {}), schemas),
        location=parameter["in"],
        required=parameter.get("required", False),
    )


def _body(body: Mapping[str, Any]) -> tuple[str, Mapping[str, Any] | None]:
    """(media type, schema) of a request's or response's body."""
    for name, media in body.get("content", {}).items():
        schema = media.get("schema")
        if isinstance(schema, Mapping):
            return name, schema
    return "", None


def _result(operation: Mapping[str, Any]) -> Mapping[str, Any] | None:
    for status, response in operation["responses"].items():
        if status.startswith("2"):
            return _body(response)[1]
    return None


def files(view: ClientView) -> Iterable[Planned]:
    """A distribution of its own below `generated/clients/python/`."""
    folder = f"generated/clients/python/{kebab(view.package)}"
    package = f"{folder}/src/{view.package}"
    forms: dict[str, Form] = {
        f"{folder}/pyproject.toml": Data("toml", _project(view)),
        f"{package}/__init__.py": Template("clients/init.py.j2", view),
        f"{package}/client.py": Template("clients/client.py.j2", view),
        f"{package}/models.py": PydanticModels(view.schemas),
        f"{package}/py.typed": Verbatim(""),
    }
    return [Planned(path=path, form=form, sources=view.sources) for path, form in forms.items()]


def _project(view: ClientView) -> dict[str, Any]:
    return {
        "build-system": {"requires": ["hatchling>=1.27"], "build-backend": "hatchling.build"},
        "project": {
            "name": kebab(view.package),
            "version": view.version,
            "description": f"Client of {view.service}",
            "requires-python": ">=3.11",
            "dependencies": ["cloudsync-chassis", "httpx>=0.27,<1", "pydantic>=2.9,<3"],
        },
    }


TARGET = Target(
    name="clients",
    title="typed Python clients of REST contracts",
    makes="client",
    view=ClientView,
    units=units,
    files=files,
    needs="a REST contract",
)
