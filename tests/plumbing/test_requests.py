"""What no database takes is refused at the door, with or without log-in."""

import io
from urllib.parse import quote

import pytest
from cast import Browser

NUL = "a\x00b"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/search", "openid"),
        ("/conversations", "openid"),
        ("/conversations", "tag"),
        ("/conversations", "account"),
        ("/messages", "openid"),
        ("/canned-responses", "q"),
        ("/canned-responses", "folder"),
        ("/ratings", "account"),
        ("/ratings", NUL),
    ],
)
def test_an_address_with_nul_is_refused(zhou, path, name):
    answer = zhou.get(path, **{name: NUL})
    assert answer.status_code == 400
    assert "NUL" in answer.json["detail"]


def test_a_path_with_nul_is_refused(app, team):
    browser = Browser(app.test_client())
    browser.log_in("admin")
    assert browser.get(f"/settings/accounts/{quote(NUL)}").status_code == 400


@pytest.mark.parametrize("is_file", [False, True])
def test_a_form_with_nul_is_refused_before_anybody_is_logged_in(app, team, is_file):
    browser = Browser(app.test_client())
    browser.get("/login")
    more = {"file": (io.BytesIO(NUL.encode()), "a.bin")} if is_file else {}
    answer = browser.post("/login", email=NUL, password="x", **more)
    assert answer.status_code == 400
    assert "NUL" in answer.text


def test_a_file_may_hold_what_it_likes(app, team):
    browser = Browser(app.test_client())
    browser.get("/login")
    file = (io.BytesIO(NUL.encode()), "a.bin")
    assert browser.post("/login", email="a@b.c", password="x", file=file).status_code == 401


def test_texts_of_a_json_body_lose_it(zhou):
    body = {"name": NUL, "query": {"openid": NUL}, "is_shared": False}
    made = zhou.post("/views", body)
    assert made.status_code == 201
    assert (made.json["name"], made.json["query"]["openid"]) == ("ab", "ab")


def test_a_push_with_nul_in_its_address_is_refused_in_plain_text(app, account):
    answer = app.test_client().get(f"/wechat/{account.slug}?signature={quote(NUL)}")
    assert (answer.status_code, answer.mimetype) == (400, "text/plain")
