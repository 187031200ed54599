"""What `wxdesk doctor` finds, one thing at a time."""

import re
import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from cast import APP_SECRET, TOKEN, hire, make_account
from sqlalchemy import select
from werkzeug.serving import make_server

from wxdesk.accounts.diagnosis import Patient, examine_accounts
from wxdesk.accounts.keys import rotate_keys
from wxdesk.accounts.models import Account
from wxdesk.accounts.operations import note_messages_refused, note_problem
from wxdesk.accounts.pushes import PushTimes
from wxdesk.accounts.queries import get_keys, list_views, mark_of
from wxdesk.accounts.rules import PUSHES_KEY, Rotation
from wxdesk.app import create_app
from wxdesk.background_jobs import QUEUES
from wxdesk.doctor import examine
from wxdesk.intake.operations import set_aside
from wxdesk.media.voice import voice_tool
from wxdesk.plumbing.clock import utc_now
from wxdesk.plumbing.spool import Spooled
from wxdesk.runtime import Runtime
from wxdesk.wechat.quota import Quotas
from wxdesk.worker import alive_key

pytestmark = pytest.mark.one_database


def bad(runtime) -> dict[str, str]:
    """Advice by the name of the check, of what is not good."""
    return {finding.name: finding.advice for finding in examine(runtime) if not finding.is_good}


@pytest.fixture
def reachable(build_runtime, own_redis, wechat, clock) -> Iterator[Runtime]:
    """A whole desk behind HTTP on the right time, with an account that WeChat knows."""
    clock.now = utc_now()
    app = []
    server = make_server("127.0.0.1", 0, lambda env, start: app[0](env, start), threaded=True)
    runtime = build_runtime(
        WXDESK_REDIS_URL=own_redis.url,
        WXDESK_WECHAT_API_URL=wechat.url,
        WXDESK_PUBLIC_URL=f"http://127.0.0.1:{server.server_port}",
    )
    app.append(create_app(runtime))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    wechat.register(make_account(runtime))
    healthy(runtime)
    yield runtime
    server.shutdown()
    thread.join()
    server.server_close()


def the_account(runtime) -> Account:
    with runtime.reading() as session:
        return session.scalars(select(Account)).one()


def healthy(runtime) -> None:
    hire(runtime)
    runtime.redis.config_set("appendonly", "yes")
    for queue in QUEUES:
        runtime.redis.set(alive_key(queue), 1)


def test_all_is_well(reachable):
    assert bad(reachable) == {}
    found = {finding.name: finding.state for finding in examine(reachable)}
    for check in ("webhook", "token", "whitelist", "clock", "last push"):
        assert f"yunshan {check}" in found


def test_a_new_installation_is_told_what_to_do_next(runtime):
    found = bad(runtime)
    assert "wxdesk add-account" in found["accounts"]
    assert "wxdesk create-agent" in found["people"]


def test_each_loss_in_waiting_is_named(reachable):
    runtime = reachable
    runtime.redis.config_set("maxmemory-policy", "allkeys-lru")
    runtime.redis.config_set("appendonly", "no")
    runtime.redis.delete(alive_key("outbound"))
    runtime.spool.put(Spooled("1:a", "direct", "{}", "", 1))
    (runtime.settings.data_dir / "secret.key").write_text("x")
    (runtime.settings.data_dir / "secret.key").chmod(0o644)
    with runtime.unit_of_work() as uow:
        set_aside(uow, name="s/1", account_id=None, reason="r", payload="p", attempts=3)
    found = bad(runtime)
    assert "noeviction" in found["redis"]
    assert "appendonly yes" in found["redis on disk"]
    assert "wxdesk worker outbound" in found["workers"]
    assert "chmod go=" in found["permissions"]
    assert "/settings/set-aside" in found["set aside"]
    assert "spool" in found


def test_a_damaged_spool_file_is_shown(reachable):
    runtime = reachable
    runtime.spool.put(Spooled("1:a", "direct", "{}", "", 1))
    for path in runtime.settings.spool_dir.glob("*.json"):
        path.write_text("{")
    list(runtime.spool.entries())
    assert str(runtime.settings.spool_dir) in bad(runtime)["spool"]


def test_a_media_store_that_can_not_be_written_and_voices_that_can_not_be_played(
    reachable, monkeypatch
):
    blocked = reachable.settings.data_dir / "media"
    blocked.write_text("a file where the folder should be")
    monkeypatch.setenv("PATH", "/nowhere")
    found = bad(reachable)
    assert "WXDESK_MEDIA_URL" in found["media"]
    assert ("voices" in found) is (voice_tool() == "")


