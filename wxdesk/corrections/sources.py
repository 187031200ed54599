"""What can be corrected: rules and campaigns that have answered lately, and their versions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wxdesk.accounts.models import Account
from wxdesk.agents.models import Agent
from wxdesk.campaigns.models import Campaign
from wxdesk.conversations.models import Message
from wxdesk.conversations.rules import SenderKind
from wxdesk.plumbing.errors import InvalidInputError
from wxdesk.triage.models import AutoReplyRule, AutoReplyRuleVersion
from wxdesk.words import say

LATELY = timedelta(days=14)
MOST_SOURCES = 100
MOST_VERSIONS = 100
MOST_RULES = 500


@dataclass(frozen=True, slots=True)
class Source:
    """A rule, or all rules of a campaign; `answers` since 14 days ago, `last_at` of them."""

    rule_ids: tuple[int, ...]
    name: str
    account_id: int
    account_name: str
    rule_id: int | None = None
    campaign_id: int | None = None
    is_active: bool = False
    version: int = 0
    answers: int = 0
    last_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Version:
    """What a rule said, since when, and by whom."""

    version: int
    changed_at: datetime
    changed_by: str
    is_active: bool
    reply_text: str


def list_sources(session: Session, now: datetime) -> list[Source]:
    """Rules that have answered in the last 14 days, the latest first; at most 100."""
    last_at = func.max(Message.received_at)
    rows = session.execute(
        select(Message.sender_id, func.count(), last_at)
        .where(Message.sender_kind == SenderKind.RULE, Message.received_at > now - LATELY)
        .group_by(Message.sender_id)
        .order_by(last_at.desc())
        .limit(MOST_SOURCES)
    ).all()
    ids = [row[0] for row in rows]
    rules = {
        rule.id: (rule, name)
        for rule, name in session.execute(
            select(AutoReplyRule, Account.name)
            .join(Account, Account.id == AutoReplyRule.account_id)
            .where(AutoReplyRule.id.in_(ids))
        )
    }
    return [
        Source(
            rule_ids=(rule_id,),
            name=rules[rule_id][0].name,
            account_id=rules[rule_id][0].account_id,
            account_name=rules[rule_id][1],
            rule_id=rule_id,
            campaign_id=rules[rule_id][0].campaign_id,
            is_active=rules[rule_id][0].is_active,
            version=rules[rule_id][0].version,
            answers=count,
            last_at=at,
        )
        for rule_id, count, at in rows
        if rule_id in rules
    ]


def get_source(session: Session, rule_id: int | None, campaign_id: int | None) -> Source:
    """The rule, or the campaign with all its rules; InvalidInputError when there is none."""
    if campaign_id is not None:
        return _campaign(session, campaign_id)
    rule = session.get(AutoReplyRule, rule_id) if rule_id is not None else None
    if rule is None:
        raise InvalidInputError("rule_id", say("choose a rule or a campaign"))
    return Source(
        rule_ids=(rule.id,),
        name=rule.name,
        account_id=rule.account_id,
        account_name=session.get_one(Account, rule.account_id).name,
        rule_id=rule.id,
        campaign_id=None,
        is_active=rule.is_active,
        version=rule.version,
    )


def list_versions(session: Session, rule_id: int) -> list[Version]:
    """The newest first; at most 100."""
    rows = session.execute(
        select(AutoReplyRuleVersion, Agent.name)
        .outerjoin(Agent, Agent.id == AutoReplyRuleVersion.changed_by_id)
        .where(AutoReplyRuleVersion.rule_id == rule_id)
        .order_by(AutoReplyRuleVersion.version.desc())
        .limit(MOST_VERSIONS)
    )
    return [
        Version(it.version, it.changed_at, name or "", it.is_active, it.reply_text)
        for it, name in rows
    ]


def _campaign(session: Session, campaign_id: int) -> Source:
    campaign = session.get(Campaign, campaign_id)
    if campaign is None:
        raise InvalidInputError("campaign_id", say("choose a rule or a campaign"))
    rules = session.scalars(
        select(AutoReplyRule)
        .where(AutoReplyRule.campaign_id == campaign_id)
        .order_by(AutoReplyRule.id)
        .limit(MOST_RULES)
    ).all()
    if not rules:
        raise InvalidInputError("campaign_id", say("this campaign has no rules yet"))
    return Source(
        rule_ids=tuple(rule.id for rule in rules),
        name=campaign.name,
        account_id=campaign.account_id,
        account_name=session.get_one(Account, campaign.account_id).name,
        campaign_id=campaign_id,
        is_active=any(rule.is_active for rule in rules) and campaign.paused_at is None,
    )
