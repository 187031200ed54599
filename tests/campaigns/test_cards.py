"""Campaigns that answer with pictures, link cards and menus; a prize code stays in a text."""

import io
import re

import pytest
from cast import Api, Browser, Webhook, as_json, keep_picture, messages_of, record_waiting
from media.phone import PHOTO
from sqlalchemy import select

from campaigns.events import REPLIES, confirm_dry_runs, form_of, make_draft, make_live
from campaigns.scene import somebody
from campaigns.test_pages import FORM, only
from wxdesk.campaigns import switching
from wxdesk.campaigns.codes import import_codes
from wxdesk.campaigns.jobs import offer_codes
from wxdesk.campaigns.operations import change_campaign, form_problems
from wxdesk.campaigns.queries import get_campaign, get_form
from wxdesk.campaigns.rules import CampaignState
from wxdesk.media.models import Attachment
from wxdesk.plumbing.errors import ConflictError, InvalidInputError
from wxdesk.triage.models import AutoReplyRule
from wxdesk.triage.rules import MoreReply, Outcome, ReplyKind
from wxdesk.wechat.push import read_fields

NEWS = {
    "title": "活动规则",
    "description": "点开看看",
    "url": "https://example.com/rules",
    "picture_url": "",
}
MENU = {"head": "选一个", "choices": [{"id": "a", "text": "查规则"}], "tail": ""}


def news(outcome: Outcome = Outcome.ENTERED, **fields: str) -> MoreReply:
    return MoreReply(outcome, 1, "", ReplyKind.NEWS, NEWS | fields)


def without(*outcomes: Outcome) -> dict[Outcome, str]:
    return {it: text for it, text in REPLIES.items() if it not in outcomes}


@pytest.fixture
def picture(runtime, account, team) -> int:
    """A file that WeChat has no copy of."""
    return keep_picture(runtime, account.id, team.chen)


def uploaded(runtime, picture: int) -> None:
    with runtime.unit_of_work() as uow:
        row = uow.session.get_one(Attachment, picture)
        row.uploaded_media_id, row.uploaded_at = "m-1", uow.now


def stored(runtime, campaign_id: int):
    with runtime.reading() as session:
        return get_form(session, get_campaign(session, campaign_id, runtime.clock()))


def test_every_reply_may_be_of_another_kind_and_is_shown_again(runtime, account, picture):
    cards = {
        Outcome.ENTERED: news(),
        Outcome.ALREADY: MoreReply(Outcome.ALREADY, 1, "", ReplyKind.MENU, MENU),
        Outcome.ENDED: MoreReply(Outcome.ENDED, 1, "", ReplyKind.IMAGE, None, picture),
    }
    made = make_draft(
        runtime, account, replies=without(*cards), cards=cards, scenes="shop-1", is_on_follow=True
    )
    found = stored(runtime, made)
    assert found.replies == without(*cards)
    assert [(it, one.kind, one.fields, one.attachment_id) for it, one in found.cards.items()] == [
        (Outcome.ENTERED, ReplyKind.NEWS, NEWS, None),
        (Outcome.ALREADY, ReplyKind.MENU, MENU, None),
        (Outcome.ENDED, ReplyKind.IMAGE, None, picture),
    ]
    with runtime.reading() as session:
        kinds = session.scalars(select(AutoReplyRule.reply_kind)).all()
        assert kinds == [ReplyKind.NEWS] * 3  # each way in says the same
    with runtime.unit_of_work() as uow:  # and it may become a text again
        change_campaign(uow, made, form_of(runtime, account), actor_id=None)
    assert (stored(runtime, made).replies, stored(runtime, made).cards) == (REPLIES, {})


def test_the_phone_shows_the_card_at_once(runtime, account, webhook: Webhook):
    cards = {Outcome.ENTERED: news()}
    make_live(runtime, account, replies=without(Outcome.ENTERED), cards=cards)
    offer_codes()
    push = webhook.fields("抽奖", FromUserName=somebody(1))
    answer = webhook.deliver(push)
    assert read_fields(answer.data)["MsgType"] == "news"
    assert NEWS["url"] in answer.text
    again = webhook.deliver(webhook.fields("抽奖", FromUserName=somebody(1)))
    assert read_fields(again.data)["Content"] == REPLIES[Outcome.ALREADY]


