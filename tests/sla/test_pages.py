"""The pages of policies: order, every part of one, the preview, the versions."""

from datetime import timedelta

import pytest
from calendars.plans import office_hours
from cast import Browser, conversation_of, customer_writes
from sqlalchemy import select

from wxdesk.agents.models import Team
from wxdesk.calendars.operations import CalendarForm, archive_calendar, create_calendar
from wxdesk.campaigns.models import Campaign
from wxdesk.contacts.models import Tag
from wxdesk.conversations.models import ConversationTag
from wxdesk.conversations.tagging import create_tag
from wxdesk.sla.models import SlaPolicyVersion
from wxdesk.sla.queries import list_policies
from wxdesk.sla.rules import Action, Clock, Conditions, Deed, Stage, Targets, When, Whom

HOME = "/settings/sla"
FORM = {
    "name": "所有会话",
    "is_active": "true",
    "normal_first_response": "2",
    "normal_next_response": "4",
    "normal_resolution": "8h",
    "calendar_id": "",
}
STAGE = {
    "stages": "0",
    "stage-0-clock": "first_response",
    "stage-0-when": "percent",
    "stage-0-amount": "75",
    "stage-0-whom": "assignee",
}


@pytest.fixture
def zhou(app, team) -> Browser:
    browser = Browser(app.test_client())
    browser.log_in("zhou")
    return browser


def policies(runtime):
    with runtime.reading() as session:
        return list_policies(session)


def save(zhou, path="new", **form):
    return zhou.client.post(f"{HOME}/{path}", data={"csrf_token": zhou.csrf} | FORM | form)


def due_in(runtime, clock) -> float:
    return (conversation_of(runtime).due_at - clock.now) / timedelta(seconds=1)


def test_a_desk_without_policies_shows_the_built_in_promise(zhou):
    page = zhou.get(HOME).text

    assert "All other conversations" in page
    assert "5 min" in page


def test_zhou_makes_a_promise_and_running_clocks_follow(zhou, runtime, account, clock):
    customer_writes(runtime, account)
    assert due_in(runtime, clock) == 300
    assert save(zhou).status_code == 302

    assert due_in(runtime, clock) == 120
    assert "所有会话" in zhou.get(HOME).text


def test_every_part_of_a_policy_is_stored_and_shown_again(zhou, runtime, account, team):
    with runtime.unit_of_work() as uow:
        tag = create_tag(uow, "退款")
        uow.session.add(Tag(account_id=account.id, name="金卡"))
    with runtime.reading() as session:
        gold = session.scalars(select(Tag.id)).one()
        refund = session.scalars(select(ConversationTag.id)).one()
    calendar_id = office_hours(runtime)
    save(
        zhou,
        name="VIP",
        account_ids=str(account.id),
        tag_ids=str(tag.id),
        contact_tag_ids=str(gold),
        priorities=["urgent", "high"],
        own_urgent="true",
        urgent_first_response="1",
        urgent_next_response="",
        calendar_id=str(calendar_id),
        pauses_when_pending="true",
        **STAGE
        | {
            "stage-0-whom": ["assignee", "supervisors"],
            "stage-0-priority": "urgent",
            "stage-0-to": "pool",
            "stage-0-tag_id": str(refund),
            "stage-0-url": "https://hooks.example.com/x",
        },
    )
    [view] = policies(runtime)
    promise = view.promise
    assert promise.conditions == Conditions(
        account_ids=frozenset({account.id}),
        tag_ids=frozenset({refund}),
        contact_tag_ids=frozenset({gold}),
        priorities=frozenset({"urgent", "high"}),
    )
    assert promise.targets == {
        "urgent": Targets(60, None, None),
        "normal": Targets(120, 240, 8 * 3600),
    }
    assert (promise.calendar_id, promise.pauses_when_pending) == (calendar_id, True)
    assert promise.pauses_when_snoozed is False
    assert promise.stages == (
        Stage(
            "s1",
            Clock.FIRST_RESPONSE,
            When.PERCENT,
            75,
            (
                Action(Deed.NOTIFY, whom=(Whom.ASSIGNEE, Whom.SUPERVISORS)),
                Action(Deed.PRIORITY, priority="urgent"),
                Action(Deed.REASSIGN, to=None),
                Action(Deed.TAG, tag_id=refund),
                Action(Deed.WEBHOOK, url="https://hooks.example.com/x"),
            ),
        ),
    )
    page = zhou.get(f"{HOME}/{view.id}").text
    assert 'value="https://hooks.example.com/x"' in page
    assert 'name="stage-0-key" value="s1"' in page
    assert 'name="urgent_first_response" value="1"' in page


