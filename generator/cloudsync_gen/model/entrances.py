"""Which routes of the navigation layer are ways in from outside, and what each of them reaches."""

from __future__ import annotations

from collections import defaultdict

from cloudsync_gen.model.layers.api import GraphqlApi, Operation, RestApi
from cloudsync_gen.model.layers.navigation import Route
from cloudsync_gen.model.system import Model

_BELOW = "/**"


def base_of(route: Route) -> str:
    """The path of a route without what says that all below is meant, as it is in any case."""
    return route.path.removesuffix(_BELOW).rstrip("/")


def leads_to(route: Route, path: str) -> bool:
    """Whether a path of a contract is the route's, or lies below it."""
    base = base_of(route)
    return path == base or path.startswith(f"{base}/")


class Entrances:
    """The routes of a model by which requests come in from outside (`kind: api`)."""

    def __init__(self, model: Model) -> None:
        self.routes = tuple(each for each in model.all(Route) if each.kind == "api")
        self._documents = {each.document: each.id for each in model.all(RestApi)}
        self._leading: defaultdict[str, list[Route]] = defaultdict(list)
        for each in self.routes:
            for contract in dict.fromkeys(each.contracts):
                self._leading[contract].append(each)

    def of(self, operation: Operation) -> Route | None:
        """The route that takes an operation's requests, the one with the longest path of several;
        None where it cannot be reached from outside.
        """
        document = self._documents.get(operation.document, "")
        routes = self._leading.get(document, ())
        leading = (each for each in routes if leads_to(each, operation.path))
        return max(leading, key=lambda each: len(base_of(each)), default=None)

    def to(self, schema: GraphqlApi) -> Route | None:
        """The route by which a GraphQL schema is asked."""
        return next(iter(self._leading.get(schema.id, ())), None)
