"""The standing cast and their tools: agents Lin and Mei, supervisor Zhou, marketer Chen, Wang."""

import itertools
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
from argon2 import PasswordHasher
from flask.testing import FlaskClient
from rq import SimpleWorker
from rq.serializers import JSONSerializer
from sqlalchemy import select
from werkzeug.test import TestResponse

from wxdesk.accounts.models import Account
from wxdesk.accounts.operations import create_account
from wxdesk.accounts.rules import AccountForm, Mode
from wxdesk.agents.models import Agent, ApiToken
from wxdesk.agents.queries import token_hash
from wxdesk.agents.rules import Role
from wxdesk.contacts.models import Contact
from wxdesk.conversations.models import Conversation, Message
from wxdesk.conversations.rules import Direction
from wxdesk.inbox.operations import Answer, reply
from wxdesk.intake.entries import read_entry
from wxdesk.intake.operations import record
from wxdesk.intake.rules import AutoAnswer, Entry
from wxdesk.intake.spooled import empty_spool
from wxdesk.intake.streams import intake_streams
from wxdesk.media.models import Attachment
from wxdesk.media.rules import FileKind, FileRole, FileState
from wxdesk.outbound.contents import Outgoing, OutgoingKind
from wxdesk.plumbing.queues import Job
from wxdesk.runtime import Runtime
from wxdesk.simulator.platform import Platform
from wxdesk.simulator.pushes import elements
from wxdesk.triage.models import AutoReplyRule
from wxdesk.triage.operations import create_rule
from wxdesk.triage.rule_forms import RuleForm
from wxdesk.triage.rules import Match
from wxdesk.wechat.crypto import Cipher, sign

TOKEN = "pushtoken1"  # noqa: S105
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
APP_ID = "wx0123456789abcdef"
APP_SECRET = "app-secret"  # noqa: S105
ORIGINAL_ID = "gh_yunshan"
SLUG = "yunshan"
WANG = "oWang00000000000000000000000"
PASSWORD = "a password of ten letters"  # noqa: S105

_numbers = itertools.count(1)
# A hash says itself what checking it costs; ours cost 0.2 s, and every log-in would pay that.
PASSWORD_HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


class FakeClock:
    """A clock that moves only when a test says so. Starts on a Monday at 09:00 UTC."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **units: float) -> None:
        self.now += timedelta(**units)


def make_account(
    runtime: Runtime,
    *,
    slug: str = SLUG,
    mode: Mode = Mode.PLAIN,
    original_id: str = ORIGINAL_ID,
    app_id: str = APP_ID,
) -> Account:
    """An official account; its keys are the same in every test."""
    form = AccountForm(
        slug=slug,
        name=f"云杉 {slug}",
        original_id=original_id,
        app_id=app_id,
        app_secret=APP_SECRET,
        token=TOKEN,
        aes_key=AES_KEY,
        mode=mode,
    )
    with runtime.unit_of_work() as uow:
        account = create_account(uow, runtime.vault, form)
        account.config_version = 1_000 * next(_numbers)  # no process may confuse two tests
    return account


@dataclass(frozen=True)
class Team:
    """Ids of the people."""

    lin: int
    mei: int
    zhou: int
    chen: int
    admin: int


def hire(runtime: Runtime) -> Team:
    """Everybody with the same password."""
    roles = {"lin": Role.AGENT, "mei": Role.AGENT, "zhou": Role.SUPERVISOR}
    roles |= {"chen": Role.MARKETER, "admin": Role.ADMIN}
    with runtime.unit_of_work() as uow:
        people = {
            name: Agent(
                email=f"{name}@example.com",
                name=name.capitalize(),
                role=role,
                locale="en",
                password_hash=PASSWORD_HASH,
                created_at=uow.now,
            )
            for name, role in roles.items()
        }
        uow.session.add_all(people.values())
        uow.session.flush()
        return Team(**{name: agent.id for name, agent in people.items()})


def keep_picture(runtime: Runtime, account_id: int, by_id: int) -> int:
    """A colleague's file, of which WeChat has no copy; its id."""
    with runtime.unit_of_work() as uow:
        file = Attachment(
            account_id=account_id,
            role=FileRole.CONTENT,
            kind=FileKind.IMAGE,
            state=FileState.READY,
            attached_by_id=by_id,
            next_attempt_at=uow.now,
            created_at=uow.now,
        )
        uow.session.add(file)
        uow.session.flush()
        return file.id


