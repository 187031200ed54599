"""Telling WeChat what agents changed, in as few calls as it takes. No database here.

One customer that WeChat refuses must not keep the others of a call from being told: a refused
call is made again for each of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from wxdesk.contacts.refusals import is_about_account
from wxdesk.contacts.syncing import Change, Outcome, What
from wxdesk.plumbing.errors import DeliveryError
from wxdesk.wechat.client import Client
from wxdesk.wechat.limits import MOST_OPENIDS_BLOCKED, MOST_OPENIDS_TAGGED

NO_SUCH_TAG = "45159"


@dataclass(frozen=True, slots=True)
class _Call:
    make: Callable[[Sequence[Change]], None]
    changes: Sequence[Change]


def tell(
    client: Client,
    changes: Sequence[Change],
    tag_ids: Mapping[int, int],
    is_time_up: Callable[[], bool],
) -> list[Outcome]:
    """Tell all changes; `tag_ids` are ours to WeChat's. Those without an outcome had no time.

    A refusal that concerns the account ends the round: the rest would be refused like it.
    """
    outcomes: list[Outcome] = []
    for call in _calls(client, changes, tag_ids):
        if is_time_up():
            break
        outcomes += _tell(call)
        error = outcomes[-1].error
        if error is not None and is_about_account(error):
            told = {outcome.change for outcome in outcomes}
            return outcomes + [Outcome(each, error) for each in changes if each not in told]
    return outcomes


def _tell(call: _Call) -> list[Outcome]:
    try:
        call.make(call.changes)
    except DeliveryError as error:
        if is_about_account(error) or len(call.changes) == 1:
            return [Outcome(change, error) for change in call.changes]
    else:
        return [Outcome(change) for change in call.changes]
    outcomes: list[Outcome] = []
    for change in call.changes:
        outcomes += _tell(_Call(call.make, [change]))
        error_of_one = outcomes[-1].error
        if error_of_one is not None and is_about_account(error_of_one):
            break
    return outcomes


def _calls(
    client: Client, changes: Sequence[Change], tag_ids: Mapping[int, int]
) -> Iterator[_Call]:
    """Tags that are taken away come first, so that a customer never has too many."""
    for is_on in (False, True):
        wanted = [one for one in changes if one.what is What.TAG and one.is_on is is_on]
        yield from _tag_calls(client, wanted, tag_ids, is_on=is_on)
    for change in changes:
        if change.what is What.REMARK:
            yield _Call(lambda them: client.set_remark(them[0].openid, them[0].remark), [change])
    for is_on in (False, True):
        block = client.block if is_on else client.unblock
        listed = [one for one in changes if one.what is What.BLACKLIST and one.is_on is is_on]
        for batch in _batches(listed, MOST_OPENIDS_BLOCKED):
            yield _Call(_blocking(block), batch)


def _tag_calls(
    client: Client, changes: Iterable[Change], tag_ids: Mapping[int, int], *, is_on: bool
) -> Iterator[_Call]:
    ordered = sorted(changes, key=lambda change: change.tag_id)
    for tag_id, of_tag in groupby(ordered, key=lambda change: change.tag_id):
        for batch in _batches(of_tag, MOST_OPENIDS_TAGGED):
            wechat_id = tag_ids.get(tag_id)
            if wechat_id is not None:
                yield _Call(_tagging(client, wechat_id, is_on=is_on), batch)
            elif not is_on:
                yield _Call(lambda _them: None, batch)  # WeChat never had this tag


def _blocking(block: Callable[[Sequence[str]], None]) -> Callable[[Sequence[Change]], None]:
    return lambda changes: block(_openids(changes))


def _tagging(client: Client, wechat_id: int, *, is_on: bool) -> Callable[[Sequence[Change]], None]:
    def make(changes: Sequence[Change]) -> None:
        if is_on:
            client.tag_customers(wechat_id, _openids(changes))
            return
        try:
            client.untag_customers(wechat_id, _openids(changes))
        except DeliveryError as error:
            if error.code != NO_SUCH_TAG:
                raise

    return make


def _openids(changes: Sequence[Change]) -> list[str]:
    return [change.openid for change in changes]


def _batches(changes: Iterable[Change], size: int) -> Iterator[list[Change]]:
    waiting = list(changes)
    for start in range(0, len(waiting), size):
        yield waiting[start : start + size]
