"""Bring the catalogue up to date: `python deploy/translate.py` after changing any text.

Collects every text, keeps what is translated, lists what is not, and compiles.
"""

from __future__ import annotations

import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parents[1] / "wxdesk"
CATALOGUE = ROOT / "translations" / "zh" / "LC_MESSAGES" / "messages.po"
METHODS = [
    ("simulator/**", "ignore"),
    ("**/templates/simulator/**", "ignore"),
    ("**.py", "python"),
    ("**/templates/**.html", "jinja2"),
]
KEYWORDS = {"_": None, "gettext": None, "say": None, "ngettext": (1, 2)}


def collect() -> Catalog:
    """Every translatable text of code and templates."""
    found = Catalog(project="wxdesk", charset="utf-8")
    for name, line, text, comments, _ in extract_from_dir(
        ROOT, METHODS, keywords=KEYWORDS, options_map={"**.html": {"trimmed": "true"}}
    ):
        found.add(text, None, [(name, line)], auto_comments=comments)
    return found


def read() -> Catalog:
    with CATALOGUE.open("rb") as file:
        return read_po(file, locale="zh_CN")


def untranslated(catalogue: Catalog, found: Catalog) -> list[str]:
    """Texts of the product without a Chinese one."""
    missing = []
    for message in found:
        if message.id:
            known = catalogue.get(message.id)
            if known is None or not known.string or known.fuzzy:
                missing.append(str(message.id))
    return missing


def main() -> int:
    found, catalogue = collect(), read()
    catalogue.update(found, no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    with CATALOGUE.open("wb") as file:
        write_po(file, catalogue, width=100, sort_output=True, include_lineno=False)
    with CATALOGUE.with_suffix(".mo").open("wb") as file:
        write_mo(file, catalogue)
    missing = untranslated(catalogue, found)
    for text in missing:
        print(f"no Chinese text: {text}")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
