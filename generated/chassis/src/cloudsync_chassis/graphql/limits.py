"""How much a document may ask for.

It is measured before it is validated or carried out, in time linear in its size however often its
fragments are spread: what validation does with fields of one name is quadratic, and what fragments
spread within each other come to grows without bounds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLArgument,
    GraphQLNamedType,
    GraphQLSchema,
    GraphQLSyntaxError,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    NamedTypeNode,
    Node,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    is_composite_type,
    is_list_type,
    is_non_null_type,
    parse,
)

from cloudsync_chassis.problem import Problem, not_valid

SIZES = ("limit", "first", "last")
"""Arguments that say how long a list may be: that of the field, or those right below it."""

_ROOT = 10
_ASSUMED = 10
"""Items of a list whose size nothing says."""

_DIGITS = 9
_INTROSPECTION = ("__schema", "__type")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one request may ask for.

    `cost`: 10 for a field of the root, which is an operation, and 1 for each object that may come
    back, as many of a list as its page may hold. `depth`: fields within each other. `fields`:
    those that are asked for once all fragments are spread. `roots`: operations. `items`: of any
    list in arguments. `aliases`, `spreads` of fragments, `directives` and `tokens` are those of
    the text; it has no more than `fields` either, since what nobody asks for is validated, too.
    """

    cost: int = 10_000
    depth: int = 12
    fields: int = 500
    roots: int = 20
    aliases: int = 50
    directives: int = 50
    spreads: int = 100
    items: int = 1000
    tokens: int = 5_000
    page: int = 50
    largest_page: int = 200


@dataclass(frozen=True, slots=True)
class Extent:
    """What a selection asks for; `roots` are its own fields."""

    cost: int = 0
    depth: int = 0
    fields: int = 0
    roots: int = 0

    def beside(self, other: Extent) -> Extent:
        """Both."""
        return Extent(
            self.cost + other.cost,
            max(self.depth, other.depth),
            self.fields + other.fields,
            self.roots + other.roots,
        )


@dataclass(frozen=True, slots=True)
class Asked:
    """A document that is within the limits, and the operation of it that is meant."""

    text: str
    document: DocumentNode
    operation: OperationDefinitionNode
    extent: Extent

    @property
    def kind(self) -> str:
        """`query`, `mutation` or `subscription`."""
        return self.operation.operation.value

    @property
    def name(self) -> str:
        """What the client calls it, if anything."""
        return self.operation.name.value if self.operation.name else ""


def read(
    text: str,
    schema: GraphQLSchema,
    limits: Limits,
    variables: Mapping[str, Any],
    operation_name: str | None = None,
) -> Asked:
    """The document.

    Raises:
        Problem: `validation-failed`: no GraphQL, beyond a limit, or it names no operation.
    """
    try:
        document = parse(text, max_tokens=limits.tokens)
        operation = _meant(document, operation_name)
        _check_text(document, limits)
        _check_variables(variables, limits)
        extent = _Reader(document, schema, limits, variables).extent(operation)
    except GraphQLSyntaxError as error:
        raise _refused(error.message) from error
    except RecursionError as error:
        raise _refused("nested too deep") from error
    for name in ("depth", "fields", "roots", "cost"):
        if getattr(extent, name) > getattr(limits, name):
            raise _refused(f"at most {getattr(limits, name)} {_WORDS[name]}")
    return Asked(text, document, operation, extent)


_WORDS = {
    "cost": "of cost",
    "depth": "fields within each other",
    "fields": "fields",
    "roots": "operations",
}


def _refused(detail: str) -> Problem:
    return not_valid(detail, parameter="query")


