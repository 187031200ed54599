"""`wxdesk ...` as an operator types it: each in a real process, with its exit code."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cast import PASSWORD
from servers import NOBODY_LISTENS

CONFIGURATION_EXIT = 78
UNAVAILABLE_EXIT = 69
ACCOUNT = {
    "slug": "yunshan",
    "name": "云杉",
    "original-id": "gh_yunshan",
    "app-id": "wx0123456789abcdef",
    "app-secret": "app-secret",
    "token": "pushtoken1",
}


class Operator:
    """Runs commands in an environment that holds our settings only."""

    def __init__(self, forking: subprocess.Popen[str], data_dir: Path, redis_url: str) -> None:
        outside = {k: v for k, v in os.environ.items() if not k.startswith("WXDESK_")}
        self.forking = forking
        self.data_dir = data_dir
        self.environment = outside | {
            "WXDESK_DATA_DIR": str(data_dir),
            "WXDESK_REDIS_URL": redis_url,
            "WXDESK_PUBLIC_URL": "https://desk.example.com",
            "WXDESK_WECHAT_API_URL": NOBODY_LISTENS,
        }

    def run(
        self, *words: str, stdin: str = "", **settings: str
    ) -> subprocess.CompletedProcess[str]:
        files = [self.data_dir.with_name(name) for name in ("stdin", "stdout", "stderr")]
        for file, text in zip(files, (stdin, "", ""), strict=True):
            file.write_text(text)
        asked = {"words": words, "environment": self.environment | settings}
        print(json.dumps(asked | {"files": [str(file) for file in files]}), file=self.forking.stdin)
        code = int(self.forking.stdout.readline())
        return subprocess.CompletedProcess(words, code, *(file.read_text() for file in files[1:]))

    def run_anew(self, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """The same by a Python that has imported nothing yet."""
        return subprocess.run(
            [sys.executable, "-m", "wxdesk", *words],
            env=self.environment | settings,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def add_account(self, *more: str, **options: str) -> subprocess.CompletedProcess[str]:
        given = ACCOUNT | {name.replace("_", "-"): value for name, value in options.items()}
        words = [word for name, value in given.items() for word in (f"--{name}", value)]
        return self.run("add-account", *words, *more)


@pytest.fixture(scope="module")
def forking() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, str(Path(__file__).with_name("forking.py"))]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, bufsize=1) as process:
        yield process
    assert process.returncode == 0


@pytest.fixture
def operator(forking, tmp_path: Path, redis_server) -> Operator:
    return Operator(forking, tmp_path / "data", redis_server.url)


@pytest.fixture(scope="module")
def data_at_head(forking, shared_redis, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data directory of a new installation."""
    made = Operator(forking, tmp_path_factory.mktemp("new") / "data", shared_redis.url)
    done = made.run("migrate")
    assert done.returncode == 0, done.stderr
    return made.data_dir


@pytest.fixture
def migrated(operator: Operator, data_at_head: Path) -> Operator:
    shutil.copytree(data_at_head, operator.data_dir)
    return operator


def sentences(done: subprocess.CompletedProcess[str]) -> list[str]:
    assert "Traceback" not in done.stderr
    return [line for line in done.stderr.splitlines() if line.startswith("wxdesk: ")]


def test_wrong_settings_are_one_sentence_each_and_exit_78(operator):
    done = operator.run_anew(
        "migrate", WXDESK_BIND="nowhere", WXDESK_LOCALE="de", WXDESK_DATABASE_URL="mysql://x"
    )
    assert done.returncode == CONFIGURATION_EXIT
    found = sentences(done)
    assert len(found) == 3
    for name in ("WXDESK_BIND", "WXDESK_LOCALE", "WXDESK_DATABASE_URL"):
        assert sum(name in sentence for sentence in found) == 1


@pytest.mark.parametrize("data_dir", ["/proc/wxdesk", "/dev/null/data"])
def test_a_data_directory_that_can_not_be_written_is_one_sentence(operator, data_dir):
    done = operator.run("up", WXDESK_DATA_DIR=data_dir)
    assert done.returncode == CONFIGURATION_EXIT
    (sentence,) = sentences(done)
    assert data_dir in sentence


def test_a_port_in_use_is_one_sentence_and_nothing_is_left_running(operator):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = operator.run_anew("up", WXDESK_BIND=address)
    assert done.returncode == CONFIGURATION_EXIT
    (sentence,) = sentences(done)
    assert address in sentence


