"""A desk and a WeChat over HTTP on one clock: what is tapped on the phone reaches the webhook."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests
from cast import SLUG, WANG, Api, WeChat, hire, make_account, record_waiting, work_off
from sqlalchemy import select, update
from werkzeug.serving import WSGIRequestHandler, make_server

from wxdesk.accounts.models import Account
from wxdesk.app import create_app
from wxdesk.background_jobs import DELIVER_BULK, DELIVER_MESSAGE
from wxdesk.runtime import Runtime
from wxdesk.satisfaction.jobs import ask
from wxdesk.satisfaction.models import SatisfactionRating
from wxdesk.simulator.delivery import Pace
from wxdesk.simulator.platform import Platform
from wxdesk.simulator.server import serving


class QuietHandler(WSGIRequestHandler):
    def log_request(self, *_arguments: object) -> None:
        """Say nothing."""


@dataclass
class Story:
    """What Wang does on the phone, what Lin does at the desk, and what the workers do."""

    runtime: Runtime
    wechat: WeChat
    lin: Api
    zhou: Api
    account: Account
    clock: Any

    def writes(self, text: str, menu_id: str | None = None) -> None:
        """Wang writes, or taps a choice; the desk has recorded it afterwards."""
        body = {"text": text} | ({"menu_id": menu_id} if menu_id else {})
        address = f"{self.wechat.url}/sim/customers/{WANG}/messages?wait=1"
        answer = requests.post(address, json=body, timeout=30).json()
        assert answer["message"]["outcome"] in ("success", "reply"), answer
        self.last_reply = answer["message"]
        record_waiting(self.runtime)

    def taps(self, score: int) -> None:
        """Wang taps a choice of the latest question."""
        menu = [bubble for bubble in self.bubbles() if bubble["kind"] == "msgmenu"][-1]
        [choice] = [it for it in menu["detail"]["choices"] if it["id"].endswith(f"-{score}")]
        self.writes(choice["text"], choice["id"])

    def answers(self, text: str = "查到了，今天发货。") -> int:
        """Lin answers Wang's latest question; gives the conversation's id."""
        [conversation] = self.lin.get("/conversations", status="open").json["items"]
        thread = self.lin.get(f"/conversations/{conversation['id']}/thread").json
        answer = self.lin.post(
            f"/conversations/{conversation['id']}/messages",
            {"text": text, "last_seen_message_id": thread["last_message_id"]},
        )
        assert answer.status_code == 201, answer.json
        self.work_off()
        return conversation["id"]

    def resolves(self, conversation_id: int) -> None:
        assert self.lin.post(f"/conversations/{conversation_id}/resolve", {}).status_code == 200

    def serve(self) -> int:
        """Wang asks, Lin answers and resolves; half a minute passes, and the job runs."""
        self.writes("我的订单在哪里?")
        conversation_id = self.answers()
        self.resolves(conversation_id)
        self.asks_after(seconds=31)
        return conversation_id

    def asks_after(self, **units: float) -> None:
        self.clock.advance(**units)
        ask()
        self.work_off()

    def work_off(self) -> None:
        """Run every waiting doorbell of what is sent now."""
        work_off(self.runtime, DELIVER_MESSAGE, DELIVER_BULK)

    def bubbles(self) -> list[dict[str, Any]]:
        address = f"{self.wechat.url}/sim/customers/{WANG}/messages"
        return requests.get(address, params={"since": 0, "wait": 0}, timeout=20).json()["messages"]

    def from_desk(self) -> list[str]:
        """What the phone shows of the desk's: texts, and the heads of menus."""
        return [
            bubble["detail"].get("head") or bubble["text"]
            for bubble in self.bubbles()
            if bubble["direction"] == "from_desk"
        ]

    def ratings(self) -> list[SatisfactionRating]:
        with self.runtime.reading() as session:
            return list(session.scalars(select(SatisfactionRating).order_by(SatisfactionRating.id)))

    def conversation(self, conversation_id: int) -> dict[str, Any]:
        return self.lin.get(f"/conversations/{conversation_id}").json

    def open_ones(self) -> list[int]:
        found = self.lin.get("/conversations", status="open").json["items"]
        return [item["id"] for item in found]


@pytest.fixture
def desk_url(story_runtime) -> Iterator[str]:
    server = make_server(
        "127.0.0.1", 0, create_app(story_runtime), threaded=True, request_handler=QuietHandler
    )
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def quick_wechat(clock) -> Iterator[WeChat]:
    platform = Platform(clock, pace=Pace(answer_seconds=5, redelivery_seconds=0.1))
    with serving(platform) as url:
        yield WeChat(platform, url)


@pytest.fixture
def story_runtime(build_runtime, redis_server, quick_wechat) -> Runtime:
    return build_runtime(WXDESK_REDIS_URL=redis_server.url, WXDESK_WECHAT_API_URL=quick_wechat.url)


@pytest.fixture
def story(story_runtime, desk_url, quick_wechat, clock) -> Story:
    account = make_account(story_runtime)
    with story_runtime.unit_of_work() as uow:
        uow.session.execute(update(Account).values(asks_rating=True))
    quick_wechat.register(account, f"{desk_url}/wechat/{SLUG}")
    quick_wechat.add_customer(has_written=False)
    client = create_app(story_runtime).test_client()
    team = hire(story_runtime)
    lin, zhou = (Api(client, story_runtime, each) for each in (team.lin, team.zhou))
    return Story(story_runtime, quick_wechat, lin, zhou, account, clock)