def make_rule(
    runtime: Runtime,
    account: Account,
    patterns: str = "抽奖",
    reply_text: str = "感谢参与!",
    **values: Any,
) -> AutoReplyRule:
    """An active rule; `values` are further fields of RuleForm."""
    fields: dict[str, Any] = {"name": "活动", "match": Match.CONTAINS, "is_active": True} | values
    form = RuleForm(account_id=account.id, patterns=patterns, reply_text=reply_text, **fields)
    with runtime.unit_of_work() as uow:
        return create_rule(uow, form, None, is_seen=True)


def entry(
    runtime: Runtime, account: Account, text: str = "我的订单在哪里?", **values: Any
) -> Entry:
    """An accepted text of customer Wang, as it lies in a stream; `values` replace fields."""
    number = next(_numbers)
    now = runtime.clock()
    fields: dict[str, Any] = {
        "account_id": account.id,
        "openid": WANG,
        "once_key": f"{number:064d}",
        "kind": "text",
        "event": "",
        "msg_id": str(10**15 + number),
        "text": text,
        "fields": None,
        "created_at": now.replace(microsecond=0),
        "received_at": now,
        "answer": None,
    }
    return Entry(**(fields | values))


def customer_writes(
    runtime: Runtime, account: Account, text: str = "我的订单在哪里?", **values: Any
) -> Message:
    """Wang's message is recorded; gives its row."""
    written = entry(runtime, account, text, **values)
    with runtime.unit_of_work() as uow:
        record(uow, [written])
    with runtime.reading() as session:
        return session.scalars(
            select(Message).where(
                Message.account_id == account.id, Message.once_key == written.once_key
            )
        ).one()


def auto_answer(rule: AutoReplyRule) -> AutoAnswer:
    return AutoAnswer(rule.id, rule.version, "抽奖", rule.reply_text)


def agent_answers(runtime: Runtime, message: Message, agent_id: int, text: str = "马上查。") -> int:
    """An agent who has read up to `message` answers; gives the id of the answer."""
    assert message.conversation_id is not None
    with runtime.unit_of_work() as uow:
        outgoing = Outgoing(OutgoingKind.TEXT, text)
        return reply(uow, Answer(message.conversation_id, agent_id, outgoing, message.id)).id


def conversation_of(runtime: Runtime, openid: str = WANG) -> Conversation:
    """The customer's latest conversation, freshly read."""
    with runtime.reading() as session:
        return session.scalars(
            select(Conversation)
            .join(Contact, Contact.id == Conversation.contact_id)
            .where(Contact.openid == openid)
            .order_by(Conversation.id.desc())
            .limit(1)
        ).one()


def messages_of(runtime: Runtime) -> list[Message]:
    """All messages from and to customers, in the order in which they were recorded."""
    with runtime.reading() as session:
        query = select(Message).where(Message.direction != Direction.INTERNAL)
        return list(session.scalars(query.order_by(Message.id)))


def lines_of(runtime: Runtime) -> list[Message]:
    """What only colleagues see: notes, and what happened to conversations."""
    with runtime.reading() as session:
        query = select(Message).where(Message.direction == Direction.INTERNAL)
        return list(session.scalars(query.order_by(Message.id)))


class _BurstWorker(SimpleWorker):
    """Takes no commands from elsewhere: the end of listening for them often takes RQ a second."""

    def subscribe(self) -> None:
        pass

    def unsubscribe(self) -> None:
        pass


