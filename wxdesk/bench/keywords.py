"""`wxdesk bench rules`: how long it takes to find the rule that answers a message."""

from __future__ import annotations

import random
import time
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from wxdesk.plumbing.clock import EPOCH
from wxdesk.triage.folding import fold, has_word, readable
from wxdesk.triage.matching import compile_pattern, words_of
from wxdesk.triage.rulebook import Rulebook, RuleText
from wxdesk.triage.rules import NOTHING_KNOWN, Heard, Match, Reply

LINES = 10  # keywords of a rule
MESSAGES = 4_000
NAIVE_MESSAGES = 20
HIT_SHARE = 0.3  # an event: a third of the messages hold a keyword
GOAL_US = 50.0
SHARES = {
    Match.EXACT: 30,
    Match.CONTAINS: 50,
    Match.ALL_WORDS: 8,
    Match.ANY_WORDS: 7,
    Match.REGEX: 5,
}
SUBJECTS = (
    "抽奖优惠券码订单物流快递发票退款退货客服人工签到打卡福利红包会员积分门店地址电话价格尺码颜色"
)
TALK = (
    "你好",
    "请问一下",
    "我的",
    "怎么还没",
    "什么时候",
    "可以吗",
    "谢谢",
    "昨天买的",
    "想要这个",
)


@dataclass(frozen=True, slots=True)
class Times:
    """Microseconds."""

    p50: float
    p99: float


def measure(keywords: int) -> dict[str, Any]:
    """Made-up rules of all kinds, and messages of an event; the same messages line after line."""
    chance = random.Random(7)  # noqa: S311 -- the same rules each time
    rules = [_rule(chance, number) for number in range(1, keywords // LINES + 1)]
    texts = [_message(chance, rules) for _ in range(MESSAGES)]
    started = time.perf_counter()
    book = Rulebook(rules)
    compiled = time.perf_counter() - started
    fast = _timed(lambda text: _find(book, text), texts)
    naive = _timed(_naive(rules), texts[:NAIVE_MESSAGES])
    hits = sum(_find(book, text) is not None for text in texts)
    return {
        "keywords": keywords,
        "messages": MESSAGES,
        "hits": hits,
        "p50_us": round(fast.p50, 1),
        "p99_us": round(fast.p99, 1),
        "goal_p50_us": GOAL_US,
        "naive_p50_us": round(naive.p50),
        "times_faster": round(naive.p50 / fast.p50),
        "compiled_ms": round(compiled * 1000),
        "python_memory_mb": round(_memory(rules) / 2**20, 1),
    }


def _memory(rules: Sequence[RuleText]) -> int:
    """Bytes of a second rulebook, without what the automatons hold outside of Python."""
    tracemalloc.start()
    book = Rulebook(rules)
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return size if book else 0


def _find(book: Rulebook, text: str) -> object:
    return book.find(_heard(text), NOTHING_KNOWN, lambda: None)


def _heard(text: str) -> Heard:
    at: datetime = EPOCH
    return Heard(at, "o", text=text)


def _timed(find: Callable[[str], object], texts: Sequence[str]) -> Times:
    found = []
    for text in texts:
        started = time.perf_counter()
        find(text)
        found.append((time.perf_counter() - started) * 1e6)
    found.sort()
    return Times(found[len(found) // 2], found[len(found) * 99 // 100])


def _naive(rules: Sequence[RuleText]) -> Callable[[str], object]:
    """Every keyword of every rule, one after the other, prepared as well as can be."""
    ordered = sorted(rules, key=lambda rule: (-rule.priority, rule.id))
    tests = [(rule, _test(rule.match, line)) for rule in ordered for line in _lines(rule)]

    def find(text: str) -> object:
        folded, plain = fold(text), readable(text)
        return next((rule for rule, test in tests if test(folded, plain)), None)

    return find


def _test(match: Match, line: str) -> Callable[[str, str], bool]:
    if match is Match.REGEX:
        regex = compile_pattern(line)
        return lambda _folded, plain: regex.search(plain) is not None
    needle, words = fold(line), words_of(line)
    if match is Match.EXACT:
        return lambda folded, _plain: folded == needle
    if match is Match.CONTAINS:
        return lambda folded, _plain: needle in folded
    kind = all if match is Match.ALL_WORDS else any
    return lambda folded, _plain: kind(has_word(folded, word) for word in words)


def _rule(chance: random.Random, number: int) -> RuleText:
    (match,) = chance.choices(list(SHARES), list(SHARES.values()))
    lines = "\n".join(_line(chance, match) for _ in range(LINES))
    return RuleText(number, 1, match, lines, Reply("好的"), chance.randint(-5, 5))


def _line(chance: random.Random, match: Match) -> str:
    first, second = _name(chance), _name(chance)
    if match is Match.REGEX:
        return rf"{first}.{{0,4}}{second}\d{{1,{chance.randint(2, 4)}}}"
    if match in (Match.ALL_WORDS, Match.ANY_WORDS):
        return f"{first} {second} {chance.choice('abcdef')}{chance.randint(1, 9_999)}"
    return first + second[:2]


def _name(chance: random.Random) -> str:
    return "".join(chance.choices(SUBJECTS, k=3))


def _message(chance: random.Random, rules: Sequence[RuleText]) -> str:
    talk = "".join(chance.choices(TALK, k=chance.randint(1, 6)))
    if chance.random() > HIT_SHARE:
        return f"{talk},{_name(chance)}?"
    line = chance.choice(_lines(chance.choice(rules)))
    return line if chance.random() < 0.5 else f"{talk}{line}!"


def _lines(rule: RuleText) -> list[str]:
    return rule.patterns.splitlines()
