"""What each of WeChat's error codes means: every row against WeChat, and against the page."""

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from cast import APP_ID, APP_SECRET, WANG

import wxdesk
from wxdesk.plumbing.errors import DeliveryError
from wxdesk.wechat.client import Client
from wxdesk.wechat.error_codes import Action, Meaning, meaning_of, meaning_of_text
from wxdesk.wechat.error_table import CODES, OUR_CODES

ROOT = Path(wxdesk.__file__).parents[1]
PAGE = ROOT / "docs" / "wechat.md"
CATALOGUE = ROOT / "wxdesk" / "translations" / "zh" / "LC_MESSAGES" / "messages.po"
ROW = re.compile(r"^\| `(-?\w+)` \| (.*?) \| (.*?) \| (.*?) \| `(\w+)` \| (yes|no) \|$")

OFFICIAL = {  # the codes that the platform's pages name, and what the desk must do about each
    Action.LATER: {-1, 45011},
    Action.NEW_TOKEN: {40001, 40014, 42001},
    Action.QUOTA: {45009},
    Action.CLOSE_WINDOW: {45015},
    Action.SPEND_WINDOW: {45047},
    Action.UPLOAD_AGAIN: {40007},
    Action.CUSTOMER_LEFT: {43004, 50005},
    Action.BLACKLISTED: {43019},
    Action.ACCOUNT: {40013, 40125, 40164, 48001, 48004, 50002, 89501, 89503, 89506, 89507},
    Action.GIVE_UP: {40003, 44002, 44004, 45002, 45008, 47001, 48002, 48008, 70000, 43101, 12345},
}
PASSING = {Action.LATER, Action.NEW_TOKEN, Action.QUOTA, Action.UPLOAD_AGAIN}


def rows_of_page() -> dict[str, re.Match[str]]:
    found = (ROW.match(line) for line in PAGE.read_text("utf-8").splitlines())
    return {row[1]: row for row in found if row}


@pytest.mark.parametrize(
    ("code", "action"), [(code, action) for action, codes in OFFICIAL.items() for code in codes]
)
def test_each_official_code_has_its_action(code, action):
    assert meaning_of(code).action is action


@pytest.mark.parametrize(
    "code",
    [
        *range(61451, 61458),
        *range(65400, 65415),
        *range(40004, 40010),
        *(40032, 45001, 45056, 45057, 45058, 45059, 45065, 45072, 45080, 45081),
        *(45157, 45158, 48006, 76021, 40200),
    ],
)
def test_codes_of_other_calls_have_words_of_their_own(code):
    assert meaning_of(code).reason != meaning_of(12345).reason


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_row_is_what_a_refused_answer_says(redis, console, clock, code):
    console.spoil("errcode", errcode=code, times=2)
    client = Client(redis, console.url, (APP_ID, APP_SECRET), clock=clock)
    with pytest.raises(DeliveryError) as caught:
        client.send_text(WANG, "您好")
    error, meaning = caught.value, meaning_of(code)
    assert (error.code, str(error)) == (str(code), meaning.reason)
    assert error.is_permanent == meaning.is_permanent == (meaning.action not in PASSING)
    assert not error.is_ambiguous
    assert error.is_uncounted == (meaning.action is Action.QUOTA)
    expected_calls = 2 if meaning.action is Action.NEW_TOKEN else 1
    assert len(console.calls("custom/send")) == expected_calls
    assert console.phone() == []


def test_the_reasons_an_agent_sees_most_say_what_to_do():
    assert "48-hour" in meaning_of(45015).reason
    assert "until the customer writes again" in meaning_of(45047).reason
    assert "not verified" in meaning_of(48001).reason


class TestStoredCodes:
    def test_a_stored_number_is_wechat_s(self):
        assert meaning_of_text("45015") == meaning_of(45015)
        assert meaning_of_text("-1") == meaning_of(-1)

    @pytest.mark.parametrize("code", sorted(OUR_CODES))
    def test_our_own_codes_have_words(self, code):
        meaning = meaning_of_text(code)
        assert isinstance(meaning, Meaning)
        assert (meaning.code, bool(meaning.reason)) == (0, True)

    def test_the_codes_that_the_desk_uses_are_there(self):
        used = {"timeout", "junk", "http", "unreachable", "token", "lost", "redis", "pace"}
        of_files = {"too_large", "store", "file_gone"}
        of_the_desk = {"account", "kept", "unverified", "template", "customer_left"}
        assert used | of_files | of_the_desk == set(OUR_CODES)

    @pytest.mark.parametrize("code", [None, "", "ConnectionError", "1e5", "٤٥", "9" * 30])
    def test_anything_else_has_none(self, code):
        assert meaning_of_text(code) is None

    @pytest.mark.parametrize("code", ["timeout", "junk", "http", "lost"])
    def test_what_may_have_arrived_is_never_tried_again(self, code):
        meaning = meaning_of_text(code)
        assert meaning is not None
        assert meaning.is_permanent
        assert "may have arrived" in meaning.advice


class TestPage:
    def test_the_page_has_exactly_the_codes_of_the_table(self):
        rows = rows_of_page()
        assert set(rows) == {str(code) for code in CODES} | set(OUR_CODES)

    def test_the_page_says_what_the_code_says(self):
        for code, row in rows_of_page().items():
            meaning = meaning_of_text(code)
            assert (row[2], row[4]) == (meaning.reason, meaning.advice), code
            assert (row[5], row[6] == "yes") == (meaning.action, meaning.is_permanent), code

    def test_the_page_s_chinese_is_the_catalogue_s(self):
        """What is not translated yet is another test's business."""
        with CATALOGUE.open("rb") as file:
            catalogue = read_po(file, locale="zh_CN")
        for code, row in rows_of_page().items():
            message = catalogue.get(row[2])
            if message is not None and message.string:
                assert row[3] == message.string, code
