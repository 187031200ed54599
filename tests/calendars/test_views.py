"""The pages of calendars."""

import io
from datetime import date

import pytest
from cast import Browser
from sqlalchemy import select

from calendars.plans import local
from calendars.test_ical import all_day, ical
from wxdesk.calendars.models import BusinessCalendar
from wxdesk.calendars.queries import get_view
from wxdesk.calendars.rules import DayKind, is_open

pytestmark = pytest.mark.one_database

HOURS = {f"day{number}": "09:00-12:00, 13:00-18:00" for number in range(1, 6)}
FORM = {"name": "上海", "time_zone": "Asia/Shanghai", "has_china_holidays": "true", **HOURS}
HOME = "/settings/calendars"


@pytest.fixture
def zhou(app, team) -> Browser:
    browser = Browser(app.test_client())
    browser.log_in("zhou")
    return browser


@pytest.fixture
def calendar_id(zhou, runtime) -> int:
    assert zhou.post(f"{HOME}/new", **FORM, make_up_as="1").status_code == 302
    with runtime.reading() as session:
        return session.scalars(select(BusinessCalendar.id)).one()


def stored(runtime, calendar_id):
    with runtime.reading() as session:
        return get_view(session, calendar_id)


def test_a_desk_without_calendars_says_what_that_means(zhou):
    page = zhou.get(HOME)

    assert "around the clock" in page.text
    assert f'href="{HOME}/new"' in page.text


def test_zhou_makes_a_calendar_and_changes_its_hours(zhou, runtime, calendar_id):
    assert "上海" in zhou.get(HOME).text
    page = zhou.get(f"{HOME}/{calendar_id}").text
    assert 'value="09:00-12:00, 13:00-18:00"' in page
    answer = zhou.post(f"{HOME}/{calendar_id}", **(FORM | {"day1": "22:00-06:00"}), make_up_as="2")
    assert answer.status_code == 302
    view = stored(runtime, calendar_id)
    assert is_open(view.calendar, local("2026-03-03 05:00"))
    assert view.make_up_as == 2


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("day3", "9 to 5", "is no interval"),
        ("day1", "22:00-11:00", "runs into the hours of the next day"),
        ("time_zone", "Mars", "no such time zone"),
        ("name", "", "1 to 60 characters"),
        ("make_up_as", "0", "between 1 and 7"),
    ],
)
def test_what_can_not_be_taken_is_said_at_its_field_and_kept_as_typed(zhou, field, value, sentence):
    answer = zhou.post(f"{HOME}/new", **(FORM | {"make_up_as": "1", field: value}))

    assert answer.status_code == 422
    assert sentence in answer.text
    assert value in answer.text


def test_own_dates_are_added_for_a_range_and_taken_out(zhou, runtime, calendar_id):
    days = {"first": "2026-12-30", "last": "2027-01-02", "kind": "closed", "day_name": "盘点"}
    assert zhou.post(f"{HOME}/{calendar_id}/days", **days).status_code == 302
    own = stored(runtime, calendar_id).calendar.own_days
    assert len(own) == 4
    assert own[date(2027, 1, 2)].name == "盘点"
    assert "2027-01-02" in zhou.get(f"{HOME}/{calendar_id}").text
    assert zhou.post(f"{HOME}/{calendar_id}/days/remove", days="2027-01-02").status_code == 302
    assert len(stored(runtime, calendar_id).calendar.own_days) == 3


def test_a_shift_of_one_day_has_its_own_hours(zhou, runtime, calendar_id):
    shift = {"first": "2026-03-07", "kind": "open", "hours": "20:00-02:00"}
    zhou.post(f"{HOME}/{calendar_id}/days", **shift)

    assert is_open(stored(runtime, calendar_id).calendar, local("2026-03-08 01:00"))


@pytest.mark.parametrize(
    ("days", "sentence"),
    [
        ({"first": "soon", "kind": "closed"}, "a date like"),
        ({"first": "", "kind": "closed"}, "a date like"),
        ({"first": "2026-03-02", "last": "2026-03-01", "kind": "closed"}, "not before"),
        ({"first": "2026-03-02", "last": "2028-03-01", "kind": "closed"}, "at most 366 days"),
        ({"first": "2026-03-02", "kind": "open", "hours": ""}, "at least one interval"),
        ({"first": "2026-03-02", "kind": "open", "hours": "noon"}, "is no interval"),
        ({"first": "2026-03-02", "kind": "perhaps"}, "one of"),
        ({"first": "2500-01-01", "kind": "closed"}, "between 2000 and 2100"),
    ],
)
def test_own_dates_that_make_no_sense_are_refused_with_a_sentence(
    zhou, runtime, calendar_id, days, sentence
):
    answer = zhou.post(f"{HOME}/{calendar_id}/days", **days)

    assert answer.status_code == 422
    assert sentence in answer.text
    assert not stored(runtime, calendar_id).calendar.own_days


