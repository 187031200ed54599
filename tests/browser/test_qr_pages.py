"""A marketer makes codes in the browser, a customer scans one, and the page counts it."""

from __future__ import annotations

import io
import re

import pytest
import requests
from PIL import Image
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

CHEN = "chen@demo.wxdesk"
YUNSHAN = "gh_demo_yunshan"


def scan(desk, scene: str) -> None:
    """Somebody who does not follow yet scans a code."""
    customers = f"{desk.simulator}/sim/accounts/{YUNSHAN}/customers"
    stranger = {"name": "扫码的人", "is_following": False}
    openid = requests.post(customers, json=stranger, timeout=10).json()["openid"]
    url = f"{desk.simulator}/sim/customers/{openid}/scan?wait=1"
    requests.post(url, json={"scene": scene}, timeout=30).raise_for_status()


def make_poster(page, tmp_path) -> Image.Image:
    """On the page of a code: a photo is chosen, looked at with the code on it, and kept."""
    page.click(".qr-files a[href$='/poster']")
    file = tmp_path / "photo.jpg"
    Image.new("RGB", (900, 1200), (30, 120, 90)).save(file)
    page.set_input_files("#background", file)
    preview = page.locator("[data-preview-picture]")
    expect(preview).to_be_visible()
    assert preview.evaluate("image => image.naturalWidth") == 900
    page.fill("#percent", "95")
    expect(page.locator("[data-preview-note]")).to_have_text(re.compile("90"))
    page.fill("#percent", "40")
    expect(preview).to_be_visible()
    with page.expect_download() as download:
        page.click("[data-poster] button[type=submit]")
    return Image.open(io.BytesIO(download.value.path().read_bytes()))


def test_a_code_is_made_scanned_counted_and_put_on_a_poster(desk, log_in, tmp_path):
    page = log_in(CHEN)
    page.goto(f"{desk.url}/campaigns/qr-codes/many")
    page.fill("#lines", "朝阳门店,1200,chaoyang\n海淀门店,800,haidian")
    page.fill("#folder", "北京")
    page.click(".qr-form button[type=submit]")
    expect(page.locator(".mark-good")).to_have_count(2, timeout=60_000)  # it reads itself again
    scan(desk, "chaoyang")
    page.goto(f"{desk.url}/campaigns/qr-codes?text=chaoyang")
    row = page.locator(".qr-table tbody tr")

    def is_counted() -> bool:
        page.reload()
        return row.locator("td").nth(2).inner_text().strip() == "1"

    desk.wait_until(is_counted, "the new follower is counted")
    page.click("text=朝阳门店")
    picture = page.locator(".qr-picture img")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.naturalWidth") > 500
    assert make_poster(page, tmp_path).size == (900, 1200)
    page.goto(f"{desk.url}/campaigns/health")
    expect(page.locator("#figure-new .figure-value")).not_to_have_text("0")
    expect(page.locator("#chart-days canvas")).to_be_visible()
