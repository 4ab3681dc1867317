"""`stripe-traits check`: each finding in a line: file, line, key, remedy; nothing is read."""

import json
from pathlib import Path

import pytest
from command_line import run

ENV = """# mine
STRIPE_API_KEY=sk_test_12345678
STRIPE_CONCURENCY=4
LIVE_POLL_SECONDS=0
SEGMENTS_FILE=mine.yml
"""
SEGMENTS = """segments:
  - name: gold
    where:
      all:
        - {field: metadata.plan, operator: is, value: gold}
        - any:
            - {field: at_risk, operator: has, value: card_expires}
            - {field: all_mrr_normalised, operator: over, value: 3}
  - name: Silver
    where: {field: all_mrr_normalized, operator: over, value: 3}
  - name: bronze
    where: {field: all_mrr_normalized, operator: over, value: much}
    colour: brown
  - name: copper
    where: {field: all_mrr_normalized, operator: over, value: much}
"""


def test_every_finding_has_its_line_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(ENV)
    (tmp_path / "mine.yml").write_text(SEGMENTS)
    finished = run("check", cwd=tmp_path, METRICS_TOKEN="t0ken-of-mine", STRIPE_API_BASE="nowhere")
    assert finished.returncode == 1
    assert [line.split(": ")[:2] for line in finished.stdout.splitlines()] == [
        [".env:3", "STRIPE_CONCURENCY is no setting"],
        [".env:4", "LIVE_POLL_SECONDS"],
        ["mine.yml:9", "segments[1].name"],
        ["mine.yml:13", "segments[2].colour"],
        ["mine.yml:8", "segments[0].where.all[1].any[1]"],
        ["mine.yml:15", "segments[3].where"],
    ]
    assert "all_mrr_normalised" in finished.stdout
    assert "t0ken-of-mine" not in finished.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == [".env", "mine.yml"]


ALERTS = """rules:
  - name: churn
    when: account_churned
    over: much
    currency: USD
  - {name: fell, when: mrr_fell, percent: 0, over: 3}
  - {name: gold, when: segment_entered, segment: gold}
  - {name: churn2, when: churned}
  - {name: trials, when: trial_without_card}
"""


def test_wrong_alert_rules_are_found_and_refused_before_anything_is_read(tmp_path: Path) -> None:
    (tmp_path / "alerts.yml").write_text(ALERTS)
    finished = run("check", cwd=tmp_path, STRIPE_API_KEY="sk_test_12345678")
    assert [line.split(": ")[:2] for line in finished.stdout.splitlines()] == [
        ["alerts.yml:4", "rules[0].over"],
        ["alerts.yml:5", "rules[0].currency"],
        ["alerts.yml:6", "rules[1].over"],
        ["alerts.yml:6", "rules[1].percent"],
        ["alerts.yml:8", "rules[3].when"],
        ["alerts.yml:9", "rules[4]"],
        ["alerts.yml:7", "rules[2].segment"],
    ]
    refused = run("sync", cwd=tmp_path, STRIPE_API_BASE="http://127.0.0.1:1")
    assert refused.returncode == 2
    assert refused.stderr.startswith("stripe-traits: alerts.yml:4: rules[0].over: rule 'churn'")
    assert len(refused.stderr.splitlines()) == 6


def test_what_is_set_in_the_environment_says_so_and_json_has_all(tmp_path: Path) -> None:
    (tmp_path / "segments.yml").write_text("segments:\n  - name: [gold\n")
    finished = run(
        "check", "--json", cwd=tmp_path, STRIPE_API_KEY="pk_test_12345678", LOG_FORMAT="text"
    )
    found = json.loads(finished.stdout)
    assert [(one["file"], one["line"], one["key"]) for one in found] == [
        ("environment", None, "STRIPE_API_KEY"),
        ("segments.yml", 3, "YAML"),
    ]
    assert "pk_test_12345678" not in finished.stdout


def test_right_files_end_with_0(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("STRIPE_API_KEY=sk_test_12345678\n")
    finished = run("check", cwd=tmp_path)
    assert (finished.returncode, finished.stdout) == (0, "settings and files are right\n")


def test_each_finding_of_rules_with_one_name_has_its_own_line(tmp_path: Path) -> None:
    (tmp_path / "alerts.yml").write_text(
        "rules:\n"
        "  - {name: into, when: segment_entered}\n"
        "  - {name: into, when: segment_entered, segment: gold}\n"
        "  - {name: into, when: segment_left, segment: silver}\n"
    )
    finished = run("check", cwd=tmp_path, STRIPE_API_KEY="sk_test_12345678")
    assert [line.split(": ")[:2] for line in finished.stdout.splitlines()] == [
        ["alerts.yml:2", "rules[0]"],
        ["alerts.yml:4", "rules[2].name"],
        ["alerts.yml:3", "rules[1].segment"],
    ]


@pytest.mark.parametrize("name", ["SEGMENTS_FILE", "ALERTS_FILE", "STORES_FILE", "TRAITS_DIR"])
def test_a_file_that_is_named_and_missing_is_told_before_anything_is_read(
    tmp_path: Path, name: str
) -> None:
    said = f"{name}: gone does not exist: create it, or remove the setting"
    given = {"STRIPE_API_KEY": "sk_test_12345678", name: "gone"}
    finished = run("check", cwd=tmp_path, **given)
    assert (finished.returncode, finished.stdout) == (1, f"environment: {said}\n")
    for command in ("sync", "live") if name != "SEGMENTS_FILE" else ():  # the report writes it
        refused = run(command, cwd=tmp_path, STRIPE_API_BASE="http://127.0.0.1:1", **given)
        assert (refused.returncode, refused.stderr) == (2, f"stripe-traits: {said}\n"), command
