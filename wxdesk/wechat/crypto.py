"""Signatures and AES of WeChat's pushes (docs/wechat.md#encryption)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct
from dataclasses import dataclass

from wxdesk.wechat.library import PushCipher

AES_KEY_LENGTH = 43


class CryptoError(ValueError):
    """The text was not encrypted with this key for this app id."""


def sign(token: str, *parts: str) -> str:
    """SHA-1 in lower-case hex over token and parts, sorted as text and joined with nothing."""
    joined = "".join(sorted((token, *parts)))
    return hashlib.sha1(joined.encode(), usedforsecurity=False).hexdigest()


def is_signed(signature: str, token: str, *parts: str) -> bool:
    """Compare in constant time; an empty part (a missing query argument) is never signed."""
    if not all(parts):
        return False
    return hmac.compare_digest(sign(token, *parts).encode(), signature.encode())


class Cipher:
    """Encrypt and decrypt for one official account with one EncodingAESKey."""

    def __init__(self, aes_key: str, app_id: str) -> None:
        """`aes_key` is the 43-character EncodingAESKey of WeChat's console."""
        try:
            key = base64.b64decode(aes_key + "=", validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if len(aes_key) != AES_KEY_LENGTH or len(key) != 32:
            raise CryptoError("an EncodingAESKey has 43 characters a-z, A-Z, 0-9")
        self._cipher = PushCipher(key)
        self._app_id = app_id

    def encrypt(self, text: str) -> str:
        """Base64 of random(16) + length(4) + text + app id, padded to 32 bytes."""
        return str(self._cipher.encrypt(text, self._app_id), "ascii")

    def decrypt(self, encrypted: str) -> str:
        """The text; CryptoError for anything that this key did not encrypt for this app id."""
        try:
            plain = self._cipher.cipher.decrypt(base64.b64decode(encrypted, validate=True))
            padding = plain[-1]
            if not 1 <= padding <= 32 or plain[-padding:] != bytes([padding]) * padding:
                raise CryptoError("the padding is wrong")
            content = plain[16:-padding]
            (length,) = struct.unpack(">I", content[:4])
            text, app_id = content[4 : 4 + length], content[4 + length :]
            if not hmac.compare_digest(app_id, self._app_id.encode()):
                raise CryptoError("the text is for another app id")
            return str(text, "utf-8")
        except (binascii.Error, IndexError, struct.error, UnicodeDecodeError) as error:
            raise CryptoError("the text can't be decrypted") from error
        except ValueError as error:
            raise CryptoError(str(error)) from error


@dataclass(frozen=True, slots=True)
class Ciphers:
    """The current EncodingAESKey and the one before it, which WeChat may still use for a while."""

    current: Cipher
    previous: Cipher | None = None

    def decrypt(self, encrypted: str) -> tuple[str, Cipher]:
        """The text, and the cipher that it was encrypted with: an answer must use the same."""
        try:
            return self.current.decrypt(encrypted), self.current
        except CryptoError:
            if self.previous is None:
                raise
        return self.previous.decrypt(encrypted), self.previous
