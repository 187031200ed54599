"""The rules' pages: marketer Chen writes rules and tries them before they answer; agents read."""

import re
from dataclasses import replace

import pytest
from campaigns.events import make_live
from cast import Browser, agent_answers, customer_writes, make_account, make_rule
from sqlalchemy import select, update

from wxdesk.accounts.models import Account
from wxdesk.notifications.models import Notification
from wxdesk.triage.jobs import run_dry_runs
from wxdesk.triage.models import AutoReplyRule, DryRun
from wxdesk.triage.operations import change_rule
from wxdesk.triage.queries import get_form

pytestmark = pytest.mark.one_database

LI = "oLi000000000000000000000000"


@pytest.fixture
def chen(app, team) -> Browser:
    return logged_in(app, "chen")


@pytest.fixture
def lin(app, team) -> Browser:
    return logged_in(app, "lin")


def logged_in(app, name) -> Browser:
    browser = Browser(app.test_client())
    assert browser.log_in(name).status_code == 302
    return browser


def new_rule(account, **values: str) -> dict[str, str]:
    form = {
        "account_id": str(account.id),
        "name": "双十一",
        "trigger": "text",
        "match": "contains",
        "patterns": "抽奖\n参加",
        "reply_text": "感谢参与!",
        "priority": "5",
    }
    return form | values


def the_rule(runtime) -> AutoReplyRule:
    with runtime.reading() as session:
        return session.scalars(select(AutoReplyRule)).one()


def follow(browser, answer, times: int = 3):
    """The page behind redirects."""
    for _ in range(times):
        if answer.status_code != 302:
            break
        answer = browser.get(answer.location)
    return answer


def apply_path(page: str) -> str:
    (path,) = set(re.findall(r'action="(/settings/rules/dry-runs/\d+/apply)"', page))
    return path


def seen_version(page: str) -> str:
    (version,) = set(re.findall(r'name="version" value="(\d+)"', page))
    return version


def asks_for_approval(runtime) -> None:
    with runtime.unit_of_work() as uow:
        uow.session.execute(update(Account).values(needs_approval=True))


def test_chen_tries_a_rule_on_earlier_messages_before_it_answers(
    app, chen, runtime, account, team, webhook
):
    asked = customer_writes(runtime, account, "抽奖怎么参加?")
    agent_answers(runtime, asked, team.lin, "在菜单里点抽奖")
    chen.get("/settings/rules/new")
    saved = chen.post("/settings/rules/new", do="try", **new_rule(account))
    rule = the_rule(runtime)
    assert not rule.is_active
    start = follow(chen, saved)
    assert f'action="/settings/rules/{rule.id}/dry-run"' in start.text
    page = follow(chen, chen.post(f"/settings/rules/{rule.id}/dry-run", days="7")).text
    assert "在菜单里点抽奖" in page  # a wrong hit, with what Lin answered
    assert "I have seen this: switch on" in page
    somebody = webhook.fields("我要抽奖", FromUserName=LI)  # not Wang: Lin is in that conversation
    assert "感谢参与" not in webhook.deliver(somebody).text
    assert chen.post(apply_path(page)).status_code == 302
    assert the_rule(runtime).is_active
    app.extensions["wxdesk-door"].directory.refresh()  # as it does by itself every 0.3 seconds
    somebody = webhook.fields("我要抽奖", FromUserName=LI)
    assert "感谢参与" in webhook.deliver(somebody).text


def test_what_an_active_rule_catches_changes_only_after_it_was_seen(chen, runtime, account):
    rule = make_rule(runtime, account, patterns="抽奖", name="双十一")
    chen.get(f"/settings/rules/{rule.id}")
    form = new_rule(account, patterns="抽奖\n中奖", reply_text="感谢参与!", priority="0")
    address = chen.post(f"/settings/rules/{rule.id}", **form).location
    assert "Waiting for its turn" in chen.get(address).text
    assert the_rule(runtime).patterns == "抽奖"
    run_dry_runs()
    page = chen.get(address).text
    assert "<ins>中奖</ins>" in page
    assert chen.post(apply_path(page)).status_code == 302
    assert the_rule(runtime).patterns == "抽奖\n中奖"


