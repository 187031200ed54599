"""Campaigns are made and changed: the row, its rules and its prizes in one transaction."""

from __future__ import annotations

from sqlalchemy import select

from wxdesk.accounts.models import Account
from wxdesk.accounts.operations import touch
from wxdesk.audit.operations import note
from wxdesk.background_jobs import OFFER_CODES
from wxdesk.campaigns.definitions import CampaignForm, PrizeForm, cleaned, problems
from wxdesk.campaigns.models import Campaign, Prize, PrizeCode, Promise
from wxdesk.campaigns.pool import in_pool
from wxdesk.campaigns.reply_files import check_files
from wxdesk.campaigns.rules import CampaignState, CodeState, state_of
from wxdesk.campaigns.ways_in import follow_form, way_problems
from wxdesk.plumbing.errors import ConflictError, InvalidInputError, NotFoundError
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.words import say

FIELDS = (
    "name",
    "note",
    "starts_at",
    "ends_at",
    "entries_per_person",
    "total_entries",
    "has_codes",
)


def form_problems(form: CampaignForm) -> dict[str, str]:
    """Field to sentence, of the campaign and of the rules that it would have."""
    form = cleaned(form)
    found = problems(form)
    return way_problems(form) | found


def create_campaign(uow: UnitOfWork, form: CampaignForm, *, actor_id: int | None) -> Campaign:
    """Store a new campaign as a draft: its rules are silent until it goes live.

    InvalidInputError names the first field that can't be taken; then nothing is stored.
    """
    form = _acceptable(form)
    if uow.session.get(Account, form.account_id) is None:
        raise InvalidInputError("account_id", say("there is no such official account"))
    if form.ends_at is not None and form.ends_at <= uow.now:
        raise InvalidInputError("ends_at", say("the end has passed already"))
    campaign = Campaign(
        account_id=form.account_id,
        created_by_id=actor_id,
        created_at=uow.now,
        updated_by_id=actor_id,
        updated_at=uow.now,
        **{name: getattr(form, name) for name in FIELDS},
    )
    uow.session.add(campaign)
    uow.session.flush()
    follow_form(uow, campaign.id, form, actor_id)  # type: ignore[arg-type]
    _set_prizes(uow, campaign.id, form.prizes)
    noted(uow, campaign, "campaign.created", actor_id)
    return campaign


def change_campaign(
    uow: UnitOfWork,
    campaign_id: int,
    form: CampaignForm,
    *,
    actor_id: int | None,
    expected_version: int | None = None,
) -> Campaign:
    """Store a changed campaign; every process follows within a second.

    ConflictError when somebody has changed it since `expected_version`, or when the account asks
    for a second person's consent while it answers: stop it, change it, and let another start it.
    """
    form = _acceptable(form)
    campaign = locked(uow, campaign_id)
    if expected_version is not None and expected_version != campaign.version:
        raise ConflictError(say("somebody has changed this campaign meanwhile: load it again"))
    if form.account_id != campaign.account_id:
        raise InvalidInputError("account_id", say("a campaign stays with its official account"))
    state = campaign_state(campaign, uow)
    if state is CampaignState.ENDED:
        raise ConflictError(say("this campaign has ended: copy it to run it again"))
    is_answering = state in (CampaignState.LIVE, CampaignState.PLANNED)
    if is_answering and _needs_approval(uow, campaign):
        raise ConflictError(
            say("stop it first: changes need the consent of a second person before they answer")
        )
    if is_answering and form.has_codes and not campaign.has_codes:
        check_code(uow, campaign_id)
    if is_answering:
        check_files(uow.session, form.cards.values(), uow.now)
    for name in FIELDS:
        setattr(campaign, name, getattr(form, name))
    campaign.version += 1
    campaign.updated_by_id, campaign.updated_at = actor_id, uow.now
    uow.session.flush()
    follow_form(uow, campaign_id, form, actor_id)  # type: ignore[arg-type]
    _set_prizes(uow, campaign_id, form.prizes)
    touch(uow, campaign.account_id)
    uow.ring(OFFER_CODES)
    noted(uow, campaign, "campaign.changed", actor_id, version=campaign.version)
    return campaign


def locked(uow: UnitOfWork, campaign_id: int) -> Campaign:
    """The row, which nobody else changes until the commit; NotFoundError if there is none.

    Entries go on meanwhile: the drain, with everybody's messages, waits for no marketer.
    """
    campaign = uow.session.get(
        Campaign, campaign_id, with_for_update={"key_share": True}, populate_existing=True
    )
    if campaign is None:
        raise NotFoundError(say("there is no such campaign"))
    return campaign


def check_code(uow: UnitOfWork, campaign_id: int) -> None:
    """ConflictError before it has a code; that all are given by now is no reason to be silent."""
    query = select(PrizeCode.id).where(in_pool(campaign_id), PrizeCode.state != CodeState.VOID)
    if uow.session.scalar(query.limit(1)) is None:
        raise ConflictError(say("it has no codes yet: import them first"))


def campaign_state(campaign: Campaign, uow: UnitOfWork) -> CampaignState:
    """Its state at the time of this transaction."""
    return state_of(
        approved_at=campaign.approved_at,
        starts_at=campaign.starts_at,
        ends_at=campaign.ends_at,
        paused_at=campaign.paused_at,
        ended_at=campaign.ended_at,
        now=uow.now,
    )


def noted(
    uow: UnitOfWork, campaign: Campaign, action: str, actor_id: int | None, **details: object
) -> None:
    """In the audit log, and announced to whoever looks at it."""
    note(
        uow,
        action,
        f"campaign:{campaign.id}",
        actor_id=actor_id,
        name=campaign.name,
        **details,
    )
    uow.announce(f"campaign:{campaign.id}")


def _acceptable(form: CampaignForm) -> CampaignForm:
    for field, sentence in form_problems(form).items():
        raise InvalidInputError(field, sentence)
    return cleaned(form)


def _needs_approval(uow: UnitOfWork, campaign: Campaign) -> bool:
    return uow.session.get_one(Account, campaign.account_id).needs_approval


def _set_prizes(uow: UnitOfWork, campaign_id: int, prizes: tuple[PrizeForm, ...]) -> None:
    """Those of the form, in its order; one that was drawn already can't go."""
    existing = {
        it.name: it
        for it in uow.session.scalars(select(Prize).where(Prize.campaign_id == campaign_id))
    }
    promised = set(
        uow.session.scalars(
            select(Promise.prize).where(Promise.campaign_id == campaign_id).distinct()
        )
    )
    for position, prize in enumerate(prizes):
        row = existing.pop(prize.name, None)
        if row is None:
            row = Prize(campaign_id=campaign_id, name=prize.name, position=0, quantity=0)
            uow.session.add(row)
        row.position, row.quantity = position, prize.quantity or 0
    for name, row in existing.items():
        if name in promised:
            raise InvalidInputError(
                "prizes", say("%(name)s has been won already: it stays in the list", name=name)
            )
        uow.session.delete(row)
    uow.session.flush()
