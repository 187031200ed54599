"""Pages of QR codes: ordered, found, downloaded, on posters; bad input is named at its field."""

import io
import zipfile

import pytest
from PIL import Image
from sqlalchemy import select, update

from wxdesk.qr_codes.models import QrCode
from wxdesk.qr_codes.pictures import png_of
from wxdesk.qr_codes.rules import QrState

pytestmark = pytest.mark.one_database

HOME = "/campaigns/qr-codes"


@pytest.fixture
def marketer(browser, team, service):
    browser.log_in("chen")
    return browser


def rows(runtime):
    with runtime.reading() as session:
        return session.scalars(select(QrCode).order_by(QrCode.id)).all()


def make_ready(runtime):
    with runtime.unit_of_work() as uow:
        values = {"state": QrState.READY, "url": "http://weixin.qq.com/q/abc", "ticket": "t"}
        uow.session.execute(update(QrCode).values(values))


def upload(browser, path, name, data, **form):
    body = {"csrf_token": browser.csrf, name: (io.BytesIO(data), "a.bin"), **form}
    answer = browser.client.post(path, data=body, content_type="multipart/form-data")
    answer.request.environ["wsgi.input"].close()  # a large body lies in a file
    return answer


def photo(width=800, height=1200, kind="JPEG"):
    file = io.BytesIO()
    Image.new("RGB", (width, height), (200, 30, 60)).save(file, kind)
    return file.getvalue()


def test_a_marketer_orders_a_code_changes_it_and_finds_it_again(runtime, service, marketer):
    assert "No QR code yet" in marketer.get(HOME).text
    marketer.get(f"{HOME}/new")
    form = {"account_id": str(service.id), "kind": "shop", "folder": "北京", "cost": "1,200.50"}
    answer = marketer.post(f"{HOME}/new", label="<b>咖啡店</b>", **form)
    assert answer.status_code == 302
    (row,) = rows(runtime)
    assert (row.kind, row.folder, row.cost_cents, row.lives_seconds) == (
        "shop",
        "北京",
        120_050,
        None,
    )
    page = marketer.get(f"{HOME}/{row.id}").text
    assert "&lt;b&gt;咖啡店" in page
    assert 'hx-trigger="every 2s"' in page
    changed = marketer.post(f"{HOME}/{row.id}", label="茶馆", kind="advert", cost="", scene="x")
    assert changed.status_code == 302
    (row,) = rows(runtime)
    assert (row.label, row.kind, row.cost_cents, row.scene != "x") == ("茶馆", "advert", None, True)
    assert "茶馆" in marketer.get(f"{HOME}?text=茶").text
    assert "No code fits" in marketer.get(f"{HOME}?folder=上海").text
    marketer.post(f"{HOME}/{row.id}/archive", is_archived="1")
    assert "茶馆" not in marketer.get(HOME).text
    assert "茶馆" in marketer.get(f"{HOME}?archived=1").text


def test_bad_input_is_named_at_its_field_and_kept_in_the_form(runtime, service, marketer):
    marketer.get(f"{HOME}/new")
    form = {"account_id": str(service.id), "label": "A", "life": "temporary", "days": "31"}
    answer = marketer.post(f"{HOME}/new", **form, cost="cheap", scene="a b")
    assert answer.status_code == 422
    for field in ("days", "cost", "scene"):
        assert f'id="{field}-error"' in answer.text
    assert 'value="cheap"' in answer.text
    assert rows(runtime) == []


def test_many_codes_come_from_lines_or_a_file_all_or_none(runtime, service, marketer):
    marketer.get(f"{HOME}/many")
    form = {"account_id": str(service.id), "kind": "partner", "folder": "展会", "cost": "10"}
    lines = "甲店\n\n乙店，20\n丙店,,c-scene"
    assert marketer.post(f"{HOME}/many", lines=lines, **form).status_code == 302
    found = [(it.label, it.cost_cents, it.folder) for it in rows(runtime)]
    assert found == [("甲店", 1000, "展会"), ("乙店", 2000, "展会"), ("丙店", 1000, "展会")]
    table = "名称,费用,类型\n丁店,5,门店\n戊店,,个人\n".encode("gb18030")
    assert upload(marketer, f"{HOME}/many", "file", table, **form).status_code == 302
    assert [it.kind for it in rows(runtime)][3:] == ["shop", "person"]
    wrong = "label,cost,scene\n好店,1,new\n坏店,free,b b\n又一店,1,c-scene\n".encode()
    answer = upload(marketer, f"{HOME}/many", "file", wrong, **form)
    assert answer.status_code == 422
    assert "Line 3 · Cost" in answer.text
    assert "Line 3 · Scene" in answer.text
    doubled = marketer.post(f"{HOME}/many", lines="好店,1,new\n坏店,1,c-scene", **form)
    assert "Line 2 · Scene: this scene belongs to the code “丙店” already" in doubled.text
    broken = upload(marketer, f"{HOME}/many", "file", b"\xff\xfe\x00\xd8\x00", **form)
    assert 'id="file-error"' in broken.text
    assert len(rows(runtime)) == 5