def work_off(runtime: Runtime, *jobs: Job) -> None:
    """Run every waiting doorbell of these jobs' queues now, with RQ's own worker."""
    queues = [runtime.queues.named(job.queue) for job in jobs]
    worker = _BurstWorker(queues, connection=runtime.redis, serializer=JSONSerializer)
    worker.work(burst=True, logging_level="ERROR")


def record_waiting(runtime: Runtime) -> int:
    """Record what waits in spool and streams, once, without the job's lingering."""
    streams = intake_streams(runtime.redis)
    streams.prepare()
    empty_spool(runtime)
    found = streams.read("test", [400] * len(streams.names))
    with runtime.unit_of_work() as uow:
        record(uow, [read_entry(each.body, each.answer) for each in found])
    streams.finish(found)
    return len(found)


def push_xml(fields: dict[str, object]) -> bytes:
    return f"<xml>{elements(fields)}</xml>".encode()


@dataclass
class Webhook:
    """WeChat delivers a push to the desk's webhook and reads its answer."""

    client: FlaskClient
    runtime: Runtime
    slug: str = SLUG
    token: str = TOKEN
    cipher: Cipher = field(default_factory=lambda: Cipher(AES_KEY, APP_ID))

    def fields(self, text: str = "你好", **values: object) -> dict[str, object]:
        """A text message of customer Wang; None takes a field away."""
        given: dict[str, object] = {
            "ToUserName": ORIGINAL_ID,
            "FromUserName": WANG,
            "CreateTime": int(self.runtime.clock().timestamp()),
            "MsgType": "text",
            "Content": text,
            "MsgId": 10**15 + next(_numbers),
        }
        return {name: value for name, value in (given | values).items() if value is not None}

    def event(self, event: str, **values: object) -> dict[str, object]:
        return self.fields(
            MsgType="event", Event=event, Content=None, MsgId=None, **{"EventKey": "", **values}
        )

    def signed(self, **more: str) -> dict[str, str]:
        stamp, nonce = str(int(self.runtime.clock().timestamp())), f"{next(_numbers):09d}"
        signature = sign(self.token, stamp, nonce)
        return {"signature": signature, "timestamp": stamp, "nonce": nonce, **more}

    def post(self, body: bytes, query: dict[str, str]) -> TestResponse:
        return self.client.post(
            f"/wechat/{self.slug}", data=body, query_string=query, content_type="text/xml"
        )

    def deliver(self, fields: dict[str, object]) -> TestResponse:
        """A push in plain mode."""
        return self.post(push_xml(fields), self.signed())

    def deliver_sealed(
        self, fields: dict[str, object], *, beside: dict[str, object] | None = None
    ) -> TestResponse:
        """A push in safe mode; with `beside` in compatible mode, with these plain elements."""
        return self.deliver_encrypted(self.cipher.encrypt(push_xml(fields).decode()), beside)

    def deliver_encrypted(
        self, encrypted: str, beside: dict[str, object] | None = None
    ) -> TestResponse:
        query = self.signed(encrypt_type="aes")
        query["msg_signature"] = sign(self.token, query["timestamp"], query["nonce"], encrypted)
        return self.post(push_xml({**(beside or {}), "Encrypt": encrypted}), query)


