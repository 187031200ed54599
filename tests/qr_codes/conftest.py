"""A service account, and customers who scan, follow and leave on given days."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from cast import customer_writes, make_account
from sqlalchemy import update

from wxdesk.accounts.models import Account
from wxdesk.accounts.rules import AccountType
from wxdesk.contacts.follows import Followed, note_follows
from wxdesk.contacts.operations import ensure_contacts
from wxdesk.qr_codes.operations import Scan, note_scans
from wxdesk.runtime import Runtime


@dataclass
class Street:
    """What people do, some days before now; each deed is a push of its own."""

    runtime: Runtime
    account_id: int
    pushes: int = 1_000

    def scans(self, name: str, scene: str, days_ago: float) -> None:
        """A follower scans; not following is `comes`."""
        with self.runtime.unit_of_work() as uow:
            self._scan(uow, name, scene, days_ago, is_follow=False)

    def comes(self, name: str, scene: str, days_ago: float) -> None:
        with self.runtime.unit_of_work() as uow:
            if scene:
                self._scan(uow, name, scene, days_ago, is_follow=True)
            self._follow(uow, name, scene, days_ago, is_follow=True)

    def leaves(self, name: str, days_ago: float) -> None:
        with self.runtime.unit_of_work() as uow:
            self._follow(uow, name, "", days_ago, is_follow=False)

    def contact(self, uow, name: str) -> int:
        key = (self.account_id, f"o{name}")
        return ensure_contacts(uow, [key])[key].id

    def _scan(self, uow, name: str, scene: str, days_ago: float, *, is_follow: bool) -> None:
        self.pushes += 1
        at = uow.now - timedelta(days=days_ago)
        contact_id = self.contact(uow, name)
        note_scans(uow, [Scan(self.account_id, contact_id, scene, self.pushes, is_follow, at)])

    def _follow(self, uow, name: str, scene: str, days_ago: float, *, is_follow: bool) -> None:
        self.pushes += 1
        at = uow.now - timedelta(days=days_ago)
        contact_id = self.contact(uow, name)
        event = Followed(self.account_id, contact_id, self.pushes, is_follow, scene, at)
        note_follows(uow, [event])


def _serve(runtime: Runtime, account: Account) -> Account:
    with runtime.unit_of_work() as uow:
        values = {"account_type": AccountType.SERVICE, "is_verified": True}
        uow.session.execute(update(Account).where(Account.id == account.id).values(values))
    return account


@pytest.fixture
def service(runtime: Runtime) -> Account:
    """An account that WeChat makes QR codes for."""
    return _serve(runtime, make_account(runtime))


@pytest.fixture
def street(runtime: Runtime, service: Account) -> Street:
    return Street(runtime, service.id)


@pytest.fixture
def as_service() -> Callable[[Runtime, Account], Account]:
    return _serve


@pytest.fixture
def customer(runtime: Runtime, service: Account) -> Callable[[str], None]:
    """Somebody of the street writes to the account."""

    def write(name: str) -> None:
        customer_writes(runtime, service, openid=f"o{name}")

    return write
