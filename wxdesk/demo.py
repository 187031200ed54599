"""`wxdesk demo`: accounts, people, rules and a promise, on the simulator that stands for WeChat."""

from __future__ import annotations

import secrets
import string
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import requests

from wxdesk.accounts.models import Account
from wxdesk.accounts.operations import create_account
from wxdesk.accounts.queries import AccountKeys, list_keys
from wxdesk.accounts.rules import AccountForm, AccountType, Mode
from wxdesk.agents.operations import AgentForm, create_agent
from wxdesk.agents.queries import find_agent
from wxdesk.agents.rules import Role
from wxdesk.background_jobs import REFRESH_TEMPLATES
from wxdesk.demo_desk import furnish
from wxdesk.plumbing.clock import pause
from wxdesk.plumbing.errors import ConfigurationError
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.runtime import Runtime
from wxdesk.settings import Settings
from wxdesk.supervisor import Child
from wxdesk.triage.operations import create_rule
from wxdesk.triage.rule_forms import RuleForm
from wxdesk.triage.rules import Match, ReplyKind

PASSWORD = "wxdesk-demo"  # noqa: S105 -- the demo listens on this machine only
LOOPBACK = ("127.0.0.1", "localhost", "::1")
READY_SECONDS = 30.0
WRITE_EVERY_SECONDS = 12
LETTERS = string.ascii_letters + string.digits

PEOPLE = (
    ("lin@demo.wxdesk", "林小雨", Role.AGENT),
    ("mei@demo.wxdesk", "梅芳", Role.AGENT),
    ("chen@demo.wxdesk", "陈晨", Role.MARKETER),
    ("zhou@demo.wxdesk", "周经理", Role.SUPERVISOR),
    ("admin@demo.wxdesk", "管理员", Role.ADMIN),
)
RULES = (
    (
        "抽奖活动",
        Match.CONTAINS,
        "抽奖\n参加活动",
        "感谢参与秋季抽奖！您的抽奖资格已登记，11 月 30 日 20:00 开奖。",
        10,
    ),
    (
        "优惠券",
        Match.CONTAINS,
        "优惠\n折扣\n领券",
        "本周优惠：满 199 减 30。在菜单「领券中心」即可领取。",
        5,
    ),
    (
        "营业时间",
        Match.CONTAINS,
        "营业时间\n几点开门\n几点关门",
        "我们每天 9:00–21:00 营业，节假日不休息。",
        5,
    ),
    ("问候", Match.EXACT, "你好\n您好\n在吗", "您好，请直接说明您的问题，客服会尽快回复您。", 0),
)
MENU_RULE: dict[str, Any] = {
    "head": "请选择您要咨询的问题：",
    "choices": [
        {"id": "1", "text": "营业时间"},
        {"id": "2", "text": "领券"},
        {"id": "3", "text": "转人工"},
    ],
    "tail": "直接打字也可以。",
}
CARD_RULE: dict[str, Any] = {
    "title": "秋季新品上市",
    "description": "点开看看这一季的新品",
    "url": "https://example.com/autumn",
    "picture_url": "https://example.com/autumn.jpg",
}


@dataclass(frozen=True, slots=True)
class DemoAccount:
    slug: str
    name: str
    original_id: str
    app_id: str
    mode: Mode
    account_type: AccountType = AccountType.SERVICE
    is_verified: bool = True


ACCOUNTS = (
    DemoAccount("yunshan", "云杉生活", "gh_demo_yunshan", "wxdemo0000000001", Mode.SAFE),
    DemoAccount("chaji", "茶季", "gh_demo_chaji", "wxdemo0000000002", Mode.PLAIN),
    DemoAccount(
        "shanlan",
        "山岚读书(未认证)",
        "gh_demo_shanlan",
        "wxdemo0000000003",
        Mode.PLAIN,
        AccountType.SUBSCRIPTION,
        is_verified=False,
    ),
)


def simulator_child(host: str, port: int, settings: Settings) -> Child:
    """The process that stands for WeChat, with customers who write by themselves."""
    command = [sys.executable, "-m", "wxdesk", "simulator", "--bind", f"{host}:{port}"]
    command += ["--storage", str(settings.data_dir / "simulator.json")]
    command += ["--write-every", str(WRITE_EVERY_SECONDS)]
    return Child("simulator", command)


