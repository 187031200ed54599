"""Rules change: every change is a version, and reaches every process."""

import threading
import time

import pytest
from cast import customer_writes, make_account, make_rule
from servers import wait_until
from sqlalchemy import select

from wxdesk.accounts.models import Account
from wxdesk.conversations.assigning import claim
from wxdesk.inbox.operations import resolve
from wxdesk.intake.directory import Directory
from wxdesk.plumbing.errors import InvalidInputError, NotFoundError
from wxdesk.triage.models import AutoReplyRule, AutoReplyRuleVersion
from wxdesk.triage.operations import RuleForm, change_rule, create_rule, problems, switch_rule
from wxdesk.triage.rules import Match
from wxdesk.wechat.push import read_fields


def form(account, **values) -> RuleForm:
    fields = {
        "name": "活动",
        "match": Match.CONTAINS,
        "patterns": "抽奖",
        "reply_text": "感谢参与!",
        "is_active": True,
    }
    return RuleForm(account_id=account.id, **(fields | values))


def versions(runtime) -> list[tuple[int, str, bool]]:
    columns = (
        AutoReplyRuleVersion.version,
        AutoReplyRuleVersion.reply_text,
        AutoReplyRuleVersion.is_active,
    )
    with runtime.reading() as session:
        rows = session.execute(select(*columns).order_by(AutoReplyRuleVersion.id))
        return [tuple(row) for row in rows]


def test_every_change_is_a_version_and_no_change_is_none(runtime, account, team):
    rule = make_rule(runtime, account, reply_text="一")
    with runtime.unit_of_work() as uow:
        change_rule(uow, rule.id, form(account, reply_text="二"), team.chen)
    with runtime.unit_of_work() as uow:
        change_rule(uow, rule.id, form(account, reply_text="二 ", patterns=" 抽奖\n"), team.chen)
    with runtime.unit_of_work() as uow:
        switch_rule(uow, rule.id, is_active=False, changed_by_id=team.chen)
    with runtime.unit_of_work() as uow:
        switch_rule(uow, rule.id, is_active=False, changed_by_id=team.chen)
    assert versions(runtime) == [(1, "一", True), (2, "二", True), (3, "二", False)]


def test_each_change_makes_the_processes_reload(runtime, account):
    def config_version() -> int:
        with runtime.reading() as session:
            return session.get_one(Account, account.id).config_version

    before = config_version()
    rule = make_rule(runtime, account)
    with runtime.unit_of_work() as uow:
        switch_rule(uow, rule.id, is_active=False, changed_by_id=None)
    assert config_version() == before + 2


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "  "),
        ("name", "x" * 81),
        ("patterns", " \n "),
        ("patterns", "\n".join(str(n) for n in range(501))),
        ("patterns", "x" * 201),
        ("reply_text", " "),
        ("reply_text", "好" * 683),
        ("priority", 1001),
    ],
)
def test_a_rule_that_can_not_be_taken_names_its_field(runtime, account, field, value):
    with pytest.raises(InvalidInputError) as caught, runtime.unit_of_work() as uow:
        create_rule(uow, form(account, **{field: value}), None)
    assert caught.value.field == field
    assert versions(runtime) == []


@pytest.mark.parametrize("pattern", ["(", "(?=a)", "a*", ".*", "", "^"])
def test_a_regular_expression_that_fails_or_hits_everything_is_refused(account, pattern):
    assert "patterns" in problems(form(account, match=Match.REGEX, patterns=pattern))


def test_a_keyword_that_is_empty_once_folded_is_refused(account):
    """It would be contained in every message, and answer every customer."""
    for match in (Match.EXACT, Match.CONTAINS):
        assert "patterns" in problems(form(account, match=match, patterns="\u3000\u00a0")), match


