"""Results of other generators, kept by what they were given: an edit elsewhere in a unit does not
start them again.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import TypeVar

import msgspec

from cloudsync_gen.engine.cache import Store
from cloudsync_gen.engine.fingerprint import tool
from cloudsync_gen.engine.resources import digest_of_templates
from cloudsync_gen.model.artefacts import Layout, ProtoStubs, PydanticModels, Trials

F = TypeVar("F", PydanticModels, ProtoStubs, Layout, Trials)

_encode = msgspec.msgpack.Encoder().encode
_files = msgspec.msgpack.Decoder(dict[str, bytes])


def known(store: Store, form: F, make: Callable[[F], dict[str, bytes]]) -> dict[str, bytes]:
    """What `make` gives for a form: name -> content."""
    key = _key(form)
    stored = store.read(key)
    if stored is not None:
        try:
            return _files.decode(stored)
        except msgspec.DecodeError:
            pass
    made = make(form)
    store.write(key, _encode(made))
    return made


def _key(form: PydanticModels | ProtoStubs | Layout | Trials) -> str:
    templates = digest_of_templates(form.name) if isinstance(form, Layout) else b""
    head = f"form {type(form).__name__}\0".encode()
    return sha256(head + tool() + templates + _encode(form)).hexdigest()[:40]
