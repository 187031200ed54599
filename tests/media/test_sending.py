"""An attachment's copy at WeChat: made when it is needed, used again while it is good."""

from datetime import timedelta

import pytest
from cast import FakeClock, WeChat, hire

from media.phone import FILM, PHOTO, SONG, Customer, row_of
from wxdesk.accounts.clients import client_for
from wxdesk.accounts.queries import get_keys
from wxdesk.media.api import keep_upload
from wxdesk.media.operations import delete_files
from wxdesk.media.sending import forget_upload, media_id_for
from wxdesk.media.store import store_at
from wxdesk.media.uploads import NewUpload
from wxdesk.plumbing.errors import DeliveryError
from wxdesk.runtime import Runtime
from wxdesk.wechat.client import Client


@pytest.fixture
def client(wang: Customer, sending: Runtime) -> Client:
    with sending.reading() as session:
        keys = get_keys(session, sending.vault, wang.account.id)
    return client_for(sending, keys)


@pytest.fixture
def attached(wang: Customer, sending: Runtime):
    agent_id = hire(sending).lin

    def keep(content: bytes = PHOTO, name: str = "照片.jpg") -> int:
        return keep_upload(sending, NewUpload(wang.account.id, agent_id, name, content)).id

    return keep


@pytest.mark.parametrize("content", [PHOTO, SONG, FILM])
def test_file_is_uploaded_and_the_same_copy_used_again(
    client: Client, attached, sending: Runtime, wechat: WeChat, clock: FakeClock, content: bytes
):
    file_id = attached(content)
    media_id = media_id_for(sending, client, file_id)
    clock.advance(days=2, hours=11)
    assert media_id_for(sending, client, file_id) == media_id
    assert len(wechat.calls("media/upload")) == 1
    media = wechat.platform.state.media.peek(media_id)
    assert wechat.platform.state.media.read(media) == content


def test_copy_is_made_anew_before_wechat_deletes_it(
    client: Client, attached, sending: Runtime, clock: FakeClock
):
    file_id = attached()
    first = media_id_for(sending, client, file_id)
    clock.advance(days=2, hours=12, seconds=1)
    assert media_id_for(sending, client, file_id) != first
    assert row_of(sending, file_id).uploaded_at > clock() - timedelta(minutes=1)


def test_copy_that_wechat_forgot_is_made_anew(client: Client, attached, sending: Runtime):
    file_id = attached()
    first = media_id_for(sending, client, file_id)
    with sending.unit_of_work() as uow:
        forget_upload(uow, file_id)
    assert media_id_for(sending, client, file_id) != first


def test_thumb_is_a_small_jpeg(client: Client, attached, sending: Runtime, wechat: WeChat):
    media_id = media_id_for(sending, client, attached(), as_thumb=True)
    media = wechat.platform.state.media.peek(media_id)
    assert (media.kind, media.content_type) == ("thumb", "image/jpeg")


def test_thumb_of_a_voice_can_never_be_made(client: Client, attached, sending: Runtime):
    with pytest.raises(DeliveryError) as caught:
        media_id_for(sending, client, attached(SONG), as_thumb=True)
    assert caught.value.is_permanent


def test_file_that_was_deleted_can_never_be_sent(client: Client, attached, sending: Runtime):
    file_id = attached()
    with sending.unit_of_work() as uow:
        delete_files(uow, attachment_ids=[file_id])
    with pytest.raises(DeliveryError) as caught:
        media_id_for(sending, client, file_id)
    assert (caught.value.code, caught.value.is_permanent) == ("file_gone", True)


def test_content_that_is_missing_can_never_be_sent(client: Client, attached, sending: Runtime):
    file_id = attached()
    store_at(sending.settings.media_url).delete(row_of(sending, file_id).sha256)
    with pytest.raises(DeliveryError) as caught:
        media_id_for(sending, client, file_id)
    assert caught.value.code == "file_gone"


def test_refused_upload_is_not_taken_for_a_copy(
    client: Client, attached, sending: Runtime, wechat: WeChat
):
    file_id = attached()
    wechat.spoil("errcode", api="media/upload", times=1, errcode=40005)
    with pytest.raises(DeliveryError):
        media_id_for(sending, client, file_id)
    assert row_of(sending, file_id).uploaded_media_id is None
