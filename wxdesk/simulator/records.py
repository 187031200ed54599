"""What the simulated WeChat remembers: accounts, customers, their phones, and two logs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from wxdesk.simulator.windows import CLOSED, ReplyWindow

MOST_BUBBLES = 500
FAULT_NOTICE = "该公众号提供的服务出现故障，请稍后再试"


class Mode(StrEnum):
    PLAIN = "plain"
    COMPAT = "compat"
    SAFE = "safe"


class PushFormat(StrEnum):
    XML = "xml"
    JSON = "json"


class Direction(StrEnum):
    TO_DESK = "to_desk"
    FROM_DESK = "from_desk"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True)
class Account:
    """One official account as its console knows it."""

    original_id: str
    app_id: str
    app_secret: str
    token: str
    webhook_url: str
    name: str
    slug: str = ""
    aes_key: str = ""
    mode: Mode = Mode.PLAIN
    is_verified: bool = True
    is_service: bool = True
    push_format: PushFormat = PushFormat.XML
    previous_aes_key: str = ""
    ip_whitelist: tuple[str, ...] = ()
    kf_accounts: tuple[str, ...] = ()
    daily_limits: dict[str, int] = field(default_factory=dict)
    minute_limits: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Bubble:
    """One line on a phone; `version` grows whenever its outcome changes.

    `outcome` is "pending", then the kind of the desk's answer (wxdesk/simulator/answers.py); only
    bubbles to the desk have one. `push` is its fields as JSON, kept to send the same push again.
    `detail` is what the kind needs to be shown (docs/simulator.md#bubbles).
    """

    id: int
    version: int
    direction: Direction
    kind: str
    text: str
    at: datetime
    via: str = ""
    outcome: str = ""
    attempts: int = 0
    msg_id: str = ""
    push: str = ""
    detail: dict[str, object] = field(default_factory=dict)


@dataclass(slots=True)
class Customer:
    """A follower of one account. Changed only under the lock of wxdesk/simulator/state.py.

    `grants` counts the subscription notices that may still be sent, by template; `mass_sends`
    the mass messages, by month.
    """

    openid: str
    original_id: str
    name: str
    is_following: bool = True
    version: int = 0
    bubbles: dict[int, Bubble] = field(default_factory=dict)
    window: ReplyWindow = CLOSED
    typing_until: datetime | None = None
    unionid: str = ""
    remark: str = ""
    tag_ids: list[int] = field(default_factory=list)
    subscribed_at: datetime | None = None
    subscribe_scene: str = "ADD_SCENE_SEARCH"
    qr_scene: str = ""
    is_blacklisted: bool = False
    refuses_messages: bool = False
    grants: dict[str, int] = field(default_factory=dict)
    mass_sends: dict[str, int] = field(default_factory=dict)

    def last_message_at(self) -> datetime | None:
        """When the last message in either direction was written."""
        for bubble in reversed(self.bubbles.values()):
            if bubble.direction != Direction.NOTICE and bubble.kind != "event":
                return bubble.at
        return None

    def is_typed_to(self, now: datetime) -> bool:
        """Whether the phone shows that the account is typing."""
        return self.typing_until is not None and now < self.typing_until


@dataclass(frozen=True, slots=True)
class Delivery:
    """One HTTP request to a desk's webhook and what came of it."""

    original_id: str
    openid: str
    bubble_id: int
    msg_id: str
    kind: str
    attempt: int
    status: int | None
    milliseconds: int
    outcome: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Call:
    """One request that a desk made to the API."""

    api: str
    original_id: str
    openid: str
    errcode: int | None
    fault: str
    milliseconds: int
    body: str
    at: datetime
