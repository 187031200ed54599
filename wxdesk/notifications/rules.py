"""What a notification is about; which addresses may be called, and when again. Pure."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from wxdesk.words import say

LONGEST_ONCE_KEY = 80
LONGEST_WEBHOOK_KEY = 120
LONGEST_EVENT = 40
LONGEST_URL = 500
KEPT_FOR = timedelta(days=90)
CALLS_KEPT_FOR = timedelta(days=30)
MOST_TRIES = 8
CLAIM_LASTS = timedelta(seconds=60)
PAUSES = tuple(timedelta(seconds=seconds) for seconds in (5, 30, 120, 600, 1_800, 7_200, 21_600))
NOT_PUBLIC = tuple(  # they lead to other addresses, to everybody, or to a network's own machines
    ipaddress.IPv6Network(network)
    for network in (
        "::/96",
        "::ffff:0:0:0/96",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "2002::/16",
        "fec0::/10",
    )
) + tuple(map(ipaddress.IPv4Network, ("192.0.0.0/24", "192.88.99.0/24")))
NEVER_IN_URLS = re.compile(r"[\x00-\x20\x7f\\]")  # parsers disagree about what these mean


class Topic(StrEnum):
    """`sla_warning`: a promise is about to be broken; `sla_breach`: it was.

    `report_failed`: a report could not be sent by e-mail. `approval_wanted`: a colleague asks for
    a second person's consent.
    """

    SLA_WARNING = "sla_warning"
    SLA_BREACH = "sla_breach"
    REPORT_FAILED = "report_failed"
    APPROVAL_WANTED = "approval_wanted"


CLOCK_TITLES = {
    (Topic.SLA_WARNING, "first_response"): say("First answer due soon"),
    (Topic.SLA_WARNING, "next_response"): say("Answer due soon"),
    (Topic.SLA_WARNING, "resolution"): say("Resolution due soon"),
    (Topic.SLA_BREACH, "first_response"): say("First answer is late"),
    (Topic.SLA_BREACH, "next_response"): say("Answer is late"),
    (Topic.SLA_BREACH, "resolution"): say("Resolution is late"),
}
TITLES = {
    Topic.SLA_WARNING: say("A promise is due soon"),
    Topic.SLA_BREACH: say("A promise was broken"),
    Topic.REPORT_FAILED: say("A report could not be sent"),
    Topic.APPROVAL_WANTED: say("Your approval is asked for"),
}


class CallState(StrEnum):
    """`sending`: a process has it; taken up again when that one has gone."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"


class CallProblem(StrEnum):
    """Why a call of a webhook was not taken; `status`: it answered with an error."""

    STATUS = "status"
    REDIRECT = "redirect"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    CERTIFICATE = "certificate"
    PRIVATE = "private"
    CRASHED = "crashed"


PERMANENT = frozenset({CallProblem.PRIVATE})
PROBLEMS = {
    CallProblem.STATUS: say("answered with an error"),
    CallProblem.REDIRECT: say("answered with another address, which is not followed"),
    CallProblem.TIMEOUT: say("gave no answer in time"),
    CallProblem.UNREACHABLE: say("can't be reached"),
    CallProblem.CERTIFICATE: say("has no valid certificate"),
    CallProblem.PRIVATE: say("is an address in a private network"),
    CallProblem.CRASHED: say("was not finished: our process had ended"),
}


@dataclass(frozen=True, slots=True)
class Notice:
    """One event for several people; `details` are ids, names of promises and times."""

    agent_ids: tuple[int, ...]
    topic: Topic
    conversation_id: int | None
    details: dict[str, Any] | None
    once_key: str


def topic_of(agent_id: int) -> str:
    """The live topic that tells a person's browsers of their notifications."""
    return f"agent:{agent_id}"


def title_of(topic: Topic, clock: str) -> str:
    """What happened, in a few words."""
    return CLOCK_TITLES.get((topic, clock), TITLES[topic])


def url_problem(url: str) -> str | None:
    """A sentence when this can't be the address of a webhook; says nothing about its network."""
    if not url.isascii():
        return say("an address can have only letters a to z, digits and signs, others encoded")
    try:
        parts = urlsplit(url)
        has_port = parts.port is None or 0 < parts.port < 65536
    except ValueError:
        return say("this is not an address")
    if len(url) > LONGEST_URL:
        return say("at most %(most)d characters", most=LONGEST_URL)
    if parts.scheme not in ("http", "https") or not parts.hostname or NEVER_IN_URLS.search(url):
        return say("an address that starts with https:// or http:// is needed")
    if parts.username is not None or parts.password is not None or not has_port:
        return say("an address without a user name, and with a usual port, is needed")
    return None


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the internet, and to one machine."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    is_special = any(found in network for network in NOT_PUBLIC)
    return found.is_global and not found.is_multicast and not is_special


def next_try(attempts: int, now: datetime) -> datetime | None:
    """When to try again after this many failed tries; None: never."""
    if attempts >= MOST_TRIES:
        return None
    return now + PAUSES[min(attempts, len(PAUSES)) - 1]
