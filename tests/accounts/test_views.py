"""Admins add and change official accounts; secrets go in and never come out."""

import re

import pytest
from cast import AES_KEY, APP_SECRET, TOKEN, Browser, hire, make_account
from sqlalchemy import select

from wxdesk.accounts.models import Account
from wxdesk.accounts.operations import note_problem
from wxdesk.accounts.queries import get_keys, get_view
from wxdesk.app import create_app
from wxdesk.audit.models import AuditEntry
from wxdesk.background_jobs import TRY_ACCOUNT_NOW
from wxdesk.wechat.quota import Quotas

pytestmark = pytest.mark.one_database

NEW = {
    "name": "云杉新店",
    "slug": "xindian",
    "original_id": "gh_xindian",
    "app_id": "wx00000000000new",
    "app_secret": "brandnewsecret",
    "account_type": "service",
    "is_verified": "true",
    "mode": "safe",
}
CHANGE = {
    "name": "云杉改名",
    "app_id": "wx0123456789abcdef",
    "app_secret": "",
    "account_type": "service",
    "is_verified": "true",
    "mode": "plain",
    "slots_for_people": "3",
    "is_passive_counted": "true",
    "calls_per_minute": "600",
    "team_id": "",
    "reopen_within_hours": "48",
    "asks_rating": "true",
    "needs_approval": "true",
}


def copied(page: str, id: str) -> str:
    """The value of a field to copy."""
    return re.search(rf'id="{id}" value="([^"]+)"', page)[1]


def keys_of(runtime, slug: str):
    with runtime.reading() as session:
        return get_keys(session, runtime.vault, get_view(session, slug).id)


def audited(runtime) -> list[tuple[str, dict]]:
    with runtime.reading() as session:
        rows = session.scalars(select(AuditEntry).order_by(AuditEntry.id))
        return [(row.action, row.details) for row in rows]


def test_an_admin_adds_an_account_and_gets_the_values_for_the_console_once(admin, runtime):
    admin.get("/settings/accounts/new")
    answer = admin.post("/settings/accounts/new", **NEW)
    assert answer.status_code == 200
    keys = keys_of(runtime, "xindian")
    assert copied(answer.text, "copy-token") == keys.token
    assert copied(answer.text, "copy-aes") == keys.aes_key
    assert copied(answer.text, "copy-url").endswith("/wechat/xindian")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "brandnewsecret" not in answer.text
    page = admin.get("/settings/accounts/xindian").text
    assert not any(secret in page for secret in (keys.token, keys.aes_key, keys.app_secret))
    assert ("account.created", {"account": "xindian"}) in audited(runtime)


def test_an_account_that_is_in_use_keeps_its_keys(admin, runtime):
    admin.get("/settings/accounts/new")
    assert (
        admin.post("/settings/accounts/new", **NEW, token=TOKEN, aes_key=AES_KEY).status_code == 200
    )
    keys = keys_of(runtime, "xindian")
    assert (keys.token, keys.aes_key) == (TOKEN, AES_KEY)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("slug", "new"),
        ("slug", "Not A Slug"),
        ("name", ""),
        ("app_id", "wx 1"),
        ("app_secret", ""),
        ("mode", "shouted"),
        ("account_type", "unknown"),
        ("token", "x"),
        ("aes_key", "short"),
    ],
)
def test_a_wrong_value_is_shown_at_its_field_and_no_secret_comes_back(admin, runtime, field, value):
    admin.get("/settings/accounts/new")
    answer = admin.post("/settings/accounts/new", **{**NEW, "token": TOKEN, field: value})
    assert answer.status_code == 422
    assert "field-error" in answer.text
    assert TOKEN not in answer.text
    assert "brandnewsecret" not in answer.text
    with runtime.reading() as session:
        assert session.scalars(select(Account)).all() == []


