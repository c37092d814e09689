"""Access tokens live too long.

What it does: reports a token lifetime above one hour, above the time within which keys are
exchanged, or below the time within which a revocation has to hold.

Why: a stolen token works until it ends; one that outlives its key cannot be verified; a revocation
that takes longer than the token lives does nothing.

Example: `lifetime: 8h`.

Use instead: minutes, and a refresh token that is exchanged at each use.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.security import SecurityModel, TokenPolicy
from cloudsync_gen.model.system import Model
from cloudsync_gen.model.values import milliseconds
from cloudsync_gen.rules._rule import Rule

_LONGEST = "1h"


def check(model: Model) -> Iterator[Diagnostic]:
    for trust in model.all(SecurityModel):
        problem = _problem(trust.token)
        if problem:
            yield RULE.at(
                model.ref(trust.id, "token", "lifetime"),
                f"tokens live {trust.token.lifetime}, {problem}",
                f"choose a lifetime of at most {_LONGEST}",
                element=trust.id,
            )


def _problem(token: TokenPolicy) -> str:
    lifetime = milliseconds(token.lifetime)
    if lifetime > milliseconds(_LONGEST):
        return f"more than {_LONGEST}"
    if lifetime > milliseconds(token.key_rotation):
        return f"their keys {token.key_rotation}"
    if lifetime < milliseconds(token.revocation_within):
        return f"a revocation takes {token.revocation_within}"
    return ""


RULE = Rule(code="SEC012", name="long-lived-token", family="zero trust", check=check)
