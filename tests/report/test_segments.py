"""Segments from file to members: judged by each refresh, dated, not emptied by what is unknown."""

import json
import random
import subprocess
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pytest
from command_line import run
from local_stripe import DAY, NOW
from pipeline import AS_OF, Pipeline, subscribe

from orchestration.stages.build import transform_stage
from orchestration.stages.build_due import build_due
from orchestration.terminal.reporter import LogReporter
from report.filters.tree import Condition, Group, Node
from report.published import Copy
from report.segments.condition_sql import compiled
from report.segments.definition import Segment, WrongSegment, segments
from report.segments.published_segments import judged
from report.segments.segments_file import parsed, read, write, written

pytestmark = pytest.mark.long

QUIET = LogReporter(lambda line: None)
PAYING = Condition("all_mrr_normalized", "over", "40")
GOLD = Condition("metadata.plan", "is", "gold")
LATER, TOMORROW = AS_OF + timedelta(hours=1), AS_OF + timedelta(days=1)


@pytest.fixture
def business(refreshed: Pipeline) -> Pipeline:
    """Three who pay 50.00 a month, and a file of segments beside them."""
    refreshed.set(SEGMENTS_FILE=str(refreshed.folder.parent / "segments.yml"))
    return refreshed


def save(business: Pipeline, **conditions: Node) -> None:
    kept = [Segment(name, "", where) for name, where in conditions.items()]
    write(business.settings.segments_file, kept)


def stays(business: Pipeline, segment: str) -> list[tuple[Any, ...]]:
    return business.mart(
        "select account_id, entered_at, left_at from segment_members"
        f" where segment = '{segment}' order by account_id, entered_at"
    )


def members(business: Pipeline, segment: str) -> list[str]:
    return [account for account, _, left in stays(business, segment) if left is None]


def test_members_come_and_go_with_what_they_fulfil(business: Pipeline) -> None:
    save(business, paying=PAYING, gold=Group("all", (PAYING, GOLD)))
    business.refresh()
    assert members(business, "paying") == ["cus_one", "cus_three", "cus_two"]
    assert members(business, "gold") == []
    business.stripe.store.update("customer", "cus_one", {"metadata": {"plan": "gold"}}, now=NOW)
    business.refresh(as_of=LATER)
    assert members(business, "gold") == ["cus_one"]
    business.stripe.store.update("customer", "cus_one", {"metadata": {"plan": "lead"}}, now=NOW + 9)
    business.refresh(as_of=TOMORROW)
    naive = [moment.replace(tzinfo=None) for moment in (LATER, TOMORROW)]
    assert stays(business, "gold") == [("cus_one", *naive)]


def moved(business: Pipeline, name: str, **parameters: Any) -> list[dict[str, Any]]:
    return judged(Copy(business.settings.marts), name, **parameters)


def test_it_is_known_how_accounts_and_mrr_moved(business: Pipeline) -> None:
    """Three pay 50.00; one leaves, and one pays three times as much."""
    save(business, paying=PAYING)
    business.refresh()
    [now] = moved(business, "list")
    [paid] = moved(business, "mrr", segment="paying")
    assert (now["members"], now["members_change_30_days"]) == (3, None), "not judged 30 days ago"
    assert (paid["mrr"], paid["mrr_change_30_days"]) == (150, None)
    store = business.stripe.store
    store.update("subscription", "sub_one", {"status": "canceled"}, now=NOW)
    items = store.get("subscription", "sub_two")["items"]
    items["data"][0]["quantity"] = 3
    store.update("subscription", "sub_two", {"items": items}, now=NOW)
    business.refresh(as_of=AS_OF + timedelta(days=29))
    assert moved(business, "list")[0]["members_change_30_days"] is None
    business.refresh(as_of=AS_OF + timedelta(days=30))
    [now] = moved(business, "list")
    assert (now["members"], now["members_change_30_days"]) == (2, -1)
    [paid] = moved(business, "mrr", segment="paying")
    assert (paid["currency"], paid["mrr"], paid["mrr_change_30_days"]) == ("usd", 200, 50)
    days = moved(business, "days", segment="paying", currency="usd")
    assert [(one["members"], one["mrr"]) for one in days] == [(2, 200), (2, 200), (3, 150)]
    none = moved(business, "days", segment="paying", currency="eur")
    assert {one["mrr"] for one in none} == {0}, "nobody in it paid in euros"


