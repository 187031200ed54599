"""Draws of a campaign: draw, look at the winners, check that the result can be repeated."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Redirect

from wxdesk.agents.access import person, requires
from wxdesk.agents.queries import names_of
from wxdesk.campaigns.draw_order import mark_of
from wxdesk.campaigns.drawing import (
    DrawForm,
    check_draw,
    count_pool,
    draw,
    get_draw,
    list_draws,
    list_pool,
    list_prizes,
    stakes_of,
)
from wxdesk.campaigns.exporting import pool_csv as pool_pieces
from wxdesk.campaigns.promises import Wanted, list_promises
from wxdesk.campaigns.queries import get_campaign
from wxdesk.plumbing.errors import ConflictError, InvalidInputError
from wxdesk.plumbing.http import cursor_argument, cursor_of, whole_number
from wxdesk.plumbing.translation import translated
from wxdesk.runtime import current
from wxdesk.words import say

PAGE = 200


@requires("campaigns.read")
def draws(campaign_id: int) -> str:
    return _page(campaign_id)


@requires("campaigns.write")
def draw_now(campaign_id: int) -> Redirect | tuple[str, int]:
    """Draw; the page after it shows the winners."""
    quantities = {
        prize_id: whole_number(text) if text.strip() else 0
        for name, text in request.form.items()
        if name.startswith("quantity_")
        and (prize_id := whole_number(name.removeprefix("quantity_"))) is not None
    }
    form = DrawForm(
        quantities={key: -1 if number is None else number for key, number in quantities.items()},
        seed=request.form.get("seed", ""),
        once_a_person="once_a_person" in request.form,
        expected_draws=whole_number(request.form.get("expected_draws", "")),
    )
    try:
        with current().unit_of_work() as uow:
            draw_id = draw(uow, campaign_id, form, actor_id=person().id)
    except (InvalidInputError, ConflictError) as error:
        field = getattr(error, "field", "form")
        status = 422 if isinstance(error, InvalidInputError) else 409
        return _page(campaign_id, {field: translated(error.sentence)}), status
    flash(translated(say("Drawn. The winners stand in the list of promised prizes.")))
    return redirect(url_for("campaigns.one_draw", campaign_id=campaign_id, draw_id=draw_id))


@requires("campaigns.read")
def one_draw(campaign_id: int, draw_id: int) -> str:
    """The winners of a draw; with `check` it is drawn again and compared."""
    runtime = current()
    cursor = cursor_argument(int)
    with runtime.reading() as session:
        view = get_campaign(session, campaign_id, runtime.clock())
        made = get_draw(session, draw_id, campaign_id)
        wanted = Wanted(draw_id=draw_id, after_id=cursor[0] if cursor else 0)
        found = list_promises(session, campaign_id, wanted, PAGE + 1)
        check = check_draw(session, draw_id, campaign_id) if "check" in request.args else None
        people = names_of(session, {made.drawn_by_id})
    return render_template(
        "campaigns/draw.html",
        campaign=view,
        draw=made,
        stakes=stakes_of(made.record),
        winners=found[:PAGE],
        check=check,
        drawn_by=people.get(made.drawn_by_id),
        next_cursor=cursor_of((found[PAGE - 1].id,)) if len(found) > PAGE else None,
    )


@requires("campaigns.read")
def pool_csv(campaign_id: int, draw_id: int) -> Response:
    """Who took part, so that anybody can draw again."""
    with current().reading() as session:
        made = get_draw(session, draw_id, campaign_id)
        tickets = list_pool(session, made)
        seed = made.seed
    response = Response(
        pool_pieces(tickets, lambda entry_id: mark_of(seed, entry_id)), mimetype="text/csv"
    )
    name = f"wxdesk-draw-{draw_id}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _page(campaign_id: int, errors: dict[str, str] | None = None) -> str:
    runtime = current()
    with runtime.reading() as session:
        now = runtime.clock()
        view = get_campaign(session, campaign_id, now)
        prizes = list_prizes(session, campaign_id)
        made = list_draws(session, campaign_id)
        entries, people = count_pool(session, campaign_id, now)
        names = names_of(session, {it.drawn_by_id for it in made})
    typed: Any = request.form if errors else {}
    return render_template(
        "campaigns/draws.html",
        campaign=view,
        prizes=prizes,
        draws=[(it, stakes_of(it.record), names.get(it.drawn_by_id)) for it in made],
        pool_entries=entries,
        pool_people=people,
        form=typed,
        errors=errors or {},
    )
