"""Admins invite, change and deactivate people; supervisors keep teams."""

import re

import pytest
from calendars.plans import office_hours
from cast import PASSWORD, Browser
from sqlalchemy import select, update

from wxdesk.accounts.models import Account
from wxdesk.agents.invitations import token_of
from wxdesk.agents.models import Agent, Team
from wxdesk.agents.rules import Role
from wxdesk.assignment import people
from wxdesk.assignment.forms import _minutes, _seconds
from wxdesk.audit.models import AuditEntry
from wxdesk.calendars.operations import archive_calendar
from wxdesk.conversations.assigning import claim
from wxdesk.conversations.rules import Returned
from wxdesk.inbox.operations import resolve
from wxdesk.plumbing.errors import InvalidInputError
from wxdesk.satisfaction.models import SatisfactionRating

pytestmark = pytest.mark.one_database

INVITED = {
    "name": "王小美",
    "email": "Mei2@Example.com",
    "role": "agent",
    "capacity": "6",
    "locale": "zh_CN",
}
TEAM = {"name": "售后", "mode": "least_loaded", "offline_grace": "5", "silent": "10"}
CHOSEN = "一个足够长的密码1234"


@pytest.fixture
def admin(app, desk) -> Browser:
    browser = Browser(app.test_client())
    browser.log_in("admin")
    return browser


@pytest.fixture
def supervisor(app, desk) -> Browser:
    browser = Browser(app.test_client())
    browser.log_in("zhou")
    return browser


def link_of(page: str) -> str:
    """The path of the link that is shown once."""
    return re.search(r'id="copy-link" value="[^"]*(/invitation/[^"]+)"', page)[1]


def audited(runtime) -> list[str]:
    with runtime.reading() as session:
        rows = session.scalars(select(AuditEntry).order_by(AuditEntry.id))
        return [row.action for row in rows if row.action.startswith(("agent.", "team."))]


def named(runtime, name: str) -> Agent:
    with runtime.reading() as session:
        return session.scalars(select(Agent).where(Agent.name == name)).one()


