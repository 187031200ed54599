"""all of WeChat: windows, files, tags, templates, audit log, keys in rotation

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

from wxdesk.plumbing.clock import FAR_FUTURE

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "media_leftovers",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("check_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_deleting", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_media_leftovers")),
    )

    with op.batch_alter_table("media_leftovers", schema=None) as batch_op:
        batch_op.create_index("ix_media_leftovers_check", ["check_at"], unique=False)

    op.create_table(
        "audit_entries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("subject", sa.String(length=60), nullable=False),
        sa.Column("details", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["agents.id"], name=op.f("fk_audit_entries_actor_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entries")),
    )

    with op.batch_alter_table("audit_entries", schema=None) as batch_op:
        batch_op.create_index("ix_audit_entries_action", ["action", "id"], unique=False)
        batch_op.create_index("ix_audit_entries_actor", ["actor_id", "id"], unique=False)
        batch_op.create_index("ix_audit_entries_at", ["at", "id"], unique=False)
        batch_op.create_index("ix_audit_entries_subject", ["subject", "id"], unique=False)

    op.create_table(
        "forgotten_messages",
        sa.Column(
            "account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_forgotten_messages_account_id")
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_forgotten_messages")),
    )

    op.create_table(
        "message_templates",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "kind",
            sa.Enum(
                "template",
                "subscription",
                name="templatekind",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("template_id", sa.String(length=100), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("example", sa.Text(), nullable=False),
        sa.Column("refreshed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_message_templates_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_templates")),
        sa.UniqueConstraint(
            "account_id", "template_id", name=op.f("uq_message_templates_account_id_template_id")
        ),
    )

    op.create_table(
        "tags",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("name", sa.String(length=30), nullable=False),
        sa.Column("wechat_tag_id", sa.Integer(), nullable=True),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_tags_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tags")),
        sa.UniqueConstraint("account_id", "name", name=op.f("uq_tags_account_id_name")),
        sa.UniqueConstraint(
            "account_id", "wechat_tag_id", name=op.f("uq_tags_account_id_wechat_tag_id")
        ),
    )

    op.create_table(
        "contact_tags",
        sa.Column(
            "contact_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("tag_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "synced",
                "adding",
                "removing",
                "failed",
                name="tagstate",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("error", sa.String(length=500), nullable=True),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_contact_tags_contact_id")
        ),
        sa.ForeignKeyConstraint(["tag_id"], ["tags.id"], name=op.f("fk_contact_tags_tag_id")),
        sa.PrimaryKeyConstraint("contact_id", "tag_id", name=op.f("pk_contact_tags")),
    )

    with op.batch_alter_table("contact_tags", schema=None) as batch_op:
        batch_op.create_index("ix_contact_tags_tag", ["tag_id", "contact_id"], unique=False)

    op.create_table(
        "reply_windows",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "contact_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "act",
            sa.Enum(
                "message",
                "click",
                "scan",
                "follow",
                name="act",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column(
            "message_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("quota", sa.Integer(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("closed_by", sa.String(length=10), nullable=True),
        sa.Column("corrected_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_reply_windows_contact_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reply_windows")),
    )

    with op.batch_alter_table("reply_windows", schema=None) as batch_op:
        batch_op.create_index("ix_reply_windows_ended", ["closes_at"], unique=False)
        batch_op.create_index("ix_reply_windows_open", ["contact_id", "closes_at"], unique=False)

    op.create_table(
        "attachments",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "message_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column(
            "role",
            sa.Enum(
                "content",
                "thumbnail",
                "wideband",
                name="filerole",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column(
            "kind",
            sa.Enum(
                "image",
                "voice",
                "video",
                "file",
                name="filekind",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "fetching",
                "ready",
                "failed",
                "gone",
                name="filestate",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("media_id", sa.String(length=200), nullable=True),
        sa.Column("source_url", sa.String(length=1000), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("crashes", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error_code", sa.String(length=40), nullable=True),
        sa.Column("last_error", sa.String(length=500), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("playable_sha256", sa.String(length=64), nullable=True),
        sa.Column("thumbnail_sha256", sa.String(length=64), nullable=True),
        sa.Column("content_type", sa.String(length=100), nullable=True),
        sa.Column("file_name", sa.String(length=200), nullable=True),
        sa.Column("size_bytes", sa.Integer(), nullable=True),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("duration_seconds", sa.Double(), nullable=True),
        sa.Column("waveform", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("uploaded_media_id", sa.String(length=200), nullable=True),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_kept", sa.Boolean(), nullable=False),
        sa.Column(
            "attached_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_attachments_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["attached_by_id"], ["agents.id"], name=op.f("fk_attachments_attached_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], name=op.f("fk_attachments_message_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachments")),
    )

    with op.batch_alter_table("attachments", schema=None) as batch_op:
        batch_op.create_index("ix_attachments_created", ["message_id", "created_at"], unique=False)
        batch_op.create_index(
            "ix_attachments_due", ["state", "account_id", "next_attempt_at"], unique=False
        )
        batch_op.create_index("ix_attachments_message", ["message_id", "role"], unique=False)
        batch_op.create_index("ix_attachments_playable", ["playable_sha256"], unique=False)
        batch_op.create_index("ix_attachments_sha256", ["sha256"], unique=False)
        batch_op.create_index("ix_attachments_thumbnail", ["thumbnail_sha256"], unique=False)

    with op.batch_alter_table("accounts", schema=None) as batch_op:
        batch_op.add_column(sa.Column("sealed_previous_token", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("sealed_previous_aes_key", sa.String(), nullable=True))
        batch_op.add_column(
            sa.Column("previous_keys_until", sa.DateTime(timezone=True), nullable=True)
        )
        batch_op.add_column(
            sa.Column("messages_refused_at", sa.DateTime(timezone=True), nullable=True)
        )
        batch_op.add_column(
            sa.Column("slots_for_people", sa.Integer(), server_default="2", nullable=False)
        )
        batch_op.add_column(
            sa.Column("is_passive_counted", sa.Boolean(), server_default=sa.true(), nullable=False)
        )
        batch_op.add_column(
            sa.Column("calls_per_minute", sa.Integer(), server_default="1200", nullable=False)
        )
        batch_op.add_column(sa.Column("problem_code", sa.String(length=40), nullable=True))
        batch_op.add_column(sa.Column("problem", sa.String(length=500), nullable=True))
        batch_op.add_column(sa.Column("problem_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("check_result", sa.JSON(none_as_null=True), nullable=True))

    with op.batch_alter_table("auto_reply_rule_versions", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "reply_kind",
                sa.Enum(
                    "text",
                    "image",
                    "voice",
                    "video",
                    "news",
                    "miniprogrampage",
                    "msgmenu",
                    name="replykind",
                    native_enum=False,
                    create_constraint=True,
                    length=20,
                ),
                server_default="text",
                nullable=False,
            )
        )
        batch_op.add_column(sa.Column("reply_content", sa.JSON(none_as_null=True), nullable=True))
        batch_op.add_column(
            sa.Column(
                "attachment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
            )
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_auto_reply_rule_versions_attachment_id"),
            "attachments",
            ["attachment_id"],
            ["id"],
        )

    with op.batch_alter_table("auto_reply_rules", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "reply_kind",
                sa.Enum(
                    "text",
                    "image",
                    "voice",
                    "video",
                    "news",
                    "miniprogrampage",
                    "msgmenu",
                    name="replykind",
                    native_enum=False,
                    create_constraint=True,
                    length=20,
                ),
                server_default="text",
                nullable=False,
            )
        )
        batch_op.add_column(sa.Column("reply_content", sa.JSON(none_as_null=True), nullable=True))
        batch_op.add_column(
            sa.Column(
                "attachment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
            )
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_auto_reply_rules_attachment_id"),
            "attachments",
            ["attachment_id"],
            ["id"],
        )

    with op.batch_alter_table("contacts", schema=None) as batch_op:
        batch_op.add_column(sa.Column("unionid", sa.String(length=64), nullable=True))
        batch_op.add_column(
            sa.Column(
                "remark_state",
                sa.Enum(
                    "synced",
                    "pending",
                    "failed",
                    name="syncstate",
                    native_enum=False,
                    create_constraint=True,
                    length=20,
                ),
                server_default="synced",
                nullable=False,
            )
        )
        batch_op.add_column(
            sa.Column("is_blacklisted", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
        batch_op.add_column(
            sa.Column(
                "blacklist_state",
                sa.Enum(
                    "synced",
                    "pending",
                    "failed",
                    name="blackliststate",
                    native_enum=False,
                    create_constraint=True,
                    length=20,
                ),
                server_default="synced",
                nullable=False,
            )
        )
        batch_op.add_column(sa.Column("followed_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("unfollowed_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(
            sa.Column("follow_scene", sa.String(length=40), server_default="", nullable=False)
        )
        batch_op.add_column(
            sa.Column("qr_scene", sa.String(length=64), server_default="", nullable=False)
        )
        batch_op.add_column(sa.Column("profile_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("profile_due_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(
            sa.Column("profile_attempts", sa.Integer(), server_default="0", nullable=False)
        )
        batch_op.add_column(sa.Column("profile_error", sa.String(length=500), nullable=True))
        batch_op.add_column(sa.Column("sync_due_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(
            sa.Column("sync_attempts", sa.Integer(), server_default="0", nullable=False)
        )
        batch_op.add_column(sa.Column("sync_error", sa.String(length=500), nullable=True))
        batch_op.add_column(sa.Column("synced_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("forget_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("forgotten_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index(
            "ix_contacts_blacklisted",
            ["account_id", "id"],
            unique=False,
            sqlite_where=sa.text("is_blacklisted = 1"),
            postgresql_where=sa.text("is_blacklisted"),
        )
        batch_op.create_index("ix_contacts_forget", ["forget_at"], unique=False)
        batch_op.create_index(
            "ix_contacts_profile_due", ["account_id", "profile_due_at"], unique=False
        )
        batch_op.create_index("ix_contacts_sync_due", ["account_id", "sync_due_at"], unique=False)
        batch_op.create_index("ix_contacts_unionid", ["unionid"], unique=False)

    with op.batch_alter_table("conversations", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("urgency_rank", sa.Integer(), server_default="1", nullable=False)
        )
        batch_op.add_column(
            sa.Column(
                "urgent_at",
                sa.DateTime(timezone=True),
                server_default="9999-12-31 00:00:00+00:00",
                nullable=False,
            )
        )
        batch_op.add_column(
            sa.Column(
                "window_check_at",
                sa.DateTime(timezone=True),
                server_default="9999-12-31 00:00:00+00:00",
                nullable=False,
            )
        )
        batch_op.drop_index(batch_op.f("ix_conversations_any_queue"))
        batch_op.create_index(
            "ix_conversations_any_queue",
            ["urgency_rank", "urgent_at", "queued_at", "id"],
            unique=False,
        )
        batch_op.drop_index(batch_op.f("ix_conversations_assignee"))
        batch_op.create_index(
            "ix_conversations_assignee",
            ["assignee_id", "status", "urgency_rank", "urgent_at", "queued_at", "id"],
            unique=False,
        )
        batch_op.drop_index(batch_op.f("ix_conversations_queue"))
        batch_op.create_index(
            "ix_conversations_queue",
            ["status", "urgency_rank", "urgent_at", "queued_at", "id"],
            unique=False,
        )
        batch_op.create_index("ix_conversations_window_check", ["window_check_at"], unique=False)

    with op.batch_alter_table("messages", schema=None) as batch_op:
        batch_op.add_column(sa.Column("part_number", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("part_count", sa.Integer(), nullable=True))

    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.add_column(sa.Column("queued_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("rid", sa.String(length=80), nullable=True))
        batch_op.add_column(
            sa.Column(
                "via",
                sa.Enum(
                    "customer_service",
                    "passive",
                    "template",
                    name="via",
                    native_enum=False,
                    create_constraint=True,
                    length=20,
                ),
                server_default="customer_service",
                nullable=False,
            )
        )
        batch_op.add_column(sa.Column("wechat_msgid", sa.String(length=32), nullable=True))
        batch_op.add_column(
            sa.Column("may_wait", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
        batch_op.create_index("ix_deliveries_wechat_msgid", ["wechat_msgid"], unique=False)
        batch_op.drop_constraint(batch_op.f("ck_deliveries_delivery"), type_="check")
        batch_op.create_check_constraint(
            batch_op.f("ck_deliveries_delivery"),
            "state IN ('queued', 'sending', 'sent', 'failed', 'unconfirmed', 'held', 'withdrawn')",
        )

    _carry_over()


def _carry_over() -> None:
    """Open windows become entries of the ledger; the queue's order is the deadlines' so far."""
    op.execute("UPDATE conversations SET urgent_at = due_at")
    far = sa.table("conversations", sa.column("window_check_at", sa.DateTime(timezone=True)))
    op.execute(far.update().values(window_check_at=FAR_FUTURE))
    op.execute(  # whoever waits is judged again at once
        "UPDATE conversations SET window_check_at = waiting_since WHERE waiting_since IS NOT NULL"
    )
    op.execute(  # who left before is forgotten like those who leave now
        "UPDATE contacts SET unfollowed_at = last_seen_at, forget_at = last_seen_at"
        " WHERE NOT is_following"
    )
    op.execute("UPDATE deliveries SET queued_at = next_attempt_at")
    op.execute("UPDATE contacts SET profile_due_at = first_seen_at")
    op.execute(
        "INSERT INTO reply_windows (contact_id, act, opened_at, closes_at, quota, used)"
        " SELECT id, 'message', last_seen_at, window_closes_at, 5, 5 - window_remaining"
        " FROM contacts WHERE window_closes_at IS NOT NULL"
    )
