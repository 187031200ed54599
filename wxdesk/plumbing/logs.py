"""Log lines as text or JSON, each with the id of the request or job that it belongs to."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from contextvars import ContextVar
from typing import Any

import structlog

current_id: ContextVar[str] = ContextVar("current_id", default="-")


def _add_id(_logger: object, _name: str, event: MutableMapping[str, Any]) -> Any:
    event["request"] = current_id.get()
    return event


def configure(log_format: str, process: str) -> None:
    """Send every log record to standard error; `log_format` is text or json."""
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_id,
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(),
            # Its own choice, where `rich` is installed, writes what the variables hold.
            exception_formatter=structlog.dev.plain_traceback,
        )
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*shared, structlog.processors.format_exc_info]
        if log_format == "json"
        else shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for chatty in ("rq.worker", "rq.registry", "urllib3", "alembic", "werkzeug"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    logging.getLogger(__name__).debug("logging configured for %s", process)
