"""Follows and unfollows by day, and what was sent before people left."""

from datetime import UTC, datetime, timedelta

import pytest
from cast import customer_writes, hire, make_account

from wxdesk.broadcasts.models import Broadcast, BroadcastTarget
from wxdesk.broadcasts.rules import BroadcastKind, BroadcastState, TargetState
from wxdesk.campaigns.models import Campaign, CampaignEntry, CampaignTally
from wxdesk.contacts.follows import Followed, note_follows
from wxdesk.contacts.operations import ensure_contacts
from wxdesk.corrections.models import Correction, CorrectionRecipient
from wxdesk.corrections.rules import CorrectionState, Reach, RecipientState
from wxdesk.reports import campaigns_report, content_health
from wxdesk.reports.filters import read_filters
from wxdesk.triage.models import AutoReplyRule

MORNING = datetime(2026, 3, 1, 1, 0, tzinfo=UTC)  # nine o'clock in Shanghai


@pytest.fixture
def account(runtime):
    return make_account(runtime)


def contact(runtime, account, name):
    with runtime.unit_of_work() as uow:
        key = (account.id, f"o{name}")
        return ensure_contacts(uow, [key])[key].id


def moves(runtime, account, name, hours, *, is_follow):
    """Somebody begins to follow, or ceases to, so many hours after that morning."""
    who, at = contact(runtime, account, name), MORNING + timedelta(hours=hours)
    number = abs(hash((name, hours)))
    with runtime.unit_of_work() as uow:
        note_follows(uow, [Followed(account.id, who, number % 2**40, is_follow, "", at)])
    return who


def made(runtime, build, **given):
    filters = read_filters(
        {"period": ["custom"], "from": ["2026-03-01"], "to": ["2026-03-02"], **given},
        runtime.settings,
        runtime.clock(),
    )
    with runtime.reading() as session:
        return build(session, filters, runtime.clock())


def rows(report, key):
    return [row.values for row in next(it for it in report.tables if it.key == key).rows]


def figures(report):
    return {it.key: it.value for it in report.figures}


def send_broadcast(runtime, account, people, at, **values):
    by = values.pop("by")
    with runtime.unit_of_work() as uow:
        row = Broadcast(
            account_id=account.id,
            name="春日通知",
            kind=BroadcastKind.TEMPLATE,
            audience={"is_to_all": True},
            content={},
            state=values.pop("state", BroadcastState.DONE),
            created_by_id=by,
            created_at=at,
            written_by_id=by,
            written_at=at,
            sent_at=at,
            **values,
        )
        uow.session.add(row)
        uow.session.flush()
        uow.session.add_all(
            BroadcastTarget(broadcast_id=row.id, contact_id=one, state=TargetState.SENT)
            for one in people
        )


def make_rule_row(uow, account, campaign_id=None):
    rule = AutoReplyRule(
        account_id=account.id,
        name="规则",
        match="contains",
        patterns="春日",
        reply_text="好",
        updated_at=uow.now,
    )
    rule.campaign_id = campaign_id
    uow.session.add(rule)
    uow.session.flush()
    return rule.id


def test_who_left_within_a_day_after_a_sending_counts_for_it(runtime, account):
    by = hire(runtime).chen
    other = make_account(runtime, slug="other", original_id="gh_other", app_id="wxother")
    people = [moves(runtime, account, f"p{n}", -500, is_follow=True) for n in range(4)]
    send_broadcast(runtime, account, people[:3], MORNING, by=by)
    moves(runtime, account, "p0", 2, is_follow=False)
    moves(runtime, account, "p1", 25, is_follow=False)  # a day later: no longer its doing
    moves(runtime, account, "p3", 2, is_follow=False)  # had not got it
    moves(runtime, account, "p0", 3, is_follow=True)
    moves(runtime, account, "new", 3, is_follow=True)
    moves(runtime, other, "stranger", 2, is_follow=False)
    runtime.clock.now = MORNING + timedelta(hours=30)
    found = made(runtime, content_health.build, account=[str(account.id)])
    assert figures(found) == {"new": 1, "returned": 1, "left": 3, "net": -1}
    days = rows(found, "days")
    assert days == [
        ("2026-03-01", 1, 1, 2, 0, "春日通知"),
        ("2026-03-02", 0, 0, 1, -1, None),
    ]
    (sending,) = rows(found, "sendings")
    assert sending[4:8] == (3, 1, pytest.approx(1 / 3), 2)
    assert rows(found, "moments")[0] == (
        account.name,
        MORNING + timedelta(hours=2),
        2,
        "春日通知",
    )
    everybody = made(runtime, content_health.build)
    assert figures(everybody)["left"] == 4
    assert {row[0]: row[3] for row in rows(everybody, "accounts")}[other.name] == 1


