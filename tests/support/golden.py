"""Comparison with committed files, in both directions, and the one way to renew them."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from pathlib import Path

from support.trees import read_tree, replace_tree

MAX_DIFF_LINES = 200


class Golden:
    """Compares with what is committed; rewrites it when `--update-golden` was asked for."""

    def __init__(self, update: bool, command: str) -> None:
        self.update = update
        self.command = command

    def tree(self, folder: Path, actual: Mapping[str, bytes]) -> None:
        """`folder` holds exactly `actual`; a missing folder stands for an empty tree."""
        if self.update:
            replace_tree(folder, actual)
            return
        expected = read_tree(folder, ignore=frozenset()) if folder.exists() else {}
        self._report(list(differences(expected, actual)), folder)

    def text(self, file: Path, actual: str) -> None:
        """`file` holds exactly `actual`; a missing file stands for an empty text."""
        if self.update:
            file.unlink(missing_ok=True)
            if actual:
                file.write_text(actual, encoding="utf-8")
            return
        expected = file.read_bytes() if file.exists() else b""
        self._report(list(unified(file.name, expected, actual.encode())), file)

    def _report(self, lines: list[str], what: Path) -> None:
        if lines:
            shown = lines[:MAX_DIFF_LINES]
            more = (
                [f"... and {len(lines) - len(shown)} lines more"] if len(lines) > len(shown) else []
            )
            end = f"If this is wanted: {self.command}"
            raise AssertionError("\n".join([f"{what} differs:", *shown, *more, end]))


def differences(expected: Mapping[str, bytes], actual: Mapping[str, bytes]) -> Iterator[str]:
    """One block of lines per file that is missing, extra or different."""
    for name in sorted({*expected, *actual}):
        if name not in actual:
            yield f"missing: {name}"
        elif name not in expected:
            yield f"extra: {name}"
            yield from unified(name, b"", actual[name])
        else:
            yield from unified(name, expected[name], actual[name])


def unified(name: str, expected: bytes, actual: bytes) -> Iterator[str]:
    """A unified diff; bytes that are not UTF-8, and line ends, are shown as escapes."""
    if expected == actual:
        return
    before, after = _lines(expected), _lines(actual)
    yield from difflib.unified_diff(
        before, after, f"expected/{name}", f"actual/{name}", lineterm=""
    )


def _lines(content: bytes) -> list[str]:
    text = content.decode("utf-8", errors="backslashreplace")
    # keep "\r" and a missing last newline visible: both are differences that matter
    return [line.replace("\r", "\\r") for line in text.split("\n")]