class TestInvitations:
    @pytest.fixture
    def link(self, admin) -> str:
        admin.get("/settings/agents/new")
        answer = admin.post("/settings/agents/new", **INVITED)
        assert answer.status_code == 200
        return link_of(answer.text)

    def test_an_invited_person_chooses_a_password_and_is_in(self, app, runtime, link):
        browser = Browser(app.test_client())
        page = browser.get(link)
        assert "王小美" in page.text
        answer = browser.post(link, password=CHOSEN, again=CHOSEN)
        assert (answer.status_code, answer.location) == (302, "/inbox")
        assert browser.get("/inbox").status_code == 200
        other = Browser(app.test_client())
        other.get("/login")
        again = other.post("/login", email="mei2@example.com", password=CHOSEN)
        assert again.status_code == 302
        assert named(runtime, "王小美").capacity == 6
        assert audited(runtime) == ["agent.invited", "agent.invitation_accepted"]

    def test_a_second_use_is_refused(self, app, link):
        first, second = Browser(app.test_client()), Browser(app.test_client())
        first.get(link)
        second.get(link)
        first.post(link, password=CHOSEN, again=CHOSEN)
        answer = second.post(link, password="another password", again="another password")
        assert answer.status_code == 410
        assert second.get(link).status_code == 410
        second.get("/login")
        refused = second.post("/login", email="mei2@example.com", password="another password")
        assert refused.status_code == 401

    def test_it_is_good_for_seven_days(self, app, link, clock):
        browser = Browser(app.test_client())
        clock.advance(days=6, hours=23)
        assert browser.get(link).status_code == 200
        clock.advance(hours=2)
        assert browser.post(link, password=CHOSEN, again=CHOSEN).status_code == 410

    def test_a_renewed_link_makes_the_earlier_one_void(self, app, admin, runtime, link, clock):
        clock.advance(days=8)
        person = named(runtime, "王小美")
        admin.log_in("admin")
        admin.get(f"/settings/agents/{person.id}")
        fresh = link_of(admin.post(f"/settings/agents/{person.id}/invitation").text)
        browser = Browser(app.test_client())
        assert browser.get(link).status_code == 410
        browser.get(fresh)
        assert browser.post(fresh, password=CHOSEN, again=CHOSEN).status_code == 302

    def test_a_new_link_lets_somebody_choose_another_password(self, app, admin, runtime, team):
        admin.get(f"/settings/agents/{team.lin}")
        link = link_of(admin.post(f"/settings/agents/{team.lin}/invitation").text)
        browser = Browser(app.test_client())
        assert browser.log_in("lin").status_code == 302  # the old one is good until then
        browser = Browser(app.test_client())
        browser.get(link)
        browser.post(link, password=CHOSEN, again=CHOSEN)
        browser = Browser(app.test_client())
        assert browser.log_in("lin", PASSWORD).status_code == 401
        assert browser.log_in("lin", CHOSEN).status_code == 302

    @pytest.mark.parametrize(
        ("password", "again"), [("short", "short"), (CHOSEN, CHOSEN + "!"), ("", "")]
    )
    def test_a_bad_password_is_refused_at_its_field(self, app, link, password, again):
        browser = Browser(app.test_client())
        browser.get(link)
        answer = browser.post(link, password=password, again=again)
        assert answer.status_code == 422
        assert "field-error" in answer.text
        assert browser.post(link, password=CHOSEN, again=CHOSEN).status_code == 302

    def test_nobody_can_make_a_link_without_our_key(self, app, runtime, link):
        person = named(runtime, "王小美")
        forged = token_of("another key", person.id, person.session_epoch)
        browser = Browser(app.test_client())
        assert browser.get(f"/invitation/{forged}").status_code == 410
        assert browser.get("/invitation/nonsense").status_code == 410

    def test_without_a_password_nobody_gets_in(self, app, link):
        browser = Browser(app.test_client())
        browser.get("/login")
        for password in ("", "x"):
            answer = browser.post("/login", email="mei2@example.com", password=password)
            assert answer.status_code == 401

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("email", "nobody"),
            ("email", "lin@example.com"),
            ("name", " "),
            ("role", "king"),
            ("capacity", "-1"),
            ("capacity", "201"),
            ("locale", "fr"),
            ("team_ids", "999999"),
        ],
    )
    def test_what_can_not_be_taken_is_told_at_its_field(self, admin, runtime, field, value):
        admin.get("/settings/agents/new")
        answer = admin.post("/settings/agents/new", **(INVITED | {field: value}))
        assert answer.status_code == 422
        assert "field-error" in answer.text
        with runtime.reading() as session:
            assert not session.scalars(select(Agent).where(Agent.name == "王小美")).all()


