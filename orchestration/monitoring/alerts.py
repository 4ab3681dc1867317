"""One notice when a problem begins or changes its level, and one when it is over.

Enters: the problems of this moment. Leaves: notices on all channels; and what was told, in
`alerts.json`. A notice that could not be delivered is tried again; where the file does not tell
what was told, every problem is told again.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from orchestration.configuration.settings import Settings
from orchestration.monitoring.health import Problem
from orchestration.monitoring.notice import Notice
from orchestration.monitoring.telling import Due, Told, ToldFile, tell


@dataclass(frozen=True)
class Last:
    """What was told last of a problem."""

    state: str
    text: str


def notify(settings: Settings, problems: Iterable[Problem], *, now: datetime) -> list[Notice]:
    """Tell what changed since the last call, `now` (aware UTC); the notices that were delivered."""
    told = ToldFile(settings.folder.alerts, Last)
    return tell(settings, told, partial(_changes, problems=[*problems], now=now))


def _changes(told: Told[Last], problems: list[Problem], now: datetime) -> Due[Notice]:
    at = now.isoformat(timespec="seconds")
    for problem in problems:
        if (last := told.get(problem.key)) is None or last.state != problem.level:
            notice = Notice(problem.key, problem.level, problem.text, problem.remedy, at)
            now_last = Last(notice.state, notice.text)
            yield notice, partial(told.__setitem__, problem.key, now_last)
    for key in sorted(told.keys() - {problem.key for problem in problems}):
        over = f"over: {told[key].text}"
        yield Notice(key, "recovered", over, "nothing is left to do", at), partial(told.pop, key)
