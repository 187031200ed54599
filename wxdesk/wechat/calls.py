"""Every call to WeChat's API goes through here: quota, pace, token, and the bounded repeats."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TypeVar

from redis import Redis, RedisError

from wxdesk.plumbing.clock import Clock
from wxdesk.plumbing.errors import DeliveryError
from wxdesk.wechat.actions import Action
from wxdesk.wechat.error_codes import meaning_of_text
from wxdesk.wechat.pace import Pace
from wxdesk.wechat.quota import Quotas
from wxdesk.wechat.tokens import Tokens
from wxdesk.wechat.transport import Answer, Call, Transport
from wxdesk.words import say

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

REPEAT_PAUSES = (0.5, 1.0, 2.0)  # seconds; only for calls that do no more when done twice
NO_ANSWER = frozenset({"timeout", "http", "junk", "unreachable"})
TOO_OFTEN = "45011"
TOO_OFTEN_AGAIN = timedelta(seconds=15)


class Caller:
    """Calls for one account. Not shared between threads."""

    def __init__(
        self,
        redis: Redis,
        transport: Transport,
        credentials: tuple[str, str],
        calls_per_minute: int,
        clocks: tuple[Clock, Callable[[float], None]],
    ) -> None:
        """`credentials` are (app id, app secret); `clocks` what reads the time, and waits."""
        self._app_id, self._secret = credentials
        self._transport = transport
        self._clock, self._pause = clocks
        self._quotas = Quotas(redis, self._app_id, self._clock)
        self._pace = Pace(redis, self._app_id, calls_per_minute)
        self._tokens = Tokens(redis, self._without_token, credentials)
        self._look: Callable[[], None] = _nothing

    def look_before(self, look: Callable[[], None] | None) -> None:
        """Call `look` right before each call leaves, after all waiting; what it raises stops it."""
        self._look = look or _nothing

    def stand_behind(self) -> None:
        """From now on its calls leave the account's burst to other clients."""
        self._pace.leaves_burst = True

    def ask(self, call: Call) -> Answer:
        """The answer with errcode 0; DeliveryError otherwise.

        `may_repeat` calls are tried up to four times while WeChat is busy or gives no answer.
        """
        for seconds in REPEAT_PAUSES if call.may_repeat else ():
            try:
                return self.ask_once(call)
            except DeliveryError as error:
                if not _is_passing(error):
                    raise
            self._pause(seconds)
        return self.ask_once(call)

    def ask_once(self, call: Call) -> Answer:
        """The same without repeats: for files, which the caller's job tries again."""
        return self.with_token(call.path, lambda token: self._transport.exchange(call, token))

    def with_token(self, path: str, act: Callable[[str], Result]) -> Result:
        """Act once, and once more with a new token if WeChat does not accept this one."""
        with redis_errors():  # never after WeChat has taken something: see _counted
            return self._counted(path, lambda: self._acted(act))

    def _acted(self, act: Callable[[str], Result]) -> Result:
        self._pace.wait(self._clock, self._pause)
        token = self._tokens.get()
        try:
            return self._looked(act, token)
        except DeliveryError as error:
            meaning = meaning_of_text(error.code)
            if meaning is None or meaning.action is not Action.NEW_TOKEN:
                raise
        return self._looked(act, self._tokens.get(refused=token))

    def _looked(self, act: Callable[[str], Result], token: str) -> Result:
        self._look()
        return act(token)

    def _without_token(self, call: Call) -> Answer:
        return self._counted(call.path, lambda: self._transport.exchange(call, None))

    def _counted(self, path: str, act: Callable[[], Result]) -> Result:
        """Refuse what WeChat has counted out today, and keep it in mind when it does."""
        self._quotas.check(path)
        try:
            return act()
        except DeliveryError as error:
            if error.code == TOO_OFTEN:
                error.retry_at = self._clock() + TOO_OFTEN_AGAIN
            if not _is_used_up(error):
                raise
            self._note(path)
            raise Quotas.error(self._quotas.ends_at(), error.rid) from error

    def _note(self, path: str) -> None:
        try:
            self._quotas.note(path)
        except RedisError:
            logger.warning("redis is away: the used-up quota of %s is not kept", path)


@contextlib.contextmanager
def redis_errors() -> Iterator[None]:
    """Turn RedisError into DeliveryError: without Redis nothing is sent."""
    try:
        yield
    except RedisError as error:
        raise DeliveryError(say("redis is away"), code="redis", is_uncounted=True) from error


def _is_used_up(error: DeliveryError) -> bool:
    """WeChat's own 45009, not the one that we answered without asking."""
    meaning = meaning_of_text(error.code)
    return meaning is not None and meaning.action is Action.QUOTA and error.retry_at is None


def _nothing() -> None:
    """Nobody wants a last look."""


def _is_passing(error: DeliveryError) -> bool:
    """WeChat was busy or not heard; not our own pace, Redis or the token."""
    if error.code in NO_ANSWER:
        return not error.is_permanent
    meaning = meaning_of_text(error.code)
    return meaning is not None and meaning.code != 0 and meaning.action is Action.LATER