class TestPeople:
    def test_name_role_capacity_and_teams_are_changed(self, desk, admin, runtime, team, lin):
        team_id = desk.make_team(team.mei)
        admin.get(f"/settings/agents/{team.lin}")
        answer = admin.post(
            f"/settings/agents/{team.lin}",
            name="林",
            role="supervisor",
            capacity="3",
            team_ids=str(team_id),
        )
        assert answer.status_code == 302
        me = lin.get("/me").json
        assert (me["name"], me["role"], me["capacity"]) == ("林", "supervisor", 3)
        assert [one["name"] for one in me["teams"]] == ["售前"]
        assert "agent.changed" in audited(runtime)

    def test_a_deactivated_person_is_out_by_session_and_token(self, app, admin, team, lin):
        browser = Browser(app.test_client())
        browser.log_in("lin")
        self.deactivate(admin, team.lin)
        assert browser.get("/inbox").status_code == 302
        assert lin.get("/me").status_code == 401
        assert "Lin" not in [
            one["name"] for one in admin.client.get("/api/v1/agents").json["items"]
        ]
        everybody = admin.client.get("/api/v1/agents?all=true").json["items"]
        assert [one["is_active"] for one in everybody if one["name"] == "Lin"] == [False]

    def deactivate(self, admin, agent_id: int, **form: str):
        admin.get(f"/settings/agents/{agent_id}")
        return admin.post(f"/settings/agents/{agent_id}/deactivate", **({"keep": "return"} | form))

    @pytest.fixture
    def kept(self, desk, team) -> list[int]:
        """Three conversations of Lin's."""
        ids = desk.writes(3)
        for one in ids:
            with desk.runtime.unit_of_work() as uow:
                claim(uow, one, team.lin)
        return ids

    def test_the_conversations_return_to_all(self, desk, admin, team, kept):
        self.deactivate(admin, team.lin)
        assert desk.assignees(kept) == [None] * 3
        assert desk.conversation(kept[0]).returned_reason is Returned.DEACTIVATED

    def test_or_go_to_a_colleague(self, desk, admin, team, kept):
        answer = self.deactivate(admin, team.lin, keep="give", heir=str(team.mei))
        assert answer.status_code == 302
        assert desk.assignees(kept) == [team.mei] * 3
        line = desk.lines(kept[0])[-1]
        assert (line["action"], line["by"]["name"]) == ("transferred", "Admin")

    @pytest.mark.parametrize("heir", ["", "chen", "self"])
    def test_a_colleague_who_can_not_have_them_changes_nothing(self, desk, admin, team, kept, heir):
        ids = {"chen": str(team.chen), "self": str(team.lin)}
        answer = self.deactivate(admin, team.lin, keep="give", heir=ids.get(heir, heir))
        assert answer.status_code == 422
        assert desk.assignees(kept) == [team.lin] * 3
        assert desk.agent(team.lin).is_active

    def test_more_than_a_batch_is_handed_on(self, desk, admin, team, kept, monkeypatch):
        monkeypatch.setattr("wxdesk.assignment.views.BATCH", 2)
        self.deactivate(admin, team.lin, keep="give", heir=str(team.mei))
        assert desk.assignees(kept) == [team.mei] * 3

    def test_a_reactivated_person_comes_in_again(self, app, admin, team):
        self.deactivate(admin, team.lin)
        admin.post(f"/settings/agents/{team.lin}/reactivate")
        browser = Browser(app.test_client())
        assert browser.log_in("lin").status_code == 302

    def test_all_sessions_of_a_person_end(self, app, admin, team):
        browser = Browser(app.test_client())
        browser.log_in("lin")
        admin.get(f"/settings/agents/{team.lin}")
        admin.post(f"/settings/agents/{team.lin}/sessions")
        assert browser.get("/inbox").status_code == 302

    def test_an_open_invitation_goes_with_the_sessions_and_the_page_says_so(
        self, app, admin, runtime
    ):
        admin.get("/settings/agents/new")
        link = link_of(admin.post("/settings/agents/new", **INVITED).text)
        person = named(runtime, "王小美")
        admin.get(f"/settings/agents/{person.id}")
        admin.post(f"/settings/agents/{person.id}/sessions")
        page = admin.get(f"/settings/agents/{person.id}").text
        assert "The link to choose a password is void too." in page
        assert named(runtime, "王小美").invited_until is None
        assert "invitation is too old" in admin.get("/settings/agents").text
        assert Browser(app.test_client()).get(link).status_code == 410

    def test_whoever_ends_their_own_stays_in_this_browser(self, app, admin, team):
        other = Browser(app.test_client())
        other.log_in("admin")
        admin.get(f"/settings/agents/{team.admin}")
        admin.post(f"/settings/agents/{team.admin}/sessions")
        assert admin.get("/settings/agents").status_code == 200
        assert other.get("/settings/agents").status_code == 302

    def test_nobody_is_found_at_a_wrong_number(self, admin):
        assert admin.get("/settings/agents/999999").status_code == 404

    @pytest.mark.parametrize("name", ["zhou", "lin", "chen"])
    def test_only_admins_come_here(self, app, desk, name):
        browser = Browser(app.test_client())
        browser.log_in(name)
        assert browser.get("/settings/agents").status_code == 403


