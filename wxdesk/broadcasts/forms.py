"""What a broadcast is made of, as a person writes it; what can't be taken, at its field."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from wxdesk.accounts.models import Account, MessageTemplate
from wxdesk.accounts.rules import TemplateKind, capabilities, field_names
from wxdesk.broadcasts.rules import (
    FASTEST,
    LONGEST_MASS_BYTES,
    LONGEST_NAME,
    LONGEST_VALUE,
    MISSING,
    NEEDED,
    OTHER_PLACE,
    SLOWEST,
    Audience,
    BroadcastKind,
    Content,
)
from wxdesk.campaigns.models import Campaign
from wxdesk.contacts.models import Tag
from wxdesk.media.models import Attachment
from wxdesk.outbound.composing import LONGEST_URL, is_web_address
from wxdesk.wechat.limits import MassKind
from wxdesk.words import say

LONGEST_MEDIA_ID = 128
Problem = tuple[str, str]


@dataclass(frozen=True, slots=True)
class BroadcastForm:
    """A broadcast as it is written; `per_minute` holds for templates and notices."""

    account_id: int
    name: str
    kind: BroadcastKind
    audience: Audience = field(default_factory=Audience)
    content: Content = field(default_factory=Content)
    per_minute: int = 600
    campaign_id: int | None = None


def problems(session: Session, form: BroadcastForm) -> dict[str, str]:
    """Field to sentence, the first of each; empty when all is well."""
    found: dict[str, str] = {}
    account = session.get(Account, form.account_id)
    if account is None:
        return {"account_id": say("there is no such official account")}
    for name, sentence in (*_general(session, account, form), *_of_content(session, form)):
        found.setdefault(name, sentence)
    return found


def find_template(session: Session, form: BroadcastForm) -> MessageTemplate | None:
    """The template that the form names, of the form's kind."""
    kind = TemplateKind.SUBSCRIPTION
    if form.kind is BroadcastKind.TEMPLATE:
        kind = TemplateKind.TEMPLATE
    return session.scalars(
        select(MessageTemplate).where(
            MessageTemplate.account_id == form.account_id,
            MessageTemplate.template_id == form.content.template_id,
            MessageTemplate.kind == kind,
        )
    ).one_or_none()


def _general(session: Session, account: Account, form: BroadcastForm) -> Iterator[Problem]:
    if not 1 <= len(form.name.strip()) <= LONGEST_NAME:
        yield "name", say("a name has 1 to %(most)d characters", most=LONGEST_NAME)
    can = capabilities(account.account_type, is_verified=account.is_verified)
    if NEEDED[form.kind] not in can:
        yield "kind", MISSING[form.kind]
    if not SLOWEST <= form.per_minute <= FASTEST:
        yield "per_minute", say("between %(least)d and %(most)d", least=SLOWEST, most=FASTEST)
    yield from _of_audience(session, form)
    if form.campaign_id is not None:
        campaign = session.get(Campaign, form.campaign_id)
        if campaign is None or campaign.account_id != form.account_id:
            yield "campaign_id", say("the account has no such campaign")


def _of_audience(session: Session, form: BroadcastForm) -> Iterator[Problem]:
    if form.audience.tag_id is None:
        return
    tag = session.get(Tag, form.audience.tag_id)
    if tag is None or tag.account_id != form.account_id:
        yield "tag_id", say("the account has no such tag")
    elif form.kind is BroadcastKind.MASS and tag.wechat_tag_id is None:
        yield "tag_id", say("WeChat does not know this tag yet; try again in a minute")


def _of_content(session: Session, form: BroadcastForm) -> Iterator[Problem]:
    if form.kind is BroadcastKind.MASS:
        yield from _of_mass(session, form)
        return
    template = find_template(session, form)
    if template is None:
        yield "template_id", say("choose a template of the account")
        return
    for name in field_names(template.content):
        value = form.content.data.get(name, "")
        if not 1 <= len(value.strip()) <= LONGEST_VALUE:
            yield f"data.{name}", say("1 to %(most)d characters", most=LONGEST_VALUE)
        elif OTHER_PLACE.search(value):
            yield f"data.{name}", say("only {{remark}} can stand in a value")
    url = form.content.url
    if url and (len(url) > LONGEST_URL or not is_web_address(url)):
        yield "url", say("an address that starts with http:// or https://")


def _of_mass(session: Session, form: BroadcastForm) -> Iterator[Problem]:
    content = form.content
    match content.mass_kind:
        case MassKind.TEXT:
            if not content.text.strip():
                yield "text", say("the message is empty")
            elif len(content.text.encode()) > LONGEST_MASS_BYTES:
                yield "text", say("at most %(most)d bytes", most=LONGEST_MASS_BYTES)
        case MassKind.ARTICLE:
            if not 1 <= len(content.media_id) <= LONGEST_MEDIA_ID or not content.media_id.isascii():
                yield "media_id", say("choose an article of the draft box")
        case MassKind.IMAGE:
            if not _is_own_picture(session, form.account_id, content.attachment_id):
                yield "file", say("choose a picture (JPG or PNG)")


def _is_own_picture(session: Session, account_id: int, attachment_id: int | None) -> bool:
    attachment = session.get(Attachment, attachment_id) if attachment_id is not None else None
    return (
        attachment is not None
        and attachment.account_id == account_id
        and attachment.attached_by_id is not None  # never a customer's own file
        and attachment.kind.value == MassKind.IMAGE.value
    )
