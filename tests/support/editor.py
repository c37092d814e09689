"""yaml-language-server as an editor runs it (Language Server Protocol 3.17)."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

from support.node import node, package

SETTINGS = {
    "validate": True,
    "hover": True,
    "completion": True,
    "schemaStore": {"enable": False},  # it would be fetched
}


class Editor:
    """Opens texts and asks about them; lines and columns count from 0, as the protocol has them."""

    def __init__(self, process: subprocess.Popen[bytes], schemas: Mapping[str, str]) -> None:
        self._process = process
        self._settings = {"yaml": {**SETTINGS, "schemas": dict(schemas)}}
        self._asked = 0
        self._found: dict[str, list[dict[str, Any]]] = {}

    def open(self, path: Path, text: str) -> None:
        document = {"uri": path.as_uri(), "languageId": "yaml", "version": 1, "text": text}
        self.tell("textDocument/didOpen", {"textDocument": document})

    def completions(self, path: Path, line: int, column: int) -> dict[str, dict[str, Any]]:
        """What is offered there, by its label."""
        found = self._at("textDocument/completion", path, line, column)
        return {item["label"]: item for item in found["items"]}

    def hover(self, path: Path, line: int, column: int) -> str:
        found = self._at("textDocument/hover", path, line, column)
        return str(found["contents"]["value"]) if found else ""

    def problems(self, path: Path) -> list[tuple[int, str]]:
        """(line, message) of what is marked in an open text, once the server has said so."""
        while path.as_uri() not in self._found:
            self._heed(self._read())
        found = self._found[path.as_uri()]
        return [(each["range"]["start"]["line"], each["message"]) for each in found]

    def tell(self, method: str, params: object) -> None:
        self._send({"method": method, "params": params})

    def ask(self, method: str, params: object) -> Any:
        self._asked += 1
        self._send({"id": self._asked, "method": method, "params": params})
        while True:
            said = self._read()
            if said.get("id") == self._asked and "method" not in said:
                return said["result"]
            self._heed(said)

    def _at(self, method: str, path: Path, line: int, column: int) -> Any:
        position = {"line": line, "character": column}
        return self.ask(method, {"textDocument": {"uri": path.as_uri()}, "position": position})

    def _heed(self, said: dict[str, Any]) -> None:
        if said.get("method") == "textDocument/publishDiagnostics":
            self._found[said["params"]["uri"]] = said["params"]["diagnostics"]
        elif "id" in said:
            items = said["params"].get("items", ()) if "params" in said else ()
            self._send(
                {"id": said["id"], "result": [self._settings.get(i["section"]) for i in items]}
            )

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        content = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(content) + content)
        self._process.stdin.flush()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        length = 0
        while line := self._process.stdout.readline().strip():
            name, _, value = line.partition(b": ")
            length = int(value) if name == b"Content-Length" else length
        assert length, "the language server has ended"
        found: dict[str, Any] = json.loads(self._process.stdout.read(length))
        return found


@contextmanager
def editor(
    root: Path, needed_for: str, schemas: Mapping[str, str] = MappingProxyType({})
) -> Iterator[Editor]:
    """A server for a folder, until the block ends. `needed_for` is what a failure says was not
    run; `schemas`: schema -> files, for those that name none.
    """
    program = package("yaml-language-server", needed_for) / "bin/yaml-language-server"
    command = [node(needed_for), str(program), "--stdio"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=root, stdin=pipe, stdout=pipe) as process:
        try:
            made = Editor(process, schemas)
            formats = {"documentationFormat": ["markdown"]}
            abilities = {
                "textDocument": {"completion": {"completionItem": formats}},
                "workspace": {"configuration": True},
            }
            begin = {"processId": None, "rootUri": root.as_uri(), "capabilities": abilities}
            made.ask("initialize", begin)
            made.tell("initialized", {})
            made.tell("workspace/didChangeConfiguration", {"settings": None})
            yield made
        finally:
            process.kill()
