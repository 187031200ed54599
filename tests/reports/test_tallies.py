"""The roll-up of messages always tells what counting all messages would tell."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cast import agent_answers, customer_writes
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update

from wxdesk.contacts.models import Contact
from wxdesk.conversations.counted import counts_change
from wxdesk.conversations.models import Message
from wxdesk.conversations.rules import SPAM, Direction, Place, SenderKind
from wxdesk.inbox.operations import Answer, reply
from wxdesk.inbox.undo import undo
from wxdesk.outbound.contents import Outgoing, OutgoingKind
from wxdesk.privacy.erasing import delete_rows
from wxdesk.reports.counted import BY_SENDER, Kind
from wxdesk.reports.jobs import count_messages as count_job
from wxdesk.reports.local_time import quarter_of
from wxdesk.reports.models import MessageTally, SenderTally, StaleTally, TallyPosition
from wxdesk.reports.rules import Filters, Period
from wxdesk.reports.tallies import count_new, has_uncounted, recount_stale
from wxdesk.reports.volumes import Volumes, count_all, count_messages

SINCE = datetime(2026, 3, 1, tzinfo=UTC)
PERIOD = Period(SINCE, SINCE + timedelta(days=2), ZoneInfo("UTC"))
EVERYTHING = Filters(PERIOD)

incoming = st.sampled_from([
    (Direction.INCOMING, Place.AUTO_ANSWERED, None, SenderKind.CUSTOMER, None, None),
    (Direction.INCOMING, Place.CONVERSATION, None, SenderKind.CUSTOMER, None, None),
    (Direction.INCOMING, Place.SET_ASIDE, SPAM, SenderKind.CUSTOMER, None, None),
    (Direction.INCOMING, Place.SET_ASIDE, "event", SenderKind.CUSTOMER, None, None),
])  # fmt: skip
outgoing = st.sampled_from([
    (Direction.OUTGOING, None, None, SenderKind.AGENT, 1, None),
    (Direction.OUTGOING, None, None, SenderKind.AGENT, 2, None),
    (Direction.OUTGOING, None, None, SenderKind.RULE, 1, 3),
    (Direction.OUTGOING, None, None, SenderKind.SYSTEM, None, None),
    (Direction.INTERNAL, None, None, SenderKind.AGENT, 1, None),
])  # fmt: skip
messages = st.lists(
    st.tuples(incoming | outgoing, st.integers(-3600, 50 * 3600), st.booleans()),
    min_size=1,
    max_size=12,
)
deeds = st.lists(
    st.one_of(
        st.tuples(st.just("arrive"), messages),
        st.tuples(st.just("count"), st.integers(1, 10)),
        st.tuples(st.just("recount"), st.integers(1, 3)),
        st.tuples(st.sampled_from(["undo", "again", "not_spam", "delete"]), st.integers(0, 30)),
    ),
    min_size=1,
    max_size=12,
)


@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(deeds)
def test_tallies_and_what_is_not_in_them_equal_the_raw_count_after_every_deed(
    runtime, account, deeds
):
    contact_id = _empty(runtime, account)
    for deed, what in deeds:
        with runtime.unit_of_work() as uow:
            DEEDS[deed](uow, account, contact_id, what)
        raw = _raw(runtime)
        assert _counted(runtime, *BY_SENDER) == raw, deed
        assert _counted(runtime, "quarter", "account_id") == _summed(raw), deed


def test_the_job_brings_everything_up_to_date(runtime, account, team, clock):
    message = customer_writes(runtime, account)
    agent_answers(runtime, message, team.lin)
    count_job()
    with runtime.reading() as session:
        assert not has_uncounted(session)
        assert session.scalar(select(TallyPosition.message_id)) >= message.id
        rows = session.scalars(select(MessageTally)).all()
    assert {row.quarter for row in rows} == {quarter_of(clock.now)}
    assert sum(row.messages for row in rows) == 2


def test_an_answer_that_is_taken_back_after_it_was_counted_does_not_count(runtime, account, team):
    message = customer_writes(runtime, account)
    with runtime.unit_of_work() as uow:
        words = Outgoing(OutgoingKind.TEXT, "马上查。")
        answer = Answer(message.conversation_id, team.lin, words, message.id, undo_seconds=5)
        answer_id = reply(uow, answer).id
    count_job()
    assert _of_month(runtime).by_people == 1
    with runtime.unit_of_work() as uow:
        undo(uow, answer_id, team.lin)
    assert _of_month(runtime).by_people == 0
    count_job()
    assert _of_month(runtime).by_people == 0
    assert _marks(runtime) == []


def test_messages_of_a_deleted_customer_do_not_count(runtime, account):
    customer_writes(runtime, account, openid="oOther")
    first = customer_writes(runtime, account)
    count_job()
    assert _of_month(runtime).received == 2
    with runtime.unit_of_work() as uow:
        delete_rows(uow, uow.session.get_one(Contact, first.contact_id))
    assert _of_month(runtime).received == 1
    count_job()
    assert _of_month(runtime).received == 1


def test_a_mark_that_comes_while_the_quarter_is_counted_again_stays(runtime, account, clock):
    """Whoever marks a marked quarter holds it: the recount passes over it."""
    if runtime.engine.dialect.name == "sqlite":
        return  # it has one writer at a time
    message = customer_writes(runtime, account)
    count_job()
    quarter = quarter_of(clock.now)
    with runtime.unit_of_work() as uow:
        counts_change(uow, clock.now)
    with runtime.unit_of_work() as marking:
        counts_change(marking, clock.now)
        marking.finish()
        marking.session.execute(
            update(Message).where(Message.id == message.id).values(place=Place.AUTO_ANSWERED)
        )
        with runtime.unit_of_work() as counting:
            assert recount_stale(counting, 10) == 0
    assert _marks(runtime) == [quarter]
    assert _of_month(runtime).auto_answered == 1


def _of_month(runtime) -> Volumes:
    with runtime.reading() as session:
        return count_all(session, Filters(Period(SINCE, SINCE + timedelta(days=31), PERIOD.zone)))


def _marks(runtime) -> list[int]:
    with runtime.reading() as session:
        return list(session.scalars(select(StaleTally.quarter)))


def _empty(runtime, account) -> int:
    with runtime.unit_of_work() as uow:
        for table in (Message, MessageTally, SenderTally, TallyPosition, StaleTally, Contact):
            uow.session.execute(delete(table))
        contact = Contact(
            account_id=account.id, openid="oOne", first_seen_at=SINCE, last_seen_at=SINCE
        )
        uow.session.add(contact)
        uow.session.flush()
        return contact.id


def _arrive(uow, account, contact_id, what):
    for (direction, place, reason, kind, sender_id, version), seconds, is_undone in what:
        at = SINCE + timedelta(seconds=seconds)
        uow.session.add(
            Message(
                account_id=account.id,
                contact_id=contact_id,
                direction=direction,
                kind="text",
                place=place,
                set_aside_reason=reason,
                sender_kind=kind,
                sender_id=sender_id,
                rule_version=version,
                undone_at=at if is_undone and kind is SenderKind.AGENT else None,
                created_at=at,
                received_at=at,
            )
        )


def _change(uow, number, **values):
    """Of the message with this number, modulo how many there are."""
    found = uow.session.scalars(select(Message).order_by(Message.id)).all()
    if found:
        message = found[number % len(found)]
        for name, value in values.items():
            setattr(message, name, value)
        counts_change(uow, message.received_at)


def _delete(uow, number):
    found = uow.session.scalars(select(Message).order_by(Message.id)).all()
    if len(found) > 1:  # SQLite would give the newest one's id again
        message = found[number % (len(found) - 1)]
        counts_change(uow, message.received_at)
        uow.session.delete(message)


DEEDS = {
    "arrive": _arrive,
    "count": lambda uow, _a, _c, limit: count_new(uow, limit),
    "recount": lambda uow, _a, _c, limit: recount_stale(uow, limit),
    "undo": lambda uow, _a, _c, number: _change(uow, number, undone_at=SINCE),
    "again": lambda uow, _a, _c, number: _change(uow, number, undone_at=None),
    "not_spam": lambda uow, _a, _c, number: _change(
        uow, number, place=Place.CONVERSATION, set_aside_reason=None
    ),
    "delete": lambda uow, _a, _c, number: _delete(uow, number),
}


def _counted(runtime, *by) -> Counter:
    """By these columns and the kind."""
    with runtime.reading() as session:
        found = count_messages(session, EVERYTHING, *by)
    return +Counter({(*key, kind): getattr(it, kind) for key, it in found.items() for kind in Kind})


def _raw(runtime) -> Counter:
    """Every message looked at by itself; customers are sender 0."""
    with runtime.reading() as session:
        rows = session.scalars(select(Message)).all()
    return Counter(
        (
            quarter_of(it.received_at),
            it.account_id,
            it.sender_kind.value,
            it.sender_id or 0,
            it.rule_version or 0,
            _kind(it),
        )
        for it in rows
        if it.direction is not Direction.INTERNAL
        and it.undone_at is None
        and PERIOD.since <= it.received_at < PERIOD.until
    )


def _summed(raw) -> Counter:
    sums: Counter = Counter()
    for (quarter, account_id, *_, kind), count in raw.items():
        sums[quarter, account_id, kind] += count
    return sums


def _kind(it: Message) -> Kind:
    if it.direction is Direction.INCOMING:
        places = {Place.AUTO_ANSWERED: Kind.AUTO_ANSWERED, Place.CONVERSATION: Kind.TO_PEOPLE}
        return places.get(it.place, Kind.ASIDE)
    senders = {SenderKind.AGENT: Kind.BY_PEOPLE, SenderKind.RULE: Kind.BY_RULES}
    return senders.get(it.sender_kind, Kind.BY_SYSTEM)