@pytest.mark.parametrize("text", ["a\x00b", "\x02"])
def test_a_reply_or_a_name_with_control_characters_is_no_server_error(runtime, account, text):
    try:
        with runtime.unit_of_work() as uow:
            create_rule(uow, form(account, reply_text=f"好{text}", name=f"名{text}"), None)
    except InvalidInputError:
        return
    assert len(versions(runtime)) == 1


def test_the_longest_reply_that_wechat_takes_is_taken(runtime, account):
    make_rule(runtime, account, reply_text="好" * 682 + "x")
    assert len(versions(runtime)) == 1


def test_a_rule_stays_with_its_account(runtime, account):
    other = make_account(runtime, slug="other", original_id="gh_other", app_id="wx_other")
    rule = make_rule(runtime, account)
    with pytest.raises(InvalidInputError, match="stays"), runtime.unit_of_work() as uow:
        change_rule(uow, rule.id, form(other), None)


def test_a_rule_of_nobody_and_a_change_of_nothing_are_refused(runtime, account):
    with pytest.raises(InvalidInputError), runtime.unit_of_work() as uow:
        create_rule(uow, RuleForm(account.id + 999, "n", Match.EXACT, "p", "r"), None)
    with pytest.raises(NotFoundError), runtime.unit_of_work() as uow:
        switch_rule(uow, 999_999, is_active=True, changed_by_id=None)


def test_two_changes_at_once_are_two_versions(runtime, account):
    rule = make_rule(runtime, account, reply_text="一")
    start = threading.Barrier(2)

    def change(text: str) -> None:
        start.wait()
        with runtime.unit_of_work() as uow:
            change_rule(uow, rule.id, form(account, reply_text=text), None)

    threads = [threading.Thread(target=change, args=(text,)) for text in ("二", "三")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [version for version, _text, _active in versions(runtime)] == [1, 2, 3]
    with runtime.reading() as session:
        assert session.get_one(AutoReplyRule, rule.id).version == 3


def test_a_rule_that_is_switched_off_is_silent_in_every_process_within_a_second(
    build_runtime, redis_server
):
    here = build_runtime(WXDESK_REDIS_URL=redis_server.url)
    rule = make_rule(here, make_account(here), "抽奖")
    there = Directory(build_runtime(WXDESK_REDIS_URL=redis_server.url))
    assert there.find("yunshan").rulebook.find("抽奖") is not None

    started = time.monotonic()
    with here.unit_of_work() as uow:
        switch_rule(uow, rule.id, is_active=False, changed_by_id=None)
    wait_until(
        lambda: there.find("yunshan").rulebook.find("抽奖") is None, what="the rule's silence"
    )
    assert time.monotonic() - started < 1.0


def test_a_new_account_is_found_within_a_second(runtime, account):
    directory = Directory(runtime)
    assert directory.find("other") is None
    make_account(runtime, slug="other", original_id="gh_other", app_id="wx_other")
    wait_until(lambda: directory.find("other"), seconds=1, what="the new account")


def test_rules_of_one_account_do_not_speak_for_another(runtime, account):
    make_rule(runtime, account, "抽奖")
    make_account(runtime, slug="other", original_id="gh_other", app_id="wx_other")
    assert Directory(runtime).find("other").rulebook.find("抽奖") is None


def test_no_rule_speaks_from_the_claim_until_the_end(webhook, runtime, account, team):
    """The agent's own acts, not a hash that a test writes, silence and release the rule."""
    make_rule(runtime, account, "抽奖", "感谢参与!")
    conversation = customer_writes(runtime, account).conversation_id

    def answer() -> str:
        found = webhook.deliver(webhook.fields("抽奖")).data
        return found.decode() if found == b"success" else read_fields(found)["Content"]

    assert answer() == "感谢参与!"
    with runtime.unit_of_work() as uow:
        claim(uow, conversation, team.lin)
    assert answer() == "success"
    with runtime.unit_of_work() as uow:
        resolve(uow, conversation)
    assert answer() == "感谢参与!"
