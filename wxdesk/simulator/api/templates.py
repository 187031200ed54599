"""Template messages and subscription notices (docs/simulator.md#templates)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, TypeVar

from wxdesk.simulator.api.frame import OK, Access, Answer, Api, Asked
from wxdesk.simulator.books import SentJob
from wxdesk.simulator.errors import ApiError
from wxdesk.simulator.faults import FaultKind
from wxdesk.simulator.records import Customer
from wxdesk.simulator.samples import SubscribeTemplate, Template
from wxdesk.simulator.shown import Shown, filled_template

T = TypeVar("T", Template, SubscribeTemplate)
ONCE_FOR = timedelta(minutes=10)
MOST_JOBS = 10_000
VALUE_CHARACTERS = {
    "thing": 20,
    "character_string": 32,
    "number": 32,
    "letter": 32,
    "symbol": 5,
    "phrase": 5,
    "name": 10,
    "phone_number": 17,
    "car_number": 8,
}


def list_templates(asked: Asked) -> Answer:
    """The account's templates of template messages."""
    return {"template_list": [template_json(each) for each in asked.book.templates]}


def send(asked: Asked) -> Answer:
    """A template message; how it ended is pushed as TEMPLATESENDJOBFINISH."""
    order = asked.order()
    customer = asked.customer(order.get("touser"))
    template = _found(asked.book.templates, order.get("template_id"))
    if not customer.is_following:
        raise ApiError(43004, "require subscribe")
    data = _data(order)
    client_id = order.get("client_msg_id")
    key = f"template/{customer.openid}/{client_id}" if client_id else ""
    known = asked.book.jobs.get(key)
    if known is not None and asked.now - known.at < ONCE_FOR:
        return {**OK, "msgid": known.job_id}
    job_id = new_job(asked, key)
    status = _status(asked, customer)
    if status == "success":
        _show(asked, customer, template, order, data)
    finish = {"MsgID": job_id, "Status": status}
    platform, openid = asked.platform, customer.openid
    event = "TEMPLATESENDJOBFINISH"
    asked.afterwards.append(lambda: platform.report(openid, event, finish))
    return {**OK, "msgid": job_id}


def list_subscribe_templates(asked: Asked) -> Answer:
    """The account's templates of subscription notices."""
    return {**OK, "data": [subscribe_json(each) for each in asked.book.subscribe_templates]}


def send_notice(asked: Asked) -> Answer:
    """A subscription notice; uses up the customer's grant unless the template is long-term."""
    order = asked.order()
    customer = asked.customer(order.get("touser"))
    template = _found(asked.book.subscribe_templates, order.get("template_id"))
    data = _data(order)
    _check_values(template, data)
    left = customer.grants.get(template.template_id, 0)
    if left <= 0:
        raise ApiError(43101, "user refuse to accept the msg")
    if not template.is_long_term:
        customer.grants[template.template_id] = left - 1
    _show(asked, customer, template, order, data)
    platform, openid = asked.platform, customer.openid
    part = {"TemplateId": template.template_id, "MsgID": new_job(asked)}
    sent = {**part, "ErrorCode": 0, "ErrorStatus": "success"}
    event, fields = "subscribe_msg_sent_event", {"SubscribeMsgSentEvent": {"List": sent}}
    asked.afterwards.append(lambda: platform.report(openid, event, fields))
    return OK


def new_job(asked: Asked, key: str = "") -> int:
    """A number for a job; remembered under the client's own id, if there is one."""
    state = asked.platform.state
    job_id = (int(asked.now.timestamp()) << 20 | state.touch() & 0xFFFFF) & (2**63 - 1)
    if key:
        jobs = asked.book.jobs
        jobs[key] = SentJob(job_id, asked.now)
        while len(jobs) > MOST_JOBS:
            del jobs[next(iter(jobs))]
    return job_id


def _status(asked: Asked, customer: Customer) -> str:
    if asked.fault == FaultKind.JOB_FAILED:
        return "failed: system failed"
    if customer.refuses_messages or customer.is_blacklisted:
        return "failed:user block"
    return "success"


def _found(templates: Sequence[T], template_id: object) -> T:
    for template in templates:
        if template.template_id == template_id:
            return template
    raise ApiError(40037, "invalid template_id")


def _data(order: Mapping[str, Any]) -> dict[str, Any]:
    data = order.get("data")
    if not isinstance(data, dict):
        raise ApiError(47001, "data format error")
    return data


def _check_values(template: SubscribeTemplate, data: Mapping[str, Any]) -> None:
    """Each value must be there and no longer than its kind allows."""
    for name in re.findall(r"\{\{\s*(\w+)\.DATA\s*\}\}", template.content):
        part = data.get(name)
        value = str(part.get("value", "")) if isinstance(part, dict) else ""
        if not value:
            raise ApiError(47003, f"argument invalid! data.{name}.value is empty")
        most = VALUE_CHARACTERS.get(name.rstrip("0123456789"))
        if most is not None and len(value) > most:
            raise ApiError(47003, f"argument invalid! data.{name}.value invalid")


def _show(
    asked: Asked,
    customer: Customer,
    template: Template | SubscribeTemplate,
    order: Mapping[str, Any],
    data: Mapping[str, Any],
) -> None:
    given = order.get("miniprogram")
    mini_program = given if isinstance(given, dict) else {}
    detail: dict[str, object] = {
        "title": template.title,
        "lines": filled_template(template.content, data),
        "url": str(order.get("url") or order.get("page") or ""),
        "app_id": str(mini_program.get("appid", "")),
        "page_path": str(mini_program.get("pagepath", "")),
    }
    via = "template" if isinstance(template, Template) else "subscribe"
    text = "\n".join(filled_template(template.content, data))
    asked.platform.state.add_reply(customer, "template", Shown(text, detail), via=via)


def template_json(template: Template) -> dict[str, object]:
    """As get_all_private_template lists it."""
    return {
        "template_id": template.template_id,
        "title": template.title,
        "primary_industry": template.primary_industry,
        "deputy_industry": template.deputy_industry,
        "content": template.content,
        "example": template.example,
    }


def subscribe_json(template: SubscribeTemplate) -> dict[str, object]:
    """As newtmpl/gettemplate lists it."""
    return {
        "priTmplId": template.template_id,
        "title": template.title,
        "content": template.content,
        "example": template.example,
        "type": 3 if template.is_long_term else 2,
    }


APIS = (
    Api(
        "/cgi-bin/template/get_all_private_template",
        list_templates,
        Access.SERVICE,
        daily=100_000,
        is_post=False,
    ),
    Api("/cgi-bin/message/template/send", send, Access.SERVICE, daily=100_000),
    Api("/wxaapi/newtmpl/gettemplate", list_subscribe_templates, daily=100_000, is_post=False),
    Api("/cgi-bin/message/subscribe/bizsend", send_notice, daily=100_000),
)
