"""Prose of the model in few words, but never half a thought."""

from __future__ import annotations

import pytest

from cloudsync_gen.targets._text import summary

LONG = "What a grant on a document or folder allows, each level with those before it"


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("One line.", "One line."),
        ("  The first\n  of two. The second.", "The first of two."),
        ("Short; whole.", "Short; whole."),
        (f"{LONG}; a link can carry at most editor.", f"{LONG}."),
        (
            f"{LONG}, and whoever holds it may not know.",
            f"{LONG}, and whoever holds it may not know.",
        ),
        ("Version 1.5 is no end. It is.", "Version 1.5 is no end."),
    ],
)
def test_a_summary_is_a_whole_thought(text: str, short: str) -> None:
    assert summary(text) == short
