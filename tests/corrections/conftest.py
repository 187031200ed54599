"""A desk with workers, an account and a team."""

import pytest
from cast import hire
from sqlalchemy import select

from wxdesk.accounts.models import Account


@pytest.fixture
def runtime(sending):
    return sending


@pytest.fixture
def account(runtime) -> Account:
    with runtime.reading() as session:
        return session.scalars(select(Account)).one()


@pytest.fixture
def team(runtime):
    return hire(runtime)
