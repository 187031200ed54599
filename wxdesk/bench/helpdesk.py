"""django-helpdesk, installed for one measurement, with as many tickets as we have conversations."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from wxdesk.bench.history import Size

PACKAGE = "django-helpdesk==2.6.1"
INSTALL_SECONDS = 300
RUN_SECONDS = 1800
SITE = Path(__file__).with_name("helpdesk_site.py")


def measure(size: Size) -> dict[str, Any]:
    """Milliseconds of its ticket list in process on SQLite; or why it could not be measured."""
    with tempfile.TemporaryDirectory(prefix="wxdesk-helpdesk-") as name:
        folder = Path(name)
        try:
            python = _installed(folder / "env")
        except (subprocess.SubprocessError, OSError) as error:
            return {"helpdesk": f"skipped: pip could not install {PACKAGE} ({_reason(error)})"}
        numbers = (size.conversations, size.open_ones, size.messages)
        command = [python, "-P", str(SITE), str(folder), *(str(number) for number in numbers)]
        try:
            done = subprocess.run(
                command, check=True, capture_output=True, text=True, timeout=RUN_SECONDS
            )
        except subprocess.SubprocessError as error:
            return {"helpdesk": f"failed ({_reason(error)})"}
        times = json.loads(done.stdout)
    return {
        "helpdesk": f"{PACKAGE}, Django {times['django']}, SQLite, in process",
        "helpdesk_list_rows_p50_ms": times["rows_p50_ms"],
        "helpdesk_list_page_p50_ms": times["page_p50_ms"],
    }


def _installed(folder: Path) -> str:
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, timeout=INSTALL_SECONDS)
    python = str(folder / "bin" / "python")
    pip = [python, "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"]
    subprocess.run(
        [*pip, PACKAGE], check=True, capture_output=True, text=True, timeout=INSTALL_SECONDS
    )
    return python


def _reason(error: Exception) -> str:
    """The last line of what the program wrote, else the error's name."""
    lines = str(getattr(error, "stderr", "") or "").strip().splitlines()
    return lines[-1][:200] if lines else type(error).__name__
