"""Getting a file's bytes: by its media id, or a picture by the address that the push names."""

from __future__ import annotations

import time
from typing import BinaryIO
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError

from wxdesk.media.fetching import Claim, is_gone
from wxdesk.media.rules import MOST_BYTES
from wxdesk.plumbing.errors import DeliveryError
from wxdesk.wechat.client import Client
from wxdesk.wechat.error_codes import meaning_of
from wxdesk.words import say

TIMEOUTS = (3.0, 20.0)
WHOLE_PICTURE_SECONDS = 60.0
CHUNK = 1 << 16
PICTURE_HOSTS = (".qpic.cn", ".qlogo.cn")
NO_RIGHT = 48001


def download(claim: Claim, client: Client | None, own_url: str, into: BinaryIO) -> str:
    """Write the file to `into`; its name as WeChat says, or "". Raises DeliveryError.

    `client` is None for an account that may not fetch media; `own_url` is WeChat's API. A picture
    whose media id leads nowhere is fetched from its address (docs/wechat.md#media).
    """
    most = MOST_BYTES[claim.kind]
    try:
        if client is None or claim.media_id is None:
            raise _no_right()
        return client.download(claim.media_id, into, most_bytes=most).file_name
    except DeliveryError as error:
        leads_nowhere = is_gone(error) or (error.is_permanent and error.code != "too_large")
        if claim.source_url is None or not leads_nowhere:
            raise
    into.seek(0)
    into.truncate()
    _fetch_picture(claim.source_url, own_url, into, most)
    return ""


def _fetch_picture(url: str, own_url: str, into: BinaryIO, most: int) -> None:
    if not _is_known(url, own_url):
        raise DeliveryError(
            say("the picture's address is not one of WeChat's"), code="address", is_permanent=True
        )
    deadline = time.monotonic() + WHOLE_PICTURE_SECONDS
    try:
        with requests.get(url, timeout=TIMEOUTS, allow_redirects=False, stream=True) as response:
            if response.status_code != requests.codes.ok:
                raise _unavailable(response.status_code)
            for chunk in response.iter_content(CHUNK):
                into.write(chunk)
                if into.tell() > most:
                    raise DeliveryError(
                        say("the file is too large to be kept"), code="too_large", is_permanent=True
                    )
                if time.monotonic() > deadline:
                    raise requests.ConnectionError("the picture does not end")
    except (requests.RequestException, HTTPError) as error:
        raise DeliveryError(say("WeChat can't be reached"), code="unreachable") from error


def _is_known(url: str, own_url: str) -> bool:
    """WeChat's hosts of pictures, or (in a demo) the simulator: nothing inside our own network."""
    try:
        parts, own = urlsplit(url), urlsplit(own_url)
        is_own = (parts.scheme, parts.netloc) == (own.scheme, own.netloc)
        host = (parts.hostname or "").lower()
        is_plain = parts.port in (None, 80, 443) and parts.username is None
    except ValueError:
        return False
    is_wechat = parts.scheme in ("http", "https") and host.endswith(PICTURE_HOSTS) and is_plain
    return is_own or is_wechat


def _unavailable(status: int) -> DeliveryError:
    is_gone_for_good = status in (requests.codes.not_found, requests.codes.gone)
    return DeliveryError(
        say("WeChat answered with an error"), code="http", is_permanent=is_gone_for_good
    )


def _no_right() -> DeliveryError:
    return DeliveryError(meaning_of(NO_RIGHT).reason, code=str(NO_RIGHT), is_permanent=True)
