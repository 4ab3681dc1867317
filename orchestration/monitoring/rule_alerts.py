"""Tells what alert rules noticed: each occasion once on each channel, at once or in a digest.

Enters: the published `alerts`, the rules, and what was told before (`rule_alerts.json`). Leaves:
notices. What could not be delivered is tried again by the next run, for eight days; where the file
does not tell what was told, the occasions of these days are told again. A digest has whole days or
weeks, those that were over at the last judgement.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from orchestration.alert_rules.definition import Rule
from orchestration.alert_rules.rules_file import WrongRules, read
from orchestration.configuration.settings import Settings
from orchestration.file_lock import LockHeld, writer_lock
from orchestration.monitoring.rule_notices import Raised, of_digest, of_rule
from orchestration.monitoring.telling import Due, Told, ToldFile, tell
from orchestration.publication.marts import names, reading, records

JUDGED = """
select
    (select max(judged_at) from alert_rules) as judged_at,
    (select coalesce(max(number), 0) from alerts) as newest
"""
NEWS = """
from alerts where is_news and noticed_at > $judged_at - interval 8 days order by number
"""
Row = dict[str, Any]


@dataclass(frozen=True)
class News:
    """`newest` is the number of the last occasion."""

    rows: list[Row]
    rules: list[Rule]
    judged_at: datetime
    newest: int


def notify_rules(settings: Settings) -> list[Raised]:
    """Tell what is news since the last call; the notices that were delivered, on any channel. One
    process tells at a time: another one leaves it to that."""
    if not settings.marts.exists():
        return []
    with suppress(LockHeld), _lock(settings):
        return _notify(settings)
    return []


def _notify(settings: Settings) -> list[Raised]:
    news = _news(settings)
    if news is None:
        return []
    told = ToldFile(settings.folder.rule_alerts, int)
    return tell(settings, told, partial(_due, news=news))


def _due(told: Told[int], news: News) -> Due[Raised]:
    """`told`: of each rule the number of the last occasion."""
    if max(told.values(), default=0) > news.newest:
        told.clear()  # the warehouse was lost, and counts from the beginning
    fresh = [row for row in news.rows if row["number"] > told.get(row["rule"], 0)]
    for notice, rows in _notices(news.rules, fresh, news.judged_at):
        # By their numbers, which rise: the last one of a rule stays.
        numbers = {row["rule"]: row["number"] for row in rows}
        yield notice, partial(told.update, numbers)


def _notices(
    rules: list[Rule], rows: list[Row], judged_at: datetime
) -> Iterator[tuple[Raised, list[Row]]]:
    found = [(rule, _over(rule, rows, judged_at)) for rule in rules]
    for rule, of_one in found:
        if of_one and rule.send == "at_once":
            yield of_rule(rule, of_one), of_one
    for every in ("daily", "weekly"):
        of_digests = [(rule, of_one) for rule, of_one in found if of_one and rule.send == every]
        if of_digests:
            yield of_digest(every, of_digests), [row for _, one in of_digests for row in one]


def _over(rule: Rule, rows: list[Row], judged_at: datetime) -> list[Row]:
    """What the rule has to tell by now. A week begins on Monday."""
    own = [row for row in rows if row["rule"] == rule.name]
    if rule.send == "at_once":
        return own
    today = judged_at.replace(hour=0, minute=0, second=0, microsecond=0)
    begins = today - timedelta(days=today.weekday() if rule.send == "weekly" else 0)
    return [row for row in own if row["noticed_at"] < begins]


def _news(settings: Settings) -> News | None:
    """None: there is none. Where the file is wrong, that is told as a problem, and news waits."""
    with reading(settings.marts) as database:
        if not {"alerts", "alert_rules"} <= {*names(database)}:
            return None
        [judged] = records(database, JUDGED)
        rows = records(database, NEWS, judged_at=judged["judged_at"])
    try:
        rules = read(settings.alerts_file) if rows else []
    except (WrongRules, OSError):
        return None
    return News(rows, rules, **judged) if rows else None


def _lock(settings: Settings) -> AbstractContextManager[None]:
    return writer_lock(settings.folder.rule_alerts_lock, purpose="alerts", patience=0)
