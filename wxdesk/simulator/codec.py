"""Dataclasses from JSON and to JSON, by their type hints; unknown fields are left out."""

from __future__ import annotations

import dataclasses
import json
import types
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import Enum
from functools import lru_cache
from typing import Any, Union, cast, get_args, get_origin, get_type_hints


def to_json(record: Any) -> str:
    """JSON of a dataclass, or of a list or mapping of them; instants in ISO 8601."""
    return json.dumps(record, ensure_ascii=False, default=_plain)


def from_json(kind: Any, value: Any) -> Any:
    """The value as `kind`; TypeError, KeyError or ValueError when it is not one.

    A field that is missing takes its default, so that an older file can still be read.
    """
    if kind in (Any, object):
        return value
    if value is None and (kind is type(None) or type(None) in get_args(kind)):
        return None
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return from_json(_first_kind(kind), value)
    if origin is not None:
        return _collection(origin, get_args(kind), value)
    return _single(kind, value)


def _single(kind: Any, value: Any) -> Any:
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _record(kind, value)
    if kind is datetime:
        return datetime.fromisoformat(value)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(value)
    if kind is float and isinstance(value, int):
        return float(value)
    if not isinstance(value, kind):
        raise TypeError(f"{kind.__name__} expected")
    return value


def _record(kind: type, value: Any) -> Any:
    if not isinstance(value, dict):
        raise TypeError(f"an object expected for {kind.__name__}")
    hints = _hints(kind)
    given = {name: from_json(hint, value[name]) for name, hint in hints.items() if name in value}
    return kind(**given)


def _collection(origin: Any, kinds: tuple[Any, ...], value: Any) -> Any:
    if isinstance(origin, type) and issubclass(origin, Mapping):
        key = cast("Callable[[Any], Any]", int if kinds[0] is int else str)
        return {key(name): from_json(kinds[1], part) for name, part in value.items()}
    if not isinstance(value, list):
        raise TypeError("a list expected")
    parts = [from_json(kinds[0], part) for part in value]
    return deque(parts) if origin is deque else origin(parts)


def _first_kind(kind: Any) -> Any:
    return next(part for part in get_args(kind) if part is not type(None))


@lru_cache
def _hints(kind: type) -> dict[str, Any]:
    hints = get_type_hints(kind)
    fields = dataclasses.fields(cast("Any", kind))
    return {field.name: hints[field.name] for field in fields if field.init}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, (deque, set, frozenset)):
        return list(value)
    raise TypeError(f"{type(value).__name__} can't be stored")
