"""A proto package does not say whose interface it is.

What it does: of files with a service, wants a package that begins with the project's slug and the
domain of that service: `<slug>.<domain>.…`.

Why: the package is the address of every call and the name space of every message. Two parts swapped
are an interface of their own, which no caller knows, and a package of another domain is looked for
with another team.

Example: `package zitrusgarten.brewing.press.v1;` for a service of the domain `selling`.

Use instead: `package zitrusgarten.selling.press.v1;`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.ids import name_of
from cloudsync_gen.model.layers.api import GrpcApi
from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import snake
from cloudsync_gen.rules._links import misled
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.source import Ref


def check(model: Model) -> Iterator[Diagnostic]:
    for api in model.all(GrpcApi):
        service = model.get(Service, api.service)
        if service is None or misled(model, service.id, "service-domain"):
            continue
        wanted = [_part(model.project.slug), _part(name_of(service.domain))]
        if [_part(each) for each in api.package.split(".")[:2]] != wanted:
            start = ".".join(map(snake, (model.project.slug, name_of(service.domain))))
            yield RULE.at(
                Ref(model.ref(api.id).file, ("package",)),
                f"`{api.package}` is no package of `{service.domain}`",
                f"begin with `{start}.`",
                element=api.id,
                related=(Related(model.ref(service.id, "domain"), "the service's domain"),),
            )


def _part(name: str) -> str:
    """A part of a package whatever it does with words: `feature_flag` is `featureflag`."""
    return snake(name).replace("_", "")


RULE = Rule(code="PRT018", name="package-of-another-domain", family="gRPC contracts", check=check)
