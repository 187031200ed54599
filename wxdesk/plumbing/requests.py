"""Requests as the desk takes them: no NUL in an address or a form, which no database would take."""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO, Any

from flask import Request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest
from werkzeug.formparser import FormDataParser

from wxdesk.plumbing.http import NUL


class NulError(BadRequest):
    """A character of code 0 was sent, where people send text."""


class FormParser(FormDataParser):
    """Refuses a form when it is read, before any of its values is used."""

    def parse(
        self,
        stream: IO[bytes],
        mimetype: str,
        content_length: int | None,
        options: dict[str, str] | None = None,
    ) -> Any:
        found = super().parse(stream, mimetype, content_length, options)
        if _has_nul(_texts(found[1])):
            for file in found[2].values():
                file.close()
            raise NulError
        return found


class DeskRequest(Request):
    form_data_parser_class = FormParser


def is_by_wechat(request: Request) -> bool:
    """Whether it came to the webhook's part of the addresses: asked before, or without, a route."""
    return request.path.startswith("/wechat/")


def refuse_nul_in_address(request: Request) -> None:
    """NulError when the path or the query string holds one."""
    query = request.query_string
    if NUL in request.path or b"%00" in query or NUL.encode() in query:
        raise NulError


def _has_nul(texts: Iterable[str]) -> bool:
    return any(NUL in text for text in texts)


def _texts(values: MultiDict[str, str]) -> list[str]:
    return [text for pair in values.items(multi=True) for text in pair]