def test_a_change_is_noted_by_field_names_and_an_empty_secret_stays(admin, runtime, account):
    admin.get(f"/settings/accounts/{account.slug}/edit")
    answer = admin.post(f"/settings/accounts/{account.slug}/edit", **CHANGE)
    assert answer.status_code == 302
    keys = keys_of(runtime, account.slug)
    assert (keys.app_secret, keys.slots_for_people, keys.calls_per_minute) == (APP_SECRET, 3, 600)
    assert keys.config_version > account.config_version
    action, details = audited(runtime)[-1]
    assert action == "account.changed"
    assert details["fields"] == [
        "name",
        "slots_for_people",
        "calls_per_minute",
        "reopen_within_hours",
        "asks_rating",
        "needs_approval",
    ]


def test_a_new_secret_reaches_the_clients_and_is_never_shown_or_noted(admin, runtime, account):
    admin.get(f"/settings/accounts/{account.slug}/edit")
    form = {**CHANGE, "app_secret": "another-secret"}
    assert admin.post(f"/settings/accounts/{account.slug}/edit", **form).status_code == 302
    keys = keys_of(runtime, account.slug)
    assert keys.app_secret == form["app_secret"]
    assert keys.config_version > account.config_version
    assert "app_secret" in audited(runtime)[-1][1]["fields"]
    assert "another-secret" not in str(audited(runtime))
    for page in ("", "/edit"):
        assert "another-secret" not in admin.get(f"/settings/accounts/{account.slug}{page}").text


def test_saving_the_same_again_changes_and_notes_nothing(admin, runtime, account):
    admin.get(f"/settings/accounts/{account.slug}/edit")
    admin.post(f"/settings/accounts/{account.slug}/edit", **CHANGE)
    before = (keys_of(runtime, account.slug).config_version, audited(runtime))
    admin.post(f"/settings/accounts/{account.slug}/edit", **CHANGE)
    assert (keys_of(runtime, account.slug).config_version, audited(runtime)) == before


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("slots_for_people", "5"),
        ("slots_for_people", "-1"),
        ("slots_for_people", "9" * 40),
        ("calls_per_minute", "0"),
        ("calls_per_minute", "many"),
        ("app_secret", "with space"),
        ("name", " "),
    ],
)
def test_a_wrong_change_is_shown_at_its_field(admin, runtime, account, field, value):
    admin.get(f"/settings/accounts/{account.slug}/edit")
    answer = admin.post(f"/settings/accounts/{account.slug}/edit", **{**CHANGE, field: value})
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert keys_of(runtime, account.slug).config_version == account.config_version


def test_slug_and_original_id_do_not_change_whatever_is_sent(admin, runtime, account):
    admin.get(f"/settings/accounts/{account.slug}/edit")
    form = {**CHANGE, "slug": "stolen", "original_id": "gh_stolen"}
    admin.post(f"/settings/accounts/{account.slug}/edit", **form)
    assert keys_of(runtime, account.slug).original_id == account.original_id


def test_an_encrypted_mode_waits_for_an_aes_key(admin, runtime, account):
    with runtime.unit_of_work() as uow:
        uow.session.get(Account, account.id).sealed_aes_key = None
    admin.get(f"/settings/accounts/{account.slug}/edit")
    answer = admin.post(f"/settings/accounts/{account.slug}/edit", **{**CHANGE, "mode": "safe"})
    assert answer.status_code == 422
    assert 'id="mode-error"' in answer.text


def test_verifying_the_account_lets_wechat_be_asked_anew(admin, runtime, account):
    with runtime.unit_of_work() as uow:
        row = uow.session.get(Account, account.id)
        row.is_verified, row.messages_refused_at = False, uow.now
    admin.get(f"/settings/accounts/{account.slug}/edit")
    admin.post(f"/settings/accounts/{account.slug}/edit", **CHANGE)
    assert keys_of(runtime, account.slug).is_refused is False


