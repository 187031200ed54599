"""Fetch the browser libraries from npm into wxdesk/static/vendor/ and lock their hashes.

Run `python deploy/vendor.py` after changing a version below or a name in deploy/icons.txt; commit
the result. Files are copied as published, with two deterministic changes, because pages run without
a build step and without an inline import map:

* in ES modules, bare imports such as `from "preact"` become relative ones (`from "./preact.js"`);
* the `sourceMappingURL` comment is dropped, as the maps are not shipped.

The icons named in deploy/icons.txt become one SVG sprite.
"""

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENDOR = ROOT / "wxdesk" / "static" / "vendor"
ICON_NAMES = ROOT / "deploy" / "icons.txt"
SPRITE = "tabler-icons.svg"

BARE_IMPORTS = {
    "preact": "./preact.js",
    "preact/hooks": "./preact-hooks.js",
    "@preact/signals-core": "./signals-core.js",
    "@preact/signals": "./signals.js",
}


@dataclass(frozen=True, slots=True)
class Package:
    """One npm package at one version; `files` maps its paths to our file names."""

    name: str
    version: str
    licence: str
    files: tuple[tuple[str, str], ...]
    licence_file: str = "LICENSE"


PACKAGES = (
    Package(
        "preact",
        "11.2.0",
        "MIT",
        (("dist/preact.mjs", "preact.js"), ("hooks/dist/hooks.mjs", "preact-hooks.js")),
    ),
    Package("htm", "3.1.1", "Apache-2.0", (("dist/htm.mjs", "htm.js"),)),
    Package(
        "@preact/signals-core", "1.14.5", "MIT", (("dist/signals-core.mjs", "signals-core.js"),)
    ),
    Package("@preact/signals", "2.11.4", "MIT", (("dist/signals.mjs", "signals.js"),)),
    Package("htmx.org", "2.0.11", "0BSD", (("dist/htmx.min.js", "htmx.min.js"),)),
    # This package has no licence file; the notice that heads its style sheet is kept instead.
    Package(
        "@tabler/core",
        "1.6.1",
        "MIT",
        (("dist/css/tabler.min.css", "tabler.min.css"),),
        licence_file="",
    ),
    Package("@tabler/icons", "3.51.0", "MIT", ()),
)

MIT_TERMS = """Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
"""


def use_relative_imports(source: str) -> str:
    """Point bare module specifiers at the vendored files; an unknown one is an error."""

    def relative(match: re.Match[str]) -> str:
        specifier = match.group(2)
        if specifier.startswith("."):
            return match.group(0)
        return f'{match.group(1)}"{BARE_IMPORTS[specifier]}"'

    return re.sub(r"""(\bfrom\s*|\bimport\s*)["']([^"'\n]+)["']""", relative, source)


def without_source_map(source: str) -> str:
    """Drop the trailing sourceMappingURL comment, in either comment form."""
    pattern = r"\s*(/\*#\s*sourceMappingURL=.*?\*/|//#\s*sourceMappingURL=\S+)\s*$"
    return re.sub(pattern, "\n", source)


def prepared(name: str, source: str) -> str:
    """The text to ship for one published file."""
    text = without_source_map(source)
    return use_relative_imports(text) if name.endswith(".js") and "htmx" not in name else text


def sprite(icons: Path, names: list[str]) -> str:
    """One SVG with a <symbol> per icon, from the package's outline icons."""
    symbols = []
    for name in names:
        svg = (icons / f"{name}.svg").read_text("utf-8")
        inner = re.search(r"<svg[^>]*>(.*)</svg>", svg, re.DOTALL)
        if inner is None:
            raise ValueError(f"{name}.svg is not an SVG file")
        shapes = "".join(line.strip() for line in inner.group(1).splitlines())
        symbols.append(
            f'<symbol id="{name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" '
            f'stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round">{shapes}</symbol>'
        )
    body = "\n".join(symbols)
    return f'<svg xmlns="http://www.w3.org/2000/svg">\n{body}\n</svg>\n'


def fetch(package: Package, folder: Path) -> Path:
    """Download and unpack one package; the folder that holds its files."""
    npm = shutil.which("npm")
    if npm is None:
        raise FileNotFoundError("npm is not in PATH; it is needed to refresh the vendored files")
    target = folder / package.name.replace("/", "-")
    target.mkdir()
    subprocess.run(  # noqa: S603  fixed command, fixed arguments
        [npm, "pack", f"{package.name}@{package.version}"],
        cwd=target,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with tarfile.open(next(target.glob("*.tgz"))) as archive:
        archive.extractall(target, filter="data")
    return target / "package"


def licence_text(package: Package, unpacked: Path) -> str:
    """The package's licence file, or the notice in its first file with the MIT terms."""
    if package.licence_file:
        return (unpacked / package.licence_file).read_text("utf-8")
    first = (unpacked / package.files[0][0]).read_text("utf-8")
    notice = re.search(r"/\*!(.*?)\*/", first, re.DOTALL)
    if notice is None:
        raise ValueError(f"{package.name} carries no licence notice")
    lines = [line.strip(" *") for line in notice.group(1).strip().splitlines()]
    return "\n".join(lines) + "\n\n" + MIT_TERMS


def entry(package: Package, path: Path) -> dict[str, str]:
    """One row of the lock file."""
    return {
        "name": package.name,
        "version": package.version,
        "licence": package.licence,
        "file": path.relative_to(VENDOR).as_posix(),
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }


def vendored(package: Package, unpacked: Path) -> list[Path]:
    """Write one package's files and licence; the paths written."""
    written = []
    for source, name in package.files:
        text = (unpacked / source).read_text("utf-8")
        path = VENDOR / name
        path.write_text(prepared(name, text), "utf-8")
        written.append(path)
    if package.name == "@tabler/icons":
        path = VENDOR / SPRITE
        names = ICON_NAMES.read_text("utf-8").split()
        path.write_text(sprite(unpacked / "icons" / "outline", names), "utf-8")
        written.append(path)
    plain = package.name.lstrip("@").replace("/", "-")
    licence = VENDOR / "licences" / f"{plain}.txt"
    licence.write_text(licence_text(package, unpacked), "utf-8")
    return [*written, licence]


def main() -> None:
    (VENDOR / "licences").mkdir(parents=True, exist_ok=True)
    lock = []
    with tempfile.TemporaryDirectory() as folder:
        for package in PACKAGES:
            unpacked = fetch(package, Path(folder))
            lock += [entry(package, path) for path in vendored(package, unpacked)]
            sys.stdout.write(f"{package.name} {package.version}\n")
    text = json.dumps(lock, indent=2, ensure_ascii=False) + "\n"
    (VENDOR / "vendor.lock.json").write_text(text, "utf-8")


if __name__ == "__main__":
    main()
