"""auto-reply rules in full, dry runs, campaigns, QR codes, corrections, broadcasts

Revision ID: 0006
Revises: 0005
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "campaigns",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("entries_per_person", sa.Integer(), nullable=False),
        sa.Column("total_entries", sa.Integer(), nullable=True),
        sa.Column("has_codes", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column(
            "created_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "updated_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "approved_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "stopped_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_campaigns_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["approved_by_id"], ["agents.id"], name=op.f("fk_campaigns_approved_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["agents.id"], name=op.f("fk_campaigns_created_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["stopped_by_id"], ["agents.id"], name=op.f("fk_campaigns_stopped_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"], ["agents.id"], name=op.f("fk_campaigns_updated_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaigns")),
    )

    with op.batch_alter_table("campaigns", schema=None) as batch_op:
        batch_op.create_index("ix_campaigns_account", ["account_id", "starts_at"], unique=False)

    op.create_table(
        "broadcasts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "template",
                "subscription",
                "mass",
                name="broadcastkind",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("audience", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("content", sa.JSON(none_as_null=True), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "scheduled",
                "collecting",
                "sending",
                "paused",
                "done",
                "failed",
                "unconfirmed",
                "cancelled",
                name="broadcaststate",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("send_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("per_minute", sa.Integer(), nullable=False),
        sa.Column("needs_approval", sa.Boolean(), nullable=False),
        sa.Column("counted", sa.JSON(none_as_null=True), nullable=True),
        sa.Column(
            "collected_to_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("sent_to_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("client_key", sa.String(length=64), nullable=True),
        sa.Column("wechat_msgid", sa.String(length=40), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("look_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("was_unanswered", sa.Boolean(), nullable=False),
        sa.Column("result", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("error", sa.String(length=500), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column(
            "created_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "written_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "approved_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_broadcasts_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["approved_by_id"], ["agents.id"], name=op.f("fk_broadcasts_approved_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_broadcasts_campaign_id")
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["agents.id"], name=op.f("fk_broadcasts_created_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["written_by_id"], ["agents.id"], name=op.f("fk_broadcasts_written_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_broadcasts")),
        sa.UniqueConstraint("client_key", name=op.f("uq_broadcasts_client_key")),
    )

    with op.batch_alter_table("broadcasts", schema=None) as batch_op:
        batch_op.create_index("ix_broadcasts_account", ["account_id", "sent_at"], unique=False)
        batch_op.create_index("ix_broadcasts_state", ["state", "id"], unique=False)
        batch_op.create_index(
            "ix_broadcasts_wechat_msgid", ["account_id", "wechat_msgid"], unique=False
        )

    op.create_table(
        "campaign_draws",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("seed", sa.String(length=100), nullable=False),
        sa.Column("method", sa.String(length=40), nullable=False),
        sa.Column(
            "last_entry_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("entry_count", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("record", sa.JSON(none_as_null=True), nullable=False),
        sa.Column(
            "drawn_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_campaign_draws_campaign_id")
        ),
        sa.ForeignKeyConstraint(
            ["drawn_by_id"], ["agents.id"], name=op.f("fk_campaign_draws_drawn_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_draws")),
    )

    with op.batch_alter_table("campaign_draws", schema=None) as batch_op:
        batch_op.create_index("ix_campaign_draws_campaign", ["campaign_id", "id"], unique=False)

    op.create_table(
        "campaign_prizes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_campaign_prizes_campaign_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_prizes")),
        sa.UniqueConstraint(
            "campaign_id", "name", name=op.f("uq_campaign_prizes_campaign_id_name")
        ),
    )

    op.create_table(
        "campaign_tallies",
        sa.Column(
            "campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("minute", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_campaign_tallies_campaign_id")
        ),
        sa.PrimaryKeyConstraint(
            "campaign_id", "minute", "outcome", name=op.f("pk_campaign_tallies")
        ),
    )

    op.create_table(
        "follow_events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "contact_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column(
            "message_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("is_follow", sa.Boolean(), nullable=False),
        sa.Column("is_return", sa.Boolean(), nullable=False),
        sa.Column(
            "lasted_seconds", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("scene", sa.String(length=64), nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_follow_events_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_follow_events_contact_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_follow_events")),
        sa.UniqueConstraint("message_id", name=op.f("uq_follow_events_message_id")),
    )

    with op.batch_alter_table("follow_events", schema=None) as batch_op:
        batch_op.create_index(
            "ix_follow_events_contact", ["contact_id", "happened_at"], unique=False
        )
        batch_op.create_index("ix_follow_events_day", ["account_id", "happened_at"], unique=False)
        batch_op.create_index(
            "ix_follow_events_scene", ["account_id", "scene", "happened_at"], unique=False
        )

    op.create_table(
        "prize_code_imports",
        sa.Column(
            "campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("mark", sa.String(length=16), nullable=False),
        sa.Column("after_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("is_broken", sa.Boolean(), nullable=False),
        sa.Column("beat_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_prize_code_imports_campaign_id")
        ),
        sa.PrimaryKeyConstraint("campaign_id", name=op.f("pk_prize_code_imports")),
    )

    op.create_table(
        "qr_codes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("scene", sa.String(length=64), nullable=False),
        sa.Column("label", sa.String(length=80), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "partner",
                "shop",
                "advert",
                "person",
                name="codekind",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("folder", sa.String(length=60), nullable=False),
        sa.Column(
            "cost_cents", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column(
            "campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("lives_seconds", sa.Integer(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "making",
                "ready",
                "failed",
                name="qrstate",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("ticket", sa.String(length=300), nullable=True),
        sa.Column("url", sa.String(length=300), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.String(length=500), nullable=True),
        sa.Column(
            "created_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_qr_codes_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_qr_codes_campaign_id")
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["agents.id"], name=op.f("fk_qr_codes_created_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_qr_codes")),
        sa.UniqueConstraint("account_id", "scene", name=op.f("uq_qr_codes_account_id_scene")),
    )

    with op.batch_alter_table("qr_codes", schema=None) as batch_op:
        batch_op.create_index("ix_qr_codes_due", ["state", "next_attempt_at"], unique=False)
        batch_op.create_index("ix_qr_codes_folder", ["account_id", "folder", "id"], unique=False)

    op.create_table(
        "qr_scans",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("scene", sa.String(length=64), nullable=False),
        sa.Column(
            "contact_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column(
            "message_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("is_follow", sa.Boolean(), nullable=False),
        sa.Column("scanned_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_qr_scans_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_qr_scans_contact_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_qr_scans")),
        sa.UniqueConstraint("message_id", name=op.f("uq_qr_scans_message_id")),
    )

    with op.batch_alter_table("qr_scans", schema=None) as batch_op:
        batch_op.create_index("ix_qr_scans_contact", ["contact_id", "scanned_at"], unique=False)
        batch_op.create_index(
            "ix_qr_scans_scene", ["account_id", "scene", "scanned_at"], unique=False
        )

    op.create_table(
        "broadcast_targets",
        sa.Column(
            "broadcast_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "contact_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "state",
            sa.Enum(
                "listed",
                "queued",
                "sent",
                "delivered",
                "failed",
                "unconfirmed",
                "left_out",
                name="targetstate",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column(
            "message_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.String(length=500), nullable=True),
        sa.ForeignKeyConstraint(
            ["broadcast_id"], ["broadcasts.id"], name=op.f("fk_broadcast_targets_broadcast_id")
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_broadcast_targets_contact_id")
        ),
        sa.PrimaryKeyConstraint("broadcast_id", "contact_id", name=op.f("pk_broadcast_targets")),
        sa.UniqueConstraint("message_id", name=op.f("uq_broadcast_targets_message_id")),
    )

    with op.batch_alter_table("broadcast_targets", schema=None) as batch_op:
        batch_op.create_index("ix_broadcast_targets_contact", ["contact_id"], unique=False)
        batch_op.create_index(
            "ix_broadcast_targets_state", ["broadcast_id", "state", "contact_id"], unique=False
        )

    op.create_table(
        "campaign_entries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "contact_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column(
            "message_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("rule_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_campaign_entries_campaign_id")
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_campaign_entries_contact_id")
        ),
        sa.ForeignKeyConstraint(
            ["rule_id"], ["auto_reply_rules.id"], name=op.f("fk_campaign_entries_rule_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_entries")),
        sa.UniqueConstraint(
            "campaign_id",
            "contact_id",
            "number",
            name=op.f("uq_campaign_entries_campaign_id_contact_id_number"),
        ),
        sa.UniqueConstraint("message_id", name=op.f("uq_campaign_entries_message_id")),
    )

    with op.batch_alter_table("campaign_entries", schema=None) as batch_op:
        batch_op.create_index("ix_campaign_entries_contact", ["contact_id"], unique=False)
        batch_op.create_index(
            "ix_campaign_entries_time", ["campaign_id", "entered_at", "id"], unique=False
        )

    op.create_table(
        "campaign_pending",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "contact_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "message_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("rule_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("rule_version", sa.Integer(), nullable=False),
        sa.Column("matched", sa.String(length=200), nullable=False),
        sa.Column("mark", sa.String(length=16), nullable=False),
        sa.Column("answers", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_campaign_pending_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_campaign_pending_campaign_id")
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_campaign_pending_contact_id")
        ),
        sa.ForeignKeyConstraint(
            ["rule_id"], ["auto_reply_rules.id"], name=op.f("fk_campaign_pending_rule_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_pending")),
        sa.UniqueConstraint("message_id", name=op.f("uq_campaign_pending_message_id")),
    )

    with op.batch_alter_table("campaign_pending", schema=None) as batch_op:
        batch_op.create_index("ix_campaign_pending_order", ["campaign_id", "id"], unique=False)

    op.create_table(
        "corrections",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("rule_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("choice", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("sent_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "collecting",
                "ready",
                "sending",
                "paused",
                "done",
                "cancelled",
                name="correctionstate",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column(
            "collected_to_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("last_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("per_minute", sa.Integer(), nullable=False),
        sa.Column("skips_helped", sa.Boolean(), nullable=False),
        sa.Column("needs_approval", sa.Boolean(), nullable=False),
        sa.Column("idempotency_key", sa.String(length=100), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column(
            "created_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "written_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "approved_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_to_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_corrections_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["approved_by_id"], ["agents.id"], name=op.f("fk_corrections_approved_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_corrections_campaign_id")
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["agents.id"], name=op.f("fk_corrections_created_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["rule_id"], ["auto_reply_rules.id"], name=op.f("fk_corrections_rule_id")
        ),
        sa.ForeignKeyConstraint(
            ["written_by_id"], ["agents.id"], name=op.f("fk_corrections_written_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_corrections")),
        sa.UniqueConstraint(
            "created_by_id",
            "idempotency_key",
            name=op.f("uq_corrections_created_by_id_idempotency_key"),
        ),
    )

    with op.batch_alter_table("corrections", schema=None) as batch_op:
        batch_op.create_index("ix_corrections_rule", ["rule_id", "id"], unique=False)
        batch_op.create_index("ix_corrections_state", ["state", "id"], unique=False)

    op.create_table(
        "dry_runs",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("rule_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("rule_version", sa.Integer(), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("definition", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "running",
                "done",
                "failed",
                name="dryrunstate",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("scanned", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column(
            "position_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("result", sa.JSON(none_as_null=True), nullable=True),
        sa.Column(
            "requested_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "confirmed_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_dry_runs_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["confirmed_by_id"], ["agents.id"], name=op.f("fk_dry_runs_confirmed_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["requested_by_id"], ["agents.id"], name=op.f("fk_dry_runs_requested_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["rule_id"], ["auto_reply_rules.id"], name=op.f("fk_dry_runs_rule_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dry_runs")),
    )

    with op.batch_alter_table("dry_runs", schema=None) as batch_op:
        batch_op.create_index("ix_dry_runs_digest", ["account_id", "digest", "id"], unique=False)
        batch_op.create_index("ix_dry_runs_state", ["state", "id"], unique=False)

    op.create_table(
        "campaign_promises",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("draw_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("prize", sa.String(length=80), nullable=False),
        sa.Column(
            "contact_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("entry_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "promised",
                "preparing",
                "sent",
                "delivered",
                "cancelled",
                name="promisestate",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("tracking", sa.String(length=100), nullable=False),
        sa.Column(
            "told_message_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "updated_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_campaign_promises_campaign_id")
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_campaign_promises_contact_id")
        ),
        sa.ForeignKeyConstraint(
            ["draw_id"], ["campaign_draws.id"], name=op.f("fk_campaign_promises_draw_id")
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["campaign_entries.id"], name=op.f("fk_campaign_promises_entry_id")
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"], ["agents.id"], name=op.f("fk_campaign_promises_updated_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_promises")),
        sa.UniqueConstraint("draw_id", "place", name=op.f("uq_campaign_promises_draw_id_place")),
    )

    with op.batch_alter_table("campaign_promises", schema=None) as batch_op:
        batch_op.create_index("ix_campaign_promises_contact", ["contact_id"], unique=False)
        batch_op.create_index(
            "ix_campaign_promises_state", ["campaign_id", "state", "id"], unique=False
        )

    op.create_table(
        "correction_recipients",
        sa.Column(
            "correction_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "contact_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "wrong_message_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("wrong_count", sa.Integer(), nullable=False),
        sa.Column("got_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "reach",
            sa.Enum(
                "now",
                "window_closed",
                "quota_gone",
                "unfollowed",
                "helped",
                "blocked",
                name="reach",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "listed",
                "queued",
                "sent",
                "waits",
                "failed",
                "unconfirmed",
                "left_out",
                name="recipientstate",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column(
            "message_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("is_doubtful", sa.Boolean(), nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.String(length=500), nullable=True),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_correction_recipients_contact_id")
        ),
        sa.ForeignKeyConstraint(
            ["correction_id"],
            ["corrections.id"],
            name=op.f("fk_correction_recipients_correction_id"),
        ),
        sa.PrimaryKeyConstraint(
            "correction_id", "contact_id", name=op.f("pk_correction_recipients")
        ),
        sa.UniqueConstraint("message_id", name=op.f("uq_correction_recipients_message_id")),
    )

    with op.batch_alter_table("correction_recipients", schema=None) as batch_op:
        batch_op.create_index("ix_correction_recipients_contact", ["contact_id"], unique=False)
        batch_op.create_index(
            "ix_correction_recipients_state", ["correction_id", "state", "contact_id"], unique=False
        )
        batch_op.create_index(
            "ix_correction_recipients_turn",
            ["correction_id", "state", "got_at", "contact_id"],
            unique=False,
        )

    op.create_table(
        "prize_codes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("code", sa.String(length=100), nullable=False),
        sa.Column("prize", sa.String(length=80), nullable=False),
        sa.Column("batch", sa.String(length=80), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "free",
                "offered",
                "given",
                "lost",
                "void",
                name="codestate",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("lease", sa.String(length=40), nullable=True),
        sa.Column("offered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "contact_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("entry_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_prize_codes_campaign_id")
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_prize_codes_contact_id")
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["campaign_entries.id"], name=op.f("fk_prize_codes_entry_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prize_codes")),
        sa.UniqueConstraint("campaign_id", "code", name=op.f("uq_prize_codes_campaign_id_code")),
    )

    with op.batch_alter_table("prize_codes", schema=None) as batch_op:
        batch_op.create_index(
            "ix_prize_codes_contact",
            ["contact_id"],
            unique=False,
            sqlite_where=sa.text("contact_id IS NOT NULL"),
            postgresql_where=sa.text("contact_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_prize_codes_offer",
            ["campaign_id", "lease"],
            unique=False,
            sqlite_where=sa.text("lease IS NOT NULL"),
            postgresql_where=sa.text("lease IS NOT NULL"),
        )
        batch_op.create_index("ix_prize_codes_state", ["campaign_id", "state", "id"], unique=False)
        batch_op.create_index(
            "uq_prize_codes_entry",
            ["entry_id"],
            unique=True,
            sqlite_where=sa.text("entry_id IS NOT NULL"),
            postgresql_where=sa.text("entry_id IS NOT NULL"),
        )

    with op.batch_alter_table("accounts", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("needs_approval", sa.Boolean(), server_default=sa.false(), nullable=False)
        )

    with op.batch_alter_table("auto_reply_rule_versions", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_auto_reply_rule_versions_match"), type_="check")
        batch_op.create_check_constraint(
            batch_op.f("ck_auto_reply_rule_versions_match"),
            "match IN ('exact', 'contains', 'all_words', 'any_words', 'regex')",
        )
        batch_op.add_column(
            sa.Column(
                "trigger",
                sa.Enum(
                    "text",
                    "follow",
                    "scan",
                    "menu_click",
                    "menu_tap",
                    "first_message",
                    "out_of_hours",
                    "nobody_online",
                    "waiting",
                    name="trigger",
                    native_enum=False,
                    create_constraint=True,
                    length=20,
                ),
                server_default="text",
                nullable=False,
            )
        )
        batch_op.add_column(sa.Column("exclusions", sa.Text(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("conditions", sa.JSON(none_as_null=True), nullable=True))
        batch_op.add_column(sa.Column("more_replies", sa.JSON(none_as_null=True), nullable=True))
        batch_op.add_column(sa.Column("limits", sa.JSON(none_as_null=True), nullable=True))
        batch_op.add_column(
            sa.Column("passes_on", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
        batch_op.add_column(
            sa.Column("answers_attended", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
        batch_op.add_column(sa.Column("waiting_minutes", sa.Integer(), nullable=True))
        batch_op.add_column(
            sa.Column(
                "dry_run_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
            )
        )
        batch_op.create_index("ix_auto_reply_rule_versions_dry_run", ["dry_run_id"], unique=False)
        batch_op.create_foreign_key(
            batch_op.f("fk_auto_reply_rule_versions_dry_run_id"), "dry_runs", ["dry_run_id"], ["id"]
        )

    with op.batch_alter_table("auto_reply_rules", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_auto_reply_rules_match"), type_="check")
        batch_op.create_check_constraint(
            batch_op.f("ck_auto_reply_rules_match"),
            "match IN ('exact', 'contains', 'all_words', 'any_words', 'regex')",
        )
        batch_op.add_column(
            sa.Column(
                "trigger",
                sa.Enum(
                    "text",
                    "follow",
                    "scan",
                    "menu_click",
                    "menu_tap",
                    "first_message",
                    "out_of_hours",
                    "nobody_online",
                    "waiting",
                    name="trigger",
                    native_enum=False,
                    create_constraint=True,
                    length=20,
                ),
                server_default="text",
                nullable=False,
            )
        )
        batch_op.add_column(sa.Column("exclusions", sa.Text(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("conditions", sa.JSON(none_as_null=True), nullable=True))
        batch_op.add_column(sa.Column("more_replies", sa.JSON(none_as_null=True), nullable=True))
        batch_op.add_column(sa.Column("limits", sa.JSON(none_as_null=True), nullable=True))
        batch_op.add_column(
            sa.Column("passes_on", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
        batch_op.add_column(
            sa.Column("answers_attended", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
        batch_op.add_column(sa.Column("waiting_minutes", sa.Integer(), nullable=True))
        batch_op.add_column(
            sa.Column(
                "campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
            )
        )
        batch_op.add_column(sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index(
            batch_op.f("ix_auto_reply_rules_campaign_id"), ["campaign_id"], unique=False
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_auto_reply_rules_campaign_id"), "campaigns", ["campaign_id"], ["id"]
        )

    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("is_bulk", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
        batch_op.add_column(
            sa.Column("is_stopped", sa.Boolean(), server_default=sa.false(), nullable=False)
        )

    with op.batch_alter_table("messages", schema=None) as batch_op:
        batch_op.add_column(sa.Column("outcome", sa.String(length=20), nullable=True))
        batch_op.add_column(sa.Column("source", sa.String(length=20), nullable=True))
        batch_op.create_index(
            "ix_messages_rule",
            ["sender_id", "received_at"],
            unique=False,
            sqlite_where=sa.text("sender_kind = 'rule'"),
            postgresql_where=sa.text("sender_kind = 'rule'"),
        )

    with op.batch_alter_table("notifications", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_notifications_notificationtopic"), type_="check")
        batch_op.create_check_constraint(
            batch_op.f("ck_notifications_notificationtopic"),
            "topic IN ('sla_warning', 'sla_breach', 'report_failed', 'approval_wanted')",
        )

    fill_follow_events(op.get_bind())


def fill_follow_events(connection: sa.Connection) -> None:
    """Follows, unfollows and scans from the events that are stored, page by page."""
    instant, big = sa.DateTime(timezone=True), sa.BigInteger()
    messages = sa.table(
        "messages",
        sa.column("id", big),
        sa.column("account_id", sa.Integer()),
        sa.column("contact_id", big),
        sa.column("kind", sa.String()),
        sa.column("payload", sa.JSON()),
        sa.column("created_at", instant),
        sa.column("received_at", instant),
    )
    follows = sa.table(
        "follow_events",
        sa.column("id", big),
        sa.column("account_id", sa.Integer()),
        sa.column("contact_id", big),
        sa.column("message_id", big),
        sa.column("is_follow", sa.Boolean()),
        sa.column("is_return", sa.Boolean()),
        sa.column("lasted_seconds", big),
        sa.column("scene", sa.String()),
        sa.column("happened_at", instant),
    )
    scans = sa.table(
        "qr_scans",
        sa.column("account_id", sa.Integer()),
        sa.column("scene", sa.String()),
        sa.column("contact_id", big),
        sa.column("message_id", big),
        sa.column("is_follow", sa.Boolean()),
        sa.column("scanned_at", instant),
    )
    its, last_id = messages.c, 0
    while True:
        page = connection.execute(
            sa.select(messages)
            .where(its.id > last_id, its.kind == "event", its.payload.is_not(None))
            .order_by(its.id)
            .limit(2_000)
        ).all()
        if not page:
            break
        last_id = page[-1].id
        moved = [found for row in page if (found := follow_of(row))]
        seen = [found for row in page if (found := scan_of(row))]
        if moved:
            connection.execute(follows.insert(), moved)
        if seen:
            connection.execute(scans.insert(), seen)
    chain_follow_events(connection, follows)


def follow_of(row: sa.Row[Any]) -> dict[str, object] | None:
    event, scene, at = read_event(row)
    if event not in ("subscribe", "unsubscribe"):
        return None
    found = {"account_id": row.account_id, "contact_id": row.contact_id, "message_id": row.id}
    found |= {"is_follow": event == "subscribe", "is_return": False, "scene": scene}
    return {**found, "happened_at": at}


def scan_of(row: sa.Row[Any]) -> dict[str, object] | None:
    event, scene, at = read_event(row)
    if not scene:
        return None
    found = {"account_id": row.account_id, "contact_id": row.contact_id, "message_id": row.id}
    return {**found, "is_follow": event == "subscribe", "scene": scene, "scanned_at": at}


def read_event(row: sa.Row[Any]) -> tuple[str, str, object]:
    """The event, the scene of its QR code, and when it happened."""
    fields = row.payload if isinstance(row.payload, dict) else {}
    event, key = str(fields.get("Event", "")).lower(), fields.get("EventKey", "")
    key = key if isinstance(key, str) else ""
    is_code = event == "scan" or (event == "subscribe" and "qrscene_" in key)
    seconds = (row.received_at - row.created_at).total_seconds()
    at = row.created_at if 0 <= seconds <= 300 else row.received_at
    return event, key.removeprefix("qrscene_")[:64] if is_code else "", at


def chain_follow_events(connection: sa.Connection, follows: sa.TableClause) -> None:
    """Who had been there before, and how long each follow lasted; customer by customer."""
    its, after = follows.c, 0
    while ids := connection.scalars(
        sa.select(its.contact_id)
        .where(its.contact_id > after)
        .group_by(its.contact_id)
        .order_by(its.contact_id)
        .limit(1_000)
    ).all():
        after = ids[-1]
        events = connection.execute(
            sa.select(follows)
            .where(its.contact_id.in_(ids))
            .order_by(its.contact_id, its.happened_at, its.id)
        ).all()
        returned, ended = chained(events)
        change = sa.update(follows).where(its.id == sa.bindparam("row"))
        for column, found in ((its.is_return, returned), (its.lasted_seconds, ended)):
            if found:
                connection.execute(change.values({column.name: sa.bindparam("value")}), found)


def chained(
    events: Sequence[sa.Row[Any]],
) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    """Follows of people who had been there before, and how many seconds those that ended lasted."""
    returned: list[dict[str, object]] = []
    ended: list[dict[str, object]] = []
    running: dict[int, list[sa.Row[Any]]] = {}
    known: set[int] = set()
    for row in events:
        if row.is_follow:
            running.setdefault(row.contact_id, []).append(row)
            if row.contact_id in known:
                returned.append({"row": row.id, "value": True})
        else:
            for each in running.pop(row.contact_id, ()):
                lasted = int((row.happened_at - each.happened_at).total_seconds())
                ended.append({"row": each.id, "value": lasted})
        known.add(row.contact_id)
    return returned, ended
