"""What changes about auto-reply rules; each change makes a version and reaches every process.

Nothing begins to answer unseen: what a rule catches must have been tried on earlier messages and
confirmed, and where the account asks for it a second person must agree.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise

from sqlalchemy import select
from sqlalchemy.orm import Session

from wxdesk.accounts.models import Account
from wxdesk.accounts.operations import touch
from wxdesk.audit.operations import note
from wxdesk.background_jobs import REFRESH_UPLOADS
from wxdesk.media.models import Attachment
from wxdesk.notifications import approvals as notices
from wxdesk.outbound.bulk import withdraw_of_rules
from wxdesk.plumbing.errors import ConflictError, InvalidInputError, NotFoundError
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.triage.approvals import check_approval, check_looked_at, needs_approval
from wxdesk.triage.collisions import collision
from wxdesk.triage.digests import digest_of
from wxdesk.triage.dry_runs import FRESH_FOR
from wxdesk.triage.limits import follow_change
from wxdesk.triage.models import AutoReplyRule, AutoReplyRuleVersion, DryRun
from wxdesk.triage.problems import problems
from wxdesk.triage.queries import MOST_VERSIONS, answers_now, get_version
from wxdesk.triage.rule_forms import RuleForm, cleaned
from wxdesk.triage.rules import DryRunState, MoreReply
from wxdesk.triage.stored import columns_of, form_of_row, limits_of_json
from wxdesk.words import say


class UnseenError(ConflictError):
    """What the rule would catch was not tried on earlier messages, or not looked at."""


@dataclass(frozen=True, slots=True)
class Consent:
    """Why a rule may begin to answer: a confirmed dry run; `is_seen`: no marketer made it."""

    by_id: int | None
    dry_run_id: int | None = None
    is_seen: bool = False


def create_rule(
    uow: UnitOfWork,
    form: RuleForm,
    changed_by_id: int | None,
    *,
    dry_run_id: int | None = None,
    is_seen: bool = False,
) -> AutoReplyRule:
    """Store a new rule as version 1; InvalidInputError names the field that can't be taken.

    UnseenError for an active one without a confirmed dry run; `is_seen` is for no door.
    """
    form = _acceptable(form)
    if uow.session.get(Account, form.account_id) is None:
        raise InvalidInputError("account_id", say("there is no such official account"))
    _refuse_collision(uow, form, None)
    run_id = _check_consent(uow, form, None, Consent(changed_by_id, dry_run_id, is_seen))
    rule = AutoReplyRule(
        account_id=form.account_id, campaign_id=form.campaign_id, version=0, is_active=False
    )
    uow.session.add(rule)
    _apply(uow, rule, form, changed_by_id, run_id)
    _noted(uow, rule, "rule.created", changed_by_id)
    return rule


def change_rule(
    uow: UnitOfWork,
    rule_id: int,
    form: RuleForm,
    changed_by_id: int | None,
    *,
    dry_run_id: int | None = None,
    is_seen: bool = False,
) -> AutoReplyRule:
    """Replace a rule's text as its next version; unchanged rules keep their version.

    UnseenError when it answers and would catch other messages than before.
    """
    form = _acceptable(form)
    rule = locked(uow, rule_id)
    before = _form(rule)
    if (form.account_id, form.campaign_id) != (rule.account_id, rule.campaign_id):
        raise InvalidInputError("account_id", say("a rule stays with its official account"))
    if columns_of(form) == columns_of(before):
        return rule
    if digest_of(form) != digest_of(before) or form.is_active > before.is_active:
        _refuse_collision(uow, form, rule_id)
    run_id = _check_consent(uow, form, rule, Consent(changed_by_id, dry_run_id, is_seen))
    _apply(uow, rule, form, changed_by_id, run_id)
    _noted(uow, rule, "rule.changed", changed_by_id)
    return rule


def switch_rule(
    uow: UnitOfWork,
    rule_id: int,
    *,
    is_active: bool,
    changed_by_id: int | None,
    dry_run_id: int | None = None,
    is_seen: bool = False,
) -> AutoReplyRule:
    """Switch a rule on or off; every process follows within a second.

    Off needs no consent, and takes back what waits to be sent of it.
    """
    rule = locked(uow, rule_id, with_archived=not is_active)
    if rule.is_active == is_active:
        return rule
    form = replace(_form(rule), is_active=is_active)
    run_id = None
    if is_active:
        _acceptable(form)
        _refuse_collision(uow, form, rule_id)
        run_id = _check_consent(uow, form, rule, Consent(changed_by_id, dry_run_id, is_seen))
    _apply(uow, rule, form, changed_by_id, run_id)
    _noted(uow, rule, "rule.switched_on" if is_active else "rule.switched_off", changed_by_id)
    return rule


def check_version(uow: UnitOfWork, rule_id: int, version: int | None) -> None:
    """Before a rule is switched on: what somebody looked at is what begins to answer.

    ConflictError when it was changed since; InvalidInputError without a version where the account
    asks for a second person. The rule is locked until the commit.
    """
    rule = locked(uow, rule_id)
    if version is None and not rule.is_active and needs_approval(uow, rule.account_id):
        raise InvalidInputError("version", say("say which version you approve"))
    check_looked_at(version, rule.version)


def roll_back(
    uow: UnitOfWork,
    rule_id: int,
    version: int,
    changed_by_id: int | None,
    *,
    dry_run_id: int | None = None,
) -> AutoReplyRule:
    """Make what a rule was at a version its next version; on or off it stays as it is now."""
    rule = locked(uow, rule_id)
    refuse_of_campaign(_form(rule))
    form = replace(get_version(uow.session, rule_id, version), is_active=rule.is_active)
    changed = change_rule(uow, rule_id, form, changed_by_id, dry_run_id=dry_run_id)
    _noted(uow, changed, "rule.rolled_back", changed_by_id, step=version)
    return changed


def archive_rule(uow: UnitOfWork, rule_id: int, changed_by_id: int | None) -> None:
    """Take a rule out of the lists; it answers no more, and what it answered stays."""
    rule = locked(uow, rule_id, with_archived=True)
    if rule.archived_at is not None:
        return
    switch_rule(uow, rule_id, is_active=False, changed_by_id=changed_by_id)
    rule.archived_at = uow.now
    _noted(uow, rule, "rule.archived", changed_by_id)


def restore_rule(uow: UnitOfWork, rule_id: int, changed_by_id: int | None) -> None:
    """Bring an archived rule back, switched off."""
    rule = locked(uow, rule_id, with_archived=True)
    refuse_of_campaign(_form(rule))
    if rule.archived_at is not None:
        rule.archived_at = None
        _noted(uow, rule, "rule.restored", changed_by_id)


def ask_for_approval(uow: UnitOfWork, rule_id: int, asked_by_id: int) -> None:
    """Tell those who may approve that this version should be switched on; once a version."""
    rule = locked(uow, rule_id)
    if rule.is_active:
        raise ConflictError(say("this rule is switched on"))
    notices.ask_for_approval(
        uow,
        what=rule.name,
        link=f"/settings/rules/{rule.id}",
        once_key=f"rule:{rule.id}:{rule.version}",
        asked_by_id=asked_by_id,
    )
    _noted(uow, rule, "rule.approval_asked", asked_by_id)


def writer_of(session: Session, rule_id: int) -> int | None:
    """Who wrote a rule as it is now: switching it on or off writes nothing."""
    versions = session.scalars(
        select(AutoReplyRuleVersion)
        .where(AutoReplyRuleVersion.rule_id == rule_id)
        .order_by(AutoReplyRuleVersion.version.desc())
        .limit(MOST_VERSIONS)
    ).all()
    for newer, older in pairwise(versions):
        before = replace(form_of_row(older, 0, None), is_active=newer.is_active)
        if form_of_row(newer, 0, None) != before:
            return newer.changed_by_id
    return versions[-1].changed_by_id if versions else None


def is_seen_rule(session: Session, form: RuleForm, now: datetime) -> bool:
    """Whether a dry run of exactly what this rule catches, at most 30 days old, was confirmed."""
    return _confirmed_run(session, form, None, now) is not None


def refuse_of_campaign(form: RuleForm) -> RuleForm:
    """A campaign's rules are changed with the campaign: ConflictError."""
    if form.campaign_id is not None:
        raise ConflictError(
            say("this rule belongs to a campaign and is changed there"),
            campaign_id=form.campaign_id,
        )
    return form


