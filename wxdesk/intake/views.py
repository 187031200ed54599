"""WeChat's door: verify, decrypt, parse, decide, make durable, answer well inside 5 seconds."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, abort, current_app, request

from wxdesk.accounts.pushes import PushTimes
from wxdesk.accounts.rules import Mode
from wxdesk.agents.access import public
from wxdesk.intake.acceptance import Acceptance
from wxdesk.intake.directory import Desk, Directory
from wxdesk.intake.rules import AutoAnswer, HeldAnswer
from wxdesk.outbound.contents import content_of
from wxdesk.plumbing.clock import EPOCH
from wxdesk.runtime import current
from wxdesk.wechat.content import Content, Text
from wxdesk.wechat.crypto import Cipher, CryptoError, is_signed
from wxdesk.wechat.push import (
    LARGEST_BODY,
    MalformedPushError,
    Push,
    is_json,
    push_of,
    read_fields,
)
from wxdesk.wechat.reply import SUCCESS, passive_reply, sealed

logger = logging.getLogger(__name__)

bp = Blueprint("intake", __name__)


@dataclass(frozen=True, slots=True)
class Door:
    """What the webhook of this process works with; kept in app.extensions."""

    directory: Directory
    acceptance: Acceptance
    push_times: PushTimes


@dataclass(frozen=True, slots=True)
class Pushed:
    """A verified body: its fields, its format, and with which keys the answer goes back."""

    fields: dict[str, Any]
    is_json: bool
    token: str
    cipher: Cipher | None = None
    is_by_previous_keys: bool = False


@bp.get("/wechat/<slug>")
@public
def verify(slug: str) -> Response:
    """WeChat's check of the address: a signed echostr comes back as it is."""
    desk = _desk(slug)
    if _signing_token(desk) is None:
        abort(403)
    return Response(request.args.get("echostr", ""), mimetype="text/plain")


@bp.post("/wechat/<slug>")
@public
def receive(slug: str) -> Response:
    """One push. Every answer but 200 makes WeChat deliver again."""
    desk = _desk(slug)
    request.max_content_length = LARGEST_BODY
    body = request.get_data(cache=False)
    try:
        pushed = (
            _sealed(desk, body) if request.args.get("encrypt_type") == "aes" else _plain(desk, body)
        )
        push = push_of(pushed.fields)
    except MalformedPushError as error:
        logger.warning("malformed push for account %s: %s", slug, error)
        abort(400)
    if push.original_id != desk.keys.original_id:
        logger.warning("push for another account came to %s", slug)
        abort(403)
    _saw(desk, is_previous=pushed.is_by_previous_keys)
    return _answer(desk, push, pushed)


def _desk(slug: str) -> Desk:
    door: Door = current_app.extensions["wxdesk-door"]
    return door.directory.find(slug) or abort(404)


def _plain(desk: Desk, body: bytes) -> Pushed:
    token = _signing_token(desk)
    if desk.keys.mode is Mode.SAFE or token is None:
        abort(403)  # in safe mode everything is encrypted; in plain text anybody could have sent it
    is_previous = token != desk.keys.token
    return Pushed(read_fields(body), is_json(body), token, is_by_previous_keys=is_previous)


def _sealed(desk: Desk, body: bytes) -> Pushed:
    """In compatible mode too only the encrypted part counts: the rest is not signed."""
    if desk.ciphers is None:
        abort(403)
    encrypted = str(read_fields(body).get("Encrypt", ""))
    token = _signing_token(desk, encrypted)
    if token is None:
        abort(403)
    try:
        text, cipher = desk.ciphers.decrypt(encrypted)
    except CryptoError:
        logger.warning("push for account %s can't be decrypted", desk.keys.slug)
        abort(403)
    is_previous = token != desk.keys.token or cipher is not desk.ciphers.current
    return Pushed(read_fields(text.encode()), is_json(body), token, cipher, is_previous)


def _saw(desk: Desk, *, is_previous: bool) -> None:
    door: Door = current_app.extensions["wxdesk-door"]
    door.push_times.saw(desk.keys, current().clock(), is_previous=is_previous)


def _signing_token(desk: Desk, encrypted: str | None = None) -> str | None:
    """The token, current or previous, that signed this request; None if none did."""
    args = request.args
    parts = [args.get("timestamp", ""), args.get("nonce", "")]
    name = "signature"
    if encrypted is not None:
        name, parts = "msg_signature", [*parts, encrypted]
    signature = args.get(name, "")
    for token in desk.tokens:
        if is_signed(signature, token, *parts):
            return token
    return None


def _answer(desk: Desk, push: Push, pushed: Pushed) -> Response:
    door: Door = current_app.extensions["wxdesk-door"]
    try:
        answer = door.acceptance.accept(desk, push)
    except OSError:
        logger.exception("neither redis nor the disk takes messages; wechat delivers again")
        abort(500)
    if answer is None or (isinstance(answer, AutoAnswer) and answer.is_silent):
        return Response(SUCCESS, mimetype="text/plain")
    seconds = int((current().clock() - EPOCH).total_seconds())
    text = _reply(answer, push, seconds, is_json=pushed.is_json)
    if pushed.cipher is not None:
        text = sealed(
            text,
            cipher=pushed.cipher,
            token=pushed.token,
            seconds=seconds,
            is_json=pushed.is_json,
        )
    mimetype = "application/json" if pushed.is_json else "application/xml"
    return Response(text, mimetype=mimetype)


def _reply(answer: AutoAnswer | HeldAnswer, push: Push, seconds: int, *, is_json: bool) -> str:
    content: Content = Text(answer.text)
    if isinstance(answer, AutoAnswer) and answer.kind != "text":
        content = content_of(answer.kind, answer.text, answer.fields or {}, answer.media_id)
    return passive_reply(
        content,
        openid=push.openid,
        original_id=push.original_id,
        seconds=seconds,
        is_json=is_json,
    )
