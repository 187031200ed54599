"""The fields of every event that WeChat documents, with sample values."""

from __future__ import annotations

from collections.abc import Mapping

WITH_KEY = ("subscribe", "unsubscribe", "scan", "click", "view", "view_miniprogram")
SCANNED = {"ScanCodeInfo": {"ScanType": "qrcode", "ScanResult": "https://example.com/q/1"}}
PICTURES = {
    "SendPicsInfo": {
        "Count": 1,
        "PicList": {"item": [{"PicMd5Sum": "1b5f7c23b5bf75682a53e7b6d163e185"}]},
    }
}
CHOSEN_PLACE = {
    "SendLocationInfo": {
        "Location_X": "31.2304",
        "Location_Y": "121.4737",
        "Scale": "16",
        "Label": "上海市人民广场",
        "Poiname": "",
    }
}
MASS_RESULT = {
    "MsgID": 1000001625,
    "Status": "send success",
    "TotalCount": 100,
    "FilterCount": 80,
    "SentCount": 75,
    "ErrorCount": 5,
    "CopyrightCheckResult": {"Count": 0, "ResultList": "", "CheckState": 2},
    "ArticleUrlResult": {"Count": 0, "ResultList": ""},
}
PUBLISHED = {
    "PublishEventInfo": {
        "publish_id": 2247503051,
        "publish_status": 0,
        "article_id": "simulated-article",
        "article_detail": {
            "count": 1,
            "item": [{"idx": 1, "article_url": "https://example.com/a/1"}],
        },
    }
}
TEMPLATE_ID = "Sb_prize_result_simulated_0000000000000001"
POPPED_UP = {
    "SubscribeMsgPopupEvent": {
        "List": [{"TemplateId": TEMPLATE_ID, "SubscribeStatusString": "accept", "PopupScene": "2"}]
    }
}
CHANGED = {
    "SubscribeMsgChangeEvent": {
        "List": [{"TemplateId": TEMPLATE_ID, "SubscribeStatusString": "reject"}]
    }
}
SENT = {
    "SubscribeMsgSentEvent": {
        "List": [
            {
                "TemplateId": TEMPLATE_ID,
                "MsgID": "1700827132819554304",
                "ErrorCode": "0",
                "ErrorStatus": "success",
            }
        ]
    }
}
SESSION = {"KfAccount": "test1@test"}
WITHDRAWN = {"OpenID": "", "AppID": "", "RevokeInfo": "301"}

SAMPLES: Mapping[str, Mapping[str, object]] = {
    "location": {"Latitude": 31.2304, "Longitude": 121.4737, "Precision": 65.0},
    "view": {"MenuId": "402123456"},
    "view_miniprogram": {"MenuId": "402123456"},
    "scancode_push": SCANNED,
    "scancode_waitmsg": SCANNED,
    "pic_sysphoto": PICTURES,
    "pic_photo_or_album": PICTURES,
    "pic_weixin": PICTURES,
    "location_select": CHOSEN_PLACE,
    "templatesendjobfinish": {"MsgID": 200163836, "Status": "success"},
    "masssendjobfinish": MASS_RESULT,
    "publishjobfinish": PUBLISHED,
    "kf_create_session": SESSION,
    "kf_close_session": {**SESSION, "CloseType": "KF"},
    "kf_switch_session": {"FromKfAccount": "test1@test", "ToKfAccount": "test2@test"},
    "subscribe_msg_popup_event": POPPED_UP,
    "subscribe_msg_change_event": CHANGED,
    "subscribe_msg_sent_event": SENT,
    "user_info_modified": WITHDRAWN,
    "user_authorization_revoke": WITHDRAWN,
    "user_authorization_cancellation": WITHDRAWN,
    "user_enter_tempsession": {"SessionFrom": "simulator"},
}
KEYED = frozenset(
    {
        *WITH_KEY,
        *("scancode_push", "scancode_waitmsg", "pic_sysphoto", "pic_photo_or_album"),
        *("pic_weixin", "location_select"),
    }
)


def event_fields(
    event: str, given: Mapping[str, object], openid: str, app_id: str
) -> dict[str, object]:
    """The fields of an event: documented ones with samples, then what was given."""
    name = event.lower()
    known = dict(SAMPLES.get(name, {}))
    if "OpenID" in known:
        known.update(OpenID=openid, AppID=app_id)
    key = {"EventKey": ""} if name in KEYED or name not in SAMPLES else {}
    return {**key, **known, **given}
