"""An installation of an earlier version keeps its rows when it is upgraded, on both databases."""

from datetime import UTC, datetime, timedelta

import pytest
from alembic import command
from sqlalchemy import Engine, create_engine, select, text
from sqlalchemy.exc import IntegrityError

from wxdesk.contacts.models import Contact, ReplyWindow
from wxdesk.conversations.models import Conversation
from wxdesk.conversations.rules import Status
from wxdesk.outbound.models import DeliveryRow
from wxdesk.outbound.rules import Delivery, Via
from wxdesk.plumbing import schema
from wxdesk.plumbing.db import open_engine, reading_sessions, writing_sessions
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.sla.checking import check_due
from wxdesk.sla.models import SlaClock
from wxdesk.sla.queries import list_policies
from wxdesk.sla.rules import Clock, Targets

NOW = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
CLOSES_AT = NOW + timedelta(hours=40)
DUE_AT = NOW + timedelta(minutes=5)
ROWS = (
    "INSERT INTO accounts (id, slug, name, original_id, app_id, sealed_app_secret, sealed_token,"
    " mode, account_type, is_verified, config_version, created_at)"
    " VALUES (1, 's', 'n', 'gh', 'wx', 'x', 'x', 'plain', 'service', {true}, 1, :now)",
    "INSERT INTO contacts (id, account_id, openid, remark, is_following, window_closes_at,"
    " window_remaining, first_seen_at, last_seen_at)"
    " VALUES (1, 1, 'o1', '', {true}, :closes, 3, :now, :now),"
    " (2, 1, 'o2', '', {false}, NULL, 0, :now, :now)",
    "INSERT INTO conversations (id, account_id, contact_id, status, priority, opened_at,"
    " waiting_since, last_message_at, queued_at, due_at, is_breached, version)"
    " VALUES (1, 1, 1, 'open', 'normal', :now, :now, :now, :now, :due, {false}, 1)",
    "INSERT INTO sla_policies (id, account_id, first_response_seconds, next_response_seconds,"
    " version) VALUES (1, 1, 120, 240, 3)",
    "INSERT INTO messages (id, account_id, contact_id, conversation_id, direction, kind, text,"
    " sender_kind, created_at, received_at)"
    " VALUES (1, 1, 1, 1, 'outgoing', 'text', 'x', 'agent', :now, :now)",
    "INSERT INTO deliveries (id, message_id, contact_id, state, attempts, next_attempt_at)"
    " VALUES (1, 1, 1, 'queued', 0, :now)",
)


@pytest.fixture
def old(database_url: str, tmp_path) -> Engine:
    """A database of version 0001 with a customer who waits and one who has left."""
    if database_url.startswith("sqlite"):
        engine = open_engine(f"sqlite:///{tmp_path}/old.sqlite3")
    else:
        engine = create_engine(
            database_url.replace("postgresql://", "postgresql+psycopg://"),
            connect_args={"options": "-c search_path=old -c timezone=UTC"},
        )
        with engine.begin() as connection:
            connection.execute(text("DROP SCHEMA IF EXISTS old CASCADE"))
            connection.execute(text("CREATE SCHEMA old"))
    _upgrade_to(engine, "0001")
    _fill(engine)
    yield engine
    engine.dispose()


def _upgrade_to(engine: Engine, revision: str) -> None:
    config = schema._config()
    with engine.connect() as connection:
        schema._check_references(connection, is_on=False)
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.commit()
        schema._check_references(connection, is_on=True)


def _fill(engine: Engine) -> None:
    is_sqlite = engine.dialect.name == "sqlite"
    words = {"true": "1", "false": "0"} if is_sqlite else {"true": "true", "false": "false"}
    instants = {"now": NOW, "closes": CLOSES_AT, "due": DUE_AT}
    if is_sqlite:
        instants = {name: f"{value:%Y-%m-%d %H:%M:%S.000000}" for name, value in instants.items()}
    with engine.begin() as connection:
        for row in ROWS:
            used = {name: value for name, value in instants.items() if f":{name}" in row}
            connection.execute(text(row.format(**words)), used)


def test_windows_the_queue_and_answers_on_their_way_are_carried_over(old):
    schema.upgrade(old)
    assert schema.pending_migrations(old) == []
    with reading_sessions(old)() as session:
        window = session.scalars(select(ReplyWindow)).one()
        assert (window.quota, window.used, window.closes_at) == (5, 2, CLOSES_AT)
        waits = session.scalars(select(Conversation)).one()
        assert (waits.urgency_rank, waits.urgent_at) == (1, DUE_AT)
        assert waits.window_check_at <= NOW  # it is judged again at once
        delivery = session.scalars(select(DeliveryRow)).one()
        assert (delivery.state, delivery.via) == (Delivery.QUEUED, Via.CUSTOMER_SERVICE)
        stayed, left = session.scalars(select(Contact).order_by(Contact.id))
        assert (stayed.forget_at, left.forget_at) == (None, NOW)


def test_after_the_upgrade_rows_still_refer_to_each_other(old):
    schema.upgrade(old)
    with old.connect() as connection:
        if old.dialect.name == "sqlite":
            assert connection.execute(text("PRAGMA foreign_key_check")).all() == []
        with pytest.raises(IntegrityError):
            connection.execute(text("DELETE FROM contacts WHERE id = 1"))


def test_promises_of_accounts_become_policies_and_who_waits_has_a_clock(old):
    schema.upgrade(old)
    with reading_sessions(old)() as session:
        (policy,) = list_policies(session)
        assert (policy.name, policy.promise.conditions.account_ids) == ("n", {1})
        assert policy.promise.targets == {"normal": Targets(120, 240)}
        clocks = session.scalars(select(SlaClock).order_by(SlaClock.clock)).all()
        assert [(it.clock, it.started_at) for it in clocks] == [
            (Clock.FIRST_RESPONSE, NOW),
            (Clock.RESOLUTION, NOW),
        ]
    with writing_sessions(old)() as session, session.begin():
        uow = UnitOfWork(session, NOW + timedelta(minutes=1))
        assert check_due(uow, 10) == 2  # the first check gives them promises
        uow.finish()
    with reading_sessions(old)() as session:
        assert session.scalars(select(Conversation.due_at)).one() == NOW + timedelta(minutes=2)


def test_what_was_broken_before_the_upgrade_is_not_broken_again_and_wakes_nobody(old):
    _upgrade_to(old, "0004")
    with old.begin() as connection:
        connection.execute(
            text(
                "UPDATE conversations SET status = 'snoozed', snoozed_until = opened_at,"
                " first_response_deadline_at = due_at, first_response_breached_at = due_at,"
                " is_breached = due_at > opened_at"
            )
        )
    schema.upgrade(old)
    for _ in range(3):
        with writing_sessions(old)() as session, session.begin():
            uow = UnitOfWork(session, NOW + timedelta(days=1))
            check_due(uow, 10)
            uow.finish()
    with reading_sessions(old)() as session:
        conversation = session.scalars(select(Conversation)).one()
        assert conversation.status is Status.SNOOZED
        assert (conversation.is_breached, conversation.first_response_breached_at) == (True, DUE_AT)
        (policy,) = list_policies(session)
        first, resolution = session.scalars(select(SlaClock).order_by(SlaClock.clock)).all()
        assert (first.deadline_at, first.breached_at, first.breach_noticed_at) == (DUE_AT,) * 3
        assert (first.policy_id, first.policy_version, first.breach_cause) == (policy.id, 1, None)
        assert (resolution.breached_at, resolution.policy_id) == (None, policy.id)
