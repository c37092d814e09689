"""Proof of work: costs whoever tries cards by the thousand more than whoever attaches one.

The one-time token is the challenge, for each is good once: no answer can be worked out in advance
or used twice, and nothing has to be remembered.
"""

from __future__ import annotations

import hashlib


def worked(token: str, answer: str, bits: int) -> bool:
    """Whether SHA-256 (FIPS 180-4) over token and answer begins with so many zero bits."""
    found = int.from_bytes(hashlib.sha256(f"{token}{answer}".encode()).digest())
    return found >> (256 - bits) == 0
