"""The condition of a policy cannot be evaluated, or says the opposite of its effect.

What it does: parses CEL conditions; of Cedar ones it checks that they are statements `permit(…)` or
`forbid(…)`, as `effect` says, with brackets closed and a semicolon at the end.

Why: a policy that cannot be read either refuses everything or is skipped.

Example: `effect: forbid` with `condition: permit(principal, action, resource);`.

Use instead: the statement that the effect announces.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.security import Policy
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._cel import syntax_fault
from cloudsync_gen.rules._rule import Rule

_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"|//[^\n]*')
_EFFECT = re.compile(r"\b(permit|forbid)\s*\(")
_CLOSES = {")": "(", "]": "[", "}": "{"}


def check(model: Model) -> Iterator[Diagnostic]:
    for policy in model.all(Policy):
        fault = syntax_fault(policy.condition) if policy.language == "cel" else _cedar(policy)
        if fault:
            language = "CEL" if policy.language == "cel" else "Cedar"
            yield RULE.at(
                model.ref(policy.id, "condition"),
                f"not {language}: {fault}",
                "mend the condition",
                element=policy.id,
            )


def _cedar(policy: Policy) -> str:
    """What is wrong with a Cedar policy, or an empty text."""
    text = _TEXT.sub('""', policy.condition).strip()
    effects = set(_EFFECT.findall(text))
    if not effects:
        return "no `permit(…)` or `forbid(…)`"
    if effects != {policy.effect}:
        return f"it is to {policy.effect}, but says {min(effects - {policy.effect})}"
    if not text.endswith(";"):
        return "no semicolon at the end"
    open_: list[str] = []
    for char in text:
        if char in "([{":
            open_.append(char)
        elif char in _CLOSES and (not open_ or open_.pop() != _CLOSES[char]):
            return f"`{char}` closes what was not opened"
    return f"`{open_[-1]}` is not closed" if open_ else ""


RULE = Rule(code="SEC010", name="policy-condition", family="zero trust", check=check)
