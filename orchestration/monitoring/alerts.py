"""One notice when a problem begins or changes its level, and one when it is over.

Enters: the problems of this moment. Leaves: notices in the log, at a webhook, in a command's input;
and what was told, in `alerts.json`. A notice that could not be delivered is tried again.
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

from orchestration.configuration.settings import Settings
from orchestration.monitoring.health import Problem
from outgoing_http import MIB, Answer, AnswerLimits, BlockingClient, NoAnswer

logging.getLogger("httpx").setLevel(logging.WARNING)  # below, it logs whole addresses
log = logging.getLogger("stripe_traits.alerts")
LIMITS = AnswerLimits(size=MIB, seconds=10)  # nothing of the answer is read but its status
JSON = {"Content-Type": "application/json"}
LEVELS = {"failed": logging.ERROR, "degraded": logging.WARNING, "recovered": logging.INFO}


@dataclass(frozen=True)
class Notice:
    """What is told: `state` is failed, degraded or recovered; `text` is one line."""

    key: str
    state: str
    text: str
    remedy: str
    at: str


def notify(settings: Settings, problems: Iterable[Problem], *, now: datetime) -> list[Notice]:
    """Tell what changed since the last call, `now` (aware UTC); the notices that were delivered."""
    path = settings.data_dir / "alerts.json"
    told = _told(path)
    delivered = []
    for notice in _changes(told, list(problems), now):
        if not _deliver(settings, notice):
            continue
        delivered.append(notice)
        if notice.state == "recovered":
            del told[notice.key]
        else:
            told[notice.key] = {"state": notice.state, "text": notice.text}
    if delivered:
        _keep(path, told)
    return delivered


def _changes(
    told: dict[str, dict[str, str]], problems: list[Problem], now: datetime
) -> Iterator[Notice]:
    at = now.isoformat(timespec="seconds")
    for problem in problems:
        if told.get(problem.key, {}).get("state") != problem.level:
            yield Notice(problem.key, problem.level, problem.text, problem.remedy, at)
    for key in sorted(told.keys() - {problem.key for problem in problems}):
        yield Notice(key, "recovered", f"over: {told[key]['text']}", "nothing is left to do", at)


def _deliver(settings: Settings, notice: Notice) -> bool:
    log.log(LEVELS[notice.state], "%s: %s; %s", notice.state, notice.text, notice.remedy)
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


def _posted(url: str, body: dict[str, str]) -> Answer:
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


def _told(path: Path) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = json.loads(path.read_text()) if path.exists() else {}
    return found


def _keep(path: Path, told: dict[str, dict[str, str]]) -> None:
    fresh = path.with_suffix(".tmp")
    fresh.write_text(json.dumps(told, indent=1, sort_keys=True))
    fresh.chmod(0o600)
    fresh.replace(path)
