"""One answer to many in a real browser: paused, cancelled, a failed one tried again alone."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from cast import entry
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import func, select, update

from wxdesk.accounts.models import Account
from wxdesk.bulk_actions.models import BulkRow, BulkRun
from wxdesk.bulk_actions.rules import RowState
from wxdesk.intake.operations import record

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("nobody_waits")]

LIN = "lin@demo.wxdesk"
MANY = 40
ENDED_MS = 60_000


def write(desk, prefix: str, numbers: range, text: str) -> None:
    """These customers of the other account have written."""
    with desk.runtime.reading() as session:
        account = session.scalars(select(Account).where(Account.slug == "yunshan")).one()
    at = desk.runtime.clock() - timedelta(seconds=1)
    times = {"created_at": at.replace(microsecond=0), "received_at": at}
    entries = [
        entry(
            desk.runtime,
            account,
            f"{text}{n}",
            openid=f"o{prefix}{n:010d}",
            once_key=f"{prefix}-{text}-{n}",
            **times,
        )
        for n in numbers
    ]
    with desk.runtime.unit_of_work() as uow:
        record(uow, entries)


def answer_all(desk, lin: Page) -> Locator:
    """Lin answers all that the filters find; the run as it is shown."""
    lin.goto(f"{desk.url}/inbox?view=all&account=yunshan")
    lin.locator(".row-pick").first.click()
    lin.locator(".bulk-note button").click()  # all that are loaded
    lin.locator(".bulk-note button").click()  # and all that the filters find
    lin.locator(".bulk-bar").get_by_role("button", name="更多").click()
    lin.get_by_role("menuitem", name="批量回复").click()
    dialog = lin.locator(".bulk-dialog")
    expect(dialog.locator(".bulk-count")).to_have_text(f"共 {MANY} 个会话")
    lin.fill("#bulk-text", "稍后回复您。")
    dialog.locator(".btn-primary").click()
    return lin.locator(".bulk-run")


def counts(desk) -> dict[RowState, int]:
    """Of the latest run, how many conversations became what."""
    with desk.runtime.reading() as session:
        latest = session.scalar(select(func.max(BulkRun.id)))
        rows = session.execute(
            select(BulkRow.state, func.count())
            .where(BulkRow.run_id == latest)
            .group_by(BulkRow.state)
        )
        return dict(rows.all())


def pause(desk, lin: Page, run: Locator) -> dict[RowState, int]:
    """Pressed while it runs: then nothing moves any more."""
    run.get_by_role("button", name="暂停").click()
    expect(run.locator(".bulk-state")).to_have_text("已暂停")
    lin.wait_for_timeout(1000)  # one may be under way
    before = counts(desk)
    lin.wait_for_timeout(3000)
    assert counts(desk) == before
    assert before[RowState.WAITING] > 0
    return before


def test_a_paused_run_goes_on_and_one_that_failed_is_tried_again_alone(desk, log_in):
    write(desk, "steer", range(MANY), "请分批回复")
    lin = log_in(LIN)
    run = answer_all(desk, lin)
    pause(desk, lin, run)
    write(desk, "steer", range(MANY - 2, MANY), "还有一个问题")  # the last two: answered blindly?
    run.get_by_role("button", name="继续").click()
    expect(run.locator(".bulk-numbers")).to_have_text(
        re.compile(f"已完成 {MANY - 2}/{MANY} .*失败 2"), timeout=ENDED_MS
    )
    run.locator(".bulk-failures summary").click()
    failed = run.locator(".bulk-failures li")
    expect(failed).to_have_count(2)
    expect(failed.first.locator("> span")).not_to_be_empty()
    failed.first.get_by_role("button").click()
    expect(failed).to_have_count(1)  # and the list stays open
    expect(run.locator(".bulk-numbers")).to_contain_text(f"已完成 {MANY - 1}/{MANY}")
    expect(run.locator(".bulk-state")).to_have_text("已完成")
    run.get_by_role("button", name="重试失败项").click()
    expect(run.locator(".bulk-numbers")).to_have_text(f"已完成 {MANY}/{MANY}")
    assert counts(desk) == {RowState.DONE: MANY}


def test_a_cancelled_run_leaves_the_rest_alone_and_offers_no_retry(desk, log_in):
    write(desk, "cancel", range(MANY), "请分批取消")
    lin = log_in(LIN)
    run = answer_all(desk, lin)
    before = pause(desk, lin, run)
    with desk.runtime.unit_of_work() as uow:
        latest = select(func.max(BulkRun.id)).scalar_subquery()
        waiting = (BulkRow.run_id == latest, BulkRow.state == RowState.WAITING)
        one = uow.session.scalars(select(BulkRow.conversation_id).where(*waiting)).first()
        error = {"say": "the answer is empty", "with": {}}
        uow.session.execute(
            update(BulkRow)
            .where(*waiting, BulkRow.conversation_id == one)
            .values(state=RowState.FAILED, error=error)
        )
    run.get_by_role("button", name="取消剩余").click()
    expect(run.locator(".bulk-state")).to_have_text("已取消")
    expect(run.locator(".bulk-numbers")).to_contain_text("失败 1")
    expect(run.get_by_role("button", name="重试")).to_have_count(0)
    lin.wait_for_timeout(2500)
    assert counts(desk)[RowState.WAITING] == before[RowState.WAITING] - 1
    run.get_by_role("button", name="关闭").click()
    expect(run).to_have_count(0)
