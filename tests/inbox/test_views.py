"""The inbox's page, and the live stream of topics."""

import json
import threading

import pytest
from cast import Browser, customer_writes, make_account
from servers import wait_until

from wxdesk.agents.models import Agent
from wxdesk.app import create_app
from wxdesk.plumbing.live import Live


@pytest.fixture
def lin(app, team) -> Browser:
    browser = Browser(app.test_client())
    browser.log_in("lin")
    return browser


def test_the_page_tells_the_island_who_works_here(lin, team):
    page = lin.get("/inbox/42").text
    assert f'"id": {team.lin}' in page.replace("&#34;", '"')
    assert "conversations.reply" in page


def test_a_name_can_not_break_out_of_the_page(app, runtime, team):
    with runtime.unit_of_work() as uow:
        uow.session.get_one(Agent, team.lin).name = "</script><script>alert(1)</script>"
    browser = Browser(app.test_client())
    browser.log_in("lin")
    for path in ("/inbox", "/settings"):
        assert "<script>alert" not in browser.get(path).text


def test_a_browser_hears_of_a_new_message_within_a_second(lin, runtime):
    account = make_account(runtime)
    answer = lin.client.get("/live")
    assert answer.mimetype == "text/event-stream"
    events = answer.iter_encoded()
    assert next(events).startswith(b"retry: 500\nevent: hello")
    heard: list[bytes] = []
    thread = threading.Thread(target=lambda: heard.append(next(events)))
    thread.start()
    message = None

    def is_heard() -> bool:
        nonlocal message
        message = customer_writes(runtime, account)  # until the listener's thread is reading
        thread.join(0.3)
        return bool(heard)

    wait_until(is_heard, what="a live event")
    topics = json.loads(heard[0].decode().split("data: ")[1])["topics"]
    assert f"conversation:{message.conversation_id}" in topics
    assert b"\xe8" not in heard[0]  # topics only, never a word of the customer
    answer.close()


def test_a_browser_that_comes_back_hears_what_it_missed(lin, runtime):
    live = Live(runtime.redis)
    live.publish(["inbox"])
    seen = live.last_id()
    live.publish(["conversation:7"])
    answer = lin.client.get("/live", headers={"Last-Event-ID": seen})
    events = answer.iter_encoded()
    next(events)
    assert b'"conversation:7"' in next(events)
    answer.close()


def test_a_process_that_serves_enough_browsers_says_when_to_come_back(runtime, team):
    app = create_app(runtime, live_streams=1)
    browsers = [Browser(app.test_client()) for _ in range(2)]
    for browser in browsers:
        browser.log_in("lin")
    first = browsers[0].client.get("/live")
    refused = browsers[1].client.get("/live")
    assert (refused.status_code, refused.mimetype) == (503, "application/problem+json")
    assert int(refused.headers["Retry-After"]) > 0
    next(first.iter_encoded())
    first.close()
    again = browsers[1].client.get("/live")
    assert again.status_code == 200
    next(again.iter_encoded())
    again.close()


def test_a_stranger_hears_nothing(app):
    assert app.test_client().get("/live").status_code == 401
