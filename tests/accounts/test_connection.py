"""The connection test against the simulated WeChat and our own address over HTTP."""

import json
from datetime import datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
import requests
from cast import AES_KEY, APP_SECRET, ORIGINAL_ID, TOKEN
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from wxdesk.accounts.checks import (
    Found,
    Outcome,
    Report,
    Result,
    Right,
    Step,
    report_as_json,
    report_of,
)
from wxdesk.accounts.connection import run_step
from wxdesk.accounts.models import Account
from wxdesk.accounts.operations import note_messages_refused, note_problem
from wxdesk.accounts.own_address import check_own_address, is_local, reachability_problem
from wxdesk.accounts.queries import get_keys, get_view
from wxdesk.accounts.rules import Capability, Mode
from wxdesk.accounts.seen_address import address_in
from wxdesk.audit.models import AuditEntry
from wxdesk.background_jobs import TRY_ACCOUNT_NOW
from wxdesk.plumbing.clock import utc_now
from wxdesk.words import say

pytestmark = pytest.mark.one_database

RIGHTS_OF_A_SERVICE_ACCOUNT = set(Capability) - {Capability.PASSIVE_REPLIES}


@pytest.fixture
def console(wechat):
    """What an admin sets in WeChat's console; the rest stays."""

    def change(**more) -> None:
        body = {
            "original_id": ORIGINAL_ID,
            "app_id": "wx0123456789abcdef",
            "app_secret": APP_SECRET,
            "token": TOKEN,
            "aes_key": AES_KEY,
            "webhook_url": "http://127.0.0.1:9/",
        }
        wechat.control("accounts", **{**body, **more})

    return change


def result_of(runtime, step: Step) -> Result:
    with runtime.reading() as session:
        account_id = session.scalars(select(Account.id)).one()
        keys = get_keys(session, runtime.vault, account_id)
    return run_step(runtime, keys, step)


def stored(desk) -> Report:
    with desk.runtime.reading() as session:
        return get_view(session, desk.account.slug).report


def test_everything_is_well_and_the_page_says_so(desk, clock):
    clock.now = utc_now()
    home = f"/settings/accounts/{desk.account.slug}"
    assert "not tested yet" in desk.admin.get(home).text
    assert desk.admin.post(f"{home}/check").status_code == 302
    report = stored(desk)
    assert [(r.step, r.outcome) for r in report.results] == [(s, Outcome.GOOD) for s in Step]
    assert report.outcome is Outcome.GOOD
    assert all(result.at == clock.now for result in report.results)
    rights = {right.capability for right in report.of(Step.PERMISSIONS).rights}
    assert rights == RIGHTS_OF_A_SERVICE_ACCOUNT
    page = desk.admin.get(home).text
    assert "not tested yet" not in page
    assert "500,000 of 500,000 calls left today" in page


def test_each_step_is_audited_with_whoever_ran_it(desk):
    desk.admin.post(f"/settings/accounts/{desk.account.slug}/check/secrets")
    with desk.runtime.reading() as session:
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "account.checked")
        ).one()
    assert entry.actor_id is not None
    assert entry.details == {"account": desk.account.slug, "step": "secrets", "outcome": "good"}


def test_a_step_answers_its_line_to_the_script_and_the_page_to_others(desk):
    path = f"/settings/accounts/{desk.account.slug}/check/secrets"
    assert desk.admin.post(path).status_code == 302
    fragment = desk.admin.client.post(
        path, data={"csrf_token": desk.admin.csrf}, headers={"X-Fragment": "1"}
    )
    assert fragment.status_code == 200
    assert fragment.text.lstrip().startswith('<li class="check-step is-good" data-step="secrets"')
    assert "<html" not in fragment.text
    assert desk.admin.post(path.replace("secrets", "nonsense")).status_code == 404


def test_a_wrong_secret_is_named_at_the_token_and_nowhere_else(sending, console):
    console(app_secret="reset-in-the-console")
    token = result_of(sending, Step.TOKEN)
    assert (token.outcome, token.code) == (Outcome.BAD, "40125")
    assert "secret" in token.text
    assert result_of(sending, Step.WHITELIST).outcome is Outcome.UNKNOWN
    assert result_of(sending, Step.CLOCK).outcome is Outcome.UNKNOWN