@pytest.mark.parametrize(
    ("field", "value", "is_rung"),
    [
        ("is_verified", "", True),
        ("account_type", "subscription", True),
        ("app_id", "wx2", True),
        ("app_secret", "new-secret", True),
        ("name", "another name", False),
    ],
)
def test_what_waits_for_the_right_or_the_keys_is_tried_when_they_change(
    admin, runtime, account, field, value, is_rung
):
    admin.get(f"/settings/accounts/{account.slug}/edit")
    admin.post(f"/settings/accounts/{account.slug}/edit", **{**CHANGE, "name": account.name})
    runtime.queues.named("outbound").empty()
    change = {**CHANGE, "name": account.name, field: value}
    admin.post(f"/settings/accounts/{account.slug}/edit", **change)
    jobs = [(job.func_name, job.args) for job in runtime.queues.named("outbound").jobs]
    assert jobs == ([(TRY_ACCOUNT_NOW.path, [account.id])] if is_rung else [])


def test_a_problem_is_on_both_pages_until_somebody_has_mended_it(admin, runtime, account):
    with runtime.unit_of_work() as uow:
        note_problem(uow, account.id, "40164", "raw reason")
    home = f"/settings/accounts/{account.slug}"
    assert "whitelist" in admin.get("/settings/accounts").text
    assert "40164" in admin.get(home).text
    assert admin.post(f"{home}/problem/clear").status_code == 302
    assert "40164" not in admin.get(home).text


def test_used_up_quotas_are_on_both_pages(admin, runtime, account):
    Quotas(runtime.redis, account.app_id, runtime.clock).note("message/custom/send")
    assert "daily quota used up" in admin.get("/settings/accounts").text
    assert "/cgi-bin/message/custom/send" in admin.get(f"/settings/accounts/{account.slug}").text


def test_the_pages_work_while_redis_is_away(build_runtime, own_redis, clock):
    runtime = build_runtime(WXDESK_REDIS_URL=own_redis.url)
    account = make_account(runtime)
    hire(runtime)
    browser = Browser(create_app(runtime).test_client())
    browser.log_in("admin")
    own_redis.stop()
    assert account.name in browser.get("/settings/accounts").text
    assert "Redis is away" in browser.get(f"/settings/accounts/{account.slug}").text


def test_every_account_can_be_reached_from_the_list(admin, runtime):
    for number in range(51):
        make_account(
            runtime, slug=f"s{number:02d}", original_id=f"gh_{number}", app_id=f"wx{number}"
        )
    page = admin.get("/settings/accounts").text
    assert "/settings/accounts/s49" in page
    assert "/settings/accounts/s50" not in page
    (link,) = set(re.findall(r'href="(/settings/accounts\?cursor=[^"]+)"', page))
    assert "/settings/accounts/s50" in admin.get(link).text


PAGES = ("", "/new", "/yunshan", "/yunshan/edit")
DEEDS = (
    "/new",
    "/yunshan/edit",
    "/yunshan/keys",
    "/yunshan/keys/forget",
    "/yunshan/check",
    "/yunshan/check/token",
    "/yunshan/quota/clear",
    "/yunshan/problem/clear",
    "/yunshan/templates",
)


@pytest.mark.parametrize("name", ["lin", "chen", "zhou"])
def test_only_admins_see_and_change_accounts(app, team, runtime, account, name):
    browser = Browser(app.test_client())
    browser.log_in(name)
    for path in PAGES:
        assert browser.get(f"/settings/accounts{path}").status_code == 403
    for path in DEEDS:
        assert browser.post(f"/settings/accounts{path}").status_code == 403


def test_every_deed_needs_the_token_of_the_page(admin, account):
    admin.csrf = "not the token"
    for path in DEEDS:
        assert admin.post(f"/settings/accounts{path}").status_code == 400


def test_an_account_that_is_not_there_is_not_found(admin):
    for path in PAGES[2:]:
        assert admin.get(f"/settings/accounts{path}").status_code == 404
    for path in DEEDS[1:]:
        assert admin.post(f"/settings/accounts{path}").status_code == 404
