"""Spool files go into the streams as soon as Redis is back, the oldest first."""

from __future__ import annotations

from wxdesk.conversations import standings
from wxdesk.intake.streams import NAMES, intake_streams
from wxdesk.plumbing.spool import Spooled
from wxdesk.plumbing.streams import Offer, Streams
from wxdesk.runtime import Runtime


def empty_spool(runtime: Runtime) -> int:
    """Move every spooled entry; a file is removed only when Redis has its entry.

    One mover at a time; the once-key would keep two from storing twice. Raises RedisError when
    Redis is away again, OSError when the directory can't be used.
    """
    moved, streams = 0, intake_streams(runtime.redis)
    with runtime.spool.alone() as is_alone:
        while is_alone and (entries := runtime.spool.entries()):
            for entry in entries:
                _append(streams, entry)
                runtime.spool.remove(entry)
            moved += len(entries)
    return moved


def _append(streams: Streams, entry: Spooled) -> None:
    """Put a spooled entry into the stream that was chosen when it arrived."""
    account_id = entry.once_key.partition(":")[0]
    number = NAMES.index(entry.stream) + 1
    streams.append_once(
        Offer(
            once_key=entry.once_key,
            standings_key=standings.key(int(account_id)),
            standings_field="",
            counter_field=account_id,
            body=entry.body,
            answer=entry.answer,
            choices=f" new:{number}:{number}",
        )
    )
