"""gRPC adapters of services over their port, and typed clients over the stubs.

A service's port does not know gRPC: which field of a message is which parameter, what of it is the
body, and where in the answer the result goes is found here, from descriptors and the model.
"""

from __future__ import annotations

from cloudsync_gen.targets._target import Target
from cloudsync_gen.targets.service_grpc.files import files
from cloudsync_gen.targets.service_grpc.units import NAME, units
from cloudsync_gen.targets.service_grpc.views import GrpcView

TARGET = Target(
    name=NAME,
    title="gRPC adapters of services and typed clients for their callers",
    makes="client",
    view=GrpcView,
    units=units,
    files=files,
    needs="a gRPC contract",
)
