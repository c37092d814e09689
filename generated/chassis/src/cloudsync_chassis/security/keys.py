"""Signing keys in the state folder: made at first start, rotated, published as a JWK set.

Each key is one file `signing-NNNNNN.json` (a private JWK, mode 0600). The newest signs; all that
may still have valid tokens verify. A file is created by hard link, so of two processes one wins.
"""

from __future__ import annotations

import json
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

from joserfc.jwk import ECKey

from cloudsync_chassis import files

ALGORITHM = "ES256"
JWKS_NAME = "jwks.json"


class KeyRing:
    """The keys below `folder`. `retire_after`: seconds for which a replaced key still verifies."""

    def __init__(self, folder: Path, retire_after: float = 2 * 3600) -> None:
        self._folder = folder
        self._retire_after = retire_after

    @property
    def jwks_path(self) -> Path:
        """Where the public keys are published."""
        return self._folder / JWKS_NAME

    def ensure(self) -> ECKey:
        """The signing key; makes the first one."""
        if not self._files():
            self.rotate()
        elif not self.jwks_path.exists():
            self._publish()
        return self.current()

    def current(self) -> ECKey:
        """The newest key.

        Raises:
            FileNotFoundError: there is none yet.
        """
        found = self._files()
        if not found:
            raise FileNotFoundError(f"no signing key in {self._folder}")
        return ECKey.import_key(json.loads(found[-1].read_bytes()))

    def rotate(self) -> None:
        """Make a new signing key, publish it, forget those that no valid token can need."""
        found = self._files()
        number = int(found[-1].stem.split("-")[1]) + 1 if found else 1
        key = ECKey.generate_key("P-256", {"use": "sig", "alg": ALGORITHM}, auto_kid=True)
        content = json.dumps(key.as_dict(private=True), sort_keys=True).encode()
        files.create_once(self._folder / f"signing-{number:06d}.json", content)
        self._forget(time.time() - self._retire_after)
        self._publish()

    def public_keys(self) -> list[dict[str, Any]]:
        """Public JWKs, oldest first."""
        keys = (ECKey.import_key(json.loads(each.read_bytes())) for each in self._files())
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
