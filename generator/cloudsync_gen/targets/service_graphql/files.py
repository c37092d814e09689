"""The view of a schema -> the adapter."""

from __future__ import annotations

from collections.abc import Iterable

from cloudsync_gen.model.artefacts import Planned, Template
from cloudsync_gen.targets.service_graphql.views import GraphqlView


def files(view: GraphqlView) -> Iterable[Planned]:
    """`graphql.py` beside the service's other adapters."""
    path = f"generated/services/{view.service}/src/{view.package}/generated/graphql.py"
    yield Planned(
        path=path, form=Template("service_graphql/graphql.py.j2", view), sources=view.sources
    )