def test_the_whitelist_step_names_the_address_that_wechat_saw(sending, console):
    console(ip_whitelist=["203.0.113.9"])
    assert result_of(sending, Step.TOKEN).outcome is Outcome.UNKNOWN
    result = result_of(sending, Step.WHITELIST)
    assert (result.outcome, result.code, result.details) == (Outcome.BAD, "40164", ("127.0.0.1",))
    assert "127.0.0.1" in result.text
    console(ip_whitelist=["127.0.0.1"])
    assert result_of(sending, Step.WHITELIST).outcome is Outcome.GOOD


@pytest.mark.parametrize(
    ("errmsg", "address"),
    [
        ("invalid ip 1.2.3.4 ipv6 ::ffff:1.2.3.4, not in whitelist rid: 6-a", "1.2.3.4"),
        ("invalid ip 2001:db8::7, not in whitelist", "2001:db8::7"),
        ("invalid ip ::ffff:9.8.7.6 not in whitelist", "9.8.7.6"),
        ("not in whitelist rid: 65f0a1b2-3c4d5e6f-7a8b9c0d", None),
        ("", None),
    ],
)
def test_the_address_is_read_out_of_wechats_sentence(errmsg, address):
    assert address_in(errmsg) == address


@given(st.text())
def test_no_sentence_of_wechat_breaks_the_reading(errmsg):
    address_in(errmsg)


@pytest.mark.parametrize(
    ("seconds", "outcome"),
    [(0, Outcome.GOOD), (-20, Outcome.GOOD), (100, Outcome.WARNING), (-900, Outcome.BAD)],
)
def test_the_clock_is_compared_with_wechats(sending, clock, seconds, outcome):
    clock.now = datetime.fromtimestamp(utc_now().timestamp() + seconds, utc_now().tzinfo)
    assert result_of(sending, Step.CLOCK).outcome is outcome


def test_wechat_that_can_not_be_reached_is_asked_once_only(runtime, account, team, app):
    from cast import Browser

    admin = Browser(app.test_client())
    admin.log_in("admin")
    admin.post(f"/settings/accounts/{account.slug}/check")
    with runtime.reading() as session:
        report = get_view(session, account.slug).report
    assert report.of(Step.TOKEN).code == "unreachable"
    assert report.of(Step.TOKEN).wechat_code == ""
    assert "WXDESK_WECHAT_API_URL" in report.of(Step.TOKEN).advice
    for step in (Step.WHITELIST, Step.CLOCK, Step.PERMISSIONS):
        assert report.of(step).outcome is Outcome.UNKNOWN
        assert "not tried" in report.of(step).text


def test_an_answer_that_is_no_answer_has_the_same_advice(sending, wechat):
    wechat.spoil("junk", api="stable_token")
    result = result_of(sending, Step.TOKEN)
    assert (result.outcome, result.reached_nobody) == (Outcome.BAD, True)
    assert "WXDESK_WECHAT_API_URL" in result.advice


def test_a_busy_wechat_is_asked_once_and_the_rights_found_so_far_are_kept(sending, wechat):
    wechat.spoil("errcode", api="openapi/quota/get", errcode=-1, times=9)
    result = result_of(sending, Step.PERMISSIONS)
    assert result.outcome is Outcome.BAD
    assert result.rights == ()
    assert len(wechat.calls("openapi/quota/get")) == 1


def test_an_unverified_account_that_is_refused_is_no_surprise(desk, console):
    console(is_verified=False)
    with desk.runtime.unit_of_work() as uow:
        uow.session.scalars(select(Account)).one().is_verified = False
    desk.admin.post(f"/settings/accounts/{desk.account.slug}/check/permissions")
    assert keys_now(desk).is_refused is False


def test_an_unverified_account_has_the_rights_of_one(sending, console):
    console(is_verified=False)
    with sending.unit_of_work() as uow:
        uow.session.scalars(select(Account)).one().is_verified = False
    result = result_of(sending, Step.PERMISSIONS)
    assert result.outcome is Outcome.GOOD
    assert {right.found for right in result.rights} == {Found.NO}
    assert {right.code for right in result.rights} == {"48001"}


def test_fewer_rights_than_the_type_promises_are_a_warning(sending, console):
    console(is_service=False)
    result = result_of(sending, Step.PERMISSIONS)
    assert result.outcome is Outcome.WARNING
    missing = {right.capability for right in result.rights if right.found is Found.NO}
    assert Capability.TEMPLATES in missing
    assert Capability.MESSAGES not in missing