def locked(uow: UnitOfWork, rule_id: int, *, with_archived: bool = False) -> AutoReplyRule:
    """The row, which nobody else changes until the commit; NotFoundError if there is none."""
    rule = uow.session.get(AutoReplyRule, rule_id, with_for_update=True, populate_existing=True)
    if rule is None or (rule.archived_at is not None and not with_archived):
        raise NotFoundError(f"no rule {rule_id}")
    return rule


def _check_consent(
    uow: UnitOfWork, form: RuleForm, rule: AutoReplyRule | None, consent: Consent
) -> int | None:
    """The dry run that lets this rule answer, if it needs one; UnseenError without it."""
    session = uow.session
    if consent.is_seen or not _speaks(uow, form):
        return None
    before = _form(rule) if rule is not None else None
    is_known = before is not None and _speaks(uow, before)
    run_id = None
    if before is None or not is_known or digest_of(before) != digest_of(form):
        run_id = _confirmed_run(session, form, consent.dry_run_id, uow.now)
        if run_id is None:
            raise UnseenError(
                say("try it on earlier messages first, and confirm what you saw"),
                needs="dry_run",
                digest=digest_of(form),
            )
    is_switched = before is not None and replace(before, is_active=True) == form
    if needs_approval(uow, form.account_id) and not is_switched:
        raise ConflictError(
            say(
                "this account asks for a second person: save it switched off, and ask for approval"
            ),
            needs="approval",
        )
    writer_id = writer_of(session, rule.id) if rule is not None else None
    check_approval(uow, form.account_id, by_id=consent.by_id, writer_id=writer_id)
    return run_id


