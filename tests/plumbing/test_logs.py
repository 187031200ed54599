"""What the log says of an error."""

import importlib.util
import subprocess
import sys

import pytest

FAILS = """
import logging
from wxdesk.plumbing.logs import configure

def open_letter(text):
    raise ValueError("unreadable")

configure("{log_format}", "test")
try:
    open_letter("您好，" + "我的电话是 13800000000")
except ValueError:
    logging.getLogger("wxdesk").exception("letter 7 can't be read")
"""


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_an_error_is_told_with_its_place_and_not_with_what_the_variables_hold(log_format):
    assert importlib.util.find_spec("rich"), "with it structlog would show them"
    code = FAILS.format(log_format=log_format)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert "letter 7 can't be read" in done.stderr
    assert "in open_letter" in done.stderr
    assert "ValueError: unreadable" in done.stderr
    assert "13800000000" not in done.stderr.replace('"我的电话是 13800000000"', "")