def test_a_change_that_waits_never_undoes_what_was_corrected_meanwhile(chen, runtime, account):
    rule = make_rule(runtime, account, patterns="抽奖", name="双十一", reply_text="旧的错误答案")
    chen.get(f"/settings/rules/{rule.id}")
    wider = new_rule(account, patterns="抽奖\n中奖", reply_text="旧的错误答案", priority="0")
    address = chen.post(f"/settings/rules/{rule.id}", **wider).location
    run_dry_runs()
    apply = apply_path(chen.get(address).text)
    right = new_rule(account, patterns="抽奖", reply_text="更正后的答案", priority="0")
    chen.post(f"/settings/rules/{rule.id}", **right)

    refused = chen.post(apply)
    assert refused.status_code == 422
    assert "the rule was changed since" in refused.text
    assert "Try it as it is now" in chen.get(address).text
    again = chen.post(apply.replace("apply", "again"), days="3").location  # of the same old text
    assert chen.post(f"{again.partition('?')[0]}/apply").status_code == 422
    assert (the_rule(runtime).reply_text, the_rule(runtime).patterns) == ("更正后的答案", "抽奖")


def test_another_reply_of_an_active_rule_is_saved_at_once(chen, runtime, account):
    rule = make_rule(runtime, account, patterns="抽奖", name="双十一")
    chen.get(f"/settings/rules/{rule.id}")
    form = new_rule(account, patterns="抽奖", reply_text="新的回复", priority="0")
    chen.post(f"/settings/rules/{rule.id}", **form)
    assert (the_rule(runtime).reply_text, the_rule(runtime).version) == ("新的回复", 2)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("priority", "high"),
        ("priority", "9" * 5000),
        ("match", "sounds like"),
        ("trigger", "magic"),
        ("newness", "old"),
        ("starts_at", "soon"),
        ("minutes_from", "25:00"),
        ("per_person", "-1"),
        ("per_minute", "many"),
        ("waiting_minutes", "x"),
        ("reply_weight", "1000"),
        ("account_id", "9" * 30),
        ("name", ""),
        ("patterns", ""),
        ("reply_text", ""),
    ],
    ids=lambda value: str(value)[:12],
)
def test_a_wrong_value_is_shown_at_its_field_and_nothing_is_saved(
    chen, runtime, account, field, value
):
    answer = chen.post("/settings/rules/new", **new_rule(account, **{field: value}))
    assert answer.status_code == 422
    assert "双十一" in answer.text or field == "name"  # what was typed is still there
    assert 'class="field-error"' in answer.text
    with runtime.reading() as session:
        assert session.scalars(select(AutoReplyRule)).all() == []


def test_every_part_of_a_rule_is_stored_and_shown_again(chen, runtime, account):
    chen.get("/settings/rules/new")
    form = new_rule(
        account,
        exclusions="怎么",
        starts_at="2026-03-02T20:00",
        ends_at="2026-03-09T20:00",
        weekdays="6",
        minutes_from="22:00",
        minutes_until="02:00",
        newness="returning",
        qr_scenes="shop-1",
        per_person="2",
        per_person_seconds="86400",
        total="500",
        when_over="reply",
        more="0",
        more0_outcome="limit",
        more0_kind="text",
        more0_text="已经领完",
        more0_weight="3",
        answers_attended="1",
    )
    assert chen.post("/settings/rules/new", **form).status_code == 302
    page = chen.get(f"/settings/rules/{the_rule(runtime).id}").text
    for shown in ("怎么", "2026-03-02T20:00", "22:00", "02:00", "shop-1", "已经领完", "500"):
        assert shown in page
    assert re.search(r'name="weekdays" value="6" checked', page)
    assert re.search(r'value="86400" selected', page)
    assert the_rule(runtime).conditions["minutes_from"] == 22 * 60
    assert the_rule(runtime).limits["per_person"] == 2


