"""Proto sources -> the published buf module, and what code generators may be given of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from cloudsync_gen.contracts.proto_text import proto_text
from cloudsync_gen.model.contracts import ProtoContract
from cloudsync_gen.model.sources import LINK_OPTIONS, GrpcSource

if TYPE_CHECKING:
    from google.protobuf.descriptor_pb2 import FileDescriptorProto

_WELL_KNOWN = "google/protobuf/"


def compile_protos(sources: Iterable[GrpcSource]) -> dict[str, ProtoContract]:
    """Document -> its published form."""
    files = {each.path: (each, _published(each.descriptor)) for each in sources}
    descriptors = {path: file for path, (_, file) in files.items()}
    return {
        source.document: ProtoContract(
            name=source.document,
            path=f"proto/{path}",
            source=source.id,
            file=source.file,
            text=proto_text(file, source.comments),
            import_path=path,
            package=file.package,
            service=file.service[0].name if file.service else "",
            descriptors=_with_imports(file, descriptors),
        )
        for path, (source, file) in sorted(files.items(), key=lambda item: item[1][0].document)
    }


def _published(descriptor: bytes) -> FileDescriptorProto:
    """A descriptor without link options and their import.

    The link options are unknown fields to this process, so that what is known is what stays.
    """
    from google.protobuf.descriptor_pb2 import FileDescriptorProto

    file = FileDescriptorProto.FromString(descriptor)
    file.DiscardUnknownFields()
    file.ClearField("source_code_info")
    public = {file.dependency[index] for index in file.public_dependency}
    kept = [each for each in file.dependency if each != LINK_OPTIONS]
    for name in ("dependency", "public_dependency", "weak_dependency"):
        file.ClearField(name)
    file.dependency.extend(kept)
    file.public_dependency.extend(i for i, each in enumerate(kept) if each in public)
    _drop_empty_options(file)
    return file


def _drop_empty_options(file: FileDescriptorProto) -> None:
    """Options that held nothing but links are no options."""
    messages = list(file.message_type)
    for message in messages:
        messages.extend(message.nested_type)
    methods = [method for service in file.service for method in service.method]
    owners: list[Any] = [file, *messages, *methods]
    for owner in owners:
        if owner.HasField("options") and not owner.options.ListFields():
            owner.ClearField("options")


def _with_imports(file: FileDescriptorProto, known: Mapping[str, FileDescriptorProto]) -> bytes:
    """A FileDescriptorSet in which every file comes after those that it imports."""
    from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet

    ordered: dict[str, FileDescriptorProto] = {}

    def add(each: FileDescriptorProto) -> None:
        for path in each.dependency:
            if path not in ordered:
                add(known[path] if path in known else _well_known(path))
        ordered[each.name] = each

    def _well_known(path: str) -> FileDescriptorProto:
        name = path.removeprefix(_WELL_KNOWN).removesuffix(".proto")
        module = import_module(f"google.protobuf.{name}_pb2")
        return FileDescriptorProto.FromString(module.DESCRIPTOR.serialized_pb)

    add(file)
    return FileDescriptorSet(file=ordered.values()).SerializeToString(deterministic=True)
