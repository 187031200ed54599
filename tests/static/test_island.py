"""What can be checked about the inbox's modules, texts and templates without a browser."""

import json
import re
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / "wxdesk"
INBOX = PACKAGE / "static" / "inbox"
TEMPLATES = PACKAGE / "templates"
SPRITE = PACKAGE / "static" / "vendor" / "tabler-icons.svg"
MODULES = sorted(INBOX.glob("*.js"))
ENGLISH = json.loads((INBOX / "texts.en.json").read_text("utf-8"))
CHINESE = json.loads((INBOX / "texts.zh_CN.json").read_text("utf-8"))


def own_templates() -> list[Path]:
    return [p for p in TEMPLATES.rglob("*.html") if "simulator" not in p.parts]


def test_both_languages_have_the_same_keys_in_the_same_order() -> None:
    assert list(ENGLISH) == list(CHINESE)


def test_both_languages_use_the_same_values() -> None:
    for key, text in ENGLISH.items():
        if key.endswith("_one"):
            continue
        assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", CHINESE[key])), key


def test_every_text_that_a_module_names_exists() -> None:
    for path in MODULES:
        source = path.read_text("utf-8")
        for key in re.findall(r"""\bt\(\s*"(\w+)\"""", source):
            assert key in ENGLISH, (path.name, key)
        for start in re.findall(r"\bt\(`(\w+_)\$\{", source):
            assert any(key.startswith(start) for key in ENGLISH), (path.name, start)


def test_modules_import_files_that_exist() -> None:
    for path in MODULES:
        for specifier in re.findall(r'\bfrom "([^"]+)"', path.read_text("utf-8")):
            assert (path.parent / specifier).resolve().is_file(), (path.name, specifier)


def test_the_page_preloads_every_module() -> None:
    page = (TEMPLATES / "inbox" / "inbox.html").read_text("utf-8")
    for path in MODULES:
        assert path.stem == "main" or f'"{path.stem}"' in page, path.name


def test_modules_are_short_and_say_what_they_are_for() -> None:
    for path in MODULES:
        lines = path.read_text("utf-8").splitlines()
        assert lines[0].startswith("// "), path.name
        assert len(lines) <= 300, path.name


def test_no_module_writes_markup_or_evaluates_text() -> None:
    forbidden = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|dangerouslySet|\beval\(|new Function"
    )
    for path in [*MODULES, *(PACKAGE / "static" / "js").glob("*.js")]:
        assert not forbidden.search(path.read_text("utf-8")), path.name


def test_templates_have_no_inline_script_style_or_handler() -> None:
    inline = re.compile(
        r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|\|\s*safe\b", re.IGNORECASE
    )
    for path in own_templates():
        found = inline.search(path.read_text("utf-8"))
        assert found is None, (path.name, found)


def test_every_icon_that_is_named_is_in_the_sprite() -> None:
    drawn = set(re.findall(r'<symbol id="([\w-]+)"', SPRITE.read_text("utf-8")))
    for path in own_templates():
        for name in re.findall(r"""\bicon\("([\w-]+)\"""", path.read_text("utf-8")):
            assert name in drawn, (path.name, name)
    for path in MODULES:
        for name in re.findall(r"""<\$\{Icon\} name="([\w-]+)\"""", path.read_text("utf-8")):
            assert name in drawn, (path.name, name)
