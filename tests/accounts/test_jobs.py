"""Templates come from WeChat every hour; one account's trouble stops no other."""

import pytest
from cast import APP_SECRET, TOKEN, as_json, make_account
from sqlalchemy import select

from wxdesk.accounts.jobs import refresh_account_templates, refresh_templates
from wxdesk.accounts.models import Account, MessageTemplate
from wxdesk.accounts.operations import note_problem
from wxdesk.accounts.queries import list_problems, list_templates
from wxdesk.accounts.rules import TemplateKind, field_names
from wxdesk.accounts.templates import MOST_TEMPLATES, store_templates
from wxdesk.background_jobs import REFRESH_ACCOUNT_TEMPLATES
from wxdesk.wechat.quota import Quotas
from wxdesk.wechat.template_calls import Template


@pytest.fixture
def account(sending) -> Account:
    with sending.reading() as session:
        return session.scalars(select(Account)).one()


def kinds(runtime, account) -> list[TemplateKind]:
    with runtime.reading() as session:
        return [template.kind for template in list_templates(session, account.id)]


def test_both_kinds_are_fetched_and_their_values_named(sending, account):
    refresh_templates()
    with sending.reading() as session:
        found = list_templates(session, account.id)
    assert {template.kind for template in found} == set(TemplateKind)
    assert all(template.fields for template in found)
    assert all(template.title for template in found)


def test_a_second_round_changes_nothing_but_the_time(sending, account, clock):
    refresh_templates()
    with sending.reading() as session:
        before = {row.template_id: row.id for row in session.scalars(select(MessageTemplate))}
    clock.advance(hours=1)
    refresh_templates()
    with sending.reading() as session:
        rows = session.scalars(select(MessageTemplate)).all()
    assert {row.template_id: row.id for row in rows} == before
    assert {row.refreshed_at for row in rows} == {clock.now}


def test_an_account_with_a_wrong_secret_stops_no_other(sending, account, wechat):
    broken = make_account(sending, slug="a-broken", original_id="gh_b", app_id="wx_unknown")
    refresh_templates()
    assert kinds(sending, broken) == []
    assert kinds(sending, account) != []


def test_an_account_whose_secrets_can_not_be_opened_stops_no_other(sending, account):
    broken = make_account(sending, slug="a-broken", original_id="gh_b", app_id="wx_unknown")
    with sending.unit_of_work() as uow:
        uow.session.get(Account, broken.id).sealed_app_secret = TOKEN
    refresh_templates()
    assert kinds(sending, account) != []


def test_an_account_without_the_right_is_not_asked(sending, account, wechat):
    with sending.unit_of_work() as uow:
        uow.session.get(Account, account.id).is_verified = False
    refresh_templates()
    assert kinds(sending, account) == []
    assert wechat.calls("template/get_all_private_template") == []


def test_templates_that_wechat_no_longer_has_go_away(sending, account):
    def store(kind, *names):
        with sending.unit_of_work() as uow:
            found = [Template(name, name, "{{thing1.DATA}}", "") for name in names]
            store_templates(uow, account.id, kind, found)

    store(TemplateKind.TEMPLATE, "a", "b")
    store(TemplateKind.SUBSCRIPTION, "c")
    store(TemplateKind.TEMPLATE, "b")
    with sending.reading() as session:
        assert [t.template_id for t in list_templates(session, account.id)] == ["c", "b"]
    store(TemplateKind.TEMPLATE, *[f"t{number}" for number in range(MOST_TEMPLATES + 9)])
    assert kinds(sending, account).count(TemplateKind.TEMPLATE) == MOST_TEMPLATES


def test_an_account_that_is_gone_or_silent_is_no_error(runtime, monkeypatch):
    monkeypatch.setattr("wxdesk.wechat.calls.REPEAT_PAUSES", (0.0, 0.0, 0.0))
    refresh_account_templates(10**9)
    make_account(runtime)
    refresh_templates()


