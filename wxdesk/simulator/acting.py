"""What customers do beyond writing: send files, places and cards, scan codes, tap the menu."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from typing import Any

from wxdesk.simulator.books import QrCode
from wxdesk.simulator.courier import Parcel
from wxdesk.simulator.errors import BadInputError
from wxdesk.simulator.formats import Format, format_of
from wxdesk.simulator.media import Media
from wxdesk.simulator.platform import Platform
from wxdesk.simulator.records import Bubble, Customer
from wxdesk.simulator.samples import SAMPLE_OF_KIND, sample
from wxdesk.simulator.voices import to_amr

Acted = tuple[Bubble, Parcel]
FILE_KINDS = ("image", "voice", "video", "shortvideo")
SUFFIXES = {"image": ("jpg", "png", "gif"), "video": ("mp4",), "shortvideo": ("mp4",)}
MOST_FILE_BYTES = 25 * 1024 * 1024
VERIFY_RESULT = "EAN_13,6901234567892"
PLACE = {"Location_X": 31.2304, "Location_Y": 121.4737, "Scale": 16, "Label": "上海市人民广场"}


def send_file(platform: Platform, openid: str, kind: str, content: bytes | None = None) -> Acted:
    """An image, voice, video or short video; a built-in sample without `content`."""
    customer = platform.state.customer(openid)
    if kind == "voice":
        fields = _voice(platform, customer, content)
    else:
        media = _stored(platform, customer, kind, content)
        fields = {"MediaId": media.media_id}
        if kind == "image":
            fields = {"PicUrl": _address(platform, media), **fields}
        else:
            fields["ThumbMediaId"] = _stored(platform, customer, "thumb", None).media_id
    return platform.send_raw(openid, kind, fields)


def send_card(platform: Platform, openid: str, kind: str, fields: Mapping[str, object]) -> Acted:
    """A location, link, mini-program page or file; `fields` as in the push, gaps are filled."""
    if kind == "location":
        return platform.send_raw(openid, kind, {**PLACE, **fields})
    if kind == "link":
        given = {"Title": "", "Description": "", "Url": "https://example.com/", **fields}
        return platform.send_raw(openid, kind, given)
    if kind == "file":
        return platform.send_raw(openid, kind, _file_fields(fields))
    customer = platform.state.customer(openid)
    thumb = _stored(platform, customer, "thumb", None)
    page = {"Title": "", "AppId": "wx00000000simulate", "PagePath": "pages/index/index", **fields}
    more = {"ThumbUrl": _address(platform, thumb), "ThumbMediaId": thumb.media_id}
    return platform.send_raw(openid, "miniprogrampage", {**page, **more})


def scan(platform: Platform, openid: str, wanted: str) -> Acted:
    """Scan a QR code by its ticket, its address or its scene; an unknown scene is taken too."""
    customer = platform.state.customer(openid)
    with platform.state.changed:
        code = _code(platform, customer, wanted)
        now = platform.state.clock()
        if code is not None and code.expires_at is not None and now >= code.expires_at:
            raise BadInputError("ticket", "the QR code has expired")
        scene = code.scene if code else wanted
        ticket = code.ticket if code else f"gQ{secrets.token_urlsafe(60)}"
    if customer.is_following:
        return platform.happen(openid, "SCAN", {"EventKey": scene, "Ticket": ticket})
    key = f"qrscene_{scene}"
    return platform.happen(openid, "subscribe", {"EventKey": key, "Ticket": ticket})


def tap_menu(platform: Platform, openid: str, places: list[int]) -> Acted:
    """Tap a menu item: its place, or the place of the button and of the item under it."""
    customer = platform.state.customer(openid)
    with platform.state.changed:
        item = _menu_item(platform.state.book(customer.original_id).menu, places)
    kind = str(item.get("type"))
    if kind == "view":
        fields = {"EventKey": item["url"], "MenuId": _menu_id(item)}
        return platform.happen(openid, "VIEW", fields)
    if kind == "miniprogram":
        fields = {"EventKey": item["pagepath"], "MenuId": _menu_id(item)}
        return platform.happen(openid, "view_miniprogram", fields)
    if kind == "click":
        return platform.happen(openid, "CLICK", {"EventKey": item["key"]})
    if "key" not in item:
        raise BadInputError("item", "this item shows an article and pushes nothing")
    return _tap_device(platform, openid, kind, str(item["key"]))


def _tap_device(platform: Platform, openid: str, kind: str, key: str) -> Acted:
    """Items that open the camera, the album or the map push an event, then what was chosen."""
    if kind.startswith("scancode"):
        result = {"ScanType": "barcode", "ScanResult": VERIFY_RESULT}
        return platform.happen(openid, kind, {"EventKey": key, "ScanCodeInfo": result})
    if kind == "location_select":
        chosen = {**{name: str(value) for name, value in PLACE.items()}, "Poiname": ""}
        acted = platform.happen(openid, kind, {"EventKey": key, "SendLocationInfo": chosen})
        send_card(platform, openid, "location", {})
        return acted
    digest = hashlib.md5(sample(SAMPLE_OF_KIND["image"]), usedforsecurity=False).hexdigest()
    pictures = {"Count": 1, "PicList": {"item": [{"PicMd5Sum": digest}]}}
    acted = platform.happen(openid, kind, {"EventKey": key, "SendPicsInfo": pictures})
    send_file(platform, openid, "image")
    return acted


def _voice(platform: Platform, customer: Customer, content: bytes | None) -> dict[str, object]:
    """AMR when possible; a recording that can't be converted goes out in its own format."""
    if content is None:
        narrow = _stored(platform, customer, "voice", None)
        wide = _kept(platform, customer, "voice", sample(SAMPLE_OF_KIND["wide_voice"]))
        ids = {"MediaId": narrow.media_id, "MediaId16K": wide.media_id}
        return {"Format": "amr", **ids}
    found = format_of(content)
    if found is None or found.suffix != "amr":
        content = to_amr(content) or content
    media = _kept(platform, customer, "voice", content)
    suffix = media.file_name.rpartition(".")[2]
    if suffix != "amr":
        return {"Format": suffix, "MediaId": media.media_id}
    wide = _kept(platform, customer, "voice", content)
    return {"Format": suffix, "MediaId": media.media_id, "MediaId16K": wide.media_id}


