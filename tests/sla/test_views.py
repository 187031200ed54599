"""The promises' page."""

import pytest
from cast import Browser, conversation_of, customer_writes


@pytest.fixture
def zhou(app, team) -> Browser:
    browser = Browser(app.test_client())
    browser.log_in("zhou")
    return browser


def test_zhou_changes_a_promise_and_running_clocks_follow(zhou, runtime, account, clock):
    customer_writes(runtime, account)
    zhou.get("/settings/sla")
    form = {"first_response_minutes": "2", "next_response_minutes": "4"}
    assert zhou.post(f"/settings/sla/{account.id}", **form).status_code == 302
    assert (conversation_of(runtime).due_at - clock.now).total_seconds() == 120
    assert 'value="2"' in zhou.get("/settings/sla").text


@pytest.mark.parametrize("minutes", ["", "0", "two", "-1", "1.5", "99999", "9" * 5000])
def test_a_promise_that_makes_no_sense_is_shown_and_not_saved(
    zhou, runtime, account, clock, minutes
):
    customer_writes(runtime, account)
    form = {"first_response_minutes": minutes, "next_response_minutes": "4"}
    assert zhou.post(f"/settings/sla/{account.id}", **form).status_code == 422
    assert (conversation_of(runtime).due_at - clock.now).total_seconds() == 300


def test_an_account_that_nobody_has_is_not_found(zhou, account):
    form = {"first_response_minutes": "2", "next_response_minutes": "4"}
    assert zhou.post("/settings/sla/999999", **form).status_code == 404


def test_agents_change_no_promise(app, team, account):
    lin = Browser(app.test_client())
    lin.log_in("lin")
    assert lin.get("/settings/sla").status_code == 403
    assert lin.post(f"/settings/sla/{account.id}", first_response_minutes="1").status_code == 403
