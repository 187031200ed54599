"""`wxdesk bench search`: how long a search in everything ever written takes, and its index."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import func, select, text

from wxdesk.accounts.rules import Mode
from wxdesk.agents.models import Agent, ApiToken
from wxdesk.agents.queries import token_hash
from wxdesk.agents.rules import Role
from wxdesk.app import create_app
from wxdesk.bench.event import make_account
from wxdesk.bench.instance import running
from wxdesk.contacts.models import Contact
from wxdesk.conversations.models import Conversation, Message
from wxdesk.conversations.rules import Direction, Place, SenderKind, Status
from wxdesk.plumbing.clock import FAR_FUTURE
from wxdesk.plumbing.db import insert_rows
from wxdesk.runtime import Runtime
from wxdesk.search.jobs import index_messages
from wxdesk.search.progress import has_unindexed, position

TOKEN = "bench-token"  # noqa: S105 -- of a throw-away instance
BATCH = 10_000
MESSAGES_OF_ONE = 10
RUNS = 40
BASELINE_RUNS = 3
GOAL_MS = 300
LIKE = "SELECT id FROM messages WHERE text LIKE :pattern ORDER BY id DESC LIMIT 50"
LATIN = ("order", "refund", "hello", "iPhone", "VIP", "coupon", "WeChat", "size", "express")
STARTS = ("你好", "请问一下", "麻烦看看", "亲", "我想问问", "在吗", "不好意思", "那个")
MIDDLES = (
    "我的订单三天了还没有发货",
    "昨天买的杯子碎了怎么退款",
    "发票抬头写错了可以重开吗",
    "门店周末几点开门",
    "优惠券用不了提示已经过期",
    "快递一直停在转运中心没有动",
    "订单里少了一件衣服",
    "会员积分什么时候到账",
    "尺码偏大可以换小一号吗",
    "收货地址填错了能改吗",
)
ENDS = ("谢谢", "急急急", "能帮我看看吗", "麻烦了", "有人吗", "")
COMMON = (
    "的一是了我不人在他有这个上们来到时大地为子中你说生国年着就那和要她出也得里后自以会家可下而过天"
    "去能对小多然于心学么之都好看起发当没成只如事把还用第样道想作种开美总从无情己面最女但现前些所同"
)
RARE = ("琉璃茶盏", "榫卯书架", "螺钿首饰", "缂丝团扇")


@dataclass(frozen=True, slots=True)
class Case:
    """What is asked, and under which name its times are given."""

    name: str
    words: tuple[str, ...]


CASES = (
    Case("one_character_common", ("订", "的", "我", "货")),
    Case("one_character_rare", ("琉", "榫", "螺", "缂")),
    Case("two_characters_common", ("订单", "发货", "退款", "谢谢")),
    Case("two_characters_rare", ("琉璃", "榫卯", "螺钿", "缂丝")),
    Case("two_characters_absent", ("鬱壘", "单订", "货发", "票发")),
    Case("four_characters_common", ("没有发货", "怎么退款", "抬头写错", "周末几点")),
    Case("four_characters_rare", RARE),
    Case("traditional", ("訂單", "發票", "優惠券", "會員積分")),
    Case("latin_prefix", ("ord", "ref", "iph", "exp")),
    Case("number_prefix", ("1234", "2026", "88", "314")),
    Case("mixed", ("订单1", "订单12", "order 12", "iPhone 订单")),
    Case("two_words", ("订单 谢谢", "退款 急", "发票 麻烦", "门店 琉璃")),
)


def measure(database: str, size: int) -> dict[str, Any]:
    """Seed `size` messages, index them with the real job, search through the real door.

    The baseline is what a database does without an index: `LIKE '%word%'`, newest first.
    """
    with running(database) as runtime:
        began = time.perf_counter()
        _seed(runtime, size)
        seeded = time.perf_counter() - began
        began = time.perf_counter()
        _index_all(runtime, size)
        indexed = time.perf_counter() - began
        _settle(runtime)
        baseline = _baseline(runtime)
        found = _searches(runtime)
    two = [ms for name, times in found.items() if name.startswith("two_ch") for ms in times]
    result = {
        "database": database,
        "messages": size,
        "seeded_rows_per_second": round(size / seeded),
        "indexed_messages_per_second": round(size / indexed),
        "like_scan_p50_ms": round(statistics.median(baseline), 1),
        "like_scan_slowest_ms": round(max(baseline), 1),
        "two_characters_p50_ms": round(statistics.median(two), 1),
        "two_characters_p95_ms": _p95(two),
        "ratio_to_baseline": round(statistics.median(baseline) / statistics.median(two), 1),
        "is_goal_met": _p95(two) < GOAL_MS,
    }
    for name, times in found.items():
        result[f"{name}_p50_p95_ms"] = [round(statistics.median(times), 1), _p95(times)]
    return result


def _p95(times: Sequence[float]) -> float:
    return round(sorted(times)[max(0, -(-len(times) * 95 // 100) - 1)], 1)


def _searches(runtime: Runtime) -> dict[str, list[float]]:
    """Milliseconds of whole answers of GET /api/v1/search, both orders, by case."""
    client = create_app(runtime).test_client()
    found: dict[str, list[float]] = {}
    for case in CASES:
        for order in ("newest", "best"):
            times = [
                _ask(client, case.words[run % len(case.words)], order) for run in range(RUNS // 2)
            ]
            found.setdefault(case.name, []).extend(times)
    return found


def _ask(client: FlaskClient, words: str, order: str) -> float:
    began = time.perf_counter()
    answer = client.get(
        "/api/v1/search",
        query_string={"q": words, "order": order, "limit": 50},
        headers={"Authorization": f"Bearer {TOKEN}"},
    )
    took = time.perf_counter() - began
    if answer.status_code != 200:
        raise RuntimeError(f"search answered {answer.status_code}")
    return took * 1000


def _baseline(runtime: Runtime) -> list[float]:
    """Of rare words: LIKE reads everything before it knows that there are no more."""
    times = []
    for word in [case.words[0] for case in CASES if case.name.endswith("rare")] * BASELINE_RUNS:
        with runtime.reading() as session:
            began = time.perf_counter()
            session.execute(text(LIKE), {"pattern": f"%{word}%"}).all()
            times.append((time.perf_counter() - began) * 1000)
    return times


def _settle(runtime: Runtime) -> None:
    """What the database does by itself within minutes: statistics, and the visibility map."""
    if runtime.engine.dialect.name == "postgresql":
        with runtime.engine.connect() as connection:
            plain = connection.execution_options(isolation_level="AUTOCOMMIT")
            plain.execute(text("SET statement_timeout = 0"))
            plain.execute(text("VACUUM ANALYZE"))


def _index_all(runtime: Runtime, size: int) -> None:
    while True:
        index_messages()
        with runtime.reading() as session:
            if position(session) >= size and not has_unindexed(session):
                return


def _seed(runtime: Runtime, size: int) -> None:
    """Customers with ten messages each over two years, and an agent with a token."""
    now = runtime.clock()
    make_account(runtime, Mode.PLAIN)
    with runtime.unit_of_work() as uow:
        agent = Agent(
            email="bench@example.com",
            name="Bench",
            role=Role.AGENT,
            locale="en",
            password_hash="-",  # noqa: S106 -- nobody logs in with it
            created_at=now,
        )
        uow.session.add(agent)
        uow.session.flush()
        token = ApiToken(
            agent_id=agent.id, name="bench", token_hash=token_hash(TOKEN), created_at=now
        )
        uow.session.add(token)
    customers = max(1, size // MESSAGES_OF_ONE)
    _insert(runtime, Contact, customers, lambda number: _contact(number, now))
    _insert(runtime, Conversation, customers, lambda number: _conversation(number, now))
    chance = random.Random(7)  # noqa: S311 -- a repeatable load
    step = timedelta(days=730) / size
    _insert(
        runtime,
        Message,
        size,
        lambda number: _message(number, customers, now - (size - number) * step, chance),
    )
    with runtime.reading() as session:
        if session.scalar(select(func.max(Message.id))) != size:
            raise RuntimeError("the seeds do not count from 1")


def _insert(
    runtime: Runtime, model: type[Any], count: int, row: Callable[[int], dict[str, Any]]
) -> None:
    for start in range(0, count, BATCH):
        rows = [row(number) for number in range(start, min(start + BATCH, count))]
        with runtime.unit_of_work() as uow:
            insert_rows(uow.session, model, rows)


def _contact(number: int, now: datetime) -> dict[str, Any]:
    return {
        "account_id": 1,
        "openid": f"oBench{number:022d}",
        "remark": f"客户{number}" if number % 5 == 0 else "",
        "first_seen_at": now,
        "last_seen_at": now,
    }


def _conversation(number: int, now: datetime) -> dict[str, Any]:
    return {
        "account_id": 1,
        "contact_id": number + 1,
        "status": Status.RESOLVED,
        "opened_at": now,
        "resolved_at": now,
        "last_message_at": now,
        "queued_at": now,
        "due_at": FAR_FUTURE,
        "urgent_at": FAR_FUTURE,
        "window_check_at": FAR_FUTURE,
        "version": 1,
    }


def _message(number: int, customers: int, at: datetime, chance: random.Random) -> dict[str, Any]:
    customer = chance.randrange(customers) + 1
    return {
        "account_id": 1,
        "contact_id": customer,
        "conversation_id": customer,
        "direction": Direction.INCOMING,
        "kind": "text",
        "text": "".join(_words(number, chance)),
        "once_key": f"bench-{number}",
        "sender_kind": SenderKind.CUSTOMER,
        "place": Place.CONVERSATION,
        "created_at": at,
        "received_at": at,
    }


def _words(number: int, chance: random.Random) -> Iterator[str]:
    yield chance.choice(STARTS)
    yield ","
    yield chance.choice(MIDDLES)
    yield "".join(chance.choices(COMMON, k=chance.randrange(12)))
    if chance.random() < 0.3:
        yield f",订单{chance.randrange(10**8, 10**9)}"
    if chance.random() < 0.1:
        yield f" {chance.choice(LATIN)}{chance.randrange(1000)} "
    if number % 20_011 == 0:
        yield chance.choice(RARE)
    yield chance.choice(ENDS)
