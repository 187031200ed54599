"""Rules change: every change is a version, and reaches every process."""

import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from campaigns.events import make_live
from cast import customer_writes, make_account, make_rule
from servers import wait_until
from sqlalchemy import select

from wxdesk.accounts.models import Account
from wxdesk.campaigns import switching
from wxdesk.conversations.assigning import claim
from wxdesk.inbox.operations import resolve
from wxdesk.intake.directory import Directory
from wxdesk.plumbing.errors import (
    ConflictError,
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
)
from wxdesk.triage.digests import digest_of
from wxdesk.triage.models import AutoReplyRule, AutoReplyRuleVersion, DryRun
from wxdesk.triage.operations import (
    UnseenError,
    archive_rule,
    ask_for_approval,
    change_rule,
    create_rule,
    restore_rule,
    roll_back,
    switch_rule,
    writer_of,
)
from wxdesk.triage.problems import problems
from wxdesk.triage.queries import get_form, list_rule_texts, list_versions
from wxdesk.triage.rule_forms import RuleForm, cleaned
from wxdesk.triage.rules import (
    NOTHING_KNOWN,
    Conditions,
    DryRunState,
    Heard,
    Limits,
    Match,
    MoreReply,
    Newness,
    Outcome,
    ReplyKind,
    Trigger,
    WhenOver,
)
from wxdesk.triage.stored import form_of_json, form_to_json
from wxdesk.wechat.push import read_fields

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)


def form(account, **values) -> RuleForm:
    fields = {
        "name": "活动",
        "match": Match.CONTAINS,
        "patterns": "抽奖",
        "reply_text": "感谢参与!",
        "is_active": True,
    }
    return RuleForm(account_id=account.id, **(fields | values))


def seen(runtime, account, chen, **values) -> int:
    """Chen has looked at a dry run of this rule."""
    rule = form(account, **values)
    with runtime.unit_of_work() as uow:
        run = DryRun(
            account_id=account.id,
            digest=digest_of(rule),
            definition=form_to_json(rule),
            days=7,
            state=DryRunState.DONE,
            created_at=uow.now,
            confirmed_by_id=chen,
            confirmed_at=uow.now,
        )
        uow.session.add(run)
        uow.session.flush()
        return run.id


def speaks(directory, slug="yunshan", text="抽奖") -> bool:
    heard = Heard(NOON, "o", text=text)
    return directory.find(slug).rulebook.find(heard, NOTHING_KNOWN, lambda: None) is not None


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


@pytest.mark.one_database
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
        ("exclusions", "x" * 201),
        ("patterns", "？！"),
        ("reply_text", "{{coupon}}"),
        ("reply_text", "{{code}}"),
        ("reply_text", "{{remark}}"),
        ("reply_text", "{{remark|您}}" + "好" * 650),
        ("waiting_minutes", 0),
        ("ends_at", Conditions(starts_at=NOON, ends_at=NOON)),
        ("weekdays", Conditions(weekdays=(0,))),
        ("minutes_from", Conditions(minutes_from=1440)),
        ("minutes_until", Conditions(minutes_from=540, minutes_until=540)),
        ("qr_scenes", Conditions(qr_scenes=("",))),
        ("per_person", Limits(per_person=0)),
        ("per_person", Limits(per_person_seconds=3600)),
        ("per_person_seconds", Limits(per_person=1, per_person_seconds=59)),
        ("total", Limits(total=0)),
        ("per_minute", Limits(per_minute=0)),
        ("when_over", Limits(total=1, when_over=WhenOver.REPLY)),
        ("more_replies.0", (MoreReply(Outcome.DEFAULT, 1, " "),)),
        ("more_replies.0", (MoreReply(Outcome.ENTERED, 1, "好"),)),
        ("more_replies.0", (MoreReply(Outcome.DEFAULT, 0, "好"),)),
        ("more_replies.0", (MoreReply(Outcome.DEFAULT, 1, "", ReplyKind.IMAGE),)),
    ],
)
def test_a_rule_that_can_not_be_taken_names_its_field(runtime, account, field, value):
    place = {Conditions: "conditions", Limits: "limits", tuple: "more_replies"}
    values = {place.get(type(value), field): value}
    if field == "waiting_minutes":
        values["trigger"] = Trigger.WAITING
    with pytest.raises(InvalidInputError) as caught, runtime.unit_of_work() as uow:
        create_rule(uow, form(account, **values), None, is_seen=True)
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
            create_rule(
                uow, form(account, is_active=False, reply_text=f"好{text}", name=f"名{text}"), None
            )
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
    with pytest.raises(InvalidInputError, match="no such"), runtime.unit_of_work() as uow:
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
    assert speaks(there)

    started = time.monotonic()
    with here.unit_of_work() as uow:
        switch_rule(uow, rule.id, is_active=False, changed_by_id=None)
    wait_until(lambda: not speaks(there), what="the rule's silence")
    assert time.monotonic() - started < 1.0


