"""WeChat's door: verify, decrypt, parse, decide, make durable, answer well inside 5 seconds."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from flask import Blueprint, Response, abort, current_app, request

from wxdesk.accounts.rules import Mode
from wxdesk.agents.access import public
from wxdesk.intake.acceptance import Acceptance
from wxdesk.intake.directory import Desk, Directory
from wxdesk.plumbing.clock import EPOCH
from wxdesk.runtime import current
from wxdesk.wechat.crypto import CryptoError, is_signed
from wxdesk.wechat.push import LARGEST_BODY, MalformedPushError, Push, push_of, read_fields
from wxdesk.wechat.reply import SUCCESS, sealed, text_reply

logger = logging.getLogger(__name__)

bp = Blueprint("intake", __name__)


@dataclass(frozen=True, slots=True)
class Door:
    """What the webhook of this process works with; kept in app.extensions."""

    directory: Directory
    acceptance: Acceptance


@bp.get("/wechat/<slug>")
@public
def verify(slug: str) -> Response:
    """WeChat's check of the address: a signed echostr comes back as it is."""
    desk = _desk(slug)
    if not _is_signed(desk):
        abort(403)
    return Response(request.args.get("echostr", ""), mimetype="text/plain")


@bp.post("/wechat/<slug>")
@public
def receive(slug: str) -> Response:
    """One push. Every answer but 200 makes WeChat deliver again."""
    desk = _desk(slug)
    request.max_content_length = LARGEST_BODY
    body = request.get_data(cache=False)
    is_sealed = request.args.get("encrypt_type", "raw") == "aes"
    try:
        push = push_of(_sealed_fields(desk, body) if is_sealed else _plain_fields(desk, body))
    except MalformedPushError as error:
        logger.warning("malformed push for account %s: %s", slug, error)
        abort(400)
    if push.original_id != desk.keys.original_id:
        logger.warning("push for another account came to %s", slug)
        abort(403)
    return _answer(desk, push, is_sealed=is_sealed)


def _desk(slug: str) -> Desk:
    door: Door = current_app.extensions["wxdesk-door"]
    return door.directory.find(slug) or abort(404)


def _plain_fields(desk: Desk, body: bytes) -> dict[str, object]:
    if desk.keys.mode is Mode.SAFE or not _is_signed(desk):
        abort(403)  # in safe mode everything is encrypted; in plain text anybody could have sent it
    return read_fields(body)


def _sealed_fields(desk: Desk, body: bytes) -> dict[str, object]:
    """In compatible mode too only the encrypted part counts: the rest is not signed."""
    if desk.cipher is None:
        abort(403)
    encrypted = read_fields(body).get("Encrypt", "")
    args = request.args
    parts = (args.get("timestamp", ""), args.get("nonce", ""), str(encrypted))
    if not is_signed(args.get("msg_signature", ""), desk.keys.token, *parts):
        abort(403)
    try:
        return read_fields(desk.cipher.decrypt(str(encrypted)).encode())
    except CryptoError:
        logger.warning("push for account %s can't be decrypted", desk.keys.slug)
        abort(403)


def _is_signed(desk: Desk) -> bool:
    args = request.args
    parts = (args.get("timestamp", ""), args.get("nonce", ""))
    return is_signed(args.get("signature", ""), desk.keys.token, *parts)


def _answer(desk: Desk, push: Push, *, is_sealed: bool) -> Response:
    door: Door = current_app.extensions["wxdesk-door"]
    try:
        answer = door.acceptance.accept(desk, push)
    except OSError:
        logger.exception("neither redis nor the disk takes messages; wechat delivers again")
        abort(500)
    if answer is None:
        return Response(SUCCESS, mimetype="text/plain")
    seconds = int((current().clock() - EPOCH).total_seconds())
    xml = text_reply(
        openid=push.openid,
        original_id=push.original_id,
        text=answer.text,
        seconds=seconds,
    )
    if is_sealed and desk.cipher is not None:
        xml = sealed(xml, cipher=desk.cipher, token=desk.keys.token, seconds=seconds)
    return Response(xml, mimetype="application/xml")
