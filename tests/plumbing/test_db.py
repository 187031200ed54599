"""Many rows at once, times as text, and writers of SQLite that wait for each other."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DataError, IntegrityError, OperationalError

from wxdesk.accounts.models import Account
from wxdesk.contacts.models import Contact
from wxdesk.contacts.rules import SyncState
from wxdesk.conversations.models import Message
from wxdesk.conversations.rules import Direction, SenderKind
from wxdesk.plumbing import db
from wxdesk.plumbing.clock import utc_now

TOUCH = text("UPDATE accounts SET name = name")
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def contact(account: Account, number: int, **values: object) -> dict[str, object]:
    given = {"account_id": account.id, "openid": f"o{number}", "remark": f"客户 {number}"}
    return {**given, "first_seen_at": NOON, "last_seen_at": NOON, **values}


def test_rows_come_back_with_their_ids_and_defaults(runtime, account):
    rows = [contact(account, number) for number in range(2_500)]
    with runtime.unit_of_work() as uow:
        found = db.insert_rows(uow.session, Contact, rows, Contact.openid, Contact.id)
    ids = dict(found)
    with runtime.reading() as session:
        stored = session.scalars(select(Contact)).all()
    assert {one.openid: one.id for one in stored} == ids
    assert len(ids) == 2_500
    assert {(one.remark_state, one.is_following) for one in stored} == {(SyncState.SYNCED, True)}


def test_rows_that_are_known_are_passed_over(runtime, account):
    with runtime.unit_of_work() as uow:
        db.insert_rows(uow.session, Contact, [contact(account, 1, remark="first")])
    with runtime.unit_of_work() as uow:
        rows = [contact(account, 1, remark="second"), contact(account, 2)]
        db.insert_rows(uow.session, Contact, rows, passes_known=True)
    with runtime.reading() as session:
        names = dict(session.execute(select(Contact.openid, Contact.remark)).all())
    assert names == {"o1": "first", "o2": "客户 2"}
    with pytest.raises(IntegrityError), runtime.unit_of_work() as uow:
        db.insert_rows(uow.session, Contact, [contact(account, 1)])


def test_json_and_nothing_are_kept_apart(runtime, account):
    with runtime.unit_of_work() as uow:
        people = db.insert_rows(uow.session, Contact, [contact(account, 1)], Contact.id)
        rows = [
            {
                "account_id": account.id,
                "contact_id": people[0].id,
                "direction": Direction.INCOMING,
                "kind": "text",
                "text": "",
                "payload": payload,
                "sender_kind": SenderKind.CUSTOMER,
                "created_at": NOON,
                "received_at": NOON,
            }
            for payload in ({"键": [1, None, "{,}\"'"]}, None)
        ]
        db.insert_rows(uow.session, Message, rows)
    with runtime.reading() as session:
        empty = select(Message.id).where(Message.payload.is_(None))
        assert session.scalars(select(Message.payload).order_by(Message.id)).all() == [
            {"键": [1, None, "{,}\"'"]},
            None,
        ]
        assert len(session.scalars(empty).all()) == 1


def test_postgresql_refuses_a_text_that_is_too_long_instead_of_cutting_it(runtime, account):
    if runtime.engine.dialect.name != "postgresql":
        return  # SQLite has no lengths
    with pytest.raises(DataError), runtime.unit_of_work() as uow:
        db.insert_rows(uow.session, Contact, [contact(account, 1, remark="长" * 61)])


def test_a_time_comes_back_in_utc_to_the_microsecond(runtime, account):
    east = timezone(timedelta(hours=8))
    times = [NOON, NOON.replace(microsecond=7), datetime(2026, 3, 2, 20, 0, 0, 999_999, east)]
    rows = [contact(account, number, last_seen_at=at) for number, at in enumerate(times)]
    with runtime.unit_of_work() as uow:
        db.insert_rows(uow.session, Contact, rows)
    with runtime.reading() as session:
        found = session.scalars(select(Contact.last_seen_at).order_by(Contact.id)).all()
        later = select(Contact.id).where(Contact.last_seen_at > NOON)
        assert len(session.scalars(later).all()) == 2
    assert found == times
    assert {at.tzinfo for at in found} == {UTC}


def test_many_ids_are_one_parameter_and_none_find_nothing(runtime, account):
    with runtime.unit_of_work() as uow:
        db.insert_rows(uow.session, Contact, [contact(account, number) for number in range(5)])
    query = select(Contact.openid).where(db.one_of(Contact.id)).order_by(Contact.id)
    with runtime.reading() as session:
        ids = session.scalars(select(Contact.id).order_by(Contact.id)).all()
        found = [list(session.scalars(query, {"ids": some})) for some in (ids[1:4], ids[:1], [])]
    assert found == [["o1", "o2", "o3"], ["o0"], []]


def test_a_reader_sees_what_is_committed_meanwhile_or_one_state_but_never_half(runtime, account):
    with runtime.reading() as session:
        before = session.scalar(select(Account.name))
        with runtime.unit_of_work() as uow:
            uow.session.execute(text("UPDATE accounts SET name = 'changed'"))
        after = session.scalar(select(Account.name))
    is_sqlite = runtime.engine.dialect.name == "sqlite"
    assert after == (before if is_sqlite else "changed")


def test_a_connection_that_died_while_nobody_used_it_is_replaced(runtime, account, monkeypatch):
    if runtime.engine.dialect.name == "sqlite":
        return  # a file does not hang up
    monkeypatch.setattr(db, "UNUSED_SECONDS", 0.0)
    with runtime.reading() as session:
        pid = session.scalar(text("SELECT pg_backend_pid()"))
    killer = db.open_engine(runtime.settings.database_url)
    with killer.connect() as connection:
        connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
    killer.dispose()
    with runtime.reading() as session:
        assert session.scalar(select(Account.id)) == account.id
    runtime.engine.dispose()  # the dead one may still lie in the pool, and other tests use it


@pytest.mark.one_database
def test_writers_of_sqlite_take_turns_and_none_waits_long(runtime, account):
    waits: list[float] = []

    def write(_number: int) -> None:
        for _ in range(5):
            began = utc_now()
            with runtime.unit_of_work() as uow:
                uow.session.execute(TOUCH)
                waits.append((utc_now() - began).total_seconds())
                db.pause(0.005)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(waits) == 40
    assert max(waits) < db.BUSY_SECONDS / 2


@pytest.mark.one_database
def test_a_writer_of_sqlite_that_never_gets_its_turn_gives_up(runtime, account, monkeypatch):
    monkeypatch.setattr(db, "BUSY_SECONDS", 0.2)
    with runtime.unit_of_work() as first, runtime.sessions() as second:
        first.session.execute(TOUCH)
        with pytest.raises(OperationalError, match="locked"):
            second.execute(TOUCH)
    with runtime.unit_of_work() as uow:
        uow.session.execute(TOUCH)
