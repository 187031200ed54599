"""Password hashes by argon2id; a hash takes 64 MB and 0.2 s, so only two run at once."""

from __future__ import annotations

import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

NO_PASSWORD = ""  # the hash of somebody who has not chosen one: nothing is right for it

_hasher = PasswordHasher()
_two_at_once = threading.BoundedSemaphore(2)
_nobody: list[str] = []


def hash_password(password: str) -> str:
    with _two_at_once:
        return _hasher.hash(password)


def is_right(password_hash: str | None, password: str) -> bool:
    """Check a password; takes as long when nobody has the address (`password_hash` None)."""
    try:
        with _two_at_once:
            return _hasher.verify(password_hash or _hash_of_nobody(), password) and bool(
                password_hash
            )
    except (VerificationError, InvalidHashError):
        return False


def _hash_of_nobody() -> str:
    if not _nobody:
        _nobody.append(_hasher.hash("nobody has this password"))
    return _nobody[0]
