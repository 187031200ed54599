"""What changes about auto-reply rules; each change makes a version and reaches every process."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from wxdesk.accounts.models import Account
from wxdesk.accounts.operations import touch
from wxdesk.background_jobs import REFRESH_UPLOADS
from wxdesk.conversations.rules import printable
from wxdesk.media.models import Attachment
from wxdesk.outbound.contents import OutgoingKind, content_of, summary_of
from wxdesk.plumbing.errors import InvalidInputError, NotFoundError
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.triage.models import AutoReplyRule, AutoReplyRuleVersion
from wxdesk.triage.rulebook import BadPatternError, compile_pattern
from wxdesk.triage.rules import (
    LONGEST_PATTERN,
    LONGEST_REPLY_BYTES,
    MOST_PATTERNS,
    PASSIVE_WITH_FILE,
    Match,
    ReplyKind,
    reply_problem,
    split_patterns,
)
from wxdesk.wechat.reply import passive_reply
from wxdesk.words import say

VERSIONED = (
    "name",
    "match",
    "patterns",
    "reply_text",
    "reply_kind",
    "reply_content",
    "attachment_id",
    "priority",
    "is_active",
)
LARGEST_PRIORITY = 1_000


@dataclass(frozen=True, slots=True)
class RuleForm:
    """A rule as a marketer types it; `patterns` holds one a line.

    `reply_content` holds the fields of a card or menu (outbound/composing.py).
    """

    account_id: int
    name: str
    match: Match
    patterns: str
    reply_text: str
    priority: int = 0
    is_active: bool = False
    reply_kind: ReplyKind = ReplyKind.TEXT
    reply_content: dict[str, Any] | None = None
    attachment_id: int | None = None

    @property
    def has_file(self) -> bool:
        return self.reply_kind in PASSIVE_WITH_FILE


def cleaned(form: RuleForm) -> RuleForm:
    """As it is stored: without control characters, doubles and outer spaces."""
    content = form.reply_content or None
    text = printable(form.reply_text).replace("\r\n", "\n").strip()
    if form.reply_kind is not ReplyKind.TEXT:
        text = summary_of(OutgoingKind(form.reply_kind), content or {})
    return replace(
        form,
        name=printable(form.name).strip(),
        patterns="\n".join(split_patterns(printable(form.patterns))),
        reply_text=text,
        reply_content=None if form.reply_kind is ReplyKind.TEXT else content,
        attachment_id=form.attachment_id if form.has_file else None,
    )


def problems(form: RuleForm) -> dict[str, str]:
    """Field to sentence, for each field that can't be taken; empty when all is well."""
    form = cleaned(form)
    found: dict[str, str] = {}
    if not form.name or len(form.name) > 80:
        found["name"] = say("a name has 1 to %(most)d characters", most=80)
    if problem := _pattern_problem(form):
        found["patterns"] = problem
    if problem := _reply_problem(form):
        found["attachment_id" if form.has_file else "reply_text"] = problem
    if abs(form.priority) > LARGEST_PRIORITY:
        found["priority"] = say("between -%(most)d and %(most)d", most=LARGEST_PRIORITY)
    return found


def create_rule(uow: UnitOfWork, form: RuleForm, changed_by_id: int | None) -> AutoReplyRule:
    """Store a new rule as version 1; InvalidInputError names the field that can't be taken."""
    form = _acceptable(form)
    if uow.session.get(Account, form.account_id) is None:
        raise InvalidInputError("account_id", say("there is no such official account"))
    rule = AutoReplyRule(account_id=form.account_id, version=0)
    uow.session.add(rule)
    _apply(uow, rule, form, changed_by_id)
    return rule


def change_rule(
    uow: UnitOfWork, rule_id: int, form: RuleForm, changed_by_id: int | None
) -> AutoReplyRule:
    """Replace a rule's text as its next version; unchanged rules keep their version."""
    form = _acceptable(form)
    rule = _locked(uow, rule_id)
    if form.account_id != rule.account_id:
        raise InvalidInputError("account_id", say("a rule stays with its official account"))
    if any(getattr(rule, name) != getattr(form, name) for name in VERSIONED):
        _apply(uow, rule, form, changed_by_id)
    return rule


