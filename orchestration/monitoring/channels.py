"""The ways on which a notice goes: the log, a webhook, a command's input, mail.

Enters: the settings, a notice. Leaves: whether it arrived. What did not is tried again by who asked
for it; no address, answer or secret is logged.
"""

import json
import logging
import shlex
import subprocess
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import asdict
from html import escape
from typing import Any

from orchestration.configuration.settings import Settings
from orchestration.monitoring.mail import mail
from orchestration.monitoring.notice import Notice
from outgoing_http.answers import Answer, NoAnswer
from outgoing_http.blocking import BlockingClient
from outgoing_http.limits import MIB, AnswerLimits

logging.getLogger("httpx").setLevel(logging.WARNING)  # below, it logs whole addresses
log = logging.getLogger("stripe_traits.alerts")
LIMITS = AnswerLimits(size=MIB, seconds=10)  # nothing of the answer is read but its status
JSON = {"Content-Type": "application/json"}
LEVELS = {"failed": logging.ERROR, "degraded": logging.WARNING}  # all else is information


def _log(_: Settings, notice: Notice) -> bool:
    level = LEVELS.get(notice.state, logging.INFO)
    log.log(level, "%s: %s; %s", notice.state, notice.text, notice.remedy)
    return True


def _post(settings: Settings, notice: Notice) -> bool:
    """As JSON; `text` is what chat webhooks show, and all that Slack's takes."""
    if not settings.alert_webhook_url:
        return True
    if settings.alert_webhook_form == "slack":
        body = {"text": escape(notice.told, quote=False)}  # no id can call a channel's members
    else:
        body = asdict(notice) | {"text": notice.told}
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


def _mail(settings: Settings, notice: Notice) -> bool:
    if not settings.alert_smtp_url:
        return True
    if problem := mail(settings, notice):
        log.warning("ALERT_SMTP_URL: %s; tried again later", problem)
    return not problem


Channel = Callable[[Settings, Notice], bool]
CHANNELS: Mapping[str, Channel] = {"log": _log, "webhook": _post, "command": _run, "mail": _mail}
