"""What is wrong with a rule, each sentence at its field. Pure: other rules are collisions.py."""

from __future__ import annotations

from collections.abc import Mapping

from wxdesk.outbound.contents import content_of
from wxdesk.triage.folding import fold
from wxdesk.triage.matching import BadPatternError, compile_pattern
from wxdesk.triage.rule_forms import RuleForm, cleaned
from wxdesk.triage.rules import (
    LONGEST_PATTERN,
    LONGEST_REPLY_BYTES,
    MOST_PATTERNS,
    PASSIVE_WITH_FILE,
    Conditions,
    Limits,
    Match,
    MoreReply,
    Outcome,
    ReplyKind,
    Trigger,
    WhenOver,
    reply_problem,
    split_patterns,
)
from wxdesk.triage.variables import (
    LONGEST,
    NOTHING,
    filled,
    filled_fields,
    texts_of,
    variable_problem,
)
from wxdesk.wechat.reply import passive_reply
from wxdesk.words import say

LARGEST_PRIORITY = 1_000
MOST_EXCLUSIONS = 200
MOST_REPLIES = 20
LARGEST_WEIGHT = 1_000
MOST_PER_PERSON = 1_000
LONGEST_PERIOD = 366 * 86_400
SHORTEST_PERIOD = 60
LARGEST_TOTAL = 10_000_000
LARGEST_RATE = 100_000
LONGEST_WAIT = 24 * 60
MOST_TAGS = 50
MOST_SCENES = 200
LONGEST_SCENE = 64
DAY_MINUTES = 24 * 60
PLAIN_OUTCOMES = frozenset({Outcome.DEFAULT, Outcome.LIMIT})
CAMPAIGN_OUTCOMES = frozenset(
    {
        Outcome.ENTERED,
        Outcome.ALREADY,
        Outcome.NOT_STARTED,
        Outcome.ENDED,
        Outcome.SOLD_OUT,
        Outcome.LIMIT,
    }
)

Problems = dict[str, str]


def problems(form: RuleForm) -> Problems:
    """Field to sentence, for each field that can't be taken; empty when all is well."""
    form = cleaned(form)
    found: Problems = {}
    if not form.name or len(form.name) > 80:
        found["name"] = say("a name has 1 to %(most)d characters", most=80)
    if problem := _patterns_problem(form):
        found["patterns"] = problem
    if problem := _lines_problem(split_patterns(form.exclusions), MOST_EXCLUSIONS):
        found["exclusions"] = problem
    if abs(form.priority) > LARGEST_PRIORITY:
        found["priority"] = say("between -%(most)d and %(most)d", most=LARGEST_PRIORITY)
    if form.trigger is Trigger.WAITING and not _is_within(form.waiting_minutes, 1, LONGEST_WAIT):
        found["waiting_minutes"] = say("between 1 and %(most)d", most=LONGEST_WAIT)
    if form.trigger is Trigger.WAITING and form.campaign_id is not None:
        found["trigger"] = say("a campaign's rules answer what customers do")
    for part in (_reply_problems, _more_problems, _limit_problems):
        found |= part(form)
    return found | _condition_problems(form.conditions)


def _patterns_problem(form: RuleForm) -> str | None:
    patterns = split_patterns(form.patterns)
    if form.trigger in (Trigger.TEXT, Trigger.MENU_CLICK, Trigger.MENU_TAP) and not patterns:
        return say("at least one keyword, one a line")
    if problem := _lines_problem(patterns, MOST_PATTERNS):
        return problem
    if form.trigger is not Trigger.TEXT:
        return None
    if form.match is Match.REGEX:
        return _regex_problem(patterns)
    return next((_no_letters(line) for line in patterns if not fold(line)), None)


def _no_letters(line: str) -> str:
    return say(
        "%(pattern)s has no letter or digit: punctuation counts for nothing, except in a regular "
        "expression",
        pattern=line,
    )


def _lines_problem(lines: list[str], most: int) -> str | None:
    if len(lines) > most:
        return say("at most %(most)d keywords", most=most)
    if too_long := [line for line in lines if len(line) > LONGEST_PATTERN]:
        return say(
            "at most %(most)d characters a keyword: %(start)s…",
            most=LONGEST_PATTERN,
            start=too_long[0][:20],
        )
    return None


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


def _reply_problems(form: RuleForm) -> Problems:
    is_campaign = form.campaign_id is not None
    problem = _reply_problem(form.first_reply, is_campaign=is_campaign)
    if problem is None:
        return {}
    return {"attachment_id" if form.has_file else "reply_text": problem}


