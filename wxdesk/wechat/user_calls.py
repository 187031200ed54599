"""Customers, their tags and the blacklist (docs/wechat.md#users, #tags)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from wxdesk.wechat.answers import (
    instant_of,
    needed_text,
    number_of,
    object_of,
    rows_of,
    text_of,
    texts_of,
)
from wxdesk.wechat.calls import Caller
from wxdesk.wechat.limits import MOST_OPENIDS_BLOCKED, MOST_OPENIDS_INFO, MOST_OPENIDS_TAGGED
from wxdesk.wechat.transport import Call, junk

LANGUAGE = "zh_CN"
TAG_ID = re.compile("[0-9]{1,9}")
LARGEST_TAG_ID = 999_999_999


@dataclass(frozen=True, slots=True)
class UserInfo:
    """What WeChat still tells; no name and no picture since 2021. All empty for non-followers."""

    is_following: bool
    openid: str
    followed_at: datetime | None
    unionid: str
    remark: str
    tag_ids: tuple[int, ...]
    subscribe_scene: str
    qr_scene: str
    qr_scene_str: str


@dataclass(frozen=True, slots=True)
class WeChatTag:
    """`count` is the number of customers."""

    id: int
    name: str
    count: int


class UserCalls(Caller):
    """Part of Client; all may be repeated except creating a tag."""

    def user_info(self, openid: str) -> UserInfo:
        query = {"openid": openid, "lang": LANGUAGE}
        return _user(self.ask(Call("user/info", query=query, may_repeat=True)).fields)

    def users_info(self, openids: Sequence[str]) -> list[UserInfo]:
        """At most 100 openids; a customer whose row can't be read is not in the answer."""
        _refuse_wrong_count(openids, MOST_OPENIDS_INFO)
        users = [{"openid": openid, "lang": LANGUAGE} for openid in openids]
        answer = self._change("user/info/batchget", {"user_list": users})
        return [_user(row) for row in rows_of(answer, "user_info_list") if text_of(row, "openid")]

    def set_remark(self, openid: str, remark: str) -> None:
        """Fewer than 30 characters; "" takes it away."""
        self._change("user/info/updateremark", {"openid": openid, "remark": remark})

    def list_tags(self) -> list[WeChatTag]:
        answer = self.ask(Call("tags/get", may_repeat=True)).fields
        return [_tag(row) for row in rows_of(answer, "tags")]

    def create_tag(self, name: str) -> WeChatTag:
        """At most 30 bytes; 45157 when there is one of this name. Ambiguous when unanswered."""
        answer = self.ask(Call("tags/create", {"tag": {"name": name}})).fields
        return _tag(object_of(answer, "tag"))

    def rename_tag(self, tag_id: int, name: str) -> None:
        self._change("tags/update", {"tag": {"id": tag_id, "name": name}})

    def delete_tag(self, tag_id: int) -> None:
        self._change("tags/delete", {"tag": {"id": tag_id}})

    def tag_customers(self, tag_id: int, openids: Sequence[str]) -> None:
        """At most 50 openids."""
        self._tagging("batchtagging", tag_id, openids)

    def untag_customers(self, tag_id: int, openids: Sequence[str]) -> None:
        """At most 50 openids."""
        self._tagging("batchuntagging", tag_id, openids)

    def block(self, openids: Sequence[str]) -> None:
        """At most 20 openids. WeChat keeps the messages of blocked customers to itself."""
        self._blacklisting("batchblacklist", openids)

    def unblock(self, openids: Sequence[str]) -> None:
        """At most 20 openids."""
        self._blacklisting("batchunblacklist", openids)

    def list_blocked(self, after: str = "") -> tuple[list[str], str]:
        """Up to 10,000 openids, and the `after` of the next page ("" at the end)."""
        answer = self._change("tags/members/getblacklist", {"begin_openid": after})
        openids = texts_of(object_of(answer, "data"), "openid")
        return openids, text_of(answer, "next_openid") if openids else ""

    def _tagging(self, verb: str, tag_id: int, openids: Sequence[str]) -> None:
        _refuse_wrong_count(openids, MOST_OPENIDS_TAGGED)
        self._change(f"tags/members/{verb}", {"openid_list": list(openids), "tagid": tag_id})

    def _blacklisting(self, verb: str, openids: Sequence[str]) -> None:
        _refuse_wrong_count(openids, MOST_OPENIDS_BLOCKED)
        self._change(f"tags/members/{verb}", {"openid_list": list(openids)})

    def _change(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return self.ask(Call(path, body, may_repeat=True)).fields


def _refuse_wrong_count(openids: Sequence[str], most: int) -> None:
    if not 1 <= len(openids) <= most:
        raise ValueError(f"1 to {most} openids in one call, not {len(openids)}")


def _user(row: Mapping[str, Any]) -> UserInfo:
    return UserInfo(
        is_following=number_of(row, "subscribe") == 1,
        openid=needed_text(row, "openid"),
        followed_at=instant_of(row, "subscribe_time"),
        unionid=text_of(row, "unionid"),
        remark=text_of(row, "remark"),
        tag_ids=_tag_ids(row.get("tagid_list")),
        subscribe_scene=text_of(row, "subscribe_scene"),
        qr_scene=text_of(row, "qr_scene"),
        qr_scene_str=text_of(row, "qr_scene_str"),
    )


def _tag_ids(value: object) -> tuple[int, ...]:
    if not isinstance(value, list):
        return ()
    return tuple(each for each in value if isinstance(each, int) and 0 <= each <= LARGEST_TAG_ID)


def _tag(row: Mapping[str, Any]) -> WeChatTag:
    tag_id = needed_text(row, "id")
    if not TAG_ID.fullmatch(tag_id):
        raise junk()
    return WeChatTag(int(tag_id), needed_text(row, "name"), number_of(row, "count"))