def refuse_public_address(settings: Settings) -> None:
    """Everybody knows the demo's passwords."""
    if settings.host not in LOOPBACK:
        raise ConfigurationError(
            "the demo has well-known passwords and listens on 127.0.0.1 only; "
            "use `wxdesk up` on other addresses"
        )


def seed(runtime: Runtime, *, is_furnished: bool = False) -> None:
    """Make what the demo shows; a second start finds it and changes nothing.

    `is_furnished`: with teams, tags and all else that a desk has which is used.
    """
    with runtime.unit_of_work() as uow:
        known = {keys.slug for keys in list_keys(uow.session, runtime.vault)}
        for demo in ACCOUNTS:
            if demo.slug not in known:
                _seed_account(uow, runtime, demo)
        for email, name, role in PEOPLE:
            if find_agent(uow.session, email) is None:
                create_agent(uow, AgentForm(email, name, role, PASSWORD))
        if is_furnished:
            furnish(uow)


def introduce(runtime: Runtime, simulator_url: str) -> None:
    """Tell the simulator of the accounts, as an admin tells WeChat's console."""
    deadline = time.monotonic() + READY_SECONDS
    with runtime.reading() as session:
        accounts = list_keys(session, runtime.vault)
    _wait_until_up(f"{runtime.settings.public_url}/healthz", deadline)
    _wait_until_up(f"{simulator_url}/sim/accounts", deadline)
    for keys in accounts:
        body = _introduction(keys, runtime.settings.public_url)
        answer = requests.post(f"{simulator_url}/sim/accounts", json=body, timeout=10)
        answer.raise_for_status()
    runtime.queues.ring(REFRESH_TEMPLATES)  # WeChat knows the accounts only now


def greeting(settings: Settings, simulator_url: str) -> Sequence[str]:
    """What is printed when everything runs."""
    lines = [
        "",
        "wxdesk demo is ready / 演示已就绪",
        f"  inbox / 收件箱      {settings.public_url}/inbox",
        f"  phones / 手机模拟   {simulator_url}/",
        "",
        f"  password of all / 密码: {PASSWORD}",
    ]
    lines += [f"  {email:<20} {role.value:<11} {name}" for email, name, role in PEOPLE]
    return [*lines, "", "Ctrl-C stops everything / 按 Ctrl-C 停止", ""]


def _seed_account(uow: UnitOfWork, runtime: Runtime, demo: DemoAccount) -> None:
    form = AccountForm(
        slug=demo.slug,
        name=demo.name,
        original_id=demo.original_id,
        app_id=demo.app_id,
        app_secret=secrets.token_hex(16),
        token="".join(secrets.choice(LETTERS) for _ in range(24)),
        aes_key="".join(secrets.choice(LETTERS) for _ in range(42)) + "A",
        mode=demo.mode,
        account_type=demo.account_type,
        is_verified=demo.is_verified,
    )
    account: Account = create_account(uow, runtime.vault, form)
    for name, match, patterns, reply_text, priority in RULES:
        rule = RuleForm(account.id, name, match, patterns, reply_text, priority, is_active=True)
        create_rule(uow, rule, None, is_seen=True)
    for name, patterns, kind, content in (
        ("帮助菜单", "帮助\n菜单", ReplyKind.MENU, MENU_RULE),
        ("新品", "新品\n上新", ReplyKind.NEWS, CARD_RULE),
    ):
        rule = RuleForm(
            account.id,
            name,
            Match.CONTAINS,
            patterns,
            "",
            is_active=True,
            reply_kind=kind,
            reply_content=content,
        )
        create_rule(uow, rule, None, is_seen=True)


def _introduction(keys: AccountKeys, public_url: str) -> dict[str, str | bool | None]:
    name = next((demo.name for demo in ACCOUNTS if demo.slug == keys.slug), keys.slug)
    return {
        "slug": keys.slug,
        "name": name,
        "original_id": keys.original_id,
        "app_id": keys.app_id,
        "app_secret": keys.app_secret,
        "token": keys.token,
        "aes_key": keys.aes_key,
        "mode": keys.mode.value,
        "is_verified": keys.is_verified,
        "account_type": keys.account_type.value,
        "webhook_url": f"{public_url}/wechat/{keys.slug}",
    }


def _wait_until_up(url: str, deadline: float) -> None:
    while True:
        try:
            if requests.get(url, timeout=2).ok:
                return
        except requests.RequestException:
            pass
        if time.monotonic() > deadline:
            raise ConfigurationError(f"{url} does not answer within {READY_SECONDS:g} seconds")
        pause(0.1)
