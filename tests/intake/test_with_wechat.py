"""The desk's webhook over real HTTP, with the simulated WeChat as the one who pushes and judges."""

import threading
from collections.abc import Iterator

import pytest
import requests
from cast import SLUG, WANG, WeChat, make_account, make_rule, messages_of, record_waiting
from werkzeug.serving import WSGIRequestHandler, make_server

from wxdesk.accounts.rules import Mode
from wxdesk.app import create_app
from wxdesk.simulator.delivery import Pace
from wxdesk.simulator.platform import Platform
from wxdesk.simulator.server import serving


class QuietHandler(WSGIRequestHandler):
    def log_request(self, *_arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def desk_url(runtime) -> Iterator[str]:
    server = make_server(
        "127.0.0.1", 0, create_app(runtime), threaded=True, request_handler=QuietHandler
    )
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def quick_wechat(clock) -> Iterator:
    platform = Platform(clock, pace=Pace(answer_seconds=5, redelivery_seconds=0.1))
    with serving(platform) as url:
        yield WeChat(platform, url)


def write(wechat, text: str) -> dict[str, str]:
    """Wang writes; gives the bubble when the push has ended."""
    answer = requests.post(
        f"{wechat.url}/sim/customers/{WANG}/messages?wait=1", json={"text": text}, timeout=30
    )
    return answer.json()["message"]


@pytest.mark.parametrize("mode", list(Mode))
def test_wechat_is_content_with_every_answer_in_every_mode(runtime, desk_url, quick_wechat, mode):
    account = make_account(runtime, mode=mode)
    make_rule(runtime, account, "抽奖", "感谢参与 ]]> & <您>!")
    quick_wechat.register(account, f"{desk_url}/wechat/{SLUG}")
    quick_wechat.add_customer(has_written=False)
    checked = quick_wechat.control(f"accounts/{account.original_id}/verify")

    question, keyword = write(quick_wechat, "我的订单呢?\x02"), write(quick_wechat, "我要抽奖")

    assert checked["ok"], checked
    assert (question["outcome"], question["attempts"]) == ("success", 1)
    assert (keyword["outcome"], keyword["attempts"]) == ("reply", 1)
    assert quick_wechat.phone() == ["感谢参与 ]]> & <您>!"]
    record_waiting(runtime)
    texts = {message.text for message in messages_of(runtime)}
    assert texts == {"我的订单呢?", "我要抽奖", "感谢参与 ]]> & <您>!"}


def test_three_deliveries_of_one_push_are_one_message(runtime, desk_url, quick_wechat):
    account = make_account(runtime)
    make_rule(runtime, account, "抽奖", "感谢参与!")
    quick_wechat.register(account, f"{desk_url}/wechat/{SLUG}")
    quick_wechat.add_customer(has_written=False)
    bubble = write(quick_wechat, "抽奖")
    for _ in range(2):
        requests.post(
            f"{quick_wechat.url}/sim/redeliver?wait=1",
            json={"openid": WANG, "message_id": str(bubble["id"])},
            timeout=30,
        ).raise_for_status()
    record_waiting(runtime)
    assert [message.text for message in messages_of(runtime)] == ["抽奖", "感谢参与!"]


def test_events_of_a_real_day_are_all_kept(runtime, desk_url, quick_wechat):
    account = make_account(runtime, mode=Mode.SAFE)
    quick_wechat.register(account, f"{desk_url}/wechat/{SLUG}")
    quick_wechat.add_customer(has_written=False)
    for event in ("subscribe", "SCAN", "CLICK", "LOCATION", "unsubscribe"):
        requests.post(
            f"{quick_wechat.url}/sim/customers/{WANG}/events?wait=1",
            json={"event": event, "event_key": "k"},
            timeout=30,
        ).raise_for_status()
    record_waiting(runtime)
    kept = [message.payload["Event"] for message in messages_of(runtime)]
    assert kept == ["subscribe", "SCAN", "CLICK", "LOCATION", "unsubscribe"]
