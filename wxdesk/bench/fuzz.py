"""`wxdesk bench intake --fuzz-seconds`: bodies that WeChat would never send, at a real instance.

Each is made of a seed and a number, so that a failure can be made again.
"""

from __future__ import annotations

import base64
import http.client
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from wxdesk.accounts.rules import Mode
from wxdesk.bench.event import BenchAccount, make_account, pushes
from wxdesk.bench.instance import installation
from wxdesk.bench.load import as_fast_as_possible
from wxdesk.bench.serving import free_port, serving, wait_for_port, wait_until_drained
from wxdesk.intake.streams import intake_streams
from wxdesk.runtime import build
from wxdesk.wechat.crypto import Cipher, sign

DEADLINE_SECONDS = 5.0
THREADS = 4
MOST_SHOWN = 5
SHOWN_BYTES = 200
GOOD_PUSHES = 200

FIELDS: dict[str, object] = {
    "ToUserName": "gh_bench",
    "FromUserName": "oFuzz0000000000000000000000",
    "CreateTime": 1_700_000_000,
    "MsgType": "text",
    "Content": "我要抽奖 😀",
    "MsgId": 23456789012345678,
}
ODD_VALUES = (
    *(
        "",
        " ",
        "0",
        "-1",
        "9" * 5000,
        "1e999",
        "NaN",
        "null",
        "\u0000",
        "\ufeff",
        "\u202e",
        "é\u0301",
    ),
    *(
        "]]>",
        "<!--",
        "-->",
        "&lt;",
        "&#0;",
        "&#x10FFFF;",
        "&amp;" * 500,
        "<![CDATA[",
        "%s%n",
        "'\"--",
    ),
    *(
        "event",
        "EVENT",
        "image",
        "subscribe",
        "x" * 41,
        "gh_other",
        "抽奖" * 3000,
        "../../etc/passwd",
    ),
)
DTDS = (
    '<!DOCTYPE xml [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>',
    '<!DOCTYPE xml [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
    '<!DOCTYPE xml SYSTEM "http://127.0.0.1:9/x.dtd">',
    '<?xml version="1.0" encoding="utf-16"?>',
    '<?xml version="9.9"?>',
)
ENCODINGS = ("gbk", "utf-16", "utf-32", "utf-8-sig", "big5", "utf-7")

Mutate = Callable[[random.Random, dict[str, object]], bytes]


@dataclass(frozen=True, slots=True)
class Shot:
    """One request; `name` is the mutation that made the body."""

    name: str
    path: str
    body: bytes


@dataclass(slots=True)
class Tally:
    """Answers by status and by mutation; shared by the threads."""

    by_status: Counter[str] = field(default_factory=Counter)
    by_mutation: Counter[str] = field(default_factory=Counter)
    bad: list[str] = field(default_factory=list)
    slowest: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, shot: Shot, status: str, seconds: float) -> None:
        with self.lock:
            self.by_status[status] += 1
            self.by_mutation[shot.name] += 1
            self.slowest = max(self.slowest, seconds)
            if not status.isdigit() or int(status) >= 500 or seconds > DEADLINE_SECONDS:
                shown = base64.b64encode(shot.body[:SHOWN_BYTES]).decode()
                self.bad.append(f"{status} {seconds:.1f} s {shot.name} {shot.path} {shown}")


def measure(seconds: float, seed: int = 1) -> dict[str, Any]:
    """Counts by status, the slowest answer, and what was answered badly ("bad", must be none)."""
    with installation("sqlite", port=free_port()) as settings:
        runtime = build(settings)
        accounts = [make_account(runtime, mode) for mode in Mode]
        with serving(settings, "-m", "wxdesk", "up"):
            wait_for_port(settings.port)
            tally = _fuzz(settings.port, accounts, seconds, seed)
            good = pushes(accounts[0], GOOD_PUSHES, runtime.clock(), seed)
            after = as_fast_as_possible(settings.port, good)
            wait_until_drained(runtime)
            left = sum(intake_streams(runtime.redis).waiting())
    return {
        "fuzzed_seconds": seconds,
        "requests": sum(tally.by_status.values()),
        **{f"answered_{status}": count for status, count in sorted(tally.by_status.items())},
        "kinds_of_mutation": len(tally.by_mutation),
        "slowest_ms": round(tally.slowest * 1000),
        "good_pushes_answered_after": f"{len(after.answered)} of {GOOD_PUSHES}",
        "left_in_streams": left,
        "bad": len(tally.bad),
        **{f"bad_{number}": text for number, text in enumerate(tally.bad[:MOST_SHOWN], 1)},
    }


