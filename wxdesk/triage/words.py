"""The parts of a rule in words: what pages call its triggers, conditions, limits and outcomes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from wxdesk.plumbing.translation import translated
from wxdesk.triage.choices import Choices
from wxdesk.triage.rule_forms import RuleForm
from wxdesk.triage.rules import (
    Match,
    Newness,
    Outcome,
    ReplyKind,
    Trigger,
    WhenOver,
    split_patterns,
)
from wxdesk.words import Words, say

TRIGGERS = {
    Trigger.TEXT: say("a text with keywords"),
    Trigger.FOLLOW: say("somebody follows"),
    Trigger.SCAN: say("a QR code is scanned"),
    Trigger.MENU_CLICK: say("the account's menu is clicked"),
    Trigger.MENU_TAP: say("a choice of a menu message is tapped"),
    Trigger.FIRST_MESSAGE: say("the customer's first message ever"),
    Trigger.OUT_OF_HOURS: say("a message outside business hours"),
    Trigger.NOBODY_ONLINE: say("a message while no agent is online"),
    Trigger.WAITING: say("the customer waits too long for a person"),
}
MATCHES = {
    Match.EXACT: say("is exactly"),
    Match.CONTAINS: say("contains"),
    Match.ALL_WORDS: say("contains all words of a line"),
    Match.ANY_WORDS: say("contains any word of a line"),
    Match.REGEX: say("matches a pattern"),
}
OUTCOMES = {
    Outcome.DEFAULT: say("normally"),
    Outcome.LIMIT: say("when the limit is reached"),
    Outcome.ENTERED: say("entered"),
    Outcome.ALREADY: say("already entered"),
    Outcome.NOT_STARTED: say("not started yet"),
    Outcome.ENDED: say("ended"),
    Outcome.SOLD_OUT: say("sold out"),
    Outcome.PENDING: say("decided later"),
}
KINDS = {
    ReplyKind.TEXT: say("Text"),
    ReplyKind.IMAGE: say("Picture"),
    ReplyKind.VOICE: say("Voice"),
    ReplyKind.VIDEO: say("Video"),
    ReplyKind.NEWS: say("Link card"),
    ReplyKind.MENU: say("Menu of choices"),
    ReplyKind.MINI_PROGRAM: say("Mini program"),
}
WHEN_OVER = {
    WhenOver.PERSON: say("the message goes to an agent"),
    WhenOver.QUIET: say("nothing is answered, and no agent is disturbed"),
    WhenOver.REPLY: say("another reply is given"),
}
WEEKDAYS = (
    say("Mon"),
    say("Tue"),
    say("Wed"),
    say("Thu"),
    say("Fri"),
    say("Sat"),
    say("Sun"),
)
NEWNESS = {
    Newness.NEW: say("only customers who never wrote before"),
    Newness.RETURNING: say("only customers who have written before"),
}
PERIODS = {
    3_600: say("an hour"),
    8 * 3_600: say("8 hours"),
    86_400: say("a day"),
    7 * 86_400: say("a week"),
    30 * 86_400: say("30 days"),
}

Part = tuple[Words, list[str]]


def parts_of(form: RuleForm, choices: Choices, zone: ZoneInfo) -> list[Part]:
    """Heading and lines of every part that is set, in the reader's language."""
    parts: list[Part] = [
        (say("Name"), [form.name]),
        (say("Answers to"), [_trigger(form)]),
        (say("Keywords"), split_patterns(form.patterns)),
        (say("But not when it contains"), split_patterns(form.exclusions)),
        (say("Only when"), list(_conditions(form, choices, zone))),
        (say("Replies"), list(_replies(form))),
        (say("Limits"), list(_limits(form))),
        (say("Also"), list(_others(form))),
        (say("Priority"), [str(form.priority)]),
        (say("State"), [translated(say("on") if form.is_active else say("off"))]),
    ]
    return [(heading, lines) for heading, lines in parts if lines]


def _trigger(form: RuleForm) -> str:
    if form.trigger is Trigger.TEXT:
        return translated(say("a text that …")) + " " + translated(MATCHES[form.match])
    if form.trigger is Trigger.WAITING:
        minutes = form.waiting_minutes or 0
        return translated(say("the customer waits longer than %(minutes)s min", minutes=minutes))
    return translated(TRIGGERS[form.trigger])


def _conditions(form: RuleForm, choices: Choices, zone: ZoneInfo) -> Iterator[str]:
    it = form.conditions
    if it.starts_at:
        yield translated(say("from %(time)s", time=_time(it.starts_at, zone)))
    if it.ends_at:
        yield translated(say("until %(time)s", time=_time(it.ends_at, zone)))
    if it.weekdays:
        yield " ".join(translated(WEEKDAYS[day - 1]) for day in it.weekdays)
    if it.minutes_from is not None or it.minutes_until is not None:
        yield f"{clock_text(it.minutes_from or 0)}–{clock_text(it.minutes_until or 24 * 60)}"
    if it.newness in NEWNESS:
        yield translated(NEWNESS[it.newness])
    if it.contact_tag_ids:
        names = ", ".join(choices.tag_name(one) for one in it.contact_tag_ids)
        yield translated(say("customers with one of these tags: %(names)s", names=names))
    if it.qr_scenes:
        scenes = ", ".join(it.qr_scenes)
        yield translated(say("followed through one of these codes: %(names)s", names=scenes))


def _replies(form: RuleForm) -> Iterator[str]:
    for one in form.all_replies:
        kind = "" if one.kind is ReplyKind.TEXT else f"[{translated(KINDS[one.kind])}] "
        heading = ""
        if one.outcome is not form.first_outcome or form.more_replies:
            heading = f"{translated(OUTCOMES[one.outcome])} ×{one.weight}: "
        file = f" #{one.attachment_id}" if one.attachment_id else ""
        yield f"{heading}{kind}{one.text}{file}"


def _limits(form: RuleForm) -> Iterator[str]:
    it = form.limits
    if it.per_person is not None:
        period = period_text(it.per_person_seconds)
        yield translated(say("%(count)s a customer", count=it.per_person)) + f" ({period})"
    if it.total is not None:
        yield translated(say("%(count)s in all", count=it.total))
    if it.per_minute is not None:
        yield translated(say("%(count)s a minute", count=it.per_minute))
    if any(one is not None for one in (it.per_person, it.total, it.per_minute)):
        yield translated(say("after that: %(what)s", what=translated(WHEN_OVER[it.when_over])))


def _others(form: RuleForm) -> Iterator[str]:
    if form.passes_on:
        yield translated(say("the message goes to an agent all the same"))
    if form.answers_attended:
        yield translated(say("answers while an agent is in the conversation"))


def period_text(seconds: int | None) -> str:
    if seconds is None:
        return translated(say("ever"))
    if seconds in PERIODS:
        return translated(PERIODS[seconds])
    return translated(say("%(seconds)s s", seconds=seconds))


def clock_text(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _time(instant: datetime, zone: ZoneInfo) -> str:
    return f"{instant.astimezone(zone):%Y-%m-%d %H:%M}"
