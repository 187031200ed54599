"""Which files a push names, and when a failed fetch is tried again."""

from datetime import UTC, datetime, timedelta

import pytest

from wxdesk.media.rules import (
    FileKind,
    FileRole,
    FileState,
    files_of,
    may_retry,
    next_attempt,
)

SENT_AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def test_picture_has_its_address_as_a_second_way():
    fields = {"MediaId": "m1", "PicUrl": "http://mmbiz.qpic.cn/1"}
    assert files_of("image", fields) == [
        (FileKind.IMAGE, FileRole.CONTENT, "m1", "http://mmbiz.qpic.cn/1")
    ]


def test_voice_has_a_wide_version():
    fields = {"MediaId": "m1", "MediaId16K": "m2", "Format": "amr"}
    assert files_of("voice", fields) == [
        (FileKind.VOICE, FileRole.CONTENT, "m1", None),
        (FileKind.VOICE, FileRole.WIDEBAND, "m2", None),
    ]


@pytest.mark.parametrize("kind", ["video", "shortvideo"])
def test_video_has_a_thumbnail(kind: str):
    assert files_of(kind, {"MediaId": "m1", "ThumbMediaId": "m2"}) == [
        (FileKind.VIDEO, FileRole.CONTENT, "m1", None),
        (FileKind.IMAGE, FileRole.THUMBNAIL, "m2", None),
    ]


def test_mini_program_card_has_only_a_thumbnail():
    assert files_of("miniprogrampage", {"ThumbMediaId": "m2", "Title": "x"}) == [
        (FileKind.IMAGE, FileRole.THUMBNAIL, "m2", None)
    ]


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("text", {"Content": "x", "MediaId": "m1"}),
        ("hologram", {"MediaId": "m1"}),
        ("image", {}),
        ("image", {"MediaId": "", "PicUrl": ""}),
        ("image", {"MediaId": {"nested": "x"}}),
        ("image", {"MediaId": "m" * 201}),
        ("video", {"MediaId": None}),
    ],
)
def test_message_without_a_usable_media_id_has_no_files(kind: str, fields: dict[str, object]):
    assert files_of(kind, fields) == []


def test_pauses_grow_and_end_with_the_three_days():
    pauses = []
    now, attempts = SENT_AT, 0
    while (at := next_attempt(attempts := attempts + 1, now, SENT_AT)) is not None:
        pauses.append((at - now).total_seconds())
        now = at
    assert pauses[:7] == [5, 30, 120, 600, 3600, 21600, 21600]
    assert now == SENT_AT + timedelta(days=3)


@pytest.mark.parametrize(
    ("state", "attempts", "code", "may"),
    [
        (FileState.FAILED, 3, "48001", True),
        (FileState.FAILED, 1, "too_large", False),
        (FileState.GONE, 1, "40007", False),
        (FileState.WAITING, 0, None, False),
        (FileState.WAITING, 2, "timeout", True),
        (FileState.FETCHING, 1, None, False),
        (FileState.READY, 1, None, False),
        (FileState.READY, 1, "not_playable", False),
        (FileState.READY, 1, "no_voice_tool", True),
        (FileState.READY, 1, "crashed", True),
        (FileState.FAILED, 1, "crashed", True),
    ],
)
def test_retry_is_offered_where_it_can_help(
    state: FileState, attempts: int, code: str | None, *, may: bool
):
    assert may_retry(state, attempts, code) is may
