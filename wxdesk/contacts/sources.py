"""How a customer came to follow the account, as a sentence. Pure."""

from __future__ import annotations

from wxdesk.words import say

SENTENCES = {
    "ADD_SCENE_SEARCH": say("Found the account by search"),
    "ADD_SCENE_ACCOUNT_MIGRATION": say("Came along when the account moved"),
    "ADD_SCENE_PROFILE_CARD": say("Was sent the account's card"),
    "ADD_SCENE_QR_CODE": say("Scanned the account's QR code"),
    "ADD_SCENE_PROFILE_LINK": say("Tapped the account's name in an article"),
    "ADD_SCENE_PROFILE_ITEM": say("Followed from an article's menu"),
    "ADD_SCENE_PAID": say("Followed after a payment"),
    "ADD_SCENE_WECHAT_ADVERTISEMENT": say("Came from a WeChat advertisement"),
    "ADD_SCENE_REPRINT": say("Came from a reprinted article"),
    "ADD_SCENE_LIVESTREAM": say("Came from a live stream in Channels"),
    "ADD_SCENE_CHANNELS": say("Came from Channels"),
    "ADD_SCENE_WXA": say("Came from a mini program"),
    "ADD_SCENE_OTHERS": say("Came another way"),
}


def follow_source(scene: str, qr_scene: str) -> str:
    """A sentence (docs/wechat.md#users); "" when it is not known."""
    if qr_scene:
        return say("Scanned the QR code %(scene)s", scene=qr_scene)
    if not scene:
        return ""
    return SENTENCES.get(scene) or say("Came another way (%(scene)s)", scene=scene)


def qr_scene_of(number: str, text: str) -> str:
    """The scene of the QR code: WeChat gives a text, or a number that is 0 without one."""
    return text or (number if number != "0" else "")
