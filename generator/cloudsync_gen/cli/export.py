"""`export`: the model in a form that something else reads."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from cloudsync_gen.cli.dispatch import OK, UNSAFE, USAGE

if TYPE_CHECKING:
    from cloudsync_gen.model.artefacts import Change
    from cloudsync_gen.model.system import Model

EXAMPLES = """
export dr ../arch  then there: `dr list ux`
export dr .  as `documentation-robotics/`
export codeowners CODEOWNERS  other lines there stay
"""

_HANDLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,38}")
"""Name of an organisation as GitHub takes it."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "form",
        choices=("dr", "codeowners"),
        help="dr: Documentation Robotics 0.4.0, elements and links; codeowners: who reviews what",
    )
    parser.add_argument("target", metavar="PATH", help="the folder, or file; made when missing")
    parser.add_argument(
        "--organization", metavar="NAME", help="whose teams own services (default: the project)"
    )


def run(options: argparse.Namespace) -> int:
    from cloudsync_gen.cli._look import opened

    look = opened(options.root)
    if isinstance(look, int):
        return look
    if options.form == "codeowners":
        return _codeowners(Path(options.target), look.model, options.organization)
    from cloudsync_gen.report import dr

    return _written(Path(options.target), dr.files(look.model))


def _codeowners(file: Path, model: Model, organization: str | None) -> int:
    from cloudsync_gen.engine import disk, paths, write
    from cloudsync_gen.report import codeowners
    from cloudsync_gen.report.text import printable

    name = organization or model.project.slug
    if not _HANDLE.fullmatch(name):
        sys.stderr.write(f"usage: no organisation is called {printable(name)}\n")
        return USAGE
    shown = printable(str(file))
    path = f"{file.parent.name}/{file.name}"
    root = file.parent.parent if path in paths.OWNERS else file.parent
    path = path if path in paths.OWNERS else file.name
    if path not in paths.OWNERS:
        known = ", ".join(paths.OWNERS)
        sys.stderr.write(f"usage: {shown} is read by nobody; hosts look for {known}\n")
        return USAGE
    write.make_root(root)
    with write.exclusive(root):
        there = disk.read(root, path)
        try:
            text = there.decode() if there else ""
        except UnicodeDecodeError:
            sys.stderr.write(f"refused: {shown} is not UTF-8 text\n")
            return UNSAFE
        made = codeowners.put(text, codeowners.block(model, name)).encode()
        changes = _changes({path: made}, {path: there} if there is not None else {})
        write.apply(root, (), changes)
    sys.stderr.write(f"{shown}: {'written' if changes else 'unchanged'}\n")
    return OK


def _written(folder: Path, texts: Mapping[str, str]) -> int:
    from cloudsync_gen.engine import disk, write
    from cloudsync_gen.report import dr
    from cloudsync_gen.report.text import printable

    if folder.exists() and not folder.is_dir():
        sys.stderr.write(f"refused: {printable(str(folder))} is no folder\n")
        return UNSAFE
    write.make_root(folder)
    with write.exclusive(folder):
        there = {path: content for path in dr.places() if (content := disk.read(folder, path))}
        if there and dr.WRITTEN_BY not in there.get(dr.MANIFEST, b"").decode(errors="replace"):
            where = printable(str(folder / dr.ROOT))
            sys.stderr.write(f"refused: {where} was not written by this command; move it away\n")
            return UNSAFE
        changes = _changes({path: text.encode() for path, text in texts.items()}, there)
        write.apply(folder, (), changes)
    for change in changes:
        sys.stdout.write(f"{change.action.value:<8} {change.path}\n")
    sys.stderr.write(f"{len(changes)} written, {len(texts)} files in all\n")
    return OK


def _changes(made: Mapping[str, bytes], there: Mapping[str, bytes]) -> tuple[Change, ...]:
    from cloudsync_gen.model.artefacts import Action, Change, Held

    actions = {path: Action.UPDATE if path in there else Action.CREATE for path in made}
    actions |= dict.fromkeys(there.keys() - made.keys(), Action.DELETE)
    return tuple(
        Change(
            path=path,
            action=action,
            reason="export",
            old=sha256(there[path]).hexdigest() if path in there else None,
            content=Held(made[path]) if path in made else None,
        )
        for path, action in sorted(actions.items())
        if there.get(path) != made.get(path)
    )