def test_what_wechat_says_about_messages_decides_how_answers_leave(desk, console):
    path = f"/settings/accounts/{desk.account.slug}/check/permissions"
    console(is_verified=False)
    desk.admin.post(path)
    assert keys_now(desk).may(Capability.MESSAGES) is False
    assert "48001" in desk.admin.get(f"/settings/accounts/{desk.account.slug}").text
    version = keys_now(desk).config_version
    console(is_verified=True)
    outbound = desk.runtime.queues.named("outbound")
    assert outbound.jobs == []
    desk.admin.post(path)
    assert [job.func_name for job in outbound.jobs] == [TRY_ACCOUNT_NOW.path]  # what had to wait
    assert keys_now(desk).may(Capability.MESSAGES) is True
    assert keys_now(desk).config_version > version


def keys_now(desk):
    with desk.runtime.reading() as session:
        return get_keys(session, desk.runtime.vault, desk.account.id)


def test_a_refusal_is_noted_once_and_reaches_every_process(runtime, account):
    for _ in range(2):
        with runtime.unit_of_work() as uow:
            note_messages_refused(uow, account.id)
    with runtime.reading() as session:
        keys = get_keys(session, runtime.vault, account.id)
        noted = session.scalars(select(AuditEntry)).all()
    assert keys.is_refused
    assert keys.config_version == account.config_version + 1
    assert [entry.action for entry in noted] == ["account.created", "account.messages_refused"]


def test_a_token_that_works_again_ends_the_problem_with_it(desk):
    for code, is_over in (("40125", True), ("48004", False)):
        with desk.runtime.unit_of_work() as uow:
            note_problem(uow, desk.account.id, code, "reason")
        desk.admin.post(f"/settings/accounts/{desk.account.slug}/check/token")
        with desk.runtime.reading() as session:
            assert (get_view(session, desk.account.slug).problem is None) is is_over


def test_a_problem_keeps_its_first_time_until_its_code_changes(runtime, account, clock):
    first = clock.now
    for code, advanced in (("40164", 0), ("40164", 60), ("40125", 60)):
        clock.advance(seconds=advanced)
        with runtime.unit_of_work() as uow:
            note_problem(uow, account.id, code, "x" * 1000)
        with runtime.reading() as session:
            problem = get_view(session, account.slug).problem
        assert problem.at == (first if code == "40164" else clock.now)


def test_quotas_are_cleared_at_wechat_and_here(desk, console):
    from wxdesk.accounts.clients import client_for
    from wxdesk.plumbing.errors import DeliveryError

    console(daily_limits={"getcallbackip": 1})
    client = client_for(desk.runtime, keys_now(desk))
    client.callback_addresses()
    with pytest.raises(DeliveryError, match="daily"):
        client.callback_addresses()
    home = f"/settings/accounts/{desk.account.slug}"
    assert "/cgi-bin/getcallbackip" in desk.admin.get(home).text
    assert desk.admin.post(f"{home}/quota/clear").status_code == 302
    assert "No quota is used up" in desk.admin.get(home).text
    client.callback_addresses()
    with desk.runtime.reading() as session:
        last = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert last.action == "account.quota_cleared"


def test_the_eleventh_clearing_of_a_month_is_refused_in_plain_words(desk):
    home = f"/settings/accounts/{desk.account.slug}"
    for _ in range(10):
        desk.admin.post(f"{home}/quota/clear")
    desk.admin.get(home)
    desk.admin.post(f"{home}/quota/clear")
    assert "ten times this month already" in desk.admin.get(home).text
    with desk.runtime.reading() as session:
        rows = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "account.quota_cleared")
        ).all()
    assert len(rows) == 10


def test_our_own_address_is_asked_as_wechat_asks(desk):
    result = result_of(desk.runtime, Step.WEBHOOK)
    assert result.outcome is Outcome.GOOD
    assert "127.0.0.1/32" in result.details or "127.0.0.1" in result.details
    url = f"{desk.url}/wechat/{desk.account.slug}"
    wrong = check_own_address(url, "nottherighttoken", desk.runtime.clock, is_simulated=True)
    assert (wrong.outcome, "403" in wrong.text) == (Outcome.BAD, True)
    elsewhere = check_own_address(url + "x", TOKEN, desk.runtime.clock, is_simulated=True)
    assert "404" in elsewhere.text


