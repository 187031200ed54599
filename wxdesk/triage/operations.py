"""What changes about auto-reply rules; each change makes a version and reaches every process."""

from __future__ import annotations

from dataclasses import dataclass, replace

from wxdesk.accounts.models import Account
from wxdesk.accounts.operations import touch
from wxdesk.plumbing.errors import InvalidInputError, NotFoundError
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.triage.models import AutoReplyRule, AutoReplyRuleVersion
from wxdesk.triage.rulebook import BadPatternError, compile_pattern
from wxdesk.triage.rules import (
    LONGEST_PATTERN,
    MOST_PATTERNS,
    Match,
    printable,
    reply_problem,
    split_patterns,
)
from wxdesk.words import say

VERSIONED = ("name", "match", "patterns", "reply_text", "priority", "is_active")
LARGEST_PRIORITY = 1_000


@dataclass(frozen=True, slots=True)
class RuleForm:
    """A rule as a marketer types it; `patterns` holds one a line."""

    account_id: int
    name: str
    match: Match
    patterns: str
    reply_text: str
    priority: int = 0
    is_active: bool = False


def cleaned(form: RuleForm) -> RuleForm:
    """As it is stored: without control characters, doubles and outer spaces."""
    return replace(
        form,
        name=printable(form.name).strip(),
        patterns="\n".join(split_patterns(printable(form.patterns))),
        reply_text=printable(form.reply_text).replace("\r\n", "\n").strip(),
    )


def problems(form: RuleForm) -> dict[str, str]:
    """Field to sentence, for each field that can't be taken; empty when all is well."""
    form = cleaned(form)
    found: dict[str, str] = {}
    if not form.name or len(form.name) > 80:
        found["name"] = say("a name has 1 to %(most)d characters", most=80)
    if problem := _pattern_problem(form):
        found["patterns"] = problem
    if problem := reply_problem(form.reply_text):
        found["reply_text"] = problem
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
        rule.account_id,
        rule.name,
        rule.match,
        rule.patterns,
        rule.reply_text,
        rule.priority,
        is_active,
    )
    if rule.is_active != is_active:
        _apply(uow, rule, form, changed_by_id)
    return rule


def _apply(uow: UnitOfWork, rule: AutoReplyRule, form: RuleForm, changed_by_id: int | None) -> None:
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


def _locked(uow: UnitOfWork, rule_id: int) -> AutoReplyRule:
    rule = uow.session.get(AutoReplyRule, rule_id, with_for_update=True)
    if rule is None:
        raise NotFoundError(f"no rule {rule_id}")
    return rule


def _acceptable(form: RuleForm) -> RuleForm:
    for field, sentence in problems(form).items():
        raise InvalidInputError(field, sentence)
    return cleaned(form)


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
