"""Every text that a person may see has a Chinese one, and the compiled catalogue is current."""

import sys
from pathlib import Path

from babel.messages.mofile import read_mo

sys.path.insert(0, str(Path(__file__).parents[1] / "deploy"))

import translate


def test_every_text_has_a_chinese_one():
    assert translate.untranslated(translate.read(), translate.collect()) == []


def test_the_compiled_catalogue_is_the_written_one():
    with translate.CATALOGUE.with_suffix(".mo").open("rb") as file:
        compiled = read_mo(file)
    written = {message.id: message.string for message in translate.read() if message.id}
    assert {message.id: message.string for message in compiled if message.id} == written


def test_chinese_texts_keep_the_values_of_the_english_ones():
    for message in translate.read():
        for name in (message.python_format and message.id.split("%(")[1:]) or ():
            assert f"%({name.partition(')')[0]})" in message.string, message.id
