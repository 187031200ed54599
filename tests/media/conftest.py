"""A customer who sends files through the simulated WeChat, and a real S3 service."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
import requests
from cast import WANG, WeChat
from servers import free_port, wait_until
from sqlalchemy import select

from media.phone import Customer, row_of
from wxdesk.accounts.models import Account
from wxdesk.media.jobs import fetch
from wxdesk.media.models import Attachment
from wxdesk.media.rules import FileKind
from wxdesk.media.store import Store, store_at
from wxdesk.runtime import Runtime


@pytest.fixture
def wang(sending: Runtime, wechat: WeChat) -> Customer:
    """A customer at the simulated WeChat."""
    wechat.add_customer(WANG)
    with sending.reading() as session:
        account = session.scalars(select(Account)).one()
    return Customer(sending, account, wechat)


@pytest.fixture
def store(runtime: Runtime) -> Store:
    return store_at(runtime.settings.media_url)


@pytest.fixture
def fetched(wang: Customer):
    """Send a file and fetch it; gives its row."""

    def send(content: bytes, kind: FileKind = FileKind.IMAGE) -> Attachment:
        attachment_id = wang.sends(content, kind)
        fetch()
        return row_of(wang.runtime, attachment_id)

    return send


@pytest.fixture(scope="session")
def s3_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An S3 service (moto) in a process of its own; gives its address."""
    port = free_port()
    log = (tmp_path_factory.mktemp("s3") / "log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=log,
        stderr=log,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: _answers(address), seconds=60, what="an answer of the S3 service")
        yield address
    finally:
        process.kill()
        process.wait()
        log.close()


def _answers(address: str) -> bool:
    try:
        return requests.get(address, timeout=2).status_code == 200
    except requests.RequestException:  # no answer within two seconds is none either
        return False


@pytest.fixture
def bucket_url(s3_service: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """An empty bucket, as WXDESK_MEDIA_URL names it."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    name = f"media-{tmp_path.name.replace('_', '-').lower()[:40]}"
    client = boto3.client("s3", endpoint_url=s3_service, region_name="us-east-1")
    client.create_bucket(Bucket=name)
    client.close()
    return f"s3://{name}/desk?endpoint={s3_service}&region=us-east-1"
