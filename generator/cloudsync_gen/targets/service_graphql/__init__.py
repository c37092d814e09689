"""GraphQL adapters of services: what answers each field of a root.

The schema itself is the published contract, of which the chassis makes strawberry's classes; what
is found here is how arguments become parameters, and that every answer fits its type.
"""

from __future__ import annotations

from cloudsync_gen.targets._target import Target
from cloudsync_gen.targets.service_graphql.files import files
from cloudsync_gen.targets.service_graphql.units import NAME, units
from cloudsync_gen.targets.service_graphql.views import GraphqlView

TARGET = Target(
    name=NAME,
    title="GraphQL adapters of services",
    makes="skeleton",
    view=GraphqlView,
    units=units,
    files=files,
    needs="a GraphQL contract",
)