def _speaks(uow: UnitOfWork, form: RuleForm) -> bool:
    """Whether customers hear it at all: a campaign's rules only while that answers."""
    is_heard = form.campaign_id is None or answers_now(uow.session, form.campaign_id, uow.now)
    return form.is_active and is_heard


def _confirmed_run(
    session: Session, form: RuleForm, dry_run_id: int | None, now: datetime
) -> int | None:
    query = select(DryRun.id).where(
        DryRun.account_id == form.account_id,
        DryRun.digest == digest_of(form),
        DryRun.state == DryRunState.DONE,
        DryRun.confirmed_at.is_not(None),
        DryRun.created_at >= now - FRESH_FOR,
    )
    if dry_run_id is not None:
        query = query.where(DryRun.id == dry_run_id)
    return session.scalars(query.order_by(DryRun.id.desc()).limit(1)).first()


def _apply(
    uow: UnitOfWork,
    rule: AutoReplyRule,
    form: RuleForm,
    changed_by_id: int | None,
    dry_run_id: int | None,
) -> None:
    for index, reply in enumerate(form.all_replies):
        field = f"more_replies.{index - 1}" if index else "attachment_id"
        _keep_file(uow, rule.account_id, reply, field)
    if rule.is_active and not form.is_active:
        withdraw_of_rules(uow, [rule.id])
    values, is_new = columns_of(form), rule.version == 0
    before = None if is_new else limits_of_json(rule.limits)
    for name, value in values.items():
        setattr(rule, name, value)
    rule.version += 1
    rule.updated_at = uow.now
    rule.updated_by_id = changed_by_id
    uow.session.flush()
    follow_change(uow, rule.id, before, form.limits, is_new=is_new)
    uow.session.add(
        AutoReplyRuleVersion(
            rule_id=rule.id,
            version=rule.version,
            changed_at=uow.now,
            changed_by_id=changed_by_id,
            dry_run_id=dry_run_id,
            **values,
        )
    )
    if form.is_active and any(reply.attachment_id for reply in form.all_replies):
        uow.enqueue(REFRESH_UPLOADS)
    touch(uow, rule.account_id)


def _keep_file(uow: UnitOfWork, account_id: int, reply: MoreReply, field: str) -> None:
    """The rule's file stays, and WeChat gets a copy of it before the rule can answer."""
    if reply.attachment_id is None:
        return
    with uow.session.no_autoflush:  # a new rule has no row yet
        attachment = uow.session.get(Attachment, reply.attachment_id)
    is_ours = (
        attachment is not None
        and attachment.account_id == account_id
        and attachment.attached_by_id is not None  # never a customer's own file
    )
    if attachment is None or not is_ours or attachment.kind.value != reply.kind.value:
        raise InvalidInputError(field, say("there is no such file"))
    attachment.is_kept = True


def _noted(
    uow: UnitOfWork, rule: AutoReplyRule, action: str, by_id: int | None, **details: int
) -> None:
    note(
        uow,
        action,
        f"rule:{rule.id}",
        actor_id=by_id,
        name=rule.name,
        version=rule.version,
        **details,
    )


def _form(rule: AutoReplyRule) -> RuleForm:
    return form_of_row(rule, rule.account_id, rule.campaign_id)


def _refuse_collision(uow: UnitOfWork, form: RuleForm, rule_id: int | None) -> None:
    """Two people who save the same keyword at once come one after the other."""
    with uow.session.no_autoflush:
        uow.session.get(Account, form.account_id, with_for_update={"key_share": True})
        found = collision(uow.session, form, rule_id)
    if found is not None:
        raise InvalidInputError(found.field, found.sentence, rule_id=found.other_id)


def _acceptable(form: RuleForm) -> RuleForm:
    for field, sentence in problems(form).items():
        raise InvalidInputError(field, sentence)
    return cleaned(form)
