"""Getting a file's bytes: by its media id, or a picture by the address that the push names."""

from __future__ import annotations

from typing import BinaryIO

import requests
from urllib3.exceptions import HTTPError

from wxdesk.media.fetching import Claim, NoRightError, is_for_admins, is_gone
from wxdesk.media.rules import MOST_BYTES
from wxdesk.plumbing.errors import DeliveryError
from wxdesk.wechat.addresses import check_address
from wxdesk.wechat.client import Client
from wxdesk.wechat.transport import keep_file
from wxdesk.words import say

TIMEOUTS = (3.0, 20.0)
PICTURE_HOSTS = (".qpic.cn", ".qlogo.cn")


def download(claim: Claim, client: Client | None, own_url: str, into: BinaryIO) -> str:
    """Write the file to `into`; its name as WeChat says, or "". Raises DeliveryError.

    `client` is None for an account that may not fetch media; `own_url` is WeChat's API. A picture
    whose media id leads nowhere is fetched from its address (docs/wechat.md#media).
    """
    most = MOST_BYTES[claim.kind]
    try:
        if client is None or claim.media_id is None:
            raise NoRightError
        return client.download(claim.media_id, into, most_bytes=most).file_name
    except DeliveryError as error:
        leads_nowhere = is_gone(error) or (error.is_permanent and error.code != "too_large")
        if claim.source_url is None or not leads_nowhere:
            raise
        _fetch_picture_instead(claim.source_url, own_url, into, most, error)
    return ""


def _fetch_picture_instead(
    url: str, own_url: str, into: BinaryIO, most: int, reason: DeliveryError
) -> None:
    """What an admin can mend stays the reason when the address leads nowhere either."""
    into.seek(0)
    into.truncate()
    try:
        _fetch_picture(url, own_url, into, most)
    except DeliveryError:
        if is_for_admins(reason):
            raise reason from None
        raise


def _fetch_picture(url: str, own_url: str, into: BinaryIO, most: int) -> None:
    try:
        check_address(url, own_url, PICTURE_HOSTS)
    except ValueError as error:
        raise DeliveryError(
            say("the picture's address is not one of WeChat's"), code="address", is_permanent=True
        ) from error
    try:
        with requests.get(url, timeout=TIMEOUTS, allow_redirects=False, stream=True) as response:
            if response.status_code != requests.codes.ok:
                raise _unavailable(response.status_code)
            keep_file(response, into, most)
    except (requests.RequestException, HTTPError) as error:
        raise DeliveryError(say("WeChat can't be reached"), code="unreachable") from error


def _unavailable(status: int) -> DeliveryError:
    is_gone_for_good = status in (requests.codes.not_found, requests.codes.gone)
    return DeliveryError(
        say("WeChat answered with an error"), code="http", is_permanent=is_gone_for_good
    )
