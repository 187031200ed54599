"""A stream entry as text: what the webhook writes and the drain reads."""

from __future__ import annotations

import json
from dataclasses import MISSING, fields
from datetime import UTC, datetime, timedelta

from wxdesk.intake.rules import AutoAnswer, Entry, HeldAnswer, summary
from wxdesk.plumbing.clock import EPOCH
from wxdesk.plumbing.gates import AS_JSON
from wxdesk.wechat.push import Push

PLAIN_TEXT_FIELDS = frozenset(
    {"ToUserName", "FromUserName", "CreateTime", "MsgType", "Content", "MsgId"}
)
MICROSECOND = timedelta(microseconds=1)
NAMES = tuple(field.name for field in fields(AutoAnswer))
USUAL = {it.name: it.default for it in fields(AutoAnswer) if it.default is not MISSING}


class BrokenEntryError(ValueError):
    """The entry is not what the webhook writes."""


def body_of(push: Push, account_id: int, received_at: datetime) -> str:
    """JSON of everything that must be recorded of a push."""
    is_plain = push.kind == "text" and push.fields.keys() <= PLAIN_TEXT_FIELDS
    return AS_JSON(
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
        }
    )


def answer_text(answer: AutoAnswer) -> str:
    """JSON of a rule's answer, without what is as usual."""
    values = {name: getattr(answer, name) for name in NAMES}
    return AS_JSON({name: value for name, value in values.items() if value != USUAL.get(name)})


def read_answer(text: str) -> AutoAnswer | HeldAnswer | None:
    """What `answer_text` or outbound/held.py wrote; None for an empty text.

    A list is from before this version: rule, version, matched, text, kind, fields and files.
    """
    if not text:
        return None
    values = json.loads(text)
    if isinstance(values, list):
        return AutoAnswer(*values)
    if "held" in values:
        return HeldAnswer(tuple(int(number) for number in values["held"]), values["text"])
    return AutoAnswer(**values)


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
