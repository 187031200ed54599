"""the inbox of several agents: teams, notes, tags, drafts, ratings, bulk actions

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "contact_fields",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=30), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "text",
                "number",
                "date",
                "choice",
                name="fieldkind",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("choices", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_fields")),
        sa.UniqueConstraint("name", name=op.f("uq_contact_fields_name")),
    )

    op.create_table(
        "conversation_tags",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=30), nullable=False),
        sa.Column("colour", sa.String(length=20), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversation_tags")),
        sa.UniqueConstraint("name", name=op.f("uq_conversation_tags_name")),
    )

    op.create_table(
        "search_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("first_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("last_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_search_days")),
    )

    op.create_table(
        "search_positions",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("last_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_search_positions")),
    )

    op.create_table(
        "teams",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column(
            "mode",
            sa.Enum(
                "off",
                "round_robin",
                "least_loaded",
                name="assignmentmode",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("prefers_last_agent", sa.Boolean(), nullable=False),
        sa.Column("offline_grace_seconds", sa.Integer(), nullable=False),
        sa.Column("silent_seconds", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_teams")),
        sa.UniqueConstraint("name", name=op.f("uq_teams_name")),
    )

    op.create_table(
        "bulk_runs",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("agent_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "action",
            sa.Enum(
                "resolve",
                "snooze",
                "assign",
                "tag",
                "priority",
                "spam",
                "reply",
                name="bulkaction",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("arguments", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("query", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("idempotency_key", sa.String(length=100), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "collecting",
                "running",
                "paused",
                "done",
                "cancelled",
                name="runstate",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("last_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "collected_to_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "seen_message_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("replied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_bulk_runs_agent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_runs")),
        sa.UniqueConstraint(
            "agent_id", "idempotency_key", name=op.f("uq_bulk_runs_agent_id_idempotency_key")
        ),
    )

    with op.batch_alter_table("bulk_runs", schema=None) as batch_op:
        batch_op.create_index("ix_bulk_runs_agent", ["agent_id", "id"], unique=False)
        batch_op.create_index("ix_bulk_runs_state", ["state", "id"], unique=False)

    op.create_table(
        "canned_responses",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("owner_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("shortcut", sa.String(length=40), nullable=False),
        sa.Column("title", sa.String(length=80), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("folder", sa.String(length=40), nullable=False),
        sa.Column("use_count", sa.Integer(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["agents.id"], name=op.f("fk_canned_responses_owner_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_canned_responses")),
    )

    with op.batch_alter_table("canned_responses", schema=None) as batch_op:
        batch_op.create_index("ix_canned_responses_used", ["use_count", "id"], unique=False)
        batch_op.create_index("uq_canned_responses_owner", ["owner_id", "shortcut"], unique=True)
        batch_op.create_index(
            "uq_canned_responses_shared",
            ["shortcut"],
            unique=True,
            sqlite_where=sa.text("owner_id IS NULL"),
            postgresql_where=sa.text("owner_id IS NULL"),
        )

    op.create_table(
        "presence_spans",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("agent_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "presence",
            sa.Enum(
                "online",
                "away",
                "offline",
                name="spanpresence",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agents.id"], name=op.f("fk_presence_spans_agent_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_presence_spans")),
    )

    with op.batch_alter_table("presence_spans", schema=None) as batch_op:
        batch_op.create_index("ix_presence_spans_agent", ["agent_id", "began_at"], unique=False)
        batch_op.create_index("ix_presence_spans_ended", ["ended_at"], unique=False)

    op.create_table(
        "saved_views",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("owner_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("is_shared", sa.Boolean(), nullable=False),
        sa.Column("query", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["agents.id"], name=op.f("fk_saved_views_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_views")),
    )

    with op.batch_alter_table("saved_views", schema=None) as batch_op:
        batch_op.create_index("ix_saved_views_owner", ["owner_id", "id"], unique=False)
        batch_op.create_index("ix_saved_views_shared", ["is_shared", "id"], unique=False)

    op.create_table(
        "team_members",
        sa.Column("team_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("agent_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_team_members_agent_id")),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_team_members_team_id")),
        sa.PrimaryKeyConstraint("team_id", "agent_id", name=op.f("pk_team_members")),
    )

    with op.batch_alter_table("team_members", schema=None) as batch_op:
        batch_op.create_index("ix_team_members_agent", ["agent_id"], unique=False)

    op.create_table(
        "contact_field_values",
        sa.Column(
            "contact_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("field_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("value", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_contact_field_values_contact_id")
        ),
        sa.ForeignKeyConstraint(
            ["field_id"], ["contact_fields.id"], name=op.f("fk_contact_field_values_field_id")
        ),
        sa.PrimaryKeyConstraint("contact_id", "field_id", name=op.f("pk_contact_field_values")),
    )

    with op.batch_alter_table("contact_field_values", schema=None) as batch_op:
        batch_op.create_index(
            "ix_contact_field_values_field", ["field_id", "contact_id"], unique=False
        )

    op.create_table(
        "read_marks",
        sa.Column("agent_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "contact_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "message_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_read_marks_agent_id")),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_read_marks_contact_id")
        ),
        sa.PrimaryKeyConstraint("agent_id", "contact_id", name=op.f("pk_read_marks")),
    )

    with op.batch_alter_table("read_marks", schema=None) as batch_op:
        batch_op.create_index("ix_read_marks_contact", ["contact_id"], unique=False)

    op.create_table(
        "bulk_rows",
        sa.Column("run_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "conversation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "done",
                "skipped",
                "failed",
                name="rowstate",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("error", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_bulk_rows_conversation_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["run_id"], ["bulk_runs.id"], name=op.f("fk_bulk_rows_run_id")),
        sa.PrimaryKeyConstraint("run_id", "conversation_id", name=op.f("pk_bulk_rows")),
    )

    with op.batch_alter_table("bulk_rows", schema=None) as batch_op:
        batch_op.create_index("ix_bulk_rows_conversation", ["conversation_id"], unique=False)
        batch_op.create_index(
            "ix_bulk_rows_state", ["run_id", "state", "conversation_id"], unique=False
        )

    op.create_table(
        "conversation_taggings",
        sa.Column(
            "conversation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("tag_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("tagged_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_conversation_taggings_conversation_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tag_id"], ["conversation_tags.id"], name=op.f("fk_conversation_taggings_tag_id")
        ),
        sa.PrimaryKeyConstraint("conversation_id", "tag_id", name=op.f("pk_conversation_taggings")),
    )

    with op.batch_alter_table("conversation_taggings", schema=None) as batch_op:
        batch_op.create_index(
            "ix_conversation_taggings_tag", ["tag_id", "conversation_id"], unique=False
        )

    op.create_table(
        "drafts",
        sa.Column("agent_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "conversation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "kind",
            sa.Enum(
                "reply",
                "note",
                name="draftkind",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_drafts_agent_id")),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_drafts_conversation_id")
        ),
        sa.PrimaryKeyConstraint("agent_id", "conversation_id", "kind", name=op.f("pk_drafts")),
    )

    with op.batch_alter_table("drafts", schema=None) as batch_op:
        batch_op.create_index("ix_drafts_conversation", ["conversation_id"], unique=False)
        batch_op.create_index("ix_drafts_updated", ["updated_at"], unique=False)

    op.create_table(
        "satisfaction_ratings",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "contact_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "conversation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("agent_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("team_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "message_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column(
            "state",
            sa.Enum(
                "asked",
                "rated",
                "expired",
                "unsent",
                name="ratingstate",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column(
            "comment_message_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
        ),
        sa.Column("comment_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rated_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "score BETWEEN 1 AND 5", name=op.f("ck_satisfaction_ratings_score_range")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_satisfaction_ratings_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agents.id"], name=op.f("fk_satisfaction_ratings_agent_id")
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_satisfaction_ratings_contact_id")
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_satisfaction_ratings_conversation_id"),
        ),
        sa.ForeignKeyConstraint(
            ["team_id"], ["teams.id"], name=op.f("fk_satisfaction_ratings_team_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_satisfaction_ratings")),
    )

    with op.batch_alter_table("satisfaction_ratings", schema=None) as batch_op:
        batch_op.create_index("ix_satisfaction_ratings_asked", ["state", "asked_at"], unique=False)
        batch_op.create_index(
            "ix_satisfaction_ratings_comment",
            ["contact_id", "comment_until"],
            unique=False,
            sqlite_where=sa.text("comment_until IS NOT NULL"),
            postgresql_where=sa.text("comment_until IS NOT NULL"),
        )
        batch_op.create_index("ix_satisfaction_ratings_contact", ["contact_id", "id"], unique=False)
        batch_op.create_index("ix_satisfaction_ratings_rated", ["rated_at"], unique=False)
        batch_op.create_index(
            "uq_satisfaction_ratings_end", ["conversation_id", "resolved_at"], unique=True
        )

    op.create_table(
        "mentions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "message_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "conversation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("agent_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_mentions_agent_id")),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_mentions_conversation_id")
        ),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], name=op.f("fk_mentions_message_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mentions")),
        sa.UniqueConstraint("message_id", "agent_id", name=op.f("uq_mentions_message_id_agent_id")),
    )

    with op.batch_alter_table("mentions", schema=None) as batch_op:
        batch_op.create_index("ix_mentions_agent", ["agent_id", "seen_at", "id"], unique=False)
        batch_op.create_index(
            "ix_mentions_conversation", ["conversation_id", "agent_id"], unique=False
        )

    with op.batch_alter_table("accounts", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "team_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
            )
        )
        batch_op.add_column(
            sa.Column("reopen_within_hours", sa.Integer(), server_default="24", nullable=False)
        )
        batch_op.add_column(
            sa.Column("asks_rating", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
        batch_op.create_foreign_key(batch_op.f("fk_accounts_team_id"), "teams", ["team_id"], ["id"])

    with op.batch_alter_table("agents", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("capacity", sa.Integer(), server_default="10", nullable=False)
        )
        batch_op.add_column(
            sa.Column(
                "availability",
                sa.Enum(
                    "online",
                    "away",
                    "offline",
                    name="presence",
                    native_enum=False,
                    create_constraint=True,
                    length=20,
                ),
                server_default="online",
                nullable=False,
            )
        )
        batch_op.add_column(
            sa.Column(
                "presence",
                sa.Enum(
                    "online",
                    "away",
                    "offline",
                    name="agentpresence",
                    native_enum=False,
                    create_constraint=True,
                    length=20,
                ),
                server_default="offline",
                nullable=False,
            )
        )
        batch_op.add_column(sa.Column("presence_since", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("assigned_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("invited_until", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("preferences", sa.JSON(none_as_null=True), nullable=True))

    with op.batch_alter_table("contacts", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("is_spam", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
        batch_op.add_column(
            sa.Column("is_indexed", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
        batch_op.create_index(
            "ix_contacts_unindexed",
            ["id"],
            unique=False,
            sqlite_where=sa.text("is_indexed = 0"),
            postgresql_where=sa.text("NOT is_indexed"),
        )

    with op.batch_alter_table("conversations", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "team_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
            )
        )
        batch_op.add_column(sa.Column("assigned_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(
            sa.Column(
                "returned_reason",
                sa.Enum(
                    "offline",
                    "silent",
                    "deactivated",
                    name="returned",
                    native_enum=False,
                    create_constraint=True,
                    length=20,
                ),
                nullable=True,
            )
        )
        batch_op.add_column(
            sa.Column(
                "returned_from_id",
                sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
                nullable=True,
            )
        )
        batch_op.add_column(sa.Column("snoozed_until", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(
            sa.Column("is_spam", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
        batch_op.add_column(
            sa.Column(
                "merged_into_id",
                sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
                nullable=True,
            )
        )
        batch_op.drop_index(batch_op.f("ix_conversations_any_newest"))
        batch_op.drop_index(batch_op.f("ix_conversations_any_queue"))
        batch_op.drop_index(batch_op.f("ix_conversations_assignee"))
        batch_op.create_index(
            "ix_conversations_assignee",
            ["status", "assignee_id", "urgency_rank", "urgent_at", "queued_at", "id"],
            unique=False,
        )
        batch_op.create_index("ix_conversations_account", ["account_id", "status"], unique=False)
        batch_op.create_index(
            "ix_conversations_breached",
            ["status", "is_breached", "is_spam", "urgency_rank", "urgent_at", "queued_at", "id"],
            unique=False,
            sqlite_where=sa.text("is_breached = 1 AND is_spam = 0"),
            postgresql_where=sa.text("is_breached AND NOT is_spam"),
        )
        batch_op.create_index(
            "ix_conversations_merged_into",
            ["merged_into_id"],
            unique=False,
            sqlite_where=sa.text("merged_into_id IS NOT NULL"),
            postgresql_where=sa.text("merged_into_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_conversations_priority",
            ["status", "priority", "urgency_rank", "urgent_at", "queued_at", "id"],
            unique=False,
        )
        batch_op.create_index("ix_conversations_snoozed", ["status", "snoozed_until"], unique=False)
        batch_op.create_index(
            "ix_conversations_spam",
            ["is_spam", "status", "assignee_id", "id"],
            unique=False,
            sqlite_where=sa.text("is_spam = 1"),
            postgresql_where=sa.text("is_spam"),
        )
        batch_op.create_index(
            "ix_conversations_team",
            ["status", "team_id", "urgency_rank", "urgent_at", "queued_at", "id"],
            unique=False,
        )
        batch_op.create_index(
            "ix_conversations_unanswered",
            ["status", "is_spam", "assignee_id", "waiting_since", "id"],
            unique=False,
            sqlite_where=sa.text("status = 'open' AND waiting_since IS NOT NULL AND is_spam = 0"),
            postgresql_where=sa.text(
                "status = 'open' AND waiting_since IS NOT NULL AND NOT is_spam"
            ),
        )
        batch_op.create_index(
            "ix_conversations_unassigned",
            ["team_id", "assignee_id", "status", "urgency_rank", "urgent_at", "queued_at", "id"],
            unique=False,
            sqlite_where=sa.text("assignee_id IS NULL AND status = 'open'"),
            postgresql_where=sa.text("assignee_id IS NULL AND status = 'open'"),
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_conversations_returned_from_id"), "agents", ["returned_from_id"], ["id"]
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_conversations_merged_into_id"),
            "conversations",
            ["merged_into_id"],
            ["id"],
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_conversations_team_id"), "teams", ["team_id"], ["id"]
        )

    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.add_column(sa.Column("undo_until", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("undo", sa.JSON(none_as_null=True), nullable=True))
        batch_op.create_index("ix_deliveries_undo", ["state", "undo_until"], unique=False)

    with op.batch_alter_table("messages", schema=None) as batch_op:
        batch_op.add_column(sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index("ix_messages_latest", ["contact_id", "id"], unique=False)
        batch_op.drop_constraint(batch_op.f("ck_messages_direction"), type_="check")
        batch_op.create_check_constraint(
            batch_op.f("ck_messages_direction"),
            "direction IN ('incoming', 'outgoing', 'internal')",
        )
        batch_op.drop_constraint(batch_op.f("ck_messages_senderkind"), type_="check")
        batch_op.create_check_constraint(
            batch_op.f("ck_messages_senderkind"),
            "sender_kind IN ('customer', 'agent', 'rule', 'system')",
        )

    _carry_over()


def _carry_over() -> None:
    """Who has a conversation has had it since it was last touched."""
    op.execute(
        "UPDATE conversations SET assigned_at = last_message_at WHERE assignee_id IS NOT NULL"
    )