def _stored(platform: Platform, customer: Customer, kind: str, content: bytes | None) -> Media:
    content = sample(SAMPLE_OF_KIND[kind]) if content is None else content
    found = format_of(content)
    allowed = SUFFIXES.get(kind)
    if allowed and (found is None or found.suffix not in allowed):
        raise BadInputError("media", f"must be {' or '.join(allowed)}")
    return _kept(platform, customer, "video" if kind == "shortvideo" else kind, content)


def _kept(platform: Platform, customer: Customer, kind: str, content: bytes) -> Media:
    if not 0 < len(content) <= MOST_FILE_BYTES:
        raise BadInputError("media", "must hold 1 byte to 25 MB")
    found = format_of(content)
    if found is None:
        found = Format("bin", "application/octet-stream")
    state = platform.state
    with state.changed:
        return state.media.add(customer.original_id, kind, content, found, state.clock())


def _address(platform: Platform, media: Media) -> str:
    return f"{platform.state.address}/files/{media.media_id}"


def _file_fields(given: Mapping[str, object]) -> dict[str, object]:
    """As WeChat pushed them in 2018: a name and a size, and nothing to fetch."""
    name = str(given.get("Title", "报价单.pdf"))
    digest = hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()
    size = given.get("FileTotalLen", 128_413)
    key = secrets.token_hex(24)
    return {
        "Title": name,
        "Description": "",
        "FileKey": key,
        "FileMd5": digest,
        "FileTotalLen": size,
    }


def _code(platform: Platform, customer: Customer, wanted: str) -> QrCode | None:
    codes = platform.state.book(customer.original_id).qr_codes
    if wanted in codes:
        return codes[wanted]
    found = [code for code in codes.values() if wanted in (code.scene, code.url)]
    return found[-1] if found else None


def _menu_item(menu: Mapping[str, Any], places: list[int]) -> dict[str, Any]:
    items: Any = menu.get("button", [])
    item: Any = {}
    for place in places:
        if not 0 <= place < len(items):
            raise BadInputError("item", "there is no such item")
        item = items[place]
        items = item.get("sub_button", [])
    if not places or items:
        raise BadInputError("item", "this button only opens others")
    return dict(item)


def _menu_id(item: Mapping[str, Any]) -> str:
    digest = hashlib.sha256(str(item.get("name")).encode()).digest()
    return str(400_000_000 + int.from_bytes(digest[:3], "big"))
