"""Prize codes while 200 enter at once and processes die: each once, one a person, none lost."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
import threading
import time
from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from wxdesk.accounts.models import Account
from wxdesk.accounts.rules import Mode
from wxdesk.bench.event import BenchAccount, BenchPush, make_account, plain_push
from wxdesk.campaigns.code_import import clear_broken
from wxdesk.campaigns.code_queries import (
    ImportView,
    count_codes,
    count_pending,
    find_import,
    sum_tallies,
)
from wxdesk.campaigns.codes import import_codes
from wxdesk.campaigns.models import Campaign, CampaignEntry, PrizeCode
from wxdesk.campaigns.rules import CodeState
from wxdesk.contacts.models import Contact
from wxdesk.plumbing.clock import utc_now
from wxdesk.triage.operations import create_rule
from wxdesk.triage.rule_forms import RuleForm
from wxdesk.triage.rules import Match, MoreReply, Outcome

pytestmark = pytest.mark.faults

ENTRANTS = Path(__file__).with_name("entrants.py")
KILLED = ("worker campaigns", "worker intake", "wxdesk web", "worker campaigns")
IMPORT = """
from wxdesk.campaigns.code_files import read_codes
from wxdesk.campaigns.code_import import import_file
from wxdesk.campaigns.codes import Wish
from wxdesk.runtime import build
from wxdesk.settings import load

data = "".join(f"L-{{number:06d}}\\n" for number in range(300_000))
import_file(build(load()), {campaign_id}, read_codes(data.encode()), Wish())
"""
TOLD = re.compile(r"您的码是 (P-[0-9]+)")


class Crowd:
    """People who send a campaign's keyword twice each: 200 at once, as fast as they are answered.

    Four processes with fifty lanes each, every lane a connection of its own.
    """

    PROCESSES = 4
    LANES = 200

    def __init__(self, port: int, pushes: list[tuple[str, BenchPush]]) -> None:
        self.told: dict[str, set[str]] = defaultdict(set)
        self.answered = 0
        self.given_up = 0
        self.lanes: set[tuple[int, int]] = set()
        self._size = len(pushes)
        self._noting = threading.Lock()
        lanes = [
            [(who, push.path, push.body.decode()) for who, push in pushes[number :: self.LANES]]
            for number in range(self.LANES)
        ]
        self._processes = [
            self._start(port, lanes[number :: self.PROCESSES]) for number in range(self.PROCESSES)
        ]
        self._threads = [
            threading.Thread(target=self._listen, args=(number, process))
            for number, process in enumerate(self._processes)
        ]

    def __enter__(self) -> Crowd:
        for process in self._processes:
            assert process.stdout.readline() == "ready\n"
        for process in self._processes:
            process.stdin.write("go\n")
            process.stdin.close()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, failed: object, *_: object) -> None:
        for process in self._processes:
            if failed:
                process.kill()
            process.wait()
        for thread in self._threads:
            thread.join()
        for process in self._processes:
            process.stdout.close()

    @property
    def is_going_on(self) -> bool:
        return self.answered + self.given_up < self._size

    @property
    def is_whole(self) -> bool:
        """All lanes took part, and every push was answered."""
        return len(self.lanes) == self.LANES and (self.answered, self.given_up) == (self._size, 0)

    def _start(self, port: int, lanes: list[list[tuple[str, str, str]]]) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-S", str(ENTRANTS)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        process.stdin.write(json.dumps({"port": port, "lanes": lanes}) + "\n")
        process.stdin.flush()
        return process

    def _listen(self, process_number: int, process: subprocess.Popen[str]) -> None:
        for line in process.stdout:
            number, who, answer = json.loads(line)
            with self._noting:
                self.lanes.add((process_number, number))
                if answer is None:
                    self.given_up += 1
                    continue
                self.answered += 1
                if found := TOLD.search(answer):
                    self.told[who].add(found[1])


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


def is_offered(installation, campaign_id: int) -> bool:
    with installation.runtime.reading() as session:
        return count_codes(session, campaign_id).offered > 0


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
        for number, words in enumerate(KILLED, 1):
            middle = number * 2 * 1000 // (len(KILLED) + 1)
            installation.wait_until(lambda: entering.answered >= middle, 60, "some are answered")  # noqa: B023
            assert entering.is_going_on
            installation.kill(words)
    installation.wait_until(lambda: settled(installation, campaign_id), 90, "all are decided")
    assert entering.is_whole
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
    installation.wait_until(lambda: is_offered(installation, campaign_id), 60, "codes are offered")
    with crowd(installation, "抢券", 300) as entering:
        installation.wait_until(lambda: len(entering.told) >= 30, 60, "the first are told")
        installation.runtime.redis.flushall()
    assert entering.is_whole
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


def test_a_process_killed_while_it_takes_a_large_file_in_leaves_nothing(installation):
    campaign_id = begin(installation, "大文件", 1)
    script = IMPORT.format(campaign_id=campaign_id)
    environment = {**os.environ, **installation.environment}
    runtime = installation.runtime

    def progress() -> ImportView | None:
        with runtime.reading() as session:
            return find_import(session, campaign_id)

    with subprocess.Popen([sys.executable, "-c", script], env=environment) as process:
        installation.wait_until(lambda: (it := progress()) and it.done > 5_000, 60, "it writes")
        process.kill()
    left = progress()
    assert left is not None
    assert 5_000 < left.done < left.total == 300_000
    with runtime.reading() as session:
        assert count_codes(session, campaign_id).total == 1
    later = replace(runtime, clock=lambda: utc_now() + timedelta(seconds=61))
    installation.wait_until(lambda: clear_broken(later, 5.0), 60, "it is taken out")
    assert progress() is None
    with runtime.reading() as session:
        query = select(func.count()).where(PrizeCode.campaign_id == campaign_id)
        assert session.scalar(query) == 1