def _more_problems(form: RuleForm) -> Problems:
    found: Problems = {}
    if len(form.more_replies) > MOST_REPLIES:
        found["more_replies"] = say("at most %(most)d replies", most=MOST_REPLIES)
    if not _is_within(form.reply_weight, 1, LARGEST_WEIGHT):
        found["reply_weight"] = say("between 1 and %(most)d", most=LARGEST_WEIGHT)
    is_campaign = form.campaign_id is not None
    possible = CAMPAIGN_OUTCOMES if is_campaign else PLAIN_OUTCOMES
    for index, reply in enumerate(form.more_replies[:MOST_REPLIES]):
        problem = _reply_problem(reply, is_campaign=is_campaign)
        if reply.outcome not in possible:
            problem = say("such a rule has no reply for this")
        elif not _is_within(reply.weight, 1, LARGEST_WEIGHT):
            problem = say("between 1 and %(most)d", most=LARGEST_WEIGHT)
        if problem:
            found[f"more_replies.{index}"] = problem
    return found


def _reply_problem(reply: MoreReply, *, is_campaign: bool) -> str | None:
    """A sentence when WeChat would not take the answer (docs/wechat.md#passive-replies)."""
    if reply.kind in PASSIVE_WITH_FILE and not reply.attachment_id:
        return say("choose the file that the rule answers with")
    problem = variable_problem(reply.text, reply.fields, reply.outcome, is_campaign=is_campaign)
    if problem or reply.kind in PASSIVE_WITH_FILE:
        return problem
    if any(
        text.strip() and not filled(text, NOTHING).strip()
        for text in texts_of(reply.text, reply.fields)
    ):
        return say("nothing would be left of it for a customer about whom nothing is known")
    text = filled(reply.text, LONGEST)
    if reply.kind is ReplyKind.TEXT:
        return reply_problem(text)
    fields: Mapping[str, object] = filled_fields(reply.fields, LONGEST) or {}
    content = content_of(reply.kind, text, fields, "")
    try:
        passive_reply(content, openid="o", original_id="gh", seconds=0)
    except ValueError:
        return say("the reply is too long: WeChat takes %(most)d bytes", most=LONGEST_REPLY_BYTES)
    return None


def _limit_problems(form: RuleForm) -> Problems:
    it, found = form.limits, dict[str, str]()
    ranges = {
        "per_person": (1, MOST_PER_PERSON),
        "per_person_seconds": (SHORTEST_PERIOD, LONGEST_PERIOD),
        "total": (1, LARGEST_TOTAL),
        "per_minute": (1, LARGEST_RATE),
    }
    for name, (least, most) in ranges.items():
        value = getattr(it, name)
        if value is not None and not _is_within(value, least, most):
            found[name] = say("between %(least)d and %(most)d", least=least, most=most)
    if form.trigger is Trigger.WAITING:
        for name in ("total", "per_minute"):
            if getattr(it, name) is not None:
                found[name] = say("a rule for those who wait has only limits per person")
    if it.per_person_seconds is not None and it.per_person is None:
        found.setdefault("per_person", say("how often a person gets it in that time is needed"))
    if _lacks_reply(form, it):
        found["when_over"] = say("write the reply for those who are over the limit")
    return found


def _lacks_reply(form: RuleForm, limits: Limits) -> bool:
    has_reply = any(reply.outcome is Outcome.LIMIT for reply in form.more_replies)
    return limits.when_over is WhenOver.REPLY and not has_reply


def _condition_problems(it: Conditions) -> Problems:
    found = _hour_problems(it)
    if it.starts_at is not None and it.ends_at is not None and it.ends_at <= it.starts_at:
        found["ends_at"] = say("the end is not after the start")
    if len(it.contact_tag_ids) > MOST_TAGS:
        found["contact_tag_ids"] = say("at most %(most)d tags", most=MOST_TAGS)
    if len(it.qr_scenes) > MOST_SCENES:
        found["qr_scenes"] = say("at most %(most)d codes", most=MOST_SCENES)
    if any(not 1 <= len(scene) <= LONGEST_SCENE for scene in it.qr_scenes):
        found["qr_scenes"] = say("a code's scene has 1 to %(most)d characters", most=LONGEST_SCENE)
    return found


def _hour_problems(it: Conditions) -> Problems:
    found: Problems = {}
    if any(not 1 <= day <= 7 for day in it.weekdays):
        found["weekdays"] = say("between 1 and %(most)d", most=7)
    if it.minutes_from is not None and not 0 <= it.minutes_from < DAY_MINUTES:
        found["minutes_from"] = say("times go from 00:00 to 24:00")
    if it.minutes_until is not None and not 0 < it.minutes_until <= DAY_MINUTES:
        found["minutes_until"] = say("times go from 00:00 to 24:00")
    elif it.minutes_until is not None and it.minutes_until == (it.minutes_from or 0):
        found["minutes_until"] = say("the end is not after the start")
    return found


def _is_within(value: int | None, least: int, most: int) -> bool:
    return value is not None and least <= value <= most
