"""Whether a text is CEL (cel-spec, language definition)."""

from __future__ import annotations


def syntax_fault(expression: str) -> str:
    """The parser's complaint on one line, or an empty string."""
    import cel

    try:
        cel.compile(expression)
    except ValueError as error:
        return " ".join(str(error).split())[:200]
    return ""
