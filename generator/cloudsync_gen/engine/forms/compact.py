"""Python text with every bracket exploded -> with each that fits on its line written in one.

Templates write one argument a line, each with its comma, since they cannot know how long a line
gets. That is a form which black keeps (its "magic trailing comma"), and a long one. Joining what
fits, from the inside out, gives the other forms that black keeps: without the comma, on one line of
at most `WIDTH` columns, or with the arguments on one line between the brackets. Whatever is not
surely of that kind stays as it is.
"""

from __future__ import annotations

import re

WIDTH = 100
_OPENERS, _CLOSERS = "([{", ")]}"
_STEP = 4
_IMPORT = re.compile(r"^(from [\w.]+ import) \($")
_CALLEE = re.compile(r"[\w)\]]$")
_KEYWORD = re.compile(r"(?:^|[^\w])(?:return|in|not|and|or|is|if|else|await|yield|raise|assert)$")


def compact(text: str) -> str:
    """The same program with fewer lines."""
    done: list[str] = []
    open_at: list[int] = []
    quoted = False
    for line in text.split("\n"):
        was_quoted, quoted = quoted, quoted ^ (line.count('"""') % 2 == 1)
        if was_quoted or quoted:
            done.append(line)
            continue
        bare = line.lstrip(" ")
        if bare[:1] and bare[0] in _CLOSERS and open_at:
            start = open_at.pop()
            joined = _joined(done[start:], line)
            if joined is not None:
                del done[start:]
                line = joined
            else:
                done[start + 1 :] = _folded(done[start:], line)
        done.append(line)
        if bare[-1:] and line[-1] in _OPENERS and not bare.startswith("#"):
            open_at.append(len(done) - 1)
    return "\n".join(done)


def _joined(lines: list[str], closing: str) -> str | None:
    """One line instead of the group, or nothing where it does not fit or is no plain list."""
    head, body = lines[0], lines[1:]
    indent = len(head) - len(head.lstrip(" "))
    if not body or closing[:indent].strip(" ") or closing[indent] == " ":
        return None
    inner = " " * (indent + _STEP)
    if any(not line.startswith(inner) or line[len(inner)] == " " for line in body):
        return None
    parts = [line[len(inner) :] for line in body]
    made = _on_one_line(head, parts, closing[indent:])
    if made is None or len(made) > WIDTH or not made.isascii() or "#" in made or '"""' in made:
        return None
    return made


def _folded(lines: list[str], closing: str) -> list[str]:
    """The body of the group on one line of its own, if it is that of a call or of a function's
    parameters and fits; as it is otherwise. Black keeps literals and imports exploded.
    """
    head, body = lines[0], lines[1:]
    inner = " " * (len(head) - len(head.lstrip(" ")) + _STEP)
    defined = head.lstrip(" ").startswith(("def ", "async def "))
    called = head[-1] == "(" and _CALLEE.search(head[:-1]) and not _KEYWORD.search(head[:-1])
    if not called or head.lstrip(" ").startswith("class ") or len(body) < 1 + defined:
        return body
    if any(not each.startswith(inner) or each[len(inner)] == " " for each in body):
        return body
    made = inner + " ".join(each[len(inner) :] for each in body).removesuffix(",")
    plain = made.isascii() and "#" not in made and '"""' not in made and body[-1].endswith(",")
    ends = closing.lstrip(" ")[:1] == ")" and closing.startswith(inner[_STEP:])
    return [made] if plain and ends and len(made) <= WIDTH else body


def _on_one_line(head: str, parts: list[str], closing: str) -> str | None:
    """`parts` are elements that end with a comma, or an expression over several lines."""
    content, comma = " ".join(parts), parts[-1].endswith(",")
    content = content.removesuffix(",")
    imported = _IMPORT.match(head)
    if imported is not None:
        return f"{imported[1]} {content}" if closing == ")" else None
    opener, before = head[-1], head[:-1]
    called = bool(_CALLEE.search(before)) and not _KEYWORD.search(before)
    if not comma and opener == "(" and not called:
        return None  # parentheses around an expression, which black would take away
    if comma and len(parts) == 1 and not (called and opener == "("):
        if opener == "[" and called:
            return None  # `x[1,]` is not `x[1]`
        content += "," if opener == "(" else ""
    return f"{head}{content}{closing}"
