"""A rule as a marketer writes it, whole: what forms and the API read, and what is stored."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from wxdesk.conversations.rules import printable
from wxdesk.outbound.contents import OutgoingKind, summary_of
from wxdesk.triage.rules import (
    NO_CONDITIONS,
    NO_LIMITS,
    PASSIVE_WITH_FILE,
    WITH_PATTERNS,
    Conditions,
    Limits,
    Match,
    MoreReply,
    Outcome,
    ReplyKind,
    Trigger,
    default_passes_on,
    split_patterns,
)


@dataclass(frozen=True, slots=True)
class RuleForm:
    """`patterns` and `exclusions` hold one a line; `reply_content` the fields of a card or menu.

    The first reply is for the outcome `first_outcome`; `reply_weight` is its weight among the
    variants of it. `passes_on` None: as its trigger does by itself.
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
    trigger: Trigger = Trigger.TEXT
    exclusions: str = ""
    conditions: Conditions = NO_CONDITIONS
    more_replies: tuple[MoreReply, ...] = ()
    reply_weight: int = 1
    limits: Limits = NO_LIMITS
    passes_on: bool | None = None
    answers_attended: bool = False
    waiting_minutes: int | None = None
    campaign_id: int | None = None

    @property
    def first_outcome(self) -> Outcome:
        return Outcome.DEFAULT if self.campaign_id is None else Outcome.ENTERED

    @property
    def first_reply(self) -> MoreReply:
        return MoreReply(
            self.first_outcome,
            self.reply_weight,
            self.reply_text,
            self.reply_kind,
            self.reply_content,
            self.attachment_id,
        )

    @property
    def all_replies(self) -> tuple[MoreReply, ...]:
        return (self.first_reply, *self.more_replies)

    @property
    def has_file(self) -> bool:
        return self.reply_kind in PASSIVE_WITH_FILE


def with_replies(form: RuleForm, first: MoreReply, more: tuple[MoreReply, ...]) -> RuleForm:
    """The same rule with other replies; the first is of `first_outcome`."""
    return replace(
        form,
        reply_text=first.text,
        reply_kind=first.kind,
        reply_content=first.fields,
        attachment_id=first.attachment_id,
        reply_weight=first.weight,
        more_replies=more,
    )


def cleaned(form: RuleForm) -> RuleForm:
    """As it is stored: without control characters, doubles, and what its trigger does not use."""
    first = _cleaned_reply(form.first_reply)
    has_patterns = form.trigger in WITH_PATTERNS
    limits = form.limits
    if form.trigger is Trigger.FIRST_MESSAGE and limits.per_person is None:
        limits = replace(limits, per_person=1)  # until the first is recorded all look like it
    return replace(
        form,
        name=printable(form.name).strip(),
        match=form.match if form.trigger is Trigger.TEXT else Match.EXACT,
        patterns=_lines(form.patterns) if has_patterns else "",
        exclusions=_lines(form.exclusions) if form.trigger not in _WITHOUT_TEXT else "",
        reply_text=first.text,
        reply_content=first.fields,
        attachment_id=first.attachment_id,
        more_replies=tuple(_cleaned_reply(one) for one in form.more_replies),
        limits=limits,
        passes_on=default_passes_on(form.trigger) if form.passes_on is None else form.passes_on,
        waiting_minutes=form.waiting_minutes if form.trigger is Trigger.WAITING else None,
    )


_WITHOUT_TEXT = (Trigger.FOLLOW, Trigger.SCAN, Trigger.MENU_CLICK, Trigger.WAITING)


def _lines(text: str) -> str:
    return "\n".join(split_patterns(printable(text)))


def _cleaned_reply(reply: MoreReply) -> MoreReply:
    fields = reply.fields or None
    text = printable(reply.text).replace("\r\n", "\n").strip()
    if reply.kind is not ReplyKind.TEXT:
        text = summary_of(OutgoingKind(reply.kind), fields or {})
    return replace(
        reply,
        text=text,
        fields=None if reply.kind is ReplyKind.TEXT else fields,
        attachment_id=reply.attachment_id if reply.kind in PASSIVE_WITH_FILE else None,
    )
