"""What is kept of the browser's files: a bounded amount, and never an old one under a new name."""

import os

import pytest
from flask import Flask

from wxdesk.plumbing.static_files import StaticFiles, digest_of

GZIP = {"Accept-Encoding": "gzip"}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "page.css").write_text("a { color: red }\n" * 100)
    return tmp_path


@pytest.fixture
def app(folder):
    return Flask("files", static_folder=None)


@pytest.fixture
def files(app, folder):
    return StaticFiles(app, folder)


def test_however_an_address_spells_it_a_file_is_compressed_once(app, files):
    for number in range(5):
        found = app.test_client().get(f"/static/x{number}/../page.css", headers=GZIP)
        assert found.headers["Content-Encoding"] == "gzip"
    assert len(files.compress.cache.data) == 1


def test_a_file_that_is_replaced_beneath_the_process_is_given_as_its_tag_says(app, files, folder):
    client = app.test_client()
    before = client.get("/static/page.css", headers=GZIP)
    (folder / "page.css").write_text("a { color: tan }\n" * 100)
    os.utime(folder / "page.css", (1, 1))
    after = client.get("/static/page.css", headers=GZIP)
    assert after.headers["ETag"] != before.headers["ETag"]
    assert after.data != before.data


def test_the_address_changes_with_any_file_and_names_only_what_is_there(app, files, folder):
    assert files.address("page.css").endswith("/page.css")
    with pytest.raises(FileNotFoundError):
        files.address("nothing.css")
    (folder / "other.css").write_text("b {}")
    digest_of.cache_clear()
    later = StaticFiles(Flask("later", static_folder=None), folder)
    assert later.address("page.css") != files.address("page.css")
