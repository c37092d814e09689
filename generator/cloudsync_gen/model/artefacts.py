"""What targets plan and the engine renders: units, files, ownership, the lock's entries."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Any, Literal

from msgspec import Struct

SYSTEM = "system"
"""Name of the unit (and lock shard) of everything that belongs to no single service."""


class Ownership(StrEnum):
    """Who a file belongs to once it is written."""

    GENERATED = "generated"
    SCAFFOLD = "scaffold"
    FROZEN = "frozen"


class Template(Struct, frozen=True):
    """Rendered from `templates/<name>`; the template sees `view` as `v` and nothing else.

    `brackets`: `curly` for Jinja's own delimiters, `square` (`[[ ]]`, `[% %]`) where the text
    itself is a Go template.
    """

    name: str
    view: Struct
    brackets: Literal["curly", "square"] = "curly"


class Data(Struct, frozen=True):
    """Serialised from plain data. `header`: begin with the notice of generated code (not JSON).

    `yaml-stream`: the members of a list as documents of one file.
    """

    format: Literal["yaml", "yaml-stream", "json", "toml"]
    value: Any
    header: bool = True


class Verbatim(Struct, frozen=True):
    """Text that is final already."""

    text: str


class Resource(Struct, frozen=True):
    """`templates/<name>` copied byte for byte."""

    name: str


class ResourceFolder(Struct, frozen=True):
    """All of `templates/<name>/`, copied byte for byte; the path is a folder."""

    name: str


class PydanticModels(Struct, frozen=True):
    """pydantic v2 models of all `$defs` of a JSON Schema, by datamodel-code-generator."""

    schema: Any


class ProtoStubs(Struct, frozen=True):
    """Python messages, stubs and type stubs of a serialized FileDescriptorSet; the path is a
    folder.
    """

    descriptor_set: bytes
    files: tuple[str, ...]


class Layout(Struct, frozen=True):
    """A cookiecutter template `templates/<name>` with nothing but slugs; the path is a folder."""

    name: str
    slugs: dict[str, str]


class Read(Struct, frozen=True, kw_only=True):
    """What a field of a condition's variable holds: what the first of `variables` that has a value
    holds at `path`, else `value`. Of two objects (`merges`) the first is laid over the second.
    """

    variables: tuple[str, ...] = ()
    path: tuple[str, ...] = ()
    merges: bool = False
    value: Any = None


class Condition(Struct, frozen=True, kw_only=True):
    """A CEL expression that has to come to `holds`; `reads`: variable of CEL -> field -> value."""

    expression: str
    holds: bool
    reads: dict[str, dict[str, Read]]


class Problem(Struct, frozen=True, kw_only=True):
    """Values are sought with which all conditions are met; those that come first are preferred.

    `values`: variable -> what it may hold (`absent` of the form: nothing). `place`: where in the
    table the solution goes. `group`: of problems with the same one, the first that has a solution
    is kept. `unless`: the group whose solution makes this one needless. `effort`: how many changes
    are weighed against each other at most. `told`: variables that are told though they have their
    first value.
    """

    values: dict[str, tuple[Any, ...]]
    conditions: tuple[Condition, ...]
    place: tuple[str, ...]
    group: str
    effort: int
    told: tuple[str, ...] = ()
    unless: str = ""


class Unsolved(Struct, frozen=True):
    """A name that the table lists at a place where no problem of a group is solved."""

    group: str
    place: tuple[str, str]
    name: str


class Trials(Struct, frozen=True, kw_only=True):
    """A table of JSON into which solved problems are written: what differs from the first values.

    A variable's name is its part of the solution and its name there, `seed.title`; the parts that
    are `whole` are told with what has its first value too, unless the entry of the table that the
    solution belongs to says the same.
    """

    table: dict[str, Any]
    problems: tuple[Problem, ...]
    unsolved: tuple[Unsolved, ...]
    absent: str
    whole: tuple[str, ...]


Form = (
    Template
    | Data
    | Verbatim
    | Resource
    | ResourceFolder
    | PydanticModels
    | ProtoStubs
    | Layout
    | Trials
)


class Planned(Struct, frozen=True, kw_only=True):
    """A file (or, for the forms that say so, a folder) that a unit writes.

    `path` is posix, relative to the root. `sources` are ids of the elements that it says something
    of.
    """

    path: str
    form: Form
    ownership: Ownership = Ownership.GENERATED
    sources: tuple[str, ...] = ()


class Unit:
    """The part of a target's output that depends on one service, or on the system; and its view,
    which may be given as what makes it: then that is made whenever somebody asks for it, and
    nobody but him keeps it.
    """

    __slots__ = ("_view", "name", "target")

    def __init__(self, *, target: str, name: str, view: Struct | Callable[[], Struct]) -> None:
        self.target = target
        self.name = name
        self._view = view

    @property
    def view(self) -> Struct:
        """All that its files are made of. May raise `Unplannable`."""
        return self._view if isinstance(self._view, Struct) else self._view()

    def seen(self) -> Unit:
        """The same with its view made. May raise `Unplannable`."""
        return Unit(target=self.target, name=self.name, view=self.view)


Content = Callable[[], bytes]
"""Gives the bytes of a file, which are somewhere until somebody asks for them."""


class Held(Struct, frozen=True):
    """Bytes at hand."""

    content: bytes

    def __call__(self) -> bytes:
        """The bytes."""
        return self.content


class Described(Struct, frozen=True, kw_only=True):
    """What is said of a rendered file."""

    path: str
    digest: str
    target: str
    unit: str
    template: str
    ownership: Ownership
    sources: tuple[str, ...] = ()


class Rendered(Described, frozen=True, kw_only=True):
    """A file's bytes, on their way from where it was rendered."""

    content: bytes


class Output(Described, frozen=True, kw_only=True):
    """A rendered file whose bytes have been put aside: of a large model not all fit into memory."""

    content: Content


class LockEntry(Struct, frozen=True, kw_only=True):
    """What the lock keeps of a file that was written: for a SCAFFOLD the digest of its pristine
    base.
    """

    digest: str
    target: str
    template: str
    ownership: Ownership
    sources: tuple[str, ...] = ()


class Action(StrEnum):
    """What becomes of a file."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    SAME = "same"
    KEEP = "keep"
    CONFLICT = "conflict"


class Unplannable(ValueError):
    """Elements of which a target can make nothing, and why: `faults` are (id, what)."""

    def __init__(self, faults: Iterable[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{element}: {what}" for element, what in faults))
        self.faults = tuple(faults)


class Change(Struct, frozen=True, kw_only=True):
    """A file, what is to become of it, and why. `old` is the digest on disk, `None` where nothing
    is. `content`: what is to be written, or was in a conflict.
    """

    path: str
    action: Action
    reason: str
    old: str | None
    content: Content | None = None
    entry: LockEntry | None = None
    unit: str = SYSTEM
