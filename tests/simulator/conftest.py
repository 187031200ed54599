"""A simulator and a tiny desk, both over real HTTP, for every test of this folder."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from simulator_bench import QUICK, Desk, FakeClock, WeChat, desk_running

from wxdesk.simulator.platform import Platform
from wxdesk.simulator.server import serving


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def platform(clock: FakeClock) -> Platform:
    return Platform(clock, pace=QUICK)


@pytest.fixture
def wechat(platform: Platform) -> Iterator[WeChat]:
    with serving(platform) as url:
        yield WeChat(url)


@pytest.fixture
def desk() -> Iterator[Desk]:
    with desk_running() as desk:
        yield desk


@pytest.fixture
def free_port() -> int:
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        return int(line.getsockname()[1])
