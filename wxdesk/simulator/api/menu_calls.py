"""menu/create, menu/get, menu/delete."""

from __future__ import annotations

from wxdesk.simulator.api.frame import OK, Answer, Api, Asked
from wxdesk.simulator.errors import ApiError
from wxdesk.simulator.menus import checked_menu


def create(asked: Asked) -> Answer:
    """Replace the menu."""
    asked.book.menu = checked_menu(asked.order())
    asked.platform.state.touch()
    return OK


def get(asked: Asked) -> Answer:
    """The menu as it was made; ApiError 46003 without one."""
    if not asked.book.menu:
        raise ApiError(46003, "menu no exist")
    return {"menu": asked.book.menu}


def current(asked: Asked) -> Answer:
    """The menu that phones show, and whether there is one."""
    menu = asked.book.menu
    return {"is_menu_open": int(bool(menu)), **({"selfmenu_info": menu} if menu else {})}


def delete(asked: Asked) -> Answer:
    """Take the menu away."""
    asked.book.menu = {}
    asked.platform.state.touch()
    return OK


APIS = (
    Api("/cgi-bin/menu/create", create, daily=1000),
    Api("/cgi-bin/menu/get", get, daily=10_000, is_post=False),
    Api("/cgi-bin/get_current_selfmenu_info", current, daily=10_000, is_post=False),
    Api("/cgi-bin/menu/delete", delete, daily=1000, is_post=False),
)
