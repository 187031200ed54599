"""/sim/accounts: register, change, check; keys, tokens, templates, QR codes and the menu."""

from __future__ import annotations

import secrets
from dataclasses import replace

from flask import Blueprint, Response, jsonify

from wxdesk.simulator.api.templates import subscribe_json, template_json
from wxdesk.simulator.control import accounts_given, reading, shapes
from wxdesk.simulator.control.templates_given import subscribe_templates_in, templates_in
from wxdesk.simulator.errors import ApiError, BadInputError
from wxdesk.simulator.menus import checked_menu
from wxdesk.simulator.platform import Platform
from wxdesk.simulator.tokens import Ending

MOST_OLD_KEY_PUSHES = 1000


def add_routes(control: Blueprint, platform: Platform) -> None:
    """Every route about accounts."""
    _add_registering(control, platform)
    _add_keys(control, platform)
    _add_belongings(control, platform)
    _add_menu(control, platform)


def _add_registering(control: Blueprint, platform: Platform) -> None:
    @control.get("/accounts")
    def list_accounts() -> Response:
        with platform.state.changed:
            accounts = list(platform.state.accounts.values())
        return jsonify(accounts=[shapes.account_json(account) for account in accounts])

    @control.post("/accounts")
    def register_account() -> Response:
        given = reading.payload()
        with platform.state.changed:
            known = platform.state.accounts.get(str(given.get("original_id")))
            account = platform.register_account(accounts_given.registered(given, known))
        return jsonify(shapes.account_json(account))

    @control.post("/accounts/<original_id>/settings")
    def change_account(original_id: str) -> Response:
        given = reading.payload()
        with platform.state.changed:
            account = accounts_given.changed(platform.state.account(original_id), given)
            old = reading.whole_of(given, "old_key_pushes", 0, MOST_OLD_KEY_PUSHES)
            if old and not account.previous_aes_key:
                raise BadInputError("old_key_pushes", "there is no previous key")
            if "old_key_pushes" in given:
                platform.state.book(original_id).old_key_pushes = old
            platform.register_account(account)
        return jsonify(shapes.account_json(account))

    @control.post("/accounts/<original_id>/verify")
    def verify(original_id: str) -> Response:
        is_ok, reason = platform.verify_webhook(original_id)
        return jsonify(ok=is_ok, reason=reason)


def _add_keys(control: Blueprint, platform: Platform) -> None:
    @control.post("/accounts/<original_id>/secret")
    def reset_secret(original_id: str) -> Response:
        fresh = reading.text_of(reading.payload(), "app_secret", default=secrets.token_hex(16))
        with platform.state.changed:
            account = platform.state.account(original_id)
            platform.register_account(replace(account, app_secret=fresh))
        return jsonify(app_secret=fresh)

    @control.post("/accounts/<original_id>/tokens")
    def end_tokens(original_id: str) -> Response:
        given = reading.payload()
        ending = reading.choice_of(given, "as", Ending, Ending.EXPIRED)
        with platform.state.changed:
            platform.state.account(original_id)
            ended = platform.state.tokens.end_all(original_id, platform.state.clock(), ending)
            platform.state.touch()
        return jsonify(ended=ended)


def _add_belongings(control: Blueprint, platform: Platform) -> None:
    @control.get("/accounts/<original_id>/templates")
    def list_templates(original_id: str) -> Response:
        with platform.state.changed:
            book = platform.state.book(platform.state.account(original_id).original_id)
            return jsonify(
                templates=[template_json(each) for each in book.templates],
                subscribe_templates=[subscribe_json(each) for each in book.subscribe_templates],
            )

    @control.post("/accounts/<original_id>/templates")
    def set_templates(original_id: str) -> Response:
        given = reading.payload()
        with platform.state.changed:
            book = platform.state.book(platform.state.account(original_id).original_id)
            if "templates" in given:
                book.templates = templates_in(given)
            if "subscribe_templates" in given:
                book.subscribe_templates = subscribe_templates_in(given)
            platform.state.touch()
        return list_templates(original_id)

    @control.get("/accounts/<original_id>/qrcodes")
    def list_qr_codes(original_id: str) -> Response:
        with platform.state.changed:
            book = platform.state.book(platform.state.account(original_id).original_id)
            newest = list(book.qr_codes.values())[-shapes.MOST_LISTED :]
        return jsonify(qrcodes=[shapes.qr_code_json(code) for code in reversed(newest)])


def _add_menu(control: Blueprint, platform: Platform) -> None:
    @control.get("/accounts/<original_id>/menu")
    def show_menu(original_id: str) -> Response:
        with platform.state.changed:
            account = platform.state.account(original_id)
            return jsonify(menu=platform.state.book(account.original_id).menu)

    @control.post("/accounts/<original_id>/menu")
    def set_menu(original_id: str) -> Response:
        given = reading.payload()
        with platform.state.changed:
            account = platform.state.account(original_id)
            try:
                menu = checked_menu(given) if given.get("button") else {}
            except ApiError as error:
                raise BadInputError("button", f"{error.errcode} {error.errmsg}") from error
            platform.state.book(account.original_id).menu = menu
            platform.state.touch()
        return show_menu(original_id)