def test_files_of_codes_say_what_wechat_made(runtime, service, marketer):
    marketer.get(f"{HOME}/many")
    form = {"account_id": str(service.id), "kind": "partner"}
    marketer.post(f"{HOME}/many", lines="=甲/店,1,a\n=甲/店,1,b", **form)
    first = rows(runtime)[0].id
    for path in (f"{first}/code.png", f"{first}/poster", "codes.zip", "posters"):
        assert marketer.client.get(f"{HOME}/{path}").status_code == 409
    make_ready(runtime)
    url = "http://weixin.qq.com/q/abc"
    png = marketer.client.get(f"{HOME}/{first}/code.png?save=1")
    assert png.data == png_of(url)
    assert Image.open(io.BytesIO(png.data)).width > 500
    assert "attachment" in png.headers["Content-Disposition"]
    assert marketer.client.get(f"{HOME}/{first}/code.svg").data.startswith(b"<?xml")
    archive = zipfile.ZipFile(io.BytesIO(marketer.client.get(f"{HOME}/codes.zip").data))
    assert sorted(archive.namelist()) == ["codes.csv", "店-a.png", "店-b.png"]
    assert archive.testzip() is None
    table = marketer.get(f"{HOME}/codes.csv").get_data(as_text=True).splitlines()
    assert len(table) == 3
    assert table[1].startswith("'=甲/店,Partner,,")


def test_a_poster_carries_the_code_and_a_wrong_picture_is_named(runtime, service, marketer):
    marketer.get(f"{HOME}/many")
    form = {"account_id": str(service.id), "kind": "partner"}
    marketer.post(f"{HOME}/many", lines="甲店\n乙店", **form)
    make_ready(runtime)
    first = rows(runtime)[0].id
    path, layout = f"{HOME}/{first}/poster", {"place": "bottom_right", "percent": "30"}
    assert "<form" in marketer.get(path).text
    made = upload(marketer, path, "background", photo(), has_label="1", **layout)
    assert made.mimetype == "image/jpeg"
    picture = Image.open(io.BytesIO(made.data))
    assert picture.size == (800, 1200)
    corner = picture.convert("L").crop((540, 880, 760, 1160))
    assert corner.getextrema()[0] < 40 < 215 < corner.getextrema()[1]
    assert picture.getpixel((20, 20))[0] in range(190, 210)
    for data, values, field in (
        (b"GIF89a" + bytes(200), {}, "background"),
        (photo(200, 200), {}, "background"),
        (photo(5000, 4000), {}, "background"),
        (bytes(10_000_001), {}, "background"),
        (photo(), {"percent": "95"}, "percent"),
        (photo(300, 300), {"percent": "12"}, "percent"),
        (photo(), {"place": "moon"}, "place"),
    ):
        answer = upload(marketer, path, "background", data, **(layout | values))
        assert answer.status_code == 422
        assert f'id="{field}-error"' in answer.text
    shown = upload(marketer, path, "background", b"x", preview="1", **layout)
    assert shown.get_json()["field"] == "background"
    many = upload(marketer, f"{HOME}/posters", "background", photo(kind="PNG"), **layout)
    archive = zipfile.ZipFile(io.BytesIO(many.data))
    assert len([name for name in archive.namelist() if name.endswith(".png")]) == 2


def test_agents_read_and_do_not_write(runtime, service, browser, team):
    browser.log_in("lin")
    assert browser.get(HOME).status_code == 200
    assert "New code" not in browser.get(HOME).text
    assert browser.get(f"{HOME}/new").status_code == 403
    assert browser.post(f"{HOME}/new", label="A", account_id=str(service.id)).status_code == 403
    assert rows(runtime) == []
