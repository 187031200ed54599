"""Secrets at rest."""

import pytest

from wxdesk.plumbing.errors import ConfigurationError
from wxdesk.plumbing.vault import Vault


def test_what_was_sealed_opens_with_the_same_key():
    assert Vault("key number one").open(Vault("key number one").seal("密钥")) == "密钥"


def test_the_sealed_text_shows_nothing():
    assert "secret" not in Vault("key number one").seal("secret")


def test_another_key_gets_a_plain_sentence_and_nothing_else():
    with pytest.raises(ConfigurationError, match="WXDESK_SECRET_KEY"):
        Vault("key number two").open(Vault("key number one").seal("secret"))


@pytest.mark.parametrize("damaged", ["", "junk", "é", "gAAAAA=="])
def test_a_damaged_text_gets_the_same_sentence(damaged):
    with pytest.raises(ConfigurationError):
        Vault("key number one").open(damaged)
