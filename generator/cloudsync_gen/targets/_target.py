"""What a target is: a pure function from the model to units, and one from a unit's view to its
files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from msgspec import Struct

from cloudsync_gen.model.artefacts import Planned, Unit
from cloudsync_gen.model.contracts import Contracts
from cloudsync_gen.model.system import Model


class Target(Struct, frozen=True, kw_only=True):
    """One kind of output; its templates lie in `templates/<name>/`.

    `units` reads the model; `files` sees a unit's view and nothing else, and may run in another
    process. `open_below` are folders in which teams keep files of their own: there only what lies
    below a folder called `generated` is closed, and an unknown file elsewhere is no orphan. `needs`
    says what a service lacks of which it makes nothing (`needs a REST contract`). `makes` names the
    kind of output under which it is counted for a service; empty for what belongs to the system.
    """

    name: str
    title: str
    view: type[Struct]
    units: Callable[[Model, Contracts], Iterable[Unit]]
    files: Callable[[Any], Iterable[Planned]]
    open_below: tuple[str, ...] = ()
    needs: str = ""
    makes: str = ""
