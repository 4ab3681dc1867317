"""Structured logs: with LOG_FORMAT=json each event is one line of JSON on standard error.

Enters: log records of this process, and of Dagster's runs. Leaves: `at` (UTC), `level`, `logger`,
`event`, and what the event has of its own. Neither a setting's secret nor an e-mail address passes,
whoever logged it; an exception that nobody foresaw is told by its kind and place, not by its text,
which may hold what a customer wrote.
"""

import json
import logging
import re
import sys
import traceback
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, TextIO

from orchestration.terminal.printable import printable
from outgoing_http.secrets import HIDDEN

ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
KEY = re.compile(r"\b(?:sk|rk|whsec)_[A-Za-z0-9_]+")
FIELDS = "fields"  # `extra={"fields": {...}}`: what an event has of its own


class JsonLines(logging.Formatter):
    """A record as one line of JSON."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        super().__init__()
        self.secrets = sorted((one for one in secrets if one), key=len, reverse=True)

    def format(self, record: logging.LogRecord) -> str:
        told = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            **_said(record),
            **getattr(record, FIELDS, {}),
            **_failure(record),
        }
        return self._hidden(json.dumps(told, default=str, ensure_ascii=False))

    def _hidden(self, line: str) -> str:
        for secret in self.secrets:
            line = line.replace(json.dumps(secret, ensure_ascii=False)[1:-1], HIDDEN)
        return ADDRESS.sub(HIDDEN, KEY.sub(HIDDEN, printable(line)))


class StandardError(logging.StreamHandler[TextIO]):
    """Whatever standard error is at the moment of writing."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


# Not one of logging's tree: alembic, which Dagster's storage runs, resets what it finds there.
log = logging.Logger("stripe_traits", logging.INFO)
_handlers: list[logging.Handler] = []  # one, once this process logs JSON


def log_as_json(secrets: Iterable[str]) -> None:
    """All that this process logs from now on."""
    if not _handlers:
        handler = StandardError()
        handler.setFormatter(JsonLines(secrets))
        _handlers.append(handler)
    log.handlers = _handlers
    root = logging.getLogger()
    root.handlers, root.level = _handlers, logging.INFO
    for chatty in ("alembic", "httpx", "httpcore", "dlt", "uvicorn.access"):
        logging.getLogger(chatty).setLevel(logging.WARNING)  # they log addresses and payloads
    sys.excepthook = lambda kind, error, at: log.critical(
        "ended by an error that nobody foresaw", exc_info=(kind, error, at)
    )


def drop_plain_root_handlers() -> None:
    """What dbt brings with it calls logging.basicConfig() on import: each line would come twice."""
    root = logging.getLogger()
    root.handlers = [one for one in root.handlers if type(one) is not logging.StreamHandler]


def is_json() -> bool:
    return bool(_handlers)


def _said(record: logging.LogRecord) -> dict[str, Any]:
    """What was logged; of a record that Dagster has made, the words without its prefix."""
    meta = getattr(record, "dagster_meta", None)
    if not meta:
        return {"event": record.getMessage()}
    named = {"run": meta.get("run_id"), "job": meta.get("job_name"), "step": meta.get("step_key")}
    event = meta.get("dagster_event")
    kind = {"kind": event.event_type_value} if event else {}
    return {
        "event": meta.get("orig_message") or "",
        **{name: value for name, value in named.items() if value},
        **kind,
    }


def _failure(record: logging.LogRecord) -> dict[str, Any]:
    if not record.exc_info or record.exc_info[1] is None:
        return {}
    error = record.exc_info[1]
    places = [
        f"{one.filename}:{one.lineno} {one.name}"
        for one in traceback.extract_tb(error.__traceback__)
    ]
    return {"error": type(error).__name__, "at_lines": places}
