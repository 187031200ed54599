"""What the demo's marketer has done: QR codes that brought followers, corrections, a mass send."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import requests
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wxdesk.accounts.models import Account
from wxdesk.broadcasts import operations as broadcasts
from wxdesk.broadcasts.forms import BroadcastForm
from wxdesk.broadcasts.rules import BroadcastKind, Content
from wxdesk.contacts.changes import change_remark
from wxdesk.contacts.models import Contact
from wxdesk.conversations.models import Message
from wxdesk.conversations.rules import SenderKind
from wxdesk.corrections import operations as corrections
from wxdesk.corrections.models import Correction
from wxdesk.corrections.operations import Wish
from wxdesk.corrections.rules import Choice, CorrectionState, Wording
from wxdesk.demo_desk import CHEN, TEA, ZHOU, people_of
from wxdesk.intake.operations import record
from wxdesk.intake.rules import FOLLOW, QR_PREFIX, UNFOLLOW, Entry
from wxdesk.plumbing.clock import pause
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.qr_codes.models import QrCode
from wxdesk.qr_codes.operations import create_codes
from wxdesk.qr_codes.rules import CodeForm, CodeKind
from wxdesk.runtime import Runtime
from wxdesk.triage.models import AutoReplyRule
from wxdesk.triage.operations import change_rule
from wxdesk.triage.stored import form_of_row

TEA_AT_WECHAT = "gh_demo_chaji"
WAIT_SECONDS = 120.0
COUNTER = "shop-nanjing-west"  # the scene that customers of the stories scan first
FAMILY = "周吴冯陈蒋韩杨朱秦许何吕张孔曹严金魏陶姜"
GIVEN = ("晓雯", "子涵", "志强", "美玲", "文博", "佳怡", "建国")


@dataclass(frozen=True, slots=True)
class Placed:
    """A QR code, and the people that it brought: how many days ago, and of whom when they left."""

    scene: str
    label: str
    kind: CodeKind
    folder: str
    yuan: int | None
    days_ago: tuple[int, ...]
    left_after: tuple[int, ...] = ()
    scans_again: int = 0


CODES = (
    Placed(
        COUNTER,
        "南京西路店 收银台",
        CodeKind.SHOP,
        "上海门店",
        180,
        (33, 32, 31, 27, 20, 14, 9, 8, 3, 1),
        (16, 4),
        9,
    ),
    Placed(
        "shop-xujiahui",
        "徐家汇店 门口立牌",
        CodeKind.SHOP,
        "上海门店",
        320,
        (33, 31, 22, 15, 9, 2),
        (12,),
        4,
    ),
    Placed(
        "ad-xiaohongshu-autumn",
        "小红书 秋茶笔记",
        CodeKind.ADVERT,
        "线上投放",
        2600,
        (32, 32, 31, 31, 30, 24, 18, 11),
        (1, 2, 2, 6),
        1,
    ),
    Placed(
        "ad-metro-line2",
        "地铁 2 号线灯箱",
        CodeKind.ADVERT,
        "线下投放",
        5800,
        (31, 28, 17, 10),
        (3, 9),
    ),
    Placed(
        "partner-wutong", "梧桐书店", CodeKind.PARTNER, "合作伙伴", 0, (33, 19, 12, 8, 4), (), 3
    ),
    Placed("partner-heguang", "禾光瑜伽馆", CodeKind.PARTNER, "合作伙伴", 400, (16, 6), (5,)),
    Placed("guide-xuting", "导购 许婷", CodeKind.PERSON, "导购", None, (21, 7, 2), (), 2),
    Placed("shop-wujiaochang", "五角场店 桌贴(下周开业)", CodeKind.SHOP, "上海门店", 96, ()),
)

WRONG_RULE, LOTTERY_RULE = "优惠券", "抽奖活动"
ASKED = ("优惠券怎么领", "有优惠吗", "今天有折扣吗", "领券", "老顾客有折扣吗", "优惠还在吗")
LOTTERY = "我要抽奖"
ASKERS = ("贺女士", "江先生", "童小姐", "颜先生", "郭女士", "潘先生")
PLAYERS = ("薛小姐", "雷先生", "贾女士")
APART = timedelta(minutes=3)
RIGHT_REPLY = "本周优惠：满 129 减 30。在菜单「领券中心」即可领取。"
APOLOGY = Wording(
    name="优惠券门槛发错",
    text="您好，刚才发给您的优惠券门槛写错了：本周是满 129 减 30，不是满 199。"
    "给您添麻烦了，非常抱歉！",
    per_minute=120,
    skips_helped=True,
)
LATER_DRAW = Wording(
    name="开奖时间推迟",
    text="您好，秋季抽奖的开奖时间改到 12 月 2 日 20:00，您的抽奖资格不变，请留意通知。",
    per_minute=60,
    skips_helped=True,
)
NEWS = Content(
    text="秋茶到店了！桂花乌龙和凤凰单丛本周开售，到任意门店可免费试饮。回复「新品」了解详情。"
)


@dataclass(frozen=True, slots=True)
class Came:
    """A follower whom a QR code brought; `left_at` None: still there."""

    openid: str
    name: str
    scene: str
    followed_at: datetime
    left_at: datetime | None
    scanned_again_at: datetime | None


def place_codes(runtime: Runtime, simulator_url: str) -> None:
    """Codes, and the followers of the last weeks: recorded as pushes that came at that time."""
    with runtime.reading() as session:
        if session.scalar(select(QrCode.id).limit(1)) is not None:
            return
    found = list(came(runtime.clock()))
    names = {each.openid: each.name for each in found if each.left_at is None}
    for openid, name in names.items():
        add_customer(simulator_url, name, openid)
    with runtime.unit_of_work() as uow:
        account_id = _tea(uow.session)
        create_codes(uow, [_form(account_id, each) for each in CODES], people_of(uow)[CHEN])
        record(uow, [entry for each in found for entry in _entries(account_id, each)])
        _name(uow, names)


def came(now: datetime) -> Iterator[Came]:
    """Everybody whom a code brought, at hours at which shops are open."""
    number = 0
    evening = now.replace(hour=10, minute=0, second=0, microsecond=0)  # 18:00 in China
    for code in CODES:
        for place, days in enumerate(code.days_ago):
            number += 1
            at = evening - timedelta(days=days, minutes=(number * 37) % 480, seconds=number)
            left = code.left_after[place] if place < len(code.left_after) else None
            again = place >= len(code.days_ago) - code.scans_again and left is None
            digest = hashlib.sha256(f"demo follower {number}".encode()).hexdigest()
            yield Came(
                openid=f"o{digest[:27]}",
                name=FAMILY[number % len(FAMILY)] + GIVEN[number % len(GIVEN)],
                scene=code.scene,
                followed_at=at,
                left_at=None if left is None else at + timedelta(days=left, hours=2),
                scanned_again_at=at + timedelta(hours=20) if again else None,
            )


def correct_and_send(runtime: Runtime, simulator_url: str) -> None:
    """A wrong reply, corrected; one that waits to be sent; and a mass send to all followers."""
    with runtime.reading() as session:
        if session.scalar(select(Correction.id).limit(1)) is not None:
            return
        wrong_id, lottery_id = _rule(session, WRONG_RULE), _rule(session, LOTTERY_RULE)
    names = {}
    for name, text in (*((name, LOTTERY) for name in PLAYERS), *zip(ASKERS, ASKED, strict=True)):
        openid = add_customer(simulator_url, name)
        names[openid] = name
        act(simulator_url, openid, "messages", text=text)
    answered = _wait(runtime, wrong_id, len(ASKERS)) and _wait(runtime, lottery_id, len(PLAYERS))
    if not answered:
        return  # a demo of a very slow machine shows it without
    with runtime.unit_of_work() as uow:
        _name(uow, names)
    act(simulator_url, openid, "events", event=UNFOLLOW)  # the last one has had enough
    with runtime.unit_of_work() as uow:
        _spread(uow, wrong_id)
        _mend(uow, wrong_id)
        corrected_id = _write(uow, wrong_id, APOLOGY)
        _write(uow, lottery_id, LATER_DRAW)
        _send_news(uow)
    if _is_listed(runtime, corrected_id):
        with runtime.unit_of_work() as uow:
            people = people_of(uow)
            version = uow.session.get_one(Correction, corrected_id).version
            row = corrections.approve(uow, corrected_id, people[ZHOU], version)
            corrections.begin(uow, corrected_id, people[CHEN], row.version)


def _form(account_id: int, code: Placed) -> CodeForm:
    cents = None if code.yuan is None else code.yuan * 100
    return CodeForm(account_id, code.label, code.kind, code.folder, cents, code.scene)


def _entries(account_id: int, it: Came) -> Iterator[Entry]:
    """The pushes that WeChat sent of this follower."""
    yield _event(account_id, it, FOLLOW, QR_PREFIX + it.scene, it.followed_at)
    if it.scanned_again_at is not None:
        yield _event(account_id, it, "SCAN", it.scene, it.scanned_again_at)
    if it.left_at is not None:
        yield _event(account_id, it, UNFOLLOW, "", it.left_at)


def _event(account_id: int, it: Came, event: str, key: str, at: datetime) -> Entry:
    return Entry(
        account_id=account_id,
        openid=it.openid,
        once_key=hashlib.sha256(f"{it.openid} {event}".encode()).hexdigest(),
        kind="event",
        event=event,
        msg_id="",
        text="",
        fields={"EventKey": key} if key else {},
        created_at=at,
        received_at=at,
        answer=None,
    )


def _name(uow: UnitOfWork, names: Mapping[str, str]) -> None:
    """Remarks by openid; WeChat is told them too."""
    query = select(Contact).where(
        Contact.account_id == _tea(uow.session), Contact.openid.in_(names)
    )
    for contact in uow.session.scalars(query).all():
        change_remark(uow, contact.id, names[contact.openid])


def _spread(uow: UnitOfWork, rule_id: int) -> None:
    """Each was answered three minutes before the next, as if there had been time to pass."""
    its = Message.contact_id
    answered = (Message.sender_kind == SenderKind.RULE, Message.sender_id == rule_id)
    people = uow.session.scalars(select(its).where(*answered).order_by(Message.id.desc()))
    for place, contact_id in enumerate(people.all(), start=1):
        for message in uow.session.scalars(select(Message).where(its == contact_id)):
            message.created_at -= place * APART
            message.received_at -= place * APART


def _mend(uow: UnitOfWork, rule_id: int) -> None:
    """The next version says what is right; that stops the wrong one."""
    rule = uow.session.get_one(AutoReplyRule, rule_id)
    form = replace(form_of_row(rule, rule.account_id, None), reply_text=RIGHT_REPLY)
    change_rule(uow, rule_id, form, people_of(uow)[CHEN], is_seen=True)


def _write(uow: UnitOfWork, rule_id: int, wording: Wording) -> int:
    choice = Choice(_tea(uow.session), (rule_id,), uow.now - timedelta(hours=1), uow.now)
    chen = people_of(uow)[CHEN]
    row = corrections.create(uow, Wish(choice, wording.name, rule_id), chen)
    corrections.write(uow, row.id, wording, chen, None)
    return row.id


def _send_news(uow: UnitOfWork) -> None:
    people = people_of(uow)
    form = BroadcastForm(_tea(uow.session), "秋茶到店通知", BroadcastKind.MASS, content=NEWS)
    row = broadcasts.create(uow, form, people[CHEN])
    broadcasts.send(uow, row.id, None, people[ZHOU], version=row.version)


def _tea(session: Session) -> int:
    return session.scalars(select(Account.id).where(Account.slug == TEA)).one()


def _rule(session: Session, name: str) -> int:
    return session.scalars(
        select(AutoReplyRule.id).where(
            AutoReplyRule.account_id == _tea(session), AutoReplyRule.name == name
        )
    ).one()


def _wait(runtime: Runtime, rule_id: int, count: int) -> bool:
    """Until so many of its answers are recorded."""
    answers = select(func.count()).where(
        Message.sender_kind == SenderKind.RULE, Message.sender_id == rule_id
    )
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        with runtime.reading() as session:
            if (session.scalar(answers) or 0) >= count:
                return True
        pause(0.1)
    return False


def _is_listed(runtime: Runtime, correction_id: int) -> bool:
    """Wait until everybody who got the wrong answer is in the list."""
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        with runtime.reading() as session:
            row = session.get_one(Correction, correction_id)
            if row.state is CorrectionState.READY:
                return True
        pause(0.1)
    return False


def add_customer(simulator_url: str, name: str, openid: str | None = None) -> str:
    """A follower of 茶季 at the simulator; gives the openid."""
    body = {"name": name} | ({"openid": openid} if openid else {})
    url = f"{simulator_url}/sim/accounts/{TEA_AT_WECHAT}/customers"
    made = requests.post(url, json=body, timeout=10)
    made.raise_for_status()
    return str(made.json()["openid"])


def act(simulator_url: str, openid: str, what: str, **body: str) -> None:
    """A customer writes (`messages`), scans (`scan`), leaves (`events`); waits for the desk."""
    url = f"{simulator_url}/sim/customers/{openid}/{what}?wait=1"
    requests.post(url, json=body, timeout=30).raise_for_status()
