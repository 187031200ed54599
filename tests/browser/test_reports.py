"""Reports and the bell in a real browser, under the page's strict policy."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import select
from test_accessibility import faults

from wxdesk.agents.models import Agent
from wxdesk.conversations.models import Conversation
from wxdesk.notifications.operations import notify
from wxdesk.notifications.rules import Topic

pytestmark = pytest.mark.browser

LIST = re.compile(r"/api/v1/notifications(\?|$)")

ZHOU, LIN = "zhou@demo.wxdesk", "lin@demo.wxdesk"
REPORTS = ("overview", "hours", "agents")
numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def somebody_wrote(desk) -> None:
    """There is a conversation, so that reports have something to show."""

    def is_recorded() -> bool:
        with desk.runtime.reading() as session:
            return session.scalars(select(Conversation.id).limit(1)).first() is not None

    if not is_recorded():
        desk.write(desk.new_customer("报表"), "你好，请问什么时候发货？")
        desk.wait_until(is_recorded, "the message was not recorded")


@pytest.fixture
def watched(desk, log_in) -> Callable[..., Page]:
    """A page that fails when the browser complains of anything: the policy, a script, a file."""
    complaints: list[str] = []

    def come_in(email: str, at: str = "", **size: int) -> Page:
        page = log_in(email, **size)
        page.on(
            "console",
            lambda line: (
                complaints.append(line.text) if line.type in ("error", "warning") else None
            ),
        )
        if at:
            page.goto(f"{desk.url}{at}")
        return page

    yield come_in
    assert complaints == []


PICTURE = """() => [...document.querySelector("[data-chart]").querySelectorAll("canvas")]
    .map((it) => it.toDataURL()).join()"""


def first_chart(page: Page) -> Locator:
    """On the screen, and drawn."""
    box = page.locator("[data-chart]").first
    box.scroll_into_view_if_needed()
    expect(box.locator("canvas").first).to_be_visible()
    return box


def tell(desk, email: str, title_clock: str = "first_response") -> int:
    """Somebody's first answer is due; the conversation that it is about."""
    with desk.runtime.unit_of_work() as uow:
        agent_id = uow.session.scalars(select(Agent.id).where(Agent.email == email)).one()
        conversation_id = uow.session.scalars(select(Conversation.id).limit(1)).one()
        details = {"clock": title_clock, "policy": "VIP", "deadline_at": "2026-03-02T09:05:00Z"}
        key = f"test:{next(numbers)}"
        notify(uow, [agent_id], Topic.SLA_BREACH, conversation_id, details, key)
    return conversation_id


