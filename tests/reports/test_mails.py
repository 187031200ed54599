"""Reports by e-mail: once a run, to a real mail server, about the days before, never for ever."""

import io
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from cast import Browser, FakeClock, Team, hire
from servers import RedisServer
from sqlalchemy import select

from tests.reports.made_up import HOSTILE, empty, full
from tests.reports.mail_server import Mailbox, mail_server
from wxdesk.agents.models import Agent
from wxdesk.agents.rules import Role
from wxdesk.app import create_app
from wxdesk.audit.models import AuditEntry
from wxdesk.notifications.models import Notification
from wxdesk.plumbing.errors import ConflictError, DeliveryError
from wxdesk.reports import catalog, schedules
from wxdesk.reports.jobs import send_reports
from wxdesk.reports.mails import send, wording_of
from wxdesk.reports.models import ReportMail, ReportSchedule
from wxdesk.reports.rules import Every, MailState, Unit
from wxdesk.reports.schedule_rules import (
    MOST_TRIES,
    ScheduleForm,
    days_of,
    next_run,
    problems_of,
    read_recipients,
)
from wxdesk.runtime import Runtime
from wxdesk.words import say

ZONE = ZoneInfo("Asia/Shanghai")
BOSS = "boss@example.com"
FORM = ScheduleForm("overview", Every.DAY, 1, 9, (BOSS, "zhou@example.com"), "en")
# The fake clock starts on Monday 2026-03-02 at 17:00 in Shanghai.


