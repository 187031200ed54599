"""Rules that a linter can't see: who may commit, who may open a transaction, what is documented."""

import ast
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from rq.utils import import_attribute

from wxdesk import background_jobs
from wxdesk.plumbing.queues import Job

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "wxdesk"
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if "migrations" not in path.parts)
TEMPLATES = sorted((PACKAGE / "templates").rglob("*.html"))
DOORS = {
    "acceptance.py",
    "previewing.py",
    "assign_api.py",
    "fields_api.py",
    "fields_views.py",
    "forecast_views.py",
    "here_api.py",
    "history_api.py",
    "lifecycle_api.py",
    "notes_api.py",
    "responses.py",
    "search_api.py",
    "settings_views.py",
    "tags_api.py",
    "tags_views.py",
    "thread_api.py",
    "views_api.py",
    "access.py",
    "answers_api.py",
    "api.py",
    "adding.py",
    "snapshot.py",
    "contact_api.py",
    "customers.py",
    "demo.py",
    "demo_stories.py",
    "demo_marketing.py",
    "directory.py",
    "dry_run_api.py",
    "waiting_jobs.py",
    "dry_run_steps.py",
    "dry_run_views.py",
    "trying_views.py",
    "doctor.py",
    "jobs.py",
    "missing.py",
    "offering.py",
    "import_views.py",
    "mail_views.py",
    "report_views.py",
    "pages.py",
    "runtime.py",
    "sending.py",
    "site_views.py",
    "views.py",
    "file_views.py",
    "health_views.py",
    "poster_views.py",
    "wall_views.py",
    "webhook_views.py",
    "promise_views.py",
    "promise_api.py",
    "live_views.py",
    "entry_views.py",
    "draw_views.py",
    "code_views.py",
    "code_import.py",
    "recounting.py",
}
READING_DOORS = {
    "previewing.py",
    "file_views.py",
    "health_views.py",
    "poster_views.py",
    "responses.py",
    "acceptance.py",
    "access.py",
    "customers.py",
    "directory.py",
    "doctor.py",
    "forecast_views.py",
    "report_views.py",
    "pages.py",
    "site_views.py",
    "trying_views.py",
    "wall_views.py",
}


