"""The address from which WeChat sees our calls come: only its refusal (40164) names it."""

from __future__ import annotations

import ipaddress
import json
import re

from wxdesk.accounts.queries import AccountKeys
from wxdesk.plumbing.errors import DeliveryError
from wxdesk.runtime import Runtime
from wxdesk.wechat.transport import Call, Transport, network_errors, read_whole

WORD = re.compile(r"[0-9a-fA-F:.]{3,45}")


def address_seen(runtime: Runtime, keys: AccountKeys) -> str | None:
    """Ask for a token once more and read the address out of the refusal; None without one."""
    body = {
        "grant_type": "client_credential",
        "appid": keys.app_id,
        "secret": keys.app_secret,
        "force_refresh": False,
    }
    transport = Transport(keys.app_id, runtime.settings.wechat_api_url)
    call = Call("stable_token", body, may_repeat=True)
    try:
        with network_errors(is_ambiguous=False), transport.opened(call, None) as response:
            text = read_whole(response).decode("utf-8", "replace")
        return address_in(str(json.loads(text, strict=False).get("errmsg", "")))
    except (DeliveryError, ValueError, AttributeError):
        return None


def address_in(errmsg: str) -> str | None:
    """The first IP address of WeChat's sentence, as IPv4 where both forms are the same."""
    for word in WORD.findall(errmsg):
        try:
            found = ipaddress.ip_address(word.rstrip(".:" if "." in word else "."))
        except ValueError:
            continue
        mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
        return str(mapped or found)
    return None
