"""Draws: winners are drawn once, recorded with all that is needed to draw them again, checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from wxdesk.audit.operations import note
from wxdesk.campaigns.draw_order import (
    LONGEST_SEED,
    METHOD,
    Stake,
    Ticket,
    Win,
    digest_of,
    new_seed,
    winners,
)
from wxdesk.campaigns.models import Campaign, CampaignEntry, Draw, Prize, Promise
from wxdesk.campaigns.operations import locked
from wxdesk.campaigns.rules import PromiseState
from wxdesk.contacts.models import Contact
from wxdesk.conversations.rules import printable
from wxdesk.plumbing.db import insert_rows
from wxdesk.plumbing.errors import ConflictError, InvalidInputError, NotFoundError
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.words import say

MOST_WINNERS = 10_000


@dataclass(frozen=True, slots=True)
class DrawForm:
    """What is drawn; `quantities` by prize id. An empty `seed`: one is made up.

    `expected_draws` is how many draws the page showed: a second click draws nothing.
    """

    quantities: Mapping[int, int]
    seed: str = ""
    once_a_person: bool = True
    expected_draws: int | None = None


@dataclass(frozen=True, slots=True)
class PrizeView:
    """A prize with how many of it are promised already, cancelled ones not counted."""

    id: int
    name: str
    quantity: int
    promised: int

    @property
    def left(self) -> int:
        return max(self.quantity - self.promised, 0)


@dataclass(frozen=True, slots=True)
class Check:
    """What drawing again gave: `missing` entries were removed since with their customers."""

    is_same_pool: bool
    is_same_result: bool
    entries_then: int
    entries_now: int

    @property
    def missing(self) -> int:
        return self.entries_then - self.entries_now


def list_prizes(session: Session, campaign_id: int) -> list[PrizeView]:
    """In the order of the form."""
    promised: dict[str, int] = dict(
        session.execute(
            select(Promise.prize, func.count())
            .where(Promise.campaign_id == campaign_id, Promise.state != PromiseState.CANCELLED)
            .group_by(Promise.prize)
        ).all()
    )
    rows = session.scalars(
        select(Prize).where(Prize.campaign_id == campaign_id).order_by(Prize.position, Prize.id)
    )
    return [PrizeView(it.id, it.name, it.quantity, promised.get(it.name, 0)) for it in rows]


def count_pool(session: Session, campaign_id: int, now: datetime) -> tuple[int, int]:
    """Entries and people that could win now: everybody who has won before is left out."""
    where = _takes_part(campaign_id, before_draw=None, at=now)
    row = session.execute(
        select(func.count(), func.count(CampaignEntry.contact_id.distinct()))
        .join(Contact, Contact.id == CampaignEntry.contact_id)
        .where(*where)
    ).one()
    return int(row[0]), int(row[1])


def draw(uow: UnitOfWork, campaign_id: int, form: DrawForm, *, actor_id: int) -> int:
    """Draw and promise the prizes in one transaction; gives the draw's id.

    Who won before in this campaign is left out. InvalidInputError names the field; ConflictError
    when somebody has drawn meanwhile.
    """
    campaign = locked(uow, campaign_id)
    _refuse_second_click(uow, campaign_id, form)
    stakes = _stakes(uow, campaign_id, form)
    seed = _seed(form)
    last_id = _last_entry(uow, campaign_id)
    tickets = _tickets(uow.session, campaign_id, last_id, before_draw=None, at=uow.now)
    if not tickets:
        raise ConflictError(say("there is no entry that could win"))
    made = Draw(
        campaign_id=campaign_id,
        seed=seed,
        method=METHOD,
        last_entry_id=last_id,
        entry_count=len(tickets),
        digest=digest_of(tickets),
        record={
            "prizes": [{"name": stake.name, "quantity": stake.quantity} for stake in stakes],
            "once_a_person": form.once_a_person,
        },
        drawn_by_id=actor_id,
        drawn_at=uow.now,
    )
    uow.session.add(made)
    uow.session.flush()
    count = _promise(uow, made, winners(tickets, stakes, seed, once_a_person=form.once_a_person))
    note(
        uow,
        "campaign.drawn",
        f"campaign:{campaign_id}",
        actor_id=actor_id,
        name=campaign.name,
        draw=made.id,
        count=count,
        entries=len(tickets),
    )
    uow.announce(f"campaign:{campaign_id}")
    return made.id


def check_draw(session: Session, draw_id: int, campaign_id: int) -> Check:
    """Draw again from the record and compare with what was promised then."""
    made = get_draw(session, draw_id, campaign_id)
    tickets = _tickets(
        session, campaign_id, made.last_entry_id, before_draw=made.id, at=made.drawn_at
    )
    stakes, once = stakes_of(made.record), bool(made.record["once_a_person"])
    again = winners(tickets, stakes, made.seed, once_a_person=once)
    rows = session.execute(
        select(Promise.place, Promise.prize, Promise.entry_id)
        .where(Promise.draw_id == draw_id)
        .order_by(Promise.place)
    ).all()
    return Check(
        is_same_pool=digest_of(tickets) == made.digest,
        is_same_result=[tuple(row) for row in rows]
        == [(win.place, win.prize, win.ticket.entry_id) for win in again],
        entries_then=made.entry_count,
        entries_now=len(tickets),
    )


def get_draw(session: Session, draw_id: int, campaign_id: int) -> Draw:
    """NotFoundError when it is not one of this campaign."""
    made = session.get(Draw, draw_id)
    if made is None or made.campaign_id != campaign_id:
        raise NotFoundError(say("there is no such draw"))
    return made


def list_draws(session: Session, campaign_id: int) -> list[Draw]:
    """The newest first, at most 100."""
    query = select(Draw).where(Draw.campaign_id == campaign_id).order_by(Draw.id.desc()).limit(100)
    return list(session.scalars(query))


def list_pool(session: Session, made: Draw) -> list[Ticket]:
    """The entries that took part, as far as they are still there, by id."""
    return _tickets(
        session, made.campaign_id, made.last_entry_id, before_draw=made.id, at=made.drawn_at
    )


def stakes_of(record: Mapping[str, Any]) -> list[Stake]:
    return [Stake(str(it["name"]), int(it["quantity"])) for it in record["prizes"]]


def _refuse_second_click(uow: UnitOfWork, campaign_id: int, form: DrawForm) -> None:
    if form.expected_draws is None:
        return
    count = uow.session.scalar(select(func.count()).where(Draw.campaign_id == campaign_id))
    if count != form.expected_draws:
        raise ConflictError(say("somebody has drawn meanwhile: look at the winners first"))


def _stakes(uow: UnitOfWork, campaign_id: int, form: DrawForm) -> list[Stake]:
    found = []
    for prize in list_prizes(uow.session, campaign_id):
        quantity = form.quantities.get(prize.id, 0)
        if not 0 <= quantity <= prize.left:
            raise InvalidInputError(
                f"quantity_{prize.id}", say("between 0 and %(most)d", most=prize.left)
            )
        if quantity:
            found.append(Stake(prize.name, quantity))
    total = sum(stake.quantity for stake in found)
    if not 1 <= total <= MOST_WINNERS:
        raise InvalidInputError(
            "quantities", say("choose 1 to %(most)d prizes to draw", most=MOST_WINNERS)
        )
    return found


def _seed(form: DrawForm) -> str:
    seed = printable(form.seed).strip()
    if len(seed) > LONGEST_SEED:
        raise InvalidInputError("seed", say("at most %(most)d characters", most=LONGEST_SEED))
    return seed or new_seed()


def _last_entry(uow: UnitOfWork, campaign_id: int) -> int:
    """The newest entry; none before it is still on its way.

    Entries hold their campaign until their commit. They wait for this question only, not for the
    whole draw: what a savepoint locked is free when it is rolled back.
    """
    with uow.session.begin_nested() as savepoint:
        uow.session.execute(select(Campaign.id).where(Campaign.id == campaign_id).with_for_update())
        last_id = uow.session.scalar(
            select(func.max(CampaignEntry.id)).where(CampaignEntry.campaign_id == campaign_id)
        )
        savepoint.rollback()
    return last_id or 0


def _tickets(
    session: Session, campaign_id: int, last_id: int, *, before_draw: int | None, at: datetime
) -> list[Ticket]:
    rows = session.execute(
        select(CampaignEntry.id, CampaignEntry.contact_id)
        .join(Contact, Contact.id == CampaignEntry.contact_id)
        .where(
            CampaignEntry.id <= last_id,
            *_takes_part(campaign_id, before_draw=before_draw, at=at),
        )
        .order_by(CampaignEntry.id)
    )
    return [Ticket(entry_id, contact_id) for entry_id, contact_id in rows]


def _takes_part(
    campaign_id: int, *, before_draw: int | None, at: datetime
) -> list[ColumnElement[bool]]:
    """Whoever won in an earlier draw does not, nor whose data was removed before."""
    earlier = select(Promise.contact_id).where(Promise.campaign_id == campaign_id)
    if before_draw is not None:
        earlier = earlier.where(Promise.draw_id < before_draw)
    return [
        CampaignEntry.campaign_id == campaign_id,
        CampaignEntry.contact_id.not_in(earlier),
        or_(Contact.forgotten_at.is_(None), Contact.forgotten_at > at),
    ]


def _promise(uow: UnitOfWork, made: Draw, wins: Sequence[Win]) -> int:
    rows = [
        {
            "campaign_id": made.campaign_id,
            "draw_id": made.id,
            "place": win.place,
            "prize": win.prize,
            "contact_id": win.ticket.contact_id,
            "entry_id": win.ticket.entry_id,
            "state": PromiseState.PROMISED,
            "note": "",
            "tracking": "",
            "version": 1,
            "updated_at": uow.now,
            "updated_by_id": made.drawn_by_id,
        }
        for win in wins
    ]
    if rows:
        insert_rows(uow.session, Promise, rows)
    return len(rows)