def test_a_rule_is_switched_off_at_once_and_on_only_by_its_dry_run(chen, runtime, account):
    rule = make_rule(runtime, account)
    chen.get("/settings/rules")
    assert chen.post(f"/settings/rules/{rule.id}/switch").status_code == 302
    assert the_rule(runtime).is_active is False
    answer = chen.post(f"/settings/rules/{rule.id}/switch", is_active="1")
    assert answer.location.endswith(f"/settings/rules/{rule.id}/dry-run")
    assert the_rule(runtime).is_active is False


def test_a_campaigns_rule_is_switched_off_here_and_changed_only_with_the_campaign(
    chen, runtime, account
):
    make_live(runtime, account)
    rule_id = the_rule(runtime).id
    chen.get("/settings/rules")
    page = f"/settings/rules/{rule_id}"
    assert chen.post(f"{page}/roll-back", version="1").status_code == 409
    assert chen.post(f"{page}/archive").status_code == 409
    assert chen.post(f"{page}/restore").status_code == 409
    assert chen.post(f"{page}/switch").status_code == 302
    assert chen.post(f"{page}/switch", is_active="1").status_code == 409
    rule = the_rule(runtime)
    assert (rule.is_active, rule.archived_at, rule.version) == (False, None, 2)


def test_versions_say_what_changed_and_are_rolled_back(chen, runtime, account):
    rule = make_rule(runtime, account, patterns="抽奖", name="双十一", reply_text="第一版的话")
    chen.get(f"/settings/rules/{rule.id}")
    chen.post(
        f"/settings/rules/{rule.id}",
        **new_rule(account, patterns="抽奖", reply_text="第二版的话", priority="0"),
    )
    page = chen.get(f"/settings/rules/{rule.id}/versions").text
    assert "<del>第一版的话</del>" in page
    assert "<ins>第二版的话</ins>" in page
    assert "Chen" in page
    assert chen.post(f"/settings/rules/{rule.id}/roll-back", version="1").status_code == 302
    assert (the_rule(runtime).reply_text, the_rule(runtime).version) == ("第一版的话", 3)
    assert chen.post(f"/settings/rules/{rule.id}/roll-back", version="77").status_code == 404


def test_an_archived_rule_leaves_the_list_and_comes_back_switched_off(chen, runtime, account):
    rule = make_rule(runtime, account, name="旧活动")
    chen.get("/settings/rules")
    chen.post(f"/settings/rules/{rule.id}/archive")
    chen.get("/settings/rules")  # the flash
    assert "旧活动" not in chen.get("/settings/rules").text
    assert "旧活动" in chen.get("/settings/rules?state=archived").text
    chen.post(f"/settings/rules/{rule.id}/restore")
    assert "旧活动" in chen.get("/settings/rules?state=off").text


def test_where_a_second_person_must_agree_the_writer_asks_and_zhou_switches_on(
    app, chen, runtime, account, team
):
    rule = make_rule(runtime, account, is_active=False)
    asks_for_approval(runtime)
    chen.get("/settings/rules")
    page = follow(chen, chen.post(f"/settings/rules/{rule.id}/dry-run", days="7")).text
    assert "ask for approval" in page
    assert chen.post(apply_path(page)).status_code == 422
    assert chen.post(apply_path(page), do="ask").status_code == 302
    with runtime.reading() as session:
        told = session.scalars(select(Notification.agent_id)).all()
    assert sorted(told) == sorted([team.zhou, team.admin])
    zhou = logged_in(app, "zhou")
    page = follow(zhou, zhou.get(f"/settings/rules/{rule.id}/dry-run")).text
    with runtime.unit_of_work() as uow:  # meanwhile the writer lets it say something else
        form = replace(get_form(uow.session, rule.id), reply_text="全场免费")
        change_rule(uow, rule.id, form, team.chen)
    for seen in ({}, {"version": seen_version(page)}):
        assert zhou.post(apply_path(page), **seen).status_code == 422
        assert zhou.post(
            f"/settings/rules/{rule.id}/switch", is_active="1", **seen
        ).status_code in (
            409,
            422,
        )
    assert not the_rule(runtime).is_active
    page = zhou.get(f"/settings/rules/{rule.id}/dry-run")
    page = follow(zhou, page).text
    assert "全场免费" in page
    assert zhou.post(apply_path(page), version=seen_version(page)).status_code == 302
    assert the_rule(runtime).is_active