def test_a_field_of_another_mart_is_judged_too(business: Pipeline) -> None:
    save(business, at_risk=Condition("at_risk", "has", "canceling"))
    canceling = {"cancel_at_period_end": True, "cancel_at": NOW + 9 * DAY}
    business.stripe.store.update("subscription", "sub_two", canceling, now=NOW)
    business.refresh()
    assert members(business, "at_risk") == ["cus_two"]


def test_nothing_is_due_until_a_day_begins_or_the_file_changes(business: Pipeline) -> None:
    def due(**moment: Any) -> str | None:
        return build_due(business.settings, QUIET, **moment)

    business.refresh()
    assert due(as_of=AS_OF) is None, "no segments"
    save(business, paying=PAYING)
    assert due(as_of=AS_OF) == "the saved segments changed"
    business.refresh()
    assert due(as_of=LATER) is None
    assert due(as_of=TOMORROW) == "a day began, and segments depend on it"
    save(business)
    business.refresh()
    assert due(as_of=AS_OF) is None
    assert members(business, "paying") == [], "a segment that is gone has nobody"
    assert len(stays(business, "paying")) == 3, "and still says who was in it"


def test_time_alone_brings_accounts_in_and_out(business: Pipeline) -> None:
    [(renewal,)] = business.mart(
        "select current_period_end from accounts where account_id = 'cus_one'"
    )
    days = (renewal.date() - AS_OF.date()).days
    save(business, renews=Condition("current_period_end", "next_days", "3"))
    for before, expected in ((days, 0), (2, 3), (-1, 0)):
        business.refresh(as_of=AS_OF + timedelta(days=days - before))
        assert len(members(business, "renews")) == expected, before


def test_what_cannot_be_judged_keeps_its_members_and_says_why(business: Pipeline) -> None:
    save(business, paying=PAYING)
    business.refresh()
    save(business, paying=Condition("no_such_trait", "is", "1"))
    business.refresh(as_of=LATER)
    assert len(members(business, "paying")) == 3
    [(members_told, judged_at, problem)] = business.mart(
        "select members, judged_at, problem from segments"
    )
    assert members_told == 3
    assert judged_at == AS_OF.replace(tzinfo=None)
    assert "no_such_trait" in problem