@pytest.fixture(autouse=True)
def made_up_report(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(catalog.REPORTS, "overview", full)


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with mail_server() as made:
        yield made


@pytest.fixture
def desk(
    build_runtime: Callable[..., Runtime], redis_server: RedisServer, mailbox: Mailbox
) -> Runtime:
    return build_runtime(
        WXDESK_REDIS_URL=redis_server.url,
        WXDESK_SMTP_URL=mailbox.url,
        WXDESK_MAIL_FROM="wxdesk <desk@example.com>",
        WXDESK_PUBLIC_URL="https://desk.example.com",
    )


@pytest.fixture
def people(desk: Runtime) -> Team:
    return hire(desk)


def schedule(desk: Runtime, owner_id: int, form: ScheduleForm = FORM) -> int:
    with desk.unit_of_work() as uow:
        return schedules.create_schedule(uow, form, ZONE, owner_id)


def runs(desk: Runtime) -> list[ReportMail]:
    with desk.reading() as session:
        return list(session.scalars(select(ReportMail).order_by(ReportMail.id)))


def only_run(desk: Runtime) -> ReportMail:
    (run,) = runs(desk)
    return run


def test_the_report_arrives_on_its_hour_about_the_day_before_and_once(
    desk, people: Team, mailbox, clock: FakeClock
):
    schedule(desk, people.zhou)
    send_reports()
    assert mailbox.mails == []
    clock.advance(hours=16)  # Tuesday, 09:00
    for _ in range(3):
        send_reports()
    (mail,) = mailbox.mails
    assert mailbox.recipients == [[BOSS, "zhou@example.com"]]
    assert mail["From"] == "wxdesk <desk@example.com>"
    assert mail["Subject"] == "wxdesk · Overview · 2026-03-02"
    assert only_run(desk).state is MailState.SENT
    clock.advance(days=1)
    send_reports()
    assert [each["Subject"][-10:] for each in mailbox.mails] == ["2026-03-02", "2026-03-03"]


def test_the_mail_has_text_and_html_with_definitions_and_the_workbook(
    desk, people: Team, mailbox, clock: FakeClock
):
    schedule(desk, people.zhou)
    clock.advance(hours=16)
    send_reports()
    (mail,) = mailbox.mails
    text = mail.get_body(("plain",)).get_content()
    html = mail.get_body(("html",)).get_content()
    for part in (text, html):
        assert "First response, median" in part
        assert "4 min 05 s" in part
        assert "Counted in the period in which the customer began to wait." in part
        assert "https://desk.example.com/reports/overview?period=custom" in part
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    (attached,) = mail.iter_attachments()
    assert attached.get_filename() == "wxdesk-overview.xlsx"
    book = openpyxl.load_workbook(io.BytesIO(attached.get_content()))
    assert book["Agents"]["A4"].value == HOSTILE


def test_a_mail_says_whom_it_is_about_and_leads_to_the_same(
    desk, people: Team, mailbox, clock: FakeClock
):
    filters = {"agent": (str(people.lin), str(people.mei)), "hours": ("business",)}
    schedule(desk, people.zhou, ScheduleForm("overview", Every.DAY, 1, 9, (BOSS,), "en", filters))
    clock.advance(hours=16)
    send_reports()
    text = mailbox.mails[0].get_body(("plain",)).get_content()
    assert "Agents: Lin, Mei" in text
    assert "Durations in: business hours" in text
    assert f"&agent={people.lin}&agent={people.mei}&hours=business" in text


def test_a_mail_is_written_in_the_language_that_was_chosen(
    desk, people: Team, mailbox, clock: FakeClock
):
    schedule(desk, people.zhou, ScheduleForm("overview", Every.DAY, 1, 9, (BOSS,), "zh_CN"))
    clock.advance(hours=16)
    send_reports()
    assert "客服人员" in mailbox.mails[0].get_body(("html",)).get_content()


def test_a_desk_where_nothing_happened_says_so(
    desk, people: Team, mailbox, clock: FakeClock, monkeypatch
):
    monkeypatch.setitem(catalog.REPORTS, "overview", empty)
    schedule(desk, people.zhou)
    clock.advance(hours=16)
    send_reports()
    text = mailbox.mails[0].get_body(("plain",)).get_content()
    assert "Nothing happened in this period." in text
    assert "First response, median: –" in text


def test_a_weekly_report_is_about_the_seven_days_before(
    desk, people: Team, mailbox, clock: FakeClock
):
    schedule(desk, people.zhou, ScheduleForm("overview", Every.WEEK, 3, 8, (BOSS,), "en"))
    clock.advance(days=2)  # Wednesday, 17:00
    send_reports()
    assert mailbox.mails[0]["Subject"] == "wxdesk · Overview · 2026-02-25 – 2026-03-03"


def test_after_days_of_standstill_only_the_last_report_goes_out(
    desk, people: Team, mailbox, clock: FakeClock
):
    schedule(desk, people.zhou)
    clock.advance(days=5)
    send_reports()
    assert [mail["Subject"][-10:] for mail in mailbox.mails] == ["2026-03-06"]


def test_a_mail_server_that_says_later_is_asked_again(
    desk, people: Team, mailbox, clock: FakeClock
):
    mailbox.data_answers = ["451 try again later"]
    schedule(desk, people.zhou)
    clock.advance(hours=16)
    send_reports()
    assert (only_run(desk).state, only_run(desk).attempts) == (MailState.QUEUED, 1)
    send_reports()
    assert mailbox.mails == []  # not before its time
    clock.advance(minutes=1)
    send_reports()
    assert len(mailbox.mails) == 1
    assert only_run(desk).last_error is None


@pytest.mark.parametrize("answer", ["421 busy", "250 bye", "nonsense"])
def test_a_mail_that_was_taken_is_sent_whatever_the_server_says_at_the_end(
    desk, people: Team, mailbox, clock: FakeClock, answer: str
):
    mailbox.quit_answer = answer
    schedule(desk, people.zhou)
    clock.advance(hours=16)
    for _ in range(3):
        send_reports()
        clock.advance(minutes=20)
    assert len(mailbox.mails) == 1
    assert (only_run(desk).state, only_run(desk).last_error) == (MailState.SENT, None)


def test_each_try_has_the_same_message_id(desk, people: Team, mailbox, clock: FakeClock):
    """A server that took the mail but lost its answer delivers it again; mail programs see that."""
    schedule(desk, people.zhou)
    clock.advance(hours=16)
    send_reports()
    with desk.unit_of_work() as uow:
        run = uow.session.get_one(ReportMail, only_run(desk).id)
        run.state, run.next_attempt_at = MailState.QUEUED, uow.now
    send_reports()
    first, second = mailbox.mails
    assert first["Message-ID"] == second["Message-ID"]
    assert first["Message-ID"].endswith("@example.com>")


def test_a_report_that_never_goes_out_ends_and_its_owner_is_told(
    desk, people: Team, mailbox, clock: FakeClock
):
    mailbox.data_answers = ["451 no"] * 20
    schedule(desk, people.zhou)
    clock.advance(hours=16)
    for _ in range(MOST_TRIES + 3):
        send_reports()
        clock.advance(minutes=61)
    run = only_run(desk)
    assert (run.state, run.attempts) == (MailState.FAILED, MOST_TRIES)
    with desk.reading() as session:
        (told,) = session.scalars(select(Notification))
    assert (told.agent_id, told.topic, told.details) == (
        people.zhou,
        "report_failed",
        {"report": "Overview"},
    )


def test_a_mail_that_is_refused_for_good_is_not_tried_again(
    desk, people: Team, mailbox, clock: FakeClock
):
    mailbox.data_answers = ["554 spam"]
    schedule(desk, people.zhou)
    clock.advance(hours=16)
    send_reports()
    assert (only_run(desk).state, only_run(desk).attempts) == (MailState.FAILED, 1)


def test_one_wrong_address_does_not_keep_the_report_from_the_others(
    desk, people: Team, mailbox, clock: FakeClock
):
    mailbox.refusals = {BOSS: "550 no such person"}
    schedule(desk, people.zhou)
    clock.advance(hours=16)
    send_reports()
    assert mailbox.recipients == [["zhou@example.com"]]
    run = only_run(desk)
    assert run.state is MailState.SENT
    assert run.last_error == "some addresses were refused by the mail server"


def test_nobody_gets_a_report_that_its_owner_may_not_read(
    desk, people: Team, mailbox, clock: FakeClock
):
    schedule(desk, people.zhou)
    with desk.unit_of_work() as uow:
        uow.session.get_one(Agent, people.zhou).role = Role.AGENT
    clock.advance(hours=16)
    send_reports()
    assert mailbox.mails == []
    assert only_run(desk).state is MailState.FAILED


def test_a_run_whose_process_was_killed_is_taken_up_again(
    desk, people: Team, mailbox, clock: FakeClock
):
    schedule_id = schedule(desk, people.zhou)
    with desk.unit_of_work() as uow:
        schedules.send_now(uow, schedule_id, people.zhou)
        uow.session.flush()
        (mail_id,) = uow.session.scalars(select(ReportMail.id))
    with desk.unit_of_work() as uow:
        assert schedules.claim_mail(uow, mail_id) is not None
    with desk.unit_of_work() as uow:
        assert schedules.claim_mail(uow, mail_id) is None
    clock.advance(minutes=11)
    send_reports()
    assert len(mailbox.mails) == 1


def test_a_report_is_not_sent_once_more_while_a_run_is_under_way(
    desk, people: Team, mailbox, clock: FakeClock
):
    schedule_id = schedule(desk, people.zhou)
    other_id = schedule(desk, people.zhou)

    def send_now(which: int) -> None:
        with desk.unit_of_work() as uow:
            schedules.send_now(uow, which, people.mei)

    send_now(schedule_id)
    send_now(other_id)
    clock.advance(seconds=1)
    with pytest.raises(ConflictError):
        send_now(schedule_id)
    with desk.unit_of_work() as uow:
        assert schedules.claim_mail(uow, runs(desk)[0].id) is not None
    with pytest.raises(ConflictError):
        send_now(schedule_id)
    clock.advance(minutes=11)
    send_reports()
    send_now(schedule_id)
    send_reports()
    assert len(mailbox.mails) == 3


def test_the_audit_log_says_where_reports_go_and_who_sent_one_now(desk, people: Team):
    schedule_id = schedule(desk, people.zhou)
    form = replace(FORM, recipients=("a@Corp.com", "b@corp.com", BOSS))
    with desk.unit_of_work() as uow:
        schedules.change_schedule(uow, schedule_id, form, ZONE, people.zhou)
        schedules.send_now(uow, schedule_id, people.mei)
    with desk.reading() as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    made, changed, sent = (each for each in entries if each.action.startswith("report_mail."))
    assert made.details["domains"] == ["example.com"]
    assert changed.details == {
        "report": "overview",
        "recipients": 3,
        "domains": ["corp.com", "example.com"],
    }
    assert (sent.action, sent.actor_id) == ("report_mail.sent_now", people.mei)


def test_a_schedule_that_is_off_sends_nothing(desk, people: Team, mailbox, clock: FakeClock):
    off = ScheduleForm("overview", Every.DAY, 1, 9, (BOSS,), "en", {}, is_active=False)
    schedule(desk, people.zhou, off)
    clock.advance(days=3)
    send_reports()
    assert (mailbox.mails, runs(desk)) == ([], [])


def test_old_runs_are_forgotten(desk, people: Team, mailbox, clock: FakeClock):
    schedule_id = schedule(desk, people.zhou)
    clock.advance(hours=16)
    send_reports()
    with desk.unit_of_work() as uow:
        uow.session.get_one(ReportSchedule, schedule_id).is_active = False
    clock.advance(days=91)
    send_reports()
    assert runs(desk) == []


def test_a_password_is_given_to_a_server_of_this_machine(desk, mailbox):
    address = mailbox.url.removeprefix("smtp://")
    message = _message()
    send(message, f"smtp://desk%40example.com:p%40ss@{address}")
    assert mailbox.logins == [("desk@example.com", "p@ss")]
    with pytest.raises(DeliveryError) as refused:
        send(message, f"smtp://desk:wrong@{address}")
    assert refused.value.code == "535"


@pytest.mark.one_database
def test_a_password_is_never_sent_without_tls_to_another_machine():
    """127.0.0.2 is this machine as well, but not by a name that says so."""
    with mail_server("127.0.0.2") as other:
        with pytest.raises(DeliveryError) as refused:
            send(_message(), other.url.replace("smtp://", "smtp://desk:p%40ss@"))
        assert refused.value.code == "no_tls"
        assert other.logins == []


@pytest.mark.one_database
def test_a_server_that_is_not_there_is_said_so():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(DeliveryError) as error:
        send(_message(), f"smtp://127.0.0.1:{port}")
    assert (error.value.code, error.value.is_permanent) == ("unreachable", False)


def _message() -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "a@example.com", BOSS, "x"
    mail.set_content("x")
    return mail


@pytest.mark.parametrize(
    ("after", "every", "weekday", "hour", "expected"),
    [
        ("2026-03-02T00:59:59", Every.DAY, 1, 9, "2026-03-02T01:00:00"),
        ("2026-03-02T01:00:00", Every.DAY, 1, 9, "2026-03-03T01:00:00"),
        ("2026-03-02T01:00:00", Every.WEEK, 1, 9, "2026-03-09T01:00:00"),
        ("2026-03-02T01:00:00", Every.WEEK, 7, 0, "2026-03-07T16:00:00"),
        ("2026-12-31T15:59:59", Every.DAY, 1, 0, "2026-12-31T16:00:00"),
    ],
)
def test_the_next_run_is_the_next_such_hour_of_the_desk(after, every, weekday, hour, expected):
    form = ScheduleForm("overview", every, weekday, hour, (BOSS,), "en")
    found = next_run(form, ZONE, datetime.fromisoformat(after).replace(tzinfo=UTC))
    assert found.isoformat() == expected + "+00:00"


@pytest.mark.parametrize("zone", ["America/New_York", "Europe/Berlin", "Australia/Lord_Howe"])
def test_every_day_of_a_year_has_one_run_also_where_clocks_change(zone):
    form = ScheduleForm("overview", Every.DAY, 1, 2, (BOSS,), "en")
    at, days = datetime(2026, 1, 1, tzinfo=UTC), []
    for _ in range(365):
        later = next_run(form, ZoneInfo(zone), at)
        assert later > at
        days.append((later - timedelta(hours=1)).astimezone(ZoneInfo(zone)).date())
        at = later
    assert len(set(days)) == 365


def test_the_days_of_a_report_end_before_the_day_it_is_sent_on():
    at = datetime(2026, 3, 2, 16, 30, tzinfo=UTC)  # 00:30 on the 3rd in Shanghai
    assert days_of(Every.DAY, ZONE, at)["to"] == ["2026-03-02"]
    assert days_of(Every.WEEK, ZONE, at)["from"] == ["2026-02-24"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a@x.cn, b@x.cn;a@x.cn\n c@x.cn；d@x.cn", ("a@x.cn", "b@x.cn", "c@x.cn", "d@x.cn")),
        (" \n", ()),
    ],
)
def test_recipients_are_read_however_they_are_divided(text, found):
    assert read_recipients(text) == found


