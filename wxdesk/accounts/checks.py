"""Results of the connection test, and how they are kept. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from wxdesk.accounts.rules import Capability
from wxdesk.words import Words, say

MOST_DETAILS = 60
LONGEST_DETAIL = 200
NO_ANSWER_CODES = frozenset({"unreachable", "timeout", "token"})  # the desk's own words


class Step(StrEnum):
    """In the order in which they are run: each one makes sense only after those before it."""

    SECRETS = "secrets"
    TOKEN = "token"  # noqa: S105 -- not a password
    WHITELIST = "whitelist"
    CLOCK = "clock"
    WEBHOOK = "webhook"
    PERMISSIONS = "permissions"


STEP_NAMES = {
    Step.SECRETS: say("Stored secrets"),
    Step.TOKEN: say("App id and app secret"),
    Step.WHITELIST: say("IP whitelist"),
    Step.CLOCK: say("Clock"),
    Step.WEBHOOK: say("Our address for WeChat"),
    Step.PERMISSIONS: say("Rights of the account"),
}


class Outcome(StrEnum):
    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"
    UNKNOWN = "unknown"


class Found(StrEnum):
    """What WeChat itself said about a right."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Right:
    """One right of the account as WeChat sees it; the numbers are calls a day."""

    capability: Capability
    found: Found
    daily_limit: int | None = None
    remaining: int | None = None
    code: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What one step found. `text` and `advice` are translatable; `details` are addresses.

    `code` and `rid` are WeChat's, "" without an error; `at` is None until it was stored.
    """

    step: Step
    outcome: Outcome
    text: str
    advice: str = ""
    code: str = ""
    rid: str = ""
    details: tuple[str, ...] = ()
    rights: tuple[Right, ...] = ()
    milliseconds: int = 0
    at: datetime | None = None

    @property
    def is_good(self) -> bool:
        return self.outcome is Outcome.GOOD

    @property
    def reached_nobody(self) -> bool:
        """WeChat did not answer, so further calls would only wait."""
        return self.code in NO_ANSWER_CODES

    @property
    def wechat_code(self) -> str:
        """WeChat's own number; "" for the words that the desk uses."""
        return self.code if self.code.lstrip("-").isdecimal() else ""


@dataclass(frozen=True, slots=True)
class Report:
    """The last result of each step, as far as there is one."""

    results: tuple[Result, ...] = ()

    def of(self, step: Step) -> Result | None:
        return next((result for result in self.results if result.step is step), None)

    def with_result(self, result: Result) -> Report:
        kept = [other for other in self.results if other.step is not result.step]
        order = list(Step)
        return Report(tuple(sorted([*kept, result], key=lambda each: order.index(each.step))))

    @property
    def outcome(self) -> Outcome:
        """The worst one; unknown when nothing was tested."""
        found = {result.outcome for result in self.results}
        for outcome in (Outcome.BAD, Outcome.WARNING, Outcome.UNKNOWN):
            if outcome in found:
                return outcome
        return Outcome.GOOD if found else Outcome.UNKNOWN

    def right(self, capability: Capability) -> Right | None:
        """What the last test found about this right."""
        result = self.of(Step.PERMISSIONS)
        rights = result.rights if result else ()
        return next((right for right in rights if right.capability is capability), None)


def timed(result: Result, *, milliseconds: int, at: datetime) -> Result:
    """The result with how long it took and when."""
    return replace(result, milliseconds=milliseconds, at=at)


def report_as_json(report: Report) -> dict[str, Any]:
    """For accounts.check_result: bounded, without secrets."""
    return {result.step.value: _result_as_json(result) for result in report.results}


def report_of(stored: Mapping[str, Any] | None) -> Report:
    """What was stored; steps and rights that this version does not know are left out."""
    known = {step.value for step in Step}
    results = [
        _result_of(Step(name), value) for name, value in (stored or {}).items() if name in known
    ]
    order = list(Step)
    return Report(tuple(sorted(results, key=lambda each: order.index(each.step))))


def _result_as_json(result: Result) -> dict[str, Any]:
    return {
        "outcome": result.outcome.value,
        "text": _sentence_as_json(result.text),
        "advice": _sentence_as_json(result.advice),
        "code": result.code,
        "rid": result.rid,
        "details": [text[:LONGEST_DETAIL] for text in result.details[:MOST_DETAILS]],
        "rights": [
            {
                "capability": right.capability.value,
                "found": right.found.value,
                "daily_limit": right.daily_limit,
                "remaining": right.remaining,
                "code": right.code,
            }
            for right in result.rights
        ],
        "milliseconds": result.milliseconds,
        "at": result.at.isoformat() if result.at else None,
    }


def _result_of(step: Step, stored: Mapping[str, Any]) -> Result:
    known = {capability.value for capability in Capability}
    return Result(
        step=step,
        outcome=Outcome(stored["outcome"]),
        text=_sentence_of(stored["text"]),
        advice=_sentence_of(stored["advice"]),
        code=stored["code"],
        rid=stored["rid"],
        details=tuple(stored["details"]),
        rights=tuple(
            Right(
                Capability(right["capability"]),
                Found(right["found"]),
                right["daily_limit"],
                right["remaining"],
                right["code"],
            )
            for right in stored["rights"]
            if right["capability"] in known
        ),
        milliseconds=stored["milliseconds"],
        at=datetime.fromisoformat(stored["at"]) if stored["at"] else None,
    )


def _sentence_as_json(sentence: str) -> dict[str, Any]:
    if isinstance(sentence, Words):
        return {"template": sentence.template, "values": sentence.values}
    return {"template": sentence, "values": {}}


def _sentence_of(stored: Mapping[str, Any]) -> str:
    template: str = stored["template"]
    return say(template, **stored["values"])
