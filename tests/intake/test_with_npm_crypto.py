"""The webhook against an independent implementation of WeChat's encryption (npm wechat-crypto)."""

import hashlib
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cast import (
    AES_KEY,
    APP_ID,
    ORIGINAL_ID,
    TOKEN,
    WANG,
    make_account,
    make_rule,
    messages_of,
    push_xml,
    record_waiting,
)

from wxdesk.accounts.rules import Mode
from wxdesk.wechat.crypto import Cipher, is_signed, sign
from wxdesk.wechat.push import read_fields

pytestmark = pytest.mark.one_database

NPM = Path(__file__).parents[1] / "npm"
SECONDS = 20
TEXTS = ["您好", "我的订单呢?😀", "a" * 31, "好" * 600, "]]> & <b>", "抽奖"]


def wechat(do: str, **asked: Any) -> Any:
    """What WeChat's side says; the keys are the ones of the standing cast unless given."""
    node = shutil.which("node")
    if node is None:
        pytest.fail("node is missing: apt-get install nodejs (tests/run.sh does it)")
    keys = {"token": TOKEN, "aes_key": AES_KEY, "app_id": APP_ID}
    done = subprocess.run(
        [node, str(NPM / "wechat_side.js")],
        input=json.dumps({"do": do, **keys, **asked}),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def query_of(sealed: dict[str, str]) -> dict[str, str]:
    names = ("timestamp", "nonce", "msg_signature")
    return {"encrypt_type": "aes", **{name: sealed[name] for name in names}}


def opened(answer: Any) -> dict[str, Any]:
    """The desk's sealed answer, as WeChat's side reads it."""
    envelope = read_fields(answer.data)
    found = wechat(
        "open",
        encrypt=envelope["Encrypt"],
        timestamp=envelope["TimeStamp"],
        nonce=envelope["Nonce"],
        msg_signature=envelope["MsgSignature"],
    )
    assert (found["is_signed"], found["app_id"]) == (True, APP_ID)
    return read_fields(found["text"].encode())


def test_the_vendored_package_is_the_one_that_was_published():
    rows = json.loads((NPM / "vendor.lock.json").read_text("utf-8"))
    for row in rows:
        content = (NPM / row["file"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == row["sha256"], row["file"]
    present = {path.relative_to(NPM).as_posix() for path in (NPM / "wechat-crypto").rglob("*.*")}
    assert present <= {row["file"] for row in rows}


@pytest.mark.parametrize("text", TEXTS)
def test_both_sides_read_each_other(text):
    theirs = wechat("push", text=text, seconds=1_700_000_000)
    assert Cipher(AES_KEY, APP_ID).decrypt(theirs["encrypt"]) == text
    parts = (theirs["timestamp"], theirs["nonce"], theirs["encrypt"])
    assert is_signed(theirs["msg_signature"], TOKEN, *parts)

    encrypted = Cipher(AES_KEY, APP_ID).encrypt(text)
    signature = sign(TOKEN, "1700000000", "n", encrypted)
    ours = wechat(
        "open", encrypt=encrypted, timestamp="1700000000", nonce="n", msg_signature=signature
    )
    assert ours == {"is_signed": True, "text": text, "app_id": APP_ID}


@pytest.mark.parametrize("mode", [Mode.SAFE, Mode.COMPATIBLE])
class TestWebhook:
    @pytest.fixture
    def account(self, runtime, mode):
        account = make_account(runtime, mode=mode)
        make_rule(runtime, account, "抽奖", "感谢参与 ]]> & <您> 😀!")
        return account

    def deliver(self, webhook, text: str, **keys: str):
        push = push_xml(webhook.fields(text)).decode()
        seconds = int(webhook.runtime.clock().timestamp())
        theirs = wechat("push", text=push, seconds=seconds, **keys)
        body = push_xml({"ToUserName": ORIGINAL_ID, "Encrypt": theirs["encrypt"]})
        return webhook.post(body, query_of(theirs))

    def test_a_question_is_taken_and_kept_word_for_word(self, webhook, runtime, account):
        answer = self.deliver(webhook, "我的订单呢?😀")
        assert (answer.status_code, answer.text) == (200, "success")
        record_waiting(runtime)
        assert [message.text for message in messages_of(runtime)] == ["我的订单呢?😀"]

    def test_a_keyword_s_answer_opens_on_the_other_side(self, webhook, account):
        fields = opened(self.deliver(webhook, "我要抽奖"))
        assert fields["Content"] == "感谢参与 ]]> & <您> 😀!"
        assert (fields["ToUserName"], fields["FromUserName"]) == (WANG, ORIGINAL_ID)

    @pytest.mark.parametrize(
        "keys",
        [{"token": "othertoken"}, {"aes_key": AES_KEY[::-1]}, {"app_id": "wx_of_somebody_else"}],
    )
    def test_a_push_with_other_keys_is_forbidden(self, webhook, runtime, account, keys):
        assert self.deliver(webhook, "您好", **keys).status_code == 403
        record_waiting(runtime)
        assert messages_of(runtime) == []

    def deliver_json(self, webhook, text: str):
        push = json.dumps(webhook.fields(text), ensure_ascii=False)
        theirs = wechat("push", text=push, seconds=int(webhook.runtime.clock().timestamp()))
        body = json.dumps({"ToUserName": ORIGINAL_ID, "Encrypt": theirs["encrypt"]}).encode()
        return webhook.post(body, query_of(theirs))

    def test_a_push_in_json_is_taken_too(self, webhook, runtime, account):
        assert self.deliver_json(webhook, "您好 JSON").text == "success"
        record_waiting(runtime)
        assert [message.text for message in messages_of(runtime)] == ["您好 JSON"]

    def test_a_push_in_json_is_answered_in_json(self, webhook, account):
        answer = self.deliver_json(webhook, "我要抽奖")
        assert isinstance(json.loads(answer.data)["TimeStamp"], int)
        assert opened(answer)["Content"] == "感谢参与 ]]> & <您> 😀!"
