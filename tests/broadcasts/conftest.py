"""An account with followers and templates, here and at the simulated WeChat."""

from dataclasses import dataclass

import pytest
from cast import FakeClock, WeChat, hire
from sqlalchemy import select

from wxdesk.accounts.clients import client_for
from wxdesk.accounts.models import Account
from wxdesk.accounts.queries import get_keys, list_templates
from wxdesk.accounts.rules import TemplateKind
from wxdesk.accounts.templates import fetch, store_templates
from wxdesk.broadcasts import operations
from wxdesk.broadcasts.forms import BroadcastForm
from wxdesk.broadcasts.jobs import feed
from wxdesk.broadcasts.models import Broadcast, BroadcastTarget
from wxdesk.broadcasts.results import note_result
from wxdesk.broadcasts.rules import Audience, BroadcastKind, Content, TargetState
from wxdesk.contacts.models import Contact, ContactTag, Tag
from wxdesk.contacts.rules import TagState
from wxdesk.outbound.jobs import deliver_bulk
from wxdesk.runtime import Runtime


@dataclass
class Sender:
    """A marketer at work, with WeChat at the other end."""

    runtime: Runtime
    wechat: WeChat
    clock: FakeClock
    account: Account
    chen: int
    zhou: int
    tag: Tag

    def draft(
        self,
        kind: BroadcastKind = BroadcastKind.MASS,
        content: Content | None = None,
        audience: Audience | None = None,
        **more: object,
    ) -> int:
        is_mass = kind is BroadcastKind.MASS
        form = BroadcastForm(
            account_id=self.account.id,
            name=f"春季{kind}",
            kind=kind,
            audience=audience or Audience(),
            content=content or (Content(text="新品上市") if is_mass else self.order()),
            **more,
        )
        with self.runtime.unit_of_work() as uow:
            return operations.create(uow, form, self.chen).id

    def order(self, kind: TemplateKind = TemplateKind.TEMPLATE, **values: str) -> Content:
        """The values of the account's first template of this kind."""
        with self.runtime.reading() as session:
            found = [t for t in list_templates(session, self.account.id) if t.kind is kind]
        data = {field: values.get(field, f"值{n}") for n, field in enumerate(found[0].fields)}
        return Content(template_id=found[0].template_id, title=found[0].title, data=data)

    def send(self, broadcast_id: int, at=None, by: int | None = None) -> None:
        with self.runtime.unit_of_work() as uow:
            version = operations.get_locked(uow, broadcast_id).version
            operations.send(uow, broadcast_id, at, by or self.chen, version=version)

    def work(self, seconds: int = 0) -> None:
        """What the workers do, second by second."""
        for _ in range(seconds + 1):
            feed()
            deliver_bulk()
            feed()
            if seconds:
                self.clock.advance(seconds=1)

    def row(self, broadcast_id: int) -> Broadcast:
        with self.runtime.reading() as session:
            return session.get_one(Broadcast, broadcast_id)

    def states(self, broadcast_id: int) -> dict[str, str]:
        """By openid what became of each person."""
        with self.runtime.reading() as session:
            rows = session.execute(
                select(Contact.openid, BroadcastTarget.state)
                .join(Contact, Contact.id == BroadcastTarget.contact_id)
                .where(BroadcastTarget.broadcast_id == broadcast_id)
            )
            return {openid: TargetState(state).value for openid, state in rows}

    def told(self, event: str, openid: str = "system", **fields: object) -> None:
        """WeChat's event is recorded."""
        with self.runtime.unit_of_work() as uow:
            contact_id = uow.session.scalar(select(Contact.id).where(Contact.openid == openid))
            note_result(uow, self.account.id, contact_id or 0, event, fields)

    def follower(self, openid: str, *, has_tag: bool = False, **values: object) -> int:
        self.wechat.add_customer(openid)
        with self.runtime.unit_of_work() as uow:
            contact = Contact(
                account_id=self.account.id,
                openid=openid,
                first_seen_at=uow.now,
                last_seen_at=uow.now,
                **values,
            )
            uow.session.add(contact)
            uow.session.flush()
            if has_tag:
                tagging = ContactTag(
                    contact_id=contact.id, tag_id=self.tag.id, state=TagState.SYNCED
                )
                uow.session.add(tagging)
                number = self.tag.wechat_tag_id
                self.wechat.platform.state.customer(openid).tag_ids.append(number)
            return contact.id

    def mass_bubbles(self, openid: str) -> int:
        customer = self.wechat.platform.state.customer(openid)
        return sum(bubble.via == "mass" for bubble in customer.bubbles.values())


@pytest.fixture
def sender(sending: Runtime, wechat: WeChat, clock: FakeClock) -> Sender:
    team = hire(sending)
    with sending.reading() as session:
        account = session.scalars(select(Account)).one()
        keys = get_keys(session, sending.vault, account.id)
    found = fetch(client_for(sending, keys), TemplateKind.TEMPLATE)
    notices = fetch(client_for(sending, keys), TemplateKind.SUBSCRIPTION)
    with sending.unit_of_work() as uow:
        store_templates(uow, account.id, TemplateKind.TEMPLATE, found)
        store_templates(uow, account.id, TemplateKind.SUBSCRIPTION, notices)
        number = client_for(sending, keys).create_tag("老客").id
        tag = Tag(account_id=account.id, name="老客", wechat_tag_id=number, count=0)
        uow.session.add(tag)
    return Sender(sending, wechat, clock, account, team.chen, team.zhou, tag)
