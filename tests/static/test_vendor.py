"""The vendored browser files are exactly those that the lock file names."""

import hashlib
import json
import re
from pathlib import Path

VENDOR = Path(__file__).resolve().parents[2] / "wxdesk" / "static" / "vendor"
LOCK = json.loads((VENDOR / "vendor.lock.json").read_text("utf-8"))


def test_every_locked_file_has_its_hash() -> None:
    for row in LOCK:
        content = (VENDOR / row["file"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == row["sha256"], row["file"]


def test_no_vendored_file_is_missing_from_the_lock() -> None:
    present = {p.relative_to(VENDOR).as_posix() for p in VENDOR.rglob("*") if p.is_file()}
    assert present == {row["file"] for row in LOCK} | {"vendor.lock.json"}


def test_every_package_ships_its_licence() -> None:
    names = {row["name"] for row in LOCK}
    licensed = {row["name"] for row in LOCK if row["file"].startswith("licences/")}
    assert licensed == names


def test_vendored_modules_import_only_vendored_files() -> None:
    for path in VENDOR.glob("*.js"):
        if path.name == "htmx.min.js":  # a classic script
            continue
        for specifier in re.findall(r"""\bfrom\s*["']([^"'\n]+)["']""", path.read_text("utf-8")):
            assert specifier.startswith("./"), (path.name, specifier)
            assert (VENDOR / specifier).is_file(), (path.name, specifier)
