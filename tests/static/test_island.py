"""What can be checked about the inbox's modules, texts and templates without a browser."""

import json
import re
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / "wxdesk"
INBOX = PACKAGE / "static" / "inbox"
TEMPLATES = PACKAGE / "templates"
SPRITE = PACKAGE / "static" / "vendor" / "tabler-icons.svg"
MODULES = sorted(INBOX.rglob("*.js"))
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
        name = path.relative_to(INBOX).with_suffix("").as_posix()
        assert name == "main" or f'"{name}"' in page, name


def test_the_page_preloads_nothing_that_is_gone() -> None:
    page = (TEMPLATES / "inbox" / "inbox.html").read_text("utf-8")
    names = re.findall(
        r'"([\w/-]+)"', page[page.index('"actions"') : page.index('<link rel="modulepreload"')]
    )
    assert [name for name in names if not (INBOX / f"{name}.js").is_file()] == []


def test_the_pages_style_sheets_exist() -> None:
    page = (TEMPLATES / "inbox" / "inbox.html").read_text("utf-8")
    names = re.findall(r'"(inbox\w*)"', page[: page.index('"actions"')])
    assert len(names) > 1
    assert [n for n in names if not (PACKAGE / "static" / "css" / f"{n}.css").is_file()] == []


def test_no_text_is_left_that_nothing_shows() -> None:
    source = "\n".join(path.read_text("utf-8") for path in MODULES)
    named = set(re.findall(r'"(\w+)"', source))
    starts = tuple(re.findall(r"`(\w+_)\$\{", source))
    plain = {re.sub(r"_(one|of)$", "", key): key for key in ENGLISH}
    left = [key for short, key in plain.items() if {short, key}.isdisjoint(named)]
    assert [key for key in left if not key.startswith(starts)] == []


def test_no_module_sets_a_style_attribute_as_text() -> None:
    for path in MODULES:
        assert not re.search(r'\sstyle="|setAttribute\("style', path.read_text("utf-8")), path.name


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
        r"<script(?![^>]*(?:\bsrc=|type=\"application/json\"))|<style|\sstyle=|\son\w+=|\|\s*safe\b",
        re.IGNORECASE,
    )
    for path in own_templates():
        found = inline.search(path.read_text("utf-8"))
        assert found is None, (path.name, found)


def icons_of(source: str) -> set[str]:
    """Names in `<Icon name="…">`, in `icon="…"` and in the tables called …ICONS."""
    direct = re.findall(r"""(?:<\$\{Icon\} name|\bicon)="([\w-]+)\"""", source)
    tables = re.findall(r"ICONS = \{([^}]*)\}", source)
    return {*direct, *re.findall(r': "([\w-]+)"', " ".join(tables))}


def test_every_icon_that_is_named_is_in_the_sprite() -> None:
    drawn = set(re.findall(r'<symbol id="([\w-]+)"', SPRITE.read_text("utf-8")))
    for path in own_templates():
        for name in re.findall(r"""\bicon\("([\w-]+)\"""", path.read_text("utf-8")):
            assert name in drawn, (path.name, name)
    for path in MODULES:
        assert icons_of(path.read_text("utf-8")) <= drawn, path.name
