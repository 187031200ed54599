"""The capability table: what an account should be able to do, what WeChat said, what follows. Pure.

Sources: docs/wechat.md (who may what).
"""

from __future__ import annotations

from dataclasses import dataclass

from wxdesk.accounts.checks import Found, Report, Right
from wxdesk.accounts.rules import AccountType, Capability, capabilities
from wxdesk.words import say

NAMES = {
    Capability.PASSIVE_REPLIES: say("Passive replies"),
    Capability.MESSAGES: say("Customer-service messages"),
    Capability.MEDIA: say("Pictures, voice and video"),
    Capability.USERS: say("Customers' profiles and tags"),
    Capability.QR_CODES: say("QR codes with a scene"),
    Capability.TEMPLATES: say("Template messages"),
    Capability.SUBSCRIPTIONS: say("Subscription notices"),
    Capability.MASS: say("Mass messages"),
}
WITH = {
    Capability.PASSIVE_REPLIES: say("Rules answer at once, inside WeChat's five seconds."),
    Capability.MESSAGES: say("Agents' answers leave at once, inside the reply window."),
    Capability.MEDIA: say("Files are copied from WeChat and sent to customers."),
    Capability.USERS: say("Remarks, tags and the blacklist are kept the same at WeChat."),
    Capability.QR_CODES: say("A code with a scene tells the desk where a customer comes from."),
    Capability.TEMPLATES: say("A customer outside of the reply window can still be reached."),
    Capability.SUBSCRIPTIONS: say("Customers who allowed it get one notice each time."),
    Capability.MASS: say("The account may write to all followers, a few times a month."),
}
WITHOUT = {
    Capability.PASSIVE_REPLIES: say("The desk can't answer at all."),
    Capability.MESSAGES: say("Answers leave as the passive reply to the customer's next message."),
    Capability.MEDIA: say("Pictures and voice messages are only named; answers are text."),
    Capability.USERS: say("Remarks and tags stay in the desk; the blacklist can't be used."),
    Capability.QR_CODES: say("Use WeChat's own code of the account; it has no scene."),
    Capability.TEMPLATES: say("After 48 hours the customer must write first."),
    Capability.SUBSCRIPTIONS: say("No notices can be sent to customers."),
    Capability.MASS: say("Only WeChat's console can write to all followers."),
}


@dataclass(frozen=True, slots=True)
class CapabilityRow:
    """`is_expected` by type and verification; `right` is what the last test found, if anything.

    `is_usable` is what the desk goes by; `is_odd` that WeChat said something else than expected.
    """

    capability: Capability
    name: str
    is_expected: bool
    is_usable: bool
    right: Right | None
    meaning: str

    @property
    def is_odd(self) -> bool:
        if self.right is None or self.right.found is Found.UNKNOWN:
            return self.is_expected != self.is_usable
        return (self.right.found is Found.YES) != self.is_expected


def capability_rows(
    account_type: AccountType, report: Report, *, is_verified: bool, is_refused: bool
) -> list[CapabilityRow]:
    """One row for each capability. `is_refused`: WeChat answered 48001 to customer-service mail."""
    expected = capabilities(account_type, is_verified=is_verified)
    return [
        _row(capability, report, is_expected=capability in expected, is_refused=is_refused)
        for capability in Capability
    ]


def _row(
    capability: Capability, report: Report, *, is_expected: bool, is_refused: bool
) -> CapabilityRow:
    right = report.right(capability)
    is_usable = is_expected and not (capability is Capability.MESSAGES and is_refused)
    has_it = is_usable and not (right is not None and right.found is Found.NO)
    return CapabilityRow(
        capability=capability,
        name=NAMES[capability],
        is_expected=is_expected,
        is_usable=has_it,
        right=right,
        meaning=(WITH if has_it else WITHOUT)[capability],
    )
