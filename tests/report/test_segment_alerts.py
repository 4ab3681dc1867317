"""Who came into a segment and who left it is told once, by the notices that there are."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from local_stripe import NOW
from pipeline import AS_OF, Pipeline, subscribe

from orchestration.monitoring.segment_alerts import notify_moves
from report.filters.tree import Condition, Node
from report.segments.definition import Segment
from report.segments.segments_file import write

pytestmark = pytest.mark.long

PAYING = Condition("all_mrr_normalized", "over", "40")
GOLD = Condition("metadata.plan", "is", "gold")
HOOK = """
import sys
from pathlib import Path
if Path("refuse").exists():
    sys.exit(1)
with open("told.jsonl", "a") as file:
    file.write(sys.stdin.read() + "\\n")
"""
Told = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def business(refreshed: Pipeline) -> Pipeline:
    """Three who pay 50.00 a month; a command of theirs hears each notice."""
    folder = refreshed.folder.parent
    (folder / "hook.py").write_text(HOOK)
    refreshed.set(SEGMENTS_FILE=str(folder / "segments.yml"))
    refreshed.set(ALERT_COMMAND=f"{sys.executable} hook.py")
    save(refreshed, paying=PAYING, gold=GOLD)
    refreshed.refresh()
    return refreshed


@pytest.fixture
def told(business: Pipeline) -> Told:
    """What the command heard since it was asked the last time."""
    file = Path("told.jsonl")

    def heard() -> list[dict[str, Any]]:
        notify_moves(business.settings)
        lines = file.read_text().splitlines() if file.exists() else []
        file.unlink(missing_ok=True)
        return [json.loads(line) for line in lines]

    return heard


def save(business: Pipeline, **conditions: Node) -> None:
    kept = [Segment(name, "", where) for name, where in conditions.items()]
    write(business.settings.segments_file, kept)


def make_gold(business: Pipeline, name: str, plan: str = "gold") -> None:
    changed = {"metadata": {"plan": plan}}
    business.stripe.store.update("customer", f"cus_{name}", changed, now=NOW)
    business.refresh()


def test_who_came_and_who_left_is_told_once(business: Pipeline, told: Told) -> None:
    assert told() == [], "the first judgement is no news"
    make_gold(business, "one")
    [notice] = told()
    assert notice["text"] == "segment 'gold': 1 entered, 0 left"
    assert (notice["entered"], notice["left"]) == (["cus_one"], [])
    assert notice["key"] == "segment:gold"
    assert told() == [], "and never again"
    make_gold(business, "two")
    make_gold(business, "one", plan="lead")
    [notice] = told()
    assert (notice["entered"], notice["left"]) == (["cus_two"], ["cus_one"])


def test_a_full_read_that_changes_nothing_is_no_news(business: Pipeline, told: Told) -> None:
    business.refresh(full=True)
    assert told() == []


def test_changed_conditions_are_no_news_and_what_comes_after_is(
    business: Pipeline, told: Told
) -> None:
    save(business, paying=Condition("all_mrr_normalized", "over", "400"), gold=PAYING)
    business.refresh()
    assert told() == []
    subscribe(business, "four", plan="gold")
    business.refresh()
    [notice] = told()
    assert (notice["key"], notice["entered"]) == ("segment:gold", ["cus_four"])
    save(business)
    business.refresh(as_of=AS_OF)
    assert told() == [], "who deletes a segment knows it"


def test_a_notice_that_was_refused_is_tried_again(business: Pipeline, told: Told) -> None:
    Path("refuse").touch()
    make_gold(business, "one")
    assert told() == []
    make_gold(business, "two")
    Path("refuse").unlink()
    [notice] = told()
    assert notice["entered"] == ["cus_one", "cus_two"]
    assert told() == []


def test_a_lost_warehouse_counts_anew(business: Pipeline, told: Told) -> None:
    for name in ("one", "two"):
        make_gold(business, name)
    assert len(told()) == 1
    business.settings.warehouse.unlink()
    (business.folder / "accounts.db").unlink()
    business.refresh()
    assert told() == []
    make_gold(business, "three")
    [notice] = told()
    assert notice["entered"] == ["cus_three"]
