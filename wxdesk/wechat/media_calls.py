"""Media: uploading what agents send, fetching what customers sent (docs/wechat.md#media)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

import requests

from wxdesk.plumbing.errors import DeliveryError
from wxdesk.wechat.addresses import check_address
from wxdesk.wechat.answers import needed_text, number_of
from wxdesk.wechat.calls import Caller
from wxdesk.wechat.limits import UPLOAD_LIMITS, MediaKind
from wxdesk.wechat.transport import (
    Call,
    FilePart,
    answer_fields,
    junk,
    keep_file,
    network_errors,
    read_whole,
    too_large,
)
from wxdesk.words import say

UPLOAD, DOWNLOAD = "media/upload", "media/get"
MOST_NAME_CHARACTERS = 100
FILE_NAME = re.compile('filename="?([^";]+)', re.IGNORECASE)
UNSAFE_IN_NAMES = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]')
ENDINGS = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/gif": ".gif",
    "audio/amr": ".amr",
    "audio/mpeg": ".mp3",
    "video/mp4": ".mp4",
}
NAMES_OF_WECHAT = (".qq.com", ".qpic.cn")


@dataclass(frozen=True, slots=True)
class Uploaded:
    """The media id is good for three days from `uploaded_at`."""

    media_id: str
    uploaded_at: datetime


@dataclass(frozen=True, slots=True)
class Downloaded:
    """`content_type` and `file_name` as WeChat says; either may be ""."""

    content_type: str
    file_name: str
    size_bytes: int


class MediaCalls(Caller):
    """Part of Client."""

    def upload(self, kind: MediaKind, file_name: str, data: bytes, content_type: str) -> Uploaded:
        """A temporary media id. What is over WeChat's limit is refused here, as permanent.

        Not repeated here, like `download`; never ambiguous: a second upload does no harm.
        """
        if not data:
            raise DeliveryError(say("the file was empty"), code="44001", is_permanent=True)
        if len(data) > UPLOAD_LIMITS[kind].most_bytes:
            raise DeliveryError(
                say("the file is too large for WeChat"), code="45001", is_permanent=True
            )
        asked_at = self._clock()
        file = FilePart(_upload_name(file_name, kind, content_type), content_type, data)
        call = Call(UPLOAD, query={"type": kind.value}, file=file, may_repeat=True)
        answer = self.ask_once(call).fields
        name = "thumb_media_id" if "media_id" not in answer else "media_id"
        return Uploaded(needed_text(answer, name), asked_at)

    def download(self, media_id: str, into: BinaryIO, *, most_bytes: int) -> Downloaded:
        """Write the file behind a media id to `into`, at most `most_bytes`.

        DeliveryError "too_large" when there is more; 40007 when it is gone (after three days).
        After an error `into` may hold a part of it.
        """
        call = Call(DOWNLOAD, query={"media_id": media_id}, may_repeat=True)
        return self.with_token(DOWNLOAD, lambda token: self._fetch(call, token, into, most_bytes))

    def _fetch(self, call: Call, token: str, into: BinaryIO, most: int) -> Downloaded:
        with network_errors(is_ambiguous=False):
            with self._transport.opened(call, token) as response:
                if not _is_json(response):
                    return _kept(response, into, most)
                fields = answer_fields(read_whole(response), is_ambiguous=False)
            url = needed_text(fields, "video_url")
            self._refuse_strange(url)
            with self._transport.opened_elsewhere(url) as response:
                if response.status_code != requests.codes.ok:
                    raise junk()
                return _kept(response, into, most)

    def _refuse_strange(self, url: str) -> None:
        """WeChat names the address; only its own hosts and public addresses are asked."""
        try:
            check_address(url, self._transport.base_url, NAMES_OF_WECHAT)
        except ValueError as error:
            raise DeliveryError(
                say("WeChat's answer names a strange address"), code="junk", is_permanent=True
            ) from error


def safe_name(name: str) -> str:
    """A file name without folders and control characters, at most 100 characters."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return UNSAFE_IN_NAMES.sub("", last).strip(". ")[-MOST_NAME_CHARACTERS:]


def _upload_name(name: str, kind: MediaKind, content_type: str) -> str:
    """With an ending: WeChat goes by it (40005)."""
    safe = safe_name(name) or kind.value
    return safe if "." in safe else safe + ENDINGS.get(content_type, "")


def _is_json(response: requests.Response) -> bool:
    """Errors and the addresses of videos come as JSON, often called text/plain."""
    kind = _content_type(response)
    return kind == "" or kind.startswith(("application/json", "text/"))


def _content_type(response: requests.Response) -> str:
    return str(response.headers.get("Content-Type", "")).partition(";")[0].strip().lower()


def _kept(response: requests.Response, into: BinaryIO, most: int) -> Downloaded:
    if number_of(response.headers, "Content-Length") > most:
        raise too_large()
    size = keep_file(response, into, most)
    if size == 0:
        raise junk()
    name = FILE_NAME.search(response.headers.get("Content-Disposition", ""))
    return Downloaded(_content_type(response), safe_name(name[1]) if name else "", size)
