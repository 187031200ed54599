"""What the demo shows, made once."""

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cast import Browser, Webhook
from servers import NOBODY_LISTENS, wait_until
from sqlalchemy import func, select

from wxdesk import demo
from wxdesk.accounts.models import Account
from wxdesk.accounts.queries import list_keys
from wxdesk.agents.models import Agent, Team
from wxdesk.app import create_app
from wxdesk.broadcasts.models import Broadcast
from wxdesk.broadcasts.rules import BroadcastState
from wxdesk.canned_responses.models import CannedResponse
from wxdesk.contacts.models import FollowEvent
from wxdesk.corrections.models import Correction, CorrectionRecipient
from wxdesk.corrections.rules import CorrectionState, RecipientState
from wxdesk.demo_marketing import CODES, COUNTER, correct_and_send, place_codes
from wxdesk.demo_stories import tell_stories
from wxdesk.inbox.models import SavedView
from wxdesk.plumbing.db import open_engine, reading_sessions
from wxdesk.qr_codes.figures import figures_by
from wxdesk.qr_codes.models import QrCode, QrScan
from wxdesk.runtime import Runtime, build
from wxdesk.settings import load
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


def test_its_qr_codes_have_brought_followers_of_whom_some_left(seeded, wechat):
    with seeded.reading() as session:
        wechat.register(session.scalars(select(Account).where(Account.slug == "chaji")).one())
    place_codes(seeded, wechat.url)
    place_codes(seeded, wechat.url)
    with seeded.reading() as session:
        found = figures_by(session, QrCode.scene, [], seeded.clock())
    assert {scene: it.new_followers for scene, it in found.items()} == {
        code.scene: len(code.days_ago) for code in CODES
    }
    left = {code.scene: len(code.days_ago) - len(code.left_after) for code in CODES}
    assert {scene: it.following for scene, it in found.items()} == left
    counter = found[COUNTER]
    assert (counter.cost_cents, counter.scans) == (18_000, 10 + 8)
    assert (counter.short.of, counter.short.count) == (8, 7)
    assert (counter.long.of, counter.long.count) == (3, 1)


class Shown:
    """`wxdesk demo` in its own processes, on SQLite as people start it."""

    def __init__(self, directory: Path) -> None:
        self.log = directory / "demo.log"
        self._directory = directory
        self._sessions = reading_sessions(open_engine(f"sqlite:///{directory}/wxdesk.sqlite3"))

    @contextmanager
    def running(self) -> Iterator[None]:
        port = 20_000 + 2 * secrets.randbelow(6_000)
        binds = ("--bind", f"127.0.0.1:{port}", "--simulator-bind", f"127.0.0.1:{port + 1}")
        mine = {name: value for name, value in os.environ.items() if "WXDESK" not in name}
        with self.log.open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "wxdesk", "demo", *binds],
                env={**mine, "WXDESK_DATA_DIR": str(self._directory)},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            wait_until(self._is_ready, seconds=120, what=f"the demo: {self.log}")
            yield
        finally:
            process.terminate()
            process.wait(60)

    def runtime(self) -> Runtime:
        """As a second start builds it."""
        return build(load({"WXDESK_DATA_DIR": str(self._directory)}))

    def _is_ready(self) -> bool:
        return b"demo is ready" in self.log.read_bytes()

    def corrections(self) -> list[tuple[CorrectionState, int, int]]:
        """Each with how many people are in its list, and how many got it."""
        got = func.count().filter(CorrectionRecipient.state == RecipientState.SENT)
        query = (
            select(Correction.state, func.count(), got)
            .join(CorrectionRecipient, CorrectionRecipient.correction_id == Correction.id)
            .group_by(Correction.id, Correction.state)
            .order_by(Correction.id)
        )
        with self._sessions() as session:
            return [tuple(row) for row in session.execute(query)]

    def broadcasts(self) -> list[BroadcastState]:
        with self._sessions() as session:
            return list(session.scalars(select(Broadcast.state)))

    def counts(self) -> list[int]:
        tables = (QrCode, FollowEvent, QrScan, Correction, CorrectionRecipient, Broadcast)
        with self._sessions() as session:
            return [session.scalar(select(func.count()).select_from(table)) for table in tables]


def test_its_marketer_has_corrected_a_wrong_reply_and_sent_news(tmp_path):
    done = [(CorrectionState.DONE, 6, 5), (CorrectionState.READY, 3, 0)]
    shown = Shown(tmp_path)
    with shown.running():
        wait_until(
            lambda: (shown.corrections(), shown.broadcasts()) == (done, [BroadcastState.DONE]),
            seconds=240,
            what="the correction and the mass send",
        )
    before = shown.counts()
    again = shown.runtime()
    tell_stories(again, NOBODY_LISTENS)
    correct_and_send(again, NOBODY_LISTENS)
    place_codes(again, NOBODY_LISTENS)
    assert (shown.counts(), shown.corrections()) == (before, done)
