"""A published GraphQL schema -> the same schema as strawberry builds it, of classes made at run
time.

A contract's words stand in one place, the contract. Strawberry's own code generator loses
arguments, deprecations and extended types, and classes in code would say each description again.
This module needs nothing else of the library: the generator loads it by itself, to prove of each
contract that nothing of it is lost.
"""

from __future__ import annotations

import enum
import inspect
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType, ModuleType
from typing import Annotated, Any, NewType, Optional, Union

import strawberry
from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLUnionType,
    Undefined,
    is_introspection_type,
    is_list_type,
    is_non_null_type,
    is_specified_scalar_type,
    print_schema,
    value_from_ast_untyped,
)
from strawberry.extensions import SchemaExtension
from strawberry.schema.config import StrawberryConfig

Answer = Callable[[strawberry.Info, dict[str, Any]], Awaitable[Any]]
"""Answers a field: from the call and the arguments given, by their names and as JSON has them; a
field of a type that is no root from the call and the object that it belongs to.
"""
Stream = Callable[[strawberry.Info, dict[str, Any]], AsyncGenerator[Any, None]]
"""Answers a field of the subscription type, again and again."""

Kinds = Mapping[str, Mapping[str, Mapping[str, str]]]
"""Union or interface -> a property of its values in JSON -> what that holds -> the type that is."""

_ALIAS = "T_"
_BUILT_IN = {"Int": int, "Float": float, "String": str, "Boolean": bool, "ID": strawberry.ID}


def strawberry_schema(
    schema: GraphQLSchema,
    answers: Mapping[str, Answer | Stream] | None = None,
    members: Mapping[str, Mapping[str, Any]] | None = None,
    extensions: Sequence[type[SchemaExtension]] = (),
    *,
    kinds: Kinds = MappingProxyType({}),
    suggests: bool = True,
) -> strawberry.Schema:
    """The schema that strawberry makes of classes with these fields.

    `answers`: what answers a field (`Query.book`). Others are read from the object that they belong
    to, which is JSON by the names of its fields. `members`: enumeration -> its values -> what they
    are in JSON, their own names unless said otherwise. `kinds`: how the types of unions and
    interfaces are told apart. `suggests`: whether refusals name what may have been meant.

    Raises whatever strawberry raises at something that it cannot express.
    """
    with _namespace() as module:
        built = _Builder(schema, module, answers or {}, members or {}).build(extensions, suggests)
    _tell_apart(built._schema, kinds)
    return built


def _tell_apart(schema: GraphQLSchema, kinds: Kinds) -> None:
    """Have values be of the types that their properties say: they are JSON, of no class by which
    strawberry would know.
    """
    for each in schema.type_map.values():
        if isinstance(each, GraphQLObjectType):
            each.is_type_of = None
        elif isinstance(each, GraphQLInterfaceType | GraphQLUnionType):
            each.resolve_type = _resolver_of(kinds.get(each.name, {}))


def _resolver_of(told: Mapping[str, Mapping[str, str]]) -> Callable[..., str | None]:
    def resolve(value: Any, *_: Any) -> str | None:
        for name, types in told.items():
            found = types.get(str(_member(value, name)))
            if found is not None:
                return found
        return None

    return resolve


def printed(schema: strawberry.Schema) -> str:
    """The schema as SDL, as graphql-core prints it: descriptions, deprecations and all."""
    return print_schema(schema._schema)


@contextmanager
def _namespace() -> Iterator[ModuleType]:
    """A module in which strawberry finds the classes that annotations name, for this while only."""
    module = ModuleType("graphql_contract_classes")
    module.__dict__.update(Optional=Optional, list=list, AsyncGenerator=AsyncGenerator)
    sys.modules[module.__name__] = module
    try:
        yield module
    finally:
        del sys.modules[module.__name__]


class _HashableList(list[Any]):
    """A list that may be the default of a parameter: `inspect.Parameter` hashes its default."""

    __hash__ = object.__hash__  # type: ignore[assignment]


