"""A stream entry as text: what the webhook writes and the drain reads."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from wxdesk.intake.rules import AutoAnswer, Entry, HeldAnswer, summary
from wxdesk.plumbing.clock import EPOCH
from wxdesk.triage.rules import Hit, ReplyKind
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
    it = hit.reply
    values = [hit.rule_id, hit.version, hit.matched, it.text]
    if it.kind is not ReplyKind.TEXT:
        values += [it.kind, it.fields, it.media_id, it.attachment_id]
    return json.dumps(values, ensure_ascii=False)


def read_answer(text: str) -> AutoAnswer | HeldAnswer | None:
    """What `answer_of` or outbound/held.py wrote; None for an empty text."""
    if not text:
        return None
    values = json.loads(text)
    if isinstance(values, dict):
        return HeldAnswer(tuple(int(number) for number in values["held"]), values["text"])
    return AutoAnswer(*values)


def read_entry(body: bytes, answer: bytes) -> Entry:
    """The entry; BrokenEntryError when it can't be one."""
    try:
        values = json.loads(body)
        given = read_answer(answer.decode())
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
            answer=given if isinstance(given, AutoAnswer) else None,
            held=given if isinstance(given, HeldAnswer) else None,
        )
    except (ValueError, KeyError, TypeError, OverflowError, OSError) as error:
        raise BrokenEntryError(f"{type(error).__name__}: {error}") from error
