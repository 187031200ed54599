"""Consent is to one version: what is changed after somebody has looked at it does not go live."""

import re
import threading

import pytest
from cast import Api, Browser, as_json
from sqlalchemy import update

from campaigns.events import confirm_dry_runs, form_of, make_draft
from wxdesk.accounts.models import Account
from wxdesk.campaigns import switching
from wxdesk.campaigns.codes import import_codes
from wxdesk.campaigns.operations import change_campaign
from wxdesk.campaigns.queries import get_campaign, get_definition
from wxdesk.campaigns.rules import CampaignState
from wxdesk.campaigns.ways_in import list_ways
from wxdesk.plumbing.errors import ConflictError, InvalidInputError
from wxdesk.triage.operations import switch_rule


@pytest.fixture
def campaign_id(runtime, account, team) -> int:
    """Chen's draft with two ways in; the account asks for a second person's consent."""
    with runtime.unit_of_work() as uow:
        uow.session.execute(
            update(Account).where(Account.id == account.id).values(needs_approval=True)
        )
    made = make_draft(runtime, account, team.chen, scenes="shop-1")
    confirm_dry_runs(runtime, made, team.chen)
    return made


def looks_at(runtime, campaign_id: int) -> str:
    with runtime.reading() as session:
        return get_definition(session, get_campaign(session, campaign_id, runtime.clock()))[1]


def state(runtime, campaign_id: int) -> CampaignState:
    with runtime.reading() as session:
        return get_campaign(session, campaign_id, runtime.clock()).state


def switch(runtime, deed, campaign_id: int, actor_id: int, **values: object) -> None:
    with runtime.unit_of_work() as uow:
        deed(uow, campaign_id, actor_id=actor_id, **values)


def rewrite(runtime, account, campaign_id: int, actor_id: int) -> None:
    with runtime.unit_of_work() as uow:
        form = form_of(runtime, account, scenes="shop-1", note="nachher")
        change_campaign(uow, campaign_id, form, actor_id=actor_id)


def switch_off_a_rule(runtime, account, campaign_id: int, actor_id: int) -> None:
    with runtime.unit_of_work() as uow:
        rule_id = list_ways(uow.session, campaign_id)[0].rule_id
        switch_rule(uow, rule_id, is_active=False, changed_by_id=actor_id)


def give_it_codes(runtime, account, campaign_id: int, actor_id: int) -> None:
    with runtime.unit_of_work() as uow:
        import_codes(uow, campaign_id, b"A-1\n", actor_id=actor_id)


@pytest.mark.parametrize("change", [rewrite, switch_off_a_rule, give_it_codes])
def test_what_was_changed_since_it_was_looked_at_does_not_go_live(
    runtime, account, team, campaign_id, change
):
    seen = looks_at(runtime, campaign_id)
    change(runtime, account, campaign_id, team.chen)
    with pytest.raises(ConflictError, match="was changed after") as refused:
        switch(runtime, switching.go_live, campaign_id, team.zhou, definition=seen)
    assert refused.value.extra["needs"] == "look"
    assert state(runtime, campaign_id) is CampaignState.DRAFT


def test_who_looks_again_can_let_it_go_live_and_on(runtime, account, team, campaign_id):
    rewrite(runtime, account, campaign_id, team.chen)
    first = looks_at(runtime, campaign_id)
    switch(runtime, switching.go_live, campaign_id, team.zhou, definition=first)
    assert looks_at(runtime, campaign_id) == first
    switch(runtime, switching.stop, campaign_id, team.chen)
    rewrite(runtime, account, campaign_id, team.chen)
    assert looks_at(runtime, campaign_id) != first  # saved again, so a version of its own
    with pytest.raises(ConflictError, match="was changed after"):
        switch(runtime, switching.resume, campaign_id, team.zhou, definition=first)
    assert state(runtime, campaign_id) is CampaignState.PAUSED
    second = looks_at(runtime, campaign_id)
    switch(runtime, switching.resume, campaign_id, team.zhou, definition=second)
    assert state(runtime, campaign_id) is CampaignState.LIVE


def test_consent_to_nothing_in_particular_is_none(runtime, team, campaign_id):
    with pytest.raises(InvalidInputError) as refused:
        switch(runtime, switching.go_live, campaign_id, team.zhou)
    assert refused.value.field == "definition"
    assert state(runtime, campaign_id) is CampaignState.DRAFT


def test_who_changes_it_at_the_moment_of_consent_is_noticed(runtime, account, team, campaign_id):
    seen, outcomes = looks_at(runtime, campaign_id), []

    def approve() -> None:
        try:
            switch(runtime, switching.go_live, campaign_id, team.zhou, definition=seen)
            outcomes.append("live")
        except ConflictError as error:
            outcomes.append(error.extra["needs"])

    thread = threading.Thread(target=approve)
    with runtime.unit_of_work() as uow:
        form = form_of(runtime, account, scenes="shop-1", note="im letzten Moment")
        change_campaign(uow, campaign_id, form, actor_id=team.chen)
        thread.start()
    thread.join(30)
    assert outcomes == ["look"]
    assert state(runtime, campaign_id) is CampaignState.DRAFT


@pytest.mark.one_database
def test_the_button_of_an_old_page_says_that_it_was_changed(
    runtime, account, team, campaign_id, browser: Browser
):
    browser.log_in("zhou")
    home = f"/campaigns/{campaign_id}"

    def marked(page: str) -> str:
        found = re.search(r'/live">.*?name="definition" value="(\w+)"', page)
        assert found
        return found[1]

    old = marked(browser.get(home).text)
    rewrite(runtime, account, campaign_id, team.chen)
    refused = browser.post(f"{home}/live", definition=old)
    assert refused.status_code == 409
    assert "it was changed after you had looked at it" in refused.text
    assert "nachher" in refused.text
    assert browser.post(f"{home}/live", definition=marked(refused.text)).status_code == 302
    assert state(runtime, campaign_id) is CampaignState.LIVE


@pytest.mark.one_database
def test_scripts_say_which_definition_they_let_go_live(
    runtime, account, team, campaign_id, zhou: Api
):
    path = f"/campaigns/{campaign_id}"
    old = as_json(zhou.get(path))["definition"]
    assert as_json(zhou.get("/campaigns"))["items"][0]["definition"] == old
    rewrite(runtime, account, campaign_id, team.chen)
    refused = zhou.post(f"{path}/live", {"definition": old})
    assert (refused.status_code, as_json(refused)["needs"]) == (409, "look")
    assert as_json(zhou.post(f"{path}/live"))["field"] == "definition"
    assert as_json(zhou.post(f"{path}/live", {"definition": 5}))["field"] == "definition"
    new = as_json(zhou.get(path))["definition"]
    assert as_json(zhou.post(f"{path}/live", {"definition": new}))["state"] == "live"
    zhou.post(f"{path}/stop")
    rewrite(runtime, account, campaign_id, team.chen)
    refused = zhou.post(f"{path}/resume", {"definition": new})
    assert (refused.status_code, as_json(refused)["needs"]) == (409, "look")
