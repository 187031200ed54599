"""A WeChat whose console knows our account, and Wang, who has just written."""

import pytest
from cast import APP_ID, APP_SECRET, ORIGINAL_ID, TOKEN, WeChat


@pytest.fixture
def console(wechat: WeChat) -> WeChat:
    wechat.control(
        "accounts",
        original_id=ORIGINAL_ID,
        app_id=APP_ID,
        app_secret=APP_SECRET,
        token=TOKEN,
        webhook_url="http://127.0.0.1:9/",
    )
    wechat.add_customer()
    return wechat