def test_saving_what_is_shown_changes_nothing(zhou, runtime, account):
    save(zhou, **STAGE, own_low="true", low_resolution="1h30")
    [before] = policies(runtime)
    save(
        zhou,
        str(before.id),
        **STAGE | {"stage-0-key": "s1"},
        own_low="true",
        low_resolution="90",
    )
    [after] = policies(runtime)

    assert (after.version, after.promise) == (1, before.promise)


def test_a_new_stage_never_gets_the_name_of_an_old_one(zhou, runtime):
    save(zhou, **STAGE)
    [view] = policies(runtime)
    save(zhou, str(view.id))  # the stage is removed
    save(zhou, str(view.id), **STAGE)

    [view] = policies(runtime)
    assert [stage.key for stage in view.promise.stages] == ["s2"]


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"name": ""}, "a name has 1 to 60 characters"),
        ({"normal_first_response": "soon"}, "minutes like 90"),
        ({"normal_first_response": "0"}, "between 1 minute and 7 days"),
        ({"normal_next_response": "99999"}, "between 1 minute and 7 days"),
        ({"normal_resolution": "2000h"}, "between 1 minute and 60 days"),
        ({"own_low": "true", "low_resolution": "x"}, "minutes like 90"),
        ({"account_ids": "999999"}, "no such official account"),
        ({"team_ids": "999999"}, "no such team"),
        ({"tag_ids": "999999"}, "no such tag"),
        ({"priorities": "extreme"}, "no such priority"),
        ({"calendar_id": "999999"}, "no such calendar"),
        ({"calendar_id": "office"}, "no such calendar"),
        (STAGE | {"stage-0-amount": "100"}, "between 1 and 99 percent"),
        (STAGE | {"stage-0-amount": "soon"}, "a whole number is needed"),
        (STAGE | {"stage-0-when": "perhaps"}, "choose which clock and when"),
        (STAGE | {"stage-0-whom": ""}, "choose what happens then"),
        (STAGE | {"stage-0-to": "999999"}, "no such team"),
        (STAGE | {"stage-0-url": "ftp://x"}, "http"),
    ],
)
def test_what_can_not_be_taken_is_said_and_not_saved(zhou, runtime, account, clock, form, sentence):
    customer_writes(runtime, account)
    answer = save(zhou, **form)

    assert answer.status_code == 422
    assert sentence in answer.text
    assert due_in(runtime, clock) == 300


def test_a_calendar_that_never_opens_is_refused_with_the_reason(zhou, runtime):
    week = ((),) * 7
    with runtime.unit_of_work() as uow:
        form = CalendarForm("never", "Asia/Shanghai", week)
        calendar_id = create_calendar(uow, form, actor_id=None).id
    answer = save(zhou, calendar_id=str(calendar_id))

    assert answer.status_code == 422
    assert "it has no opening hours" in answer.text
    assert policies(runtime) == []


def test_a_policy_keeps_its_calendar_when_that_is_archived(zhou, runtime):
    calendar_id = office_hours(runtime)
    save(zhou, calendar_id=str(calendar_id))
    [view] = policies(runtime)
    with runtime.unit_of_work() as uow:
        archive_calendar(uow, calendar_id, is_archived=True, actor_id=None)

    assert f'value="{calendar_id}" selected' in zhou.get(f"{HOME}/{view.id}").text
    changed = save(zhou, str(view.id), calendar_id=str(calendar_id), normal_first_response="9")
    assert changed.status_code == 302
    kept = {"calendar_id": str(calendar_id)}
    assert save(zhou, str(view.id), **kept, do="preview").status_code == 200
    assert save(zhou, **kept, name="another").status_code == 422


