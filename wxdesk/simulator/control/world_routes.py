"""/sim: the clock, the faults, the logs, the samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from flask import Blueprint, Response, jsonify

from wxdesk.plumbing.clock import iso
from wxdesk.simulator.control import reading, shapes
from wxdesk.simulator.errors import BadInputError
from wxdesk.simulator.platform import Platform
from wxdesk.simulator.records import Call, Delivery
from wxdesk.simulator.samples import sample_names
from wxdesk.simulator.voices import encoder

MOST_SECONDS = 10 * 365 * 86_400


def add_routes(control: Blueprint, platform: Platform) -> None:
    """Every route about the simulated world as a whole."""
    _add_clock(control, platform)
    _add_faults(control, platform)
    _add_logs(control, platform)


def _add_clock(control: Blueprint, platform: Platform) -> None:
    @control.get("/clock")
    def show_clock() -> Response:
        clock = platform.state.clock
        return jsonify(now=iso(clock()), ahead_seconds=clock.ahead_seconds)

    @control.post("/clock")
    def move_clock() -> Response:
        given = reading.payload()
        clock = platform.state.clock
        with platform.state.changed:
            if "set" in given:
                clock.set(_instant(reading.text_of(given, "set")))
            elif given.get("reset") is True:
                clock.advance(-clock.ahead_seconds)
            else:
                clock.advance(reading.number_of(given, "advance_seconds", 0.0, MOST_SECONDS))
            platform.touch_all()
        return show_clock()


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadInputError("set", "must be an instant like 2026-03-02T09:00:00Z") from error
    if instant.tzinfo is None:
        raise BadInputError("set", "must say its time zone, e.g. end in Z")
    return instant


def _add_faults(control: Blueprint, platform: Platform) -> None:
    @control.get("/faults")
    def list_faults() -> Response:
        with platform.state.changed:
            return jsonify(faults=[asdict(fault) for fault in platform.state.faults.planned()])

    @control.post("/faults")
    def plan_fault() -> Response:
        fault = reading.fault_in(reading.payload())
        with platform.state.changed:
            if not platform.state.faults.add(fault):
                raise BadInputError("times", "too many faults are planned already")
            platform.state.touch()
            return jsonify(asdict(fault))

    @control.delete("/faults")
    def clear_faults() -> Response:
        with platform.state.changed:
            platform.state.faults.clear()
            platform.state.touch()
        return jsonify(faults=[])


def _add_logs(control: Blueprint, platform: Platform) -> None:
    @control.get("/calls")
    def list_calls() -> Response:
        with platform.state.changed:
            calls: Sequence[Call] = list(platform.state.calls)
        return jsonify(calls=shapes.newest(calls, "api"))

    @control.get("/deliveries")
    def list_deliveries() -> Response:
        with platform.state.changed:
            deliveries: Sequence[Delivery] = list(platform.state.deliveries)
        return jsonify(deliveries=shapes.newest(deliveries, "openid"))

    @control.get("/samples")
    def list_samples() -> Response:
        return jsonify(samples=sample_names(), voice_encoder=encoder())
