"""Files of codes: every wrong line is named, and nothing is half saved."""

import pytest
from cast import record_waiting
from hypothesis import given
from hypothesis import strategies as st

from campaigns.scene import counts, make_campaign, winners, writes
from wxdesk.audit.models import AuditEntry
from wxdesk.campaigns.code_files import code_problem, read_codes
from wxdesk.campaigns.code_queries import list_batches, list_codes
from wxdesk.campaigns.codes import import_codes, void_unused
from wxdesk.campaigns.jobs import offer_codes
from wxdesk.campaigns.models import Campaign
from wxdesk.plumbing.errors import InvalidInputError
from wxdesk.plumbing.gates import Gatekeeper


def problems(data: bytes) -> list[tuple[int, str]]:
    return [(it.number, str(it.sentence)) for it in read_codes(data).problems]


def refused(data: bytes) -> str:
    with pytest.raises(InvalidInputError) as error:
        read_codes(data)
    assert error.value.field == "codes"
    return str(error.value.sentence)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_a_table_with_prizes_is_read_in_each_usual_encoding(encoding):
    file = read_codes("兑换码,奖品\nA-1,一等奖\nA-2,\n\nA-3\n".encode(encoding))
    assert list(file.codes) == ["A-1", "A-2", "A-3"]
    assert dict(file.prizes) == {"A-1": "一等奖"}
    assert file.codes["A-3"] == 5


def test_one_code_a_line_with_windows_line_ends():
    assert list(read_codes(b"A 1\r\nB-2\r\n").codes) == ["A 1", "B-2"]


def test_each_wrong_line_is_named():
    data = 'A-1\nA-1\n中文\n"a\\b"\n{}\n,无码\nA-2,{}\n'.format("x" * 101, "奖" * 81)
    found = dict(problems(data.encode()))
    assert sorted(found) == [2, 3, 4, 5, 6, 7]
    assert "line 1" in found[2]


def test_only_the_first_problems_are_kept_and_all_counted():
    file = read_codes("\n".join(f"码{number}" for number in range(50)).encode())
    assert (len(file.problems), file.problem_count) == (20, 50)


@pytest.mark.parametrize("data", [b"", b"\n\n", b"code\n", b"\x00\x01\x02", b"A\xff\xfe\x80\x81"])
def test_what_is_no_file_of_codes_is_refused(data):
    assert refused(data)


@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), min_size=1))
def test_what_is_taken_for_a_code_stays_the_same_in_json(code):
    import json

    if code_problem(code) is None:
        assert json.dumps(code) == f'"{code}"'


def test_an_import_is_a_batch_with_its_prize_and_is_noted(runtime, account, team):
    campaign = make_campaign(runtime, account, approved_at=None)
    with runtime.unit_of_work() as uow:
        done = import_codes(
            uow, campaign.id, b"A-1,big\nA-2\n", prize="small", batch="first", actor_id=team.chen
        )
    assert (done.batch, done.count) == ("first", 2)
    with runtime.reading() as session:
        found = list_codes(session, campaign.id, state=None, after_id=0, limit=9)
        assert [(it.code, it.prize, it.batch) for it in found] == [
            ("A-1", "big", "first"),
            ("A-2", "small", "first"),
        ]
        assert [it.codes for it in list_batches(session, campaign.id)] == [2]
        assert session.get_one(Campaign, campaign.id).has_codes
        noted = session.query(AuditEntry).filter_by(action="campaign.codes_imported").one()
    assert noted.actor_id == team.chen


def test_a_code_that_the_pool_has_refuses_the_whole_file(runtime, account):
    campaign = make_campaign(runtime, account, ["A-1", "A-2"])
    with pytest.raises(InvalidInputError) as error, runtime.unit_of_work() as uow:
        import_codes(uow, campaign.id, b"B-1\nA-2\nB-2\n", batch="second")
    assert error.value.extra["problems"] == [
        {"line": 2, "problem": "this campaign has this code already"}
    ]
    assert counts(runtime, campaign).total == 2


def test_a_campaign_that_answers_without_codes_takes_none(runtime, account):
    """Its answers do not show them: they would be given and nobody told."""
    campaign = make_campaign(runtime, account, entries_per_person=3)
    with pytest.raises(InvalidInputError, match="without codes"), runtime.unit_of_work() as uow:
        import_codes(uow, campaign.id, b"A-1\nA-2")
    assert counts(runtime, campaign).total == 0


def test_codes_of_one_import_can_be_taken_out_as_long_as_nobody_has_them(runtime, account, webhook):
    """Also those that Redis could give at once; what was given is in its stream, and stays so."""
    campaign = make_campaign(runtime, account, ["A-1", "A-2", "A-3"])
    with runtime.unit_of_work() as uow:
        import_codes(uow, campaign.id, b"B-1\nB-2", batch="b")
    offer_codes()
    assert writes(webhook, 1) == "您的码是 A-1"
    (wrong,) = {it.batch for it in batches(runtime, campaign)} - {"b"}
    with runtime.unit_of_work() as uow:
        assert void_unused(uow, campaign.id, redis=runtime.redis, batch=wrong) == 2
    assert writes(webhook, 2) == ""  # not sold out: the others are on their way
    record_waiting(runtime)
    offer_codes()
    assert set(winners(runtime, campaign).values()) == {"A-1", "B-1"}
    assert writes(webhook, 3) == "您的码是 B-2"
    found = counts(runtime, campaign)
    assert (found.void, found.given, found.left) == (2, 2, 1)


def test_an_offer_that_is_not_in_redis_yet_is_taken_out_too(runtime, account, webhook, monkeypatch):
    campaign = make_campaign(runtime, account, ["A-1", "A-2"], is_open=False)
    with monkeypatch.context() as patch, pytest.raises(ZeroDivisionError):
        patch.setattr(Gatekeeper, "push", lambda *_: 1 / 0)
        offer_codes()
    with runtime.unit_of_work() as uow:
        assert void_unused(uow, campaign.id, redis=runtime.redis) == 2
    offer_codes()
    assert writes(webhook, 1) == "已发完"
    assert counts(runtime, campaign).void == 2


def batches(runtime, campaign):
    with runtime.reading() as session:
        return list_batches(session, campaign.id)
