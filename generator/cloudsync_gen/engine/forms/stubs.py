"""Python stubs of protos, by protoc from grpcio-tools, in a process of its own.

Only a descriptor set without comments reaches the plug-ins: a comment of a proto file becomes live
code in grpcio-tools' output (grpc issue 43022).
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from cloudsync_gen.model.artefacts import ProtoStubs

TIMEOUT_SECONDS = 60


class ProtocFailed(RuntimeError):
    """protoc refused a descriptor set that had been accepted before: a bug."""


def render(form: ProtoStubs) -> dict[str, bytes]:
    """File name relative to the stub package -> bytes."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "contracts.binpb"
        output = Path(folder) / "out"
        output.mkdir()
        source.write_bytes(form.descriptor_set)
        command = [
            sys.executable,
            "-m",
            "grpc_tools.protoc",
            f"--descriptor_set_in={source}",
            f"--python_out={output}",
            f"--pyi_out={output}",
            f"--grpc_python_out={output}",
            "--",
            *form.files,
        ]
        done = subprocess.run(
            [part for part in command if part != "--"],
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
        if done.returncode:
            raise ProtocFailed(done.stderr.strip())
        return {
            path.relative_to(output).as_posix(): path.read_bytes()
            for path in sorted(output.rglob("*"))
            if path.is_file()
        }
