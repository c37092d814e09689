"""Documents that clients announce: their digest and their weight, computed again here."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from cloudsync_chassis.context import Context
from cloudsync_chassis.ids import PLATFORM
from cloudsync_chassis.logs import logger
from cloudsync_chassis.problem import breaks_rule
from cloudsync_chassis.runtime import Runtime
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    parse,
    print_ast,
)

from .base import Base
from .documents import StoredDocuments
from .generated import models, port, problems

log = logger("queries")

_TOKENS = 4096
"""A document of 16 KiB has fewer, unless it is made to be slow to read."""
_PAGES = frozenset({"limit", "first"})
_PAGE = 50


@dataclass(frozen=True, slots=True)
class Weight:
    """What a document weighs: its cost in points and how deep its fields lie."""

    sha256: str
    complexity: int
    depth: int


class Queries(Base):
    """Registers announced documents, and has the schema answer them by their digest."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        runtime.documents = StoredDocuments(runtime.documents, self._announced, self._asked_for)

    async def _announced(self, digest: str) -> str | None:
        """The text of the document that was registered with a digest, by whichever replica."""

        async def read(ctx: Context) -> models.PersistedQuery | None:
            return await self.persisted_query.find(ctx, sha256=digest)

        found = await self.apart(read, writes=False)
        return found.document if found is not None else None

    async def _asked_for(self, digest: str) -> None:
        """Write down the hour in which a document was last asked for."""

        async def note(ctx: Context) -> None:
            found = await self.persisted_query.find(ctx, sha256=digest)
            hour = ctx.now.replace(minute=0, second=0, microsecond=0)
            if found is not None and found.last_used_at != hour:
                await self.persisted_query.rewrite(ctx, found, {"lastUsedAt": hour})

        try:
            await self.apart(note)
        except Exception as error:
            log.warning("use_not_noted", error=error)

    async def register_persisted_query(
        self, ctx: Context, request: port.RegisterPersistedQuery
    ) -> models.PersistedQuery:
        """See `Port.register_persisted_query`."""
        body, home = request.body, ctx.within(PLATFORM)
        found = weight_of(body.document)
        if found.depth > self.settings.query_depth_limit:
            raise problems.QUERY_TOO_DEEP(f"{found.depth} fields deep")
        if found.complexity > self.settings.query_complexity_limit:
            raise problems.QUERY_TOO_COMPLEX(f"{found.complexity} points")
        told = (body.sha256, body.complexity, body.depth)
        if told != (found.sha256, found.complexity, found.depth):
            raise problems.WEIGHT_MISMATCH(
                f"the document has {found.complexity} points and {found.depth} fields of depth"
            )
        known = await self.persisted_query.find(home, sha256=body.sha256)
        if known is not None:
            return known
        return await self.persisted_query.create(home, "register-persisted-query", body)


def weight_of(document: str) -> Weight:
    """What a document weighs.

    A field costs a point. What lies below a field with a `limit` is counted for so many entries,
    for fifty where a variable says how many.

    Raises:
        Problem: `rule-broken`: it is no document, or its fragments make a circle.
    """
    try:
        tree = parse(document, max_tokens=_TOKENS, no_location=True)
    except (GraphQLError, RecursionError) as error:
        raise breaks_rule("no GraphQL document", pointer="/document") from error
    sha256 = hashlib.sha256(print_ast(tree).encode()).hexdigest()
    weigher = _Weigher(tree)
    try:
        weights = [weigher.of(each.selection_set) for each in _operations(tree)]
    except RecursionError as error:
        raise breaks_rule("nested too deeply", pointer="/document") from error
    if not weights:
        raise breaks_rule("there is nothing to do", pointer="/document")
    return Weight(sha256, max(cost for cost, _ in weights), max(depth for _, depth in weights))


def _operations(tree: DocumentNode) -> Iterator[OperationDefinitionNode]:
    return (each for each in tree.definitions if isinstance(each, OperationDefinitionNode))


class _Weigher:
    """Weighs sets of fields, each fragment once, however often it is spread."""

    def __init__(self, tree: DocumentNode) -> None:
        self._fragments = {
            each.name.value: each
            for each in tree.definitions
            if isinstance(each, FragmentDefinitionNode)
        }
        self._known: dict[str, tuple[int, int]] = {}
        self._open: set[str] = set()

    def of(self, selections: SelectionSetNode | None) -> tuple[int, int]:
        """Points and depth.

        Raises:
            Problem: `rule-broken`: a fragment is missing, or spreads itself.
        """
        cost, depth = 0, 0
        for each in selections.selections if selections else ():
            points, deep = self._one(each)
            cost, depth = cost + points, max(depth, deep)
        return cost, depth

    def _one(self, node: SelectionNode) -> tuple[int, int]:
        if isinstance(node, FieldNode):
            points, deep = self.of(node.selection_set)
            return 1 + _entries(node) * points, deep + 1
        if isinstance(node, FragmentSpreadNode):
            return self._spread(node.name.value)
        assert isinstance(node, InlineFragmentNode), "GraphQL has no other selections"
        return self.of(node.selection_set)

    def _spread(self, name: str) -> tuple[int, int]:
        if name not in self._known:
            if name in self._open or name not in self._fragments:
                raise breaks_rule("a fragment is missing or spreads itself", pointer="/document")
            self._open.add(name)
            self._known[name] = self.of(self._fragments[name].selection_set)
            self._open.discard(name)
        return self._known[name]


def _entries(field: FieldNode) -> int:
    for each in field.arguments or ():
        if each.name.value in _PAGES:
            return int(each.value.value) if isinstance(each.value, IntValueNode) else _PAGE
    return 1
