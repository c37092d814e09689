"""`init`: a small valid model and its settings, into an empty folder."""

from __future__ import annotations

import argparse
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cloudsync_gen.cli.dispatch import OK, UNSAFE, USAGE

if TYPE_CHECKING:
    from cloudsync_gen.edit.draft import Draft

EXAMPLES = """
init  here
init shop --name "The Shop" --domain selling  elsewhere
"""
_SLUG = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_MAX = 40
PASSED_OVER = frozenset((".git", ".cloudsync-gen"))
"""May be in a folder that counts as empty."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", nargs="?", default=".", metavar="DIR", help="default: here")
    parser.add_argument("--name", help="of the project (default: of the folder)")
    parser.add_argument("--domain", default="core", help="the first bounded context (core)")


def run(options: argparse.Namespace) -> int:
    from cloudsync_gen.edit.starter import Beginning, starter
    from cloudsync_gen.naming import kebab
    from cloudsync_gen.report.text import printable

    folder = Path(options.folder)
    title = options.name or folder.resolve().name
    slug = kebab(title)
    for what, name in (("name", slug), ("domain", options.domain)):
        if not _SLUG.fullmatch(name) or len(name) > _MAX:
            sys.stderr.write(
                f"`{printable(name)}` makes no {what}: letters and digits, {_MAX} at most\n"
            )
            return USAGE
    if not title.isprintable() or len(title) > 120:
        sys.stderr.write("a name is at most 120 characters on one line\n")
        return USAGE
    there = sorted({*os.listdir(folder)} - PASSED_OVER) if folder.is_dir() else []
    if there or (folder.exists() and not folder.is_dir()):
        what = f"`{printable(there[0])}` is there" if there else "it is no folder"
        sys.stderr.write(f"refused: {printable(str(folder))} is not empty: {what}\n")
        return UNSAFE
    draft = starter(Beginning(slug=slug, title=title, domain=options.domain))
    return _write(folder, draft)


def _write(folder: Path, draft: Draft) -> int:
    from cloudsync_gen.cli._edits import changes, texts
    from cloudsync_gen.engine import write

    made = changes(texts(draft, {}), {})
    write.make_root(folder)
    with write.exclusive(folder):
        write.apply(folder, (), made)
    for change in made:
        sys.stdout.write(f"create   {change.path}\n")
    sys.stderr.write("next: `cloudsync-gen new service NAME --domain DOMAIN`\n")
    return OK
