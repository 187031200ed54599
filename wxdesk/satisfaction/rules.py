"""Satisfaction ratings: the question, the answers, and what is only a comment. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

LOWEST_SCORE = 1
HIGHEST_SCORE = 5
LOW_SCORE = 2
ASK_AFTER = timedelta(seconds=30)
ASK_UNTIL = timedelta(minutes=30)
NOT_AGAIN_WITHIN = timedelta(hours=24)
EXPIRES_AFTER = timedelta(days=3)
CHANGE_WITHIN = timedelta(minutes=10)
COMMENT_WITHIN = timedelta(minutes=30)
LONGEST_COMMENT = 2_000
LONGEST_ONLY_COMMENT = 200

HEAD = "感谢您的咨询，请为本次服务打分："
TAIL = "点一下上面的文字即可"
CHOICES = {5: "非常满意", 4: "满意", 3: "一般", 2: "不满意", 1: "很不满意"}
COMMENT_QUESTION = "很抱歉没能让您满意。请告诉我们哪里不好，我们会认真改进。"

CHOICE = re.compile(r"csat-([1-9][0-9]{0,15})-([1-5])")
# Only what is made of these words alone is filed away as a comment.
JUDGEMENTS = re.compile(
    r"不太满意|不是很满意|不够满意|不满意|没有?(?:耐心|礼貌|素质)|不够?(?:专业|热情|礼貌|友好|友善|耐心|认真)"
    r"|不耐烦|不负责任?|不尊重人?|敷衍(?:了事)?|应付|冷淡|冷漠|恶劣|糟糕|糟透|太糟|太烂|差劲|差评"
    r"|差(?!我|你|了?[一二两三半]|钱|货|件|个)|慢|低|失望|一般|垃圾|不好",
)
AROUND = re.compile(
    r"客服人员|服务质量|服务水平|服务|态度|客服|人员|你们|他们|她们|回复|回答|说话|语气|沟通|体验|速度|效率|反应|水平"
    r"|我?(?:感觉|觉得|认为)|这次|本次|这个|那个|非常|十分|极其|特别|比较|有点|有些|真的|真是|确实|一直|总是|实在"
    r"|而且|并且|很|太|真|好|挺|最|超|极|死|也|都|就|又|是|对|的|得|地|了|啦|啊|呀|吧|哦|和|跟|你|他|她"
    r"|[\s，。、；：！～…,.;:!~]"
)
# Whoever asks, wants something done, or names a number is answered by people in any case.
ASKS = re.compile(
    r"[?？]|吗|呢|么|啥|咋|怎|哪|谁|几|多少|何时|何为|为何|如何|是否|能否|可否|能不能|可不可以|有没有|请"
    r"|退|换货|补|赔|投诉|举报|人工|[找转叫要]客服|电话|微信|联系|回电|尽快|马上|赶紧|麻烦|帮|处理|解决"
    r"|回复(?!得|的|太|很|真|好|非常|特别|比较|有点|慢|差|敷衍|不)|催|取消|发货|物流|订单|发票|地址|http|www\.|[0-9０-９]{4,}",
    re.IGNORECASE,
)


class RatingState(StrEnum):
    """`asked` until a score comes; `rated` may get a comment; `expired` had no answer in time.

    `unsent`: WeChat did not take the question, so the customer was never asked. A tap that comes
    all the same makes both `rated`.
    """

    ASKED = "asked"
    RATED = "rated"
    EXPIRED = "expired"
    UNSENT = "unsent"


class Heard(StrEnum):
    """What a tap on a choice means for its rating."""

    FIRST = "first"
    CHANGED = "changed"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True)
class Tap:
    """A choice of one of our questions."""

    rating_id: int
    score: int


def choice_id(rating_id: int, score: int) -> str:
    """The id that a menu's choice carries, and that comes back when it is tapped."""
    return f"csat-{rating_id}-{score}"


def read_choice(menu_id: object) -> Tap | None:
    """What was tapped; None for choices of other menus."""
    found = CHOICE.fullmatch(menu_id) if isinstance(menu_id, str) else None
    return Tap(int(found[1]), int(found[2])) if found else None


def question_fields(rating_id: int) -> dict[str, object]:
    """The menu message: head, five choices from the best, tail (docs/wechat.md#ratings)."""
    choices = [{"id": choice_id(rating_id, score), "text": text} for score, text in CHOICES.items()]
    return {"head": HEAD, "choices": choices, "tail": TAIL}


def hear(
    state: RatingState, *, before: int | None, now: int, rated_at: datetime | None, at: datetime
) -> Heard:
    """The first tap counts, however late; a changed mind within ten minutes replaces it.

    A tap on a question that never left, as it seemed, shows that it did. One that was made before
    the one that counts, and came later, does not.
    """
    if state is not RatingState.RATED:
        return Heard.FIRST
    is_soon = rated_at is not None and timedelta(0) <= at - rated_at <= CHANGE_WITHIN
    if is_soon and before != now:
        return Heard.CHANGED
    return Heard.IGNORED


def is_low(score: int) -> bool:
    return score <= LOW_SCORE


def may_be_asked_now(*, is_open: bool, left: int, slots_for_people: int) -> bool:
    """The window's last answers are kept for people: a question never takes one of them."""
    return is_open and left > slots_for_people


def is_only_comment(text: str) -> bool:
    """A judgement of the service and not a word more: people read all else as a message."""
    if len(text) > LONGEST_ONLY_COMMENT or ASKS.search(text):
        return False
    rest, judgements = JUDGEMENTS.subn("，", text)
    return judgements > 0 and not AROUND.sub("", rest)