def test_a_mass_send_has_wechats_number_and_nobody_is_blamed_by_name(runtime, account):
    by = hire(runtime).chen
    moves(runtime, account, "p0", 2, is_follow=False)
    send_broadcast(runtime, account, [], MORNING, by=by, result={"sent": 900})
    send_broadcast(runtime, account, [], MORNING, by=by, state=BroadcastState.FAILED)
    (sending,) = rows(made(runtime, content_health.build), "sendings")
    assert sending[4:8] == (900, None, None, 1)


def test_campaigns_and_corrections_are_marked_too(runtime, account):
    by = hire(runtime).chen
    who = moves(runtime, account, "p0", -50, is_follow=True)
    asked = customer_writes(runtime, account, openid="op0")
    moves(runtime, account, "p0", 5, is_follow=False)
    with runtime.unit_of_work() as uow:
        common = {"account_id": account.id, "created_at": MORNING, "name": "春日抽奖"}
        campaign = Campaign(
            starts_at=MORNING, updated_at=MORNING, approved_at=MORNING, created_by_id=by, **common
        )
        draft = Campaign(starts_at=MORNING, updated_at=MORNING, **(common | {"name": "草稿"}))
        uow.session.add_all([campaign, draft])
        uow.session.flush()
        rule_id = make_rule_row(uow, account, campaign.id)
        uow.session.add(
            CampaignEntry(
                campaign_id=campaign.id,
                contact_id=who,
                number=1,
                message_id=asked.id,
                rule_id=rule_id,
                entered_at=MORNING + timedelta(hours=1),
            )
        )
        minute = MORNING + timedelta(hours=1)
        uow.session.add_all(
            CampaignTally(campaign_id=campaign.id, minute=minute, outcome=outcome, count=count)
            for outcome, count in (("entered", 1), ("already", 4))
        )
        correction = Correction(
            choice={},
            sent_from=MORNING,
            sent_until=MORNING,
            state=CorrectionState.DONE,
            last_id=1,
            created_by_id=by,
            begun_at=MORNING + timedelta(hours=4),
            rule_id=rule_id,
            **(common | {"name": "更正"}),
        )
        uow.session.add(correction)
        uow.session.flush()
        uow.session.add(
            CorrectionRecipient(
                correction_id=correction.id,
                contact_id=who,
                wrong_message_id=1,
                got_at=MORNING,
                reach=Reach.NOW,
                state=RecipientState.SENT,
            )
        )
    found = made(runtime, content_health.build)
    assert [(row[0], str(row[1]), *row[4:7]) for row in rows(found, "sendings")] == [
        ("更正", "Correction", 1, 1, 1.0),
        ("春日抽奖", "Campaign begins", 1, 1, 1.0),
    ]
    report = made(runtime, campaigns_report.build)
    expected = {"hits": 5, "entries": 1, "people": 1, "answers": 0, "left": 1, "wrong": 0}
    assert figures(report) == expected
    assert rows(report, "campaigns") == [("春日抽奖", account.name, 5, 1, 1, 0, 1, 0, None)]
    narrowed = made(runtime, campaigns_report.build, team=["1"])
    assert figures(narrowed) == dict.fromkeys(expected) | {"wrong": 0}
    assert figures(made(runtime, campaigns_report.build, account=["999"]))["hits"] == 0


@pytest.mark.one_database
def test_the_page_is_for_everybody_who_reads_campaigns(runtime, account, browser):
    hire(runtime)
    browser.log_in("lin")
    assert "Nobody came or left" in browser.get("/campaigns/health").text
    moves(runtime, account, "p0", 2, is_follow=True)
    page = browser.get("/campaigns/health?period=90d").text
    assert 'id="chart-days"' in page
    assert "/campaigns/health/table.csv?period=90d&amp;table=days" in page
    table = browser.get("/campaigns/health/table.csv?period=90d&table=days").text
    assert len(table.splitlines()) == 91
    assert browser.get("/campaigns/health/table.csv?table=none").status_code == 404
    assert browser.client.get("/campaigns/health/health.xlsx").data[:2] == b"PK"
    assert browser.get("/campaigns/health?period=never").status_code == 422