def test_the_preview_says_what_would_change_and_changes_nothing(zhou, runtime, account, clock):
    customer_writes(runtime, account)
    save(zhou, name="old")
    [view] = policies(runtime)
    clock.advance(minutes=1.5)
    answer = save(zhou, str(view.id), name="new", normal_first_response="1", do="preview")

    assert answer.status_code == 200
    assert "1 of 1 open conversations would get another policy or deadline" in answer.text
    assert "1 of them would be late at once" in answer.text
    assert due_in(runtime, clock) == 30
    [same] = policies(runtime)
    assert (same.name, same.version) == ("old", 1)


def test_the_preview_of_a_new_policy_counts_what_no_other_one_has(zhou, runtime, account, clock):
    customer_writes(runtime, account)
    save(zhou)
    assert "None of 1 open" in save(zhou, name="second", do="preview").text
    [view] = policies(runtime)
    switched_off = {name: text for name, text in FORM.items() if name != "is_active"}
    page = zhou.client.post(
        f"{HOME}/{view.id}", data={"csrf_token": zhou.csrf, "do": "preview", **switched_off}
    )
    assert "1 of 1 open conversations" in page.text
    assert "built in" in page.text


def test_the_preview_of_archiving_archives_nothing(zhou, runtime, account, clock):
    customer_writes(runtime, account)
    save(zhou, name="only one")
    [view] = policies(runtime)
    page = zhou.post(f"{HOME}/{view.id}/archive", do="preview").text

    assert "1 of 1 open conversations" in page
    assert [one.is_active for one in policies(runtime)] == [True]
    assert due_in(runtime, clock) == 120


def test_the_preview_counts_business_hours(zhou, runtime, account, clock):
    customer_writes(runtime, account)  # Monday 17:00 in Shanghai
    calendar_id = office_hours(runtime)
    answer = save(zhou, calendar_id=str(calendar_id), normal_first_response="90", do="preview")

    assert "2026-03-03 09:30" in answer.text


def test_a_preview_of_what_can_not_be_saved_says_why(zhou, runtime):
    answer = save(zhou, name="", do="preview")

    assert answer.status_code == 422
    assert "a name has 1 to 60 characters" in answer.text


def test_the_first_policy_that_fits_holds_and_zhou_moves_them(zhou, runtime, account, clock):
    customer_writes(runtime, account)
    save(zhou, name="first", normal_first_response="10")
    save(zhou, name="second", normal_first_response="3")
    assert due_in(runtime, clock) == 600
    second = policies(runtime)[1]
    zhou.post(f"{HOME}/{second.id}/move", position="1")

    assert [view.name for view in policies(runtime)] == ["second", "first"]
    assert due_in(runtime, clock) == 180
    assert zhou.post(f"{HOME}/{second.id}/move", position="up").status_code == 422


def test_an_archived_policy_promises_nothing_and_its_versions_stay(zhou, runtime, account, clock):
    customer_writes(runtime, account)
    save(zhou)
    [view] = policies(runtime)
    zhou.post(f"{HOME}/{view.id}/archive")

    assert policies(runtime) == []
    assert due_in(runtime, clock) == 300
    assert "v1" in zhou.get(f"{HOME}/{view.id}/versions").text
    assert zhou.get(f"{HOME}/{view.id}").status_code == 404


def test_each_version_says_what_was_promised_when_and_by_whom(zhou, runtime):
    save(zhou, name="before")
    [view] = policies(runtime)
    save(zhou, str(view.id), name="after", normal_first_response="7")
    page = zhou.get(f"{HOME}/{view.id}/versions").text

    assert page.index("v2 · after") < page.index("v1 · before")
    assert "7 min" in page
    assert "2 min" in page
    assert "Zhou" in page
    with runtime.reading() as session:
        rows = session.scalars(select(SlaPolicyVersion).order_by(SlaPolicyVersion.version)).all()
    assert [row.version for row in rows] == [1, 2]


