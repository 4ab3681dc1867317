"""The tables of docs/ that list what the code has: each is complete, and nothing more."""

import re

import duckdb
import pytest
from documents import ROOT, first_spans, page, spans
from pipeline import Pipeline, subscribe
from source_code import answers, arguments, commands, contracts, literals, options

from ingestion.stripe_api.permissions import OPTIONAL, READ
from orchestration.alert_rules.schema import TABLES as ALERT_TABLES
from orchestration.build import mart_comparisons
from orchestration.configuration.settings import Settings
from orchestration.definitions import defs
from orchestration.monitoring.health import KEPT_OUT
from orchestration.publication.records import SYNC_TABLES
from orchestration.terminal.failures import CODES
from orchestration.terminal.stopping import STOPPED
from report.segments.schema import TABLES
from reverse_sync.guards import GUARDS, UPSTREAM
from sandbox.misbehaviour.faults import KINDS, OF_DELIVERIES

OPERATIONS, ANALYSTS, SANDBOX = page("operations.md"), page("analysts.md"), page("sandbox.md")


def test_settings_are_listed_with_their_defaults() -> None:
    shown = {row[0].strip("`"): row[1].strip("`") for row in OPERATIONS.table("## Settings")}
    assert shown == {
        name.upper(): _shown(field.default) for name, field in Settings.model_fields.items()
    }


def _shown(default: object) -> str:
    if default is None:
        return ""
    return str(default).lower() if isinstance(default, bool) else str(default)


def test_commands_are_listed_with_their_arguments_and_options() -> None:
    shown = {
        row[0].strip("`"): (row[1].strip("`").split(), spans(row[2]))
        for row in OPERATIONS.table("## Commands")
    }
    assert shown == {
        name: (arguments(command), options(command)) for name, command in commands().items()
    }


def test_exit_codes_are_listed() -> None:
    shown = [int(row[0]) for row in OPERATIONS.table("## Exit codes")]
    assert shown == sorted({0, *STOPPED.values(), *CODES.values()})


def test_permissions_of_the_key_are_listed() -> None:
    shown = first_spans(OPERATIONS.table("## Permissions of the key"))
    assert shown == [*READ, *OPTIONAL]
    example = re.sub(r"\n# ", " ", (ROOT / ".env.example").read_text())
    assert f"Read for: {', '.join(READ)}." in example


def test_jobs_schedules_sensors_and_checks_are_listed() -> None:
    code = defs.get_repository_def()
    jobs = {job.name for job in code.get_all_jobs() if not job.name.startswith("__")}
    triggers = {one.name for one in (*code.schedule_defs, *code.sensor_defs)}
    rows = OPERATIONS.table("## Jobs")
    assert set(first_spans(rows)) == jobs
    assert {name for row in rows for name in spans(row[2])} <= triggers
    assert set(first_spans(OPERATIONS.table("## Schedules and sensors"))) == triggers


def test_checks_beside_those_of_dbt_are_listed() -> None:
    checks = defs.asset_checks or []
    ours = {spec.name for one in checks for spec in getattr(one, "check_specs", [])}
    assert set(first_spans(OPERATIONS.table("## Checks"))) == ours


def test_problems_of_alerts_and_guards_are_listed() -> None:
    problems = {"run:<job>", "freshness", *(f"kept_out:{name}" for name in KEPT_OUT)}
    problems |= {"marts_differ", "segments:file", "own_traits", "segments:<name>", "alerts:file"}
    problems |= {"store:<name>"}
    assert set(first_spans(OPERATIONS.table("## An alert came"))) == problems
    assert set(first_spans(OPERATIONS.table("## Plans and guards"))) == {*GUARDS, *UPSTREAM}


def test_answers_of_the_webhook_receiver_are_listed() -> None:
    shown = {
        (int(status), outcome)
        for row in OPERATIONS.table("## Webhook answers")
        for status, outcome in _paired(row[0].split(", "), spans(row[1]))
    }
    given = answers(ROOT / "ingestion" / "webhooks" / "app.py")
    for status, outcome in shown:
        assert any(status == code and outcome.startswith(text) for code, text in given), outcome
    for code, text in given:
        assert any(status == code and outcome.startswith(text) for status, outcome in shown), text


def _paired(statuses: list[str], outcomes: list[str]) -> list[tuple[str, str]]:
    """One status is that of every outcome; several have one each."""
    each = statuses if len(statuses) > 1 else statuses * len(outcomes)
    return list(zip(each, outcomes, strict=True))


def test_messages_that_are_explained_are_in_the_code() -> None:
    written = literals()
    for span in first_spans(OPERATIONS.table("## An error message")):
        for part in span.split("…"):
            assert any(part in text for text in written), part


def test_published_tables_are_listed_with_columns_that_exist() -> None:
    columns, rows = contracts(), ANALYSTS.table("# For analysts")
    assert set(first_spans(rows)) == set(columns)
    for row in rows:
        for table in spans(row[0]):
            assert set(spans(row[2])) <= columns[table], table
    assert set(first_spans(OPERATIONS.table("## Published tables"))) == {
        *SYNC_TABLES,
        *TABLES,
        *ALERT_TABLES,
        mart_comparisons.TABLE,
    }


def test_every_trait_is_a_column_of_the_table_that_it_is_sent_from() -> None:
    columns = contracts()
    tables = {
        "customer": ("single_subscription_traits",),
        "single": ("single_subscription_traits",),
        "multi": ("multi_subscription_traits",),
    }
    for row in page("traits.md").table("# The traits, to the field"):
        trait = spans(row[0])[0].removeprefix("stripe.").removesuffix(".<key>")
        name = re.sub("(?=[A-Z])", "_", trait).lower()
        assert all(name in columns[table] for table in tables[row[2]]), trait


@pytest.mark.long
def test_files_and_queries_are_those_of_a_refresh(pipeline: Pipeline) -> None:
    subscribe(pipeline, "one")
    pipeline.refresh()
    rows = OPERATIONS.table("## Files in `DATA_DIR`")
    shown = {name.rstrip("/") for name in first_spans(rows)}
    assert {path.name for path in pipeline.folder.iterdir()} <= shown
    named = [name for name in shown if any(text.endswith(name) for text in literals())]
    assert shown - set(named) == {"warehouse.lock"}, "the warehouse's name with another ending"
    for query in (code for code in OPERATIONS.code() if code.startswith("select ")):
        in_warehouse = " stripe." in query
        path = pipeline.settings.warehouse if in_warehouse else pipeline.settings.marts
        with duckdb.connect(str(path), read_only=True) as database:
            database.execute(query)


def test_faults_and_addresses_of_the_sandbox_are_listed() -> None:
    assert set(first_spans(SANDBOX.table("## Misbehaviour"))) == set(KINDS)
    assert set(OF_DELIVERIES) <= set(SANDBOX.code())
    named = set(re.findall(r"(?<!\w)/sandbox/\w+", "\n".join(SANDBOX.code())))
    served = {text for text in literals(["sandbox"]) if re.fullmatch(r"/sandbox/\w+", text)}
    assert named == served
