"""Supervisors and admins read who did what; nobody else does."""

import csv
import io
import re

import pytest
from cast import Browser

from wxdesk.audit.operations import note
from wxdesk.audit.queries import AuditFilter, list_actions, list_entries

pytestmark = pytest.mark.one_database


@pytest.fixture
def zhou(app, team) -> Browser:
    browser = Browser(app.test_client())
    browser.log_in("zhou")
    return browser


def write(runtime, *deeds: tuple[str, str, int | None], **details) -> None:
    for action, subject, actor_id in deeds:
        with runtime.unit_of_work() as uow:
            note(uow, action, subject, actor_id=actor_id, **details)


def subjects(page: str) -> list[str]:
    return re.findall(r'href="/settings/audit\?subject=([^"]+)"', page)


def lines(answer) -> list[list[str]]:
    return list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))


def test_the_newest_deed_is_first_with_person_and_details(zhou, runtime, team):
    write(runtime, ("account.created", "account:1", None))
    write(runtime, ("account.changed", "account:2", team.admin), fields=["name", "mode"])
    page = zhou.get("/settings/audit").text
    assert subjects(page) == ["account%3A2", "account%3A1"]
    assert "Admin" in page
    assert "name, mode" in page
    assert "official account changed" in page
    assert "the desk itself" in page


def test_numbers_inside_a_deed_are_readable(zhou, runtime):
    write(runtime, ("contact.forgotten", "contact:9", None), counts={"messages": 7, "files": 2})
    page = zhou.get("/settings/audit").text
    assert "messages: 7, files: 2" in page
    assert "customer&#39;s data removed" in page


def test_filters_by_action_person_and_subject(zhou, runtime, team):
    write(
        runtime,
        ("a.one", "contact:1", team.lin),
        ("a.two", "contact:1", team.mei),
        ("a.two", "contact:2", None),
    )
    for query, expected in [
        ("action=a.two", ["contact%3A2", "contact%3A1"]),
        (f"actor_id={team.lin}", ["contact%3A1"]),
        ("actor_id=0", ["contact%3A2"]),
        ("subject=contact:2", ["contact%3A2"]),
        ("action=a.one&subject=contact:2", []),
    ]:
        assert subjects(zhou.get(f"/settings/audit?{query}").text) == expected
    assert "No entry passes" in zhou.get("/settings/audit?action=nothing").text


def test_every_entry_can_be_reached_and_the_filter_stays(zhou, runtime, team):
    write(runtime, *[("a.one", f"contact:{number}", team.lin) for number in range(51)])
    page = zhou.get("/settings/audit?action=a.one").text
    assert len(subjects(page)) == 50
    (link,) = set(re.findall(r'href="(/settings/audit\?cursor=[^"]+)"', page))
    assert "action=a.one" in link
    assert subjects(zhou.get(link.replace("&amp;", "&")).text) == ["contact%3A0"]


def test_the_download_holds_what_the_filter_lets_through(zhou, runtime, team):
    write(runtime, ("a.one", "contact:1", team.lin), ("a.two", "contact:2", None))
    answer = zhou.get("/settings/audit/log.csv?action=a.one")
    assert answer.mimetype == "text/csv"
    head, row = lines(answer)
    assert head == ["id", "at", "person", "action", "subject", "details"]
    assert row[2:5] == ["Lin", "a.one", "contact:1"]


@pytest.mark.parametrize("evil", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx"])
def test_no_cell_of_the_download_is_a_formula(zhou, runtime, team, evil):
    write(runtime, (evil, evil, None))
    (_, row) = lines(zhou.get("/settings/audit/log.csv"))
    assert row[3:5] == [f"'{evil}", f"'{evil}"]


def test_what_was_noted_is_never_markup(zhou, runtime):
    write(runtime, ("<script>x</script>", "<b>", None), name="<img src=x>")
    page = zhou.get("/settings/audit").text
    assert "<script>x" not in page
    assert "<img src=x>" not in page


def test_a_filter_that_is_no_number_is_refused_in_words(zhou):
    answer = zhou.get("/settings/audit?actor_id=everybody")
    assert answer.status_code == 422


@pytest.mark.parametrize("name", ["lin", "chen"])
def test_others_read_nothing(app, team, name):
    browser = Browser(app.test_client())
    browser.log_in(name)
    assert browser.get("/settings/audit").status_code == 403
    assert browser.get("/settings/audit/log.csv").status_code == 403
    assert "/settings/audit" not in browser.get("/settings").text


def test_every_action_is_named_once(runtime, team):
    write(runtime, *[(f"a.{number % 3}", "x:1", None) for number in range(9)])
    with runtime.reading() as session:
        assert list_actions(session) == ["a.0", "a.1", "a.2"]
        assert len(list_entries(session, AuditFilter(), before_id=None, limit=5)) == 5
