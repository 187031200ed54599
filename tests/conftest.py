"""The real parts of every test: Redis, both databases, the runtime, the app, the simulator."""

import itertools
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import CodeType
from typing import Any

import pytest
from cast import Api, Browser, FakeClock, Team, Webhook, WeChat, hire, make_account
from flask import Flask
from flask.templating import Environment
from flask.testing import FlaskClient
from hypothesis import settings
from jinja2.bccache import Bucket, BytecodeCache
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import sync_playwright
from redis import Redis
from servers import NOBODY_LISTENS, SECRET_KEY, RedisServer, postgres_database, wait_until
from sqlalchemy import Engine
from werkzeug.routing import Rule

from wxdesk import runtime as runtime_module
from wxdesk.accounts.models import Account
from wxdesk.all_models import metadata
from wxdesk.app import create_app
from wxdesk.plumbing.db import open_engine
from wxdesk.plumbing.schema import upgrade
from wxdesk.runtime import Runtime, build
from wxdesk.search.models import CONTACTS, MESSAGES
from wxdesk.settings import load
from wxdesk.simulator.platform import Platform
from wxdesk.simulator.server import serving

_compile = Rule.compile
_compiled_rules: dict[tuple[object, ...], dict[str, Any]] = {}
COMPILED = ("_parts", "_trace", "_converters", "arguments", "_build", "_build_unknown")


def _compile_once(rule: Rule) -> None:
    """Werkzeug compiles each route of each app anew: nearly all of the time of `create_app`."""
    key = (rule.rule, rule.endpoint, rule.subdomain, rule.host, str(rule.defaults))
    if key not in _compiled_rules:
        _compile(rule)
        _compiled_rules[key] = {name: getattr(rule, name) for name in COMPILED}
    for name, value in _compiled_rules[key].items():
        setattr(rule, name, value)


Rule.compile = _compile_once


class _CompiledTemplates(BytecodeCache):
    """Each app has templates of its own; each is compiled once."""

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str], CodeType | None] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._codes[bucket.key, bucket.checksum] = bucket.code


_templates = _CompiledTemplates()
_create_jinja_environment = Flask.create_jinja_environment


def _create_environment(app: Flask) -> Environment:
    environment = _create_jinja_environment(app)
    environment.bytecode_cache = _templates
    return environment


Flask.create_jinja_environment = _create_environment


