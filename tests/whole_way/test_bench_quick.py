"""What `make bench-quick` says of counts that moved; the counting itself is its own run in CI."""

import json

from benchmarks.quick import EXPECTED, compared


def test_a_count_above_is_named_with_what_was_expected_and_how_to_renew() -> None:
    expected = {"refresh": {"requests, GET /v1/events": 4, "rows": 9}}
    ((above, line),) = compared(expected, {"refresh": {"requests, GET /v1/events": 5, "rows": 9}})
    assert above
    assert line == (
        "refresh: requests, GET /v1/events: expected 4, seen 5. Find what asks for more; if it is"
        " worth it: make bench-quick RENEW=1, and commit counts.json"
    )


def test_a_count_that_nobody_expected_is_above_and_one_that_is_gone_is_less_work() -> None:
    found = list(compared({"old": {"a": 1}}, {"new": {"b": 2}}))
    assert [above for above, _ in found] == [False, True]
    assert found[0][1].startswith("old: a: expected 1, seen 0. Less work than expected")
    assert found[1][1].startswith("new: b: expected 0, seen 2.")


def test_a_few_statements_more_are_no_regression_and_one_for_each_change_is() -> None:
    name = "build: DuckDB statements"
    assert list(compared({"refresh": {name: 366}}, {"refresh": {name: 373}})) == []
    ((above, _),) = compared({"refresh": {name: 366}}, {"refresh": {name: 466}})
    assert above


def test_the_same_counts_say_nothing() -> None:
    expected = json.loads(EXPECTED.read_text())
    assert list(compared(expected, expected)) == []
