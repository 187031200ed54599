"""Pages of reports: numbers with definitions, comparisons, and what is behind each of them."""

import csv
import io
import json
import re
from datetime import UTC, datetime

import openpyxl
import pytest
from cast import Api, Browser, Team, customer_writes

from tests.reports.made_up import HOSTILE, empty, full
from wxdesk.reports import catalog

pytestmark = pytest.mark.one_database


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(catalog.REPORTS, "overview", full)
    monkeypatch.setitem(catalog.REPORTS, "agents", empty)


@pytest.fixture
def manager(app, browser: Browser, team: Team) -> Browser:
    browser.log_in("zhou")
    return browser


def figure_of(page: str, key: str) -> str:
    return page.partition(f'id="figure-{key}"')[2].partition("</li>")[0]


def section_of(page: str, key: str) -> str:
    return page.partition(f'id="section-{key}"')[2].partition("</section>")[0]


def test_reports_begin_with_the_overview(manager):
    assert manager.get("/reports").location == "/reports/overview"


@pytest.mark.parametrize("name", catalog.REPORTS)
def test_every_report_of_a_new_desk_opens_with_its_files(manager, name):
    assert manager.get(f"/reports/{name}").status_code == 200
    assert manager.client.get(f"/reports/{name}/report.xlsx").data[:2] == b"PK"
    assert manager.get(f"/reports/{name}/table.csv?table=figures").status_code == 200


@pytest.mark.parametrize("name", catalog.REPORTS)
def test_every_report_opens_with_every_filter_and_something_in_it(manager, runtime, account, name):
    customer_writes(runtime, account)
    query = "period=7d&account=1&team=1&agent=1&agent=2&tag=1&hours=business&compare=1"
    page = manager.get(f"/reports/{name}?{query}")
    assert page.status_code == 200
    for link in set(re.findall(rf'href="(/reports/{name}/behind[^"]*)"', page.text)):
        assert manager.get(link.replace("&amp;", "&")).status_code == 200, link


@pytest.mark.parametrize("name", catalog.REPORTS)
def test_the_menu_names_every_report(manager, name):
    assert f'href="/reports/{name}"' in manager.get("/reports/overview").text


def test_a_figure_stands_with_its_definition_and_what_it_was_before(manager, made_up):
    page = manager.get("/reports/overview").text
    incoming = figure_of(page, "incoming")
    assert "12,345" in incoming
    assert "Messages of customers, by when they arrived." in incoming
    assert "+23.4%" in incoming
    assert "before: 10,000" in incoming
    assert "is-good" not in incoming  # more messages are neither good nor bad
    assert "is-good" in figure_of(page, "first_median")
    assert "is-bad" in figure_of(page, "attained")


def test_without_a_comparison_nothing_is_compared(manager, made_up):
    page = manager.get("/reports/overview?compare=0").text
    assert "before:" not in page
    assert "compared with" not in page


def test_an_unfinished_period_says_until_when_it_is_compared(manager, made_up, clock):
    clock.now = datetime(2026, 3, 4, 2, 20, tzinfo=UTC)  # a Wednesday, 10:20 in Shanghai
    page = manager.get("/reports/overview?period=7d").text
    assert "compared with 2026-02-19 until 2026-02-25 10:15" in page
    page = manager.get("/reports/overview?period=yesterday").text
    assert "compared with 2026-03-02 – 2026-03-02" in page


def test_what_is_unknown_is_a_dash_and_never_nought(manager, made_up):
    page = manager.get("/reports/overview").text
    assert '<p class="figure-value">–</p>' in figure_of(page, "score")
    assert '<p class="figure-value">0</p>' in figure_of(page, "now_backlog")


def test_a_number_leads_to_what_is_behind_it_with_the_same_filters(manager, made_up):
    page = manager.get("/reports/overview?period=7d&account=3&account=5").text
    link = re.search(r'href="(/reports/overview/behind[^"]*)"', figure_of(page, "incoming"))
    assert link[1].replace("&amp;", "&") == (
        "/reports/overview/behind?figure=waiting&n.clock=first_response"
        "&period=7d&account=3&account=5"
    )


def test_figures_of_this_minute_stand_apart(manager, made_up):
    page = manager.get("/reports/overview").text
    now, period = page.index('id="now"'), page.index('id="period-figures"')
    assert now < page.index('id="figure-now_oldest"') < period
    assert period < page.index('id="figure-incoming"')


def test_behind_every_chart_is_its_table(manager, made_up):
    page = manager.get("/reports/overview").text
    for key in ("days", "agents", "hours"):
        section = section_of(page, key)
        assert f'data-chart="data-{key}"' in section
        assert "<table" in section
    assert "<canvas" not in page
    data = json.loads(re.search(r'id="data-agents">(.*?)</script>', page, re.DOTALL)[1])
    assert data["series"][0]["values"] == [20, 29, 38, 47]
    assert data["x"][2] == HOSTILE


def test_a_heat_map_is_a_table_of_days_and_hours(manager, made_up):
    section = section_of(manager.get("/reports/overview").text, "hours")
    assert section.count('<th scope="row">') == 7
    assert section.count('<td class="heat-') == 7 * 24
    assert 'class="heat-9"' in section
    assert 'class="heat-0"' in section


def test_names_that_look_like_markup_are_shown_as_text(manager, made_up):
    page = manager.get("/reports/overview").text
    assert "<script>alert" not in page
    assert "=HYPERLINK(&#34;http://evil&#34;)&lt;script&gt;" in page


def test_a_table_without_rows_says_so(manager, made_up):
    section = section_of(manager.get("/reports/overview").text, "tags")
    assert "Nothing in this period." in section
    assert "<table" not in section


