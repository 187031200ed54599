"""Auto-reply rules as pages and the webhook see them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Boolean, ColumnElement, Integer, Row, Select, column, or_, select, table
from sqlalchemy.orm import Session

from wxdesk.accounts.models import Account
from wxdesk.agents.models import Agent
from wxdesk.media.models import Attachment
from wxdesk.plumbing.db import UTCDateTime
from wxdesk.plumbing.errors import NotFoundError
from wxdesk.triage.models import AutoReplyRule, AutoReplyRuleVersion
from wxdesk.triage.rule_forms import RuleForm, with_replies
from wxdesk.triage.rulebook import RuleText
from wxdesk.triage.rules import (
    ANSWERS_ENDED_FOR,
    PASSIVE_WITH_FILE,
    CampaignGate,
    Match,
    MoreReply,
    Reply,
    ReplyKind,
    split_patterns,
)
from wxdesk.triage.stored import form_of_row, more_of_json, rule_text_of
from wxdesk.words import say

MOST_RULES = 20_000
MOST_VERSIONS = 100
UPLOAD_LIFE = timedelta(days=2, hours=20)  # WeChat keeps an upload for three days
# A table of a package above this one: when its rules answer, and who may enter.
CAMPAIGNS = table(
    "campaigns",
    column("id", Integer),
    column("starts_at", UTCDateTime),
    column("ends_at", UTCDateTime),
    column("entries_per_person", Integer),
    column("total_entries", Integer),
    column("has_codes", Boolean),
    column("approved_at", UTCDateTime),
    column("paused_at", UTCDateTime),
    column("ended_at", UTCDateTime),
)


@dataclass(frozen=True, slots=True)
class RuleView:
    """A rule with the names that a page shows; `form` is all of it as its author wrote it."""

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
    form: RuleForm
    campaign_id: int | None
    archived_at: datetime | None


@dataclass(frozen=True, slots=True)
class RuleFile:
    account_id: int
    attachment_id: int


@dataclass(frozen=True, slots=True)
class VersionView:
    """What a rule said; `dry_run_id`: the run that was confirmed before it was switched on."""

    version: int
    changed_at: datetime
    changed_by: str | None
    is_active: bool
    reply_text: str
    patterns: list[str]
    form: RuleForm
    dry_run_id: int | None


def list_rule_texts(
    session: Session, account_id: int, now: datetime, *, with_campaign_drafts: bool = False
) -> list[RuleText]:
    """The account's active rules (at most 20,000), for the rulebook.

    Without those of campaigns that nobody has let go live; one that answers with a file is left
    out until WeChat has a fresh copy of it.
    """
    rules = session.scalars(
        select(AutoReplyRule)
        .where(AutoReplyRule.account_id == account_id, AutoReplyRule.is_active)
        .order_by(AutoReplyRule.id)
        .limit(MOST_RULES)
    ).all()
    gates = gates_of(
        session, {rule.campaign_id for rule in rules}, with_drafts=with_campaign_drafts
    )
    forms = [(rule, form_of_row(rule, account_id, rule.campaign_id)) for rule in rules]
    wanted = {one.attachment_id for _, form in forms for one in form.all_replies}
    copies = _copies(session, wanted, now)
    found = []
    for rule, form in forms:
        gate = gates.get(rule.campaign_id or 0)
        usable = _usable(form, copies)
        if usable is not None and (rule.campaign_id is None or gate is not None):
            found.append(
                rule_text_of(
                    usable, rule_id=rule.id, version=rule.version, campaign=gate, files=copies
                )
            )
    return found


def gates_of(
    session: Session, campaign_ids: Collection[int | None], *, with_drafts: bool = False
) -> dict[int, CampaignGate]:
    """By campaign, those that have gone live; `ends_at` is when it ended or will."""
    wanted = sorted({one for one in campaign_ids if one is not None})
    if not wanted:
        return {}
    query = select(CAMPAIGNS).where(CAMPAIGNS.c.id.in_(wanted))
    if not with_drafts:
        query = query.where(CAMPAIGNS.c.approved_at.is_not(None))
    return {row.id: _gate(row) for row in session.execute(query)}


def answers_now(session: Session, campaign_id: int, now: datetime) -> bool:
    """Whether a campaign's rules speak: it has gone live, and is not stopped.

    Also when it is over, for the seven days in which they say so.
    """
    it = CAMPAIGNS.c
    query = select(it.id).where(
        it.id == campaign_id,
        it.approved_at.is_not(None),
        or_(it.paused_at.is_(None), it.ended_at.is_not(None), it.ends_at <= now),
        or_(it.ended_at.is_(None), it.ended_at > now - ANSWERS_ENDED_FOR),
    )
    return session.execute(query).first() is not None


def list_stale_files(session: Session, before: datetime, limit: int) -> list[RuleFile]:
    """Files of active rules' replies that were uploaded before this, or never."""
    first = select(AutoReplyRule.account_id, AutoReplyRule.attachment_id).where(
        AutoReplyRule.is_active, AutoReplyRule.attachment_id.is_not(None)
    )
    more = select(AutoReplyRule.account_id, AutoReplyRule.more_replies).where(
        AutoReplyRule.is_active, AutoReplyRule.more_replies.is_not(None)
    )
    used = {row.attachment_id: row.account_id for row in session.execute(first.limit(MOST_RULES))}
    for row in session.execute(more.limit(MOST_RULES)):
        for reply in more_of_json(row.more_replies):
            if reply.attachment_id is not None:
                used.setdefault(reply.attachment_id, row.account_id)
    stale = session.scalars(
        select(Attachment.id)
        .where(_is_stale(before), Attachment.id.in_(sorted(used)))
        .order_by(Attachment.id)
        .limit(limit)
    )
    return [RuleFile(used[attachment_id], attachment_id) for attachment_id in stale]


