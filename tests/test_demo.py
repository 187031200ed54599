"""What the demo shows, made once."""

import pytest
from cast import Browser, Webhook
from sqlalchemy import func, select

from wxdesk import demo
from wxdesk.accounts.models import Account
from wxdesk.accounts.queries import list_keys
from wxdesk.agents.models import Agent, Team
from wxdesk.app import create_app
from wxdesk.canned_responses.models import CannedResponse
from wxdesk.inbox.models import SavedView
from wxdesk.triage.models import AutoReplyRule


def counts(runtime) -> list[int]:
    with runtime.reading() as session:
        tables = (Account, Agent, AutoReplyRule, Team, CannedResponse, SavedView)
        return [session.scalar(select(func.count()).select_from(table)) for table in tables]


@pytest.fixture
def seeded(runtime):
    demo.seed(runtime, is_furnished=True)
    return runtime


def test_a_second_start_changes_nothing(seeded):
    before = counts(seeded)
    demo.seed(seeded, is_furnished=True)
    assert counts(seeded) == before == [3, 5, 3 * (len(demo.RULES) + 2) + 1, 2, 7, 2]


def test_everybody_named_in_the_greeting_can_log_in(seeded):
    app = create_app(seeded)
    greeting = "\n".join(demo.greeting(seeded.settings, "http://127.0.0.1:1"))
    for email, _name, _role in demo.PEOPLE:
        assert email in greeting
        browser = Browser(app.test_client())
        browser.get("/login")
        form = {"email": email, "password": demo.PASSWORD}
        assert browser.post("/login", **form).status_code == 302
    assert demo.PASSWORD in greeting


def test_its_rules_answer(seeded):
    with seeded.reading() as session:
        keys = {key.slug: key for key in list_keys(session, seeded.vault)}["chaji"]
    webhook = Webhook(create_app(seeded).test_client(), seeded, slug="chaji", token=keys.token)
    push = webhook.fields("有什么优惠吗", ToUserName=keys.original_id)
    assert "满 199 减 30" in webhook.deliver(push).text