@pytest.mark.parametrize(
    "recipients",
    [
        (),
        ("nobody",),
        ("a@b",),
        ("a@x.cn\r\nBcc: e@x.cn",),
        ("A <a@x.cn>",),
        ("a@x.cn",) * 21,
        ("a(b@x.com", "other@corp.com"),
        ("a:b@x.com",),
        ("[a@x.com",),
        ("a\\@x.com",),
        ("a..b@x.com",),
        (".a@x.com",),
        ("a@x..com",),
        ("a@-x.com",),
        ("a@x.com-",),
        ("a@x.1",),
        ("张三@example.com",),
        ("a@例子.com",),
        ("a" * 65 + "@x.com",),
        ("a@" + "x" * 64 + ".com",),
        ("a@" + "x." * 126 + "com",),
        ("a@x.com\n",),
    ],
)
def test_what_is_no_address_is_refused(recipients):
    form = ScheduleForm("overview", Every.DAY, 1, 9, recipients, "en")
    assert set(problems_of(form, ["overview"], ["en"])) == {"recipients"}


@pytest.mark.parametrize(
    "address",
    [
        "a@x.cn",
        "o'brien+news@mail.example.com",
        "first.last_1@a-b.example.co",
        "a@xn--fsqu00a.xn--0zwm56d",
        "a" * 64 + "@" + "x" * 63 + ".com",
    ],
)
def test_usual_addresses_are_taken(address: str):
    form = ScheduleForm("overview", Every.DAY, 1, 9, (address,), "en")
    assert problems_of(form, ["overview"], ["en"]) == {}


