"""`export dr`: the model in a form that another tool reads."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from cloudsync_gen.cli.dispatch import OK, UNSAFE

if TYPE_CHECKING:
    from cloudsync_gen.model.artefacts import Change

EXAMPLES = """
export dr ../architecture  then, in there: `dr list motivation`
export dr .  as `documentation-robotics/`, here
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "form", choices=("dr",), help="dr: Documentation Robotics 0.4.0, elements and links"
    )
    parser.add_argument("folder", metavar="DIR", help="where to; made when missing")


def run(options: argparse.Namespace) -> int:
    from cloudsync_gen.cli._look import opened
    from cloudsync_gen.report import dr

    look = opened(options.root)
    if isinstance(look, int):
        return look
    return _written(Path(options.folder), dr.files(look.model))


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
        changes = _changes(texts, there)
        write.apply(folder, (), changes)
    for change in changes:
        sys.stdout.write(f"{change.action.value:<8} {change.path}\n")
    sys.stderr.write(f"{len(changes)} written, {len(texts)} files in all\n")
    return OK


def _changes(texts: Mapping[str, str], there: Mapping[str, bytes]) -> tuple[Change, ...]:
    from cloudsync_gen.model.artefacts import Action, Change

    made = {path: text.encode() for path, text in texts.items()}
    actions = {path: Action.UPDATE if path in there else Action.CREATE for path in made}
    actions |= dict.fromkeys(there.keys() - made.keys(), Action.DELETE)
    return tuple(
        Change(
            path=path,
            action=action,
            reason="export",
            old=sha256(there[path]).hexdigest() if path in there else None,
            content=made.get(path),
        )
        for path, action in sorted(actions.items())
        if there.get(path) != made.get(path)
    )