def is_clean(result: dict[str, Any]) -> bool:
    """No 500, no hang, and everything that was accepted went through afterwards."""
    is_well = result["good_pushes_answered_after"] == f"{GOOD_PUSHES} of {GOOD_PUSHES}"
    return bool(is_well and result["bad"] == 0 and result["left_in_streams"] == 0)


def _fuzz(port: int, accounts: Sequence[BenchAccount], seconds: float, seed: int) -> Tally:
    tally = Tally()
    ends_at = time.monotonic() + seconds

    def lane(first: int) -> None:
        number = first
        while time.monotonic() < ends_at:
            _fire(port, shot(accounts, seed, number), tally)
            number += THREADS

    threads = [threading.Thread(target=lane, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return tally


def _fire(port: int, shot: Shot, tally: Tally) -> None:
    started = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE_SECONDS)
    try:
        connection.request("POST", shot.path, shot.body, {"Content-Type": "text/xml"})
        answer = connection.getresponse()
        answer.read()
        status = str(answer.status)
    except (OSError, http.client.HTTPException) as error:
        # a body over the limit is refused unread: the connection may break while we still send
        is_refused = len(shot.body) > 64 * 1024 and isinstance(error, ConnectionError)
        status = "413" if is_refused else type(error).__name__
    finally:
        connection.close()
    tally.add(shot, status, time.monotonic() - started)


def shot(accounts: Sequence[BenchAccount], seed: int, number: int) -> Shot:
    """Request number `number` of this seed."""
    chance = random.Random(f"{seed}-{number}")  # noqa: S311 -- a repeatable attack
    account = chance.choice(accounts)
    name, mutate = chance.choice(MUTATIONS)
    body = mutate(chance, FIELDS | {"ToUserName": account.original_id})
    is_sealed = chance.random() < (0.8 if account.mode is not Mode.PLAIN else 0.2)
    query, body = _sealed(chance, account, body) if is_sealed else _plain(chance, account, body)
    return Shot(name, f"/wechat/{account.slug}?{urlencode(query)}", body)


def _plain(
    chance: random.Random, account: BenchAccount, body: bytes
) -> tuple[dict[str, str], bytes]:
    stamp, nonce = "1700000000", str(chance.randrange(10**9))
    query = {"signature": sign(account.token, stamp, nonce), "timestamp": stamp, "nonce": nonce}
    return _spoiled_now_and_then(chance, query), body


def _sealed(
    chance: random.Random, account: BenchAccount, body: bytes
) -> tuple[dict[str, str], bytes]:
    key = account.aes_key if chance.random() < 0.9 else "Z" * 43
    encrypted = _wrong_base64(chance, Cipher(key, account.app_id).encrypt(_as_text(body)))
    stamp, nonce = "1700000000", str(chance.randrange(10**9))
    signature = sign(account.token, stamp, nonce, encrypted)
    query = {"timestamp": stamp, "nonce": nonce, "encrypt_type": "aes", "msg_signature": signature}
    envelope = {"ToUserName": account.original_id, "Encrypt": encrypted}
    outer = _json(envelope) if chance.random() < 0.3 else _xml(envelope)
    return _spoiled_now_and_then(chance, query), outer


def _as_text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return body.decode("latin-1")


def _wrong_base64(chance: random.Random, encrypted: str) -> str:
    if chance.random() < 0.7:
        return encrypted
    place = chance.randrange(len(encrypted))
    return chance.choice(
        (
            encrypted[:place],
            encrypted[:place] + "*" + encrypted[place:],
            encrypted[::-1],
            "====",
            "é",
        )
    )


def _spoiled_now_and_then(chance: random.Random, query: dict[str, str]) -> dict[str, str]:
    if chance.random() < 0.85:
        return query
    name = chance.choice(list(query))
    return {**query, name: chance.choice(ODD_VALUES)[:500], chance.choice("abc"): "1"}


def _xml(fields: Mapping[str, object]) -> bytes:
    parts = (
        f"<{name}>{value}</{name}>"
        if isinstance(value, int)
        else f"<{name}><![CDATA[{value}]]></{name}>"
        for name, value in fields.items()
    )
    return f"<xml>{''.join(parts)}</xml>".encode("utf-8", "surrogatepass")


def _json(fields: Mapping[str, object]) -> bytes:
    return json.dumps(fields, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _form(chance: random.Random, fields: dict[str, object]) -> bytes:
    return chance.choice((_xml, _json))(fields)


def _whole(chance: random.Random, fields: dict[str, object]) -> bytes:
    return _form(chance, fields | {"MsgId": chance.randrange(10**18)})


def _truncated(chance: random.Random, fields: dict[str, object]) -> bytes:
    body = _form(chance, fields)
    return body[: chance.randrange(len(body))]


def _flipped(chance: random.Random, fields: dict[str, object]) -> bytes:
    body = bytearray(_form(chance, fields))
    for _ in range(chance.randint(1, 8)):
        body[chance.randrange(len(body))] = chance.randrange(256)
    return bytes(body)


def _noise(chance: random.Random, _fields: dict[str, object]) -> bytes:
    return chance.randbytes(chance.choice((0, 1, 10, 1_000, 60_000)))


def _odd_value(chance: random.Random, fields: dict[str, object]) -> bytes:
    return _form(chance, fields | {chance.choice(list(fields)): chance.choice(ODD_VALUES)})


def _missing(chance: random.Random, fields: dict[str, object]) -> bytes:
    gone = chance.sample(list(fields), chance.randint(1, len(fields)))
    return _form(chance, {name: value for name, value in fields.items() if name not in gone})


def _doubled(chance: random.Random, fields: dict[str, object]) -> bytes:
    twin = {chance.choice(list(fields)): chance.choice(ODD_VALUES[:8])}
    if chance.random() < 0.5:
        return _xml(fields).replace(b"</xml>", _xml(twin)[5:])
    return _json(fields)[:-1] + b"," + _json(twin)[1:]


def _deep(chance: random.Random, fields: dict[str, object]) -> bytes:
    depth = chance.choice((5, 7, 50, 1_000, 5_000))
    if chance.random() < 0.5:
        return b"<xml>" + b"<a>" * depth + b"</a>" * depth + _xml(fields)[5:]
    nested = b'{"a":' * depth + b"1" + b"}" * depth
    return b'{"Extra":' + nested + b"," + _json(fields)[1:]


def _wide(chance: random.Random, fields: dict[str, object]) -> bytes:
    count = chance.choice((400, 600, 5_000))
    return _form(chance, fields | {f"f{number}": number for number in range(count)})


def _huge_number(chance: random.Random, fields: dict[str, object]) -> bytes:
    number = "9" * chance.choice((20, 400, 5_000, 50_000))
    name = chance.choice(("CreateTime", "MsgId", "Location_X"))
    if chance.random() < 0.5:
        return _xml(fields).replace(b"</xml>", f"<{name}>{number}</{name}></xml>".encode())
    return _json(fields)[:-1] + f',"{name}":{number}}}'.encode()


def _other_encoding(chance: random.Random, fields: dict[str, object]) -> bytes:
    return _form(chance, fields).decode().encode(chance.choice(ENCODINGS), "ignore")


def _half_utf8(chance: random.Random, fields: dict[str, object]) -> bytes:
    tail = chance.choice((b"\xe4\xbd", b"\xf0\x9f\x98", b"\xc0\x80", b"\xed\xa0\x80", b"\xff\xfe"))
    return _form(chance, fields).replace("抽奖".encode(), tail)


def _dtd(chance: random.Random, fields: dict[str, object]) -> bytes:
    inside = _xml(fields | {"Content": "x"}).replace(b"<![CDATA[x]]>", b"&b;&x;")
    return chance.choice(DTDS).encode() + chance.choice((inside, _xml(fields)))


def _broken_json(chance: random.Random, fields: dict[str, object]) -> bytes:
    body = _json(fields)
    odd = (b"[]", b"null", b"1", b'"x"', body + body, body[:-1] + b",}", body.replace(b'"', b"'"))
    escapes = (b"\\ud83d", b"\\u0000", b"\\x41", b"\\", b"NaN", b"\n\t\x00")
    return chance.choice((*odd, body.replace("我".encode(), chance.choice(escapes))))


def _too_large(chance: random.Random, fields: dict[str, object]) -> bytes:
    return _form(chance, fields | {"Content": "x" * chance.choice((65_000, 66_000, 1_000_000))})


MUTATIONS: tuple[tuple[str, Mutate], ...] = tuple(
    (mutate.__name__.strip("_"), mutate)
    for mutate in (
        *(_whole, _truncated, _flipped, _noise, _odd_value, _missing, _doubled, _deep, _wide),
        *(_huge_number, _other_encoding, _half_utf8, _dtd, _broken_json, _too_large),
    )
)
