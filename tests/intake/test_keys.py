"""Keys in rotation: pushes with the old ones and the new ones are both taken, for a while."""

import json
from datetime import timedelta

import pytest
from cast import AES_KEY, APP_ID, TOKEN, make_rule, push_xml
from sqlalchemy import select

from wxdesk.accounts.models import Account
from wxdesk.accounts.operations import touch
from wxdesk.accounts.rules import Mode
from wxdesk.wechat.crypto import Cipher, is_signed, sign
from wxdesk.wechat.push import read_fields

pytestmark = pytest.mark.one_database

NEW_TOKEN = "newTokenOfTheConsole"  # noqa: S105 -- of a made-up account
NEW_KEY = "b" * 42 + "A"


@pytest.fixture
def rotated(runtime, account, webhook, clock):
    """The account has new keys since now; the old ones are taken for a week."""
    with runtime.unit_of_work() as uow:
        row = uow.session.scalars(select(Account)).one()
        row.mode = Mode.SAFE
        row.sealed_previous_token, row.sealed_previous_aes_key = (
            runtime.vault.seal(TOKEN),
            runtime.vault.seal(AES_KEY),
        )
        row.sealed_token = runtime.vault.seal(NEW_TOKEN)
        row.sealed_aes_key = runtime.vault.seal(NEW_KEY)
        row.previous_keys_until = clock.now + timedelta(days=7)
        touch(uow, row.id)
    refresh(webhook)
    return webhook


def refresh(webhook) -> None:
    webhook.client.application.extensions["wxdesk-door"].directory.refresh()


def use_new_keys(webhook) -> None:
    webhook.token, webhook.cipher = NEW_TOKEN, Cipher(NEW_KEY, APP_ID)


def test_pushes_of_both_sides_of_the_rotation_are_taken(rotated):
    assert rotated.deliver_sealed(rotated.fields("旧")).text == "success"
    use_new_keys(rotated)
    assert rotated.deliver_sealed(rotated.fields("新")).text == "success"


def test_the_answer_goes_back_with_the_keys_that_the_push_came_with(runtime, account, rotated):
    make_rule(runtime, account, "抽奖", "感谢参与!")
    refresh(rotated)
    for _ in range(2):
        envelope = read_fields(rotated.deliver_sealed(rotated.fields("抽奖")).data)
        parts = (envelope["TimeStamp"], envelope["Nonce"], envelope["Encrypt"])
        assert is_signed(envelope["MsgSignature"], rotated.token, *parts)
        assert "感谢参与!" in rotated.cipher.decrypt(envelope["Encrypt"])
        use_new_keys(rotated)


def test_after_a_week_the_old_keys_are_strangers(rotated, clock):
    clock.advance(days=7, seconds=1)
    refresh(rotated)
    assert rotated.deliver_sealed(rotated.fields("旧")).status_code == 403
    use_new_keys(rotated)
    assert rotated.deliver_sealed(rotated.fields("新")).text == "success"


def test_a_key_of_neither_side_is_refused(rotated):
    rotated.cipher = Cipher("c" * 42 + "A", APP_ID)
    assert rotated.deliver_sealed(rotated.fields()).status_code == 403


def test_an_encrypted_json_push_is_answered_in_json(runtime, account, webhook):
    make_rule(runtime, account, "抽奖", "感谢参与!")
    with runtime.unit_of_work() as uow:
        uow.session.scalars(select(Account)).one().mode = Mode.SAFE
        touch(uow, account.id)
    refresh(webhook)
    inner = json.dumps(webhook.fields("抽奖"), ensure_ascii=False)
    encrypted = webhook.cipher.encrypt(inner)
    query = webhook.signed(encrypt_type="aes")
    stamp, nonce = query["timestamp"], query["nonce"]
    query["msg_signature"] = sign(webhook.token, stamp, nonce, encrypted)
    answer = webhook.post(json.dumps({"Encrypt": encrypted}).encode(), query)
    envelope = json.loads(answer.data)
    assert answer.mimetype == "application/json"
    reply = json.loads(webhook.cipher.decrypt(envelope["Encrypt"]))
    assert (reply["MsgType"], reply["Content"]) == ("text", "感谢参与!")


def test_a_plain_json_push_is_answered_in_json(runtime, account, webhook):
    make_rule(runtime, account, "抽奖", '感谢参与 ]]> "<您>"!')
    refresh(webhook)
    body = json.dumps(webhook.fields("抽奖"), ensure_ascii=False).encode()
    answer = webhook.post(body, webhook.signed())
    assert json.loads(answer.data)["Content"] == '感谢参与 ]]> "<您>"!'


def test_a_body_in_a_format_of_its_own_is_malformed(webhook, account):
    for body in (b"[1, 2]", b"{", b'{"MsgType": {}}', b"MsgType=text", push_xml({})):
        assert webhook.post(body, webhook.signed()).status_code == 400


def test_a_rotation_of_the_aes_key_alone_ends_too(runtime, account, rotated, clock):
    with runtime.unit_of_work() as uow:
        row = uow.session.scalars(select(Account)).one()
        row.sealed_token, row.sealed_previous_token = runtime.vault.seal(TOKEN), None
        touch(uow, row.id)
    refresh(rotated)
    assert rotated.deliver_sealed(rotated.fields("旧")).text == "success"
    clock.advance(days=7, seconds=1)
    refresh(rotated)
    assert rotated.deliver_sealed(rotated.fields("旧")).status_code == 403