@pytest.mark.parametrize("command", [["web"], ["worker", "intake"], ["add-account"]])
def test_an_old_schema_is_one_sentence_that_says_what_to_do(operator, command):
    done = operator.add_account() if command == ["add-account"] else operator.run(*command)
    assert done.returncode == CONFIGURATION_EXIT
    (sentence,) = sentences(done)
    assert "wxdesk migrate" in sentence


def test_a_database_that_can_not_be_reached_is_one_sentence(operator):
    url = "postgresql://nobody@127.0.0.1:9/nothing"
    done = operator.run("migrate", WXDESK_DATABASE_URL=url)
    assert done.returncode == UNAVAILABLE_EXIT  # unlike a wrong setting it may mend itself
    (sentence,) = sentences(done)
    assert "WXDESK_DATABASE_URL" in sentence


def test_a_queue_that_does_not_exist_is_named_with_those_that_do(migrated):
    done = migrated.run("worker", "lunch")
    assert done.returncode != 0
    (sentence,) = sentences(done)
    assert "lunch" in sentence
    assert "intake" in sentence


def test_migrating_twice_says_so(migrated):
    done = migrated.run("migrate")
    assert (done.returncode, done.stdout.strip()) == (0, "the schema is at head")


def test_an_account_gets_its_address_and_each_wrong_option_its_name(migrated):
    done = migrated.add_account()
    assert done.returncode == 0
    assert done.stdout.strip() == "https://desk.example.com/wechat/yunshan"
    for option, value in [("slug", "Ä"), ("token", "x"), ("original-id", "a b")]:
        wrong = migrated.add_account(**{"slug": "other", "original-id": "gh_o", option: value})
        assert wrong.returncode == 2
        assert sentences(wrong)[0].startswith(f"wxdesk: --{option}:")
    double = migrated.add_account()
    assert double.returncode == 2
    assert "--slug" in double.stderr
    unsealed = migrated.add_account("--mode", "safe", slug="safe", original_id="gh_safe")
    assert "--aes-key" in unsealed.stderr


def test_a_person_and_her_token(migrated):
    options = ["--email", "lin@example.com", "--name", "Lin", "--role", "agent"]
    short = migrated.run("create-agent", *options, "--password-stdin", stdin="short\n")
    assert short.returncode == 2
    assert "--password" in short.stderr
    made = migrated.run("create-agent", *options, "--password-stdin", stdin=f"{PASSWORD}\n")
    assert made.returncode == 0, made.stderr
    busy = migrated.run(
        "create-agent",
        *["--email", "mei2@example.com", "--name", "Mei", "--role", "agent"],
        *["--capacity", "3", "--team", "售前", "--password-stdin"],
        stdin=f"{PASSWORD}\n",
    )
    assert busy.returncode == 2
    assert "--team" in busy.stderr
    token = migrated.run("create-token", "--email", "lin@example.com", "--name", "script")
    assert re.fullmatch(r"wxd_[\w-]{30,}", token.stdout.split()[-1])
    nobody = migrated.run("create-token", "--email", "mei@example.com", "--name", "script")
    assert nobody.returncode == 1
    assert "mei@example.com" in sentences(nobody)[0]


def test_routes_names_every_address_with_its_permission(migrated):
    done = migrated.run("routes")
    assert done.returncode == 0, done.stderr
    lines = {line.split()[1]: line for line in done.stdout.splitlines()}
    assert lines["/wechat/<slug>"].endswith("public")
    assert lines["/api/v1/accounting"].endswith("intake.read")


def test_the_doctor_says_what_is_wrong_and_how_to_mend_it(operator):
    ill = operator.run("doctor")
    assert ill.returncode == 1
    assert "wxdesk migrate" in ill.stdout
    operator.run("migrate")
    operator.add_account()
    still = operator.run("doctor")
    assert still.returncode == 1
    assert "wxdesk worker" in still.stdout  # no worker runs
    assert "1 official accounts" in still.stdout
    away = operator.run("doctor", WXDESK_REDIS_URL="unix:///nowhere.sock")
    assert away.returncode == 1
    assert re.search(r"BAD\s+redis", away.stdout)
    assert "Traceback" not in away.stderr


def test_the_doctor_notices_the_wrong_secret_key(migrated):
    migrated.add_account()
    done = migrated.run("doctor", WXDESK_SECRET_KEY="not the key of this installation")
    assert done.returncode == 1
    assert "WXDESK_SECRET_KEY" in done.stdout
    assert "Traceback" not in done.stderr


def test_the_demo_refuses_an_address_that_others_reach(operator):
    done = operator.run("demo", "--bind", "0.0.0.0:8123")
    assert done.returncode == CONFIGURATION_EXIT
    assert "127.0.0.1" in sentences(done)[0]