@dataclass
class Api:
    """The JSON API with one person's token."""

    client: FlaskClient
    runtime: Runtime
    agent_id: int

    def __post_init__(self) -> None:
        token = f"wxd_test_{next(_numbers)}"
        with self.runtime.unit_of_work() as uow:
            uow.session.add(
                ApiToken(
                    agent_id=self.agent_id,
                    name="test",
                    token_hash=token_hash(token),
                    created_at=uow.now,
                )
            )
        self.headers = {"Authorization": f"Bearer {token}"}

    def get(self, path: str, **query: object) -> TestResponse:
        return self.client.get(f"/api/v1{path}", query_string=query, headers=self.headers)

    def post(self, path: str, body: object = None, **headers: str) -> TestResponse:
        return self.client.post(f"/api/v1{path}", json=body, headers=self.headers | headers)

    def patch(self, path: str, body: object) -> TestResponse:
        return self.client.patch(f"/api/v1{path}", json=body, headers=self.headers)

    def put(self, path: str, body: object, **headers: str) -> TestResponse:
        return self.client.put(f"/api/v1{path}", json=body, headers=self.headers | headers)

    def delete(self, path: str) -> TestResponse:
        return self.client.delete(f"/api/v1{path}", headers=self.headers)

    def page(self, path: str) -> TestResponse:
        """A page of people, asked for with the token."""
        return self.client.get(path, headers=self.headers)


@dataclass
class Browser:
    """A browser: cookies, and the CSRF token of the last page."""

    client: FlaskClient
    csrf: str = ""

    def get(self, path: str) -> TestResponse:
        answer = self.client.get(path)
        if found := re.search(r'name="csrf[-_]token"[^>]*(?:value|content)="([^"]+)"', answer.text):
            self.csrf = found[1]
        return answer

    def post(self, path: str, **form: str) -> TestResponse:
        return self.client.post(path, data={"csrf_token": self.csrf, **form})

    def post_json(self, path: str, body: object) -> TestResponse:
        return self.client.post(path, json=body, headers={"X-CSRFToken": self.csrf})

    def log_in(self, name: str, password: str = PASSWORD, **more: str) -> TestResponse:
        self.get("/login")
        answer = self.post("/login", email=f"{name}@example.com", password=password, **more)
        if answer.status_code == 302:
            self.get("/settings")
        return answer


@dataclass
class WeChat:
    """The simulated WeChat: what a person would look up on a phone or in the console."""

    platform: Platform
    url: str

    def register(self, account: Account, webhook_url: str = "http://127.0.0.1:9/") -> None:
        self.control(
            "accounts",
            original_id=account.original_id,
            app_id=account.app_id,
            app_secret=APP_SECRET,
            token=TOKEN,
            aes_key=AES_KEY,
            mode=account.mode.value,
            webhook_url=webhook_url,
        )

    def add_customer(
        self, openid: str = WANG, original_id: str = ORIGINAL_ID, *, has_written: bool = True
    ) -> None:
        """A follower; with `has_written` inside the 48 hours, with five answers left."""
        self.platform.add_customer(original_id, openid=openid)
        if has_written:
            customer = self.platform.state.customer(openid)
            customer.window = customer.window.after_message(self.platform.state.clock())

    def spoil(self, kind: str, *, api: str = "custom/send", times: int = 1, **more: Any) -> None:
        self.control("faults", kind=kind, api=api, times=times, **more)

    def control(self, path: str, **body: Any) -> Any:
        answer = requests.post(f"{self.url}/sim/{path}", json=body, timeout=20)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def calls(self, api: str) -> list[dict[str, Any]]:
        query = {"api": api, "limit": 1000}
        answer = requests.get(f"{self.url}/sim/calls", params=query, timeout=20).json()
        found = answer["calls"] if isinstance(answer, dict) else answer
        return [call for call in found if call["api"] == api]

    def phone(self, openid: str = WANG) -> list[str]:
        """Texts that arrived from the desk, oldest first."""
        query = {"since": 0, "wait": 0}
        url = f"{self.url}/sim/customers/{openid}/messages"
        bubbles = requests.get(url, params=query, timeout=20).json()["messages"]
        return [bubble["text"] for bubble in bubbles if bubble["direction"] == "from_desk"]


def texts(items: Sequence[dict[str, Any]]) -> list[str]:
    return [item["text"] for item in items]


def as_json(response: TestResponse) -> Any:
    return json.loads(response.get_data(as_text=True))
