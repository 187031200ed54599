"""QR codes: whose they are, which scenes WeChat takes, what a form must hold. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from wxdesk.words import say

A_DAY_SECONDS = 86_400
LONGEST_DAYS = 30
MOST_PERMANENT = 100_000  # WeChat's limit of an account (docs/wechat.md#qr)
MOST_AT_ONCE = 2_000
LONGEST_LABEL, LONGEST_FOLDER, LONGEST_SCENE = 80, 60, 64
LARGEST_COST_CENTS = 10**11
SCENE = re.compile(r"[0-9A-Za-z_.:/-]+")
TAKEN_PREFIX = "qrscene_"  # WeChat writes it before the scene when somebody begins to follow
COST = re.compile(r"[¥￥]?\s*([0-9][0-9,]*(?:\.[0-9]{1,2})?)\s*元?")


class CodeKind(StrEnum):
    """Whom the QR code counts for."""

    PARTNER = "partner"
    SHOP = "shop"
    ADVERT = "advert"
    PERSON = "person"


class QrState(StrEnum):
    """`waiting` until WeChat has made it."""

    WAITING = "waiting"
    MAKING = "making"
    READY = "ready"
    FAILED = "failed"


class ShownState(StrEnum):
    """A code as lists show it: a temporary one is over after its time."""

    WAITING = "waiting"
    READY = "ready"
    FAILED = "failed"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class CodeForm:
    """What a marketer says of a code; `days` None: it never ends; `scene` "": one is made up."""

    account_id: int
    label: str
    kind: CodeKind = CodeKind.PARTNER
    folder: str = ""
    cost_cents: int | None = None
    scene: str = ""
    days: int | None = None
    campaign_id: int | None = None


def shown_state(state: QrState, expires_at: datetime | None, now: datetime) -> ShownState:
    if state is QrState.READY:
        is_over = expires_at is not None and expires_at <= now
        return ShownState.EXPIRED if is_over else ShownState.READY
    return ShownState.FAILED if state is QrState.FAILED else ShownState.WAITING


def problems(form: CodeForm) -> dict[str, str]:
    """What is wrong at which field; empty when nothing is."""
    found = {
        "label": _text_problem(form.label, LONGEST_LABEL, is_needed=True),
        "folder": _text_problem(form.folder, LONGEST_FOLDER),
        "scene": _scene_problem(form.scene),
        "cost": _cost_problem(form.cost_cents),
        "days": _days_problem(form.days),
    }
    return {field: sentence for field, sentence in found.items() if sentence}


def read_cost(text: str) -> int | None:
    """Cents of "1,200.50", "￥300" or "300元"; None for "". ValueError for anything else."""
    if not text.strip():
        return None
    match = COST.fullmatch(text.strip())
    if match is None:
        raise ValueError(text)
    try:
        return int(Decimal(match[1].replace(",", "")) * 100)
    except InvalidOperation as error:
        raise ValueError(text) from error


def write_cost(cents: int) -> str:
    """As `read_cost` takes it: 1,200.50 or 300."""
    whole, rest = divmod(cents, 100)
    return f"{whole:,}.{rest:02d}" if rest else f"{whole:,}"


def _text_problem(text: str, longest: int, *, is_needed: bool = False) -> str | None:
    if is_needed and not text:
        return say("is needed")
    if len(text) > longest:
        return say("at most %(most)d characters", most=longest)
    return None if text.isprintable() else say("must be one line of plain text")


def _scene_problem(scene: str) -> str | None:
    if not scene:
        return None
    if len(scene) > LONGEST_SCENE:
        return say("at most %(most)d characters", most=LONGEST_SCENE)
    if not SCENE.fullmatch(scene) or scene.startswith(TAKEN_PREFIX):
        return say("only letters, digits and _ . : / - are taken, and not “qrscene_” at the start")
    return None


def _cost_problem(cents: int | None) -> str | None:
    if cents is not None and not 0 <= cents <= LARGEST_COST_CENTS:
        return say("at most %(most)s yuan", most=write_cost(LARGEST_COST_CENTS))
    return None


def _days_problem(days: int | None) -> str | None:
    if days is not None and not 1 <= days <= LONGEST_DAYS:
        return say("a temporary code lives 1 to %(most)d days", most=LONGEST_DAYS)
    return None
