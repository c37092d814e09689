"""The mesh lets through what the security model forbids.

What it does: reports meshes with `mutualTls: permissive` while the security model says `strict`.

Why: permissive accepts connections in the clear, so that one forgotten sidecar undoes the model.

Example: `mutualTls: permissive` left over from a migration.

Use instead: `mutualTls: strict`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.security import SecurityModel
from cloudsync_gen.model.layers.technology import Mesh
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    strict = [each for each in model.all(SecurityModel) if each.mutual_tls == "strict"]
    for mesh in model.all(Mesh):
        if strict and mesh.mutual_tls == "permissive":
            yield RULE.at(
                model.ref(mesh.id, "mutualTls"),
                f"`{mesh.id}` accepts connections in the clear, `{strict[0].id}` does not",
                "write `mutualTls: strict`",
                element=mesh.id,
                related=(Related(model.ref(strict[0].id, "mutualTls"), "the security model"),),
            )


RULE = Rule(code="SEC011", name="permissive-mesh", family="zero trust", check=check)
