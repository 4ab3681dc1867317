"""Alert rules: each occasion is told once, to a chat over HTTP and by mail over SMTP."""

import os
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from alert_receivers import MailServer, Receiver
from command_line import run
from dagster import build_sensor_context
from local_stripe import DAY, NOW
from pipeline import AS_OF, MONTHLY, Pipeline, subscribe

from orchestration.code_location.sensors import health
from orchestration.configuration.settings import Settings
from orchestration.dagster_local.dagster_home import dagster_instance
from orchestration.live.resident import Cycle, live
from orchestration.monitoring.rule_alerts import notify_rules
from orchestration.terminal.reporter import LogReporter
from report.filters.tree import Condition
from report.segments.definition import Segment
from report.segments.segments_file import write
from sandbox import builders

pytestmark = pytest.mark.long

RULES = """rules:
  - {name: churn, when: account_churned, over: 40}
  - {name: big_churn, when: account_churned, over: 50}
  - {name: fell, when: mrr_fell, percent: 30, currency: usd}
  - {name: trials, when: trial_without_card, over: 40}
  - {name: golden, when: segment_entered, segment: gold}
  - {name: tarnished, when: segment_left, segment: gold}
"""
Heard = Callable[[], list[dict[str, Any]]]
MOST_CYCLES = 60
TOMORROW = AS_OF + timedelta(days=1)


@pytest.fixture
def business(refreshed: Pipeline, receiver: Receiver) -> Pipeline:
    """Three who pay 50.00 a month; the rules were judged once."""
    folder = refreshed.folder.parent
    refreshed.set(SEGMENTS_FILE=str(folder / "segments.yml"), ALERT_WEBHOOK_URL=receiver.url)
    (folder / "alerts.yml").write_text(RULES)
    refreshed.set(ALERTS_FILE=str(folder / "alerts.yml"))
    gold = Segment("gold", "", Condition("metadata.plan", "is", "gold"))
    write(refreshed.settings.segments_file, [gold])
    refreshed.refresh()
    return refreshed


@pytest.fixture
def heard(business: Pipeline, receiver: Receiver) -> Heard:
    """What the chat got since it was asked the last time."""

    def asked() -> list[dict[str, Any]]:
        notify_rules(business.settings)
        got, receiver.got = receiver.got, []
        return got

    return asked


def rules(business: Pipeline, text: str) -> None:
    business.settings.alerts_file.write_text(text)


def make_gold(business: Pipeline, name: str, plan: str = "gold") -> None:
    changed = {"metadata": {"plan": plan}}
    business.stripe.store.update("customer", f"cus_{name}", changed, now=NOW)


def cancel(business: Pipeline, name: str) -> None:
    ended = {"status": "canceled", "ended_at": NOW, "canceled_at": NOW}
    business.stripe.store.update("subscription", f"sub_{name}", ended, now=NOW)


def try_out(business: Pipeline, name: str) -> None:
    """A trial without a card that ends in the evening of tomorrow."""
    made = {"created": NOW - 5 * DAY}
    business.stripe.store.put(builders.customer(id=f"cus_{name}", **made))
    business.stripe.store.put(
        builders.subscription(
            id=f"sub_{name}",
            customer=f"cus_{name}",
            items=[builders.item(price=MONTHLY)],
            status="trialing",
            trial_start=NOW - 5 * DAY,
            trial_end=NOW + DAY + DAY // 2,
            **made,
        )
    )


def test_each_occasion_is_told_once_and_the_first_judgement_and_a_full_read_are_silent(
    business: Pipeline, heard: Heard
) -> None:
    assert heard() == []
    make_gold(business, "one")
    cancel(business, "two")
    try_out(business, "late")
    business.refresh(as_of=TOMORROW)
    told = {notice["key"]: notice for notice in heard()}
    assert told.keys() == {"alert:churn", "alert:fell", "alert:trials", "alert:golden"}
    [churned] = told["alert:churn"]["occasions"]
    assert (churned["account_id"], churned["amount"], churned["currency"]) == (
        "cus_two",
        "50.000",
        "usd",
    )
    assert told["alert:churn"]["text"].splitlines() == [
        "stripe-traits alert: churn: 1 account churned",
        "  cus_two, MRR usd 50.00 a month, 2025-06-15T00:00:00+00:00",
    ]
    assert told["alert:trials"]["occasions"][0]["account_id"] == "cus_late"
    assert told["alert:fell"]["lines"] == ["  MRR fell by 33.3%, from usd 150.00 to usd 100.00"]
    business.refresh(as_of=TOMORROW, full=True)
    assert heard() == []
    make_gold(business, "one", plan="lead")
    business.refresh(as_of=TOMORROW)
    [left] = heard()
    assert (left["key"], left["occasions"][0]["account_id"]) == ("alert:tarnished", "cus_one")
    assert heard() == []


def test_a_new_rule_and_a_lost_warehouse_only_remember(business: Pipeline, heard: Heard) -> None:
    try_out(business, "late")
    cancel(business, "two")
    rules(business, "rules:\n  - {name: soon, when: trial_without_card, over: 1, days: 3}\n")
    business.refresh()
    assert heard() == []
    business.settings.warehouse.unlink()
    (business.folder / "accounts.db").unlink()
    rules(business, RULES)
    business.refresh()
    assert heard() == []
    cancel(business, "one")
    business.refresh()
    assert [notice["key"] for notice in heard()] == ["alert:churn"]


