"""What the model cannot know, with what does it on one machine."""

from __future__ import annotations

import json
import os
import re
from datetime import datetime
from pathlib import Path
from typing import Protocol
from uuid import UUID

_DIGITS = re.compile(r"(?<!\d)(?:\d[ -]?){12,18}\d(?!\d)")
_SECRETS = re.compile(r"\b(?:AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36,}|eyJ[\w-]{10,}\.[\w.-]+)")


class LeakFilter(Protocol):
    """Masks in excerpts what must not leave a channel."""

    def masked(self, text: str) -> str:
        """The text without it."""
        ...


class PatternFilter:
    """Masks numbers of payment cards (ISO/IEC 7812, by their check digit) and tokens of services."""

    def masked(self, text: str) -> str:
        """See `LeakFilter`."""
        cards = _DIGITS.sub(lambda found: "•••" if _checks(found[0]) else found[0], text)
        return _SECRETS.sub("•••", cards)


def _checks(text: str) -> bool:
    """Whether the last digit is the check digit of the others (Luhn)."""
    digits = [int(each) for each in text if each.isdigit()][::-1]
    doubled = (each * 2 - 9 * (each > 4) for each in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


class Wordings(Protocol):
    """Earlier wordings of edited messages, for compliance officers."""

    def keep(self, organization: UUID, message: UUID, text: str, said: datetime) -> None:
        """Keep a wording that was replaced."""
        ...

    def of(self, organization: UUID, message: UUID) -> list[str]:
        """All that were kept, the first one first."""
        ...

    def forget(self, organization: UUID, message: UUID | None = None) -> None:
        """Forget those of a message, or of an organisation."""
        ...


class FileWordings:
    """A file per message below `folder`, for nobody but the service."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, organization: UUID, message: UUID, text: str, said: datetime) -> None:
        """See `Wordings`."""
        path = self._path(organization, message)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        line = json.dumps({"said": said.isoformat(), "text": text}) + "\n"
        file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(file, "a", encoding="utf-8") as target:
            target.write(line)

    def of(self, organization: UUID, message: UUID) -> list[str]:
        """See `Wordings`."""
        path = self._path(organization, message)
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return [json.loads(each)["text"] for each in lines]

    def forget(self, organization: UUID, message: UUID | None = None) -> None:
        """See `Wordings`."""
        folder = self._folder / str(organization)
        pattern = f"{message}.jsonl" if message else "*.jsonl"
        for path in folder.glob(pattern) if folder.is_dir() else ():
            path.unlink(missing_ok=True)

    def _path(self, organization: UUID, message: UUID) -> Path:
        return self._folder / str(organization) / f"{message}.jsonl"


class Archives(Protocol):
    """Where exports lie for their week."""

    def put(self, key: str, content: bytes) -> None:
        """Keep an archive."""
        ...

    def forget(self, prefix: str) -> None:
        """Remove what lies below a prefix."""
        ...


class FolderArchives:
    """Files below `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, key: str, content: bytes) -> None:
        """See `Archives`."""
        path = self._folder / key
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.write_bytes(content)
        path.chmod(0o600)

    def forget(self, prefix: str) -> None:
        """See `Archives`."""
        path = self._folder / prefix
        for each in path.glob("*") if path.is_dir() else [path]:
            each.unlink(missing_ok=True)