class TestTheLastAdmin:
    def form(self, role: Role) -> people.PersonChange:
        return people.PersonChange("Admin", role, 10, ())

    def test_an_admin_does_not_lock_themself_out(self, admin, team, runtime):
        path = f"/settings/agents/{team.admin}"
        page = admin.get(path)
        assert "/deactivate" not in page.text
        assert admin.post(f"{path}/deactivate", keep="return").status_code == 422
        answer = admin.post(path, name="Admin", role="agent", capacity="10")
        assert answer.status_code == 422
        assert named(runtime, "Admin").role is Role.ADMIN
        assert admin.post(path, name="Chef", role="admin", capacity="1").status_code == 302

    def test_the_last_one_stays_whoever_asks(self, runtime, team):
        with runtime.unit_of_work() as uow, pytest.raises(InvalidInputError):
            people.deactivate(uow, team.admin, actor_id=team.zhou)
        with runtime.unit_of_work() as uow, pytest.raises(InvalidInputError):
            people.change(uow, team.admin, self.form(Role.AGENT), actor_id=team.zhou)

    def test_an_invited_admin_without_a_password_does_not_count(self, admin, runtime, team):
        admin.get("/settings/agents/new")
        admin.post("/settings/agents/new", **(INVITED | {"role": "admin"}))
        with runtime.unit_of_work() as uow, pytest.raises(InvalidInputError):
            people.deactivate(uow, team.admin, actor_id=team.zhou)

    def test_with_another_admin_one_can_go(self, desk, runtime, team):
        desk.set(team.zhou, role=Role.ADMIN)
        with runtime.unit_of_work() as uow:
            people.deactivate(uow, team.admin, actor_id=team.zhou)
        assert not desk.agent(team.admin).is_active