def test_who_had_to_wait_gets_the_card_as_a_message(runtime, account, webhook: Webhook):
    cards = {Outcome.ENTERED: news()}
    make_live(runtime, account, replies=without(Outcome.ENTERED), cards=cards)
    assert webhook.deliver(webhook.fields("抽奖", FromUserName=somebody(1))).text == "success"
    record_waiting(runtime)
    offer_codes()
    answer = messages_of(runtime)[-1]
    assert (answer.kind, answer.payload, answer.outcome) == ("news", NEWS, "entered")


def test_a_code_may_be_repeated_in_a_card(runtime, account, webhook: Webhook):
    replies = without(Outcome.ALREADY) | {Outcome.ENTERED: "您的码 {{code}}"}
    cards = {Outcome.ALREADY: news(Outcome.ALREADY, title="您的码 {{code}}")}
    made = make_draft(runtime, account, has_codes=True, replies=replies, cards=cards)
    with runtime.unit_of_work() as uow:
        import_codes(uow, made, b"A-1\n")
    with runtime.unit_of_work() as uow:
        switching.go_live(uow, made, actor_id=None, is_seen=True)
    offer_codes()
    first, second = (
        webhook.deliver(webhook.fields("抽奖", FromUserName=somebody(1))).text for _ in range(2)
    )
    assert "您的码 A-1" in first
    assert "<Title><![CDATA[您的码 A-1]]></Title>" in second


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"has_codes": True, "cards": {Outcome.ENTERED: news()}}, "reply_entered"),
        ({"cards": {Outcome.ENTERED: news(title="码 {{code}}")}}, "reply_entered"),
        ({"cards": {Outcome.SOLD_OUT: news(Outcome.SOLD_OUT, title="{{nobody}}")}}, "reply_sold"),
        (
            {"cards": {Outcome.ENTERED: MoreReply(Outcome.ENTERED, 1, "", ReplyKind.IMAGE)}},
            "reply_e",
        ),
    ],
)
def test_a_card_that_can_not_be_taken_is_named_at_its_field(runtime, account, values, field):
    [found] = form_problems(form_of(runtime, account, **values))
    assert found.startswith(field)


def test_a_file_of_somebody_elses_account_is_not_taken(runtime, account):
    card = MoreReply(Outcome.ALREADY, 1, "", ReplyKind.IMAGE, None, 999)
    with pytest.raises(InvalidInputError) as wrong:
        make_draft(runtime, account, cards={Outcome.ALREADY: card})
    assert wrong.value.field == "reply_already"


def test_codes_are_not_given_where_the_first_answer_became_a_card(runtime, account, team):
    made = make_draft(
        runtime,
        account,
        team.chen,
        replies=without(Outcome.ENTERED),
        cards={Outcome.ENTERED: news()},
    )
    confirm_dry_runs(runtime, made, team.chen)
    with runtime.unit_of_work() as uow:
        import_codes(uow, made, b"A-1\n")
    with pytest.raises(ConflictError, match="must hold"), runtime.unit_of_work() as uow:
        switching.go_live(uow, made, actor_id=team.chen)


def test_nobody_is_let_in_before_wechat_has_its_copy_of_a_file(runtime, account, team, picture):
    card = MoreReply(Outcome.ENDED, 1, "", ReplyKind.IMAGE, None, picture)
    with_picture = {"replies": without(Outcome.ENDED), "cards": {Outcome.ENDED: card}}
    made = make_draft(runtime, account, team.chen, **with_picture)
    confirm_dry_runs(runtime, made, team.chen)
    with pytest.raises(ConflictError) as refused, runtime.unit_of_work() as uow:
        switching.go_live(uow, made, actor_id=team.chen)
    assert refused.value.extra["needs"] == "file"
    uploaded(runtime, picture)
    with runtime.unit_of_work() as uow:
        switching.go_live(uow, made, actor_id=team.chen)


