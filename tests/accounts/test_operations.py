"""Official accounts: keys sealed, doubles refused, each problem named."""

from dataclasses import replace

import pytest
from cast import AES_KEY, make_account
from sqlalchemy import text

from wxdesk.accounts.operations import create_account
from wxdesk.accounts.queries import get_keys
from wxdesk.accounts.rules import AccountForm, Mode, problems
from wxdesk.plumbing.errors import ConfigurationError, InvalidInputError
from wxdesk.plumbing.vault import Vault

GOOD = AccountForm("a", "云杉", "gh_1", "wx1", "secret", "token", AES_KEY)


def test_the_secrets_come_back_and_lie_sealed(runtime):
    account = make_account(runtime)
    with runtime.reading() as session:
        keys = get_keys(session, runtime.vault, account.id)
        row = str(session.execute(text("SELECT * FROM accounts")).one())
    assert (keys.app_secret, keys.aes_key) == ("app-secret", AES_KEY)
    assert keys.app_secret not in row
    assert AES_KEY not in row
    assert "secret" not in repr(keys)


def test_another_secret_key_gets_a_plain_sentence(runtime):
    account = make_account(runtime)
    with runtime.reading() as session, pytest.raises(ConfigurationError, match="SECRET_KEY"):
        get_keys(session, Vault("another secret key"), account.id)


@pytest.mark.parametrize(
    ("field", "values"),
    [("slug", {"original_id": "gh_2"}), ("original_id", {"slug": "b"})],
)
def test_a_double_names_the_field(runtime, field, values):
    with runtime.unit_of_work() as uow:
        create_account(uow, runtime.vault, GOOD)
    with pytest.raises(InvalidInputError) as caught, runtime.unit_of_work() as uow:
        create_account(uow, runtime.vault, replace(GOOD, **values))
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("slug", "A"),
        ("slug", "-a"),
        ("slug", "a/b"),
        ("slug", ""),
        ("slug", "a\n"),
        ("name", " "),
        ("original_id", "gh 1"),
        ("app_id", "é"),
        ("app_secret", ""),
        ("token", "ab"),
        ("token", "a-b-c"),
        ("token", "x" * 33),
        ("aes_key", "x" * 42),
        ("aes_key", "!" * 43),
    ],
)
def test_what_can_not_be_taken_is_named(field, value):
    assert list(problems(replace(GOOD, **{field: value}))) == [field]


@pytest.mark.parametrize("mode", [Mode.SAFE, Mode.COMPATIBLE])
def test_an_encrypted_mode_needs_the_key(mode):
    assert list(problems(replace(GOOD, aes_key=None, mode=mode))) == ["aes_key"]
    assert problems(replace(GOOD, mode=mode)) == {}
