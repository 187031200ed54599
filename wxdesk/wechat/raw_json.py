"""JSON as WeChat wants it: raw UTF-8, nowhere an escaped character (docs/wechat.md#sending)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

UNSENDABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def raw_json(value: Mapping[str, Any]) -> str:
    r"""WeChat shows `\uXXXX` to customers as it is; what JSON can't write otherwise is left out."""
    return json.dumps(sendable(value), ensure_ascii=False)


def sendable(value: Any) -> Any:
    """The same without control characters and half characters, in every text of it."""
    if isinstance(value, str):
        return UNSENDABLE.sub("", value)
    if isinstance(value, Mapping):
        return {key: sendable(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [sendable(each) for each in value]
    return value
