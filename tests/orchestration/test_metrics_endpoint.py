"""Metrics in Prometheus' text form: the figures of `status`, at `/metrics` and from the command."""

import json
import re
import sqlite3
from contextlib import closing
from decimal import Decimal

import httpx
from command_line import run
from documents import first_spans, page
from pipeline import Pipeline
from prometheus_client.parser import text_string_to_metric_families
from source_code import literals
from webhook_receiver import event, receiving

from orchestration.monitoring.metrics.exposition import Metric, Sample, exposition

TEXT_FORM = "text/plain; version=0.0.4; charset=utf-8"
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def parsed(text: str) -> Samples:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def figure(found: Samples, name: str, **labels: str) -> float | None:
    return found.get((f"stripe_traits_{name}", tuple(sorted(labels.items()))))


def told(refreshed: Pipeline, option: str) -> str:
    finished = run(
        "status", option, DATA_DIR=str(refreshed.folder), STRIPE_API_BASE=refreshed.stripe.url
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def test_the_command_prints_what_status_knows(refreshed: Pipeline) -> None:
    found = parsed(told(refreshed, "--prometheus"))
    status = json.loads(told(refreshed, "--json"))
    assert figure(found, "accounts") == status["marts"]["account_traits"] == 3
    assert figure(found, "mrr", currency="usd") == float(status["mrr"]["usd"]) == 150
    assert figure(found, "inbox_waiting_objects") == 0
    assert figure(found, "store_dead_letters") == 0
    assert figure(found, "last_delivery_ok") == 1
    assert figure(found, "last_delivery_acknowledged_accounts") == 3
    assert figure(found, "published_timestamp_seconds")
    assert figure(found, "refreshed_timestamp_seconds")
    assert figure(found, "last_run_ok", job="refresh") == 1
    assert figure(found, "last_run_ok", job="nightly") is None, "no run of it was recorded"


def test_each_is_listed_in_the_docs(refreshed: Pipeline) -> None:
    shown = set(first_spans(page("operations.md").table("## Metrics")))
    given = {name for name, _ in parsed(told(refreshed, "--prometheus"))}
    assert given <= shown
    named = {text for text in literals() if re.fullmatch("[a-z0-9_]+", text)}
    for name in shown:
        assert any(name.endswith(text) for text in named), name


def test_no_line_names_an_account(refreshed: Pipeline) -> None:
    text = told(refreshed, "--prometheus")
    with closing(sqlite3.connect(refreshed.folder / "accounts.db")) as store:
        accounts = store.execute("select account_id, name from accounts").fetchall()
    assert len(accounts) == 3
    for value in (*accounts[0], *accounts[1], "acct_"):
        assert value not in text


def test_each_metric_has_one_help_and_one_type(refreshed: Pipeline) -> None:
    lines = told(refreshed, "--prometheus").splitlines()
    helped = [line.split()[2] for line in lines if line.startswith("# HELP ")]
    typed = [line.split()[2] for line in lines if line.startswith("# TYPE ")]
    assert helped == typed
    assert len(set(helped)) == len(helped)


def test_what_a_label_and_a_help_may_hold_is_escaped() -> None:
    odd = 'a "quoted" \\ and\na new line'
    text = exposition([Metric("m", odd, (Sample(Decimal("1717650.00"), {"label": odd}),))])
    assert len(text.splitlines()) == 3
    assert "1717650.00" in text
    [family] = text_string_to_metric_families(text)
    assert family.samples[0].labels == {"label": odd}


def test_the_receiver_serves_them_beside_its_own_counts(refreshed: Pipeline) -> None:
    with receiving(refreshed.folder, refreshed.stripe.url) as receiver:
        receiver.deliver(event(1))
        answer = receiver.client.get(receiver.url.replace("/webhooks", "/metrics"))
    assert answer.headers["content-type"] == TEXT_FORM
    found = parsed(answer.text)
    assert figure(found, "accounts") == 3
    assert sum(value for (name, _), value in found.items() if "deliveries" in name) == 1


def test_before_anything_is_published_the_receiver_has_its_counts_alone(
    pipeline: Pipeline,
) -> None:
    with receiving(pipeline.folder, pipeline.stripe.url) as receiver:
        receiver.deliver(event(1))
        answer = receiver.client.get(receiver.url.replace("/webhooks", "/metrics"))
    assert answer.status_code == 200
    assert {name for name, _ in parsed(answer.text)} == {"stripe_traits_webhook_deliveries_total"}


def test_a_file_that_is_broken_costs_the_figures_and_no_delivery(refreshed: Pipeline) -> None:
    with receiving(refreshed.folder, refreshed.stripe.url) as receiver:
        refreshed.settings.marts.write_bytes(b"no database" * 1000)
        answer = receiver.client.get(receiver.url.replace("/webhooks", "/metrics"))
        assert receiver.deliver(event(1))[0] == 200
    assert answer.status_code == 503
    assert "stripe-traits status" in answer.text


def test_without_a_token_this_machine_alone_may_ask(pipeline: Pipeline) -> None:
    with receiving(pipeline.folder, pipeline.stripe.url) as receiver:
        url = receiver.url.replace("/webhooks", "/metrics")
        assert receiver.client.get(url).status_code == 200
        for header in ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"):
            answer = receiver.client.get(url, headers={header: "203.0.113.7"})
            assert answer.status_code == 403, header
            assert "METRICS_TOKEN" in answer.text


def test_a_token_is_asked_of_everybody(pipeline: Pipeline) -> None:
    with receiving(pipeline.folder, pipeline.stripe.url, METRICS_TOKEN="right-one") as receiver:
        url = receiver.url.replace("/webhooks", "/metrics")
        assert _asked(receiver.client, url) == 401
        assert _asked(receiver.client, url, Authorization="Bearer wrong") == 401
        forwarded = {"X-Forwarded-For": "203.0.113.7"}
        assert _asked(receiver.client, url, Authorization="Bearer right-one", **forwarded) == 200


def _asked(client: httpx.Client, url: str, **headers: str) -> int:
    return client.get(url, headers=headers).status_code