class _HashableDict(dict[str, Any]):
    """An input object, by the names of its fields, that may be the default of a parameter."""

    __hash__ = object.__hash__  # type: ignore[assignment]


def _alias(name: str) -> str:
    """A Python name for a GraphQL one, which may be a keyword."""
    return f"{_ALIAS}{name}"


def _default_value(argument: Any) -> Any:
    """The default of an argument or input field, `Undefined` without one.

    graphql-core 3.2 keeps the value itself, 3.3 what was written.
    """
    written = getattr(argument, "default", None)
    if written is None:
        return argument.default_value
    if written.literal is None:
        return written.value
    return value_from_ast_untyped(written.literal)


def _plain(value: Any) -> Any:
    """An argument as strawberry gives it -> as JSON has it; what was not given is left out."""
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    definition = getattr(type(value), "__strawberry_definition__", None)
    if definition is None:
        return value
    given = {each.name: getattr(value, each.python_name) for each in definition.fields}
    return {
        name.removeprefix(_ALIAS): _plain(each)
        for name, each in given.items()
        if each is not strawberry.UNSET
    }


def _given(arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name.removeprefix(_ALIAS): _plain(each)
        for name, each in arguments.items()
        if each is not strawberry.UNSET
    }


def _member(source: Any, name: str) -> Any:
    """A field of an object that is JSON."""
    return source.get(name.removeprefix(_ALIAS)) if isinstance(source, Mapping) else None


class _Schema(strawberry.Schema):
    """A schema that logs nothing by itself: what an error says may quote data."""

    def process_errors(self, *_: Any, **__: Any) -> None:
        """Whoever carries a document out is handed its errors."""