def test_a_new_account_is_found_within_a_second(runtime, account):
    directory = Directory(runtime)
    assert directory.find("other") is None
    make_account(runtime, slug="other", original_id="gh_other", app_id="wx_other")
    wait_until(lambda: directory.find("other"), seconds=1, what="the new account")


def test_rules_of_one_account_do_not_speak_for_another(runtime, account):
    make_rule(runtime, account, "抽奖")
    make_account(runtime, slug="other", original_id="gh_other", app_id="wx_other")
    assert not speaks(Directory(runtime), "other")


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


FULL = {
    "trigger": Trigger.TEXT,
    "match": Match.ALL_WORDS,
    "patterns": "退款 多久\nrefund",
    "exclusions": "不退\n已退",
    "conditions": Conditions(
        starts_at=NOON,
        ends_at=NOON + timedelta(days=7),
        weekdays=(1, 5),
        minutes_from=1320,
        minutes_until=120,
        newness=Newness.RETURNING,
        contact_tag_ids=(3, 4),
        qr_scenes=("shop-1",),
    ),
    "reply_text": "{{customer|您}}好,前面还有 {{position}} 位。",
    "more_replies": (
        MoreReply(Outcome.DEFAULT, 3, "另一句"),
        MoreReply(Outcome.LIMIT, 1, "", ReplyKind.NEWS, {"title": "规则", "url": "https://a.cn"}),
    ),
    "reply_weight": 2,
    "limits": Limits(1, 3600, 100, 60, WhenOver.REPLY),
    "passes_on": True,
    "answers_attended": True,
    "priority": -5,
}


def test_a_rule_with_everything_is_read_as_it_was_written(runtime, account):
    written = cleaned(form(account, **FULL))
    with runtime.unit_of_work() as uow:
        rule_id = create_rule(uow, form(account, **FULL), None, is_seen=True).id
    with runtime.reading() as session:
        assert get_form(session, rule_id) == written
        assert list_versions(session, rule_id)[0].form == written
        (text,) = list_rule_texts(session, account.id, runtime.clock())
    assert form_of_json(form_to_json(written)) == written
    assert [len(text.replies[outcome]) for outcome in (Outcome.DEFAULT, Outcome.LIMIT)] == [2, 1]


@pytest.mark.one_database
@pytest.mark.parametrize(
    "other",
    [
        {"exclusions": ""},
        {"limits": Limits()},
        {"passes_on": False},  # with it no hit is wrong
        {"answers_attended": False},
    ],
    ids=lambda values: next(iter(values)),
)
def test_a_dry_run_counts_for_no_rule_of_which_it_would_have_found_something_else(
    runtime, account, team, other
):
    tried = form(account, **FULL)
    run_id = seen(runtime, account, team.chen, **FULL)
    with pytest.raises(UnseenError), runtime.unit_of_work() as uow:
        create_rule(uow, replace(tried, **other), team.chen, dry_run_id=run_id)
    with runtime.unit_of_work() as uow:
        rule_id = create_rule(uow, replace(tried, reply_text="别的话"), team.chen).id
    with pytest.raises(UnseenError), runtime.unit_of_work() as uow:
        change_rule(uow, rule_id, replace(tried, **other), team.chen)


