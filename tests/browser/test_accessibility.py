"""axe-core finds no serious fault on any page, in both languages and both colour themes."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from wxdesk.app import create_app

pytestmark = pytest.mark.browser

ADMIN = "admin@demo.wxdesk"
VENDOR = Path(__file__).parent / "vendor"
AXE = (VENDOR / "axe.min.js").read_text("utf-8")
RUN = """async () => {
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  const options = { runOnly: tags, resultTypes: ["violations"], preload: false };
  const { violations } = await axe.run(document, options);
  const grave = violations.filter((one) => ["serious", "critical"].includes(one.impact));
  return grave.flatMap((one) => one.nodes.slice(0, 3).map((node) => `${one.id}: ${node.html}`));
}"""
NO_PAGES = ("/static/", "/api/", "/media/", "/wechat/", "/invitation/")
NOT_HTML = ("/live", "/healthz", "/readyz", "/metrics", "/", "/reports/wallboard/now")


def plain_pages(runtime) -> list[str]:
    """Every page whose address needs nothing to be filled in; a new one is found by itself."""
    return sorted(
        rule.rule
        for rule in create_app(runtime).url_map.iter_rules()
        if "GET" in (rule.methods or ())
        and not rule.arguments
        and not rule.rule.startswith(NO_PAGES)
        and rule.rule not in NOT_HTML
        and not rule.rule.endswith((".csv", ".json", ".xlsx", ".zip"))
    )


def faults(page: Page, path: str) -> list[str]:
    """What axe says about the page as it stands."""
    page.evaluate(AXE)  # past the page's own policy, which lets no foreign script in
    return [f"{path} {fault}" for fault in page.evaluate(RUN)]


def first_links(page: Page, path: str) -> list[str]:
    """The first of each kind of page that this one leads to (the first rule, the first tag …)."""
    hrefs = page.eval_on_selector_all("main a[href]", "all => all.map((one) => one.href)")
    inner = [urlsplit(href).path for href in hrefs]
    below = [each for each in inner if each.startswith(f"{path}/") and each.count("/") == 3]
    return [each for each in below if not each.endswith((".csv", "/new", "/import"))][:1]


def look_at(page: Page, desk, paths: list[str]) -> list[str]:
    found = []
    queue = list(paths)
    for path in queue:
        page.goto(f"{desk.url}{path}")
        if path.startswith("/settings/") and path.count("/") == 2:
            queue += [each for each in first_links(page, path) if each not in queue]
        if path.startswith("/inbox"):
            page.locator(".views").first.wait_for()
        found += faults(page, path)
    return found


def open_thread(page: Page, desk, text: str) -> list[str]:
    """The inbox with a thread, the customer's panel and the composer; then help and palette."""
    page.goto(f"{desk.url}/inbox?view=all")
    page.locator(".conv", has_text=text).first.click()
    expect(page.locator(".bubble", has_text=text).last).to_be_visible()
    found = faults(page, "thread")
    page.keyboard.press("?")
    page.locator("dialog[open]").wait_for()
    found += faults(page, "shortcuts")
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    page.locator("dialog[open]").wait_for()
    found += faults(page, "palette")
    page.keyboard.press("Escape")
    return found


@pytest.fixture
def asked(desk) -> str:
    """Somebody has written, and got an answer by a rule."""
    wang = desk.new_customer("王无障碍")
    desk.write(wang, "优惠")
    desk.write(wang, "读屏软件能用吗")
    return "读屏软件能用吗"


@pytest.mark.parametrize("look", ["chinese_light", "english_dark"])
def test_no_page_has_a_serious_fault(desk, log_in, asked, look):
    page = log_in(ADMIN, at="/inbox")
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    if look == "english_dark":
        page.emulate_media(color_scheme="dark", reduced_motion="reduce")
        page.click('form[action="/language"] button')
        expect(page.locator("html")).to_have_attribute("lang", "en")
    found = open_thread(page, desk, asked)
    found += look_at(page, desk, [path for path in plain_pages(desk.runtime) if path != "/login"])
    if look == "english_dark":
        page.click('form[action="/language"] button')
    page.context.clear_cookies()
    found += look_at(page, desk, ["/login"])
    assert found == []


def test_axe_is_the_one_that_was_published():
    rows = json.loads((VENDOR / "vendor.lock.json").read_text("utf-8"))
    for row in rows:
        assert hashlib.sha256((VENDOR / row["file"]).read_bytes()).hexdigest() == row["sha256"]
    assert "axe v4.14.1" in AXE[:40]
