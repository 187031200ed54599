"""WXDESK_* environment variables as one frozen object (docs/settings.md).

All problems are reported at once, each as a plain sentence that names the variable.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from wxdesk.plumbing.errors import ConfigurationError

LOCALES = ("zh_CN", "en")
LOG_FORMATS = ("text", "json")
UNFOLLOW_POLICIES = ("anonymise", "delete")
MOST_FORGET_HOURS = 720
SECRETS = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "SMTP_URL")
LONGEST_SOCKET_PATH = 100
SHORTEST_SECRET_KEY = 16
MAIL_FROM = re.compile(r"[^\r\n<>@]*<[^@\s<>]+@[^@\s<>]+>|[^@\s<>]+@[^@\s<>]+")


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator may set; every field is documented in docs/settings.md."""

    data_dir: Path
    database_url: str
    redis_url: str
    is_redis_embedded: bool
    host: str
    port: int
    secret_key: str
    public_url: str
    wechat_api_url: str
    timezone: str
    locale: str
    log_format: str
    media_url: str
    unfollow_policy: str
    forget_after_hours: int
    smtp_url: str = ""
    mail_from: str = ""
    are_private_webhooks_allowed: bool = False

    @property
    def address(self) -> str:
        """ADDRESS:PORT to listen at, with brackets around an IPv6 address."""
        return f"{_bracketed(self.host)}:{self.port}"

    @property
    def spool_dir(self) -> Path:
        return self.data_dir / "spool"


class _Reader:
    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.problems: list[str] = []

    def text(self, name: str, default: str = "") -> str:
        value = self._environment.get(f"WXDESK_{name}", "").strip()
        if not value and name in SECRETS:
            value = self._from_file(name)
        return value or default

    def one_of(self, name: str, allowed: tuple[str, ...]) -> str:
        value = self.text(name, allowed[0])
        if value not in allowed:
            self.problems.append(f"WXDESK_{name} is {value!r}; it must be {' or '.join(allowed)}")
        return value

    def url(self, name: str, default: str, schemes: tuple[str, ...]) -> str:
        value = self.text(name, default)
        if not _is_url(value, schemes):
            kinds = ", ".join(f"{scheme}://" for scheme in schemes)
            self.problems.append(f"WXDESK_{name} must be an address that starts with {kinds}")
        return value.rstrip("/")

    def _from_file(self, name: str) -> str:
        path = self._environment.get(f"WXDESK_{name}_FILE", "").strip()
        if not path:
            return ""
        try:
            return Path(path).read_text().strip()
        except OSError as error:
            reason = error.strerror
            self.problems.append(f"WXDESK_{name}_FILE: {path} can't be read ({reason})")
            return ""
        except UnicodeDecodeError:
            self.problems.append(f"WXDESK_{name}_FILE: {path} is not UTF-8 text")
            return ""


def _is_url(value: str, schemes: tuple[str, ...]) -> bool:
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme in schemes and bool(parts.netloc or parts.path)


