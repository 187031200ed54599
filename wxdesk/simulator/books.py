"""What one account has made by API calls: tags, QR codes, templates, its menu, its jobs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from wxdesk.simulator.quotas import Usage
from wxdesk.simulator.samples import SUBSCRIBE_TEMPLATES, TEMPLATES, SubscribeTemplate, Template

STAR_TAG = 2
FIRST_OWN_TAG = 100


@dataclass(frozen=True, slots=True)
class QrCode:
    """`scene` as text; `expires_at` is None for a permanent one."""

    ticket: str
    url: str
    scene: str
    is_text_scene: bool
    created_at: datetime
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SentJob:
    """A template message or mass message that a client's own id protects from doubles.

    `status` of a mass message is what message/mass/get answers.
    """

    job_id: int
    at: datetime
    status: str = ""


@dataclass(slots=True)
class AccountBook:
    """Changed only under the lock of wxdesk/simulator/state.py.

    `jobs` are kept by client id; `old_key_pushes` is how many more pushes go out under the
    account's previous AES key.
    """

    tags: dict[int, str] = field(default_factory=lambda: {STAR_TAG: "星标组"})
    next_tag_id: int = FIRST_OWN_TAG
    qr_codes: dict[str, QrCode] = field(default_factory=dict)
    templates: list[Template] = field(default_factory=lambda: list(TEMPLATES))
    subscribe_templates: list[SubscribeTemplate] = field(
        default_factory=lambda: list(SUBSCRIBE_TEMPLATES)
    )
    menu: dict[str, Any] = field(default_factory=dict)
    usage: Usage = field(default_factory=Usage)
    jobs: dict[str, SentJob] = field(default_factory=dict)
    mass_days: dict[str, int] = field(default_factory=dict)
    old_key_pushes: int = 0
