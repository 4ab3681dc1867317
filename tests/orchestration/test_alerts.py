"""Notices: one when a problem begins or changes, one when it is over; a real receiver over HTTP."""

import json
import logging
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alert_receivers import Receiver
from dagster import build_sensor_context
from pipeline import Pipeline

from ingestion.stripe_api.refusals import StripeError
from orchestration.code_location.sensors import health
from orchestration.configuration.settings import Settings
from orchestration.dagster_local.dagster_home import dagster_instance
from orchestration.monitoring.alerts import notify
from orchestration.monitoring.health import Problem

NOW = datetime(2025, 6, 15, tzinfo=UTC)
FAILED = Problem("run:refresh", "failed", "the last run of refresh failed", "see its log")
KEPT_OUT = Problem("kept_out:dead_letters", "degraded", "3 accounts are parked", "retry")


def settings(folder: Path, **given: str) -> Settings:
    return Settings(data_dir=folder, _env_file=None, **given)  # type: ignore[call-arg,arg-type]


def test_one_notice_for_each_change_and_one_for_the_recovery(
    tmp_path: Path, receiver: Receiver
) -> None:
    ours = settings(tmp_path, alert_webhook_url=receiver.url)
    steps: list[tuple[list[Problem], list[str]]] = [
        ([], []),
        ([KEPT_OUT], ["degraded"]),
        ([KEPT_OUT], []),
        ([FAILED, KEPT_OUT], ["failed"]),
        ([KEPT_OUT], ["recovered"]),
        ([], ["recovered"]),
        ([], []),
        ([FAILED], ["failed"]),
    ]
    for problems, states in steps:
        before = len(receiver.got)
        notify(ours, problems, now=NOW)
        assert [notice["state"] for notice in receiver.got[before:]] == states
    assert receiver.got[0]["text"] == "stripe-traits degraded: 3 accounts are parked"
    assert receiver.got[0]["at"] == "2025-06-15T00:00:00+00:00"


def test_undelivered_notice_is_tried_again_and_the_address_stays_secret(
    tmp_path: Path, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    ours = settings(tmp_path, alert_webhook_url=receiver.url)
    receiver.status = 500
    assert notify(ours, [FAILED], now=NOW) == []
    receiver.status = 200
    assert [notice.state for notice in notify(ours, [FAILED], now=NOW)] == ["failed"]
    assert len(receiver.got) == 1
    assert "tried again" in caplog.text
    assert "s3cret" not in caplog.text


def test_a_command_gets_the_notice_as_json(tmp_path: Path) -> None:
    written = tmp_path / "notice.json"
    program = tmp_path / "hook.py"
    program.write_text(f"import sys; open({str(written)!r}, 'w').write(sys.stdin.read())")
    notify(settings(tmp_path, alert_command=f"{sys.executable} {program}"), [FAILED], now=NOW)
    assert json.loads(written.read_text())["key"] == "run:refresh"


def test_failed_run_gives_one_notice_and_one_when_the_next_succeeds(
    refreshed: Pipeline, receiver: Receiver
) -> None:
    """Through the sensor, as the daemon asks it, on the runs in Dagster's storage."""
    refreshed.set(ALERT_WEBHOOK_URL=receiver.url, STRIPE_API_KEY="sk_test_rolled")

    def states() -> list[str]:
        with dagster_instance(refreshed.settings) as instance:
            for _ in range(2):
                health(build_sensor_context(instance))
        return [f"{notice['key']} {notice['state']}" for notice in receiver.got]

    for _ in range(2):
        with pytest.raises(StripeError):
            refreshed.sync()
    assert states() == ["run:refresh failed"]
    refreshed.set(STRIPE_API_KEY="")
    refreshed.sync()
    assert states() == ["run:refresh failed", "run:refresh recovered"]
