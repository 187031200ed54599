"""The whole way: a phone sends files, the webhook records them, the agent sees and plays them."""

import threading
from collections.abc import Iterator

import pytest
import requests
from cast import SLUG, WANG, Api, WeChat, hire, make_account, record_waiting
from werkzeug.serving import WSGIRequestHandler, make_server

from media.phone import FILM, PHOTO
from wxdesk.app import create_app
from wxdesk.media.jobs import fetch
from wxdesk.runtime import Runtime


class QuietHandler(WSGIRequestHandler):
    def log_request(self, *_arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def desk(build_runtime, redis_server, wechat: WeChat) -> Iterator[tuple[Runtime, str]]:
    runtime = build_runtime(WXDESK_REDIS_URL=redis_server.url, WXDESK_WECHAT_API_URL=wechat.url)
    app = create_app(runtime)
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=QuietHandler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield runtime, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_files_that_a_phone_sends_are_shown_to_the_agent(desk, wechat: WeChat):
    runtime, url = desk
    wechat.register(make_account(runtime), f"{url}/wechat/{SLUG}")
    wechat.add_customer(has_written=False)
    lin = Api(create_app(runtime).test_client(), runtime, hire(runtime).lin)
    for kind in ("image", "voice", "video"):
        requests.post(
            f"{wechat.url}/sim/customers/{WANG}/messages?wait=1", json={"kind": kind}, timeout=30
        ).raise_for_status()
    assert record_waiting(runtime) == 3
    conversation = lin.get("/conversations").json["items"][0]["id"]

    def files() -> dict[str, dict[str, object]]:
        thread = lin.get(f"/conversations/{conversation}/thread").json["items"]
        return {
            f"{message['kind']}/{file['role']}": file
            for message in thread
            for file in message["attachments"]
        }

    assert {file["state"] for file in files().values()} == {"waiting"}
    fetch()
    shown = files()
    assert set(shown) == {
        "image/content",
        "voice/content",
        "voice/wideband",
        "video/content",
        "video/thumbnail",
    }
    assert {file["state"] for file in shown.values()} == {"ready"}
    with requests.Session() as browser:
        browser.headers.update(lin.headers)
        seen = browser.get(f"{url}{shown['image/content']['url']}", timeout=10)
        assert seen.content == PHOTO
        for role in ("content", "wideband"):
            heard = browser.get(f"{url}{shown[f'voice/{role}']['play_url']}", timeout=10)
            assert heard.headers["Content-Type"] == "audio/mpeg"
        part = browser.get(
            f"{url}{shown['video/content']['play_url']}",
            headers={"Range": "bytes=100-199"},
            timeout=10,
        )
        assert (part.status_code, part.content) == (206, FILM[100:200])