@pytest.mark.one_database
def test_a_dry_run_of_31_days_ago_switches_nothing_on(runtime, account, team):
    run_id = seen(runtime, account, team.chen)
    runtime.clock.advance(days=29)
    with runtime.unit_of_work() as uow:
        rule_id = create_rule(uow, form(account), team.chen).id
        switch_rule(uow, rule_id, is_active=False, changed_by_id=team.chen)
    runtime.clock.advance(days=2)
    with pytest.raises(UnseenError), runtime.unit_of_work() as uow:
        switch_rule(uow, rule_id, is_active=True, changed_by_id=team.chen, dry_run_id=run_id)


@pytest.mark.one_database
def test_a_campaigns_rules_are_no_way_round_what_was_seen_of_it(runtime, account, team):
    """For the seven days too in which they say that it is over."""
    campaign_id = make_live(runtime, account)
    with runtime.reading() as session:
        rule_id = session.scalars(select(AutoReplyRule.id)).one()
        broad = replace(get_form(session, rule_id), match=Match.CONTAINS, patterns="订单")
    with pytest.raises(ConflictError, match="campaign"), runtime.unit_of_work() as uow:
        roll_back(uow, rule_id, 1, team.chen)
    for act in (switching.stop, switching.end):
        with runtime.unit_of_work() as uow:
            act(uow, campaign_id, actor_id=team.chen)
    with pytest.raises(UnseenError), runtime.unit_of_work() as uow:
        change_rule(uow, rule_id, broad, team.chen)
    runtime.clock.advance(days=7)
    with runtime.unit_of_work() as uow:
        change_rule(uow, rule_id, broad, team.chen)


def test_nothing_begins_to_answer_unseen(runtime, account, team):
    with pytest.raises(UnseenError), runtime.unit_of_work() as uow:
        create_rule(uow, form(account), team.chen)
    assert versions(runtime) == []
    with runtime.unit_of_work() as uow:
        rule_id = create_rule(uow, form(account, is_active=False), team.chen).id
    with pytest.raises(UnseenError), runtime.unit_of_work() as uow:
        switch_rule(uow, rule_id, is_active=True, changed_by_id=team.chen)
    other = seen(runtime, account, team.chen, patterns="别的")
    with pytest.raises(UnseenError), runtime.unit_of_work() as uow:
        switch_rule(uow, rule_id, is_active=True, changed_by_id=team.chen, dry_run_id=other)
    run_id = seen(runtime, account, team.chen)
    with runtime.unit_of_work() as uow:
        switch_rule(uow, rule_id, is_active=True, changed_by_id=team.chen, dry_run_id=run_id)
    with runtime.reading() as session:
        assert list_versions(session, rule_id)[0].dry_run_id == run_id


def test_while_it_answers_only_what_it_catches_must_be_seen_again(runtime, account, team):
    rule = make_rule(runtime, account)
    with runtime.unit_of_work() as uow:
        change_rule(uow, rule.id, form(account, reply_text="二"), team.chen)
    with pytest.raises(UnseenError), runtime.unit_of_work() as uow:
        change_rule(uow, rule.id, form(account, patterns="抽奖\n中奖"), team.chen)
    seen(runtime, account, team.chen, patterns="抽奖\n中奖")
    with runtime.unit_of_work() as uow:
        change_rule(uow, rule.id, form(account, patterns="抽奖\n中奖"), team.chen)
    with pytest.raises(UnseenError), runtime.unit_of_work() as uow:
        roll_back(uow, rule.id, 1, team.chen)
    with runtime.unit_of_work() as uow:
        switch_rule(uow, rule.id, is_active=False, changed_by_id=team.chen)
        roll_back(uow, rule.id, 1, team.chen)
    assert versions(runtime)[-1] == (5, "感谢参与!", False)
    with runtime.reading() as session:
        assert get_form(session, rule.id).patterns == "抽奖"