def list_rules(
    session: Session, *, account_id: int | None, after_id: int, limit: int
) -> list[RuleView]:
    """Rules in the order of their ids, from the one after `after_id`."""
    query = _views().where(AutoReplyRule.id > after_id).order_by(AutoReplyRule.id).limit(limit)
    if account_id is not None:
        query = query.where(AutoReplyRule.account_id == account_id)
    return [_view(*row) for row in session.execute(query)]


def views_of(session: Session, rule_ids: Sequence[int]) -> list[RuleView]:
    """These rules in this order; unknown ones are left out."""
    rows = session.execute(_views().where(AutoReplyRule.id.in_(sorted(set(rule_ids)))))
    found = {rule.id: _view(rule, account, name) for rule, account, name in rows}
    return [found[rule_id] for rule_id in rule_ids if rule_id in found]


def get_rule(session: Session, rule_id: int) -> RuleView:
    """One rule; NotFoundError if there is none."""
    row = session.execute(_views().where(AutoReplyRule.id == rule_id)).one_or_none()
    if row is None:
        raise NotFoundError(f"no rule {rule_id}")
    return _view(*row)


def list_versions(session: Session, rule_id: int) -> list[VersionView]:
    """The latest 100 versions of a rule, the newest first; NotFoundError if there is no rule."""
    rule = _row(session, rule_id)
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
            form_of_row(row, rule.account_id, rule.campaign_id),
            row.dry_run_id,
        )
        for row, name in rows
    ]


def get_form(session: Session, rule_id: int) -> RuleForm:
    """A rule as its author wrote it; NotFoundError if there is none."""
    rule = _row(session, rule_id)
    return form_of_row(rule, rule.account_id, rule.campaign_id)


def get_version(session: Session, rule_id: int, version: int) -> RuleForm:
    """A rule as it was; NotFoundError if it has no such version."""
    rule = _row(session, rule_id)
    row = session.scalars(
        select(AutoReplyRuleVersion).where(
            AutoReplyRuleVersion.rule_id == rule_id, AutoReplyRuleVersion.version == version
        )
    ).one_or_none()
    if row is None:
        raise NotFoundError(say("this rule has no such version"))
    return form_of_row(row, rule.account_id, rule.campaign_id)


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
        form=form_of_row(rule, rule.account_id, rule.campaign_id),
        campaign_id=rule.campaign_id,
        archived_at=rule.archived_at,
    )


def _row(session: Session, rule_id: int) -> AutoReplyRule:
    rule = session.get(AutoReplyRule, rule_id)
    if rule is None:
        raise NotFoundError(f"no rule {rule_id}")
    return rule


def _gate(row: Row[Any]) -> CampaignGate:
    ends = [at for at in (row.ends_at, row.ended_at) if at is not None]
    return CampaignGate(
        campaign_id=row.id,
        starts_at=row.starts_at,
        ends_at=min(ends, default=None),
        is_paused=row.paused_at is not None,
        entries_per_person=row.entries_per_person,
        total_entries=row.total_entries,
        has_codes=row.has_codes,
    )


def _usable(form: RuleForm, copies: Collection[int]) -> RuleForm | None:
    """Without variants whose file WeChat does not have; None if an outcome would lose all."""
    kept = [one for one in form.all_replies if not _lacks_file(one, copies)]
    if {one.outcome for one in kept} != {one.outcome for one in form.all_replies}:
        return None
    first = next((one for one in kept if one.outcome is form.first_outcome), form.first_reply)
    return with_replies(form, first, tuple(one for one in kept if one is not first))


def _lacks_file(reply: MoreReply, copies: Collection[int]) -> bool:
    return reply.kind in PASSIVE_WITH_FILE and (reply.attachment_id or 0) not in copies


def _copies(
    session: Session, attachment_ids: Iterable[int | None], now: datetime
) -> dict[int, Reply]:
    """By attachment what WeChat has of it, and until when."""
    wanted = sorted({one for one in attachment_ids if one is not None})
    if not wanted:
        return {}
    rows = session.execute(
        select(Attachment.id, Attachment.uploaded_media_id, Attachment.uploaded_at).where(
            Attachment.id.in_(wanted), ~_is_stale(now - UPLOAD_LIFE)
        )
    )
    return {
        row.id: Reply(
            "", media_id=row.uploaded_media_id or "", good_until=row.uploaded_at + UPLOAD_LIFE
        )
        for row in rows
    }


def _is_stale(before: datetime) -> ColumnElement[bool]:
    return or_(Attachment.uploaded_at.is_(None), Attachment.uploaded_at <= before)