def _meant(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    operations = [e for e in document.definitions if isinstance(e, OperationDefinitionNode)]
    named = [e for e in operations if name is None or (e.name and e.name.value == name)]
    if len(named) != 1:
        raise not_valid("names one operation of the document", parameter="operationName")
    return named[0]


def _check_text(document: DocumentNode, limits: Limits) -> None:
    """Count what a text is padded with."""
    found = Counter[str]()
    for node in _nodes(document):
        found["fields"] += isinstance(node, FieldNode)
        found["aliases"] += isinstance(node, FieldNode) and node.alias is not None
        found["spreads"] += isinstance(node, FragmentSpreadNode | InlineFragmentNode)
        found["directives"] += len(getattr(node, "directives", None) or ())
        if isinstance(node, ListValueNode) and len(node.values) > limits.items:
            raise _refused(f"lists of at most {limits.items} items")
    for name, count in found.items():
        if count > getattr(limits, name):
            raise _refused(f"at most {getattr(limits, name)} {name}")


def _nodes(document: DocumentNode) -> Iterator[Node]:
    pending: list[Node] = [document]
    while pending:
        node = pending.pop()
        yield node
        for key in node.keys:
            value = getattr(node, key, None)
            if isinstance(value, Node):
                pending.append(value)
            elif isinstance(value, list | tuple):
                pending += [each for each in value if isinstance(each, Node)]


def _check_variables(variables: Mapping[str, Any], limits: Limits) -> None:
    pending: list[Any] = [*variables.values()]
    while pending:
        value = pending.pop()
        if isinstance(value, list):
            if len(value) > limits.items:
                raise not_valid(f"lists of at most {limits.items} items", parameter="variables")
            pending += value
        elif isinstance(value, dict):
            pending += value.values()


@dataclass(slots=True)
class _Reader:
    """Measures one document; a fragment is measured once for each kind of place that it is in."""

    document: DocumentNode
    schema: GraphQLSchema
    limits: Limits
    variables: Mapping[str, Any]
    known: dict[tuple[str, str, int], Extent] = field(default_factory=dict)
    under_way: set[str] = field(default_factory=set)
    fragments: dict[str, FragmentDefinitionNode] = field(default_factory=dict)

    def extent(self, operation: OperationDefinitionNode) -> Extent:
        """What an operation asks for."""
        self.fragments = {
            each.name.value: each
            for each in self.document.definitions
            if isinstance(each, FragmentDefinitionNode)
        }
        root = self.schema.get_root_type(operation.operation)
        return self._selection(operation.selection_set, root, self.limits.page)

    def _selection(
        self, selected: SelectionSetNode, kind: GraphQLNamedType | None, page: int
    ) -> Extent:
        """`page`: how many items a list right below may have."""
        found = Extent()
        for each in selected.selections:
            if isinstance(each, FieldNode):
                found = found.beside(self._field(each, kind, page))
            elif isinstance(each, InlineFragmentNode):
                inner = self._narrowed(each.type_condition, kind)
                found = found.beside(self._selection(each.selection_set, inner, page))
            elif isinstance(each, FragmentSpreadNode):
                found = found.beside(self._spread(each.name.value, kind, page))
        return found

    def _spread(self, name: str, kind: GraphQLNamedType | None, page: int) -> Extent:
        fragment = self.fragments.get(name)
        if fragment is None:
            return Extent()  # validation says so
        if name in self.under_way:
            raise _refused("fragments do not contain themselves")
        key = (name, kind.name if kind else "", page)
        if key not in self.known:
            self.under_way.add(name)
            narrowed = self._narrowed(fragment.type_condition, kind)
            self.known[key] = self._selection(fragment.selection_set, narrowed, page)
            self.under_way.discard(name)
        return self.known[key]

    def _narrowed(
        self, condition: NamedTypeNode | None, kind: GraphQLNamedType | None
    ) -> GraphQLNamedType | None:
        return self.schema.get_type(condition.name.value) if condition else kind

    def _field(self, node: FieldNode, kind: GraphQLNamedType | None, page: int) -> Extent:
        found = getattr(kind, "fields", {}).get(node.name.value)
        inner = get_named_type(found.type) if found else None
        size = self._size(node, found.args if found else {})
        within = Extent()
        if node.selection_set is not None:
            within = self._selection(node.selection_set, inner, size or _ASSUMED)
        if node.name.value in _INTROSPECTION:
            # how deep it may go is graphql-core's to say (MaxIntrospectionDepthRule)
            return Extent(_ROOT, 1, within.fields + 1, 1)
        many = (size or page) if found is not None and _is_list(found.type) else 1
        weight = int(inner is None or is_composite_type(inner)) + within.cost
        root = _ROOT if kind in self._roots() else 0
        return Extent(root + many * weight, within.depth + 1, within.fields + 1, 1)

    def _roots(self) -> tuple[GraphQLNamedType | None, ...]:
        schema = self.schema
        return (schema.query_type, schema.mutation_type, schema.subscription_type)

    def _size(self, node: FieldNode, known: Mapping[str, GraphQLArgument]) -> int:
        """How long a list may be that the field's arguments bound; 0 where none does."""
        if not known.keys() & SIZES:
            return 0
        given = (each.value for each in node.arguments or () if each.name.value in SIZES)
        told = [self._number(each) for each in given]
        return max((1, *told)) if told else self.limits.page

    def _number(self, value: Node) -> int:
        """A number of items, as it will be heeded."""
        most = self.limits.largest_page
        if isinstance(value, VariableNode):
            told = self.variables.get(value.name.value, self.limits.page)
            return min(told, most) if isinstance(told, int) else most
        text = value.value if isinstance(value, IntValueNode) else ""
        return min(int(text), most) if text.isdigit() and len(text) < _DIGITS else most


def _is_list(kind: Any) -> bool:
    return bool(is_list_type(kind.of_type if is_non_null_type(kind) else kind))
