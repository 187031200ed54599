"""What people do with corrections: made, written, approved, begun, paused, ended, tried again."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select, update

from wxdesk.accounts.models import Account
from wxdesk.agents.models import Agent
from wxdesk.audit.operations import note
from wxdesk.background_jobs import FEED_CORRECTIONS
from wxdesk.conversations.models import Message
from wxdesk.corrections import feeding
from wxdesk.corrections.choosing import look
from wxdesk.corrections.listing import collect
from wxdesk.corrections.models import Correction, CorrectionRecipient
from wxdesk.corrections.rules import (
    LONGEST_NAME,
    MOST_RECIPIENTS,
    UNENDED,
    Choice,
    CorrectionState,
    RecipientState,
    Wording,
    problems_of,
    span_problem,
    text_problem,
)
from wxdesk.corrections.stopping import withdraw_wrong
from wxdesk.notifications.approvals import ask_for_approval
from wxdesk.plumbing.errors import ConflictError, InvalidInputError, NotFoundError
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.words import say

LONGEST_KEY = 100
MOST_UNENDED = 50
NOT_BEGUN = (CorrectionState.COLLECTING, CorrectionState.READY)

Its = CorrectionRecipient


@dataclass(frozen=True, slots=True)
class Wish:
    """Which wrong answers are to be corrected; of one rule, or of a campaign's rules.

    `name` is what colleagues call it.
    """

    choice: Choice
    name: str
    rule_id: int | None = None
    campaign_id: int | None = None


def create(
    uow: UnitOfWork, wish: Wish, created_by_id: int, idempotency_key: str | None = None
) -> Correction:
    """List who got the answers; the same key gives the correction that it made before.

    InvalidInputError when nobody got one, or what was chosen can't be.
    """
    key = _checked(idempotency_key)
    uow.session.get_one(Agent, created_by_id, with_for_update={"key_share": True})
    if (earlier := _made_before(uow, created_by_id, key)) is not None:
        return earlier
    account = uow.session.get_one(Account, wish.choice.account_id)
    _refuse(uow, wish)
    row = Correction(
        account_id=account.id,
        rule_id=wish.rule_id,
        campaign_id=wish.campaign_id,
        name=wish.name.strip(),
        choice={
            "rule_ids": list(wish.choice.rule_ids),
            "versions": list(wish.choice.versions),
            "outcomes": list(wish.choice.outcomes),
        },
        sent_from=wish.choice.sent_from,
        sent_until=wish.choice.sent_until,
        state=CorrectionState.COLLECTING,
        collected_to_id=0,
        last_id=_newest(uow),
        needs_approval=account.needs_approval,
        idempotency_key=key,
        created_by_id=created_by_id,
        created_at=uow.now,
    )
    uow.session.add(row)
    uow.session.flush()
    collect(uow, row)
    note(uow, "correction.created", _subject(row), actor_id=created_by_id, name=row.name)
    uow.ring(FEED_CORRECTIONS)
    return row


def write(
    uow: UnitOfWork, correction_id: int, wording: Wording, by: int, expected_version: int | None
) -> Correction:
    """Set what is sent, and how; an approval of something else does not hold any more."""
    row = get_locked(uow, correction_id)
    if row.state not in NOT_BEGUN:
        raise ConflictError(say("this correction has begun: its text can't be changed"))
    if expected_version is not None and expected_version != row.version:
        raise ConflictError(say("somebody has changed this correction meanwhile"))
    for field, sentence in problems_of(wording).items():
        raise InvalidInputError(field, sentence)
    row.name, row.text = wording.name.strip(), wording.text.strip().replace("\r\n", "\n")
    row.per_minute, row.skips_helped = wording.per_minute, wording.skips_helped
    row.written_by_id, row.written_at = by, uow.now
    row.approved_by_id = row.approved_at = row.asked_at = None
    row.version += 1
    note(uow, "correction.written", _subject(row), actor_id=by, version=row.version)
    return row


def ask(uow: UnitOfWork, correction_id: int, by: int) -> Correction:
    """Tell those who may approve that it waits for them."""
    row = _written(uow, correction_id)
    ask_for_approval(
        uow,
        what=row.name,
        link=f"/campaigns/corrections/{row.id}",
        once_key=f"approve-correction-{row.id}-v{row.version}",
        asked_by_id=by,
    )
    row.asked_at = uow.now
    note(uow, "correction.approval_asked", _subject(row), actor_id=by, version=row.version)
    return row


def approve(
    uow: UnitOfWork, correction_id: int, by: int, expected_version: int | None
) -> Correction:
    """Agree to what somebody else has written; ConflictError when it is another text by now."""
    row = _written(uow, correction_id)
    if expected_version is None:
        raise InvalidInputError("version", say("say which version you approve"))
    if expected_version != row.version:
        raise ConflictError(say("somebody has changed this correction meanwhile"))
    if row.written_by_id == by:
        raise ConflictError(say("who wrote it can't approve it: ask a colleague"))
    row.approved_by_id, row.approved_at = by, uow.now
    note(uow, "correction.approved", _subject(row), actor_id=by, version=row.version)
    return row


def begin(uow: UnitOfWork, correction_id: int, by: int, expected_version: int | None) -> Correction:
    """Start sending; ConflictError when an approval is missing, or it was changed meanwhile.

    Wrong answers that have not left are withdrawn.
    """
    row = _written(uow, correction_id)
    if expected_version is not None and expected_version != row.version:
        raise ConflictError(say("somebody has changed this correction meanwhile"))
    account = uow.session.get_one(Account, row.account_id)
    if (row.needs_approval or account.needs_approval) and row.approved_at is None:
        raise ConflictError(say("a second person must approve this correction first"))
    row.state, row.begun_at = CorrectionState.SENDING, uow.now
    row.last_id = max(row.last_id, _newest(uow))
    withdraw_wrong(uow, row)
    note(uow, "correction.begun", _subject(row), actor_id=by, version=row.version)
    uow.ring(FEED_CORRECTIONS)
    return row


def pause(uow: UnitOfWork, correction_id: int, by: int) -> Correction:
    """Nothing leaves any more: what has not left is taken back, until it is resumed."""
    row = get_locked(uow, correction_id)
    if row.state is not CorrectionState.SENDING:
        raise ConflictError(say("this correction is not being sent"))
    row.state, row.paused_at = CorrectionState.PAUSED, uow.now
    feeding.take_back(uow, row)
    note(uow, "correction.paused", _subject(row), actor_id=by)
    uow.ring(FEED_CORRECTIONS)
    return row


def resume(uow: UnitOfWork, correction_id: int, by: int) -> Correction:
    """Go on with those who did not get it."""
    row = get_locked(uow, correction_id)
    if row.state is not CorrectionState.PAUSED:
        raise ConflictError(say("this correction is not paused"))
    row.state, row.paused_at = CorrectionState.SENDING, None
    note(uow, "correction.resumed", _subject(row), actor_id=by)
    uow.ring(FEED_CORRECTIONS)
    return row


def cancel(uow: UnitOfWork, correction_id: int, by: int) -> Correction:
    """End it: nobody else gets it, not even when they write next."""
    row = get_locked(uow, correction_id)
    if row.state not in UNENDED and not _waits(uow, row):
        raise ConflictError(say("this correction has ended"))
    row.state, row.ended_at = CorrectionState.CANCELLED, uow.now
    feeding.take_back(uow, row)
    note(uow, "correction.cancelled", _subject(row), actor_id=by)
    uow.ring(FEED_CORRECTIONS)
    return row


def retry(
    uow: UnitOfWork, correction_id: int, by: int, *, contact_id: int | None, is_doubtful: bool
) -> Correction:
    """Send again what failed, of all or of one; `is_doubtful` also what may have arrived.

    ConflictError when there is nothing to be tried again.
    """
    row = get_locked(uow, correction_id)
    if row.state not in (CorrectionState.SENDING, CorrectionState.PAUSED, CorrectionState.DONE):
        raise ConflictError(say("this correction is not being sent"))
    states = [RecipientState.FAILED]
    if is_doubtful:
        states.append(RecipientState.UNCONFIRMED)
    whom = [Its.correction_id == row.id, Its.state.in_(states)]
    if contact_id is not None:
        whom.append(Its.contact_id == contact_id)
    changed = uow.session.execute(
        update(Its)
        .where(*whom)
        .values(
            state=RecipientState.LISTED,
            is_doubtful=Its.state == RecipientState.UNCONFIRMED,
            queued_at=None,
            settled_at=None,
            error=None,
        )
        .execution_options(synchronize_session=False)
    )
    count = int(changed.rowcount)  # type: ignore[attr-defined]
    if not count:
        raise ConflictError(say("there is nothing to be tried again"))
    if row.state is CorrectionState.DONE:
        row.state, row.ended_at = CorrectionState.SENDING, None
    note(uow, "correction.retried", _subject(row), actor_id=by, count=count)
    uow.ring(FEED_CORRECTIONS)
    return row


def get_locked(uow: UnitOfWork, correction_id: int) -> Correction:
    """Locked until the commit; NotFoundError."""
    row = uow.session.get(Correction, correction_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFoundError(say("there is no correction %(id)d", id=correction_id))
    return row


def _written(uow: UnitOfWork, correction_id: int) -> Correction:
    """Ready to be approved and begun."""
    row = get_locked(uow, correction_id)
    if row.state is CorrectionState.COLLECTING:
        raise ConflictError(say("the recipients are still being listed"))
    if row.state is not CorrectionState.READY:
        raise ConflictError(say("this correction has begun"))
    if text_problem(row.text):
        raise ConflictError(say("write the correction first"))
    return row


def _refuse(uow: UnitOfWork, wish: Wish) -> None:
    choice = wish.choice
    if not wish.name.strip() or len(wish.name) > LONGEST_NAME:
        raise InvalidInputError(
            "name", say("a name has 1 to %(most)d characters", most=LONGEST_NAME)
        )
    if not choice.rule_ids:
        raise InvalidInputError("rule_id", say("choose a rule or a campaign"))
    if problem := span_problem(choice.sent_from, choice.sent_until):
        raise InvalidInputError("sent_until", problem)
    count = select(func.count()).where(
        Correction.account_id == choice.account_id, Correction.state.in_(UNENDED)
    )
    if (uow.session.scalar(count) or 0) >= MOST_UNENDED:
        raise ConflictError(
            say("%(most)d corrections have not ended: end some first", most=MOST_UNENDED)
        )
    people = look(uow.session, choice, uow.now, skips_helped=True).people
    if not people:
        raise InvalidInputError("rule_id", say("nobody got such an answer in this time"))
    if people > MOST_RECIPIENTS:
        raise InvalidInputError(
            "sent_until", say("at most %(most)d people at a time", most=MOST_RECIPIENTS)
        )


def _checked(key: str | None) -> str | None:
    if key is not None and not 0 < len(key) <= LONGEST_KEY:
        raise InvalidInputError(
            "Idempotency-Key", say("1 to %(most)d characters", most=LONGEST_KEY)
        )
    return key


def _made_before(uow: UnitOfWork, created_by_id: int, key: str | None) -> Correction | None:
    if key is None:
        return None
    query = select(Correction).where(
        Correction.created_by_id == created_by_id, Correction.idempotency_key == key
    )
    return uow.session.scalars(query).one_or_none()


def _newest(uow: UnitOfWork) -> int:
    return uow.session.scalar(select(func.max(Message.id))) or 0


def _waits(uow: UnitOfWork, row: Correction) -> bool:
    """It is done, but for people who have not written since."""
    waits = select(Its.contact_id).where(
        Its.correction_id == row.id, Its.state == RecipientState.WAITS
    )
    is_done = row.state is CorrectionState.DONE
    return is_done and uow.session.scalar(waits.limit(1)) is not None


def _subject(row: Correction) -> str:
    return f"correction:{row.id}"
