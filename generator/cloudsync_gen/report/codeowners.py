"""Who reviews what: lines for a CODEOWNERS file (GitHub, GitLab), by the owners of services.

Of two lines that fit a path the last one wins, so lines go from the general to the particular. A
file of the model in which several teams have elements asks all of them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping

from cloudsync_gen.model.ids import name_of
from cloudsync_gen.model.layers.api import GraphqlApi, GrpcApi, RestApi
from cloudsync_gen.model.layers.application import Aggregate, Command, Event, Query, Service
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import kebab

BEGIN = "# begin cloudsync-gen: written by `cloudsync-gen export codeowners`, replaced as a whole"
END = "# end cloudsync-gen"

_UNQUOTABLE = re.compile(r"[^A-Za-z0-9._/-]")
"""What a pattern might read as something else: it stands for any one character then."""

_BLOCK = re.compile(rf"^{re.escape(BEGIN)}$.*?^{re.escape(END)}$\n?", re.MULTILINE | re.DOTALL)


def block(model: Model, organization: str) -> str:
    """The lines between the markers, both included. `organization`: whose teams the owners are."""
    handles = {
        service.id: f"@{organization}/{name_of(service.owner)}" for service in model.all(Service)
    }
    lines = [BEGIN, *_lines(model, handles), END]
    return "\n".join(lines) + "\n"


def put(text: str, made: str) -> str:
    """The text of a CODEOWNERS file with the block in the place of the one that was there; at the
    end where there was none.
    """
    found = _BLOCK.search(text)
    if found is not None:
        return text[: found.start()] + made + text[found.end() :]
    return (text if not text or text.endswith("\n") else text + "\n") + made


def _lines(model: Model, handles: Mapping[str, str]) -> Iterator[str]:
    owners: defaultdict[str, set[str]] = defaultdict(set)
    for service, handle in handles.items():
        name = name_of(service)
        for folder in (f"services/{name}", f"charts/{kebab(name)}"):
            owners[f"generated/{folder}/"].add(handle)
        owners[model.ref(service).file].add(handle)
    for element, service in _parts(model):
        if service in handles:
            owners[model.ref(element).file].add(handles[service])
    for path in sorted(owners):
        yield f"/{_UNQUOTABLE.sub('?', path)} {' '.join(sorted(owners[path]))}"


def _parts(model: Model) -> Iterator[tuple[str, str]]:
    """(element or contract source, the service that it belongs to)."""
    kept = (model.all(Aggregate), model.all(Command), model.all(Query), model.all(Event))
    for kind in kept:
        yield from ((each.id, each.service) for each in kind)
    for rest in model.all(RestApi):
        yield rest.id, rest.archimate_ref
    for grpc in model.all(GrpcApi):
        yield grpc.id, grpc.service
    for graphql in model.all(GraphqlApi):
        yield graphql.id, graphql.service or ""
