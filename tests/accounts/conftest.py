"""The accounts' pages in an admin's browser, and a desk that answers over HTTP."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from cast import Browser, hire
from sqlalchemy import select
from werkzeug.serving import make_server

from wxdesk.accounts.models import Account
from wxdesk.app import create_app
from wxdesk.runtime import Runtime


@dataclass
class Desk:
    """A desk behind a real HTTP server, with the simulated WeChat on the other side."""

    runtime: Runtime
    account: Account
    admin: Browser
    url: str


@pytest.fixture
def desk(build_runtime, redis_server, wechat, clock, sending) -> Iterator[Desk]:
    """`sending` made the account, which both sides know."""

    holder: list = []
    server = make_server("127.0.0.1", 0, lambda env, start: holder[0](env, start), threaded=True)
    url = f"http://127.0.0.1:{server.server_port}"
    runtime = build_runtime(
        WXDESK_REDIS_URL=redis_server.url, WXDESK_WECHAT_API_URL=wechat.url, WXDESK_PUBLIC_URL=url
    )
    app = create_app(runtime)
    holder.append(app)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    hire(runtime)
    admin = Browser(app.test_client())
    assert admin.log_in("admin").status_code == 302
    with runtime.reading() as session:
        account = session.scalars(select(Account)).one()
    yield Desk(runtime, account, admin, url)
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def admin(app, team) -> Browser:
    browser = Browser(app.test_client())
    assert browser.log_in("admin").status_code == 302
    return browser
