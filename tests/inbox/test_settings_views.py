"""Supervisors' pages of tags and customer fields, and everybody's overview of the settings."""

import io
import re

import pytest
from cast import Browser, customer_writes
from sqlalchemy import select

from wxdesk.contacts.fields import set_values
from wxdesk.conversations.models import ConversationTag
from wxdesk.conversations.operations import get_locked
from wxdesk.conversations.rules import COLOURS
from wxdesk.conversations.tagging import change_tags
from wxdesk.inbox.tags_views import COLOUR_NAMES

pytestmark = pytest.mark.one_database


def logged_in(app, name) -> Browser:
    browser = Browser(app.test_client())
    assert browser.log_in(name).status_code == 302
    return browser


@pytest.fixture
def zhou(app, team) -> Browser:
    return logged_in(app, "zhou")


def tag(runtime, conversation_id, *names):
    with runtime.unit_of_work() as uow:
        conversation, _ = get_locked(uow, conversation_id)
        change_tags(uow, conversation, add=names, remove=(), by=None, may_make=True)


def id_of(runtime, name) -> int:
    with runtime.reading() as session:
        return session.scalars(select(ConversationTag.id).where(ConversationTag.name == name)).one()


def import_tags(zhou, text):
    return zhou.post("/settings/tags/import", file=(io.BytesIO(text.encode()), "tags.csv"))


def confirm(zhou, page):
    token, digest = (
        re.search(f'name="{name}" value="([^"]+)"', page.text)[1] for name in ("token", "digest")
    )
    return zhou.post("/settings/tags/import/confirm", token=token, digest=digest)


@pytest.mark.parametrize(
    ("name", "shown", "hidden"),
    [
        ("lin", ["canned-responses", "rules"], ["tags", "fields", "agents", "teams", "audit"]),
        ("zhou", ["tags", "fields", "teams", "audit", "sla"], ["accounts", "agents"]),
        ("chen", ["rules"], ["canned-responses", "tags", "accounting"]),
        ("admin", ["accounts", "agents", "teams", "tags", "fields", "set-aside"], []),
    ],
)
def test_everybody_sees_the_settings_that_are_theirs(app, team, name, shown, hidden):
    browser = logged_in(app, name)
    page = browser.get("/settings").text
    links = set(re.findall(r'class="card link-card" href="/settings/([\w-]+)"', page))
    assert set(shown) <= links
    assert not links & set(hidden)
    for link in links:
        assert browser.get(f"/settings/{link}").status_code == 200, link


def test_every_colour_has_a_name():
    assert set(COLOUR_NAMES) == set(COLOURS)


def test_zhou_makes_changes_and_removes_tags(zhou, runtime, account):
    assert zhou.post("/settings/tags", name="退款", colour="red").status_code == 302
    conversation_id = customer_writes(runtime, account).conversation_id
    tag(runtime, conversation_id, "退款")
    page = zhou.get("/settings/tags").text
    assert "swatch-red" in page
    edit = f"/settings/tags/{id_of(runtime, '退款')}"
    assert "On 1 conversations." in zhou.get(edit).text
    assert zhou.post(edit, name="退货", colour="lime").status_code == 302
    assert "退货" in zhou.get("/settings/tags").text
    assert zhou.post(f"{edit}/delete").status_code == 302
    assert "Deleted. It was on 1 conversations." in zhou.get("/settings/tags").text


def test_a_wrong_tag_is_shown_at_its_field(zhou, runtime):
    zhou.post("/settings/tags", name="退款", colour="red")
    answer = zhou.post("/settings/tags", name="退款", colour="red")
    assert answer.status_code == 422
    assert 'id="name-error"' in answer.text
    edit = f"/settings/tags/{id_of(runtime, '退款')}"
    assert zhou.post(edit, name="", colour="red").status_code == 422
    assert zhou.post(f"{edit}/merge", into="").status_code == 422


def test_zhou_merges_two_tags(zhou, runtime, account):
    conversation_id = customer_writes(runtime, account).conversation_id
    tag(runtime, conversation_id, "退款", "退钱")
    first, second = id_of(runtime, "退钱"), id_of(runtime, "退款")
    assert zhou.post(f"/settings/tags/{first}/merge", into=str(second)).status_code == 302
    page = zhou.get("/settings/tags").text
    assert "Merged. It was on 1 conversations." in page
    assert ">退钱<" not in page.split("</table>")[0]


def test_tags_come_from_a_file_and_go_into_one(zhou, runtime):
    zhou.post("/settings/tags", name="退款", colour="red")
    zhou.post("/settings/tags", name="=危险", colour="gray")
    page = import_tags(zhou, "名称,颜色\n退款,blue\n物流,\n=危险,gray\n")
    for words in ("1 new", "1 changed", "1 unchanged", "0 wrong"):
        assert words in page.text
    assert confirm(zhou, page).status_code == 302
    exported = zhou.get("/settings/tags/export.csv").get_data(as_text=True)
    assert exported.splitlines()[1:] == ["'=危险,gray", "物流,blue", "退款,blue"]
    assert "3 unchanged" in import_tags(zhou, exported).text


def test_a_wrong_file_of_tags_changes_nothing(zhou):
    page = import_tags(zhou, "name,colour\nok,red\nOK,red\nbad,mauve\n" + "n" * 31 + ",red\n")
    assert "3 wrong" in page.text
    assert "import/confirm" not in page.text
    assert import_tags(zhou, "colour\nred\n").status_code == 422


def test_a_file_meets_a_list_that_changed_meanwhile(zhou):
    page = import_tags(zhou, "name\nnew\n")
    zhou.post("/settings/tags", name="new", colour="red")
    again = confirm(zhou, page)
    assert again.status_code == 409
    assert "1 unchanged" in again.text


def test_zhou_makes_orders_and_removes_fields(zhou, runtime, account):
    assert zhou.post("/settings/fields", name="会员号", kind="text").status_code == 302
    added = zhou.post("/settings/fields", name="等级", kind="choice", choices="金卡\r\n银卡\r\n")
    assert added.status_code == 302
    page = zhou.get("/settings/fields").text
    assert page.index("会员号") < page.index("等级")
    assert "金卡, 银卡" in page
    second = re.findall(r"/settings/fields/(\d+)/move", page)[-1]
    assert zhou.post(f"/settings/fields/{second}/move", by="-1").status_code == 302
    page = zhou.get("/settings/fields").text
    assert page.index("等级") < page.index("会员号")
    contact_id = customer_writes(runtime, account).contact_id
    with runtime.unit_of_work() as uow:
        set_values(uow, contact_id, {int(second): "金卡"})
    assert "Known of 1 customers." in zhou.get(f"/settings/fields/{second}").text
    changed = zhou.post(f"/settings/fields/{second}", name="会员等级", choices="金卡\n铜卡")
    assert changed.status_code == 302
    assert "金卡, 铜卡" in zhou.get("/settings/fields").text
    assert zhou.post(f"/settings/fields/{second}/delete").status_code == 302
    assert "Deleted, with the values of 1 customers." in zhou.get("/settings/fields").text


def test_a_wrong_field_is_shown_at_its_place(zhou):
    assert zhou.post("/settings/fields", name="x", kind="colour").status_code == 422
    answer = zhou.post("/settings/fields", name="x", kind="choice", choices="")
    assert answer.status_code == 422
    assert 'id="choices-error"' in answer.text


def test_agents_do_not_see_what_they_may_not_change(app, team):
    lin = logged_in(app, "lin")
    assert lin.get("/settings/tags").status_code == 403
    assert lin.get("/settings/fields").status_code == 403