class TestTeams:
    def test_a_supervisor_makes_and_changes_one(self, supervisor, runtime, team, lin):
        supervisor.get("/settings/teams/new")
        answer = supervisor.post(
            "/settings/teams/new", **TEAM, prefers_last_agent="true", member_ids=str(team.lin)
        )
        assert answer.status_code == 302
        with runtime.reading() as session:
            made = session.scalars(select(Team)).one()
        assert (made.offline_grace_seconds, made.silent_seconds) == (300, 600)
        assert made.prefers_last_agent
        assert [one["name"] for one in lin.get("/me").json["teams"]] == ["售后"]
        page = supervisor.get(f"/settings/teams/{made.id}")
        assert 'value="售后"' in page.text
        supervisor.post(f"/settings/teams/{made.id}", **(TEAM | {"name": "退换货"}))
        [shown] = lin.get("/teams").json["items"]
        assert (shown["name"], shown["members"]) == ("退换货", [])
        assert audited(runtime) == ["team.created", "team.changed"]

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("name", ""),
            ("name", "售前"),
            ("name", "很" * 61),
            ("mode", "lottery"),
            ("offline_grace", "bald"),
            ("offline_grace", "1441"),
            ("silent", "99999"),
            ("member_ids", "999999"),
            ("calendar_id", "999999"),
            ("calendar_id", "nights"),
        ],
    )
    def test_what_can_not_be_taken(self, desk, supervisor, field, value):
        desk.make_team()
        supervisor.get("/settings/teams/new")
        answer = supervisor.post("/settings/teams/new", **(TEAM | {field: value}))
        assert answer.status_code == 422
        assert "field-error" in answer.text

    def test_its_business_hours_are_chosen_and_kept_when_archived(self, supervisor, runtime):
        calendar_id = office_hours(runtime)
        supervisor.get("/settings/teams/new")
        form = TEAM | {"calendar_id": str(calendar_id)}
        assert supervisor.post("/settings/teams/new", **form).status_code == 302
        with runtime.unit_of_work() as uow:
            team_id = uow.session.scalars(select(Team.id)).one()
            archive_calendar(uow, calendar_id, is_archived=True, actor_id=None)
        page = supervisor.get(f"/settings/teams/{team_id}").text
        assert f'value="{calendar_id}" selected' in page
        assert "上海" in supervisor.get("/settings/teams").text
        changed = supervisor.post(f"/settings/teams/{team_id}", **(form | {"name": "退换货"}))
        assert changed.status_code == 302
        assert supervisor.post("/settings/teams/new", **form).status_code == 422

    def test_hours_that_never_come_are_refused_with_the_reason(self, supervisor, runtime):
        calendar_id = office_hours(runtime, "")
        supervisor.get("/settings/teams/new")
        answer = supervisor.post("/settings/teams/new", **TEAM, calendar_id=str(calendar_id))
        assert answer.status_code == 422
        assert "it has no opening hours" in answer.text

    def test_one_that_is_used_stays_and_the_page_says_why(self, desk, supervisor, team):
        team_id = desk.make_team(team.lin)
        supervisor.get(f"/settings/teams/{team_id}")
        answer = supervisor.post(f"/settings/teams/{team_id}/delete")
        assert answer.status_code == 409
        assert "belong to this team" in answer.text

    def test_what_is_over_keeps_none_from_being_deleted(self, desk, supervisor, team, runtime):
        team_id = desk.make_team(team.lin)
        [one] = desk.writes()
        found = desk.conversation(one)
        with runtime.unit_of_work() as uow:
            resolve(uow, one, agent_id=team.lin)  # its clocks know the team
            uow.session.execute(update(Account).values(team_id=None))
            uow.session.add(
                SatisfactionRating(
                    account_id=found.account_id,
                    contact_id=found.contact_id,
                    conversation_id=one,
                    resolved_at=uow.now,
                    team_id=team_id,
                    asked_at=uow.now,
                )
            )
        supervisor.get(f"/settings/teams/{team_id}")
        assert supervisor.post(f"/settings/teams/{team_id}/delete").status_code == 302
        assert desk.conversation(one).team_id is None
        with runtime.reading() as session:
            assert session.scalars(select(SatisfactionRating.team_id)).all() == [None]

    def test_periods_keep_their_seconds(self, supervisor, runtime):
        supervisor.get("/settings/teams/new")
        supervisor.post("/settings/teams/new", **(TEAM | {"offline_grace": "1.5", "silent": "0,7"}))
        with runtime.reading() as session:
            made = session.scalars(select(Team)).one()
        assert (made.offline_grace_seconds, made.silent_seconds) == (90, 42)
        page = supervisor.get(f"/settings/teams/{made.id}").text
        assert 'value="1.5"' in page
        assert 'value="0.7"' in page

    @pytest.mark.parametrize("seconds", [0, 1, 50, 61, 100, 86_399, 86_400])
    def test_what_a_form_shows_of_a_period_comes_back_the_same(self, seconds):
        assert _seconds(_minutes(seconds)) == seconds

    def test_one_that_nothing_belongs_to_is_deleted(self, supervisor, runtime, team):
        supervisor.get("/settings/teams/new")
        supervisor.post("/settings/teams/new", **TEAM, member_ids=str(team.lin))
        with runtime.reading() as session:
            team_id = session.scalars(select(Team.id)).one()
        assert supervisor.post(f"/settings/teams/{team_id}/delete").status_code == 302
        assert supervisor.get(f"/settings/teams/{team_id}").status_code == 404

    def test_the_list_tells_accounts_members_and_what_waits(self, desk, supervisor, team):
        desk.make_team(team.lin)
        desk.writes(2)
        page = supervisor.get("/settings/teams").text
        for text in ("售前", "Lin", "云杉", "<span>2</span>"):
            assert text in page

    def test_agents_do_not_come_here(self, app, desk):
        browser = Browser(app.test_client())
        browser.log_in("lin")
        assert browser.get("/settings/teams").status_code == 403
