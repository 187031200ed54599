"""What a rule says to one customer for one outcome: a variant by chance, its variables filled."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from wxdesk.triage.rules import CustomerFacts, Hit, Moment, Outcome, Reply, Variant
from wxdesk.triage.variables import filled, filled_fields, values_of

FIRST = frozenset({Outcome.DEFAULT, Outcome.ENTERED})


def reply_for(
    hit: Hit, outcome: Outcome, customer: CustomerFacts | None, moment: Moment
) -> Reply | None:
    """The reply of this outcome, {{code}} still in it; None where nothing is said."""
    reply = chosen(hit.replies.get(outcome, ()))
    if reply is None and outcome in FIRST and not hit.replies:
        reply = hit.reply
    if reply is None:
        return None
    values = values_of(customer, moment)
    fields = filled_fields(reply.fields, values)
    return replace(reply, text=filled(reply.text, values), fields=fields)


def chosen(variants: Sequence[Variant]) -> Reply | None:
    """One of them by chance, in proportion to their weights; None of none."""
    if not variants:
        return None
    weights = [variant.weight for variant in variants]
    (one,) = random.choices(variants, weights)  # noqa: S311 -- nothing is won here
    return one.reply
