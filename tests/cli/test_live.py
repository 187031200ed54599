"""`wxdesk live` as a process: topics over one gevent worker, and nothing else."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from servers import free_port, wait_until

from wxdesk.plumbing.live import Live
from wxdesk.runtime import open_redis

SECRET_KEY = "a secret key for tests only"  # noqa: S105


@pytest.fixture
def live_url(own_redis, tmp_path: Path):
    port = free_port()
    environment = {
        **os.environ,
        "WXDESK_DATA_DIR": str(tmp_path),
        "WXDESK_REDIS_URL": own_redis.url,
        "WXDESK_SECRET_KEY": SECRET_KEY,
    }
    command = [sys.executable, "-m", "wxdesk", "live", "--bind", f"127.0.0.1:{port}"]
    process = subprocess.Popen(command, env=environment)
    url = f"http://127.0.0.1:{port}"
    wait_until(lambda: is_up(url), what="wxdesk live answers", seconds=60)
    yield url
    process.terminate()
    assert process.wait(20) == 0


def is_up(url: str) -> bool:
    try:
        return requests.get(f"{url}/healthz", timeout=1).ok
    except requests.RequestException:
        return False


def cookie_of_somebody() -> str:
    app = Flask("cookie")
    app.secret_key = SECRET_KEY
    serializer = SecureCookieSessionInterface().get_signing_serializer(app)
    return str(serializer.dumps({"agent_id": 1, "epoch": 1}))


def test_only_topics_and_only_for_who_is_logged_in(live_url, own_redis):
    assert requests.get(f"{live_url}/inbox", timeout=5).status_code == 404
    assert requests.get(f"{live_url}/live", timeout=5).status_code == 401
    cookies = {"wxdesk": cookie_of_somebody()}
    with requests.get(f"{live_url}/live", cookies=cookies, stream=True, timeout=10) as answer:
        lines = answer.iter_lines(decode_unicode=True)
        assert [next(lines), next(lines)] == ["retry: 500", "event: hello"]
        redis = open_redis(own_redis.url)
        Live(redis).publish(["inbox"])
        redis.close()
        assert 'data: {"topics": ["inbox"]}' in (next(lines) for _ in range(8))