@pytest.mark.parametrize("text", ["segments: [", "segments: {}", "\xff", "a"])
def test_a_broken_file_stops_no_refresh_and_empties_no_segment(
    business: Pipeline, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    save(business, paying=PAYING)
    business.refresh()
    business.settings.segments_file.write_text(text, encoding="latin-1")
    subscribe(business, "four")
    assert business.refresh(as_of=TOMORROW)["creates"] == 1
    assert len(members(business, "paying")) == 3


def test_a_file_that_is_gone_empties_no_segment(
    business: Pipeline, capsys: pytest.CaptureFixture[str]
) -> None:
    """A disk that is not there, or another folder to start from. No segments are an empty list."""
    save(business, paying=PAYING)
    business.refresh()
    business.settings.segments_file.unlink()
    subscribe(business, "four")
    assert business.refresh(as_of=TOMORROW)["creates"] == 1
    assert len(members(business, "paying")) == 3
    assert "segments.yml is gone; bring it back" in capsys.readouterr().err
    save(business)
    business.refresh(as_of=TOMORROW)
    assert members(business, "paying") == []


def test_a_run_at_an_earlier_moment_restates_nothing(business: Pipeline) -> None:
    save(business, paying=PAYING)
    business.refresh(as_of=TOMORROW)
    before = stays(business, "paying")
    business.stripe.store.update("subscription", "sub_one", {"status": "canceled"}, now=NOW)
    business.refresh(as_of=AS_OF)
    assert stays(business, "paying") == before


def test_a_build_that_fails_leaves_segments_as_they_are(business: Pipeline) -> None:
    save(business, paying=PAYING)
    business.refresh()
    with duckdb.connect(str(business.settings.warehouse)) as database:
        database.execute(
            "update stripe.subscriptions set status = 'frozen', loaded_at = loaded_at"
            " + interval 1 second where id = 'sub_one'"
        )
    built = transform_stage(business.settings, QUIET, as_of=LATER)
    assert built.failure
    assert len(members(business, "paying")) == 3


@pytest.fixture
def copy(published_business: Path) -> Copy:
    return Copy(published_business)


SIMPLE = (
    ("all_mrr_normalized", "over", "50", "accounts.all_mrr_normalized > 50"),
    ("all_mrr_currency", "is", "eur", "accounts.all_mrr_currency = 'eur'"),
    (
        "lifecycle_status",
        "is_not",
        "churned",
        "accounts.lifecycle_status is distinct from 'churned'",
    ),
    ("name", "contains", "a", "contains(lower(accounts.name), 'a')"),
    ("cancel_at_period_end", "yes", "", "accounts.cancel_at_period_end"),
    ("metadata.account_id", "known", "", "accounts.metadata['account_id'] is not null"),
    ("delinquent", "no", "", "not t.delinquent"),
)


def test_a_tree_of_conditions_is_the_same_tree_in_sql(copy: Copy) -> None:
    """Random trees beside the same conditions written by hand."""
    seed = random.randrange(10**6)
    chance = random.Random(seed)
    [build] = copy.rows("select as_of from publication.build")

    def tree(depth: int) -> tuple[Node, str]:
        if depth == 0 or chance.random() < 0.3:
            field, operator, value, text = chance.choice(SIMPLE)
            return Condition(field, operator, value), f"coalesce({text}, false)"
        parts = [tree(depth - 1) for _ in range(chance.randint(1, 3))]
        kind, joined = chance.choice((("all", " and "), ("any", " or ")))
        return Group(
            kind, tuple(node for node, _ in parts)
        ), f"({joined.join(t for _, t in parts)})"  # type: ignore[arg-type]

    seen = 0
    for _ in range(60):
        node, text = tree(3)
        made = compiled(node, copy.tables, build["as_of"])
        found = copy.rows(f"{made.members('main')} order by 1", made.parameters)
        by_hand = copy.rows(
            "select account_id from accounts"
            " join single_subscription_traits as t using (account_id)"
            f" where {text} order by 1"
        )
        assert found == by_hand, f"seed {seed}: {text}"
        seen += 0 < len(found) < 100
        assert parsed(written([Segment("a", "", node)])) == [Segment("a", "", node)]
    assert seen, f"seed {seed}: no tree tells accounts apart"


WRONG: list[tuple[Any, str]] = [
    ([], "write a list under 'segments'"),
    ({"segments": [{"name": "A b"}]}, "segment 1: name 'A b'"),
    ({"segments": [{"name": "a", "where": {"all": []}}]}, "segment 'a': where: 'all' takes a list"),
    ({"segments": [{"name": "a", "colour": 1}]}, "segment 'a': 'colour' is no key"),
    ({"segments": [{"name": "a", "where": {"field": "b"}}]}, "segment 'a': where: write {field"),
    ({"segments": [{"name": "a", "where": {"field": "b", "operator": "is"}}] * 2}, "twice"),
]


@pytest.mark.parametrize(("data", "told"), WRONG)
def test_what_is_wrong_is_named(data: Any, told: str) -> None:
    with pytest.raises(WrongSegment) as raised:
        segments(data)
    assert told in str(raised.value)
    assert "\n" not in str(raised.value)


def test_yaml_that_is_wrong_is_named_by_its_line(tmp_path: Path) -> None:
    file = tmp_path / "segments.yml"
    file.write_text("segments:\n  - name: a\n    where: [\n")
    with pytest.raises(WrongSegment, match=r"segments\.yml: line 4: "):
        read(file)


@pytest.fixture
def segments_command(business: Pipeline) -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """`stripe-traits segments` in the folder of the business."""
    settings = {
        "DATA_DIR": str(business.folder),
        "STRIPE_API_BASE": business.stripe.url,
        "SEGMENTS_FILE": "segments.yml",
    }
    return partial(run, "segments", cwd=business.folder.parent, **settings)


def given(business: Pipeline, *kept: Segment) -> str:
    (business.folder.parent / "given.yml").write_text(written(kept))
    return "given.yml"


def test_the_command_saves_counts_and_shows(business: Pipeline, segments_command: Any) -> None:
    saved = Segment("paying", "Over \u202e40", PAYING)  # would turn a terminal's line round
    assert "1 saved" in segments_command("import", given(business, saved)).stdout
    assert segments_command("count", "paying").stdout == "3 accounts\n"
    assert "no segment was judged yet" in segments_command("list").stdout
    business.refresh()
    [row] = json.loads(segments_command("list", "--json").stdout)
    assert (row["segment"], row["members"], row["mrr"]) == ("paying", 3, {"usd": "150.000"})
    shown = json.loads(segments_command("show", "paying", "--json").stdout)
    assert {one["account_id"] for one in shown["members"]} == {"cus_one", "cus_two", "cus_three"}
    assert [one["move"] for one in shown["moved"]] == ["entered"] * 3
    assert [(one["currency"], one["mrr"]) for one in shown["mrr"]] == [("usd", "150.000")]
    assert shown["judged"]["members_change_30_days"] is None
    assert "150.00" in segments_command("show", "paying").stdout
    exported = segments_command("export").stdout
    assert parsed(exported) == [saved]
    assert "\u202e" not in exported


WRONG_FILES = [
    (Condition("no_such", "is", "1"), "no field 'no_such'"),
    (Condition("all_mrr_normalized", "over", "many"), "is not a number"),
    (Condition("all_mrr_normalized", "like", "1"), "no operator 'like'"),
]


@pytest.mark.parametrize(("condition", "remedy"), WRONG_FILES)
def test_what_is_imported_must_fit_the_accounts(
    business: Pipeline, segments_command: Any, condition: Condition, remedy: str
) -> None:
    save(business, paying=PAYING)
    ended = segments_command("import", given(business, Segment("wrong", "", condition)))
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert remedy in ended.stderr
    assert [one.name for one in read(business.settings.segments_file)] == ["paying"]


def test_a_segment_of_the_same_name_gives_way_only_when_told(
    business: Pipeline, segments_command: Any
) -> None:
    save(business, paying=GOLD)
    file = given(business, Segment("paying", "", PAYING))
    refused = segments_command("import", file)
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert "--replace" in refused.stderr
    assert segments_command("import", file, "--replace").returncode == 0
    assert [one.where for one in read(business.settings.segments_file)] == [PAYING]


@pytest.mark.parametrize("broken", ["garbage", "older"])
def test_a_copy_that_cannot_be_asked_is_one_line(
    business: Pipeline, segments_command: Any, broken: str
) -> None:
    save(business, paying=PAYING)
    if broken == "garbage":
        business.settings.marts.write_bytes(b"no database" * 1_000)
    else:
        with duckdb.connect(str(business.settings.marts)) as database:
            database.execute("alter table publication.build drop column as_of")
    ended = segments_command("count", "paying")
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1), ended.stderr
    assert "stripe-traits sync" in ended.stderr
