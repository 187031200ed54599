"""Mass messages: four a month for each customer, one a day for a subscription account; drafts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from wxdesk.simulator.api.contents import media_of, read_text, read_voice
from wxdesk.simulator.api.frame import Access, Answer, Api, Asked
from wxdesk.simulator.api.templates import new_job
from wxdesk.simulator.books import SentJob
from wxdesk.simulator.clock import shanghai_day, shanghai_month
from wxdesk.simulator.errors import ApiError
from wxdesk.simulator.faults import FaultKind
from wxdesk.simulator.records import Customer
from wxdesk.simulator.shown import Shown, media_detail

A_MONTH = 4
A_DAY = 1
FEWEST, MOST = 2, 10_000
CLIENT_ID_BYTES = 64
CLIENT_ID_KEPT = timedelta(hours=24)
CALLS_A_DAY = 100
PREVIEWS_A_DAY = 100
DRAFTS = {  # the articles that a new account has in its draft box
    "draft-spring-letter": "春季新品上市：云杉的三件事",
    "draft-opening-hours": "国庆假期营业时间",
}


def send_to_all(asked: Asked) -> Answer:
    """To every follower, or to those with a tag."""
    order = asked.order()
    wanted = order.get("filter")
    if not isinstance(wanted, dict):
        raise ApiError(47001, "data format error")
    followers = asked.followers()
    if not wanted.get("is_to_all"):
        number = wanted.get("tag_id")
        if number not in asked.book.tags:
            raise ApiError(45159, "invalid tag id")
        followers = [customer for customer in followers if number in customer.tag_ids]
    return _send(asked, order, followers)


def send_to_some(asked: Asked) -> Answer:
    """To at least two openids."""
    order = asked.order()
    openids = order.get("touser")
    if not isinstance(openids, list) or not FEWEST <= len(openids) <= MOST:
        raise ApiError(40130, "invalid openid list size, at least two openid")
    wanted = [asked.customer(openid) for openid in dict.fromkeys(openids)]
    return _send(asked, order, [customer for customer in wanted if customer.is_following])


def preview(asked: Asked) -> Answer:
    """To one follower, by openid or by WeChat id (which is the customer's name here)."""
    order = asked.order()
    if order.get("towxname"):
        named = [c for c in asked.followers() if c.name == order["towxname"]]
        if not named:
            raise ApiError(40132, "invalid username")
        customer = named[0]
    else:
        customer = asked.customer(order.get("touser"))
    kind, shown = _content(asked, order)
    asked.platform.state.add_reply(customer, kind, shown, via="mass")
    return {"errcode": 0, "errmsg": "preview success", "msg_id": new_job(asked)}


def show_status(asked: Asked) -> Answer:
    """How far a mass message is."""
    job_id = asked.order().get("msg_id")
    job = asked.book.jobs.get(f"mass-job/{job_id}")
    if job is None:
        raise ApiError(40059, "invalid msg id")
    return {"msg_id": job.job_id, "msg_status": job.status}


def list_drafts(asked: Asked) -> Answer:
    """The draft box: two articles, the same for every account."""
    asked.order()
    items = [
        {
            "media_id": media_id,
            "content": {"news_item": [{"title": title}]},
            "update_time": int(asked.now.timestamp()),
        }
        for media_id, title in DRAFTS.items()
    ]
    return {"total_count": len(items), "item_count": len(items), "item": items}


def _send(asked: Asked, order: Mapping[str, Any], receivers: list[Customer]) -> Answer:
    key = _client_key(asked, order.get("clientmsgid"))
    kind, shown = _content(asked, order)
    _use_day(asked)
    job_id = new_job(asked, key)
    has_failed = asked.fault == FaultKind.JOB_FAILED
    status = "SEND_FAIL" if has_failed else "SEND_SUCCESS"
    asked.book.jobs[f"mass-job/{job_id}"] = SentJob(job_id, asked.now, status)
    month = shanghai_month(asked.now)
    allowed = [c for c in receivers if not (c.is_blacklisted or c.refuses_messages)]
    sent = [c for c in allowed if c.mass_sends.get(month, 0) < A_MONTH and not has_failed]
    for customer in sent:
        customer.mass_sends = {month: customer.mass_sends.get(month, 0) + 1}
        asked.platform.state.add_reply(customer, kind, shown, via="mass")
    fields = {
        "MsgID": job_id,
        "Status": "send fail" if has_failed else "send success",
        "TotalCount": len(receivers),
        "FilterCount": len(allowed),
        "SentCount": len(sent),
        "ErrorCount": len(allowed) - len(sent),
    }
    platform, owner = asked.platform, asked.owner.original_id
    event = "MASSSENDJOBFINISH"
    asked.afterwards.append(lambda: platform.notify(owner, event, fields))
    submitted = {"errcode": 0, "errmsg": "send job submission success"}
    return {**submitted, "msg_id": job_id, "msg_data_id": job_id & 0xFFFFFFFF}


def _client_key(asked: Asked, client_id: object) -> str:
    """A client's id may come once in 24 hours."""
    if client_id is None:
        return ""
    if not isinstance(client_id, str) or len(client_id.encode()) > CLIENT_ID_BYTES:
        raise ApiError(45067, "clientmsgid length out of limit")
    key = f"mass/{client_id}"
    known = asked.book.jobs.get(key)
    if known is not None and asked.now - known.at < CLIENT_ID_KEPT:
        raise ApiError(45065, "clientmsgid exist", msg_id=known.job_id)
    return key


def _use_day(asked: Asked) -> None:
    if asked.owner.is_service:
        return
    day = shanghai_day(asked.now)
    used = asked.book.mass_days.get(day, 0)
    if used >= A_DAY:
        raise ApiError(45028, "has no masssend quota")
    asked.book.mass_days = {day: used + 1}


def _content(asked: Asked, order: Mapping[str, Any]) -> tuple[str, Shown]:
    kind = order.get("msgtype")
    part = order.get("images" if kind == "image" and "images" in order else str(kind))
    given = part if isinstance(part, dict) else {}
    if kind == "text":
        return "text", read_text(asked, given)
    if kind == "voice":
        return "voice", read_voice(asked, given)
    if kind == "image":
        ids = given.get("media_ids")
        first = {"media_id": ids[0]} if isinstance(ids, list) and ids else given
        return "image", Shown("", media_detail(media_of(asked, first, "media_id", "image")))
    if kind == "mpnews":
        if given.get("media_id") not in DRAFTS:
            raise ApiError(40007, "invalid media_id")
        title = DRAFTS[str(given["media_id"])]
        card = {
            "title": title,
            "description": "",
            "url": "https://mp.weixin.qq.com/",
            "picture_url": "",
        }
        return "news", Shown(title, {"articles": [card]})
    raise ApiError(40008, "invalid message type")


APIS = (
    Api("/cgi-bin/message/mass/sendall", send_to_all, daily=CALLS_A_DAY),
    Api("/cgi-bin/message/mass/preview", preview, daily=PREVIEWS_A_DAY),
    Api("/cgi-bin/message/mass/get", show_status),
    Api("/cgi-bin/draft/batchget", list_drafts),
    Api("/cgi-bin/message/mass/send", send_to_some, Access.SERVICE, daily=CALLS_A_DAY),
)
