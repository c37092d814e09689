"""Signing keys in the state folder: made at first start, rotated, published as a JWK set.

Each key is one file `signing-NNNNNN.json` (a private JWK, mode 0600). The newest signs; all that
may still have valid tokens verify. A file is created by hard link, so of two processes one wins.
"""

from __future__ import annotations

import json
import time
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from cloudsync_chassis import files
from cloudsync_chassis.security.jose import ECKey, Key, KeyParameters, OKPKey, RSAKey, import_key

Algorithm = Literal["ES256", "EdDSA", "RS256"]
"""Signature algorithms (RFC 7518, RFC 8037) that a model may choose from: all asymmetric."""

KEY_TYPES: dict[str, str] = {"ES256": "EC", "EdDSA": "OKP", "RS256": "RSA"}
"""The one type of key (`kty`) for each, so that no key serves an algorithm that is not its own."""

_RSA_BITS = 2048
JWKS_NAME = "jwks.json"


class KeyRing:
    """The keys below `folder`. `retire_after`: seconds for which a replaced key still verifies.

    That is longer than the last token that it has signed is good for, and the sets that others keep
    of the published keys.
    """

    def __init__(
        self, folder: Path, retire_after: float = 2 * 3600, algorithm: Algorithm = "ES256"
    ) -> None:
        self._folder = folder
        self._retire_after = retire_after
        self._algorithm: Algorithm = algorithm

    @property
    def jwks_path(self) -> Path:
        """Where the public keys are published."""
        return self._folder / JWKS_NAME

    def ensure(self) -> Key:
        """The signing key; makes the first one."""
        if not self._files():
            self.rotate()
        elif not self.jwks_path.exists():
            self._publish()
        return self.current()

    def current(self) -> Key:
        """The newest key.

        Raises:
            FileNotFoundError: there is none yet.
        """
        found = self._files()
        if not found:
            raise FileNotFoundError(f"no signing key in {self._folder}")
        return import_key(json.loads(found[-1].read_bytes()))

    def rotate(self) -> None:
        """Make a new signing key, publish it, forget those that no valid token can need."""
        found = self._files()
        number = int(found[-1].stem.split("-")[1]) + 1 if found else 1
        key = _made(self._algorithm)
        content = json.dumps(key.as_dict(private=True), sort_keys=True).encode()
        files.create_once(self._folder / f"signing-{number:06d}.json", content)
        self._forget(time.time() - self._retire_after)
        self._publish()

    def rotate_if_due(self, after: float) -> bool:
        """Rotate if the newest key is `after` seconds old; whether it was."""
        found = self._files()
        due = bool(found) and time.time() - found[-1].stat().st_mtime >= after
        if due:
            self.rotate()
        return due

    def public_keys(self) -> list[dict[str, Any]]:
        """Public JWKs, oldest first."""
        keys = (import_key(json.loads(each.read_bytes())) for each in self._files())
        return [dict(key.as_dict(private=False)) for key in keys]

    def _publish(self) -> None:
        content = json.dumps({"keys": self.public_keys()}, sort_keys=True).encode()
        files.replace(self.jwks_path, content, mode=0o644)

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob("signing-*.json"))

    def _forget(self, replaced_before: float) -> None:
        found = self._files()
        for old, successor in pairwise(found):
            if successor.stat().st_mtime < replaced_before:
                old.unlink(missing_ok=True)


def _made(algorithm: Algorithm) -> Key:
    facts: KeyParameters = {"use": "sig", "alg": algorithm}
    if algorithm == "RS256":
        return RSAKey.generate_key(_RSA_BITS, facts, auto_kid=True)
    if algorithm == "EdDSA":
        return OKPKey.generate_key("Ed25519", facts, auto_kid=True)
    return ECKey.generate_key("P-256", facts, auto_kid=True)
