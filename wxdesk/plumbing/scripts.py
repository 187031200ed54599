"""A Lua script that runs for every push: what redis-py does around a command costs more than it.

Its pool looks at a connection before each use, and four layers wrap the call. Here whoever calls
takes the connection that was used last, and one that Redis has closed is noticed by using it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import hiredis
from redis import Redis
from redis.exceptions import NoScriptError, ReadOnlyError


class QuickScript:
    """Shared by threads, each call on a connection of its own; to be made after a fork.

    A call that fails on the way is tried again as often as the client's `retry` says: the script
    must bear being run twice. The connections are closed with the object.
    """

    def __init__(self, redis: Redis, script: str) -> None:
        self._pool: Any = redis.connection_pool  # its annotations leave the arguments out
        self._script = script
        self._sha = hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest()
        self._idle: list[Any] = []

    def __call__(self, keys: Sequence[str], arguments: Sequence[str | int]) -> Any:
        """What the script returns. Raises RedisError, its TimeoutError when Redis falls silent."""
        command = _packed("EVALSHA", self._sha, len(keys), *keys, *arguments)
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._connection()
        try:
            if not connection.is_connected:
                connection.connect()  # inside of `_ask` each of its tries would try twice
            return self._run(connection, command)
        except ReadOnlyError:  # a replica now: its name may lead to another master
            connection.disconnect()
            raise
        finally:
            if connection.is_connected:
                self._idle.append(connection)

    def _run(self, connection: Any, command: bytes) -> Any:
        try:
            return self._ask(connection, command)
        except NoScriptError:  # the first call since Redis was started
            self._ask(connection, _packed("SCRIPT", "LOAD", self._script))
            return self._ask(connection, command)

    def _connection(self) -> Any:
        return self._pool.connection_class(**self._pool.connection_kwargs)

    @staticmethod
    def _ask(connection: Any, command: bytes) -> Any:
        def ask() -> Any:
            connection.send_packed_command([command])
            return connection.read_response()

        return connection.retry.call_with_retry(ask, connection.disconnect)


def _packed(*words: str | int) -> bytes:
    """One call in C: redis-py looks at the type of each word first."""
    packed: bytes = hiredis.pack_command(words)  # type: ignore[arg-type] # annotated for one word
    return packed
