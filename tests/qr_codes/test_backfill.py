"""An installation of the version before knows its follows and scans after the upgrade."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from alembic import command
from sqlalchemy import Engine, create_engine, select, text

from wxdesk.contacts.models import FollowEvent
from wxdesk.plumbing import schema
from wxdesk.plumbing.db import open_engine, reading_sessions
from wxdesk.qr_codes.models import QrScan

NOW = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
ACCOUNT = (
    "INSERT INTO accounts (id, slug, name, original_id, app_id, sealed_app_secret, sealed_token,"
    " mode, account_type, is_verified, config_version, created_at, slots_for_people,"
    " is_passive_counted, calls_per_minute, reopen_within_hours, asks_rating)"
    " VALUES (1, 's', 'n', 'gh', 'wx', 'x', 'x', 'plain', 'service', {true}, 1, :now, 1, {true},"
    " 0, 24, {false})"
)
CONTACT = (
    "INSERT INTO contacts (id, account_id, openid, remark, is_following, window_remaining,"
    " first_seen_at, last_seen_at, remark_state, is_blacklisted, blacklist_state, follow_scene,"
    " qr_scene, profile_attempts, sync_attempts, is_spam, is_indexed)"
    " VALUES (1, 1, 'o1', '', {true}, 0, :now, :now, 'synced', {false}, 'synced', '', '', 0, 0,"
    " {false}, {false})"
)
EVENT = (
    "INSERT INTO messages (id, account_id, contact_id, direction, kind, text, sender_kind,"
    " payload, created_at, received_at, place)"
    " VALUES (:id, 1, 1, 'incoming', 'event', '', 'customer', :payload, :at, :at, 'set_aside')"
)


@pytest.fixture
def old(database_url: str, tmp_path) -> Engine:
    """A database of version 0005."""
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
    config = schema._config()
    with engine.connect() as connection:
        schema._check_references(connection, is_on=False)
        config.attributes["connection"] = connection
        command.upgrade(config, "0005")
        connection.commit()
        schema._check_references(connection, is_on=True)
    yield engine
    if engine.dialect.name == "postgresql":
        with engine.begin() as connection:
            connection.execute(text("DROP SCHEMA old CASCADE"))
    engine.dispose()


def test_stored_events_become_follows_and_scans(old):
    is_sqlite = old.dialect.name == "sqlite"
    words = {"true": "1", "false": "0"} if is_sqlite else {"true": "true", "false": "false"}

    def at(days: int) -> object:
        moment = NOW + timedelta(days=days)
        return f"{moment:%Y-%m-%d %H:%M:%S.%f}" if is_sqlite else moment

    events = [
        (0, {"Event": "subscribe", "EventKey": "qrscene_cafe"}),
        (3, {"Event": "unsubscribe", "EventKey": ""}),
        (5, {"Event": "subscribe", "EventKey": ""}),
        (6, {"Event": "SCAN", "EventKey": "shop"}),
        (7, {"Event": "CLICK", "EventKey": "qrscene_no"}),
        (8, None),
    ]
    with old.begin() as connection:
        for statement in (ACCOUNT, CONTACT):
            connection.execute(text(statement.format(**words)), {"now": at(0)})
        for number, (days, payload) in enumerate(events, 1):
            values = {"id": number, "payload": json.dumps(payload), "at": at(days)}
            if payload is None:
                values["payload"] = None
            connection.execute(text(EVENT), values)
    schema.upgrade(old)
    with reading_sessions(old)() as session:
        its = FollowEvent
        found = session.execute(
            select(
                its.is_follow, its.is_return, its.lasted_seconds, its.scene, its.happened_at
            ).order_by(its.happened_at)
        ).all()
        scans = session.execute(
            select(QrScan.scene, QrScan.is_follow).order_by(QrScan.scanned_at)
        ).all()
    assert [tuple(row) for row in found] == [
        (True, False, 3 * 86_400, "cafe", NOW),
        (False, False, None, "", NOW + timedelta(days=3)),
        (True, True, None, "", NOW + timedelta(days=5)),
    ]
    assert [tuple(row) for row in scans] == [("cafe", True), ("shop", False)]
