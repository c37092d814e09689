"""Proto sources -> the service as an element and one element per method, judged by protoc.

protoc runs in a process of its own with bounded time; it sees a folder that holds the model's files
and the link options, and nothing else. No plug-in runs here, and what is kept for plug-ins has no
comments: grpcio-tools turns them into live Python (grpc issue 43022).
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from cloudsync_gen.diagnostics import Diagnostic, Severity, finding
from cloudsync_gen.load import proto_outline
from cloudsync_gen.load.cache import ParseCache
from cloudsync_gen.load.findings import unreadable
from cloudsync_gen.load.layers import explain
from cloudsync_gen.load.openapi import Loaded, document_of
from cloudsync_gen.load.proto_text import Head, head, locate
from cloudsync_gen.load.yaml_tree import Problem
from cloudsync_gen.model.declared import DeclaredElement, declared
from cloudsync_gen.model.layers.api import GrpcApi, Rpc
from cloudsync_gen.model.sources import LINK_OPTIONS, GrpcSource, SourceType
from cloudsync_gen.naming import kebab, offered, snake
from cloudsync_gen.source import Ref, Span

__all__ = ["grpc_sources", "locate"]

MAX_BYTES = 1024 * 1024
MAX_PACKAGE = 120
TIMEOUT_SECONDS = 60
OPTIONS_FILE = Path(__file__).parent / "protos" / LINK_OPTIONS
WELL_KNOWN = frozenset(
    f"google/protobuf/{name}.proto"
    for name in ("any", "duration", "empty", "field_mask", "struct", "timestamp", "wrappers")
)
"""What a source may import beside the model: types that every protobuf runtime carries."""
_PACKAGE = re.compile(r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$")
_FOLDER = "in"
_RESERVED = ("google", "cloudsync_gen")
_ERROR = re.compile(
    r"^(?:in/)?(?P<path>[^:\s]+\.proto):(?:(?P<line>\d+):(?P<column>\d+):)? (?P<what>.*)$"
)
_SYNTAX = re.compile(
    r"^(Expected|Unexpected|Invalid|Reached end|End-of-file|Missing|String literals|Unmatched|"
    r"Need space|Message nesting|Reached maximum|Interpreting|"
    r"Block comments|\"/\*\"|Octal|Hex|Integer out|Multiple syntax)"
)


class _File(Struct, frozen=True):
    """A proto file of the model; `path` is the one by which it is imported."""

    file: str
    path: str
    content: bytes
    imports: tuple[str, ...]


def grpc_sources(
    protos: Mapping[str, bytes], cache: ParseCache
) -> tuple[list[GrpcSource], tuple[list[DeclaredElement], list[Diagnostic]]]:
    """All proto sources with their elements; nothing at all while one cannot be compiled."""
    found: list[Diagnostic] = []
    files: dict[str, _File] = {}
    for file, content in sorted(protos.items()):
        each, problems = _file(file, content, cache)
        found.extend(problems)
        if each is None:
            continue
        if each.path in files:
            what = f"`{file}` and `{files[each.path].file}` would both be `{each.path}`"
            place = Ref(file, ("package",))
            found.append(finding("PRT001", "proto-document", place, what, "rename one of them"))
        files.setdefault(each.path, each)
    if not found:
        found.extend(problem for each in files.values() for problem in _unknown(each, files))
    if found:
        return [], ([], found)
    outlines, found = _outlines(files, cache)
    return _declared(files, outlines) if not found else ([], ([], found))


def _file(file: str, content: bytes, cache: ParseCache) -> tuple[_File | None, list[Diagnostic]]:
    start = Span(file, 1, 1, 1, 1)
    if len(content) > MAX_BYTES:
        what = f"file is larger than {MAX_BYTES // 1024} KiB"
        return None, unreadable(file, (Problem("SRC005", what, "split it", start),))
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        span = Span(file, line, 1, line, 1)
        return None, unreadable(file, (Problem("SRC007", "not UTF-8", "save as UTF-8", span),))
    top = _head(text, content, cache)
    name = snake(document_of(file))
    usable = _PACKAGE.match(top.package) and len(top.package) <= MAX_PACKAGE
    if not usable or top.package.split(".")[0] in _RESERVED or not name:
        what = (
            f"`{top.package[:MAX_PACKAGE]}` is no usable package"
            if top.package
            else "there is no `package`"
        )
        hint = "write `package <company>.<domain>.<service>.v1;` in lower case"
        place = Ref(file, ("package",))
        return None, [finding("PRT001", "proto-document", place, what, hint)]
    path = f"{top.package.replace('.', '/')}/{name}.proto"
    return _File(file, path, content, top.imports), []


def _head(text: str, content: bytes, cache: ParseCache) -> Head:
    known = cache.get("proto-head", content)
    if known is not None:
        return msgspec.convert(known.value, Head)
    top = head(text)
    cache.put("proto-head", content, top)
    return top


def _unknown(each: _File, files: Mapping[str, _File]) -> Iterator[Diagnostic]:
    for path in each.imports:
        if path in files or path == LINK_OPTIONS or path in WELL_KNOWN:
            continue
        otherwise = f"import a file of the model by its package, `{LINK_OPTIONS}` or a known type"
        hint = offered(path, (*files, LINK_OPTIONS), otherwise=otherwise)
        place = Ref(each.file, ("imports", path))
        yield finding("PRT002", "proto-import", place, f"`{path}` is not part of the model", hint)


def _outlines(
    files: Mapping[str, _File], cache: ParseCache
) -> tuple[Mapping[str, Any], list[Diagnostic]]:
    """Path -> outline of each file, compiling only those that changed or import what changed."""
    keys = {path: _key(path, files) for path in files}
    known = {path: cache.get("proto", key) for path, key in keys.items()}
    outlines = {path: hit.value for path, hit in known.items() if hit is not None}
    missing = sorted(path for path in files if path not in outlines)
    if not missing:
        return outlines, []
    compiled, found = _compile(missing, files)
    for path, outline in compiled.items():
        cache.put("proto", keys[path], outline)
    return {**outlines, **compiled}, found


def _closure(path: str, files: Mapping[str, _File]) -> list[str]:
    seen: set[str] = set()
    pending = [path]
    while pending:
        each = pending.pop()
        if each in files and each not in seen:
            seen.add(each)
            pending.extend(files[each].imports)
    return sorted(seen)


def _key(path: str, files: Mapping[str, _File]) -> bytes:
    parts = [OPTIONS_FILE.read_bytes(), path.encode()]
    for each in _closure(path, files):
        parts += [each.encode(), files[each].content]
    return b"".join(b"%d:%s" % (len(part), part) for part in parts)


def _compile(
    missing: list[str], files: Mapping[str, _File]
) -> tuple[dict[str, Any], list[Diagnostic]]:
    needed = sorted({each for path in missing for each in _closure(path, files)})
    with tempfile.TemporaryDirectory(prefix="cloudsync-gen-") as folder:
        root = Path(folder)
        for path, content in {
            **{each: files[each].content for each in needed},
            LINK_OPTIONS: OPTIONS_FILE.read_bytes(),
        }.items():
            target = root / _FOLDER / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        output = root / "out.binpb"
        failure = _protoc(root, output, missing)
        if failure is None:
            return proto_outline.outlines(output.read_bytes(), missing), []
    return {}, list(_errors(failure, files, missing))


def _protoc(root: Path, output: Path, missing: list[str]) -> str | None:
    """What protoc complains about, or `None`."""
    command = [sys.executable, "-P", "-m", "grpc_tools.protoc", f"-I{_FOLDER}"]
    options = ["--include_imports", "--include_source_info", f"--descriptor_set_out={output}"]
    try:
        done = subprocess.run(
            [*command, *options, *missing],
            cwd=root,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"{missing[0]}: protoc took longer than {TIMEOUT_SECONDS} s"
    return done.stderr.decode("utf-8", "replace") if done.returncode else None


def _errors(output: str, files: Mapping[str, _File], missing: list[str]) -> Iterator[Diagnostic]:
    """protoc's errors at their places, without those that only follow from another.

    Those are all errors of a file with a broken import, and all but the first syntax error.
    """
    matches = [match for line in output.splitlines() if (match := _ERROR.match(line))]
    follows = {match["path"] for match in matches if match["what"].startswith('Import "')}
    told = [
        match
        for match in matches
        if match["path"] in files
        and match["path"] not in follows
        and not match["what"].startswith("warning")
    ]
    unreadable_files = set()
    for match in sorted(told, key=lambda m: _SYNTAX.match(m["what"]) is None):
        if match["path"] not in unreadable_files:
            yield _error(files[match["path"]].file, match)
        if _SYNTAX.match(match["what"]):
            unreadable_files.add(match["path"])
    if not told:
        file = files[missing[0]].file
        what = output.strip().splitlines()[-1:] or ["protoc failed"]
        span = Span(file, 1, 1, 1, 1)
        problem = Problem("SRC001", f"not proto: {what[0][:200]}", "mend the syntax", span)
        yield from unreadable(file, (problem,))


def _error(file: str, match: re.Match[str]) -> Diagnostic:
    line, column = int(match["line"] or 1), int(match["column"] or 1)
    span = Span(file, line, column, line, column + 1)
    what = match["what"].rstrip(".")
    if _SYNTAX.match(what):
        problem = Problem("SRC001", f"not proto: {what}", "mend the syntax", span)
        return unreadable(file, (problem,))[0]
    return Diagnostic(
        code="PRT003",
        name="proto-schema",
        severity=Severity.ERROR,
        ref=Ref(file),
        message=what,
        hint="mend the definition (protobuf.dev, proto3 language guide)",
        span=span,
    )


def _declared(
    files: Mapping[str, _File], outlines: Mapping[str, Any]
) -> tuple[list[GrpcSource], Loaded]:
    sources: list[GrpcSource] = []
    elements: list[DeclaredElement] = []
    found: list[Diagnostic] = []
    for path, each in sorted(files.items()):
        outline = outlines[path]
        sources.append(_source(each, outline))
        more, problems = _elements(each.file, outline)
        elements.extend(more)
        found.extend(problems)
    return sources, (elements, found)


def _source(each: _File, outline: Mapping[str, Any]) -> GrpcSource:
    return GrpcSource(
        document=document_of(each.file),
        id=outline["contract"].get("id", ""),
        file=each.file,
        text=each.content.decode(),
        descriptor=outline["descriptor"],
        path=each.path,
        comments=outline["comments"],
        types=msgspec.convert(outline["types"], tuple[SourceType, ...]),
    )


def _elements(file: str, outline: Mapping[str, Any]) -> Loaded:
    problems = list(_document_findings(file, outline))
    if problems or not outline["services"]:
        return [], problems
    document = document_of(file)
    service = outline["services"][0]
    comments = outline["comments"]
    written = {
        **outline["contract"],
        "name": service["name"],
        "description": comments.get(service["name"]) or comments.get("") or service["name"],
        "document": document,
        "package": outline["package"],
        "serviceName": service["name"],
    }
    elements, found = _convert(GrpcApi, written, Ref(file, ("contract",)))
    for method in service["methods"]:
        comment = comments.get(f"{service['name']}.{method['rpcName']}")
        data = {
            "id": f"api.rpc.{kebab(document)}-{kebab(method['rpcName'])}",
            "name": method["rpcName"],
            "description": comment or method["rpcName"],
            "document": document,
            **method,
        }
        more, wrong = _convert(Rpc, data, Ref(file, ("rpcs", method["rpcName"])))
        elements.extend(more)
        found.extend(wrong)
    return elements, found


def _document_findings(file: str, outline: Mapping[str, Any]) -> Iterator[Diagnostic]:
    code = "PRT001", "proto-document"
    if outline["syntax"] != "proto3":
        yield finding(*code, Ref(file), "not proto3", 'begin with `syntax = "proto3";`')
    services = outline["services"]
    for each in services[1:]:
        place = Ref(file, ("services", each["name"]))
        hint = "give each service a file of its own"
        yield finding(*code, place, "a second service in one file", hint)
    if services and not outline["contract"].get("id"):
        place = Ref(file, ("services", services[0]["name"]))
        identity = f"api.grpc-service.{kebab(document_of(file))}"
        hint = f'add `option (cloudsync_gen.contract) = {{id: "{identity}" service: "…"}};`'
        yield finding(*code, place, "the service has no contract option", hint)


def _convert(struct: type[GrpcApi] | type[Rpc], written: Mapping[str, Any], ref: Ref) -> Loaded:
    try:
        value = msgspec.convert(written, struct)
    except msgspec.ValidationError as error:
        pointer, what = explain(error)
        identity = str(written.get("id", ""))
        hint = "mend the option; link options hold ids of elements"
        return [], [finding("PRT004", "proto-field", ref.at(*pointer), what, hint, identity)]
    return [declared(value, written, ref)], []
