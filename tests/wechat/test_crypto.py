"""Signatures and AES against WeChat's own published examples, and against junk."""

import base64
import contextlib
import json
from pathlib import Path

import pytest
from cast import AES_KEY, APP_ID
from hypothesis import given, settings
from hypothesis import strategies as st

from wxdesk.wechat.crypto import Cipher, Ciphers, CryptoError, is_signed, sign

VECTORS = json.loads((Path(__file__).parent / "vectors.json").read_text("utf-8"))
ENCRYPTED = [vector for vector in VECTORS if "encrypt" in vector]
SIGNED = [vector for vector in ENCRYPTED if "msg_signature" in vector]


def of_id(vector: dict[str, str]) -> str:
    return vector["id"]


@pytest.mark.parametrize("vector", [v for v in VECTORS if v["kind"] == "signature3"], ids=of_id)
def test_the_signature_is_the_official_one(vector):
    parts = (vector["timestamp"], vector["nonce"])
    assert sign(vector["token"], *parts) == vector["signature"]
    assert is_signed(vector["signature"], vector["token"], *parts)


@pytest.mark.parametrize("vector", ENCRYPTED, ids=of_id)
def test_the_official_ciphertext_is_read(vector):
    cipher = Cipher(vector["aes_key"], vector["appid"])
    assert cipher.decrypt(vector["encrypt"]) == vector["plaintext"]


@pytest.mark.parametrize("vector", SIGNED, ids=of_id)
def test_the_official_message_signature_covers_the_ciphertext(vector):
    parts = (vector["timestamp"], vector["nonce"], vector["encrypt"])
    assert is_signed(vector["msg_signature"], vector["token"], *parts)
    assert not is_signed(vector["msg_signature"], vector["token"], *parts[:2], "x" + parts[2])


@pytest.mark.parametrize("missing", [0, 1])
def test_a_missing_timestamp_or_nonce_is_never_signed(missing):
    parts = ["1714036504", "1514711492"]
    parts[missing] = ""
    assert not is_signed(sign("AAAAA", *parts), "AAAAA", *parts)


@pytest.mark.parametrize("signature", ["", "é", "0" * 40, "签名"])
def test_a_foreign_signature_is_refused_and_never_an_error(signature):
    assert not is_signed(signature, "AAAAA", "1714036504", "1514711492")


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300))
@settings(max_examples=60)
def test_what_was_encrypted_is_decrypted(text):
    assert Cipher(AES_KEY, APP_ID).decrypt(Cipher(AES_KEY, APP_ID).encrypt(text)) == text


def test_two_encryptions_of_one_text_differ():
    cipher = Cipher(AES_KEY, APP_ID)
    assert cipher.encrypt("您好") != cipher.encrypt("您好")


def test_a_text_for_another_app_id_is_refused():
    encrypted = Cipher(AES_KEY, "wx_of_somebody_else").encrypt("您好")
    with pytest.raises(CryptoError, match="another app id"):
        Cipher(AES_KEY, APP_ID).decrypt(encrypted)


def test_a_text_of_another_key_is_refused():
    encrypted = Cipher(AES_KEY[::-1], APP_ID).encrypt("您好")
    with pytest.raises(CryptoError):
        Cipher(AES_KEY, APP_ID).decrypt(encrypted)


@given(
    st.one_of(
        st.text(max_size=200), st.binary(max_size=400).map(base64.b64encode).map(bytes.decode)
    )
)
@settings(max_examples=100)
def test_junk_raises_crypto_error_only(junk):
    with pytest.raises(CryptoError):
        Cipher(AES_KEY, APP_ID).decrypt(junk)


@given(st.integers(0, 10_000), st.integers(1, 255))
@settings(max_examples=150)
def test_a_flipped_byte_never_raises_anything_but_crypto_error(position, change):
    raw = bytearray(base64.b64decode(Cipher(AES_KEY, APP_ID).encrypt("您好")))
    raw[position % len(raw)] ^= change
    with contextlib.suppress(CryptoError):
        Cipher(AES_KEY, APP_ID).decrypt(base64.b64encode(raw).decode())


@pytest.mark.parametrize("key", ["", "short", "x" * 44, "é" * 43, "!" * 43, "a" * 42 + " "])
def test_a_wrong_aes_key_is_refused(key):
    with pytest.raises(CryptoError, match="43"):
        Cipher(key, APP_ID)


def test_a_key_whose_last_character_has_unused_bits_is_taken():
    """WeChat's console gives such keys; strict decoders refuse them."""
    key = "a" * 42 + "S"
    assert Cipher(key, APP_ID).decrypt(Cipher(key, APP_ID).encrypt("ok")) == "ok"


class TestPreviousKey:
    """After a change of the key in the console WeChat uses the old one for a while."""

    OLD, NEW = AES_KEY, AES_KEY[::-1]

    @pytest.fixture
    def ciphers(self) -> Ciphers:
        return Ciphers(Cipher(self.NEW, APP_ID), Cipher(self.OLD, APP_ID))

    @pytest.mark.parametrize("name", ["current", "previous"])
    def test_a_push_is_read_with_the_key_that_it_was_encrypted_with(self, ciphers, name):
        used = getattr(ciphers, name)
        assert ciphers.decrypt(used.encrypt("您好")) == ("您好", used)

    def test_a_third_key_is_refused(self, ciphers):
        with pytest.raises(CryptoError):
            ciphers.decrypt(Cipher("z" * 43, APP_ID).encrypt("您好"))

    def test_without_a_previous_key_only_the_current_one_counts(self, ciphers):
        with pytest.raises(CryptoError):
            Ciphers(ciphers.current).decrypt(ciphers.previous.encrypt("您好"))

    def test_the_previous_key_does_not_open_the_door_to_another_app_id(self, ciphers):
        with pytest.raises(CryptoError):
            ciphers.decrypt(Cipher(self.OLD, "wx_of_somebody_else").encrypt("您好"))


def test_the_whole_envelope_of_an_official_reply_is_ours_to_read():
    """What WeChat's page gives as an answer opens with the same code that opens its pushes."""
    replies = [vector for vector in VECTORS if vector["kind"] == "encrypt"]
    assert len(replies) >= 2
    for vector in replies:
        again = Cipher(vector["aes_key"], vector["appid"])
        assert again.decrypt(again.encrypt(vector["plaintext"])) == vector["plaintext"]
        raw = base64.b64decode(vector["encrypt"])
        assert len(base64.b64decode(again.encrypt(vector["plaintext"]))) == len(raw)
