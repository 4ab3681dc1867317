"""The trait `stripe.segments`: off unless asked for, published as sent, sent when it moves."""

import json
from datetime import timedelta
from typing import Any

import duckdb
import pytest
from local_stripe import NOW
from pipeline import AS_OF, Pipeline, subscribe

from orchestration.build.scope import BuildKind, decide
from orchestration.pages.explain import read
from orchestration.publication.publish import publish_sync
from orchestration.stages.segments import judge_segments
from report.filters.tree import Condition, Node
from report.segments.definition import Segment
from report.segments.segments_file import write

pytestmark = pytest.mark.long

PAYING = Condition("all_mrr_normalized", "over", "40")
GOLD = Condition("metadata.plan", "is", "gold")
TOMORROW = AS_OF + timedelta(days=1)
TRAIT = "stripe.segments"


@pytest.fixture
def business(refreshed: Pipeline) -> Pipeline:
    """Three who pay 50.00 a month; the trait is on."""
    file = refreshed.folder.parent / "segments.yml"
    refreshed.set(SEGMENTS_FILE=str(file), SEGMENTS_TRAIT="true")
    return refreshed


def save(business: Pipeline, **conditions: Node) -> None:
    kept = [Segment(name, "", where) for name, where in conditions.items()]
    write(business.settings.segments_file, kept)


def published(business: Pipeline) -> dict[str, Any]:
    rows = business.mart("select account_id, traits from account_traits order by 1")
    return {account: json.loads(traits).get(TRAIT) for account, traits in rows}


def check(business: Pipeline, **expected: list[str]) -> None:
    """Published and sent alike, by the account's short name; the rest has none."""
    found = published(business)
    wanted = {f"cus_{name}": names for name, names in expected.items()}
    assert found == {account: [] for account in found} | wanted
    assert {one: business.account(one)["traits"][TRAIT] for one in found} == found


def test_nothing_is_sent_of_segments_unless_it_is_switched_on(business: Pipeline) -> None:
    business.set(SEGMENTS_TRAIT="false")
    save(business, paying=PAYING)
    business.refresh()
    assert set(published(business).values()) == {None}
    assert TRAIT not in business.account("cus_one")["traits"]


def test_each_account_is_sent_its_segments(business: Pipeline) -> None:
    save(business, paying=PAYING, all_of_them=Condition("account_id", "known"), gold=GOLD)
    business.refresh()
    both = ["all_of_them", "paying"]
    check(business, one=both, two=both, three=both)
    assert not business.refresh(as_of=AS_OF), "and then nothing more"


def test_what_moves_membership_alone_is_sent_at_the_same_refresh(business: Pipeline) -> None:
    """No object changed: the file, then the time."""
    [(renewal,)] = business.mart(
        "select current_period_end from accounts where account_id = 'cus_one'"
    )
    business.refresh()
    save(business, renews=Condition("current_period_end", "next_days", "3"))
    assert business.refresh()["updates"] == 3
    check(business)
    before = AS_OF + timedelta(days=(renewal.date() - AS_OF.date()).days - 1)
    assert business.refresh(as_of=before)["updates"] == 3
    check(business, one=["renews"], two=["renews"], three=["renews"])
    changes = business.mart(
        "select account_id, old, new, status from sync_changelog"
        f" where trait = '{TRAIT}' and new = '[\"renews\"]' order by 1"
    )
    assert changes == [
        (f"cus_{name}", "[]", '["renews"]', "acknowledged") for name in ("one", "three", "two")
    ]


def test_a_refresh_of_one_account_moves_its_segments_alone(business: Pipeline) -> None:
    save(business, gold=GOLD)
    business.refresh()
    subscribe(business, "four", plan="gold")
    business.stripe.store.update("customer", "cus_one", {"metadata": {"plan": "gold"}}, now=NOW)
    counts = business.refresh()
    assert (counts["creates"], counts["updates"]) == (1, 1)
    check(business, one=["gold"], four=["gold"])
    traits = "select account_id, traits::varchar from account_traits order by 1"
    refreshed = business.mart(traits)
    business.refresh(full=True)
    assert business.mart(traits) == refreshed


@pytest.mark.parametrize("records", ["published", "not published"])
def test_a_crash_between_judging_and_publishing_loses_nothing(
    business: Pipeline, records: str
) -> None:
    save(business, paying=PAYING)
    business.refresh()
    save(business, paying=PAYING, rich=Condition("all_mrr_normalized", "over", "45"))
    with duckdb.connect(str(business.settings.warehouse)) as database:
        scope = decide(database, business.settings, as_of=AS_OF)
        assert scope.kind is BuildKind.NOTHING
        judge_segments(database, business.settings, scope, as_of=AS_OF)
        if records == "published":  # by a delivery that ended meanwhile
            publish_sync(database, business.settings.marts)
    business.refresh()
    both = ["paying", "rich"]
    check(business, one=both, two=both, three=both)


def test_a_segment_that_cannot_be_judged_stays_in_its_accounts(business: Pipeline) -> None:
    save(business, paying=PAYING)
    business.refresh()
    save(business, paying=Condition("no_such_trait", "is", "1"))
    business.refresh(as_of=TOMORROW)
    check(business, one=["paying"], two=["paying"], three=["paying"])


def test_explain_shows_it(business: Pipeline) -> None:
    save(business, paying=PAYING)
    business.refresh()
    for name in ("segments", TRAIT):
        [shown] = read(business.settings.marts, "cus_one", name).traits
        assert (shown["trait"], shown["value"]) == ("segments", ["paying"])
    assert read(business.settings.marts, "cus_one", "segments").sent
    assert "segments" in {one["trait"] for one in read(business.settings.marts, "cus_one").traits}
