"""A draft of the model as text: judged together with the rest of the model, written at once."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from hashlib import sha256

from cloudsync_gen.edit.draft import Draft, NewFile, Refused
from cloudsync_gen.edit.yaml_text import NotEditable, append
from cloudsync_gen.engine.serialise import yaml_text
from cloudsync_gen.model.artefacts import Action, Change, Held


def texts(draft: Draft, tree: Mapping[str, bytes]) -> dict[str, bytes]:
    """Path -> content of every file that the draft adds or lengthens. Raises `Refused`."""
    made: dict[str, bytes] = {}
    for file in draft.files:
        if file.path in tree:
            raise Refused(f"{file.path} is there already", conflict=True)
        made[file.path] = _text(file).encode()
    made |= {path: text.encode() for path, text in draft.plain.items()}
    for addition in draft.additions:
        before = made.get(addition.path, tree[addition.path]).decode()
        try:
            made[addition.path] = append(before, addition.pointer, addition.items).encode()
        except NotEditable as error:
            place = ".".join(map(str, addition.pointer))
            raise Refused(f"cannot add to `{place}` in {addition.path}: {error}") from error
    return made


def _text(file: NewFile) -> str:
    if not file.layer:
        return yaml_text(file.elements)
    schema = posixpath.relpath(f"model/.schema/{file.layer}.json", posixpath.dirname(file.path))
    elements = (yaml_text({key: value}) for key, value in file.elements.items())
    return f"# yaml-language-server: $schema={schema}\n\n" + "\n".join(elements)


def changes(made: Mapping[str, bytes], tree: Mapping[str, bytes]) -> tuple[Change, ...]:
    """What is to be written of the model, by path."""
    return tuple(
        Change(
            path=path,
            action=Action.UPDATE if path in tree else Action.CREATE,
            reason="edited" if path in tree else "new",
            old=sha256(tree[path]).hexdigest() if path in tree else None,
            content=Held(content),
        )
        for path, content in sorted(made.items())
    )