def test_where_two_are_needed_the_writer_can_not_switch_it_on(runtime, account, team):
    with runtime.unit_of_work() as uow:
        uow.session.get_one(Account, account.id).needs_approval = True
    run_id = seen(runtime, account, team.zhou)
    with pytest.raises(ConflictError, match="second person"), runtime.unit_of_work() as uow:
        create_rule(uow, form(account), team.zhou, dry_run_id=run_id)
    with runtime.unit_of_work() as uow:
        rule_id = create_rule(uow, form(account, is_active=False), team.zhou).id
        ask_for_approval(uow, rule_id, team.zhou)

    def switch_on(agent_id: int) -> None:
        with runtime.unit_of_work() as uow:
            switch_rule(uow, rule_id, is_active=True, changed_by_id=agent_id)

    with pytest.raises(NotAllowedError):
        switch_on(team.chen)
    with pytest.raises(ConflictError):
        switch_on(team.zhou)
    switch_on(team.admin)
    with pytest.raises(ConflictError, match="second person"), runtime.unit_of_work() as uow:
        change_rule(uow, rule_id, form(account, reply_text="二"), team.admin)
    with runtime.unit_of_work() as uow:
        switch_rule(uow, rule_id, is_active=False, changed_by_id=team.chen)
    with runtime.reading() as session:
        assert writer_of(session, rule_id) == team.zhou


def test_an_archived_rule_is_silent_until_it_is_brought_back_and_switched_on(runtime, account):
    rule = make_rule(runtime, account)
    with runtime.unit_of_work() as uow:
        archive_rule(uow, rule.id, None)
    with pytest.raises(NotFoundError), runtime.unit_of_work() as uow:
        switch_rule(uow, rule.id, is_active=True, changed_by_id=None, is_seen=True)
    with runtime.unit_of_work() as uow:
        restore_rule(uow, rule.id, None)
    assert [active for _, _, active in versions(runtime)] == [True, False]
    with runtime.unit_of_work() as uow:
        switch_rule(uow, rule.id, is_active=True, changed_by_id=None, is_seen=True)


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("values", "is_taken"),
    [
        ({"patterns": "优惠\n抽 奖!\n抽奖！"}, True),
        ({"priority": 9}, True),
        ({"match": Match.EXACT}, False),
        ({"conditions": Conditions(newness=Newness.NEW)}, True),
        ({"conditions": Conditions(newness=Newness.NEW), "priority": 9}, False),
        ({"exclusions": "怎么"}, True),
        ({"exclusions": "怎么", "priority": 9}, False),
        ({"patterns": "抽奖活动"}, False),
    ],
)
def test_a_keyword_of_another_rule_is_refused_where_one_could_never_answer(
    runtime, account, values, is_taken
):
    first = make_rule(runtime, account, name="旧活动")
    draft = form(account, is_active=False, **values)
    if not is_taken:
        with runtime.unit_of_work() as uow:
            create_rule(uow, draft, None)
        return
    with pytest.raises(InvalidInputError) as caught, runtime.unit_of_work() as uow:
        create_rule(uow, draft, None)
    assert caught.value.field == "patterns"
    assert "旧活动" in caught.value.sentence
    assert caught.value.extra == {"rule_id": first.id}
    assert len(versions(runtime)) == 1


def test_two_greetings_of_followers_at_the_same_time_are_refused(runtime, account):
    make_rule(runtime, account, "", trigger=Trigger.FOLLOW)
    again = form(account, trigger=Trigger.FOLLOW, is_active=False)
    with pytest.raises(InvalidInputError) as caught, runtime.unit_of_work() as uow:
        create_rule(uow, again, None)
    assert caught.value.field == "trigger"
    from_shop = replace(again, trigger=Trigger.SCAN, patterns="shop-1")
    with runtime.unit_of_work() as uow:
        create_rule(uow, from_shop, None)


def test_of_two_who_save_one_keyword_at_once_one_is_told(runtime, account):
    start, refused = threading.Barrier(2), []

    def create() -> None:
        start.wait()
        try:
            with runtime.unit_of_work() as uow:
                create_rule(uow, form(account), None, is_seen=True)
        except InvalidInputError as error:
            refused.append(error.field)

    threads = [threading.Thread(target=create) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (refused, len(versions(runtime))) == (["patterns"], 1)