def test_a_local_address_is_no_good_for_the_real_wechat(desk):
    url = f"{desk.url}/wechat/{desk.account.slug}"
    result = check_own_address(url, TOKEN, desk.runtime.clock, is_simulated=False)
    assert result.outcome is Outcome.WARNING
    assert "WXDESK_PUBLIC_URL" in result.advice


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("http://localhost/wechat/a", "network only"),
        ("http://10.0.0.3/wechat/a", "network only"),
        ("http://[fd00::1]/wechat/a", "network only"),
        ("http://intranet/wechat/a", "network only"),
        ("https://desk.internal/wechat/a", "network only"),
        ("http://desk.shop.cn:8000/wechat/a", "port"),
        ("https://desk.shop.cn:80/wechat/a", "port"),
        ("https://desk.shop.cn/wechat/a", None),
        ("https://desk.shop.cn:443/wechat/a", None),
        ("http://desk.shop.cn/wechat/a", None),
    ],
)
def test_addresses_that_wechat_can_not_use_are_known(url, word):
    found = reachability_problem(url)
    assert (found is None) is (word is None)
    assert word is None or word in found[0]


def test_names_of_this_machine_or_network_are_local():
    assert all(
        map(is_local, ("localhost", "127.0.0.1", "::1", "desk", "desk.local", "192.168.1.1"))
    )
    assert not any(map(is_local, ("api.weixin.qq.com", "1.2.3.4", "desk.shop.cn.")))


class Strange(BaseHTTPRequestHandler):
    """Answers as the path says."""

    def do_GET(self) -> None:
        kind = self.path.partition("?")[0].strip("/")
        self.send_response({"redirect": 302, "error": 500}.get(kind, 200))
        if kind == "redirect":
            self.send_header("Location", "https://elsewhere.example/")
        self.end_headers()
        self.wfile.write(b"x" * 100_000 if kind == "long" else b"<html>")

    def log_message(self, *_: object) -> None:
        """Be quiet."""


@pytest.mark.parametrize(
    ("kind", "word"),
    [("redirect", "redirect"), ("error", "500"), ("html", "changes"), ("long", "changes")],
)
def test_a_strange_answer_of_our_address_is_told_apart(clock, kind, word):
    server = HTTPServer(("127.0.0.1", 0), Strange)
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        url = f"http://127.0.0.1:{server.server_port}/{kind}"
        result = check_own_address(url, TOKEN, clock, is_simulated=True)
    finally:
        server.shutdown()
        server.server_close()
    assert result.outcome is Outcome.BAD
    assert word in result.text


def test_nobody_at_our_address_is_told_too(clock):
    result = check_own_address("http://127.0.0.1:9/wechat/a", TOKEN, clock, is_simulated=True)
    assert (result.outcome, "reached" in result.text) == (Outcome.BAD, True)


def test_secrets_that_can_not_be_opened_are_the_only_thing_to_mend(runtime, account):
    results = [run_step(runtime, None, step) for step in Step]
    assert [result.outcome for result in results] == [Outcome.BAD] + [Outcome.UNKNOWN] * 5


def test_an_encrypted_account_without_a_key_is_found(runtime, account):
    with runtime.unit_of_work() as uow:
        row = uow.session.get(Account, account.id)
        row.mode, row.sealed_aes_key = Mode.SAFE, None
    assert result_of(runtime, Step.SECRETS).outcome is Outcome.BAD


def test_a_report_survives_the_database(clock):
    right = Right(Capability.MEDIA, Found.YES, 5, 3, "")
    text = say("%(found)d of %(all)d rights found", found=1, all=2)
    result = Result(
        Step.PERMISSIONS,
        Outcome.GOOD,
        text,
        say("advice"),
        "1",
        "r",
        ("a",),
        (right,),
        7,
        clock.now,
    )
    report = Report().with_result(result).with_result(Result(Step.TOKEN, Outcome.BAD, say("no")))
    again = report_of(json.loads(json.dumps(report_as_json(report))))
    assert again == report
    assert again.of(Step.PERMISSIONS).text.template == text.template
    assert again.outcome is Outcome.BAD
    assert report_of({"yodel": {}}) == report_of(None) == Report()


def test_no_secret_goes_into_what_is_stored(desk):
    desk.admin.post(f"/settings/accounts/{desk.account.slug}/check")
    with desk.runtime.reading() as session:
        row = session.scalars(select(Account)).one()
        everything = (
            f"{row.check_result} {[e.details for e in session.scalars(select(AuditEntry))]}"
        )
    keys = keys_now(desk)
    for secret in (keys.app_secret, keys.token, keys.aes_key):
        assert secret not in everything
    assert (
        requests.get(f"{desk.url}/settings/accounts", timeout=5, allow_redirects=False).status_code
        == 302
    )