def test_the_names_of_values_are_read_out_of_the_text():
    text = "{{first.DATA}}\n订单：{{keyword1.DATA}} {{ thing2.DATA }}{{first.DATA}} {{x}}"
    assert field_names(text) == ["first", "keyword1", "thing2"]


def test_the_button_calls_the_worker(admin, runtime):
    account = make_account(runtime, slug="second", original_id="gh_2", app_id="wx_2")
    admin.post(f"/settings/accounts/{account.slug}/templates")
    (job,) = runtime.queues.named("contacts").jobs
    assert (job.func_name, job.args) == (REFRESH_ACCOUNT_TEMPLATES.path, [account.id])


def test_the_api_tells_what_an_account_is_and_has_without_a_secret(lin, runtime):
    account = make_account(runtime, slug="second", original_id="gh_2", app_id="wx_2")
    until = Quotas(runtime.redis, account.app_id, runtime.clock).note("message/custom/send")
    with runtime.unit_of_work() as uow:
        uow.session.get(Account, account.id).messages_refused_at = uow.now
        note_problem(uow, account.id, "40164", "raw")
    answer = lin.get("/accounts")
    (item,) = as_json(answer)["items"]
    assert (item["slug"], item["type"], item["mode"]) == ("second", "service", "plain")
    assert "messages" not in item["capabilities"]
    assert "media" in item["capabilities"]
    assert item["problem"]["code"] == "40164"
    (used_up,) = item["quota"]["used_up"]
    assert used_up["path"] == "/cgi-bin/message/custom/send"
    assert used_up["until"].startswith(until.isoformat()[:16])
    assert APP_SECRET not in answer.text
    assert TOKEN not in answer.text
    assert "wx_2" not in answer.text


def test_the_api_asks_a_redis_that_is_in_trouble_once_and_not_for_each_account(lin, runtime):
    for number in range(2):
        make_account(runtime, slug=f"s{number}", original_id=f"gh_{number}", app_id=f"wx{number}")
    runtime.redis.set("wxdesk:quota:wx0", "no hash")  # Redis refuses this one only
    assert [item["quota"] for item in as_json(lin.get("/accounts"))["items"]] == [None, None]


def test_the_api_pages_through_accounts(lin, runtime):
    for number in range(3):
        make_account(runtime, slug=f"s{number}", original_id=f"gh_{number}", app_id=f"wx{number}")
    first = as_json(lin.get("/accounts", limit=2))
    second = as_json(lin.get("/accounts", limit=2, cursor=first["next_cursor"]))
    assert [item["slug"] for item in first["items"] + second["items"]] == ["s0", "s1", "s2"]
    assert second["next_cursor"] is None


def test_the_api_lists_templates(lin, runtime):
    account = make_account(runtime, slug="second", original_id="gh_2", app_id="wx_2")
    with runtime.unit_of_work() as uow:
        found = [Template("T1", "发货通知", "单号 {{number1.DATA}}", "单号 7")]
        store_templates(uow, account.id, TemplateKind.TEMPLATE, found)
    body = as_json(lin.get("/accounts/second/templates"))
    assert body == {
        "items": [
            {
                "id": "T1",
                "kind": "template",
                "title": "发货通知",
                "content": "单号 {{number1.DATA}}",
                "example": "单号 7",
                "fields": ["number1"],
            }
        ],
        "next_cursor": None,
    }
    assert lin.get("/accounts/nobody/templates").status_code == 404


def test_problems_are_listed_the_latest_first(runtime, clock):
    for number, code in enumerate(("40164", "its own word")):
        account = make_account(
            runtime, slug=f"s{number}", original_id=f"gh_{number}", app_id=f"wx{number}"
        )
        clock.advance(seconds=1)
        with runtime.unit_of_work() as uow:
            note_problem(uow, account.id, code, "as it was noted")
    with runtime.reading() as session:
        found = list_problems(session)
    assert [problem.slug for problem in found] == ["s1", "s0"]
    assert found[0].reason == "as it was noted"
    assert "whitelist" in found[1].reason
