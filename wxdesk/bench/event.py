"""A mixed event as WeChat would push it: campaign keywords and questions from many customers."""

from __future__ import annotations

import random
import string
from dataclasses import dataclass
from datetime import datetime

from wxdesk.accounts.operations import create_account
from wxdesk.accounts.rules import AccountForm, Mode
from wxdesk.runtime import Runtime
from wxdesk.triage.operations import create_rule
from wxdesk.triage.rule_forms import RuleForm
from wxdesk.triage.rules import Match
from wxdesk.wechat.crypto import Cipher, sign

KEYWORD_SHARE = 0.9
LETTERS = string.ascii_letters + string.digits
KEYWORDS = ("我要抽奖", "抽奖", "参加抽奖活动", "怎么抽奖呀")
QUESTIONS = (
    "我的订单 {number} 三天了还没有发货,能帮我看看吗",
    "收到的杯子碎了,订单 {number},怎么退款",
    "发票抬头写错了,可以重开吗?订单号 {number}",
    "请问 {number} 号店还有货吗",
)
TEXT = (
    "<xml><ToUserName><![CDATA[{original_id}]]></ToUserName>"
    "<FromUserName><![CDATA[{openid}]]></FromUserName><CreateTime>{seconds}</CreateTime>"
    "<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[{text}]]></Content>"
    "<MsgId>{msg_id}</MsgId></xml>"
)


@dataclass(frozen=True, slots=True)
class BenchAccount:
    slug: str
    original_id: str
    app_id: str
    token: str
    aes_key: str
    mode: Mode


@dataclass(frozen=True, slots=True)
class BenchPush:
    """One push: the path with its signature, and the body."""

    path: str
    body: bytes
    msg_id: str
    is_question: bool


def make_account(runtime: Runtime, mode: Mode) -> BenchAccount:
    """An account with a campaign rule and a hundred others."""
    account = BenchAccount(
        slug=f"bench-{mode.value}",
        original_id=f"gh_bench_{mode.value}",
        app_id=f"wxbench{mode.value}",
        token="benchToken123",  # noqa: S106 -- of a throw-away instance
        aes_key="B" * 43,
        mode=mode,
    )
    with runtime.unit_of_work() as uow:
        form = AccountForm(
            slug=account.slug,
            name=account.slug,
            original_id=account.original_id,
            app_id=account.app_id,
            app_secret="secret",  # noqa: S106
            token=account.token,
            aes_key=account.aes_key,
            mode=mode,
        )
        row = create_account(uow, runtime.vault, form)
        names = ["抽奖", *(f"关键词{number}" for number in range(100))]
        for name in names:
            rule = RuleForm(
                row.id, name, Match.CONTAINS, name, "感谢参与!开奖时间见菜单。", is_active=True
            )
            create_rule(uow, rule, None, is_seen=True)
    return account


def pushes(account: BenchAccount, count: int, now: datetime, seed: int) -> list[BenchPush]:
    """`count` signed pushes, nine of ten a campaign keyword; customers write twice on average."""
    chance = random.Random(seed)  # noqa: S311 -- a repeatable load
    openids = ["o" + "".join(chance.choices(LETTERS, k=27)) for _ in range(max(1, count // 2))]
    cipher = Cipher(account.aes_key, account.app_id)
    made = []
    for number in range(count):
        is_question = chance.random() >= KEYWORD_SHARE
        template = chance.choice(QUESTIONS if is_question else KEYWORDS)
        msg_id = str(seed * 10_000_000 + number + 1)
        xml = TEXT.format(
            original_id=account.original_id,
            openid=chance.choice(openids),
            seconds=int(now.timestamp()),
            text=template.format(number=chance.randrange(10**8)),
            msg_id=msg_id,
        )
        path, body = (
            _sealed(account, cipher, xml) if account.mode is Mode.SAFE else _plain(account, xml)
        )
        made.append(BenchPush(path, body, msg_id, is_question))
    return made


def plain_push(
    account: BenchAccount, openid: str, text: str, msg_id: str, now: datetime
) -> BenchPush:
    """One text in plain mode."""
    xml = TEXT.format(
        original_id=account.original_id,
        openid=openid,
        seconds=int(now.timestamp()),
        text=text,
        msg_id=msg_id,
    )
    path, body = _plain(account, xml)
    return BenchPush(path, body, msg_id, is_question=True)


def _plain(account: BenchAccount, xml: str) -> tuple[str, bytes]:
    signature = sign(account.token, "1700000000", "nonce")
    path = f"/wechat/{account.slug}?signature={signature}&timestamp=1700000000&nonce=nonce"
    return path, xml.encode()


def _sealed(account: BenchAccount, cipher: Cipher, xml: str) -> tuple[str, bytes]:
    encrypted = cipher.encrypt(xml)
    signature = sign(account.token, "1700000000", "nonce", encrypted)
    path = (
        f"/wechat/{account.slug}?timestamp=1700000000&nonce=nonce&encrypt_type=aes"
        f"&msg_signature={signature}"
    )
    body = (
        f"<xml><ToUserName><![CDATA[{account.original_id}]]></ToUserName>"
        f"<Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"
    )
    return path, body.encode()
