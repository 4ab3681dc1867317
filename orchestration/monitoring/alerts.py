"""One notice when a problem begins or changes its level, and one when it is over.

Enters: the problems of this moment. Leaves: notices in the log, at a webhook, in a command's input;
and what was told, in `alerts.json`. A notice that could not be delivered is tried again; where the
file does not tell what was told, every problem is told again.
"""

import json
import logging
import shlex
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from orchestration.configuration.settings import Settings
from orchestration.monitoring.health import Problem
from orchestration.whole_file import write_whole
from outgoing_http.answers import Answer, NoAnswer
from outgoing_http.blocking import BlockingClient
from outgoing_http.limits import MIB, AnswerLimits

logging.getLogger("httpx").setLevel(logging.WARNING)  # below, it logs whole addresses
log = logging.getLogger("stripe_traits.alerts")
LIMITS = AnswerLimits(size=MIB, seconds=10)  # nothing of the answer is read but its status
JSON = {"Content-Type": "application/json"}
LEVELS = {"failed": logging.ERROR, "degraded": logging.WARNING}  # all else is information


@dataclass(frozen=True)
class Last:
    """What was told last of a problem."""

    state: str
    text: str


Told = dict[str, Last]  # by the problem's key
_TOLD = TypeAdapter(Told)


@dataclass(frozen=True)
class Notice:
    """What is told: `state` is failed, degraded, recovered or moved; `text` is one line."""

    key: str
    state: str
    text: str
    remedy: str
    at: str


def notify(settings: Settings, problems: Iterable[Problem], *, now: datetime) -> list[Notice]:
    """Tell what changed since the last call, `now` (aware UTC); the notices that were delivered."""
    path = settings.folder.alerts
    told = _told(path)
    delivered = []
    for notice in _changes(told, list(problems), now):
        if not deliver(settings, notice):
            continue
        delivered.append(notice)
        if notice.state == "recovered":
            del told[notice.key]
        else:
            told[notice.key] = Last(notice.state, notice.text)
    if delivered:
        write_whole(path, _TOLD.dump_json(told, indent=1).decode())
    return delivered


def _changes(told: Told, problems: list[Problem], now: datetime) -> Iterator[Notice]:
    at = now.isoformat(timespec="seconds")
    for problem in problems:
        if (last := told.get(problem.key)) is None or last.state != problem.level:
            yield Notice(problem.key, problem.level, problem.text, problem.remedy, at)
    for key in sorted(told.keys() - {problem.key for problem in problems}):
        yield Notice(key, "recovered", f"over: {told[key].text}", "nothing is left to do", at)


def deliver(settings: Settings, notice: Notice) -> bool:
    """In the log and to whoever is set to hear of it; whether all have it."""
    log.log(
        LEVELS.get(notice.state, logging.INFO),
        "%s: %s; %s",
        notice.state,
        notice.text,
        notice.remedy,
    )
    return all([_post(settings, notice), _run(settings, notice)])


def _post(settings: Settings, notice: Notice) -> bool:
    """As JSON; `text` is what chat webhooks show."""
    if not settings.alert_webhook_url:
        return True
    body = asdict(notice) | {"text": f"stripe-traits {notice.state}: {notice.text}"}
    try:
        answer = _posted(settings.alert_webhook_url.get_secret_value(), body)
    except NoAnswer as error:
        log.warning("ALERT_WEBHOOK_URL: %s; tried again later", error)
        return False
    if not answer.is_success:
        log.warning("ALERT_WEBHOOK_URL: HTTP %s; tried again later", answer.status_code)
    return answer.is_success


def _posted(url: str, body: dict[str, Any]) -> Answer:
    with closing(BlockingClient(timeout=LIMITS.seconds)) as client:
        content = json.dumps(body).encode()
        return client.fetch("POST", url, LIMITS, content=content, headers=JSON)


def _run(settings: Settings, notice: Notice) -> bool:
    if not settings.alert_command:
        return True
    try:
        subprocess.run(
            shlex.split(settings.alert_command),
            input=json.dumps(asdict(notice)),
            text=True,
            timeout=30,
            check=True,
            capture_output=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        log.warning("ALERT_COMMAND: %s; tried again later", type(error).__name__)
        return False
    return True


def _told(path: Path) -> Told:
    try:
        return _TOLD.validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return {}