def test_words_are_found_outside_of_any_request():
    assert wording_of("en", ZONE).value(None, Unit.COUNT) == "–"
    assert wording_of("zh_CN", ZONE).text(say("Agents")) == "客服人员"


@pytest.mark.one_database
class TestPages:
    @pytest.fixture
    def zhou(self, desk: Runtime, people: Team) -> Browser:
        browser = Browser(create_app(desk).test_client())
        browser.log_in("zhou")
        return browser

    def fields(self, **values: str) -> dict[str, str]:
        given = {"report": "overview", "every": "week", "weekday": "2", "hour": "8"}
        return given | {"recipients": BOSS, "locale": "en", "is_active": "on"} | values

    def test_a_manager_sets_one_up_changes_it_sends_it_now_and_deletes_it(
        self, zhou: Browser, mailbox
    ):
        assert "No report is sent yet" in zhou.get("/reports/mails").text
        page = zhou.get("/reports/mails/new?report=overview&account=7&period=7d").text
        assert 'name="account" value="7"' in page
        assert 'name="period"' not in page
        assert zhou.post("/reports/mails/new", **self.fields(account="7")).status_code == 302
        assert "Tuesday at 08:00" in zhou.get("/reports/mails").text
        zhou.post("/reports/mails/1", **self.fields(every="day", hour="7"))
        assert "Every day at 07:00" in zhou.get("/reports/mails").text
        zhou.post("/reports/mails/1/send")
        assert "The report is being sent." in zhou.get("/reports/mails").text
        zhou.post("/reports/mails/1/send")
        assert "this report is being sent already" in zhou.get("/reports/mails").text
        send_reports()
        assert len(mailbox.mails) == 1
        assert "sent" in zhou.get("/reports/mails").text
        zhou.post("/reports/mails/1/delete")
        assert "No report is sent yet" in zhou.get("/reports/mails").text

    @pytest.mark.parametrize(
        ("field", "value", "sentence"),
        [
            ("recipients", "nobody", "this is not an e-mail address: nobody"),
            ("recipients", "", "at least one e-mail address is needed"),
            ("report", "gossip", "there is no such report"),
            ("hour", "24", "between 0 and 23"),
            ("hour", "", "between 0 and 23"),
            ("weekday", "8", "between 1 and 7"),
            ("locale", "de", "one of: zh_CN, en"),
            ("account", "x", "a number is needed"),
        ],
    )
    def test_what_cannot_be_is_said_at_its_field(self, zhou: Browser, field, value, sentence):
        zhou.get("/reports/mails/new")
        answer = zhou.post("/reports/mails/new", **self.fields(**{field: value}))
        assert answer.status_code == 422
        assert sentence in answer.text
        assert "No report is sent yet" in zhou.get("/reports/mails").text

    def test_what_is_gone_is_not_found(self, zhou: Browser):
        assert zhou.get("/reports/mails/99").status_code == 404
        for path in ("/reports/mails/99", "/reports/mails/99/send", "/reports/mails/99/delete"):
            assert zhou.post(path, **self.fields()).status_code == 404

    def test_agents_have_no_part_in_it(self, desk, people: Team):
        lin = Browser(create_app(desk).test_client())
        lin.log_in("lin")
        assert lin.get("/reports/mails").status_code == 403

    def test_without_a_mail_server_the_page_says_what_to_do(
        self, build_runtime, redis_server: RedisServer
    ):
        other = build_runtime(WXDESK_REDIS_URL=redis_server.url)
        team = hire(other)
        schedule_id = schedule(other, team.zhou)
        zhou = Browser(create_app(other).test_client())
        zhou.log_in("zhou")
        assert "WXDESK_SMTP_URL" in zhou.get("/reports/mails").text
        zhou.post(f"/reports/mails/{schedule_id}/send")
        send_reports()
        assert "no mail server is set" in zhou.get("/reports/mails").text
