"""Temporary media: upload, fetch, and pictures for articles (docs/simulator.md#media)."""

from __future__ import annotations

from dataclasses import dataclass

from wxdesk.simulator.api.frame import Answer, Api, Asked, Blob
from wxdesk.simulator.errors import ApiError
from wxdesk.simulator.formats import Format, format_of
from wxdesk.simulator.media import Media

MEGABYTE = 1024 * 1024
MOST_VOICE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Rule:
    """What an upload of one type may be."""

    most_bytes: int
    suffixes: frozenset[str]


RULES = {
    "image": Rule(10 * MEGABYTE, frozenset({"png", "jpg", "gif"})),
    "voice": Rule(2 * MEGABYTE, frozenset({"amr", "mp3"})),
    "video": Rule(10 * MEGABYTE, frozenset({"mp4"})),
    "thumb": Rule(64 * 1024, frozenset({"jpg"})),
}
ARTICLE_PICTURE = Rule(MEGABYTE, frozenset({"png", "jpg"}))


def upload(asked: Asked) -> Answer:
    """Keep a file for three days."""
    kind = asked.query.get("type", "")
    if kind not in RULES:
        raise ApiError(40004, "invalid media type")
    content, found = _checked(asked, RULES[kind])
    if kind == "voice" and (found.seconds or 0) > MOST_VOICE_SECONDS:
        raise ApiError(45007, "voice play time out of limit")
    media = _kept(asked, kind, content, found)
    id_name = "thumb_media_id" if kind == "thumb" else "media_id"
    created_at = int(media.created_at.timestamp())
    return {"type": kind, id_name: media.media_id, "created_at": created_at}


def upload_picture(asked: Asked) -> Answer:
    """A picture for an article: no media_id, only an address."""
    content, found = _checked(asked, ARTICLE_PICTURE)
    media = _kept(asked, "picture", content, found)
    return {"url": file_address(asked.platform.state.address, media.media_id)}


def fetch(asked: Asked) -> Answer:
    """The bytes of a file; for a video the address from which to get them."""
    media = _found(asked)
    if media.kind == "video":
        return {"video_url": file_address(asked.platform.state.address, media.media_id)}
    return _blob(asked, media)


def fetch_wide_voice(asked: Asked) -> Answer:
    """The 16 kHz recording of a voice."""
    media = _found(asked)
    if media.kind != "voice":
        raise ApiError(40007, "invalid media_id")
    return _blob(asked, media)


def file_address(base: str, media_id: str) -> str:
    """An address that needs no token, as WeChat's own picture and video servers give."""
    return f"{base}/files/{media_id}"


def _checked(asked: Asked, rule: Rule) -> tuple[bytes, Format]:
    if asked.upload is None:
        raise ApiError(41005, "media data missing")
    content = asked.upload.content
    if not content:
        raise ApiError(40006, "invalid media size")
    if len(content) > rule.most_bytes:
        raise ApiError(45001, "media size out of limit")
    found = format_of(content)
    if found is None or found.suffix not in rule.suffixes:
        raise ApiError(40005, "invalid file type")
    return content, found


def _kept(asked: Asked, kind: str, content: bytes, found: Format) -> Media:
    state = asked.platform.state
    media = state.media.add(asked.owner.original_id, kind, content, found, asked.now)
    state.touch()
    return media


def _found(asked: Asked) -> Media:
    media_id = asked.query.get("media_id", "")
    if not media_id:
        raise ApiError(41006, "media_id missing")
    media = asked.platform.state.media.find(media_id, asked.owner.original_id, asked.now)
    if media is None or media.kind == "picture":
        raise ApiError(40007, "invalid media_id")
    return media


def _blob(asked: Asked, media: Media) -> Blob:
    try:
        content = asked.platform.state.media.read(media)
    except OSError as error:
        raise ApiError(-1, "system error") from error
    return Blob(content, media.content_type, media.file_name)


APIS = (
    Api("/cgi-bin/media/upload", upload, daily=100_000),
    Api("/cgi-bin/media/uploadimg", upload_picture, daily=100_000),
    Api("/cgi-bin/media/get", fetch, daily=200_000, is_post=False),
    Api("/cgi-bin/media/get/jssdk", fetch_wide_voice, daily=200_000, is_post=False),
)
