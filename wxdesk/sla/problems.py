"""What is wrong with a policy, as sentences by field."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, Session

from wxdesk.accounts.models import Account
from wxdesk.agents.models import Team
from wxdesk.calendars.models import BusinessCalendar
from wxdesk.calendars.queries import get_calendar
from wxdesk.calendars.rules import never_opens
from wxdesk.contacts.models import Tag
from wxdesk.conversations.models import ConversationTag
from wxdesk.conversations.rules import Priority
from wxdesk.notifications.rules import url_problem
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.sla.campaign_rows import known_campaigns
from wxdesk.sla.rules import (
    LONGEST_RESOLUTION,
    LONGEST_TARGET,
    SHORTEST_TARGET,
    Action,
    Conditions,
    Deed,
    PolicyForm,
    Stage,
    Targets,
    When,
)
from wxdesk.words import say

LONGEST_NAME = 60
LONGEST_KEY = 25  # kept together with the policy's id
MOST_STAGES = 10
MOST_ACTIONS = 10
MOST_MINUTES = 7 * 24 * 60
MOST_PERCENT = 99
PRIORITIES = frozenset(Priority)

Problem = tuple[str, str]


def policy_problems(
    uow: UnitOfWork, form: PolicyForm, kept_calendar_id: int | None = None
) -> dict[str, str]:
    """Field to sentence, the first of each field; a target's field is `targets.<priority>.<name>`.

    A stage's is `stages.<number from 0>`. `kept_calendar_id`: the policy has it already, so it may
    be archived.
    """
    session, found = uow.session, dict[str, str]()
    for problems in (
        _of_name(form.name),
        _of_targets(form),
        _of_calendar(uow, form.calendar_id, kept_calendar_id),
        _of_conditions(session, form.conditions),
        _of_stages(session, form.stages),
    ):
        for field, sentence in problems:
            found.setdefault(field, sentence)
    return found


def _of_name(name: str) -> Iterator[Problem]:
    if not 1 <= len(name.strip()) <= LONGEST_NAME:
        yield "name", say("a name has 1 to %(most)d characters", most=LONGEST_NAME)


def _of_targets(form: PolicyForm) -> Iterator[Problem]:
    if Priority.NORMAL not in form.targets:
        yield "targets", say("targets for the priority “normal” are needed")
    for priority, targets in form.targets.items():
        if priority not in PRIORITIES:
            yield "targets", say("there is no such priority")
        for name in Targets.__slots__:
            seconds = getattr(targets, name)
            longest = LONGEST_RESOLUTION if name == "resolution_seconds" else LONGEST_TARGET
            if seconds is not None and not SHORTEST_TARGET <= seconds <= longest:
                yield (
                    f"targets.{priority}.{name}",
                    say("between 1 minute and %(days)d days", days=longest // 86400),
                )


def _of_calendar(
    uow: UnitOfWork, calendar_id: int | None, kept_id: int | None
) -> Iterator[Problem]:
    if calendar_id is None:
        return
    row = uow.session.get(BusinessCalendar, calendar_id)
    if row is None or (row.archived_at is not None and calendar_id != kept_id):
        yield "calendar_id", say("there is no such calendar")
    elif reason := never_opens(get_calendar(uow.session, calendar_id), uow.now):
        yield "calendar_id", reason


def _of_conditions(session: Session, conditions: Conditions) -> Iterator[Problem]:
    for field, column, sentence in (
        ("account_ids", Account.id, say("there is no such official account")),
        ("team_ids", Team.id, say("there is no such team")),
        ("tag_ids", ConversationTag.id, say("there is no such tag")),
        ("contact_tag_ids", Tag.id, say("there is no such tag")),
    ):
        if not _all_exist(session, column, getattr(conditions, field)):
            yield field, sentence
    if not conditions.priorities <= PRIORITIES:
        yield "priorities", say("there is no such priority")
    if known_campaigns(session, conditions.campaign_ids) != conditions.campaign_ids:
        yield "campaign_ids", say("there is no such campaign")


def _of_stages(session: Session, stages: tuple[Stage, ...]) -> Iterator[Problem]:
    if len(stages) > MOST_STAGES:
        yield "stages", say("at most %(most)d stages", most=MOST_STAGES)
    if len({stage.key for stage in stages}) != len(stages):
        yield "stages", say("two stages have the same key")
    for number, stage in enumerate(stages):
        for sentence in _of_stage(session, stage):
            yield f"stages.{number}", sentence


def _of_stage(session: Session, stage: Stage) -> Iterator[str]:
    if not 1 <= len(stage.key) <= LONGEST_KEY:
        yield say("a key has 1 to %(most)d characters", most=LONGEST_KEY)
    if stage.when is When.PERCENT and not 1 <= stage.amount <= MOST_PERCENT:
        yield say("between 1 and %(most)d percent", most=MOST_PERCENT)
    if stage.when is not When.PERCENT and not 0 <= stage.amount <= MOST_MINUTES:
        yield say("between 0 and %(most)d minutes", most=MOST_MINUTES)
    if not 1 <= len(stage.actions) <= MOST_ACTIONS:
        yield say("a stage does 1 to %(most)d things", most=MOST_ACTIONS)
    for action in stage.actions:
        yield from _of_action(session, action)


def _of_action(session: Session, action: Action) -> Iterator[str]:
    is_good, sentence = True, ""
    match action.do:
        case Deed.NOTIFY:
            is_good, sentence = bool(action.whom), say("choose who is told")
        case Deed.PRIORITY:
            is_good, sentence = action.priority in PRIORITIES, say("there is no such priority")
        case Deed.REASSIGN:
            wanted = set() if action.to is None else {action.to}
            is_good, sentence = _all_exist(session, Team.id, wanted), say("there is no such team")
        case Deed.TAG:
            wanted = {action.tag_id or 0}
            is_good = _all_exist(session, ConversationTag.id, wanted)
            sentence = say("there is no such tag")
        case Deed.WEBHOOK:
            problem = url_problem(action.url or "")
            is_good, sentence = problem is None, problem or ""
    if not is_good:
        yield sentence


def _all_exist(
    session: Session, column: InstrumentedAttribute[int], ids: frozenset[int] | set[int]
) -> bool:
    if not ids:
        return True
    return set(session.scalars(select(column).where(column.in_(sorted(ids))))) == set(ids)