def of_module(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


def is_of(path: Path, *folders: str) -> bool:
    return path.relative_to(PACKAGE).parts[0] in folders


def each_module(check: Callable[[Path], None]) -> Callable[[], None]:
    """One test for all modules: it names every one that breaks the rule."""

    def test() -> None:
        wrong = []
        for path in MODULES:
            try:
                check(path)
            except AssertionError as error:
                wrong.append(f"{of_module(path)}: {error}")
        assert not wrong, "\n".join(wrong)

    return test


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def called_methods(path: Path) -> set[str]:
    calls = (n.func for n in ast.walk(tree_of(path)) if isinstance(n, ast.Call))
    return {function.attr for function in calls if isinstance(function, ast.Attribute)}


def called_names(path: Path) -> set[str]:
    calls = (n.func for n in ast.walk(tree_of(path)) if isinstance(n, ast.Call))
    return {function.id for function in calls if isinstance(function, ast.Name)}


def imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found


@each_module
def test_only_the_unit_of_work_commits(path):
    if of_module(path) != "plumbing/schema.py" and not is_of(path, "bench"):
        assert "commit" not in called_methods(path)


@each_module
def test_only_doors_open_a_unit_of_work(path):
    if is_of(path, "bench", "simulator") or of_module(path) == "plumbing/unit_of_work.py":
        return
    called = called_methods(path)
    if path.name not in DOORS:
        assert not called & {"unit_of_work", "reading"}
    if path.name in READING_DOORS:
        assert "unit_of_work" not in called


@each_module
def test_who_adds_a_message_asks_for_the_order_of_messages(path):
    """Else readers that remember the last id pass over it (plumbing/db.write_in_order)."""
    if called_names(path) & {"Message"}:
        assert "write_in_order" in called_names(path)


@each_module
def test_no_module_outgrows_one_sitting(path):
    assert len(path.read_text().splitlines()) <= 400


@each_module
def test_every_module_says_what_it_is_for(path):
    if path.name == "__main__.py" or not path.read_text().strip():
        return
    first = tree_of(path).body[0]
    assert first.lineno == 1
    assert isinstance(first, ast.Expr)
    assert isinstance(first.value, ast.Constant)
    assert isinstance(first.value.value, str)


@each_module
def test_only_the_clock_reads_the_wall_clock(path):
    if of_module(path) == "plumbing/clock.py" or is_of(path, "bench"):
        return
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            name = f"{node.value.id}.{node.attr}"
            assert name not in {"datetime.now", "datetime.utcnow", "time.time", "time.sleep"}


@each_module
def test_only_doors_know_flask(path):
    if path.name in {"operations.py", "models.py", "queries.py", "jobs.py", "rules.py"}:
        assert not any(name.partition(".")[0] == "flask" for name in imported(path))


@each_module
def test_the_simulator_knows_nothing_of_the_desk(path):
    if is_of(path, "simulator"):
        allowed = ("wxdesk.simulator", "wxdesk.wechat", "wxdesk.plumbing", "wxdesk.words")
        ours = {name for name in imported(path) if name.startswith("wxdesk")}
        assert all(name.startswith(allowed) for name in ours)


@pytest.mark.parametrize("job", background_jobs.ALL, ids=lambda job: job.path)
def test_every_background_job_exists(job):
    assert callable(import_attribute(job.path))


def test_every_job_is_in_the_table():
    named = {value for value in vars(background_jobs).values() if isinstance(value, Job)}
    assert named == set(background_jobs.ALL)


@each_module
def test_a_job_is_rung_by_its_name_in_the_table_and_made_nowhere_else(path):
    if of_module(path) in ("background_jobs.py", "plumbing/queues.py") or is_of(path, "bench"):
        return
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id != "Job"


def settings_that_are_read() -> set[str]:
    """Every WXDESK_ name that the product reads, from the code itself."""
    reader_methods = {"text", "one_of", "url"}
    tree = ast.parse((PACKAGE / "settings.py").read_text())
    names = {
        node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in reader_methods
        and node.args
        and isinstance(node.args[0], ast.Constant)
    }
    found = {f"WXDESK_{name}" for name in names}
    for path in MODULES:
        found |= set(re.findall(r"environ(?:\.get)?[(\[]\s*[\"'](WXDESK_\w+)", path.read_text()))
    return found


def test_every_setting_is_documented():
    documented = (ROOT / "docs" / "settings.md").read_text("utf-8")
    read = settings_that_are_read()
    assert len(read) >= 11
    internal = {"WXDESK_WORKER_NAME"}  # the supervisor's own
    missing = {name for name in read - internal if f"`{name}`" not in documented}
    assert missing == set()


def test_every_documented_setting_exists():
    documented = set(re.findall(r"`(WXDESK_\w+)`", (ROOT / "docs" / "settings.md").read_text()))
    files = {
        f"WXDESK_{name}_FILE" for name in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "SMTP_URL")
    }
    tests_only = {name for name in documented if name.startswith("WXDESK_TEST_")}
    assert (
        documented - settings_that_are_read() - files - tests_only - {"WXDESK_WORKER_NAME"} == set()
    )


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_no_template_holds_script_or_style_or_trusts_text(path):
    text = path.read_text("utf-8")
    for tag in re.findall(r"<script\b[^>]*>", text):
        assert "src=" in tag or 'type="application/json"' in tag, tag
    assert not re.search(r"<style\b|\sstyle=|\son[a-z]+=[\"']|javascript:", text)
    assert not re.search(r"\|\s*safe\b|autoescape\s+false|Markup\(", text)


@each_module
def test_no_module_trusts_text_as_markup(path):
    assert not re.search(r"\bMarkup\(|render_template_string", path.read_text())


@each_module
def test_no_function_outgrows_a_screen(path):
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or 0) - node.lineno + 1
            assert length <= 60, f"{node.name} has {length} lines"


def test_every_link_to_a_page_of_the_documentation_leads_somewhere():
    """Docstrings name `docs/wechat.md#section` as the source of an outside rule."""
    for path in MODULES:
        for name, anchor in re.findall(r"docs/(\w+\.md)(?:#([\w-]+))?", path.read_text()):
            page = ROOT / "docs" / name
            assert page.is_file(), f"{of_module(path)}: docs/{name}"
            anchors = {
                _anchor(line) for line in page.read_text("utf-8").splitlines() if "#" in line
            }
            assert not anchor or anchor in anchors, f"{of_module(path)}: docs/{name}#{anchor}"


def _anchor(line: str) -> str:
    explicit = re.search(r'id="([\w-]+)"', line)
    if explicit:
        return explicit[1]
    return re.sub(r"[^\w -]", "", line.lstrip("# ").strip().lower()).replace(" ", "-")
