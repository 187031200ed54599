"""What the demo's desk has before the first customer writes: teams, tags, prepared answers."""

from __future__ import annotations

from sqlalchemy import select

from wxdesk.accounts.models import Account
from wxdesk.agents.models import Agent, Team
from wxdesk.agents.rules import AssignmentMode
from wxdesk.assignment.teams import TeamForm, create_team
from wxdesk.calendars.operations import CalendarForm, create_calendar
from wxdesk.calendars.rules import Interval
from wxdesk.canned_responses.models import CannedResponse
from wxdesk.canned_responses.operations import CannedForm, Writer, create_canned
from wxdesk.contacts.fields import create_field
from wxdesk.contacts.models import ContactField
from wxdesk.contacts.rules import FieldKind
from wxdesk.conversations.models import ConversationTag
from wxdesk.conversations.rules import Priority
from wxdesk.conversations.tagging import create_tag
from wxdesk.demo_campaign import make_campaign
from wxdesk.inbox.models import SavedView
from wxdesk.inbox.saved_views import Editor, ViewForm, create_view
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.sla.operations import create_policy
from wxdesk.sla.rules import (
    Action,
    Conditions,
    Deed,
    PolicyForm,
    Stage,
    Targets,
    When,
    Whom,
)

LIN, MEI, ZHOU = "lin@demo.wxdesk", "mei@demo.wxdesk", "zhou@demo.wxdesk"
CHEN = "chen@demo.wxdesk"
SHOP, TEA = "yunshan", "chaji"

# Conversations of 云杉生活 are given out by themselves; those of 茶季 are claimed.
TEAMS = (
    ("售前", AssignmentMode.LEAST_LOADED, (LIN, MEI), SHOP),
    ("售后", AssignmentMode.OFF, (LIN, MEI, ZHOU), TEA),
)
TAGS = (
    ("物流", "blue"),
    ("退款", "orange"),
    ("发票", "purple"),
    ("破损", "red"),
    ("投诉", "red"),
    ("回头客", "green"),
)
SHARED_ANSWERS = (
    CannedForm(
        "wh", "问候", "{{greeting}}，{{customer}}，我是{{agent}}，请问有什么可以帮您？", "通用"
    ),
    CannedForm("fh", "催发货", "您好，已安排优先发货，预计今天 18:00 前发出，请留意短信。", "物流"),
    CannedForm("wl", "查物流", "请稍等，马上为您查询物流。麻烦把订单号发给我一下。", "物流"),
    CannedForm("tk", "退款流程", "请在「我的订单」点「申请退款」，1–3 个工作日原路退回。", "售后"),
    CannedForm("bf", "破损补发", "非常抱歉！请拍一张破损的照片给我，我马上为您补发。", "售后"),
    CannedForm("fp", "开发票", "请把抬头、税号和邮箱发给我，电子发票 24 小时内发到邮箱。", "售后"),
)
LINS_ANSWER = CannedForm("xc", "稍后回复", "我去核实一下，10 分钟内给您答复，请稍等。")
FIELDS: tuple[tuple[str, FieldKind, tuple[str, ...]], ...] = (
    ("会员等级", FieldKind.CHOICE, ("普通", "银卡", "金卡")),
    ("生日", FieldKind.DATE, ()),
    ("常去门店", FieldKind.TEXT, ()),
)
COMPLAINT = "投诉"
WORKDAY, WEEKEND = (Interval(9 * 60, 21 * 60),), (Interval(10 * 60, 18 * 60),)
HOURS = CalendarForm("客服时间", "Asia/Shanghai", (WORKDAY,) * 5 + (WEEKEND,) * 2)
VIEWS = (("要开发票的", {"tag": "发票"}), ("高优先级", {"priority": "high", "status": "open"}))


def furnish(uow: UnitOfWork) -> None:
    """Make it once: where anything of it exists somebody uses this desk, and nothing is changed."""
    made = (Team, ConversationTag, ContactField, CannedResponse, SavedView)
    if any(uow.session.scalar(select(model.id).limit(1)) is not None for model in made):
        return
    people = people_of(uow)
    hours = create_calendar(uow, HOURS, actor_id=None)
    _make_teams(uow, people, hours.id)
    for name, colour in TAGS:
        create_tag(uow, name, colour)
    zhou = Writer(people[ZHOU], may_share=True)
    for answer in SHARED_ANSWERS:
        create_canned(uow, answer, zhou, is_personal=False)
    create_canned(uow, LINS_ANSWER, Writer(people[LIN], may_share=False), is_personal=True)
    for name, kind, choices in FIELDS:
        create_field(uow, name, kind, choices)
    _make_promises(uow)
    make_campaign(uow, people[CHEN])
    for name, query in VIEWS:
        view = ViewForm(name, query, is_shared=True)
        create_view(uow, view, Editor(people[ZHOU], may_share=True))


def _make_promises(uow: UnitOfWork) -> None:
    """Complaints go first; both warn whoever has the conversation when little time is left.

    Around the clock, so that the demo is alive whenever somebody looks at it.
    """
    tag_id = uow.session.scalars(
        select(ConversationTag.id).where(ConversationTag.name == COMPLAINT)
    ).one()
    warning = Stage("w1", None, When.PERCENT, 75, (Action(Deed.NOTIFY, whom=(Whom.ASSIGNEE,)),))
    for name, targets, conditions in (
        ("投诉优先", Targets(120, 300, 4 * 3600), Conditions(tag_ids=frozenset({tag_id}))),
        ("标准时限", Targets(300, 600, 24 * 3600), Conditions()),
    ):
        form = PolicyForm(
            name=name,
            targets={Priority.NORMAL: targets},
            conditions=conditions,
            stages=(warning,),
        )
        create_policy(uow, form)


def people_of(uow: UnitOfWork) -> dict[str, int]:
    """Ids by e-mail address."""
    return dict(uow.session.execute(select(Agent.email, Agent.id)).all())


def _make_teams(uow: UnitOfWork, people: dict[str, int], hours_id: int) -> None:
    for name, mode, members, slug in TEAMS:
        form = TeamForm(
            name=name,
            mode=mode,
            prefers_last_agent=True,
            offline_grace_seconds=120,
            silent_seconds=0,
            member_ids=tuple(people[email] for email in members),
            calendar_id=hours_id if slug == TEA else None,
        )
        team = create_team(uow, form, actor_id=None)
        account = uow.session.scalars(select(Account).where(Account.slug == slug)).one()
        account.team_id, account.asks_rating = team.id, slug == SHOP