def test_the_list_is_in_the_order_of_trying_and_names_overlaps(chen, runtime, account):
    make_rule(runtime, account, name="后试", patterns="抽奖规则", priority=1)
    make_rule(runtime, account, name="先试", patterns="抽奖", priority=9)
    make_rule(runtime, account, name="关注", trigger="follow", patterns="")
    page = chen.get("/settings/rules").text
    assert page.index("关注") < page.index("先试") < page.index("后试")
    assert "can never answer" in page
    overlaps = chen.get(f"/settings/rules/overlaps?account_id={account.id}").text
    assert "后试" in overlaps
    assert "抽奖规则" in overlaps


def test_the_list_is_searched_filtered_and_paged(chen, runtime, account):
    other = make_account(runtime, slug="other", original_id="gh_other", app_id="wx_other")
    for number in range(51):
        make_rule(runtime, account, name=f"规则{number:02d}", patterns=f"词{number:02d}")
    make_rule(runtime, other, name="别家", is_active=False)
    page = chen.get("/settings/rules").text
    assert "规则49" in page
    assert "规则50" not in page
    (link,) = set(re.findall(r'href="(/settings/rules\?[^"]*cursor=[^"]+)"', page))
    assert "规则50" in chen.get(link.replace("&amp;", "&")).text
    assert "规则07" in chen.get("/settings/rules?q=词07").text
    assert "规则08" not in chen.get("/settings/rules?q=词07").text
    assert "别家" in chen.get(f"/settings/rules?account_id={other.id}&state=off").text
    assert "No rule is like that" in chen.get("/settings/rules?trigger=follow&q=%25").text


def test_what_a_marketer_types_is_never_markup(chen, runtime, account):
    chen.post("/settings/rules/new", **new_rule(account, name="<script>alert(1)</script>"))
    page = chen.get("/settings/rules").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_an_agent_reads_rules_but_changes_none(lin, runtime, account):
    rule = make_rule(runtime, account, name="只读")
    assert "只读" in lin.get("/settings/rules").text
    assert "disabled" in lin.get(f"/settings/rules/{rule.id}").text
    assert lin.get("/settings/rules/new").status_code == 403
    for path in ("new", "", "switch", "archive", "restore", "roll-back", "dry-run"):
        full = f"/settings/rules/{rule.id}/{path}" if path not in ("new", "") else ""
        full = full or f"/settings/rules/{path or rule.id}"
        assert lin.post(full, **new_rule(account)).status_code == 403
    assert the_rule(runtime).version == 1


def test_what_is_not_there_is_not_found(chen, runtime, account):
    for path in ("999999", str(10**30), "999999/versions", "999999/dry-run", "dry-runs/999999"):
        assert chen.get(f"/settings/rules/{path}").status_code == 404
    for path in ("999999", "999999/switch", "999999/dry-run", "dry-runs/999999/apply"):
        form = new_rule(account) | {"days": "7"}
        assert chen.post(f"/settings/rules/{path}", **form).status_code == 404
    with runtime.reading() as session:
        assert session.scalars(select(DryRun)).all() == []


def test_afterwards_nobody_is_led_to_another_site(chen, runtime, account):
    rule = make_rule(runtime, account)
    chen.get("/settings/rules")
    for evil in ("https://evil.example/", "//evil.example", "/settings/rules//evil"):
        answer = chen.post(f"/settings/rules/{rule.id}/switch", then=evil)
        assert answer.location == "/settings/rules"
