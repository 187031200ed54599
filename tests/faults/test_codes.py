"""Prize codes while a crowd enters and processes are killed: each once, one a person, none lost."""

from __future__ import annotations

import random
import re
import threading
import time
from collections import defaultdict
from datetime import timedelta

import pytest
import requests
from sqlalchemy import func, select

from wxdesk.accounts.models import Account
from wxdesk.accounts.rules import Mode
from wxdesk.bench.event import BenchAccount, BenchPush, make_account, plain_push
from wxdesk.campaigns.code_queries import count_codes, count_pending, sum_tallies
from wxdesk.campaigns.codes import import_codes
from wxdesk.campaigns.models import Campaign, CampaignEntry, PrizeCode
from wxdesk.campaigns.rules import CodeState
from wxdesk.contacts.models import Contact
from wxdesk.triage.operations import create_rule
from wxdesk.triage.rule_forms import RuleForm
from wxdesk.triage.rules import Match, MoreReply, Outcome

pytestmark = pytest.mark.faults

LANES = 20
REDELIVERIES = 100
TOLD = re.compile(r"您的码是 (P-[0-9]+)")


class Crowd:
    """People who send a campaign's keyword twice each, as fast as they are answered."""

    def __init__(self, port: int, pushes: list[tuple[str, BenchPush]]) -> None:
        self._port = port
        self.told: dict[str, set[str]] = defaultdict(set)
        self.given_up = 0
        self._threads = [
            threading.Thread(target=self._lane, args=(pushes[number::LANES],))
            for number in range(LANES)
        ]

    def __enter__(self) -> Crowd:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for thread in self._threads:
            thread.join()

    def _lane(self, pushes: list[tuple[str, BenchPush]]) -> None:
        with requests.Session() as session:
            for who, push in pushes:
                answer = self._deliver(session, push)
                if answer is None:
                    self.given_up += 1
                elif found := TOLD.search(answer):
                    self.told[who].add(found[1])

    def _deliver(self, session: requests.Session, push: BenchPush) -> str | None:
        url = f"http://127.0.0.1:{self._port}{push.path}"
        for _ in range(REDELIVERIES):
            try:
                answer = session.post(url, data=push.body, timeout=5)
                if answer.status_code == 200:
                    return answer.text
            except requests.RequestException:
                pass
            time.sleep(0.3)
        return None


def account_of(installation) -> BenchAccount:
    """The desk's account in plain mode, made once."""
    with installation.runtime.reading() as session:
        is_known = session.scalar(select(Account.id).where(Account.slug == "bench-plain"))
    if is_known is None:
        installation.plain = make_account(installation.runtime, Mode.PLAIN)
    return installation.plain


def begin(installation, keyword: str, codes: int) -> int:
    """A live campaign with so many codes; its id."""
    account = account_of(installation)
    with installation.runtime.unit_of_work() as uow:
        account_id = uow.session.scalar(select(Account.id).where(Account.slug == account.slug))
        now = uow.now
        campaign = Campaign(
            account_id=account_id,
            name=keyword,
            starts_at=now - timedelta(hours=1),
            created_at=now,
            updated_at=now,
            approved_at=now,
            has_codes=True,
        )
        uow.session.add(campaign)
        uow.session.flush()
        data = "\n".join(f"P-{campaign.id}{number:05d}" for number in range(codes))
        import_codes(uow, campaign.id, data.encode())
        form = RuleForm(
            account_id,
            keyword,
            Match.EXACT,
            keyword,
            "您的码是 {{code}}",
            is_active=True,
            more_replies=(
                MoreReply(Outcome.ALREADY, 1, "已参加"),
                MoreReply(Outcome.SOLD_OUT, 1, "已发完"),
            ),
            campaign_id=campaign.id,
        )
        create_rule(uow, form, None, is_seen=True)
        return campaign.id


def crowd(installation, keyword: str, people: int) -> Crowd:
    account, now = account_of(installation), installation.runtime.clock()
    names = [f"o{keyword.encode().hex()[:12]}{number:014d}" for number in range(people)] * 2
    random.Random(1).shuffle(names)  # noqa: S311 -- the same order each time
    made = [
        (who, plain_push(account, who, keyword, str(time.time_ns() + number), now))
        for number, who in enumerate(names)
    ]
    return Crowd(installation.port, made)


def settled(installation, campaign_id: int) -> bool:
    if not installation._is_drained():
        return False
    with installation.runtime.reading() as session:
        return count_pending(session, campaign_id) == 0


def owners(installation, campaign_id: int) -> dict[str, str]:
    """Code to openid."""
    with installation.runtime.reading() as session:
        rows = session.execute(
            select(PrizeCode.code, Contact.openid)
            .join(CampaignEntry, CampaignEntry.id == PrizeCode.entry_id)
            .join(Contact, Contact.id == CampaignEntry.contact_id)
            .where(PrizeCode.campaign_id == campaign_id, PrizeCode.state == CodeState.GIVEN)
        )
        return dict(tuple(row) for row in rows)


def test_web_drain_and_offering_killed_while_a_crowd_takes_all_codes(installation):
    campaign_id = begin(installation, "领码", 700)
    with crowd(installation, "领码", 1000) as entering:
        for words in ("worker campaigns", "worker intake", "wxdesk web", "worker campaigns"):
            time.sleep(1.2)
            installation.kill(words)
    installation.wait_until(lambda: settled(installation, campaign_id), 90, "all are decided")
    assert entering.given_up == 0
    given = owners(installation, campaign_id)
    with installation.runtime.reading() as session:
        found = count_codes(session, campaign_id)
        people = session.scalar(
            select(func.count(CampaignEntry.contact_id.distinct())).where(
                CampaignEntry.campaign_id == campaign_id
            )
        )
        tallies = sum_tallies(session, campaign_id)
    assert (found.given, found.left, found.lost, found.void) == (700, 0, 0, 0)
    assert (len(given), people, len(set(given.values()))) == (700, 700, 700)
    assert sum(tallies.values()) == 2000
    assert tallies["entered"] == 700
    assert {who: codes for who, codes in entering.told.items() if len(codes) > 1} == {}
    assert all(given[code] == who for who, codes in entering.told.items() for code in codes)


def test_redis_emptied_while_a_crowd_enters_gives_no_code_twice(installation):
    campaign_id = begin(installation, "抢券", 400)
    with crowd(installation, "抢券", 300) as entering:
        installation.wait_until(lambda: len(entering.told) >= 30, 60, "the first are told")
        installation.runtime.redis.flushall()
    installation.wait_until(lambda: settled(installation, campaign_id), 90, "all are decided")
    told = [code for codes in entering.told.values() for code in codes]
    assert len(told) == len(set(told))
    given = owners(installation, campaign_id)
    assert len(set(given.values())) == len(given)
    with installation.runtime.reading() as session:
        found = count_codes(session, campaign_id)
        lost = set(
            session.scalars(
                select(PrizeCode.code).where(
                    PrizeCode.campaign_id == campaign_id, PrizeCode.state == CodeState.LOST
                )
            )
        )
    # Whose entry Redis lost may enter again and hear of a second code: the first stays lost.
    for who, codes in entering.told.items():
        assert codes <= lost | {code for code, owner in given.items() if owner == who}
    assert found.total == 400
    assert found.lost > 0
