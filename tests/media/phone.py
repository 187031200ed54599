"""Wang's phone: files that he sends, and what became of them at the desk."""

from dataclasses import dataclass, field
from typing import Any

from cast import ORIGINAL_ID, WeChat, customer_writes
from sqlalchemy import select

from wxdesk.accounts.models import Account
from wxdesk.conversations.models import Message
from wxdesk.media.models import Attachment
from wxdesk.media.operations import WantedFile, expect_files
from wxdesk.media.rules import FileKind, FileRole
from wxdesk.media.store import store_at
from wxdesk.runtime import Runtime
from wxdesk.simulator.formats import Format
from wxdesk.simulator.samples import sample

PHOTO, SCREENSHOT, EMOTICON = sample("photo.jpg"), sample("screenshot.png"), sample("emoticon.gif")
VOICE, WIDE_VOICE, SONG = sample("voice.amr"), sample("voice-wide.amr"), sample("voice.mp3")
FILM = sample("video.mp4")
PAGE = b"<html><body><script>alert(document.cookie)</script></body></html>"
DRAWING = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'


@dataclass
class Customer:
    """Wang, who sends files; they lie at WeChat, and the desk is told to fetch them."""

    runtime: Runtime
    account: Account
    wechat: WeChat | None = None
    messages: list[Message] = field(default_factory=list)

    def sends(
        self,
        content: bytes | None = None,
        kind: FileKind = FileKind.IMAGE,
        *,
        media_id: str | None = None,
        source_url: str | None = None,
        **more: Any,
    ) -> int:
        """A message with one file; gives the id of the file's row."""
        if content is not None:
            media_id = self.uploads(content, kind)
        message = customer_writes(self.runtime, self.account, "", kind=kind.value, **more)
        self.messages.append(message)
        with self.runtime.unit_of_work() as uow:
            wanted = WantedFile(
                account_id=self.account.id,
                message_id=message.id,
                kind=kind,
                role=FileRole.CONTENT,
                media_id=media_id,
                source_url=source_url,
                created_at=uow.now,
            )
            expect_files(uow, [wanted])
        with self.runtime.reading() as session:
            return session.scalars(
                select(Attachment.id).where(Attachment.message_id == message.id)
            ).one()

    def uploads(self, content: bytes, kind: FileKind) -> str:
        """Put a file into WeChat as a phone does, whatever it is."""
        assert self.wechat is not None
        state = self.wechat.platform.state
        found = Format("bin", "application/octet-stream")
        name = "thumb" if kind is FileKind.FILE else kind.value
        with state.changed:
            return state.media.add(ORIGINAL_ID, name, content, found, state.clock()).media_id


def row_of(runtime: Runtime, attachment_id: int) -> Attachment:
    with runtime.reading() as session:
        return session.get_one(Attachment, attachment_id)


def contents_of(runtime: Runtime, sha256: str | None) -> bytes:
    assert sha256 is not None
    with store_at(runtime.settings.media_url).open(sha256).file as file:
        return file.read()
