"""What the tests of service levels share: policies, calendars, accepted answers, rows."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from servers import wait_until
from sqlalchemy import select, text

from wxdesk.calendars.operations import CalendarForm, change_calendar, create_calendar
from wxdesk.calendars.rules import Interval
from wxdesk.outbound.models import DeliveryRow
from wxdesk.outbound.rules import Delivery
from wxdesk.outbound.settling import settle_sent
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.runtime import Runtime
from wxdesk.sla.models import SlaClock, SlaPolicy
from wxdesk.sla.operations import create_policy
from wxdesk.sla.rules import Clock, PolicyForm, Targets

WAITING = text(
    "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)"
    " WHERE NOT granted AND datname = current_database()"
)
NINE_TO_SIX = (9 * 60, 18 * 60)


def policy(
    runtime: Runtime,
    name: str,
    targets: Targets,
    more: Mapping[str, Targets] | None = None,
    *,
    pauses: bool = False,
    **values: Any,
) -> SlaPolicy:
    """`more`: targets of other priorities; `values`: further fields of PolicyForm."""
    form = PolicyForm(
        name=name,
        targets={"normal": targets, **(more or {})},
        pauses_when_pending=pauses,
        pauses_when_snoozed=pauses,
        **values,
    )
    with runtime.unit_of_work() as uow:
        return create_policy(uow, form)


def make_calendar(
    runtime: Runtime, week: list[tuple[int, int] | None], *, calendar_id: int | None = None
) -> int:
    """One interval a day, in minutes; in Shanghai, without public holidays."""
    form = CalendarForm(
        name="office",
        time_zone="Asia/Shanghai",
        week=tuple((Interval(*day),) if day else () for day in week),
        has_china_holidays=False,
        make_up_as=1,
    )
    with runtime.unit_of_work() as uow:
        if calendar_id is None:
            return create_calendar(uow, form, actor_id=None).id
        change_calendar(uow, calendar_id, form, actor_id=None)
        return calendar_id


def office(runtime: Runtime) -> int:
    """Monday to Friday from nine to six."""
    return make_calendar(runtime, [NINE_TO_SIX] * 5 + [None] * 2)


def arrives(runtime: Runtime, answer_id: int) -> None:
    """WeChat accepts an answer."""
    with runtime.unit_of_work() as uow:
        row = uow.session.scalars(
            select(DeliveryRow).where(DeliveryRow.message_id == answer_id)
        ).one()
        row.state = Delivery.SENDING
        uow.session.flush()
        settle_sent(uow, row.id)


def beside(
    runtime: Runtime, first: Callable[[UnitOfWork], object], second: Callable[[UnitOfWork], object]
) -> None:
    """The second begins before the first commits, and on PostgreSQL waits for it; both succeed."""

    def run() -> None:
        with runtime.unit_of_work() as uow:
            second(uow)

    with ThreadPoolExecutor(1) as pool:
        with runtime.unit_of_work() as uow:
            first(uow)
            uow.session.flush()
            other = pool.submit(run)
            if uow.session.get_bind().dialect.name == "postgresql":
                wait_until(lambda: uow.session.scalar(WAITING), what="a wait for a lock")
        other.result(30)


def clocks(runtime: Runtime) -> list[SlaClock]:
    """All, in the order in which they began."""
    with runtime.reading() as session:
        query = select(SlaClock).order_by(SlaClock.conversation_id, SlaClock.episode, SlaClock.id)
        return list(session.scalars(query))


def running(runtime: Runtime, clock: Clock) -> SlaClock:
    """The one of this kind that runs."""
    (found,) = [it for it in clocks(runtime) if it.clock is clock and it.ended_at is None]
    return found
