"""Scripted customers for the demo: a standing cast that writes to the registered accounts."""

from __future__ import annotations

import base64
import hashlib
import logging
import random
import threading
from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

from wxdesk.simulator.acting import FILE_KINDS, scan, send_card, send_file, tap_menu
from wxdesk.simulator.errors import BadInputError
from wxdesk.simulator.menus import SAMPLE_MENU
from wxdesk.simulator.platform import Platform
from wxdesk.simulator.records import Account, Bubble, Customer, Direction
from wxdesk.simulator.script import CARDS, EMOTICONS, KEYWORDS, NAMES, SCENES, STORIES, TURNS

SEED = 20240618
FIRST_MESSAGES = 8
FIRST_SECONDS = 0.2
LOOKING_SECONDS = 0.2
KEYWORD_SHARE = 0.65
TURN_EVERY = 4
TAPS = ([0], [1, 0], [1, 1], [2])
MOST_UNANSWERED = 3
PATIENCE = timedelta(minutes=10)
MOST_MESSAGES = 5000

logger = logging.getLogger(__name__)


class Stoppable(Protocol):
    """Something that runs by itself until it is told to stop."""

    def stop(self) -> None:
        """Stop, and wait until it has."""


def start(platform: Platform, *, every_seconds: float) -> Stoppable:
    """Let the cast write: a first handful at once, then one message each `every_seconds`."""
    crowd = Crowd(platform, every_seconds)
    crowd.start()
    return crowd


class Crowd:
    """The cast and its thread; says at most MOST_MESSAGES, so a forgotten demo goes quiet."""

    def __init__(self, platform: Platform, every_seconds: float) -> None:
        self._platform = platform
        self._every_seconds = every_seconds
        self._dice = random.Random(SEED)  # noqa: S311 (a play, not a secret)
        self._spoken = _count_pushes(platform)  # a restarted demo goes on with the next kind
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="simulator-crowd", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def stop(self) -> None:
        """Fall silent."""
        self._stopping.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        said = 0
        while said < MOST_MESSAGES and not self._is_over():
            try:
                has_spoken = self._speak()
            except BadInputError as error:
                logger.info("scripted customer refused: %s", error)
                has_spoken = False
            said += has_spoken
            self._stopping.wait(self._pause(said, has_spoken=has_spoken))

    def _is_over(self) -> bool:
        return self._stopping.is_set() or self._platform.state.stopping.is_set()

    def _pause(self, said: int, *, has_spoken: bool) -> float:
        if not has_spoken:
            return LOOKING_SECONDS if said == 0 else min(1.0, self._every_seconds)
        if said < FIRST_MESSAGES:
            return min(FIRST_SECONDS, self._every_seconds)
        return self._every_seconds * self._dice.uniform(0.5, 1.5)

    def _speak(self) -> bool:
        """Let one customer write; False when nobody has anything to say."""
        with self._platform.state.changed:
            cast = self._cast(list(self._platform.state.accounts.values()))
            talkers = [customer for customer in cast if self._is_willing(customer)]
            if not talkers:
                return False
            answered = [customer for customer in talkers if _is_answered(customer)]
            customer = self._dice.choice(answered or talkers)
        self._spoken += 1
        if self._spoken % TURN_EVERY == TURN_EVERY - 1 and not answered:
            self._take_turn(customer)
        else:
            self._platform.write(customer.openid, self._words(customer))
        return True

    def _take_turn(self, customer: Customer) -> None:
        """Something else than words, each kind in its turn."""
        turn = TURNS[self._spoken // TURN_EVERY % len(TURNS)]
        platform, openid = self._platform, customer.openid
        if turn in FILE_KINDS:
            send_file(platform, openid, turn)
        elif turn in CARDS:
            send_card(platform, openid, turn, CARDS[turn])
        elif turn == "tap":
            tap_menu(platform, openid, self._dice.choice(TAPS))
        elif turn == "scan":
            scan(platform, openid, self._dice.choice(SCENES))
        else:
            platform.write(openid, self._dice.choice(EMOTICONS))

    def _cast(self, accounts: Sequence[Account]) -> list[Customer]:
        """The same people after every restart, spread over the accounts."""
        cast = []
        for account in accounts:
            book = self._platform.state.book(account.original_id)
            book.menu = book.menu or SAMPLE_MENU
        for place, name in enumerate(NAMES if accounts else ()):
            account = accounts[place % len(accounts)]
            openid = _openid(account.original_id, name)
            original_id = account.original_id
            cast.append(self._platform.add_customer(original_id, openid=openid, name=name))
        return cast

    def _is_willing(self, customer: Customer) -> bool:
        """Following, and not waiting for an answer already, unless out of patience."""
        if not customer.is_following:
            return False
        last = customer.last_message_at()
        if last is None or _unanswered(customer) < MOST_UNANSWERED:
            return True
        return self._platform.state.clock() - last > PATIENCE

    def _words(self, customer: Customer) -> str:
        with self._platform.state.changed:
            return self._next_words(customer)

    def _next_words(self, customer: Customer) -> str:
        story = STORIES[_number(customer.openid) % len(STORIES)]
        if _is_answered(customer):
            return self._dice.choice(story.after_answer)
        if self._dice.random() < KEYWORD_SHARE:
            return self._dice.choice(KEYWORDS)
        order = f"WX{self._dice.randrange(10**7, 10**8)}"
        asked = [b.text for b in _messages(customer) if b.direction == Direction.TO_DESK]
        opening = story.question.split("{order}")[0]
        if any(text.startswith(opening) for text in asked[-6:]):
            return self._dice.choice(story.while_waiting)
        return story.question.format(order=order)


def _count_pushes(platform: Platform) -> int:
    with platform.state.changed:
        phones = list(platform.state.customers.values())
        return sum(bool(b.push) for phone in phones for b in phone.bubbles.values())


def _messages(customer: Customer) -> list[Bubble]:
    kinds = (Direction.TO_DESK, Direction.FROM_DESK)
    return [b for b in customer.bubbles.values() if b.direction in kinds and b.kind != "event"]


def _is_answered(customer: Customer) -> bool:
    """Whether an agent spoke last (a passive reply is a machine's)."""
    messages = _messages(customer)
    return bool(messages) and messages[-1].via == "customer_service"


def _unanswered(customer: Customer) -> int:
    count = 0
    for bubble in reversed(_messages(customer)):
        if bubble.direction == Direction.FROM_DESK:
            break
        count += 1
    return count


def _openid(original_id: str, name: str) -> str:
    digest = hashlib.sha256(f"{original_id}/{name}".encode()).digest()
    return "o" + base64.urlsafe_b64encode(digest).decode()[:27]


def _number(openid: str) -> int:
    return int.from_bytes(hashlib.sha256(openid.encode()).digest()[:4], "big")
