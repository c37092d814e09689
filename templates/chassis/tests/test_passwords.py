"""Hashes of passwords and passcodes."""

from __future__ import annotations

from cloudsync_chassis.security.passwords import hash_password, is_password


def test_only_the_password_fits_its_hash() -> None:
    encoded = hash_password("correct horse", memory_kib=64)
    assert encoded.startswith("$argon2id$v=19$m=64,t=2,p=1$")
    assert is_password("correct horse", encoded)
    assert not is_password("correct horses", encoded)
    assert hash_password("correct horse", memory_kib=64) != encoded


def test_what_is_no_hash_fits_nothing() -> None:
    for encoded in ("", "$argon2id$", "$argon2id$v=19$m=64,t=2,p=1$x$y", "$2b$12$abc"):
        assert not is_password("", encoded)
