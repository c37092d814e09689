"""Libraries without what they load besides, which no service uses.

They prepare for commands and colours on terminals and build models of documents that nobody asks
for: with all of that a start takes a fifth longer.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from types import ModuleType, new_class
from typing import TYPE_CHECKING, Any


@contextmanager
def without(name: str) -> Iterator[None]:
    """Let what is imported meanwhile take a library for not installed, unless it is loaded."""
    if name in sys.modules:
        yield
        return
    # what `import` takes for a module that is not there (Python reference, 5.3.1)
    sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[name]


@contextmanager
def emptied(name: str) -> Iterator[None]:
    """Let a module of what is imported meanwhile be empty, unless it is loaded."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = ModuleType(name)
    try:
        yield
    finally:
        del sys.modules[name]


@contextmanager
def promised(*names: str) -> Iterator[None]:
    """Let what is imported meanwhile take functions and classes of modules that are loaded once one
    is called, unless they are loaded.

    A class is told by its name (PEP 8). Whether something is of it is asked of the true one, of
    which nothing is before its module is loaded; what derives from it derives from the true one.
    """
    new = [each for each in names if each not in sys.modules]
    sys.modules.update({each: _Promised(each) for each in new})
    try:
        yield
    finally:
        for each in new:
            del sys.modules[each]


class _Promised(ModuleType):
    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("__"):  # what `import` asks of each module
            raise AttributeError(name)
        if name[0].isupper():
            stands: Callable[..., Any] = _PromisedClass(name, (), {"__module__": self.__name__})
            return stands

        def called(*args: Any, **kwargs: Any) -> Any:
            return getattr(import_module(self.__name__), name)(*args, **kwargs)

        return called


class _PromisedClass(type):
    def __new__(
        mcs, name: str, bases: tuple[type, ...], space: dict[str, Any], **options: Any
    ) -> Any:
        if not bases:
            return super().__new__(mcs, name, bases, space)
        true = tuple(each._true() if isinstance(each, mcs) else each for each in bases)
        return new_class(name, true, options, lambda made: made.update(space))

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        return cls._true()(*args, **kwargs)

    def __instancecheck__(cls, instance: object) -> bool:
        return cls._loaded() and isinstance(instance, cls._true())

    def __subclasscheck__(cls, subclass: type) -> bool:
        return cls._loaded() and issubclass(subclass, cls._true())

    def _loaded(cls) -> bool:
        found = sys.modules.get(cls.__module__)
        return found is not None and not isinstance(found, _Promised)

    def _true(cls) -> Any:
        return getattr(import_module(cls.__module__), cls.__name__)


@contextmanager
def unpacked(name: str) -> Iterator[None]:
    """Let modules of a package be imported without what its `__init__` says, unless that is loaded.

    Who imports the package afterwards gets all of it, around the same modules.

    Raises:
        ModuleNotFoundError: there is no such package.
    """
    if name in sys.modules:
        yield
        return
    spec = find_spec(name)
    if spec is None:
        raise ModuleNotFoundError(name)
    sys.modules[name] = module_from_spec(spec)
    try:
        yield
    finally:
        del sys.modules[name]


class Late(ModuleType):
    """Stands for the module of its name, which `load` brings once something of it is asked for."""

    def __init__(self, name: str, load: Callable[[str], ModuleType] = import_module) -> None:
        super().__init__(name)
        self._load = load

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # what `import` asks of each module
            raise AttributeError(name)
        found = getattr(self._load(self.__name__), name)
        setattr(self, name, found)
        return found


def _httpx(name: str) -> ModuleType:
    with without("pygments"), without("rich"):
        found = import_module(name)
    if find_spec("sniffio") is None:
        # its locks ask for it several times in each request, and Python would look in every folder
        sys.modules["sniffio"] = None  # type: ignore[assignment]
    return found


with without("rich"):
    import structlog

if TYPE_CHECKING:
    import httpx
else:
    httpx = Late("httpx", _httpx)

__all__ = ["Late", "emptied", "httpx", "promised", "structlog", "unpacked", "without"]