def test_the_year_shows_holidays_make_up_workdays_and_own_dates(zhou, calendar_id):
    zhou.post(f"{HOME}/{calendar_id}/days", first="2026-12-24", kind="closed", day_name="团建")
    page = zhou.get(f"{HOME}/{calendar_id}/year?year=2026").text

    assert "2026-10-01 · National Day · closed" in page
    assert "2026-10-10 · National Day · 09:00-12:00, 13:00-18:00" in page
    assert "团建" in page
    assert "not known yet" not in page


def test_a_year_whose_holidays_nobody_knows_warns_until_dates_are_entered(zhou, calendar_id):
    path = f"{HOME}/{calendar_id}/year?year=2031"
    assert "public holidays of 2031 are not known yet" in zhou.get(path).text
    zhou.post(f"{HOME}/{calendar_id}/days", first="2031-01-01", kind="closed")
    assert "not known yet" in zhou.get(path).text  # one day off is not a year's holidays
    days = {"first": "2031-10-01", "last": "2031-10-09", "kind": "closed"}
    zhou.post(f"{HOME}/{calendar_id}/days", **days)
    assert "not known yet" not in zhou.get(path).text


def test_the_list_warns_in_time_when_the_data_end(zhou, clock, calendar_id):
    assert "not known yet" not in zhou.get(HOME).text
    clock.now = local("2030-11-20 09:00")
    zhou.log_in("zhou")
    assert "public holidays of 2031 are not known yet" in zhou.get(HOME).text


def test_an_ical_file_is_looked_at_chosen_from_and_confirmed(zhou, runtime, calendar_id):
    data = ical(all_day("20270101", "20270104", "元旦"), all_day("20270109", name="元旦(班)"))
    page = upload(zhou, calendar_id, data)
    assert "2027-01-02" in page.text
    assert not stored(runtime, calendar_id).calendar.own_days
    answer = confirm(zhou, calendar_id, page.text, ["2027-01-01", "2027-01-09", "not offered"])
    assert answer.status_code == 302
    own = stored(runtime, calendar_id).calendar.own_days
    assert {str(day): one.kind for day, one in own.items()} == {
        "2027-01-01": DayKind.CLOSED,
        "2027-01-09": DayKind.OPEN,
    }
    assert "iCal" in zhou.get(f"{HOME}/{calendar_id}").text


def test_an_import_does_nothing_else_than_what_was_shown(zhou, runtime, calendar_id):
    page = upload(zhou, calendar_id, ical(all_day("20270101", name="元旦")))
    zhou.post(f"{HOME}/{calendar_id}/days", first="2027-01-01", kind="make_up")
    answer = confirm(zhou, calendar_id, page.text, ["2027-01-01"])

    assert answer.status_code == 409
    assert "has changed since" in answer.text
    assert stored(runtime, calendar_id).calendar.own_days[date(2027, 1, 1)].kind is DayKind.OPEN


@pytest.mark.parametrize(
    ("data", "sentence"), [(b"", "choose an iCal file"), (b"holidays!", "no iCal file")]
)
def test_a_file_that_is_no_calendar_is_refused(zhou, calendar_id, data, sentence):
    answer = upload(zhou, calendar_id, data)

    assert answer.status_code == 422
    assert sentence in answer.text


def test_a_confirmation_without_a_file_is_refused(zhou, calendar_id):
    answer = zhou.post(f"{HOME}/{calendar_id}/import/confirm", token="x" * 32)

    assert answer.status_code == 422
    assert "too long" in answer.text


def test_an_archived_calendar_comes_back(zhou, runtime, calendar_id):
    zhou.post(f"{HOME}/{calendar_id}/archive", is_archived="1")
    assert stored(runtime, calendar_id).is_archived
    assert "archived" in zhou.get(HOME).text
    zhou.post(f"{HOME}/{calendar_id}/archive", is_archived="0")
    assert not stored(runtime, calendar_id).is_archived


def test_what_does_not_exist_is_not_found_and_agents_stay_out(zhou, app, team, calendar_id):
    assert zhou.get(f"{HOME}/999999").status_code == 404
    assert zhou.get(f"{HOME}/999999/year").status_code == 404
    assert zhou.post(f"{HOME}/999999/days", first="2026-03-02", kind="closed").status_code == 404
    lin = Browser(app.test_client())
    lin.log_in("lin")
    assert lin.get(HOME).status_code == 403
    assert lin.post(f"{HOME}/{calendar_id}", **FORM).status_code == 403


def upload(zhou, calendar_id, data: bytes):
    return zhou.client.post(
        f"{HOME}/{calendar_id}/import",
        data={"csrf_token": zhou.csrf, "file": (io.BytesIO(data), "days.ics")},
    )


def confirm(zhou, calendar_id, page: str, days: list[str]):
    form = {"csrf_token": zhou.csrf, "timed": "skip", "days": days}
    for name in ("token", "digest"):
        form[name] = page.split(f'name="{name}" value="')[1].split('"')[0]
    return zhou.client.post(f"{HOME}/{calendar_id}/import/confirm", data=form)
