"""A bucket of an S3-compatible service, through boto3 (the extra `s3`)."""

from __future__ import annotations

import contextlib
import importlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO
from urllib.parse import parse_qs, unquote, urlsplit

from wxdesk.plumbing.errors import ConfigurationError, UnavailableError
from wxdesk.words import say

CONNECT_SECONDS = 3
ANSWER_SECONDS = 20
MOST_TRIES = 3
PARAMETERS = {"endpoint", "region", "style"}
STYLES = ("path", "virtual")
NOT_THERE = {"404", "NoSuchKey", "NotFound"}


@dataclass(frozen=True, slots=True)
class Bucket:
    """`client` is boto3's; it is safe for threads. `prefix` is "" or ends with a slash."""

    client: Any
    name: str
    prefix: str

    def put(self, key: str, content: BinaryIO) -> None:
        """One request; `content` is read from its start again when it is repeated."""
        with _service_errors():
            self.client.put_object(
                Bucket=self.name,
                Key=self.prefix + key,
                Body=content,
                ContentType="application/octet-stream",
            )

    def open(self, key: str) -> Contents | None:
        """None when there is no such object."""
        with _service_errors() as errors:
            try:
                head = self.client.head_object(Bucket=self.name, Key=self.prefix + key)
            except errors.ClientError as error:
                if str(error.response.get("Error", {}).get("Code")) in NOT_THERE:
                    return None
                raise
        return Contents(self, self.prefix + key, int(head["ContentLength"]))

    def delete(self, key: str) -> None:
        with _service_errors():
            self.client.delete_object(Bucket=self.name, Key=self.prefix + key)

    def check(self) -> None:
        with _service_errors():
            self.client.head_bucket(Bucket=self.name)


class Contents(io.RawIOBase):
    """An object as a file: asks for it from the place where it is read, and reads on."""

    def __init__(self, bucket: Bucket, key: str, size: int) -> None:
        super().__init__()
        self.size = size
        self._bucket = bucket
        self._key = key
        self._place = 0
        self._body: Any = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self.size}[whence]
        place = max(0, start + offset)
        if place != self._place:
            self._drop_body()
        self._place = place
        return place

    def readinto(self, buffer: Any) -> int:
        if self._place >= self.size:
            return 0
        with _service_errors():
            if self._body is None:
                self._body = self._bucket.client.get_object(
                    Bucket=self._bucket.name, Key=self._key, Range=f"bytes={self._place}-"
                )["Body"]
            data = self._body.read(len(buffer))
        if not data:
            raise UnavailableError(say("the media store can't be used now"))  # it ended too early
        buffer[: len(data)] = data
        self._place += len(data)
        return len(data)

    def close(self) -> None:
        self._drop_body()
        super().close()

    def _drop_body(self) -> None:
        if self._body is not None:
            self._body.close()
            self._body = None


def bucket_at(media_url: str) -> Bucket:
    """The bucket of s3://bucket/prefix?endpoint=https://…&region=…&style=virtual.

    Keys come from boto3's own environment (AWS_ACCESS_KEY_ID and others). ConfigurationError
    when boto3 is not installed, or the address can't be understood.
    """
    parts = urlsplit(media_url)
    try:
        given = parse_qs(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError:
        given = {"?": []}
    values = {name: texts[-1] for name, texts in given.items() if texts}
    style = values.get("style", "path" if "endpoint" in values else "virtual")
    if not parts.netloc or set(given) - PARAMETERS or style not in STYLES:
        raise ConfigurationError(
            "WXDESK_MEDIA_URL must be s3://BUCKET/PREFIX?endpoint=https://…&region=…&style=path"
        )
    prefix = unquote(parts.path).strip("/")
    client = _client(values.get("endpoint"), values.get("region"), style)
    return Bucket(client, parts.netloc, f"{prefix}/" if prefix else "")


def _client(endpoint: str | None, region: str | None, style: str) -> Any:
    try:
        session = importlib.import_module("boto3.session").Session()
        config = importlib.import_module("botocore.config").Config
    except ImportError:
        raise ConfigurationError(
            "WXDESK_MEDIA_URL: an s3:// address needs boto3: pip install 'wxdesk[s3]'"
        ) from None
    try:
        return session.client(
            "s3",
            endpoint_url=endpoint,
            region_name=region,
            config=config(
                connect_timeout=CONNECT_SECONDS,
                read_timeout=ANSWER_SECONDS,
                retries={"total_max_attempts": MOST_TRIES, "mode": "standard"},
                s3={"addressing_style": style},
                # others than Amazon do not know the newer checksums
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )
    except ValueError as error:
        raise ConfigurationError(f"WXDESK_MEDIA_URL: {error}") from None


@contextlib.contextmanager
def _service_errors() -> Iterator[Any]:
    """Whatever goes wrong there or on the way is one error; nothing of its text is shown."""
    errors = importlib.import_module("botocore.exceptions")
    transport = importlib.import_module("urllib3.exceptions")
    try:
        yield errors
    except (errors.BotoCoreError, errors.ClientError, transport.HTTPError, OSError) as error:
        raise UnavailableError(say("the media store can't be used now")) from error