class _Client(FlaskClient):
    """Reads each answer to its end and closes it, as a server does: no file is left to chance."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        answer = super().open(*args, **kwargs)
        if answer.mimetype != "text/event-stream":  # which has no end
            answer.get_data()
            answer.close()
        return answer


Flask.test_client_class = _Client

_engines: dict[tuple[str, int], Engine] = {}


def _lend_engines() -> Callable[[str], Engine]:
    """The n-th process of a test gets the n-th engine of its database, with all statements that
    earlier tests had it compile: a third of the time of most tests.
    """
    lent = itertools.count()

    def lend(url: str) -> Engine:
        key = (url, next(lent))
        if key not in _engines:
            _engines[key] = open_engine(url)
        return _engines[key]

    return lend


settings.register_profile("wxdesk", database=None, deadline=None)
settings.load_profile("wxdesk")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(scope="session")
def shared_redis() -> Iterator[RedisServer]:
    """One real redis-server for the whole run; tests that stop Redis use `own_redis`."""
    with tempfile.TemporaryDirectory(prefix="wxdesk-redis-") as directory:
        server = RedisServer(Path(directory))
        server.start()
        yield server
        server.stop()


@pytest.fixture
def redis_server(shared_redis: RedisServer) -> RedisServer:
    """An empty Redis."""
    with Redis(unix_socket_path=str(shared_redis.socket)) as redis:
        redis.flushall()
    return shared_redis


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    """A Redis of this test alone, which keeps its data when it is stopped and started again."""
    with tempfile.TemporaryDirectory(prefix="wxdesk-redis-") as directory:
        server = RedisServer(Path(directory), is_durable=True)
        server.start()
        yield server
        server.stop()


@pytest.fixture
def redis(redis_server: RedisServer) -> Iterator[Redis]:
    connection = Redis(unix_socket_path=str(redis_server.socket))
    yield connection
    connection.close()


@pytest.fixture(scope="session")
def _sqlite_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('sqlite')}/wxdesk.sqlite3"


@pytest.fixture(scope="session")
def _postgres_url() -> Iterator[str]:
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    with postgres_database(f"wxdesk_test_{worker}_{os.getpid()}") as url:
        yield url


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Iterator[tuple[str, Engine]]:
    """Each test that asks for it runs on both databases, on the schema of the real migrations."""
    name = "_sqlite_url" if request.param == "sqlite" else "_postgres_url"
    url = request.getfixturevalue(name)
    engine = open_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    upgrade(engine)
    yield url, engine
    engine.dispose()


@pytest.fixture
def database_url(database: tuple[str, Engine]) -> str:
    """A database with the schema at head and no rows."""
    url, engine = database
    with engine.begin() as connection:
        driver: Any = connection.connection.dbapi_connection
        for script in _clearing(is_one=engine.dialect.name == "postgresql"):
            driver.execute(script)
    return url


@cache
def _clearing(*, is_one: bool) -> list[str]:
    """What empties all tables; in one round trip where there are round trips."""
    names = [table.name for table in reversed(metadata.sorted_tables)]
    deletes = [f"DELETE FROM {name}" for name in (*names, MESSAGES.name, CONTACTS.name)]  # noqa: S608 -- our own names
    return [";".join(deletes)] if is_one else deletes


@pytest.fixture
def build_runtime(
    database_url: str, tmp_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Runtime]]:
    """Make a runtime as a process makes it: from settings. Several make several processes."""
    built: list[Runtime] = []
    monkeypatch.setattr(runtime_module, "open_engine", _lend_engines())

    def make(**settings: str) -> Runtime:
        environment = {
            "WXDESK_DATA_DIR": str(tmp_path / "data"),
            "WXDESK_DATABASE_URL": database_url,
            "WXDESK_SECRET_KEY": SECRET_KEY,
            "WXDESK_WECHAT_API_URL": NOBODY_LISTENS,
            "WXDESK_LOCALE": "en",
            **settings,
        }
        runtime = build(load(environment), clock)
        runtime_module.start(runtime)
        built.append(runtime)
        return runtime

    yield make
    for runtime in built:
        runtime.stopping.set()
        runtime.redis.close()


@pytest.fixture(scope="session", autouse=True)
def _close_everything() -> Iterator[None]:
    yield
    wait_until(_no_directory_watches, what="the end of the directories' threads")
    for engine in _engines.values():
        engine.dispose()


def _no_directory_watches() -> bool:
    names = {"directory", "stops"}
    return not any(thread.name in names for thread in threading.enumerate())


@pytest.fixture
def runtime(build_runtime: Callable[..., Runtime], redis_server: RedisServer) -> Runtime:
    """The parts of one process, with the fake clock."""
    return build_runtime(WXDESK_REDIS_URL=redis_server.url)


@pytest.fixture
def account(runtime: Runtime) -> Account:
    """An official account in plain mode."""
    return make_account(runtime)


@pytest.fixture
def team(runtime: Runtime) -> Team:
    """Agents Lin and Mei, supervisor Zhou, marketer Chen, and an admin."""
    return hire(runtime)


@pytest.fixture
def app(runtime: Runtime):
    return create_app(runtime)


@pytest.fixture
def webhook(app, runtime: Runtime) -> Webhook:
    """WeChat's side of the webhook, over the test client."""
    return Webhook(app.test_client(), runtime)


@pytest.fixture
def lin(app, runtime: Runtime, team: Team) -> Api:
    """The JSON API with agent Lin's token."""
    return Api(app.test_client(), runtime, team.lin)


@pytest.fixture
def mei(app, runtime: Runtime, team: Team) -> Api:
    return Api(app.test_client(), runtime, team.mei)


@pytest.fixture
def chen(app, runtime: Runtime, team: Team) -> Api:
    return Api(app.test_client(), runtime, team.chen)


@pytest.fixture
def zhou(app, runtime: Runtime, team: Team) -> Api:
    return Api(app.test_client(), runtime, team.zhou)


@pytest.fixture
def browser(app) -> Browser:
    """A browser that nobody has logged in with."""
    return Browser(app.test_client())


@pytest.fixture
def wechat(clock: FakeClock) -> Iterator[WeChat]:
    """A WeChat over HTTP, on the same clock."""
    platform = Platform(clock)
    with serving(platform) as url:
        yield WeChat(platform, url)


@pytest.fixture
def sending(
    build_runtime: Callable[..., Runtime], redis_server: RedisServer, wechat: WeChat
) -> Runtime:
    """A runtime that sends to the simulated WeChat, with an account that both know."""
    runtime = build_runtime(WXDESK_REDIS_URL=redis_server.url, WXDESK_WECHAT_API_URL=wechat.url)
    wechat.register(make_account(runtime))
    return runtime


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    """One real browser for all tests of this process (two Playwrights in one thread collide)."""
    path = shutil.which("chromium")
    if path is None:
        pytest.fail("chromium is not installed: these tests use a real browser")
    microphone = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", *microphone]
        )
        yield started
        started.close()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Doors whose rows are tested elsewhere on both databases run on SQLite only."""
    chosen, left_out = [], []
    for item in items:
        parameters = getattr(item, "callspec", None)
        is_postgres = parameters and parameters.params.get("database") == "postgresql"
        is_left_out = is_postgres and item.get_closest_marker("one_database")
        (left_out if is_left_out else chosen).append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = chosen
