"""One Python service per service of the model: a port, its defaults, adapters over it.

`generated/` inside the package is ours; the handlers beside it are written once and then belong to
the team (design §10.7).
"""

from __future__ import annotations

from cloudsync_gen.targets._target import Target
from cloudsync_gen.targets.service.files import files
from cloudsync_gen.targets.service.units import units
from cloudsync_gen.targets.service.views import ServiceView

TARGET = Target(
    name="service",
    title="Python services over the shared library",
    makes="skeleton",
    view=ServiceView,
    units=units,
    files=files,
    open_below=("generated/services",),
)
