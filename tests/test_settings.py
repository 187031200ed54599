"""WXDESK_* variables: all problems at once, each named; nothing half-read."""

from pathlib import Path

import pytest

from wxdesk.plumbing.errors import ConfigurationError
from wxdesk.settings import LONGEST_SOCKET_PATH, load, socket_path


def problems(environment: dict[str, str]) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        load(environment)
    return list(caught.value.problems)


@pytest.fixture
def good(tmp_path: Path) -> dict[str, str]:
    return {"WXDESK_DATA_DIR": str(tmp_path / "data")}


def test_the_defaults_need_no_variable_but_the_data_directory(good, tmp_path):
    settings = load(good)
    assert settings.database_url == f"sqlite:///{tmp_path}/data/wxdesk.sqlite3"
    assert settings.is_redis_embedded
    assert settings.redis_url.startswith("unix://")
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)
    assert settings.public_url == "http://127.0.0.1:8000"
    assert settings.wechat_api_url == "https://api.weixin.qq.com"
    assert (settings.timezone, settings.locale) == ("Asia/Shanghai", "zh_CN")


def test_all_problems_are_reported_at_once_each_with_its_variable(good):
    wrong = {
        "WXDESK_DATABASE_URL": "mysql://localhost/wxdesk",
        "WXDESK_REDIS_URL": "http://localhost",
        "WXDESK_BIND": "8000",
        "WXDESK_SECRET_KEY": "short",
        "WXDESK_PUBLIC_URL": "desk.example.com",
        "WXDESK_WECHAT_API_URL": "ftp://api",
        "WXDESK_TIMEZONE": "Peking",
        "WXDESK_LOCALE": "de",
        "WXDESK_LOG_FORMAT": "xml",
    }
    found = problems(good | wrong)
    for name in wrong:
        assert sum(name in problem for problem in found) == 1, name
    assert len(found) == len(wrong)


@pytest.mark.parametrize("bind", ["", ":80", "a:0", "a:65536", "a:b", "127.0.0.1"])
def test_a_wrong_address_is_named(good, bind):
    if not bind:
        assert load(good | {"WXDESK_BIND": bind}).port == 8000
        return
    assert any("WXDESK_BIND" in problem for problem in problems(good | {"WXDESK_BIND": bind}))


def test_an_ipv6_address_is_taken(good):
    settings = load(good | {"WXDESK_BIND": "[::1]:9000"})
    assert (settings.host, settings.port) == ("::1", 9000)
    assert settings.public_url == "http://[::1]:9000"


@pytest.mark.parametrize("timezone", ["../../etc/passwd", "/etc/passwd", "Asia", "", "a\x00b"])
def test_a_wrong_time_zone_is_a_sentence_and_never_an_error(good, timezone):
    if not timezone:
        assert load(good | {"WXDESK_TIMEZONE": timezone}).timezone == "Asia/Shanghai"
        return
    found = problems(good | {"WXDESK_TIMEZONE": timezone})
    assert any("WXDESK_TIMEZONE" in problem for problem in found)


@pytest.mark.parametrize(
    "sender",
    ["desk@example.com>", "<desk@example.com", "a <b <c@x.cn>", "a@x.cn b", "desk", "a@@x.cn"],
)
def test_a_sender_of_mails_that_is_no_address_is_named(good, sender):
    found = problems(good | {"WXDESK_MAIL_FROM": sender})
    assert any("WXDESK_MAIL_FROM" in problem for problem in found)


@pytest.mark.parametrize("sender", ["desk@example.com", "<a@x.cn>", "客服 <desk@example.com>"])
def test_a_sender_of_mails_has_an_address_and_may_have_a_name(good, sender):
    assert load(good | {"WXDESK_MAIL_FROM": sender}).mail_from == sender


@pytest.mark.parametrize("name", ["PUBLIC_URL", "WECHAT_API_URL", "REDIS_URL"])
def test_an_address_without_a_host_or_with_a_wrong_port_is_named(good, name):
    scheme = "redis" if name == "REDIS_URL" else "http"
    for value in (f"{scheme}://", f"{scheme}://[::1"):
        assert any(name in problem for problem in problems(good | {f"WXDESK_{name}": value})), value


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("postgres://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
        ("postgresql://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
        ("postgresql+psycopg://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
        ("sqlite:////tmp/x.db", "sqlite:////tmp/x.db"),
    ],
)
def test_database_addresses_in_every_usual_form(good, given, kept):
    assert load(good | {"WXDESK_DATABASE_URL": given}).database_url == kept


@pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_URL", "SECRET_KEY"])
def test_each_secret_can_come_from_a_file(good, tmp_path, name):
    values = {
        "DATABASE_URL": "sqlite:////tmp/from-file.db",
        "REDIS_URL": "redis://from-file:6379/0",
        "SECRET_KEY": "a secret key from a file",
    }
    (tmp_path / "secret").write_text(values[name] + "\n")
    settings = load(good | {f"WXDESK_{name}_FILE": str(tmp_path / "secret")})
    assert getattr(settings, name.lower()) == values[name]


def test_a_secret_file_that_can_not_be_read_is_named(good, tmp_path):
    found = problems(good | {"WXDESK_SECRET_KEY_FILE": str(tmp_path / "nothing")})
    assert any("WXDESK_SECRET_KEY_FILE" in p and "nothing" in p for p in found)


def test_a_secret_file_that_is_no_text_is_named(good, tmp_path):
    (tmp_path / "secret").write_bytes(b"\xff\xfe\xff" * 20)
    found = problems(good | {"WXDESK_SECRET_KEY_FILE": str(tmp_path / "secret")})
    assert any("WXDESK_SECRET_KEY_FILE" in problem for problem in found)


def test_the_variable_itself_wins_over_its_file(good, tmp_path):
    environment = {
        "WXDESK_SECRET_KEY": "the key of the variable",
        "WXDESK_SECRET_KEY_FILE": str(tmp_path / "nothing"),
    }
    assert load(good | environment).secret_key == "the key of the variable"  # noqa: S105


def test_the_made_secret_key_is_private_and_stays(good, tmp_path):
    first = load(good).secret_key
    path = tmp_path / "data" / "secret.key"
    assert path.stat().st_mode & 0o777 == 0o600
    assert load(good).secret_key == first == path.read_text()
    assert len(first) >= 32


def test_no_secret_key_is_made_when_anything_else_is_wrong(good, tmp_path):
    problems(good | {"WXDESK_LOCALE": "de", "WXDESK_BIND": "x"})
    assert not (tmp_path / "data" / "secret.key").exists()


@pytest.mark.parametrize("data_dir", ["/proc/wxdesk", "/dev/null/data"])
def test_a_data_directory_that_can_not_be_written_is_one_sentence(data_dir):
    (problem,) = problems({"WXDESK_DATA_DIR": data_dir})
    assert "WXDESK_DATA_DIR" in problem
    assert data_dir in problem


def test_the_socket_of_a_long_data_directory_still_fits(tmp_path):
    short, long = tmp_path / "d", tmp_path / ("d" * 120)
    assert socket_path(Path("/srv/wxdesk")) == Path("/srv/wxdesk/redis/redis.sock")
    assert len(str(socket_path(long))) <= LONGEST_SOCKET_PATH
    assert socket_path(long) != socket_path(long / "other")
    assert socket_path(long) == socket_path(long)
    assert len(str(socket_path(short))) <= LONGEST_SOCKET_PATH


def test_a_data_directory_in_chinese_still_fits():
    """A Unix socket path is limited in bytes, not in characters."""
    assert len(str(socket_path(Path("/srv/" + "客服" * 20))).encode()) <= 107
