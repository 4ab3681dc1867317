"""Structured logs: one event a line, and neither a secret nor a customer's data among them."""

import json
import logging
import sys
from pathlib import Path
from typing import Any

import pytest
from command_line import run
from dagster import OpExecutionContext, job, op
from local_stripe import NOW
from pipeline import Pipeline

from orchestration.code_location.run_log import CONFIG, console
from orchestration.terminal import logs
from orchestration.terminal.logs import JsonLines
from sandbox import builders
from sandbox.http.keys import Key
from sandbox.server import serving

pytestmark = pytest.mark.long

KEY, SIGNING = "sk_test_Zq7neverkey", "whsec_Zq7neversigning"
NAME, MAIL = "Zq7never Person", "zq7never@customer.example"
PRIVATE = ("Zq7never", "zq7never", "whsec_")


def events(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_secret_and_address_do_not_pass_and_an_error_tells_its_place_alone() -> None:
    try:
        raise ValueError(f"{NAME} <{MAIL}>")  # noqa: TRY301
    except ValueError:
        failure = sys.exc_info()
    text = f'of {MAIL} with {KEY}\nand pa"ss'
    record = logging.LogRecord("x", logging.ERROR, "f", 1, text, None, failure)
    line = JsonLines(['pa"ss']).format(record)
    told = json.loads(line)
    assert told["event"] == "of *** with ***\nand ***"
    assert (told["level"], told["error"]) == ("error", "ValueError")
    assert told["at_lines"][0].startswith(__file__)
    assert "\n" not in line
    assert NAME not in line


def test_processes_log_events_and_nothing_private(pipeline: Pipeline, tmp_path: Path) -> None:
    store = pipeline.stripe.store
    store.put(builders.customer(id="cus_1", name=NAME, email=MAIL, created=NOW))
    with serving(store, keys=[Key(KEY)]) as url:
        settings = {
            "STRIPE_API_BASE": url,
            "STRIPE_WEBHOOK_SECRETS": SIGNING,
            "DATA_DIR": str(tmp_path / "data"),
            "LOG_FORMAT": "json",
        }
        wrong = run("sync", cwd=tmp_path, STRIPE_API_KEY="sk_test_Zq7neverwrong", **settings)
        done = run("live", "--for", "0.1", cwd=tmp_path, STRIPE_API_KEY=KEY, **settings)
    assert (wrong.returncode, done.returncode) == (1, 0), wrong.stderr + done.stderr
    ours = [one for one in events(wrong.stderr) if one["logger"] == "stripe_traits"]
    assert [one["level"] for one in ours] == ["error"]
    [cycle] = [one for one in events(done.stderr) if one["event"] == "cycle"]
    assert (cycle["cycle"], cycle["sent"]) == (1, 1)
    assert cycle["seconds"]["transform"] > 0
    said = wrong.stderr + wrong.stdout + done.stderr + done.stdout
    assert [mark for mark in PRIVATE if mark in said] == []


@op
def says(context: OpExecutionContext) -> None:
    context.log.info(f"wrote to {MAIL}")  # noqa: G004


@job(config=CONFIG, logger_defs={"console": console})
def saying() -> None:
    says()


def test_run_prints_its_events(
    pipeline: Pipeline, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("handlers", "level"):  # this process goes on with other tests
        monkeypatch.setattr(logging.getLogger(), name, getattr(logging.getLogger(), name))
    monkeypatch.setattr(logs, "_handlers", [])
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    pipeline.set(LOG_FORMAT="json")
    assert saying.execute_in_process().success
    told = [one for one in events(capsys.readouterr().err) if one["logger"] == "dagster"]
    [said] = [one for one in told if "kind" not in one]
    assert (said["job"], said["step"], said["event"]) == ("saying", "says", "wrote to ***")