def test_a_live_campaign_takes_a_new_file_only_while_it_is_stopped(runtime, account, team, picture):
    made = make_draft(runtime, account, team.chen)
    confirm_dry_runs(runtime, made, team.chen)
    with runtime.unit_of_work() as uow:
        switching.go_live(uow, made, actor_id=team.chen)
    card = MoreReply(Outcome.ENDED, 1, "", ReplyKind.IMAGE, None, picture)
    form = form_of(runtime, account, replies=without(Outcome.ENDED), cards={Outcome.ENDED: card})
    with pytest.raises(ConflictError) as refused, runtime.unit_of_work() as uow:
        change_campaign(uow, made, form, actor_id=team.chen)
    assert refused.value.extra["needs"] == "file"
    assert stored(runtime, made).cards == {}
    uploaded(runtime, picture)
    with runtime.unit_of_work() as uow:
        change_campaign(uow, made, form, actor_id=team.chen)
    with runtime.reading() as session:
        assert get_campaign(session, made, runtime.clock()).state is CampaignState.LIVE


@pytest.mark.one_database
def test_the_form_takes_cards_and_pictures_and_names_what_is_wrong(
    runtime, account, team, browser: Browser
):
    browser.log_in("chen")
    browser.get("/campaigns/new")
    card = {"reply_already_kind": "news", "reply_already_title": "规则"}
    values = FORM | {"account_id": str(account.id)} | card

    def send(path: str, **more: object):
        data = {"csrf_token": browser.csrf, **values, **more}
        return browser.client.post(path, data=data, content_type="multipart/form-data")

    photo = (io.BytesIO(PHOTO), "海报.jpg")
    kind = {"reply_ended_kind": "image"}
    wrong = send("/campaigns/new", **kind, reply_ended_file=photo, reply_already_url="x")
    assert wrong.status_code == 422
    assert 'id="reply_already_url-error"' in wrong.text
    kept = re.search(r'name="reply_ended_attachment_id" value="(\d+)"', wrong.text)
    assert kept
    no_picture = send("/campaigns/new", **kind, reply_ended_file=(io.BytesIO(b"x"), "a.jpg"))
    assert 'id="reply_ended_file-error"' in no_picture.text
    unknown = send("/campaigns/new", reply_ended_kind="song")
    assert 'id="reply_ended_kind-error"' in unknown.text
    right = {"reply_already_url": NEWS["url"], "reply_ended_attachment_id": kept[1]}
    assert send("/campaigns/new", **kind, **right).status_code == 302
    campaign = only(runtime)
    assert stored(runtime, campaign.id).cards[Outcome.ENDED].attachment_id == int(kept[1])
    page = browser.get(f"/campaigns/{campaign.id}").text
    assert NEWS["url"] in page
    edit = browser.get(f"/campaigns/{campaign.id}/edit").text
    assert f'name="reply_ended_attachment_id" value="{kept[1]}"' in edit
    assert 'id="reply_already_title"' in edit


@pytest.mark.one_database
def test_scripts_send_and_read_cards(runtime, account, team, chen: Api):
    body = {
        "account": account.slug,
        "name": "接口活动",
        "starts_at": "2026-03-02T08:30:15+00:00",
        "patterns": ["抽奖"],
    }
    card = {"kind": "news", "fields": NEWS}
    for reply in ({"kind": "song"}, {"kind": "news"}, {"kind": "news", "fields": "x"}, ["x"]):
        answer = as_json(chen.post("/campaigns", body | {"replies": {"entered": reply}}))
        assert answer["field"] == "reply_entered", reply
    menu = {"kind": "msgmenu", "fields": MENU}
    made = chen.post("/campaigns", body | {"replies": {"entered": card, "already": menu}})
    assert made.status_code == 201, made.json
    one = as_json(made)
    assert one["replies"]["entered"] == card | {"attachment_id": None}
    path = f"/campaigns/{one['id']}"
    changed = as_json(chen.patch(path, {"note": "改"}))
    assert changed["replies"] == one["replies"]
    changed = as_json(chen.patch(path, {"replies": {"entered": "好", "already": None}}))
    assert (changed["replies"]["entered"], changed["replies"]["already"]) == ("好", None)
    text = {"kind": "text", "text": "再来"}
    assert as_json(chen.patch(path, {"replies": {"entered": text}}))["replies"]["entered"] == "再来"
