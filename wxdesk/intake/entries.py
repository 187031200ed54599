"""A stream entry as text: what the webhook writes and the drain reads."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from wxdesk.intake.rules import AutoAnswer, Entry, summary
from wxdesk.plumbing.clock import EPOCH
from wxdesk.triage.rules import Hit
from wxdesk.wechat.push import Push

PLAIN_TEXT_FIELDS = frozenset(
    {"ToUserName", "FromUserName", "CreateTime", "MsgType", "Content", "MsgId"}
)
MICROSECOND = timedelta(microseconds=1)


class BrokenEntryError(ValueError):
    """The entry is not what the webhook writes."""


def body_of(push: Push, account_id: int, received_at: datetime) -> str:
    """JSON of everything that must be recorded of a push."""
    is_plain = push.kind == "text" and push.fields.keys() <= PLAIN_TEXT_FIELDS
    return json.dumps(
        {
            "account_id": account_id,
            "openid": push.openid,
            "once_key": push.once_key,
            "kind": push.kind,
            "event": push.event,
            "msg_id": push.msg_id,
            "text": summary(push.fields),
            "fields": None if is_plain else push.fields,
            "created": int(push.created_at.timestamp()),
            "received": (received_at - EPOCH) // MICROSECOND,
        },
        ensure_ascii=False,
    )


def answer_of(hit: Hit) -> str:
    """JSON of the rule's answer."""
    return json.dumps([hit.rule_id, hit.version, hit.matched, hit.reply_text], ensure_ascii=False)


def read_answer(text: str) -> AutoAnswer | None:
    """The answer written by `answer_of`; None for an empty text."""
    return AutoAnswer(*json.loads(text)) if text else None


def read_entry(body: bytes, answer: bytes) -> Entry:
    """The entry; BrokenEntryError when it can't be one."""
    try:
        values = json.loads(body)
        return Entry(
            account_id=int(values["account_id"]),
            openid=values["openid"],
            once_key=values["once_key"],
            kind=values["kind"],
            event=values["event"],
            msg_id=values["msg_id"],
            text=values["text"],
            fields=values["fields"],
            created_at=datetime.fromtimestamp(values["created"], UTC),
            received_at=EPOCH + values["received"] * MICROSECOND,
            answer=read_answer(answer.decode()),
        )
    except (ValueError, KeyError, TypeError, OverflowError, OSError) as error:
        raise BrokenEntryError(f"{type(error).__name__}: {error}") from error