def test_wechat_that_can_not_be_reached_is_said_once_an_account(runtime):
    make_account(runtime)
    make_account(runtime, slug="other", original_id="gh_other", app_id="wx_other")
    found = [finding for finding in examine(runtime) if "reached" in finding.state]
    found = [finding for finding in found if "webhook" not in finding.name]
    assert [finding.name for finding in found] == ["yunshan token", "other token"]
    assert all("WXDESK_WECHAT_API_URL" in finding.advice for finding in found)


def test_an_address_that_is_not_on_the_whitelist_is_named(reachable, wechat):
    body = {"original_id": "gh_yunshan", "app_id": "wx0123456789abcdef", "token": TOKEN}
    body |= {"app_secret": APP_SECRET, "webhook_url": "http://127.0.0.1:9/"}
    wechat.control("accounts", **body, ip_whitelist=["203.0.113.1"])
    found = {finding.name: finding.state for finding in examine(reachable)}
    assert "127.0.0.1" in found["yunshan whitelist"]
    assert set(bad(reachable)) == {"yunshan whitelist"}


def test_a_clock_that_is_wrong_is_found(reachable, clock):
    clock.advance(seconds=-90)
    assert "NTP" in bad(reachable)["yunshan clock"]


def test_what_is_stored_about_an_account_is_told(reachable):
    account = the_account(reachable)
    with reachable.unit_of_work() as uow:
        note_problem(uow, account.id, "48004", "banned")
        note_messages_refused(uow, account.id)
    Quotas(reachable.redis, account.app_id, reachable.clock).note("media/upload")
    found = bad(reachable)
    assert {"yunshan problem", "yunshan messages", "yunshan quota"} == set(found)
    assert "/settings/accounts/yunshan" in found["yunshan quota"]


def test_old_keys_are_told_and_a_rotation_that_nobody_finished_is_bad(reachable, clock):
    account = the_account(reachable)
    with reachable.unit_of_work() as uow:
        mark = mark_of(account)
        rotation = Rotation("secondtoken", None)
        rotate_keys(uow, reachable.vault, account.id, rotation, seen_mark=mark, actor_id=None)
        keys = get_keys(uow.session, reachable.vault, account.id)
    assert "yunshan old keys" not in bad(reachable)
    clock.now = keys.previous_keys_until - timedelta(hours=30)
    assert "WeChat's console" in bad(reachable)["yunshan old keys"]
    PushTimes(reachable.redis).saw(keys, clock.now, is_previous=False)
    found = {finding.name: finding for finding in examine(reachable)}
    assert found["yunshan old keys"].is_good
    assert re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", found["yunshan last push"].state)


def test_secrets_that_can_not_be_opened_do_not_hide_the_other_accounts(reachable):
    make_account(reachable, slug="other", original_id="gh_other", app_id="wx_other")
    with reachable.unit_of_work() as uow:
        row = uow.session.scalars(select(Account).where(Account.slug == "other")).one()
        row.sealed_token = TOKEN
    found = bad(reachable)
    assert set(found) == {"other secrets"}
    assert "WXDESK_SECRET_KEY" in found["other secrets"]


def test_a_fault_in_one_accounts_test_is_a_finding_and_hides_no_other_account(reachable):
    make_account(reachable, slug="other", original_id="gh_other", app_id="wx_other")
    account_id = next(view.id for view in views(reachable) if view.slug == "yunshan")
    reachable.redis.hset(PUSHES_KEY, str(account_id), "no time")
    found = {finding.name: finding for finding in examine(reachable)}
    assert "ValueError (pushes.py, line" in found["yunshan test"].state
    assert "report it" in found["yunshan test"].advice
    assert "other token" in found


def views(runtime):
    with runtime.reading() as session:
        return list_views(session, after_id=0, limit=9)


def test_a_wechat_that_answers_too_slowly_holds_nobody_up(reachable, wechat):
    wechat.spoil("slow", api="stable_token", seconds=2)
    with reachable.reading() as session:
        (view,) = list_views(session, after_id=0, limit=9)
        patient = Patient(view, get_keys(session, reachable.vault, view.id))
    found = list(examine_accounts(reachable, [patient], most_seconds=0.5))
    assert found[-1].check == "test"
    assert "0.5 seconds" in found[-1].state
    assert "token" not in {finding.check for finding in found}
