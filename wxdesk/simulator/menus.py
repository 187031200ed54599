"""The menu under a chat: its rules, and the sample that demo accounts start with."""

from __future__ import annotations

from typing import Any

from wxdesk.simulator.errors import ApiError

MOST_BUTTONS, MOST_SUB_BUTTONS = 3, 5
NAME_BYTES, SUB_NAME_BYTES = 16, 60
KEY_BYTES, URL_BYTES = 128, 1024
KEY_TYPES = frozenset(
    {
        *("click", "scancode_push", "scancode_waitmsg", "pic_sysphoto"),
        *("pic_photo_or_album", "pic_weixin", "location_select"),
    }
)
URL_TYPES = frozenset({"view", "miniprogram"})
MEDIA_TYPES = frozenset({"media_id", "view_limited", "article_id", "article_view_limited"})

SAMPLE_MENU: dict[str, Any] = {
    "button": [
        {"type": "click", "name": "领券中心", "key": "MENU_COUPON"},
        {
            "name": "服务",
            "sub_button": [
                {"type": "click", "name": "联系客服", "key": "MENU_SERVICE"},
                {"type": "click", "name": "查物流", "key": "MENU_LOGISTICS"},
                {"type": "scancode_waitmsg", "name": "扫码验真", "key": "MENU_VERIFY"},
                {"type": "pic_photo_or_album", "name": "上传照片", "key": "MENU_PHOTO"},
                {"type": "location_select", "name": "附近门店", "key": "MENU_STORES"},
            ],
        },
        {"type": "view", "name": "商城", "url": "https://example.com/mall"},
    ]
}


def checked_menu(order: dict[str, Any]) -> dict[str, Any]:
    """The menu if WeChat would take it; ApiError otherwise."""
    buttons = order.get("button")
    if not isinstance(buttons, list) or not 0 < len(buttons) <= MOST_BUTTONS:
        raise ApiError(40016, "invalid button size")
    return {"button": [_button(button) for button in buttons]}


def _button(button: object) -> dict[str, Any]:
    if not isinstance(button, dict):
        raise ApiError(40017, "invalid button type")
    subs = button.get("sub_button")
    if not subs:
        return _leaf(button, NAME_BYTES)
    if not isinstance(subs, list) or len(subs) > MOST_SUB_BUTTONS:
        raise ApiError(40023, "invalid sub button size")
    if any(isinstance(sub, dict) and sub.get("sub_button") for sub in subs):
        raise ApiError(40022, "invalid sub button level")
    name = _text(button, "name", NAME_BYTES, 40018)
    return {"name": name, "sub_button": [_leaf(sub, SUB_NAME_BYTES) for sub in subs]}


def _leaf(button: object, name_bytes: int) -> dict[str, Any]:
    if not isinstance(button, dict):
        raise ApiError(40017, "invalid button type")
    kind = button.get("type")
    leaf = {"type": kind, "name": _text(button, "name", name_bytes, 40018)}
    if kind in KEY_TYPES:
        return {**leaf, "key": _text(button, "key", KEY_BYTES, 40019)}
    if kind in URL_TYPES:
        return {**leaf, **_target(button, str(kind))}
    if kind in MEDIA_TYPES:
        name = "article_id" if "article" in str(kind) else "media_id"
        return {**leaf, name: _text(button, name, KEY_BYTES, 40007)}
    raise ApiError(40017, "invalid button type")


def _target(button: dict[str, Any], kind: str) -> dict[str, str]:
    url = _text(button, "url", URL_BYTES, 40020)
    if not url.startswith(("http://", "https://")):
        raise ApiError(40055, "invalid button url domain")
    if kind == "view":
        return {"url": url}
    names = ("appid", "pagepath")
    return {"url": url, **{name: _text(button, name, KEY_BYTES, 40017) for name in names}}


def _text(button: dict[str, Any], name: str, most_bytes: int, errcode: int) -> str:
    value = button.get(name)
    if not isinstance(value, str) or not 0 < len(value.encode(errors="replace")) <= most_bytes:
        raise ApiError(errcode, f"invalid button {name} size")
    return value
