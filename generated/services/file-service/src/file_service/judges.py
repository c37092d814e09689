"""Who judges bytes: the malware scanner, the renderers, and the rules of an organisation."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from uuid import UUID

from .generated.models import RenditionVariant, ScanVerdict

_LARGEST = 53_687_091_200
_UNPACKED = 10 * 1024**3
_RATIO = 100
_SIGNATURES = "local-2026-11-01"
_TEST_VIRUS = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"ID3", "audio/mpeg"),
    (b"MZ", "application/x-msdownload"),
    (b"\x7fELF", "application/x-executable"),
)
_TEXTS = ("text/", "application/json", "application/xml")


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the scanner found; `text` where it could read some, `threat` where it condemns."""

    verdict: ScanVerdict
    signatures: str
    media_type: str
    threat: str | None = None
    text: str | None = None


class Scanner(Protocol):
    """The malware scanner."""

    async def judge(self, content: bytes, declared: str, whole: bool) -> Judgement:
        """Judge the bytes, or the beginning of them where they are not `whole`."""
        ...


class Renderer(Protocol):
    """Makes derived forms; `engine` changes whenever it can make more than before."""

    engine: str

    async def render(self, content: bytes, media_type: str, variant: RenditionVariant) -> bytes:
        """The derived bytes.

        Raises:
            CannotRenderError: they cannot be made of these.
        """
        ...


class CannotRenderError(Exception):
    """`code` says why, in lower-case words joined by hyphens."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Rules:
    """What an organisation takes in: bytes per file as its plan allows, types that it refuses."""

    largest: int = _LARGEST
    refused: frozenset[str] = frozenset()
    unscannable: bool | None = None


class UploadRules(Protocol):
    """Plans and policies, as far as uploads are concerned."""

    async def of(self, organization: UUID) -> Rules:
        """The rules of an organisation; `unscannable` is None where it has none of its own."""
        ...


class LocalScanner:
    """Knows the EICAR test file, what begins like a program but is declared as something else, and
    archives that are sealed or would unpack to more than is sane.
    """

    async def judge(self, content: bytes, declared: str, whole: bool) -> Judgement:
        """See `Scanner.judge`."""
        media_type = sniffed(content, declared)
        if _TEST_VIRUS in content:
            return self._condemned(ScanVerdict.infected, media_type, "Eicar-Test-Signature")
        program = media_type in ("application/x-msdownload", "application/x-executable")
        if program and not declared.startswith("application/"):
            return self._condemned(ScanVerdict.suspicious, media_type, "Masquerading.Program")
        if content.startswith(b"PK\x03\x04") and not (whole and _sane(content)):
            return Judgement(ScanVerdict.unscannable, _SIGNATURES, media_type)
        text = _text(content) if whole and media_type.startswith(_TEXTS) else None
        return Judgement(ScanVerdict.clean, _SIGNATURES, media_type, text=text)

    def _condemned(self, verdict: ScanVerdict, media_type: str, threat: str) -> Judgement:
        return Judgement(verdict, _SIGNATURES, media_type, threat)


class LocalRenderer:
    """Extracts the words of texts; pictures and films need codecs that this machine has not."""

    engine = "texts-1"

    async def render(self, content: bytes, media_type: str, variant: RenditionVariant) -> bytes:
        """See `Renderer.render`."""
        if variant != RenditionVariant.text_extract:
            raise CannotRenderError("no-renderer")
        text = _text(content) if media_type.startswith(_TEXTS) else None
        if not text:
            raise CannotRenderError("type-not-supported")
        return text.encode()


class RuleFolder:
    """A JSON file per organisation: `largest`, `refused`, `unscannable`, each optional."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def of(self, organization: UUID) -> Rules:
        """See `UploadRules.of`."""
        path = self._folder / f"{organization}.json"
        if not path.is_file():
            return Rules()
        found = json.loads(path.read_text())
        refused = frozenset(found.get("refused", ()))
        return Rules(found.get("largest", _LARGEST), refused, found.get("unscannable"))


def sniffed(content: bytes, declared: str) -> str:
    """The media type by the first bytes; what is declared where they say nothing."""
    for magic, media_type in _MAGIC:
        if content.startswith(magic):
            return media_type
    if content[4:8] == b"ftyp":
        return declared if declared.startswith(("audio/", "video/")) else "video/mp4"
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "image/webp"
    if content.startswith(b"PK\x03\x04"):
        return declared if declared.startswith("application/") else "application/zip"
    if declared.startswith(("image/", "video/", "audio/")) and _text(content[:4096]):
        return "text/plain"
    return declared


def _text(content: bytes) -> str | None:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return None
    return None if "\x00" in text else text


def _sane(content: bytes) -> bool:
    """Whether an archive could be looked into: no password, no bomb (ratio 100, 10 GiB)."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
    except zipfile.BadZipFile:
        return False
    size = sum(each.file_size for each in entries)
    sealed = any(each.flag_bits & 1 for each in entries)
    return not sealed and size <= min(_UNPACKED, _RATIO * max(1, len(content)))
