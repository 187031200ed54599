"""A campaign goes live, is stopped, goes on, ends: each reaches every process within a second."""

from __future__ import annotations

from collections.abc import Sequence

from wxdesk.accounts.operations import touch
from wxdesk.background_jobs import OFFER_CODES
from wxdesk.campaigns.definition_marks import mark_of
from wxdesk.campaigns.definitions import CODE
from wxdesk.campaigns.models import Campaign
from wxdesk.campaigns.operations import (
    campaign_state,
    check_code,
    locked,
    noted,
)
from wxdesk.campaigns.reply_files import check_files
from wxdesk.campaigns.rules import CampaignState
from wxdesk.campaigns.ways_in import WayIn, list_ways, rule_ids
from wxdesk.notifications.approvals import ask_for_approval
from wxdesk.outbound.bulk import withdraw_of_rules
from wxdesk.plumbing.errors import ConflictError, InvalidInputError
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.triage.approvals import check_approval, check_looked_at, needs_approval
from wxdesk.triage.collisions import collision
from wxdesk.triage.operations import archive_rule, is_seen_rule
from wxdesk.triage.rules import ReplyKind
from wxdesk.words import say


def go_live(
    uow: UnitOfWork,
    campaign_id: int,
    *,
    actor_id: int | None,
    definition: str | None = None,
    is_seen: bool = False,
) -> None:
    """Let its rules answer from `starts_at` on.

    `definition` marks what was looked at (definition_marks.py): with a second person's consent it
    is needed. ConflictError says what is missing: a dry run that nobody has confirmed, codes, that
    consent, or that it was changed since. `is_seen` is for campaigns that no marketer made.
    """
    campaign = locked(uow, campaign_id)
    if campaign_state(campaign, uow) is not CampaignState.DRAFT:
        raise ConflictError(say("only a draft can go live"))
    _check_ready(uow, campaign, actor_id, definition=definition, is_seen=is_seen)
    campaign.approved_at, campaign.approved_by_id = uow.now, actor_id
    touch(uow, campaign.account_id)
    uow.ring(OFFER_CODES)
    noted(uow, campaign, "campaign.live", actor_id, version=campaign.version)


def stop(uow: UnitOfWork, campaign_id: int, *, actor_id: int) -> int:
    """Let none of its rules answer any more, and take back what waits to be sent.

    Gives how many answers were taken back. A campaign that is stopped already stays so.
    """
    campaign = locked(uow, campaign_id)
    state = campaign_state(campaign, uow)
    if state is CampaignState.PAUSED:
        return 0
    if state not in (CampaignState.LIVE, CampaignState.PLANNED):
        raise ConflictError(say("this campaign does not run"))
    campaign.paused_at, campaign.stopped_by_id = uow.now, actor_id
    touch(uow, campaign.account_id)
    uow.ring(OFFER_CODES)
    count = withdraw_of_rules(uow, rule_ids(uow.session, campaign_id))
    noted(uow, campaign, "campaign.stopped", actor_id, count=count)
    return count


def resume(
    uow: UnitOfWork, campaign_id: int, *, actor_id: int, definition: str | None = None
) -> None:
    """Go on after a stop; all that is checked before going live is checked again."""
    campaign = locked(uow, campaign_id)
    if campaign_state(campaign, uow) is not CampaignState.PAUSED:
        raise ConflictError(say("this campaign is not stopped"))
    _check_ready(uow, campaign, actor_id, definition=definition, is_seen=False)
    campaign.paused_at = campaign.stopped_by_id = None
    touch(uow, campaign.account_id)
    uow.ring(OFFER_CODES)
    noted(uow, campaign, "campaign.resumed", actor_id, version=campaign.version)


def end(uow: UnitOfWork, campaign_id: int, *, actor_id: int) -> None:
    """End it now, also when stopped: for seven days its rules answer that it is over.

    A draft is thrown away.
    """
    campaign = locked(uow, campaign_id)
    state = campaign_state(campaign, uow)
    if state is CampaignState.ENDED:
        return
    campaign.ended_at = uow.now
    if state is CampaignState.DRAFT:
        for way in list_ways(uow.session, campaign_id):
            archive_rule(uow, way.rule_id, actor_id)
    withdraw_of_rules(uow, rule_ids(uow.session, campaign_id))
    touch(uow, campaign.account_id)
    uow.ring(OFFER_CODES)
    noted(uow, campaign, "campaign.ended", actor_id)


def ask_to_approve(uow: UnitOfWork, campaign_id: int, *, actor_id: int) -> None:
    """Tell those who may approve that somebody wants it to go live, once for each version."""
    campaign = locked(uow, campaign_id)
    ask_for_approval(
        uow,
        what=campaign.name,
        link=f"/campaigns/{campaign_id}",
        once_key=f"campaign:{campaign_id}:{campaign.version}:{int(campaign.paused_at is not None)}",
        asked_by_id=actor_id,
    )
    noted(uow, campaign, "campaign.approval_asked", actor_id, version=campaign.version)


def _check_ready(
    uow: UnitOfWork,
    campaign: Campaign,
    actor_id: int | None,
    *,
    definition: str | None,
    is_seen: bool,
) -> None:
    if campaign.ends_at is not None and campaign.ends_at <= uow.now:
        raise ConflictError(say("the end has passed already"))
    all_ways = list_ways(uow.session, campaign.id)
    check_looked_at(definition, mark_of(campaign, all_ways))
    ways = [way for way in all_ways if way.is_active]
    if not ways:
        raise ConflictError(say("it has no rule that is switched on"))
    _check_keywords(uow, ways)
    replies = [reply for way in ways for reply in way.form.all_replies]
    check_files(uow.session, replies, uow.now)
    if campaign.has_codes:
        _check_codes(uow, campaign, ways)
    if is_seen:
        return
    unseen = [way for way in ways if not is_seen_rule(uow.session, way.form, uow.now)]
    if unseen:
        raise ConflictError(
            say("try it on earlier messages first, and confirm what you saw"),
            needs="dry_run",
            rule_ids=[way.rule_id for way in unseen],
        )
    if actor_id is not None:
        _check_consent(uow, campaign, actor_id, is_marked=definition is not None)


def _check_consent(uow: UnitOfWork, campaign: Campaign, actor_id: int, *, is_marked: bool) -> None:
    check_approval(uow, campaign.account_id, by_id=actor_id, writer_id=campaign.updated_by_id)
    if needs_approval(uow, campaign.account_id) and not is_marked:
        raise InvalidInputError(
            "definition", say("say what you approve: the definition that you have looked at")
        )


def _check_keywords(uow: UnitOfWork, ways: Sequence[WayIn]) -> None:
    """Another draft with one of them may have gone live since this one was saved."""
    for way in ways:
        if found := collision(uow.session, way.form, way.rule_id):
            raise ConflictError(found.sentence)


def _check_codes(uow: UnitOfWork, campaign: Campaign, ways: Sequence[WayIn]) -> None:
    """An import makes it a campaign with codes, whatever its form said before."""
    check_code(uow, campaign.id)
    if campaign.entries_per_person != 1:
        raise ConflictError(say("with codes everybody takes part once: one code a person"))
    first = [way.form.first_reply for way in ways]
    if any(it.kind is not ReplyKind.TEXT or CODE not in it.text for it in first):
        raise ConflictError(say("the answer must hold %(code)s: the code stands there", code=CODE))
