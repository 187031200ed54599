"""promises with versions, calendars, clocks as rows; notifications; reports

Revision ID: 0005
Revises: 0004
"""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    promises = _take_old_promises()
    op.create_table(
        "business_calendars",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("time_zone", sa.String(length=60), nullable=False),
        sa.Column("week", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("has_china_holidays", sa.Boolean(), nullable=False),
        sa.Column("make_up_as", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_business_calendars")),
        sa.UniqueConstraint("name", name=op.f("uq_business_calendars_name")),
    )

    op.create_table(
        "message_tallies",
        sa.Column("quarter", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("quarter", "account_id", "kind", name=op.f("pk_message_tallies")),
    )

    op.create_table(
        "sender_tallies",
        sa.Column("quarter", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("sender_kind", sa.String(length=10), nullable=False),
        sa.Column("sender_id", sa.Integer(), nullable=False),
        sa.Column("rule_version", sa.Integer(), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "quarter",
            "account_id",
            "sender_kind",
            "sender_id",
            "rule_version",
            name=op.f("pk_sender_tallies"),
        ),
    )

    op.create_table(
        "sla_policies",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sla_policies")),
    )

    with op.batch_alter_table("sla_policies", schema=None) as batch_op:
        batch_op.create_index(
            "ix_sla_policies_order", ["archived_at", "position", "id"], unique=False
        )

    op.create_table(
        "stale_tallies",
        sa.Column("quarter", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("quarter", name=op.f("pk_stale_tallies")),
    )

    op.create_table(
        "tally_position",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "message_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tally_position")),
    )

    op.create_table(
        "webhook_calls",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("url", sa.String(length=500), nullable=False),
        sa.Column("event", sa.String(length=40), nullable=False),
        sa.Column("body", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("once_key", sa.String(length=120), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "queued",
                "sending",
                "sent",
                "failed",
                name="webhookcallstate",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_status", sa.Integer(), nullable=True),
        sa.Column("last_error", sa.String(length=300), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_calls")),
        sa.UniqueConstraint("once_key", name=op.f("uq_webhook_calls_once_key")),
    )

    with op.batch_alter_table("webhook_calls", schema=None) as batch_op:
        batch_op.create_index("ix_webhook_calls_created", ["created_at"], unique=False)
        batch_op.create_index("ix_webhook_calls_due", ["state", "next_attempt_at"], unique=False)

    op.create_table(
        "calendar_days",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "calendar_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "closed",
                "open",
                name="daykind",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("intervals", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column(
            "source",
            sa.Enum(
                "manual",
                "ical",
                name="daysource",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["calendar_id"], ["business_calendars.id"], name=op.f("fk_calendar_days_calendar_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_days")),
        sa.UniqueConstraint("calendar_id", "day", name=op.f("uq_calendar_days_calendar_id_day")),
    )

    op.create_table(
        "report_schedules",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("report", sa.String(length=40), nullable=False),
        sa.Column("filters", sa.JSON(none_as_null=True), nullable=False),
        sa.Column(
            "every",
            sa.Enum(
                "day", "week", name="every", native_enum=False, create_constraint=True, length=20
            ),
            nullable=False,
        ),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("recipients", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("locale", sa.String(length=10), nullable=False),
        sa.Column("owner_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("next_run_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["agents.id"], name=op.f("fk_report_schedules_owner_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_schedules")),
    )

    with op.batch_alter_table("report_schedules", schema=None) as batch_op:
        batch_op.create_index("ix_report_schedules_due", ["is_active", "next_run_at"], unique=False)

    op.create_table(
        "sla_policy_versions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "policy_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("conditions", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("targets", sa.JSON(none_as_null=True), nullable=False),
        sa.Column(
            "calendar_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("pauses_when_pending", sa.Boolean(), nullable=False),
        sa.Column("pauses_when_snoozed", sa.Boolean(), nullable=False),
        sa.Column("stages", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "created_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.ForeignKeyConstraint(
            ["calendar_id"],
            ["business_calendars.id"],
            name=op.f("fk_sla_policy_versions_calendar_id"),
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["agents.id"], name=op.f("fk_sla_policy_versions_created_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["policy_id"], ["sla_policies.id"], name=op.f("fk_sla_policy_versions_policy_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sla_policy_versions")),
        sa.UniqueConstraint(
            "policy_id", "version", name=op.f("uq_sla_policy_versions_policy_id_version")
        ),
    )

    op.create_table(
        "report_mails",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "schedule_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "queued",
                "sending",
                "sent",
                "failed",
                name="mailstate",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.String(length=300), nullable=True),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["schedule_id"], ["report_schedules.id"], name=op.f("fk_report_mails_schedule_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_mails")),
    )

    with op.batch_alter_table("report_mails", schema=None) as batch_op:
        batch_op.create_index("ix_report_mails_due", ["state", "next_attempt_at"], unique=False)
        batch_op.create_index("uq_report_mails_run", ["schedule_id", "due_at"], unique=True)

    op.create_table(
        "notifications",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("agent_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "topic",
            sa.Enum(
                "sla_warning",
                "sla_breach",
                "report_failed",
                name="notificationtopic",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column(
            "conversation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("details", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("once_key", sa.String(length=80), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agents.id"], name=op.f("fk_notifications_agent_id")
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_notifications_conversation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notifications")),
        sa.UniqueConstraint(
            "agent_id", "once_key", name=op.f("uq_notifications_agent_id_once_key")
        ),
    )

    with op.batch_alter_table("notifications", schema=None) as batch_op:
        batch_op.create_index("ix_notifications_agent", ["agent_id", "seen_at", "id"], unique=False)
        batch_op.create_index("ix_notifications_agent_id", ["agent_id", "id"], unique=False)
        batch_op.create_index("ix_notifications_conversation", ["conversation_id"], unique=False)
        batch_op.create_index("ix_notifications_created", ["created_at"], unique=False)

    op.create_table(
        "sla_clocks",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "conversation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "contact_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("team_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "clock",
            sa.Enum(
                "first_response",
                "next_response",
                "resolution",
                name="clock",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("episode", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "running",
                "paused",
                "met",
                "stopped",
                name="clockstate",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column(
            "priority",
            sa.Enum(
                "urgent",
                "high",
                "normal",
                "low",
                name="clockpriority",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("policy_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("policy_version", sa.Integer(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_quarter", sa.Integer(), nullable=False),
        sa.Column(
            "started_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("deadline_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("check_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_seconds", sa.Double(), nullable=False),
        sa.Column("remaining_seconds", sa.Integer(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_quarter", sa.Integer(), nullable=True),
        sa.Column("answer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("agent_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("seconds", sa.Integer(), nullable=True),
        sa.Column("business_seconds", sa.Integer(), nullable=True),
        sa.Column("handling_seconds", sa.Integer(), nullable=True),
        sa.Column("breached_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("breach_noticed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "breach_cause",
            sa.Enum(
                "out_of_hours",
                "nobody_online",
                "at_capacity",
                "not_taken",
                "assigned_silent",
                name="breachcause",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=True,
        ),
        sa.Column(
            "breach_assignee_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
        ),
        sa.Column(
            "after_message_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("after_rule_id", sa.Integer(), nullable=True),
        sa.Column("after_rule_version", sa.Integer(), nullable=True),
        sa.Column("after_seconds", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_sla_clocks_account_id")
        ),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_sla_clocks_agent_id")),
        sa.ForeignKeyConstraint(
            ["breach_assignee_id"], ["agents.id"], name=op.f("fk_sla_clocks_breach_assignee_id")
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_sla_clocks_contact_id")
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_sla_clocks_conversation_id")
        ),
        sa.ForeignKeyConstraint(
            ["policy_id"], ["sla_policies.id"], name=op.f("fk_sla_clocks_policy_id")
        ),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_sla_clocks_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sla_clocks")),
    )

    with op.batch_alter_table("sla_clocks", schema=None) as batch_op:
        batch_op.create_index(
            "ix_sla_clocks_after",
            [
                "started_quarter",
                "after_rule_id",
                "after_rule_version",
                "after_message_id",
                "after_seconds",
                "state",
                "clock",
                "account_id",
                "team_id",
                "agent_id",
                "conversation_id",
            ],
            unique=False,
            sqlite_where=sa.text("after_rule_id IS NOT NULL"),
            postgresql_where=sa.text("after_rule_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sla_clocks_breached",
            ["started_quarter", "id"],
            unique=False,
            sqlite_where=sa.text("breached_at IS NOT NULL"),
            postgresql_where=sa.text("breached_at IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_sla_clocks_check",
            ["check_at"],
            unique=False,
            sqlite_where=sa.text("check_at < '9000-01-01'"),
            postgresql_where=sa.text("check_at < '9000-01-01'"),
        )
        batch_op.create_index("ix_sla_clocks_contact", ["contact_id"], unique=False)
        batch_op.create_index(
            "ix_sla_clocks_conversation", ["conversation_id", "state", "clock"], unique=False
        )
        batch_op.create_index(
            "ix_sla_clocks_ended",
            [
                "clock",
                "ended_quarter",
                "state",
                "account_id",
                "team_id",
                "agent_id",
                "conversation_id",
            ],
            unique=False,
        )
        batch_op.create_index(
            "ix_sla_clocks_running",
            ["started_quarter", "conversation_id"],
            unique=False,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )
        batch_op.create_index(
            "ix_sla_clocks_started",
            [
                "clock",
                "started_quarter",
                "state",
                "account_id",
                "team_id",
                "agent_id",
                "policy_id",
                "policy_version",
                "priority",
                "seconds",
                "business_seconds",
                "handling_seconds",
                "deadline_at",
                "breached_at",
                "conversation_id",
            ],
            unique=False,
        )
        batch_op.create_index(
            "uq_sla_clocks_resolution",
            ["conversation_id"],
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL AND clock = 'resolution'"),
            postgresql_where=sa.text("ended_at IS NULL AND clock = 'resolution'"),
        )
        batch_op.create_index(
            "uq_sla_clocks_response",
            ["conversation_id"],
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL AND clock <> 'resolution'"),
            postgresql_where=sa.text("ended_at IS NULL AND clock <> 'resolution'"),
        )

    op.create_table(
        "sla_stage_events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("clock_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("stage", sa.String(length=40), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("results", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["clock_id"], ["sla_clocks.id"], name=op.f("fk_sla_stage_events_clock_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sla_stage_events")),
        sa.UniqueConstraint("clock_id", "stage", name=op.f("uq_sla_stage_events_clock_id_stage")),
    )

    with op.batch_alter_table("conversations", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("resolution_deadline_at", sa.DateTime(timezone=True), nullable=True)
        )
        batch_op.add_column(
            sa.Column("resolution_met_at", sa.DateTime(timezone=True), nullable=True)
        )
        batch_op.add_column(
            sa.Column("resolution_breached_at", sa.DateTime(timezone=True), nullable=True)
        )
        batch_op.add_column(sa.Column("episode", sa.Integer(), server_default="1", nullable=False))

    with op.batch_alter_table("messages", schema=None) as batch_op:
        batch_op.create_index("ix_messages_received", ["received_at"], unique=False)

    with op.batch_alter_table("teams", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "calendar_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
            )
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_teams_calendar_id"), "business_calendars", ["calendar_id"], ["id"]
        )
    _give_clocks(_give_new_promises(promises))


def _take_old_promises() -> list[tuple[int, str, int, int]]:
    """One promise an account, until now; its breaches are measured anew from here on."""
    bind = op.get_bind()
    rows = bind.execute(
        sa.text(
            "SELECT account_id, name, first_response_seconds, next_response_seconds"
            " FROM sla_policies JOIN accounts ON accounts.id = account_id ORDER BY account_id"
        )
    ).all()
    op.drop_table("sla_breaches")
    op.drop_table("sla_policies")
    return [(row[0], row[1], row[2], row[3]) for row in rows]


def _give_new_promises(promises: list[tuple[int, str, int, int]]) -> dict[int, int]:
    """The same promises as policies with one condition, in the order of the accounts.

    Gives the ids of the policies by account.
    """
    metadata, policy_ids = sa.MetaData(), dict[int, int]()
    bind = op.get_bind()
    policies = sa.Table("sla_policies", metadata, autoload_with=bind)
    versions = sa.Table("sla_policy_versions", metadata, autoload_with=bind)
    for position, (account_id, name, first_seconds, next_seconds) in enumerate(promises, 1):
        now = sa.func.current_timestamp()
        made = bind.execute(
            policies.insert()
            .values(position=position, is_active=True, version=1, created_at=now)
            .returning(policies.c.id)
        ).scalar_one()
        policy_ids[account_id] = made
        bind.execute(
            versions.insert().values(
                policy_id=made,
                version=1,
                name=name[:60],
                conditions={"account_ids": [account_id]},
                targets={
                    "normal": {
                        "first_response_seconds": first_seconds,
                        "next_response_seconds": next_seconds,
                    }
                },
                pauses_when_pending=False,
                pauses_when_snoozed=False,
                stages={"stages": []},
                created_at=now,
            )
        )
    return policy_ids


def _give_clocks(policy_ids: dict[int, int]) -> None:
    """Who waits now has a clock, and every open conversation one for its end.

    The first check after the upgrade (check_at long ago) gives them promises and deadlines, but
    what was broken before stays as it was: it is not broken again.
    """
    bind = op.get_bind()
    metadata = sa.MetaData()
    clocks = sa.Table("sla_clocks", metadata, autoload_with=bind)
    conversations = sa.Table("conversations", metadata, autoload_with=bind)
    its, last_id = conversations.c, 0
    while True:
        rows = bind.execute(
            sa.select(
                its.id,
                its.account_id,
                its.contact_id,
                its.team_id,
                its.priority,
                its.opened_at,
                its.waiting_since,
                its.waiting_message_id,
                its.first_response_met_at,
                its.first_response_deadline_at,
                its.first_response_breached_at,
                its.next_response_deadline_at,
                its.next_response_breached_at,
            )
            .where(its.id > last_id, its.status != "resolved")
            .order_by(its.id)
            .limit(1000)
        ).all()
        if not rows:
            return
        last_id = rows[-1].id
        begun = [_clock(row, "resolution", row.opened_at) for row in rows]
        begun += [_response(row, policy_ids) for row in rows if row.waiting_since is not None]
        bind.execute(clocks.insert(), begun)


def _response(row: Any, policy_ids: dict[int, int]) -> dict[str, Any]:
    clock = "next_response" if row.first_response_met_at else "first_response"
    begun = _clock(row, clock, row.waiting_since)
    begun["started_by_id"] = row.waiting_message_id
    breached_at = getattr(row, f"{clock}_breached_at")
    if breached_at is not None:
        policy_id = policy_ids.get(row.account_id)
        begun |= {
            "policy_id": policy_id,
            "policy_version": None if policy_id is None else 1,
            "deadline_at": getattr(row, f"{clock}_deadline_at"),
            "breached_at": breached_at,
            "breach_noticed_at": breached_at,
        }
    return begun


def _clock(row: Any, clock: str, started_at: datetime) -> dict[str, Any]:
    """All have the same columns: they are written together."""
    aware = started_at if started_at.tzinfo else started_at.replace(tzinfo=UTC)
    return {
        "conversation_id": row.id,
        "account_id": row.account_id,
        "contact_id": row.contact_id,
        "team_id": row.team_id,
        "clock": clock,
        "episode": 1,
        "state": "running",
        "priority": row.priority,
        "policy_id": None,
        "policy_version": None,
        "started_at": started_at,
        "started_quarter": int(aware.timestamp() // 900),
        "started_by_id": None,
        "deadline_at": None,
        "check_at": datetime(1970, 1, 1, tzinfo=started_at.tzinfo),
        "paused_seconds": 0,
        "breached_at": None,
        "breach_noticed_at": None,
    }