def test_a_policy_for_a_tag_that_was_deleted_is_not_for_everybody_by_accident(zhou, runtime):
    with runtime.unit_of_work() as uow:
        tag_id = create_tag(uow, "退款").id
    save(zhou, tag_ids=str(tag_id))
    [view] = policies(runtime)
    with runtime.unit_of_work() as uow:
        uow.session.delete(uow.session.get(ConversationTag, tag_id))
    page = zhou.get(f"{HOME}/{view.id}").text

    assert f'name="tag_ids" value="{tag_id}" checked' in page
    assert save(zhou, str(view.id), tag_ids=str(tag_id)).status_code == 422
    assert policies(runtime)[0].promise.conditions.tag_ids == {tag_id}


def test_who_saves_what_another_has_changed_meanwhile_is_told_and_keeps_what_was_typed(
    zhou, runtime
):
    save(zhou, name="before")
    [view] = policies(runtime)
    assert 'name="version" value="1"' in zhou.get(f"{HOME}/{view.id}").text
    assert save(zhou, str(view.id), name="first", version="1").status_code == 302
    answer = save(zhou, str(view.id), name="second", version="1")

    assert answer.status_code == 422
    assert "it was changed since this page was loaded" in answer.text
    assert 'value="second"' in answer.text
    assert 'name="version" value="1"' in answer.text
    assert [(it.name, it.version) for it in policies(runtime)] == [("first", 2)]


def test_the_preview_does_not_hide_what_another_has_changed_meanwhile(zhou, runtime):
    save(zhou)
    [view] = policies(runtime)
    save(zhou, str(view.id), name="first", version="1")
    page = save(zhou, str(view.id), name="second", version="1", do="preview").text

    assert 'name="version" value="1"' in page


def test_a_tag_or_team_that_a_policy_names_is_not_deleted(zhou, runtime):
    with runtime.unit_of_work() as uow:
        tag_id = create_tag(uow, "退款").id
        team = Team(name="VIP", created_at=uow.now)
        uow.session.add(team)
        uow.session.flush()
        team_id = team.id
    save(zhou, tag_ids=str(tag_id), team_ids=str(team_id))
    for address in (f"/settings/tags/{tag_id}", f"/settings/teams/{team_id}"):
        answer = zhou.post(f"{address}/delete")
        assert answer.status_code == 409
        assert "所有会话; change them first" in answer.text
        assert zhou.get(address).status_code == 200


def test_policy_for_customers_of_a_campaign(zhou, runtime, account):
    with runtime.unit_of_work() as uow:
        campaign = Campaign(
            account_id=account.id,
            name="春季抽奖",
            starts_at=uow.now,
            created_at=uow.now,
            updated_at=uow.now,
        )
        uow.session.add(campaign)
        uow.session.flush()
        campaign_id = campaign.id
    assert "春季抽奖" in zhou.get(f"{HOME}/new").text
    assert save(zhou, campaign_ids="999").status_code == 422
    assert save(zhou, campaign_ids=str(campaign_id)).status_code == 302
    [view] = policies(runtime)
    assert view.promise.conditions.campaign_ids == frozenset({campaign_id})
    assert "春季抽奖" in zhou.get(HOME).text


def test_what_does_not_exist_is_not_found(zhou):
    assert zhou.get(f"{HOME}/999999").status_code == 404
    assert zhou.get(f"{HOME}/999999/versions").status_code == 404
    assert save(zhou, "999999").status_code == 404
    assert zhou.post(f"{HOME}/999999/move", position="1").status_code == 404
    assert zhou.post(f"{HOME}/999999/archive").status_code == 404


def test_agents_change_no_promise(app, team):
    lin = Browser(app.test_client())
    lin.log_in("lin")

    assert lin.get(HOME).status_code == 403
    assert save(lin).status_code == 403