def switch_rule(
    uow: UnitOfWork, rule_id: int, *, is_active: bool, changed_by_id: int | None
) -> AutoReplyRule:
    """Switch a rule on or off; every process follows within a second."""
    rule = _locked(uow, rule_id)
    form = RuleForm(
        **{name: getattr(rule, name) for name in VERSIONED if name != "is_active"},
        account_id=rule.account_id,
        is_active=is_active,
    )
    if rule.is_active != is_active:
        _apply(uow, rule, form, changed_by_id)
    return rule


def _apply(uow: UnitOfWork, rule: AutoReplyRule, form: RuleForm, changed_by_id: int | None) -> None:
    _keep_file(uow, rule.account_id, form)
    for name in VERSIONED:
        setattr(rule, name, getattr(form, name))
    rule.version += 1
    rule.updated_at = uow.now
    rule.updated_by_id = changed_by_id
    uow.session.flush()
    uow.session.add(
        AutoReplyRuleVersion(
            rule_id=rule.id,
            version=rule.version,
            changed_at=uow.now,
            changed_by_id=changed_by_id,
            **{name: getattr(rule, name) for name in VERSIONED},
        )
    )
    touch(uow, rule.account_id)


def _keep_file(uow: UnitOfWork, account_id: int, form: RuleForm) -> None:
    """The rule's file stays, and WeChat gets a copy of it before the rule can answer."""
    if form.attachment_id is None:
        return
    with uow.session.no_autoflush:  # a new rule has no row yet
        attachment = uow.session.get(Attachment, form.attachment_id)
    is_ours = (
        attachment is not None
        and attachment.account_id == account_id
        and attachment.attached_by_id is not None  # never a customer's own file
    )
    if attachment is None or not is_ours or attachment.kind.value != form.reply_kind.value:
        raise InvalidInputError("attachment_id", say("there is no such file"))
    attachment.is_kept = True
    if form.is_active:
        uow.enqueue(REFRESH_UPLOADS)


def _locked(uow: UnitOfWork, rule_id: int) -> AutoReplyRule:
    rule = uow.session.get(AutoReplyRule, rule_id, with_for_update=True)
    if rule is None:
        raise NotFoundError(f"no rule {rule_id}")
    return rule


def _acceptable(form: RuleForm) -> RuleForm:
    for field, sentence in problems(form).items():
        raise InvalidInputError(field, sentence)
    return cleaned(form)


def _reply_problem(form: RuleForm) -> str | None:
    """A sentence when WeChat would not take the answer (docs/wechat.md#passive-replies)."""
    if form.has_file:
        return None if form.attachment_id else say("choose the file that the rule answers with")
    if form.reply_kind is ReplyKind.TEXT:
        return reply_problem(form.reply_text)
    content = content_of(form.reply_kind, form.reply_text, form.reply_content or {}, "")
    try:
        passive_reply(content, openid="o", original_id="gh", seconds=0)
    except ValueError:
        return say("the reply is too long: WeChat takes %(most)d bytes", most=LONGEST_REPLY_BYTES)
    return None


def _pattern_problem(form: RuleForm) -> str | None:
    patterns = split_patterns(form.patterns)
    if not patterns:
        return say("at least one keyword, one a line")
    if len(patterns) > MOST_PATTERNS:
        return say("at most %(most)d keywords", most=MOST_PATTERNS)
    if too_long := [pattern for pattern in patterns if len(pattern) > LONGEST_PATTERN]:
        return say(
            "at most %(most)d characters a keyword: %(start)s…",
            most=LONGEST_PATTERN,
            start=too_long[0][:20],
        )
    return _regex_problem(patterns) if form.match is Match.REGEX else None


def _regex_problem(patterns: list[str]) -> str | None:
    for pattern in patterns:
        try:
            if compile_pattern(pattern).search("") is not None:
                return say("%(pattern)s matches every message", pattern=pattern)
        except BadPatternError as error:
            return say(
                "%(pattern)s is not a regular expression that can be used: %(reason)s",
                pattern=pattern,
                reason=str(error),
            )
    return None
