"""The command line. `main` first asks the warm index, before anything else is imported."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

__all__ = ["main"]

INTERRUPTED = 130
"""128 and the number of SIGINT, as shells count."""

NO_FINDINGS = "no findings (nothing has changed)"
UP_TO_DATE = "everything is as the model implies (nothing has changed)"

_QUICK = {
    ("check",): NO_FINDINGS,
    ("generate",): UP_TO_DATE,
    ("generate", "--check"): UP_TO_DATE,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code (design §5); never raises for a user's mistake."""
    try:
        return _answered(argv)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; a write that had begun is finished by the next run\n")
        return INTERRUPTED


def _answered(argv: Sequence[str] | None) -> int:
    arguments = list(sys.argv[1:] if argv is None else argv)
    answer = _QUICK.get(tuple(arguments))
    if answer is not None and not set_by_environment() and _unchanged(arguments[0]):
        sys.stderr.write(answer + "\n")
        return 0
    from cloudsync_gen.cli.dispatch import run

    return run(arguments)


def set_by_environment() -> bool:
    """Whether a variable says what to do: the index knows of files only."""
    return any(
        name.startswith("CLOUDSYNC_GEN_") and name != "CLOUDSYNC_GEN_ROOT" for name in os.environ
    )


def _unchanged(verdict: str) -> bool:
    """Whether the index of the folder that holds the model knows the answer."""
    root = os.environ.get("CLOUDSYNC_GEN_ROOT") or os.getcwd()
    if not os.path.exists(os.path.join(root, "model", "manifest.yaml")):
        return False
    from cloudsync_gen.engine import index

    return index.is_clean(root, verdict)
