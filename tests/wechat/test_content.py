"""Every kind of customer-service message in WeChat's own form."""

import pytest
from cast import WANG

from wxdesk.wechat.content import (
    Choice,
    Image,
    Menu,
    MiniProgramCard,
    NewsCard,
    Text,
    Video,
    Voice,
    custom_message,
)

MESSAGES = [
    (Text("您好"), {"msgtype": "text", "text": {"content": "您好"}}),
    (Image("m1"), {"msgtype": "image", "image": {"media_id": "m1"}}),
    (Voice("m1"), {"msgtype": "voice", "voice": {"media_id": "m1"}}),
    (Video("m1"), {"msgtype": "video", "video": {"media_id": "m1"}}),
    (
        Video("m1", "标题", "说明", "t1"),
        {
            "msgtype": "video",
            "video": {
                "media_id": "m1",
                "thumb_media_id": "t1",
                "title": "标题",
                "description": "说明",
            },
        },
    ),
    (
        NewsCard("标题", "说明", "https://a/", "https://a/p.jpg"),
        {
            "msgtype": "news",
            "news": {
                "articles": [
                    {
                        "title": "标题",
                        "description": "说明",
                        "url": "https://a/",
                        "picurl": "https://a/p.jpg",
                    }
                ]
            },
        },
    ),
    (
        MiniProgramCard("商城", "wx1", "pages/a?b=1", "t1"),
        {
            "msgtype": "miniprogrampage",
            "miniprogrampage": {
                "title": "商城",
                "appid": "wx1",
                "pagepath": "pages/a?b=1",
                "thumb_media_id": "t1",
            },
        },
    ),
    (
        Menu("满意吗?", (Choice("101", "满意"), Choice("102", "不满意")), "谢谢"),
        {
            "msgtype": "msgmenu",
            "msgmenu": {
                "head_content": "满意吗?",
                "list": [{"id": "101", "content": "满意"}, {"id": "102", "content": "不满意"}],
                "tail_content": "谢谢",
            },
        },
    ),
]


@pytest.mark.parametrize(
    ("content", "expected"), MESSAGES, ids=[type(content).__name__ for content, _ in MESSAGES]
)
def test_a_message_has_wechat_s_form(scripted, script, content, expected):
    scripted.send(WANG, content)
    assert script.asked("custom/send")[0].fields == {"touser": WANG, **expected}
    assert custom_message(WANG, content) == {"touser": WANG, **expected}
