"""Who follows the account, and what the account noted about them (docs/simulator.md#users)."""

from __future__ import annotations

from typing import Any

from wxdesk.simulator.api.frame import OK, Answer, Api, Asked
from wxdesk.simulator.errors import ApiError
from wxdesk.simulator.records import Customer

MOST_IN_A_BATCH = 100
PAGE = 10_000
REMARK_CHARACTERS = 30


def info(asked: Asked) -> Answer:
    """One customer; without a name, as WeChat gives none since 2021."""
    return user_json(asked.customer(asked.query.get("openid")))


def batch_info(asked: Asked) -> Answer:
    """Up to a hundred customers."""
    wanted = asked.order().get("user_list")
    if not isinstance(wanted, list) or not 0 < len(wanted) <= MOST_IN_A_BATCH:
        raise ApiError(40032, "invalid openid list size")
    openids = [each.get("openid") if isinstance(each, dict) else None for each in wanted]
    return {"user_info_list": [user_json(asked.customer(openid)) for openid in openids]}


def list_followers(asked: Asked) -> Answer:
    """Openids after `next_openid`, ten thousand at a time."""
    openids = [customer.openid for customer in asked.followers()]
    return {"total": len(openids), **page(openids, asked.query.get("next_openid", ""))}


def update_remark(asked: Asked) -> Answer:
    """Note a name for the customer; an empty one takes it away."""
    order = asked.order()
    customer = followed_by(asked, order.get("openid"))
    remark = order.get("remark")
    if not isinstance(remark, str) or len(remark) >= REMARK_CHARACTERS:
        raise ApiError(40097, "invalid args")
    customer.remark = remark
    asked.platform.state.touch(customer)
    return OK


def followed_by(asked: Asked, openid: object) -> Customer:
    """The customer, who must be following; ApiError 40003."""
    customer = asked.customer(openid)
    if not customer.is_following:
        raise ApiError(40003, "invalid openid")
    return customer


def page(openids: list[str], after: object) -> dict[str, object]:
    """One page of sorted openids; ApiError 40003 for a place that is no openid."""
    if after and (not isinstance(after, str) or after not in openids):
        raise ApiError(40003, "invalid openid")
    start = openids.index(after) + 1 if isinstance(after, str) and after else 0
    shown = openids[start : start + PAGE]
    data = {"data": {"openid": shown}} if shown else {}
    return {"count": len(shown), **data, "next_openid": shown[-1] if shown else ""}


def user_json(customer: Customer) -> dict[str, Any]:
    """As user/info answers; nothing but the openid of who does not follow."""
    if not customer.is_following:
        return {"subscribe": 0, "openid": customer.openid}
    scene = customer.qr_scene
    since = customer.subscribed_at
    return {
        "subscribe": 1,
        "openid": customer.openid,
        "subscribe_time": int(since.timestamp()) if since else 0,
        **({"unionid": customer.unionid} if customer.unionid else {}),
        "remark": customer.remark,
        "groupid": customer.tag_ids[0] if customer.tag_ids else 0,
        "tagid_list": list(customer.tag_ids),
        "subscribe_scene": customer.subscribe_scene,
        "qr_scene": int(scene) if scene.isdecimal() else 0,
        "qr_scene_str": "" if scene.isdecimal() else scene,
    }


APIS = (
    Api("/cgi-bin/user/info", info, daily=5_000_000, is_post=False),
    Api("/cgi-bin/user/info/batchget", batch_info, daily=5_000_000),
    Api("/cgi-bin/user/get", list_followers, daily=500, is_post=False),
    Api("/cgi-bin/user/info/updateremark", update_remark, daily=10_000),
)