def test_a_channel_that_fails_is_tried_again_alone(
    business: Pipeline,
    receiver: Receiver,
    heard: Heard,
    mail_server: MailServer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    business.set(
        ALERT_SMTP_URL=mail_server.url,
        ALERT_MAIL_FROM="alerts@example.com",
        ALERT_MAIL_TO="success@example.com, sales@example.com",
    )
    mail_server.is_full = True
    cancel(business, "two")
    business.refresh()
    assert len(heard()) == 1
    assert mail_server.got == []
    mail_server.is_full, receiver.status = False, 500
    cancel(business, "one")
    business.refresh()
    assert heard() == []
    [mail] = mail_server.got
    assert mail["Subject"] == "stripe-traits alert: churn: 2 accounts churned"
    assert mail["To"] == "success@example.com, sales@example.com"
    assert "cus_one, MRR usd 50.00 a month" in mail.get_content()
    receiver.status = 200
    assert [notice["occasions"][0]["account_id"] for notice in heard()] == ["cus_one"]
    assert heard() == []
    assert len(mail_server.got) == 1
    assert "SMTP 452" in caplog.text
    assert "w0rd" not in caplog.text


def test_a_digest_comes_when_its_day_is_over_in_the_form_that_slack_takes(
    business: Pipeline, heard: Heard
) -> None:
    business.set(ALERT_WEBHOOK_FORM="slack")
    rules(business, RULES.replace("}", ", send: daily}"))
    cancel(business, "two")
    subscribe(business, "a<b", plan="gold")
    business.refresh()
    assert heard() == []
    business.refresh(as_of=TOMORROW)
    [digest] = heard()
    assert digest.keys() == {"text"}
    assert digest["text"].splitlines() == [
        "stripe-traits digest: daily: churn 1, golden 1",
        "churn: 1 account churned",
        "  cus_two, MRR usd 50.00 a month, 2025-06-15T00:00:00+00:00",
        "golden: 1 account entered segment 'gold'",
        "  cus_a&lt;b, 2025-06-15T00:00:00+00:00",
    ]
    business.refresh(as_of=TOMORROW)
    assert heard() == []


def test_a_weekly_digest_comes_when_its_sunday_is_over(business: Pipeline, heard: Heard) -> None:
    rules(business, RULES.replace("}", ", send: weekly}"))
    cancel(business, "two")
    business.refresh(as_of=TOMORROW)  # a Monday
    assert heard() == []
    make_gold(business, "one")
    sunday = TOMORROW + timedelta(days=6, hours=23)
    business.refresh(as_of=sunday)
    assert heard() == []
    business.refresh(as_of=sunday + timedelta(hours=1))
    [digest] = heard()
    assert digest["text"].splitlines()[0] == (
        "stripe-traits digest: weekly: churn 1, fell 1, golden 1"
    )
    assert [one["rule"] for one in digest["occasions"]] == ["churn", "fell", "golden"]
    assert heard() == []


def test_the_sensor_tells_what_rules_noticed_once(business: Pipeline, receiver: Receiver) -> None:
    cancel(business, "two")
    business.sync()
    with dagster_instance(business.settings) as instance:
        said = [health(build_sensor_context(instance)) for _ in range(2)]
    assert [notice["key"] for notice in receiver.got] == ["alert:churn"]
    assert [str(one.skip_message).count("churn: 1 account") for one in said] == [1, 0]  # type: ignore[union-attr]


def test_live_tells_beside_its_cycles_which_a_slow_chat_does_not_hold_up(
    business: Pipeline, receiver: Receiver
) -> None:
    business.set(LIVE_POLL_SECONDS="0.5")
    stop, cycles = threading.Event(), list[Cycle]()
    receiver.may_answer.clear()

    def cycle_done(cycle: Cycle) -> None:
        cycles.append(cycle)
        if cycle.number == 1:
            cancel(business, "two")
        elif receiver.got and not receiver.may_answer.is_set():
            if business.account("cus_one")["name"] == "Renamed":  # while the chat is silent
                receiver.may_answer.set()
                stop.set()
            changed = {"name": "Renamed"}
            business.stripe.store.update("customer", "cus_one", changed, now=NOW + cycle.number)
        if cycle.number > MOST_CYCLES:
            stop.set()

    quiet = LogReporter(lambda line: None)
    live(business.settings, quiet, clock=lambda: AS_OF, stop=stop, report=cycle_done)
    assert len(cycles) < MOST_CYCLES
    # A chat that is silent for longer than a notice waits, as on a busy machine, is told again.
    assert {(notice["key"], notice["text"]) for notice in receiver.got} == {
        ("alert:churn", receiver.got[0]["text"])
    }
    assert [cycle.failure for cycle in cycles] == [None] * len(cycles)
    told = len(receiver.got)
    notify_rules(business.settings)
    assert len(receiver.got) == told, "told, and noted as told"


def test_sync_sends_at_its_end(business: Pipeline, receiver: Receiver) -> None:
    cancel(business, "two")
    names = [name.upper() for name in Settings.model_fields]
    ours = {name: os.environ[name] for name in names if name in os.environ}
    for _ in range(2):
        assert run("sync", "--as-of", "2025-06-15", **ours).returncode == 0
    assert [notice["key"] for notice in receiver.got] == ["alert:churn"]
