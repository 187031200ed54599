"""The page of prepared answers: Lin writes her own, Zhou what all share."""

import io
import re

import pytest
from cast import Browser

from wxdesk.plumbing.imports import KEPT_SECONDS

pytestmark = pytest.mark.one_database

HOME = "/settings/canned-responses"


@pytest.fixture
def lin(app, team) -> Browser:
    browser = Browser(app.test_client())
    assert browser.log_in("lin").status_code == 302
    return browser


@pytest.fixture
def zhou(app, team) -> Browser:
    browser = Browser(app.test_client())
    assert browser.log_in("zhou").status_code == 302
    return browser


def write(browser, scope="mine", **values):
    form = {"scope": scope, "shortcut": "hi", "title": "", "text": "您好!", "folder": ""} | values
    return browser.post(f"{HOME}/new", **form)


def upload(browser, text, scope="mine", encoding="utf-8"):
    file = (io.BytesIO(text.encode(encoding)), "responses.csv")
    return browser.post(f"{HOME}/import", scope=scope, file=file)


def confirm(browser, page, scope="mine"):
    token, digest = (
        re.search(f'name="{name}" value="([^"]+)"', page.text)[1] for name in ("token", "digest")
    )
    return browser.post(f"{HOME}/import/confirm", scope=scope, token=token, digest=digest)


def test_lin_writes_changes_and_deletes_her_own(lin):
    assert write(lin).status_code == 302
    page = lin.get(HOME).text
    assert "/hi" in page
    edit = re.search(rf'"({HOME}/\d+)"', page)[1]
    changed = lin.post(
        edit, shortcut="hello", title="T", text="您好，{{customer|您}}", folder="开场"
    )
    assert changed.status_code == 302
    assert "开场" in lin.get(HOME).text
    assert lin.post(f"{edit}/delete").status_code == 302
    assert "/hello was deleted" in lin.get(HOME).text


def test_what_cannot_be_saved_is_shown_at_its_field(lin):
    answer = write(lin, shortcut="a b", text="{{nobody}}")
    assert answer.status_code == 422
    assert 'id="shortcut-error"' in answer.text
    assert "{{nobody}}" in answer.text
    write(lin)
    assert write(lin).status_code == 422


def test_agents_read_the_shared_ones_and_change_nothing(lin, zhou):
    assert write(zhou, scope="shared").status_code == 302
    page = lin.get(f"{HOME}?scope=shared").text
    assert "/hi" in page
    assert "New response" not in page
    assert write(lin, scope="shared").status_code == 403
    assert lin.get(f"{HOME}/import?scope=shared").status_code == 403
    assert upload(lin, "shortcut,text\na,b\n", "shared").status_code == 403


def test_a_personal_one_says_that_it_hides_the_shared_one(lin, zhou):
    write(zhou, scope="shared")
    write(lin)
    assert "hides the shared one" in lin.get(HOME).text
    assert "hidden by your own" in lin.get(f"{HOME}?scope=shared").text


def test_the_list_is_searched_and_sorted_into_folders(lin):
    write(lin, shortcut="a", text="退款三天", folder="退款")
    write(lin, shortcut="b", text="发货")
    assert ">/a<" in (found := lin.get(f"{HOME}?q=三天").text)
    assert ">/b<" not in found
    assert ">/b<" not in lin.get(f"{HOME}?folder=退款").text
    assert "Nothing found" in lin.get(f"{HOME}?q=nichts").text


def test_the_preview_shows_what_the_customer_would_get(lin):
    page = lin.post(f"{HOME}/preview", text="{{customer}}好，{{agent}}为您服务" + "字" * 700).text
    assert "王女士好，Lin为您服务" in page
    assert "Message 1 of 2" in page
    assert "A customer without a remark has no {{customer}}" in page
    assert "There is no variable {{x}}" in lin.post(f"{HOME}/preview", text="{{x}}").text


def test_a_file_is_looked_at_before_anything_changes(lin):
    write(lin, shortcut="same", title="S", text="一样", folder="")
    write(lin, shortcut="old", title="O", text="旧")
    page = upload(
        lin, "快捷词,标题,内容\nnew,N,新的\nold,O,改了\nsame,S,一样\n", encoding="gb18030"
    )
    assert page.status_code == 200
    for words in ("1 new", "1 changed", "1 unchanged", "0 wrong"):
        assert words in page.text
    assert ">/new<" not in lin.get(HOME).text
    assert confirm(lin, page).status_code == 302
    assert "Imported: 1 new, 1 changed." in (home := lin.get(HOME).text)
    assert ">/new<" in home
    assert "改了" in home


def test_one_wrong_row_keeps_everything_out(lin):
    page = upload(lin, "shortcut;text\ngood;ok\nbad one;x\ngood;twice\nempty;\n")
    assert page.status_code == 200
    assert "3 wrong" in page.text
    assert "the same shortcut as in row 2" in page.text
    assert "import/confirm" not in page.text
    assert ">/good<" not in lin.get(HOME).text


def test_a_list_that_changed_meanwhile_is_looked_at_again(lin):
    page = upload(lin, "shortcut,text\nhi,您好!!\n")
    write(lin)
    again = confirm(lin, page)
    assert again.status_code == 409
    assert "1 changed" in again.text
    assert confirm(lin, again).status_code == 302
    assert "您好!!" in lin.get(HOME).text


def test_a_file_is_remembered_for_half_an_hour_and_for_its_owner(lin, zhou, runtime):
    page = upload(lin, "shortcut,text\nhi,您好\n")
    [key] = runtime.redis.keys("wxdesk:import:*")
    assert 0 < runtime.redis.ttl(key) <= KEPT_SECONDS
    assert confirm(zhou, page).status_code == 422
    runtime.redis.delete(key)
    late = confirm(lin, page)
    assert late.status_code == 422
    assert "that took too long" in late.text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name,what\na,b\n", "must name the columns"),
        ("shortcut,text\n", "the file has no rows"),
        ("shortcut,text\n" + "a,b\n" * 2_001, "at most 2000 rows"),
        ("", "choose a CSV file"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(lin, text, words):
    answer = upload(lin, text)
    assert answer.status_code == 422
    assert words in answer.text


def test_what_is_exported_comes_back_as_unchanged(lin):
    write(lin, shortcut="a", title="=1+1", text='@sum, "quoted"\n第二行', folder="+x")
    exported = lin.get(f"{HOME}/export.csv").get_data(as_text=True)
    assert exported.startswith("\ufeffshortcut,title,text,folder")
    assert "'=1+1" in exported
    page = upload(lin, exported)
    assert "1 unchanged" in page.text
    assert "Everything in the file is there already." in page.text