class _Builder:
    """Builds one schema in one namespace."""

    def __init__(
        self,
        schema: GraphQLSchema,
        module: ModuleType,
        answers: Mapping[str, Answer | Stream],
        members: Mapping[str, Mapping[str, Any]],
    ) -> None:
        self._schema = schema
        self._module = module
        self._answers = answers
        self._members = members
        self._scalars: dict[Any, Any] = {}
        roots = (schema.query_type, schema.mutation_type, schema.subscription_type)
        self._roots = {each.name for each in roots if each is not None}

    def build(
        self, extensions: Sequence[type[SchemaExtension]], suggests: bool
    ) -> strawberry.Schema:
        types = [
            each
            for name, each in sorted(self._schema.type_map.items())
            if not is_introspection_type(each) and not is_specified_scalar_type(each)
        ]
        for kind, make in (
            (GraphQLScalarType, self._scalar),
            (GraphQLEnumType, self._enum),
            (GraphQLInputObjectType, self._input),
            (GraphQLInterfaceType, self._interface),
            (GraphQLObjectType, self._object),
            (GraphQLUnionType, self._union),
        ):
            for each in self._in_order(kind, types):
                setattr(self._module, _alias(each.name), make(each))
        built = _Schema(
            query=self._root(self._schema.query_type),
            mutation=self._root(self._schema.mutation_type),
            subscription=self._root(self._schema.subscription_type),
            types=[
                getattr(self._module, _alias(each.name))
                for each in types
                if not isinstance(each, GraphQLUnionType)
            ],
            extensions=[*extensions],
            config=StrawberryConfig(
                auto_camel_case=False,
                scalar_map=self._scalars,
                default_resolver=_member,
                disable_field_suggestions=not suggests,
            ),
        )
        self._mark_one_of(built._schema)
        return built

    @staticmethod
    def _mark_one_of(schema: GraphQLSchema) -> None:
        """strawberry keeps `@oneOf` in its own definition; graphql-core prints an attribute."""
        for each in schema.type_map.values():
            if isinstance(each, GraphQLInputObjectType):
                own = each.extensions.get("strawberry-definition")
                each.is_one_of = bool(getattr(own, "is_one_of", False))

    @staticmethod
    def _in_order(kind: type, types: list[Any]) -> list[Any]:
        """Interfaces after those that they implement, since they become base classes."""
        chosen: list[Any] = [each for each in types if isinstance(each, kind)]
        if kind is GraphQLInterfaceType:
            chosen.sort(key=lambda each: len(each.interfaces))
        return chosen

    def _root(self, kind: GraphQLObjectType | None) -> Any:
        return getattr(self._module, _alias(kind.name)) if kind else None

    def _annotation(self, kind: Any) -> str:
        """A type as the text of an annotation within the namespace."""
        if is_non_null_type(kind):
            return self._bare(kind.of_type)
        return f"Optional[{self._bare(kind)}]"

    def _bare(self, kind: Any) -> str:
        if is_list_type(kind):
            return f"list[{self._annotation(kind.of_type)}]"
        if is_specified_scalar_type(kind):
            setattr(self._module, _alias(kind.name), _BUILT_IN[kind.name])
        return _alias(kind.name)

    def _scalar(self, kind: GraphQLScalarType) -> Any:
        made: Any = NewType(kind.name, object)  # type: ignore[misc]
        made.__module__ = self._module.__name__
        self._scalars[made] = strawberry.scalar(
            name=kind.name, description=kind.description, specified_by_url=kind.specified_by_url
        )
        return made

    def _enum(self, kind: GraphQLEnumType) -> Any:
        known = self._members.get(kind.name, {})
        members = {
            _alias(name): strawberry.enum_value(
                known.get(name, name),
                name=name,
                description=value.description,
                deprecation_reason=value.deprecation_reason,
            )
            for name, value in kind.values.items()
        }
        made = enum.Enum(kind.name, members)  # type: ignore[misc]
        return strawberry.enum(made, name=kind.name, description=kind.description)

    def _class(self, kind: Any, bases: tuple[type, ...], fields: dict[str, Any]) -> type:
        """A plain class with these fields, each given as (annotation, strawberry field)."""
        body = {_alias(name): field for name, (_, field) in fields.items()}
        hints = {_alias(name): hint for name, (hint, _) in fields.items()}
        module = self._module.__name__
        return type(kind.name, bases, {**body, "__annotations__": hints, "__module__": module})

    def _input(self, kind: GraphQLInputObjectType) -> Any:
        fields = {}
        for name, each in kind.fields.items():
            default = self._default(each)
            given = {} if default is inspect.Parameter.empty else {"default": default}
            if isinstance(default, (list, dict)):
                given = {"default_factory": lambda value=default: value}
            field = strawberry.field(
                name=name,
                description=each.description,
                deprecation_reason=each.deprecation_reason,
                **given,
            )
            fields[name] = (self._annotation(each.type), field)
        made = self._class(kind, (), fields)
        one_of = kind.is_one_of or None
        return strawberry.input(made, name=kind.name, description=kind.description, one_of=one_of)

    def _interface(self, kind: GraphQLInterfaceType) -> Any:
        made = self._class(kind, self._bases(kind), self._fields(kind))
        return strawberry.interface(made, name=kind.name, description=kind.description)

    def _object(self, kind: GraphQLObjectType) -> Any:
        made = self._class(kind, self._bases(kind), self._fields(kind))
        return strawberry.type(made, name=kind.name, description=kind.description)

    def _bases(self, kind: GraphQLObjectType | GraphQLInterfaceType) -> tuple[type, ...]:
        """The interfaces, those left out that another one inherits already."""
        inherited = {up.name for each in kind.interfaces for up in each.interfaces}
        names = [each.name for each in kind.interfaces if each.name not in inherited]
        return tuple(getattr(self._module, _alias(name)) for name in names)

    def _union(self, kind: GraphQLUnionType) -> Any:
        members = tuple(getattr(self._module, _alias(each.name)) for each in kind.types)
        union = strawberry.union(kind.name, description=kind.description)
        return Annotated[Union[members], union]  # noqa: UP007 - members are known at run time

    def _fields(self, kind: GraphQLObjectType | GraphQLInterfaceType) -> dict[str, Any]:
        streams = kind is self._schema.subscription_type
        return {
            name: (self._annotation(each.type), self._field(f"{kind.name}.{name}", each, streams))
            for name, each in kind.fields.items()
        }

    def _field(self, place: str, field: GraphQLField, streams: bool) -> Any:
        about: dict[str, Any] = {
            "name": place.rpartition(".")[2],
            "description": field.description,
            "deprecation_reason": field.deprecation_reason,
        }
        answer: Any = self._answers.get(place)
        if streams:
            return strawberry.subscription(resolver=self._stream(field, answer), **about)
        if answer is None and not field.args:
            return strawberry.field(**about)
        if answer is not None and place.partition(".")[0] not in self._roots:
            return strawberry.field(resolver=self._joined(field, answer), **about)
        return strawberry.field(resolver=self._resolver(field, answer), **about)

    def _resolver(self, field: GraphQLField, answer: Answer | None) -> Callable[..., Any]:
        async def resolver(info: strawberry.Info, **arguments: Any) -> Any:
            if answer is None:
                raise LookupError(f"nothing answers {info.field_name}")
            return await answer(info, _given(arguments))

        return self._signed(resolver, field, self._annotation(field.type))

    def _joined(self, field: GraphQLField, answer: Answer) -> Callable[..., Any]:
        async def joined(root: Any, info: strawberry.Info) -> Any:
            return await answer(info, root)

        joined.__module__ = self._module.__name__
        joined.__annotations__ = {
            "root": Any,
            "info": strawberry.Info,
            "return": self._annotation(field.type),
        }
        return joined

    def _stream(self, field: GraphQLField, answer: Stream | None) -> Callable[..., Any]:
        async def stream(info: strawberry.Info, **arguments: Any) -> AsyncGenerator[Any, None]:
            if answer is None:
                raise LookupError(f"nothing answers {info.field_name}")
            async for each in answer(info, _given(arguments)):
                yield each

        returns = f"AsyncGenerator[{self._annotation(field.type)}, None]"
        return self._signed(stream, field, returns)

    def _signed(self, made: Any, field: GraphQLField, returns: str) -> Callable[..., Any]:
        """The function, with a signature that says what the field takes and gives."""
        keyword = inspect.Parameter.KEYWORD_ONLY
        parameters = [
            inspect.Parameter("info", keyword, annotation=strawberry.Info),
            *(self._parameter(name, each) for name, each in field.args.items()),
        ]
        made.__module__ = self._module.__name__
        made.__annotations__ = {each.name: each.annotation for each in parameters}
        made.__annotations__["return"] = returns
        made.__signature__ = inspect.Signature(parameters, return_annotation=returns)
        return made  # type: ignore[no-any-return]

    def _parameter(self, name: str, argument: GraphQLArgument) -> inspect.Parameter:
        about = strawberry.argument(
            name=name,
            description=argument.description,
            deprecation_reason=argument.deprecation_reason,
        )
        return inspect.Parameter(
            _alias(name),
            inspect.Parameter.KEYWORD_ONLY,
            default=self._default(argument),
            annotation=Annotated[self._annotation(argument.type), about],
        )

    def _default(self, argument: Any) -> Any:
        """A default as Python has it: a member of an enumeration, an object of an input class."""
        value = _default_value(argument)
        if value is not Undefined:
            return self._value(argument.type, value)
        return inspect.Parameter.empty if is_non_null_type(argument.type) else strawberry.UNSET

    def _value(self, kind: Any, value: Any) -> Any:
        if is_non_null_type(kind):
            return self._value(kind.of_type, value)
        if value is None:
            return None
        if is_list_type(kind):
            return _HashableList(self._value(kind.of_type, each) for each in value)
        if isinstance(kind, GraphQLEnumType):
            return getattr(self._module, _alias(kind.name))(value)
        if isinstance(kind, GraphQLInputObjectType):
            fields = kind.fields
            return _HashableDict(
                (name, self._value(fields[name].type, each)) for name, each in value.items()
            )
        return value
