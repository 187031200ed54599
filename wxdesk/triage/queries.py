"""Auto-reply rules as pages and the webhook see them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from wxdesk.accounts.models import Account
from wxdesk.agents.models import Agent
from wxdesk.media.models import Attachment
from wxdesk.plumbing.errors import NotFoundError
from wxdesk.triage.models import AutoReplyRule, AutoReplyRuleVersion
from wxdesk.triage.rulebook import RuleText
from wxdesk.triage.rules import PASSIVE_WITH_FILE, Match, Reply, ReplyKind, split_patterns

MOST_RULES = 20_000
MOST_VERSIONS = 100
UPLOAD_LIFE = timedelta(days=2, hours=20)  # WeChat keeps an upload for three days


@dataclass(frozen=True, slots=True)
class RuleView:
    """A rule with the names that a page shows."""

    id: int
    account_id: int
    account: str
    account_name: str
    name: str
    match: Match
    patterns: list[str]
    reply_text: str
    reply_kind: ReplyKind
    reply_content: dict[str, Any]
    attachment_id: int | None
    priority: int
    is_active: bool
    version: int
    updated_at: datetime
    updated_by: str | None


@dataclass(frozen=True, slots=True)
class RuleFile:
    account_id: int
    attachment_id: int


@dataclass(frozen=True, slots=True)
class VersionView:
    version: int
    changed_at: datetime
    changed_by: str | None
    is_active: bool
    reply_text: str
    patterns: list[str]


def list_active(session: Session, account_id: int, now: datetime) -> list[RuleText]:
    """The account's active rules (at most 20,000), for the rulebook.

    One that answers with a file is left out until WeChat has a fresh copy of it.
    """
    rows = session.execute(
        select(
            AutoReplyRule.id,
            AutoReplyRule.version,
            AutoReplyRule.match,
            AutoReplyRule.patterns,
            AutoReplyRule.reply_text,
            AutoReplyRule.priority,
            AutoReplyRule.reply_kind,
            AutoReplyRule.reply_content,
            AutoReplyRule.attachment_id,
            Attachment.uploaded_media_id,
            Attachment.uploaded_at,
        )
        .outerjoin(Attachment, Attachment.id == AutoReplyRule.attachment_id)
        .where(AutoReplyRule.account_id == account_id, AutoReplyRule.is_active)
        .order_by(AutoReplyRule.id)
        .limit(MOST_RULES)
    )
    found = []
    for row in rows:
        is_fresh = row.uploaded_at is not None and now - row.uploaded_at < UPLOAD_LIFE
        if row.reply_kind in PASSIVE_WITH_FILE and not is_fresh:
            continue
        reply = Reply(
            row.reply_text,
            row.reply_kind,
            row.reply_content,
            row.attachment_id,
            row.uploaded_media_id or "",
            row.uploaded_at + UPLOAD_LIFE if row.reply_kind in PASSIVE_WITH_FILE else None,
        )
        found.append(RuleText(row.id, row.version, row.match, row.patterns, reply, row.priority))
    return found


def list_stale_files(session: Session, before: datetime, limit: int) -> list[RuleFile]:
    """Files of active rules that were uploaded before this, or never."""
    rows = session.execute(
        select(AutoReplyRule.account_id, Attachment.id)
        .join(Attachment, Attachment.id == AutoReplyRule.attachment_id)
        .where(
            AutoReplyRule.is_active,
            Attachment.uploaded_at.is_(None) | (Attachment.uploaded_at < before),
        )
        .distinct()
        .limit(limit)
    )
    return [RuleFile(*row) for row in rows]


def list_rules(
    session: Session, *, account_id: int | None, after_id: int, limit: int
) -> list[RuleView]:
    """Rules in the order of their ids, from the one after `after_id`."""
    query = _views().where(AutoReplyRule.id > after_id).order_by(AutoReplyRule.id).limit(limit)
    if account_id is not None:
        query = query.where(AutoReplyRule.account_id == account_id)
    return [_view(*row) for row in session.execute(query)]


def get_rule(session: Session, rule_id: int) -> RuleView:
    """One rule; NotFoundError if there is none."""
    row = session.execute(_views().where(AutoReplyRule.id == rule_id)).one_or_none()
    if row is None:
        raise NotFoundError(f"no rule {rule_id}")
    return _view(*row)


def list_versions(session: Session, rule_id: int) -> list[VersionView]:
    """The latest 100 versions of a rule, the newest first."""
    rows = session.execute(
        select(AutoReplyRuleVersion, Agent.name)
        .outerjoin(Agent, Agent.id == AutoReplyRuleVersion.changed_by_id)
        .where(AutoReplyRuleVersion.rule_id == rule_id)
        .order_by(AutoReplyRuleVersion.version.desc())
        .limit(MOST_VERSIONS)
    )
    return [
        VersionView(
            row.version,
            row.changed_at,
            name,
            row.is_active,
            row.reply_text,
            split_patterns(row.patterns),
        )
        for row, name in rows
    ]


def names_of(session: Session, rule_ids: set[int]) -> dict[int, str]:
    """Rule id to name."""
    if not rule_ids:
        return {}
    query = select(AutoReplyRule.id, AutoReplyRule.name)
    rows = session.execute(query.where(AutoReplyRule.id.in_(sorted(rule_ids))))
    return dict(rows.all())


def _views() -> Select[AutoReplyRule, Account, str]:
    return (
        select(AutoReplyRule, Account, Agent.name)
        .join(Account, Account.id == AutoReplyRule.account_id)
        .outerjoin(Agent, Agent.id == AutoReplyRule.updated_by_id)
    )


def _view(rule: AutoReplyRule, account: Account, updated_by: str | None) -> RuleView:
    return RuleView(
        id=rule.id,
        account_id=account.id,
        account=account.slug,
        account_name=account.name,
        name=rule.name,
        match=rule.match,
        patterns=split_patterns(rule.patterns),
        reply_text=rule.reply_text,
        reply_kind=rule.reply_kind,
        reply_content=rule.reply_content or {},
        attachment_id=rule.attachment_id,
        priority=rule.priority,
        is_active=rule.is_active,
        version=rule.version,
        updated_at=rule.updated_at,
        updated_by=updated_by,
    )
