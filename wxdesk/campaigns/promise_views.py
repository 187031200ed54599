"""Promised prizes: the list until each has its winner's hands reached, files, telling winners."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Response, flash, redirect, render_template, request, url_for
from flask_babel import get_locale
from werkzeug.wrappers import Response as Redirect

from wxdesk.agents.access import person, requires
from wxdesk.campaigns import promise_files
from wxdesk.campaigns.promises import (
    PromiseChange,
    PromiseView,
    Wanted,
    change_promise,
    count_states,
    list_promises,
)
from wxdesk.campaigns.queries import get_campaign
from wxdesk.campaigns.rules import PromiseState
from wxdesk.campaigns.telling import (
    MOST_AT_ONCE,
    Again,
    count_missed,
    count_untold,
    taken_by_webhook,
    tell_again,
    tell_winners,
)
from wxdesk.plumbing.errors import ConflictError, InvalidInputError, NotAllowedError
from wxdesk.plumbing.http import cursor_argument, cursor_of, whole_number
from wxdesk.plumbing.imports import Plan, forget, keep, kept
from wxdesk.plumbing.translation import translated
from wxdesk.runtime import Runtime, current
from wxdesk.words import say

PAGE = 100
PIECE = 1_000
FIRST_MESSAGE = say(
    "Congratulations! You have won: {{prize}}. Please reply with your name, phone number and "
    "address."
)


@requires("campaigns.read")
def promises(campaign_id: int) -> str:
    """`state` chooses some; `missed` those whom the message has not reached."""
    return _page(campaign_id)


@requires("campaigns.write")
def change(campaign_id: int, promise_id: int) -> Redirect | tuple[str, int]:
    """State, note and tracking number of one prize."""
    name = request.form.get("state", "")
    try:
        if name not in list(PromiseState):
            values = ", ".join(PromiseState)
            raise InvalidInputError("state", say("one of: %(values)s", values=values))
        typed = PromiseChange(
            PromiseState(name),
            request.form.get("note", ""),
            request.form.get("tracking", ""),
            whole_number(request.form.get("version", "")),
        )
        with current().unit_of_work() as uow:
            change_promise(uow, campaign_id, promise_id, typed, actor_id=person().id)
    except (InvalidInputError, ConflictError) as error:
        status = 422 if isinstance(error, InvalidInputError) else 409
        return _page(campaign_id, {f"row_{promise_id}": translated(error.sentence)}), status
    flash(translated(say("Saved.")))
    return redirect(_home(campaign_id) + f"#promise-{promise_id}")


@requires("campaigns.write")
def tell(campaign_id: int) -> Redirect | tuple[str, int]:
    """Write to every winner who was not written to yet, or (`promise`) to one."""
    text = request.form.get("text", "")
    promise_id = whole_number(request.form.get("promise", ""))
    try:
        with current().unit_of_work() as uow:
            count = tell_winners(
                uow, campaign_id, text, actor_id=person().id, promise_id=promise_id
            )
    except InvalidInputError as error:
        return _page(campaign_id, {error.field: translated(error.sentence)}), 422
    except NotAllowedError as error:
        return _page(campaign_id, {"text": translated(error.sentence)}), 403
    flash(translated(say("%(count)d messages are on their way.", count=count)))
    return redirect(_home(campaign_id))


@requires("campaigns.write")
def tell_once_more(campaign_id: int) -> Redirect:
    """Those whom the message did not reach, or (`promise`) one; a second click finds nobody."""
    runtime = current()
    with runtime.reading() as session:
        account_id = get_campaign(session, campaign_id, runtime.clock()).account_id
    again = Again(
        whole_number(request.form.get("promise", "")),
        with_doubtful="with_doubtful" in request.form,
        taken=taken_by_webhook(runtime.redis, account_id),
    )
    with runtime.unit_of_work() as uow:
        count = tell_again(uow, campaign_id, again, actor_id=person().id)
    none = say("Nobody was left to be told again: their messages are on their way by now.")
    done = say("%(count)d messages are on their way again.", count=count) if count else none
    flash(translated(done))
    row = f"#promise-{again.promise_id}" if again.promise_id else ""
    return redirect(_home(campaign_id) + row)


@requires("campaigns.read")
def export(campaign_id: int) -> Response:
    """All as CSV, or those in a state."""
    runtime = current()
    with runtime.reading() as session:
        get_campaign(session, campaign_id, runtime.clock())
    found = _all(runtime, campaign_id, _state())
    text = promise_files.export(found, is_chinese=str(get_locale()).startswith("zh"))
    disposition = f'attachment; filename="wxdesk-prizes-{campaign_id}.csv"'
    return Response(text, mimetype="text/csv", headers={"Content-Disposition": disposition})


@requires("campaigns.write")
def choose_file(campaign_id: int) -> str:
    return _import_page(campaign_id)


@requires("campaigns.write")
def look_at_file(campaign_id: int) -> str | tuple[str, int]:
    """What the file would do; nothing changes yet."""
    file = request.files.get("file")
    data = file.stream.read() if file is not None else b""
    if not data:
        return _import_page(campaign_id, error=translated(say("choose a CSV file"))), 422
    return _look(campaign_id, data)


@requires("campaigns.write")
def confirm_file(campaign_id: int) -> Redirect | str | tuple[str, int]:
    token, runtime = request.form.get("token", ""), current()
    data = kept(runtime.redis, person().id, token)
    if data is None:
        error = translated(say("that took too long: choose it again"))
        return _import_page(campaign_id, error=error), 422
    try:
        with runtime.unit_of_work() as uow:
            plan = promise_files.carry_out(
                uow, campaign_id, data, request.form.get("digest", ""), actor_id=person().id
            )
    except ConflictError as problem:
        return _look(campaign_id, data, error=translated(problem.sentence))
    forget(runtime.redis, person().id, token)
    flash(translated(say("Imported: %(changed)d changed.", changed=plan.count("changed"))))
    return redirect(_home(campaign_id))


def _all(runtime: Runtime, campaign_id: int, state: PromiseState | None) -> Iterator[PromiseView]:
    """By id, each page in a transaction of its own."""
    last_id = 0
    while True:
        with runtime.reading() as session:
            page = list_promises(session, campaign_id, Wanted(None, state, last_id), PIECE)
        yield from page
        if len(page) < PIECE:
            return
        last_id = page[-1].id


def _home(campaign_id: int) -> str:
    missed = "1" if _only_missed() else None
    return url_for(
        "campaigns.promises", campaign_id=campaign_id, state=_state() or None, missed=missed
    )


def _only_missed() -> bool:
    return bool(request.values.get("missed"))


def _state() -> PromiseState | None:
    name = request.values.get("only", request.args.get("state", ""))
    return PromiseState(name) if name in list(PromiseState) else None


def _page(campaign_id: int, errors: dict[str, str] | None = None) -> str:
    runtime = current()
    state = _state()
    cursor = cursor_argument(int)
    with runtime.reading() as session:
        view = get_campaign(session, campaign_id, runtime.clock())
        wanted = Wanted(state=state, after_id=cursor[0] if cursor else 0, missed=_only_missed())
        found = list_promises(session, campaign_id, wanted, PAGE + 1)
        counts = count_states(session, campaign_id)
        untold = count_untold(session, campaign_id)
        missed = count_missed(session, campaign_id)
    return render_template(
        "campaigns/prizes.html",
        campaign=view,
        promises=found[:PAGE],
        counts=counts,
        untold=untold,
        missed=missed,
        only_missed=wanted.missed,
        most=MOST_AT_ONCE,
        states=list(PromiseState),
        state=state,
        errors=errors or {},
        text=request.form.get("text") or translated(FIRST_MESSAGE),
        next_cursor=cursor_of((found[PAGE - 1].id,)) if len(found) > PAGE else None,
    )


def _look(campaign_id: int, data: bytes, error: str | None = None) -> str | tuple[str, int]:
    runtime = current()
    try:
        with runtime.reading() as session:
            plan = promise_files.plan_of(session, campaign_id, data)
    except InvalidInputError as problem:
        return _import_page(campaign_id, error=translated(problem.sentence)), 422
    token = keep(runtime.redis, person().id, data)
    page = _import_page(campaign_id, plan=plan, token=token, error=error)
    return (page, 409) if error else page


def _import_page(
    campaign_id: int, *, plan: Plan | None = None, token: str = "", error: str | None = None
) -> str:
    runtime = current()
    with runtime.reading() as session:
        view = get_campaign(session, campaign_id, runtime.clock())
    return render_template(
        "campaigns/prizes_import.html",
        campaign=view,
        plan=plan,
        token=token,
        error=error,
        scope=None,
    )
