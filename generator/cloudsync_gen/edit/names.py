"""The names of a new service: one word given, all others follow."""

from __future__ import annotations

import re

from msgspec import Struct

from cloudsync_gen.edit.draft import Refused
from cloudsync_gen.edit.ground import SUFFIX
from cloudsync_gen.model.ids import name_of
from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import camel, pascal, snake

_SLUG = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_DEVICE = re.compile(r"con|prn|aux|nul|com[0-9]|lpt[0-9]")
MAX_NAME = 40


class Names(Struct, frozen=True, kw_only=True):
    """`service` and `short` of the service (`billing-service`, `billing`); `one` and `many` of what
    it keeps (`invoice`, `invoices`); `domain`. All in kebab case.
    """

    service: str
    short: str
    one: str
    many: str
    domain: str

    @property
    def title(self) -> str:
        """`Spare part`."""
        return words(self.one).capitalize()

    @property
    def spoken(self) -> str:
        """`the billing service`."""
        return f"the {words(self.short)} service"

    @property
    def key(self) -> str:
        """`sparePartId`."""
        return f"{camel(self.one)}Id"

    @property
    def class_name(self) -> str:
        """`SparePart`."""
        return pascal(self.one)

    @property
    def schema(self) -> str:
        """Name of the SQL schema."""
        return snake(self.many)

    @property
    def table(self) -> str:
        """Name of the SQL table."""
        return snake(self.many)


def words(name: str) -> str:
    """`spare-part` -> `spare part`."""
    return name.replace("-", " ")


def names(model: Model, given: str, domain: str, aggregate: str | None) -> Names:
    """All names. Raises `Refused` for what is no name."""
    for each in filter(None, (given, aggregate)):
        if not _SLUG.fullmatch(each) or len(each) > MAX_NAME:
            raise Refused(
                f"`{each}` is no name: lower-case letters, digits and single hyphens, "
                f"{MAX_NAME} at most"
            )
        if _DEVICE.fullmatch(each):
            raise Refused(f"`{each}` is no name: Windows has no file that is called so")
    short = given.removesuffix(SUFFIX)
    if not short:
        raise Refused(f"`{given}` is no name: what does the service keep?")
    one = aggregate or short
    return Names(
        service=f"{short}{SUFFIX}" if _with_suffix(model, given) else given,
        short=short,
        one=one,
        many=plural(one),
        domain=domain,
    )


def _with_suffix(model: Model, given: str) -> bool:
    """Most services of this model are called so, or the name was given so, or there are none."""
    known = [name_of(service.id) for service in model.all(Service)]
    return given.endswith(SUFFIX) or 2 * sum(map(_has_suffix, known)) >= len(known)


def _has_suffix(name: str) -> bool:
    return name.endswith(SUFFIX)


def plural(word: str) -> str:
    """English plural of a kebab name, of its last word: `stock-entry` -> `stock-entries`."""
    if re.search(r"(s|x|z|ch|sh)$", word):
        return f"{word}es"
    if re.search(r"[^aeiou]y$", word):
        return f"{word[:-1]}ies"
    return f"{word}s"
