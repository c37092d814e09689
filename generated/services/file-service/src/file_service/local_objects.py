"""Object storage and data keys in a folder of this machine.

Addresses carry an HMAC (RFC 2104, SHA-256) over everything that they say. `edge.py` serves them.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import os
import shutil
import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import UUID

from cloudsync_chassis import files, ids
from cloudsync_chassis.settings import Settings

from .objects import Assembled, Fetch, ObjectMissingError, Part, PartsMissingError, Use

_HOST = "https://files.cloudsync.localhost"
_CHUNK = 1024 * 1024
_RETRIEVAL = timedelta(seconds=60)


def local(settings: Settings) -> LocalObjects:
    """The store of this machine."""
    place = settings.state_path("file-service", "objects")
    return LocalObjects(place, settings.state_path("buckets", "versions"))


class AddressRefusedError(Exception):
    """The address is not ours, was altered, or its time is over."""


class LocalObjects:
    """Buckets are folders: `files`, `quarantine`, `parts`, `meetings`; and `versions`, that of
    version-service, whose objects are zlib streams (RFC 1950).
    """

    def __init__(self, folder: Path, versions: Path) -> None:
        self._folder = folder
        self._versions = versions
        self._secret: bytes = b""

    def part_address(self, key: str, number: int, size: int, until: datetime) -> str:
        """See `Objects.part_address`."""
        told = {"size": str(size), "until": str(int(until.timestamp()))}
        return self._signed("PUT", f"/parts/{key}/{number}", told)

    def object_address(self, key: str, fetch: Fetch) -> str:
        """See `Objects.object_address`."""
        told = {
            "tenant": str(fetch.organization),
            "grant": str(fetch.grant),
            "until": str(int(fetch.until.timestamp())),
            "disposition": fetch.disposition,
            "type": fetch.media_type,
            "name": fetch.file_name,
        }
        if fetch.network is not None:
            told["network"] = fetch.network
        return self._signed("GET", f"/files/{key}", told)

    def opened(self, method: str, address: str, now: datetime) -> tuple[str, Mapping[str, str]]:
        """Path and parameters of an address that holds.

        Raises:
            AddressRefusedError: it does not.
        """
        parts = urlsplit(address)
        told = dict(parse_qsl(parts.query))
        signature = told.pop("signature", "")
        if not hmac.compare_digest(signature, self._signature(method, parts.path, told)):
            raise AddressRefusedError("the signature does not fit")
        if int(told["until"]) <= now.timestamp():
            raise AddressRefusedError("its time is over")
        return parts.path, told

    async def put_part(self, address: str, content: bytes, now: datetime) -> str:
        """What storage does with a part that a client sends; its tag.

        Raises:
            AddressRefusedError: the address does not allow it.
        """
        path, told = self.opened("PUT", address, now)
        if len(content) != int(told["size"]):
            raise AddressRefusedError(f"the part has {told['size']} bytes")
        await asyncio.to_thread(files.replace, self._place(path.removeprefix("/")), content)
        return hashlib.sha256(content).hexdigest()[:32]

    async def fetch(self, address: str, now: datetime) -> tuple[Path, Mapping[str, str]]:
        """The object that an address leads to, and what the address says.

        Raises:
            AddressRefusedError: it leads nowhere.
        """
        path, told = self.opened("GET", address, now)
        place = self._place(path.removeprefix("/"))
        if not place.is_file():
            raise AddressRefusedError("the object is not there any more")
        line = {"grant": told["grant"], "at": now.isoformat(), "size": place.stat().st_size}
        line["disposition"] = told["disposition"]
        name = self._place("uses", told["tenant"], f"{ids.uuid7()}.json")
        await asyncio.to_thread(files.replace, name, json.dumps(line).encode())
        return place, told

    async def present(self, key: str) -> bool:
        """See `Objects.present`."""
        return await asyncio.to_thread(self._place("files", key).is_file)

    async def assemble(self, key: str, parts: Sequence[Part]) -> Assembled:
        """See `Objects.assemble`."""
        return await asyncio.to_thread(self._assemble, key, parts)

    async def drop_parts(self, key: str) -> None:
        """See `Objects.drop_parts`."""
        await asyncio.to_thread(shutil.rmtree, self._place("parts", key), True)

    async def copy(self, bucket: str, source: str, key: str) -> Assembled:
        """See `Objects.copy`."""
        place = self._place(bucket, source)
        if bucket == "versions":
            place = self._below(self._versions, source)
        if not place.is_file():
            raise ObjectMissingError(bucket)
        if bucket == "versions":
            return await asyncio.to_thread(self._unpack, place, self._place("files", key))
        return await asyncio.to_thread(self._copy, (place,), self._place("files", key))

    async def put(self, key: str, content: bytes) -> None:
        """See `Objects.put`."""
        await asyncio.to_thread(files.replace, self._place("files", key), content)

    async def head(self, key: str, length: int) -> bytes:
        """See `Objects.head`."""
        for bucket in ("files", "quarantine"):
            place = self._place(bucket, key)
            if place.is_file():
                with place.open("rb") as file:
                    return await asyncio.to_thread(file.read, length)
        raise ObjectMissingError(key)

    async def delete(self, key: str) -> None:
        """See `Objects.delete`."""
        for bucket in ("files", "quarantine", "retrieved"):
            self._place(bucket, key).unlink(missing_ok=True)
        await self.drop_parts(key)

    async def lock_away(self, key: str) -> None:
        """See `Objects.lock_away`."""
        self._move("files", "quarantine", key)

    async def bring_back(self, key: str) -> None:
        """See `Objects.bring_back`."""
        self._move("quarantine", "files", key)

    async def uses(self, organization: UUID, most: int) -> Sequence[Use]:
        """See `Objects.uses`."""
        lines = sorted(self._place("uses", str(organization)).glob("*.json"))[:most]
        return [_use(each) for each in lines]

    async def settle_uses(self, organization: UUID, names: Sequence[str]) -> None:
        """See `Objects.settle_uses`."""
        for each in names:
            self._place("uses", str(organization), each).unlink(missing_ok=True)

    async def retained(self, key: str) -> bool:
        """See `Objects.retained`: a file of that name in `retention-locks` is a lock."""
        return self._place("retention-locks", key).exists()

    async def retrieve(self, key: str, now: datetime) -> int:
        """See `Objects.retrieve`: it takes a minute from the first call on."""
        mark = self._place("retrieved", key)
        if files.create_once(mark, (now + _RETRIEVAL).isoformat().encode()):
            return int(_RETRIEVAL.total_seconds())
        ready = datetime.fromisoformat(mark.read_text())
        return max(0, -int((now - ready).total_seconds() // 1))

    def _place(self, *names: str) -> Path:
        """A path below the folder, wherever its names point."""
        return self._below(self._folder, *names)

    def _below(self, folder: Path, *names: str) -> Path:
        place = folder.joinpath(*names).resolve()
        if not place.is_relative_to(folder.resolve()):
            raise ObjectMissingError("outside")
        return place

    def _unpack(self, source: Path, target: Path) -> Assembled:
        """Write what a zlib stream holds, piece by piece, and the whole in place at the end."""
        files.private_folder(target.parent)
        staged, stream = target.with_name(f".{target.name}.new"), zlib.decompressobj()
        with staged.open("wb") as file, source.open("rb") as packed:
            while piece := packed.read(_CHUNK):
                while piece:
                    file.write(stream.decompress(piece, _CHUNK))
                    piece = stream.unconsumed_tail
            file.write(stream.flush())
        found = _digest(staged)
        os.replace(staged, target)
        return found

    def _assemble(self, key: str, parts: Sequence[Part]) -> Assembled:
        places = [self._place("parts", key, str(each.number)) for each in parts]
        for part, place in zip(parts, places, strict=True):
            if not place.is_file() or _digest(place).sha256 != part.sha256:
                raise PartsMissingError(f"part {part.number}")
        return self._copy(places, self._place("files", key))

    def _copy(self, sources: Sequence[Path], target: Path) -> Assembled:
        """Write the sources one after the other, and the whole in place at the end."""
        files.private_folder(target.parent)
        staged = target.with_name(f".{target.name}.new")
        with staged.open("wb") as file:
            for source in sources:
                with source.open("rb") as each:
                    shutil.copyfileobj(each, file, _CHUNK)
        found = _digest(staged)
        os.replace(staged, target)
        return found

    def _move(self, source: str, target: str, key: str) -> None:
        place = self._place(source, key)
        if place.is_file():
            files.private_folder(self._place(target, key).parent)
            os.replace(place, self._place(target, key))

    def _signed(self, method: str, path: str, told: Mapping[str, str]) -> str:
        signature = self._signature(method, path, told)
        return f"{_HOST}{path}?{urlencode({**told, 'signature': signature})}"

    def _signature(self, method: str, path: str, told: Mapping[str, str]) -> str:
        self._secret = self._secret or files.secret_bytes(self._folder / "address.key")
        text = f"{method}\n{path}\n{urlencode(sorted(told.items()))}"
        return hmac.new(self._secret, text.encode(), hashlib.sha256).hexdigest()


class KeyFolder:
    """A key of 32 bytes per organisation."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def reference(self, organization: UUID) -> str:
        """See `DataKeys.reference`."""
        files.secret_bytes(self._folder / f"{organization}.key")
        return f"key/{organization}"

    async def destroy(self, organization: UUID) -> None:
        """See `DataKeys.destroy`."""
        (self._folder / f"{organization}.key").unlink(missing_ok=True)


def _use(path: Path) -> Use:
    line = json.loads(path.read_text())
    at = datetime.fromisoformat(line["at"])
    return Use(path.name, UUID(line["grant"]), at, line["size"], line["disposition"])


def _digest(path: Path) -> Assembled:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    return Assembled(path.stat().st_size, digest.hexdigest())
