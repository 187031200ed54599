"""What may be answered to a push: ready before Redis is asked, whatever it decides."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from wxdesk.campaigns.gate import outcome_by_clock
from wxdesk.campaigns.rules import MARK_LENGTH, Silence
from wxdesk.intake.entries import answer_text
from wxdesk.intake.rules import AutoAnswer
from wxdesk.plumbing.gates import CODE, Entering, Gate
from wxdesk.triage.answers import reply_for
from wxdesk.triage.limits import counting_of
from wxdesk.triage.rules import (
    NOTHING_KNOWN,
    CampaignGate,
    Heard,
    Hit,
    Moment,
    Outcome,
    Reply,
    WhenOver,
)

MOST_FIXED = 1024
DECIDED = (Outcome.ENTERED, Outcome.ALREADY, Outcome.SOLD_OUT)


@dataclass(frozen=True, slots=True)
class Plan:
    """`answer` is given unless a `gate` decides; `spooled` while Redis is away, "" for a person.

    Each is a text as it goes into a stream (intake/entries.answer_text). `said` is what `answer`
    reads as, for rules that always say the same.
    """

    answer: str
    spooled: str
    gate: Gate | None = None
    passes_on: bool = False
    answers_attended: bool = False
    said: AutoAnswer | None = None


def plan_of(hit: Hit, heard: Heard, moment: Moment, once_key: str) -> Plan:
    """What the rule says to this push. A rule with limits says nothing while nobody can count."""
    if (reply := _fixed_reply(hit)) is not None:
        it = hit
        return _fixed(reply, it.rule_id, it.version, it.matched, it.passes_on, it.answers_attended)
    campaign = hit.campaign
    outcome: Outcome | None = Outcome.DEFAULT
    if campaign is not None:
        outcome = outcome_by_clock(campaign, heard.at)
        if campaign.is_paused and outcome is not Outcome.ENDED:
            answer = answer_text(_silent(hit, outcome or Outcome.DEFAULT, Silence.STOPPED))
            return _plan(hit, answer, answer, None)
    counting = counting_of(hit.rule_id, hit.limits)
    if outcome is not None:
        answer = answer_text(_said(hit, outcome, moment))
        if counting is None:
            return _plan(hit, answer, answer, None)
        gate = Gate(heard.openid, "", _minute(heard), counting, _over(hit, moment))
        return _plan(hit, answer, "", gate)
    assert campaign is not None  # noqa: S101 -- only a campaign leaves the outcome open
    said = {each: _said(hit, each, moment) for each in DECIDED}
    pending = answer_text(_pending(hit, said))
    gate = Gate(
        who=heard.openid,
        mark=once_key[:MARK_LENGTH],
        minute=_minute(heard),
        limits=counting,
        over=_over(hit, moment) if counting else None,
        entry=_entering(campaign),
        answers={it.value: answer_text(answer) for it, answer in said.items()}
        | {Outcome.PENDING.value: pending},
    )
    return _plan(hit, "", pending, gate)


def _fixed_reply(hit: Hit) -> Reply | None:
    """What the rule always says; None where the hour, the customer, a count or chance decides."""
    variants = hit.replies.get(Outcome.DEFAULT, ())
    is_one = len(variants) == 1 or not hit.replies
    if hit.campaign is not None or hit.limits is not None or not is_one:
        return None
    reply = variants[0].reply if variants else hit.reply
    return reply if reply.fields is None and "{{" not in reply.text else None


@lru_cache(MOST_FIXED)
def _fixed(
    reply: Reply, rule_id: int, version: int, matched: str, passes_on: bool, answers_attended: bool
) -> Plan:
    """Made once: most pushes of an event hit the same few rules."""
    hit = Hit(
        rule_id=rule_id,
        version=version,
        priority=0,
        reply=reply,
        matched=matched,
        passes_on=passes_on,
        answers_attended=answers_attended,
    )
    said = _said(hit, Outcome.DEFAULT, NOTHING_KNOWN)
    answer = answer_text(said)
    return replace(_plan(hit, answer, answer, None), said=said)


def _plan(hit: Hit, answer: str, spooled: str, gate: Gate | None) -> Plan:
    return Plan(answer, spooled, gate, hit.passes_on, hit.answers_attended)


def _said(hit: Hit, outcome: Outcome, moment: Moment) -> AutoAnswer:
    """The reply of this outcome; without one nothing is said."""
    reply = reply_for(hit, outcome, hit.customer, moment)
    campaign = hit.campaign
    is_given = outcome is Outcome.ENTERED and campaign is not None and campaign.has_codes
    code = CODE if is_given else ""
    if reply is None:
        return _silent(hit, outcome, Silence.QUIET, code)
    return AutoAnswer(
        rule_id=hit.rule_id,
        rule_version=hit.version,
        matched=hit.matched,
        text=reply.text,
        kind=reply.kind.value,
        fields=reply.fields or None,
        media_id=reply.media_id,
        attachment_id=reply.attachment_id,
        outcome=outcome.value,
        campaign_id=campaign.campaign_id if campaign else None,
        code=code,
        passes_on=hit.passes_on,
    )


def _silent(hit: Hit, outcome: Outcome, reason: Silence, code: str = "") -> AutoAnswer:
    return AutoAnswer(
        rule_id=hit.rule_id,
        rule_version=hit.version,
        matched=hit.matched,
        text="",
        kind="",
        outcome=outcome.value,
        campaign_id=hit.campaign.campaign_id if hit.campaign else None,
        code=code,
        passes_on=hit.passes_on,
        reason=reason.value,
    )


def _pending(hit: Hit, said: dict[Outcome, AutoAnswer]) -> AutoAnswer:
    """Nothing for now; what may be said once the gate is open."""
    later = {
        outcome.value: {
            "kind": answer.kind,
            "text": answer.text,
            "fields": answer.fields,
            "attachment_id": answer.attachment_id,
        }
        for outcome, answer in said.items()
        if not answer.is_silent
    }
    return AutoAnswer(
        rule_id=hit.rule_id,
        rule_version=hit.version,
        matched=hit.matched,
        text="",
        kind="",
        outcome=Outcome.PENDING.value,
        campaign_id=hit.campaign.campaign_id if hit.campaign else None,
        passes_on=hit.passes_on,
        later=later,
    )


def _over(hit: Hit, moment: Moment) -> str | None:
    """What somebody gets who is over the rule's limit; None: a person."""
    when_over = hit.limits.when_over if hit.limits else WhenOver.PERSON
    if when_over is WhenOver.PERSON:
        return None
    if when_over is WhenOver.QUIET:
        return answer_text(_silent(hit, Outcome.LIMIT, Silence.QUIET))
    return answer_text(_said(hit, Outcome.LIMIT, moment))


def _entering(gate: CampaignGate) -> Entering:
    return Entering(gate.campaign_id, gate.entries_per_person, gate.total_entries, gate.has_codes)


def _minute(heard: Heard) -> int:
    return int(heard.at.timestamp()) // 60
