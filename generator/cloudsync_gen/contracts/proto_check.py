"""Whether published proto text means what its source meant: protoc reads it back."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from cloudsync_gen.model.contracts import ProtoContract

if TYPE_CHECKING:
    from google.protobuf.descriptor_pb2 import FileDescriptorProto

TIMEOUT_SECONDS = 60


def proto_faults(contracts: Iterable[ProtoContract]) -> Iterator[tuple[str, str]]:
    """(import path, what is wrong) of texts that protoc refuses or reads as something else."""
    from google.protobuf.descriptor_pb2 import FileDescriptorSet

    files = {each.import_path: each for each in contracts}
    with tempfile.TemporaryDirectory(prefix="cloudsync-gen-") as folder:
        root = Path(folder)
        for path, each in files.items():
            target = root / "in" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(each.text, encoding="utf-8")
        failure = _protoc(root, sorted(files))
        if failure is not None:
            yield next(iter(files), ""), f"protoc refuses the published text: {failure}"
            return
        read = FileDescriptorSet.FromString((root / "out.binpb").read_bytes())
    again = {each.name: each for each in read.file}
    for path, each in files.items():
        meant = FileDescriptorSet.FromString(each.descriptors).file[-1]
        if _normal(again[path]) != _normal(meant):
            yield path, "the published text means something else than its source"


def _normal(file: FileDescriptorProto) -> bytes:
    """A descriptor's bytes with imports and nested types in one order, which means nothing."""
    copy = type(file)()
    copy.CopyFrom(file)
    imports = sorted(copy.dependency)
    copy.ClearField("dependency")
    copy.ClearField("public_dependency")
    copy.dependency.extend(imports)
    pending = list(copy.message_type)
    while pending:
        message = pending.pop()
        nested = sorted(message.nested_type, key=lambda each: each.name)
        message.ClearField("nested_type")
        message.nested_type.extend(nested)
        pending.extend(message.nested_type)
    return copy.SerializeToString(deterministic=True)


def _protoc(root: Path, paths: list[str]) -> str | None:
    """The first thing that protoc complains about, or `None`."""
    command = [sys.executable, "-P", "-m", "grpc_tools.protoc", "-Iin"]
    try:
        done = subprocess.run(
            [*command, f"--descriptor_set_out={root / 'out.binpb'}", *paths],
            cwd=root,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"it took longer than {TIMEOUT_SECONDS} s"
    if not done.returncode:
        return None
    return done.stderr.decode("utf-8", "replace").partition("\n")[0][:300]
