"""The alert rules, judged on the marts and segments that were built.

Enters: the settings, the warehouse, `as_of`. Leaves: occasions in the warehouse's `alerts`. Wrong
rules stop no build: they are told, and what was noticed stays. Who is told stands in `monitoring`.
Without rules nothing of them is imported.
"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import duckdb

from orchestration.alert_rules.schema import exist
from orchestration.build.last_build import last_build, marts_made_from
from orchestration.configuration.settings import Settings
from orchestration.terminal.logs import log

if TYPE_CHECKING:
    from orchestration.alert_rules.definition import Rule


def alerts_due(
    database: duckdb.DuckDBPyConnection, settings: Settings, *, as_of: datetime
) -> str | None:
    """Why rules must be judged although no mart changed; None: they need not be."""
    rules = _rules(database, settings)
    if rules is None:
        return None
    from orchestration.alert_rules.judgement import why_due

    return why_due(database, rules, _naive(as_of))


def judge_alerts(
    database: duckdb.DuckDBPyConnection, settings: Settings, *, as_of: datetime
) -> bool:
    """Notice what the rules ask for; whether anything was judged."""
    rules = _rules(database, settings)
    if rules is None:
        return False
    from orchestration.alert_rules.judgement import judge

    last = last_build(database)
    basis = f"{marts_made_from(settings)} {last.stripe_accounts if last else []}"
    try:
        return judge(database, rules, _naive(as_of), basis=basis)
    except duckdb.Error as error:  # a value of a customer's may stand in DuckDB's words
        log.warning(f"alert rules are not judged: {type(error).__name__}")
        return False


def _rules(database: duckdb.DuckDBPyConnection, settings: Settings) -> "list[Rule] | None":
    """None: there are none and never were, or they are not known."""
    if not settings.alerts_file.exists() and not exist(database):
        return None
    from orchestration.alert_rules.rules_file import WrongRules, read

    try:
        return read(settings.alerts_file)
    except (WrongRules, OSError) as error:
        log.warning(f"alert rules are not judged: {error}")
        return None


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)