def test_a_period_in_which_nothing_happened_explains_itself(manager, made_up):
    page = manager.get("/reports/agents").text
    assert "Nothing happened in this period" in page
    assert '<p class="figure-value">–</p>' in figure_of(page, "median")


def test_links_keep_the_filters_as_they_were_asked_for(manager, made_up):
    page = manager.get("/reports/overview?period=7d&agent=2&nonsense=1&team=").text
    assert 'href="/reports/teams?period=7d&amp;agent=2"' in page
    assert 'href="/reports/overview/report.xlsx?period=7d&amp;agent=2"' in page
    assert 'href="/reports/mails/new?report=overview&amp;agent=2"' in page


def test_the_form_shows_what_is_chosen_also_what_is_gone(manager, made_up, team: Team):
    page = manager.get(f"/reports/overview?agent={team.lin}&agent=999").text
    assert re.search(rf'value="{team.lin}" checked><span>Lin<', page)
    assert re.search(r'value="999" checked><span>#999<', page)
    assert "2 chosen" in page


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("period=century", "one of: today"),
        ("period=custom&from=2026-02-30&to=2026-03-01", "a day such as"),
        ("period=custom&from=2026-03-02&to=2026-03-01", "the last day must not be before"),
        ("account=x", "a number is needed"),
        ("account=00000000000199999999999999999999", "a number is needed"),
        ("hours=tea", "one of: all, business"),
    ],
)
def test_a_wrong_filter_is_told_in_a_sentence(manager, query, sentence):
    answer = manager.get(f"/reports/overview?{query}")
    assert answer.status_code == 422
    assert sentence in answer.text


def test_what_does_not_exist_is_not_found(manager, made_up):
    for path in (
        "/reports/gossip",
        "/reports/gossip/report.xlsx",
        "/reports/overview/table.csv?table=gossip",
        "/reports/overview/table.csv",
        "/reports/overview/behind?figure=gossip",
    ):
        assert manager.get(path).status_code == 404, path
    assert manager.get("/reports/overview/behind").status_code == 422


def test_a_number_that_is_too_long_is_refused_wherever_it_stands(manager):
    long = "0" * 20 + "9" * 60
    address = f"/reports/overview/behind?figure=clocks&n.agent={long}"
    assert manager.get(address).status_code == 422


def test_a_table_is_downloaded_as_csv(manager, made_up):
    answer = manager.get("/reports/overview/table.csv?table=agents")
    assert answer.mimetype == "text/csv"
    assert answer.headers["Content-Disposition"].endswith('"wxdesk-overview-agents.csv"')
    rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert rows[3][0] == f"'{HOSTILE}"


def test_the_whole_report_is_downloaded_as_a_workbook_that_says_what_it_is_about(
    manager, made_up, team: Team
):
    answer = manager.client.get(f"/reports/overview/report.xlsx?period=7d&agent={team.mei}")
    book = openpyxl.load_workbook(io.BytesIO(answer.data))
    facts = {row[0]: row[1] for row in book["Report"].iter_rows(values_only=True)}
    assert facts["Period"] == "2026-02-24 – 2026-03-02"
    assert facts["Agents"] == "Mei"
    assert facts["Time zone"] == "Asia/Shanghai"


def test_only_those_who_may_read_reports_do(app, team: Team):
    lin = Browser(app.test_client())
    lin.log_in("lin")
    for path in ("", "/overview", "/overview/report.xlsx", "/overview/behind?figure=waiting"):
        assert lin.get(f"/reports{path}").status_code == 403, path


def test_the_api_gives_the_same_report_with_nulls(zhou: Api, made_up):
    body = zhou.get("/reports/overview", period="7d").json
    figures = {figure["key"]: figure for figure in body["figures"]}
    assert figures["incoming"]["value"] == 12_345
    assert figures["incoming"]["before"] == 10_000
    assert figures["incoming"]["behind"] == {"figure": "waiting", "n.clock": "first_response"}
    assert figures["incoming"]["definition"]
    assert figures["score"]["value"] is None
    assert (body["since"], body["until"]) == (
        "2026-02-23T16:00:00.000Z",
        "2026-03-02T16:00:00.000Z",
    )
    agents = next(table for table in body["tables"] if table["key"] == "agents")
    assert agents["rows"][2]["values"] == [HOSTILE, 38, None, 0.5, None]
    assert agents["rows"][2]["behind"] == {"answers": {"figure": "answers", "n.agent": "2"}}


def test_the_api_lists_all_reports(zhou: Api):
    items = zhou.get("/reports").json["items"]
    assert [item["name"] for item in items] == list(catalog.REPORTS)
    assert all(item["title"] != item["name"] for item in items)


def test_the_api_refuses_what_the_pages_refuse(zhou: Api, lin: Api):
    assert zhou.get("/reports/gossip").status_code == 404
    assert zhou.get("/reports/overview", period="x").json["field"] == "period"
    assert zhou.get("/reports/overview/behind").json["field"] == "figure"
    assert zhou.get("/reports/overview/behind", figure="x").status_code == 404
    assert lin.get("/reports/overview").status_code == 403


@pytest.mark.parametrize("name", catalog.REPORTS)
def test_the_api_gives_what_is_behind_every_number(zhou: Api, runtime, account, name):
    customer_writes(runtime, account)
    body = zhou.get(f"/reports/{name}").json
    links = [figure["behind"] for figure in body["figures"] if figure["behind"]]
    links += [
        behind
        for table in body["tables"]
        for row in table["rows"]
        for behind in row["behind"].values()
    ]
    alike = {(link["figure"], *sorted(link)): link for link in links}  # one of each kind
    for link in alike.values():
        page = zhou.get(f"/reports/{name}/behind", limit=5, **link)
        assert page.status_code == 200, (link, page.json)
        assert set(page.json) == {"items", "next_cursor"}