@pytest.mark.parametrize("name", REPORTS)
@pytest.mark.parametrize("width", [1440, 390])
def test_reports_draw_their_charts_and_fit_the_screen(desk, watched, name, width):
    page = watched(ZHOU, width=width, height=900)
    page.goto(f"{desk.url}/reports/{name}")
    boxes = page.locator("[data-chart]")
    for place in range(boxes.count()):
        boxes.nth(place).scroll_into_view_if_needed()
        expect(boxes.nth(place).locator("canvas").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("width", [1440, 390])
def test_reports_have_no_serious_fault_for_those_who_do_not_see_them(desk, log_in, width):
    """Past the policy, as axe is a foreign script; with everything open."""
    page = log_in(ZHOU, width=width, height=900)
    found = []
    for path in (*REPORTS, "breaches", "event?period=today", "mails/new"):
        page.goto(f"{desk.url}/reports/{path}")
        page.evaluate("document.querySelectorAll('main details').forEach((it) => (it.open = true))")
        found += faults(page, path)
    assert found == []


def test_charts_follow_the_theme(desk, watched):
    page = watched(ZHOU)
    page.goto(f"{desk.url}/reports/overview")
    first_chart(page)
    light = page.evaluate(PICTURE)
    page.locator("[data-theme-switch]").click()
    page.locator("[data-theme-switch]").click()  # as the system, light, dark
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    page.wait_for_function(f"before => ({PICTURE})() !== before", arg=light)


def test_a_chart_is_saved_as_a_picture(desk, watched):
    page = watched(ZHOU)
    page.goto(f"{desk.url}/reports/overview")
    button = page.locator("[data-png]").first
    button.scroll_into_view_if_needed()
    with page.expect_download() as waiting:
        button.click()
    picture = waiting.value.path().read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert len(picture) > 5_000


def test_a_point_of_a_chart_tells_its_number(desk, watched):
    page = watched(ZHOU)
    page.goto(f"{desk.url}/reports/overview")
    box = first_chart(page)
    before = page.evaluate(PICTURE)
    box.hover()
    page.wait_for_function(f"before => ({PICTURE})() !== before", arg=before)


def test_a_table_is_sorted_by_a_click_on_its_heading(desk, watched):
    page = watched(ZHOU)
    page.goto(f"{desk.url}/reports/agents")
    table = page.locator("table[data-sortable]").first
    page.evaluate("document.querySelectorAll('details.table-fold').forEach((it) => it.open = true)")
    heading = table.locator("thead th").first
    heading.get_by_role("button").click()
    expect(heading).to_have_attribute("aria-sort", "ascending")
    up = table.locator("tbody th").all_inner_texts()
    heading.get_by_role("button").click()
    expect(heading).to_have_attribute("aria-sort", "descending")
    assert table.locator("tbody th").all_inner_texts() == up[::-1]


def test_filters_are_chosen_and_stay_in_the_address(desk, watched):
    page = watched(ZHOU)
    page.goto(f"{desk.url}/reports/overview")
    page.select_option("#period", "custom")
    page.fill("#from", "2026-01-05")
    page.fill("#to", "2026-01-06")
    page.locator("[data-pick]").first.locator("summary").click()
    page.locator("[data-pick]").first.get_by_role("checkbox").first.check()
    page.locator(".filter-buttons button").click()
    page.wait_for_url("**/reports/overview?*from=2026-01-05*")
    assert "account=" in page.url
    expect(page.locator(".report-empty")).to_be_visible()
    page.locator('.report-nav a[href*="/reports/teams"]').click()
    page.wait_for_url("**/reports/teams?*from=2026-01-05*account=*")


def test_paper_is_light_and_shows_all_tables(desk, watched):
    page = watched(ZHOU)
    page.goto(f"{desk.url}/reports/overview")
    page.evaluate("document.documentElement.dataset.bsTheme = 'dark'")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "light")
    assert page.locator(".report-body details:not(.pick):not([open])").count() == 0
    page.emulate_media(media="print")
    expect(page.locator(".topbar")).to_be_hidden()
    expect(page.locator(".report-filters")).to_be_hidden()
    page.emulate_media(media="screen")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")


def test_the_bell_rings_in_the_inbox_and_leads_to_the_conversation(desk, watched):
    page = watched(LIN, at="/inbox")
    lists: list[str] = []
    page.on("response", lambda it: lists.append(it.url) if LIST.search(it.url) else None)
    page.locator("[data-bell-seen]").evaluate("it => it.click()")
    # it reads the list, marks all as seen and reads it again: what is told meanwhile counts too
    desk.wait_until(lambda: page.wait_for_timeout(50) or len(lists) == 2, "all is marked as seen")
    count = page.locator("[data-bell-count]")
    expect(count).to_be_hidden()
    conversation_id = tell(desk, LIN)
    expect(count).to_have_text("1", timeout=10_000)  # long before it asks by itself
    page.locator("[data-bell] summary").click()
    line = page.locator("[data-bell-list] a").first
    expect(line).to_contain_text("VIP")
    line.click()
    page.wait_for_url(f"**/inbox/{conversation_id}*")
    expect(count).to_be_hidden()


def test_all_notifications_are_read_at_once(desk, watched):
    tell(desk, ZHOU)
    tell(desk, ZHOU, "resolution")
    page = watched(ZHOU, width=390, height=844)
    page.goto(f"{desk.url}/settings")
    expect(page.locator("[data-bell-count]")).to_be_visible()
    page.locator("[data-bell] summary").click()
    expect(page.locator("[data-bell-list] .is-new").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator("[data-bell-seen]").click()
    expect(page.locator("[data-bell-count]")).to_be_hidden()
    expect(page.locator("[data-bell-list] .is-new")).to_have_count(0)