def load(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the environment; raises ConfigurationError with every problem found.

    Makes the data directory and, in it, a secret key when none is set.
    """
    read = _Reader(os.environ if environment is None else environment)
    data_dir = Path(read.text("DATA_DIR", "data")).absolute()
    _prepare(data_dir, read.problems)
    redis_url = read.text("REDIS_URL")
    if redis_url:
        read.url("REDIS_URL", redis_url, ("redis", "rediss", "unix"))
    host, port = _bind(read)
    settings = Settings(
        data_dir=data_dir,
        database_url=_database_url(read, data_dir),
        redis_url=redis_url or f"unix://{socket_path(data_dir)}",
        is_redis_embedded=not redis_url,
        host=host,
        port=port,
        secret_key=_secret_key(read, data_dir),
        public_url=read.url("PUBLIC_URL", f"http://{_bracketed(host)}:{port}", ("http", "https")),
        wechat_api_url=read.url("WECHAT_API_URL", "https://api.weixin.qq.com", ("http", "https")),
        timezone=_timezone(read),
        locale=read.one_of("LOCALE", LOCALES),
        log_format=read.one_of("LOG_FORMAT", LOG_FORMATS),
        media_url=_media_url(read, data_dir),
        unfollow_policy=read.one_of("UNFOLLOW_POLICY", UNFOLLOW_POLICIES),
        forget_after_hours=_hours(read),
        smtp_url=_smtp_url(read),
        mail_from=_mail_from(read),
        are_private_webhooks_allowed=read.one_of("ALLOW_PRIVATE_WEBHOOKS", ("no", "yes")) == "yes",
    )
    if read.problems:
        raise ConfigurationError(*read.problems)
    return settings


def socket_path(data_dir: Path) -> Path:
    """Where the embedded Redis listens: in the data directory.

    Where that path is too long for a Unix socket: a private directory named after it.
    """
    path = data_dir / "redis" / "redis.sock"
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
        return path
    name = hashlib.sha256(str(data_dir).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"wxdesk-{os.getuid()}-{name}" / "redis.sock"


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _prepare(data_dir: Path, problems: list[str]) -> None:
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.NamedTemporaryFile(dir=data_dir):
            pass
    except OSError as error:
        problems.append(
            f"WXDESK_DATA_DIR: the data directory {data_dir} can't be written ({error.strerror})"
        )


def _database_url(read: _Reader, data_dir: Path) -> str:
    url = read.text("DATABASE_URL", f"sqlite:///{data_dir / 'wxdesk.sqlite3'}")
    for prefix in ("postgresql://", "postgres://"):
        if url.startswith(prefix):
            return url.replace(prefix, "postgresql+psycopg://", 1)
    if not url.startswith(("sqlite:///", "postgresql+psycopg://")):
        read.problems.append(
            "WXDESK_DATABASE_URL must start with postgresql:// or sqlite:/// (followed by a path)"
        )
    return url


def _media_url(read: _Reader, data_dir: Path) -> str:
    url = read.text("MEDIA_URL")
    if not url:
        return (data_dir / "media").as_uri()
    return read.url("MEDIA_URL", url, ("s3", "file"))


def _hours(read: _Reader) -> int:
    value = read.text("FORGET_AFTER_HOURS", "0")
    if not value.isdecimal() or int(value) > MOST_FORGET_HOURS:
        read.problems.append(
            f"WXDESK_FORGET_AFTER_HOURS is {value!r}; it must be 0 to {MOST_FORGET_HOURS}"
        )
        return 0
    return int(value)


def _smtp_url(read: _Reader) -> str:
    url = read.text("SMTP_URL")
    if not url:
        return ""
    try:
        is_good = bool(urlsplit(url).hostname) and urlsplit(url).port != 0
    except ValueError:
        is_good = False
    if not is_good or not url.startswith(("smtp://", "smtps://")):
        read.problems.append(
            "WXDESK_SMTP_URL must be an address like smtp://user:password@host:587 or smtps://…:465"
        )
    return url


def _mail_from(read: _Reader) -> str:
    """Who sends: `name <address>` or an address alone; needed as soon as mail can be sent."""
    value = read.text("MAIL_FROM")
    is_address = MAIL_FROM.fullmatch(value) is not None
    if (value or read.text("SMTP_URL")) and not is_address:
        read.problems.append(
            f"WXDESK_MAIL_FROM is {value!r}; it must be an e-mail address like desk@example.com"
        )
    return value


def _bind(read: _Reader) -> tuple[str, int]:
    value = read.text("BIND", "127.0.0.1:8000")
    host, _, port = value.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        read.problems.append(f"WXDESK_BIND is {value!r}; it must be ADDRESS:PORT")
        return "127.0.0.1", 8000
    return host.strip("[]"), int(port)


def _timezone(read: _Reader) -> str:
    name = read.text("TIMEZONE", "Asia/Shanghai")
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        read.problems.append(f"WXDESK_TIMEZONE is {name!r}; it must be a name like Asia/Shanghai")
    return name


def _secret_key(read: _Reader, data_dir: Path) -> str:
    key = read.text("SECRET_KEY")
    if key:
        if len(key) < SHORTEST_SECRET_KEY:
            read.problems.append("WXDESK_SECRET_KEY must have at least 16 characters")
        return key
    return "" if read.problems else _kept_secret_key(data_dir / "secret.key")


def _kept_secret_key(path: Path) -> str:
    draft = path.with_suffix(f".{os.getpid()}.tmp")
    if not path.exists():
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(48))
            file.flush()
            os.fsync(handle)
        try:
            os.link(draft, path)  # the first process wins; all read the same key
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()
