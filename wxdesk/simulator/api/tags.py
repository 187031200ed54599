"""Tags and the blacklist, with WeChat's limits (docs/simulator.md#users)."""

from __future__ import annotations

from typing import Any

from wxdesk.simulator.api.frame import OK, Answer, Api, Asked
from wxdesk.simulator.api.users import followed_by, page
from wxdesk.simulator.errors import ApiError
from wxdesk.simulator.records import Customer

MOST_TAGS = 100
NAME_BYTES = 30
TAGS_OF_A_CUSTOMER = 20
MOST_IN_A_BATCH = 50
MOST_BLACKLISTED_AT_ONCE = 20
FANS_OF_A_DELETED_TAG = 100_000
RESERVED = frozenset({0, 1, 2})


def create(asked: Asked) -> Answer:
    """A new tag, from number 100."""
    name = _name(asked, _tag(asked).get("name"))
    book = asked.book
    if len(book.tags) >= MOST_TAGS:
        raise ApiError(45056, "too many tags")
    number = book.next_tag_id
    book.tags[number] = name
    book.next_tag_id += 1
    asked.platform.state.touch()
    return {"tag": {"id": number, "name": name}}


def list_tags(asked: Asked) -> Answer:
    """Every tag with the number of followers who have it."""
    followers = asked.followers()
    counted = [(n, name, _count(followers, n)) for n, name in asked.book.tags.items()]
    return {"tags": [{"id": n, "name": name, "count": count} for n, name, count in counted]}


def rename(asked: Asked) -> Answer:
    """Give a tag another name."""
    tag = _tag(asked)
    number = _own_tag(asked, tag.get("id"))
    asked.book.tags[number] = _name(asked, tag.get("name"), but=number)
    asked.platform.state.touch()
    return OK


def delete(asked: Asked) -> Answer:
    """Remove a tag from everybody."""
    number = _own_tag(asked, _tag(asked).get("id"))
    followers = asked.followers()
    if _count(followers, number) > FANS_OF_A_DELETED_TAG:
        raise ApiError(45057, "tag has too many fans to be deleted")
    for customer in followers:
        _untag(asked, customer, number)
    del asked.book.tags[number]
    asked.platform.state.touch()
    return OK


def tagged(asked: Asked) -> Answer:
    """Openids of the followers who have a tag, ten thousand at a time."""
    order = asked.order()
    number = _any_tag(asked, order.get("tagid"))
    openids = [c.openid for c in asked.followers() if number in c.tag_ids]
    return page(openids, order.get("next_openid", ""))


def tag(asked: Asked) -> Answer:
    """Tag up to fifty followers, or none of them."""
    order = asked.order()
    number = _any_tag(asked, order.get("tagid"))
    customers = _batch(asked, order, MOST_IN_A_BATCH)
    for customer in customers:
        if number not in customer.tag_ids and len(customer.tag_ids) >= TAGS_OF_A_CUSTOMER:
            raise ApiError(45059, "too many tags of one fan")
    for customer in customers:
        if number not in customer.tag_ids:
            customer.tag_ids.append(number)
            asked.platform.state.touch(customer)
    return OK


def untag(asked: Asked) -> Answer:
    """Take a tag from up to fifty followers."""
    order = asked.order()
    number = _any_tag(asked, order.get("tagid"))
    for customer in _batch(asked, order, MOST_IN_A_BATCH):
        _untag(asked, customer, number)
    return OK


def tags_of(asked: Asked) -> Answer:
    """The tags of one follower."""
    return {"tagid_list": list(followed_by(asked, asked.order().get("openid")).tag_ids)}


def list_blacklisted(asked: Asked) -> Answer:
    """Openids on the blacklist after `begin_openid`."""
    mine = asked.owner.original_id
    everybody = asked.platform.state.customers.values()
    openids = sorted(c.openid for c in everybody if c.original_id == mine and c.is_blacklisted)
    return {"total": len(openids), **page(openids, asked.order().get("begin_openid", ""))}


def blacklist(asked: Asked) -> Answer:
    """Nothing more comes from these followers, and nothing may be sent to them."""
    return _set_blacklisted(asked, is_blacklisted=True)


def unblacklist(asked: Asked) -> Answer:
    """Take them off the blacklist."""
    return _set_blacklisted(asked, is_blacklisted=False)


def _set_blacklisted(asked: Asked, *, is_blacklisted: bool) -> Answer:
    for customer in _batch(asked, asked.order(), MOST_BLACKLISTED_AT_ONCE, follows=False):
        customer.is_blacklisted = is_blacklisted
        asked.platform.state.touch(customer)
    return OK


def _batch(
    asked: Asked, order: dict[str, Any], most: int, *, follows: bool = True
) -> list[Customer]:
    openids = order.get("openid_list")
    if not isinstance(openids, list) or not 0 < len(openids) <= most:
        raise ApiError(40032, "invalid openid list size")
    find = followed_by if follows else Asked.customer
    return [find(asked, openid) for openid in openids]


def _tag(asked: Asked) -> dict[str, Any]:
    given = asked.order().get("tag")
    if not isinstance(given, dict):
        raise ApiError(47001, "data format error")
    return given


def _any_tag(asked: Asked, number: object) -> int:
    if isinstance(number, bool) or not isinstance(number, int) or number not in asked.book.tags:
        raise ApiError(45159, "invalid tag id")
    return number


def _own_tag(asked: Asked, number: object) -> int:
    if number in RESERVED:
        raise ApiError(45058, "can't modify sys tag")
    return _any_tag(asked, number)


def _name(asked: Asked, name: object, *, but: int = 0) -> str:
    if not isinstance(name, str) or not name.strip():
        raise ApiError(45157, "invalid tag name")
    if len(name.encode(errors="surrogatepass")) > NAME_BYTES:
        raise ApiError(45158, "tag name too long")
    if any(known == name for number, known in asked.book.tags.items() if number != but):
        raise ApiError(45157, "invalid tag name")
    return name


def _count(followers: list[Customer], number: int) -> int:
    return sum(number in customer.tag_ids for customer in followers)


def _untag(asked: Asked, customer: Customer, number: int) -> None:
    if number in customer.tag_ids:
        customer.tag_ids.remove(number)
        asked.platform.state.touch(customer)


APIS = (
    Api("/cgi-bin/tags/create", create, daily=1000),
    Api("/cgi-bin/tags/get", list_tags, daily=1000, is_post=False),
    Api("/cgi-bin/tags/update", rename, daily=1000),
    Api("/cgi-bin/tags/delete", delete, daily=1000),
    Api("/cgi-bin/user/tag/get", tagged, daily=1000, is_post=False),
    Api("/cgi-bin/tags/members/batchtagging", tag, daily=100_000),
    Api("/cgi-bin/tags/members/batchuntagging", untag, daily=100_000),
    Api("/cgi-bin/tags/getidlist", tags_of, daily=500_000),
    Api("/cgi-bin/tags/members/getblacklist", list_blacklisted, daily=10_000),
    Api("/cgi-bin/tags/members/batchblacklist", blacklist, daily=10_000),
    Api("/cgi-bin/tags/members/batchunblacklist", unblacklist, daily=10_000),
)
