"""Traits of the user's own models: published, sent, explained; kept where a model is wrong."""

import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import duckdb
import pytest
from command_line import run
from dagster import AssetCheckKey, AssetKey
from local_stripe import DAY, NOW
from pipeline import AS_OF, MONTHLY, Pipeline, subscribe
from report_world import reported

from orchestration.build.scope import decide
from orchestration.configuration.traits_folder import OwnTraitsFailed
from orchestration.dagster_local.dagster_home import dagster_instance
from orchestration.own_traits.problems import published as published_problems
from orchestration.pages.data_dictionary import write_docs
from orchestration.pages.explain import read
from orchestration.project import PROJECT
from orchestration.publication.marts import reading
from orchestration.repairs import reconcile
from orchestration.stages.own_traits import bring_own_traits
from orchestration.terminal.reporter import LogReporter
from report.filters.tree import Condition
from report.segments.definition import Segment
from report.segments.segments_file import write
from sandbox import builders

pytestmark = pytest.mark.long

EXAMPLES = PROJECT / "transform" / "examples"
REPORTER = LogReporter(lambda line: None, every_seconds=0)
KEY = "sk_test_12345678"
COLUMN = {"name": "size", "data_type": "integer", "description": "Length of its id."}
SIZE = "select account_id, strlen(account_id)::integer as size from {{ ref('accounts') }}"


@pytest.fixture
def business(refreshed: Pipeline, tmp_path: Path) -> Pipeline:
    """Three who pay 50.00 a month; TRAITS_DIR is an empty folder."""
    (tmp_path / "own").mkdir()
    refreshed.set(TRAITS_DIR=str(tmp_path / "own"))
    return refreshed


def models(business: Pipeline, **sql: str) -> None:
    for name, text in sql.items():
        (own(business) / f"{name}.sql").write_text(text)


def own(business: Pipeline) -> Path:
    folder = business.settings.traits_dir
    assert folder
    return folder


def declare(business: Pipeline, **columns: dict[str, str]) -> None:
    """The YAML: by model its columns with their types."""
    described = [
        {
            "name": model,
            "columns": [
                {"name": name, "data_type": of_type, "description": f"The {name}."}
                for name, of_type in {"account_id": "varchar", **of_model}.items()
            ],
        }
        for model, of_model in columns.items()
    ]
    (own(business) / "traits.yml").write_text(json.dumps({"models": described}))


def size(business: Pipeline) -> None:
    models(business, sizes=SIZE)
    declare(business, sizes={"size": "integer"})


def sent(business: Pipeline, name: str) -> dict[str, Any]:
    """By trait, what the store holds of an account of ours."""
    traits = business.account(f"cus_{name}")["traits"]
    return {trait: value for trait, value in traits.items() if trait.startswith("custom.")}


def bill(business: Pipeline, name: str, *, seats: int, days: int) -> None:
    """A paid invoice of the first account, of thirty days from so many days from now."""
    begins = NOW + days * DAY
    line = builders.line(
        amount=seats * 5000,
        price=MONTHLY,
        quantity=seats,
        period_start=begins,
        period_end=begins + 30 * DAY,
        subscription_item="si_one",
    )
    made = builders.invoice(
        id=f"in_{name}",
        customer="cus_one",
        subscription="sub_one",
        total=seats * 5000,
        created=NOW,
        lines=[line],
    )
    business.stripe.store.put(made)


def problems(business: Pipeline) -> list[str]:
    with reading(business.settings.marts) as database:
        return published_problems(database)


def test_the_examples_give_each_account_its_traits(business: Pipeline) -> None:
    shutil.copytree(EXAMPLES, own(business), dirs_exist_ok=True)
    bill(business, "before", seats=2, days=-40)
    bill(business, "now", seats=5, days=-10)
    counts = business.refresh()
    assert (problems(business), counts["updates"]) == ([], 3)
    assert sent(business, "one") == {
        "custom.health_score": 80,
        "custom.months_as_customer": 0,
        "custom.mrr_last_month": 100,
        "custom.seats_delta_30_days": 3,
    }
    assert not business.refresh(), "and nothing more"


def test_a_refresh_sends_what_moved_in_accounts_that_did_not_change(business: Pipeline) -> None:
    """Each has the number of all accounts, so that one more moves them all."""
    models(
        business,
        counts="select account_id, count(*) over () as accounts, 1.50::decimal(9, 2) as share"
        " from {{ ref('accounts') }}",
    )
    declare(business, counts={"accounts": "bigint", "share": "decimal(9, 2)"})
    business.refresh()
    assert sent(business, "one") == {"custom.accounts": 3, "custom.share": 1.5}
    subscribe(business, "four")
    counts = business.refresh()
    assert (counts["creates"], counts["updates"]) == (1, 3)
    assert (
        sent(business, "one")
        == sent(business, "four")
        == sent(business, "one") | {"custom.accounts": 4}
    )
    traits = "select account_id, traits::varchar from account_traits order by 1"
    own_traits = "select * from custom_traits order by 1"
    refreshed = business.mart(traits), business.mart(own_traits)
    business.refresh(full=True)
    assert (business.mart(traits), business.mart(own_traits)) == refreshed


def test_a_model_that_is_wrong_keeps_what_the_store_has(business: Pipeline) -> None:
    size(business)
    business.refresh()
    models(business, sizes=SIZE + " union all from {{ ref('accounts') }} select account_id, 1")
    business.stripe.store.update("customer", "cus_one", {"name": "Renamed"}, now=NOW)
    subscribe(business, "four")
    counts = business.refresh()
    assert (counts["creates"], counts["updates"]) == (1, 1)
    [problem] = problems(business)
    assert problem.startswith("sizes.sql: more than one row of 4 accounts, first cus_four")
    assert sent(business, "one") == {"custom.size": 7}
    assert business.account("cus_one")["name"] == "Renamed"
    assert sent(business, "four") == {}, "not known is not null"
    size(business)
    business.refresh()
    assert (problems(business), sent(business, "four")) == ([], {"custom.size": 8})


WRONG = {
    "no row": (
        SIZE + " where account_id <> 'cus_two'",
        "sizes.sql: no row of 1 account, first cus_two",
    ),
    "another account": (
        SIZE + " union all select 'nobody', 1",
        "sizes.sql: 1 row of accounts that the marts do not have, first nobody: begin with ref(",
    ),
    "another type": (
        "select account_id, 1.5 as size from {{ ref('accounts') }}",
        "sizes.sql: column 'size' is DECIMAL(2,1), the YAML says INTEGER: cast(size as integer)",
    ),
    "not in the YAML": (
        SIZE.replace("as size", "as size, 1 as more"),
        "sizes.sql: column 'more' is not in the YAML",
    ),
    "not selected": (
        "select account_id from {{ ref('accounts') }}",
        "sizes.sql: column 'size' is in the YAML and not selected",
    ),
    "no SQL": ("selec account_id", "sizes.sql: DuckDB cannot run it: Parser Error"),
    "no such mart": (
        "select account_id, 1 as size from {{ ref('acounts') }}",
        "sizes.sql: DuckDB cannot run it: Catalog Error",
    ),
    "a value in DuckDB's words": (
        "select account_id, account_id::integer as size from {{ ref('accounts') }}",
        "sizes.sql: DuckDB cannot run it: ConversionException",
    ),
    "no Jinja": ("select {% if %}", "TRAITS_DIR: Compilation Error in model sizes (sizes.sql)"),
    "a cycle": (
        "select account_id, 1 as size from {{ ref('sizes') }}",
        "TRAITS_DIR: Found a cycle: sizes: take a ref() of these away",
    ),
}


def refused(business: Pipeline) -> list[str]:
    """What is said of the models by the next build; the marts need no other."""
    with duckdb.connect(str(business.settings.warehouse)) as database:
        scope = decide(database, business.settings, as_of=AS_OF, full=True)
        bring_own_traits(database, business.settings, scope)
        return [line for (line,) in database.execute("from custom.problems").fetchall()]


def test_each_wrong_model_is_refused_in_one_line(business: Pipeline) -> None:
    declare(business, sizes={"size": "integer"})
    for sql, expected in WRONG.values():
        models(business, sizes=sql)
        [problem] = refused(business)
        assert problem.startswith(expected)


def test_each_wrong_declaration_is_refused_in_one_line(business: Pipeline) -> None:
    text = SIZE.replace("size", "third")
    models(business, sizes=SIZE, others=SIZE, bare=SIZE)
    declare(business, sizes={"size": "double", "Size": ""}, others={"size": "integer"})
    types = "decimal(18, 2), integer, bigint, boolean, varchar, date or timestamp"
    assert refused(business) == [
        "bare.sql: the YAML has no columns of model 'bare': name each with data_type and"
        " description, or make the model ephemeral where others alone read it",
        f"sizes.sql: column 'size' has data_type 'double', which no trait can have: take {types}",
        "sizes.sql: column 'Size' is no name of a trait: take lower-case letters, digits and _",
        f"sizes.sql: column 'Size' has no data_type: add one to the YAML ({types})",
        "sizes.sql: column 'size' is a column of others.sql, too: rename one, both would be"
        " custom.size",
    ]
    declare(business, sizes={"size": "integer"}, accounts={"third": "integer"})
    models(business, accounts=text)
    (own(business) / "others.sql").unlink()
    (own(business) / "bare.sql").unlink()
    assert refused(business) == ["accounts.sql: has the name of a mart: rename the file"]
    (own(business) / "accounts.sql").rename(own(business) / "taken.sql")
    assert refused(business) == [
        "traits.yml:1: model 'accounts' has no accounts.sql: add it, or take the model out"
    ]
    (own(business) / "taken.sql").rename(own(business) / "accounts.sql")
    (own(business) / "accounts.sql").unlink()
    (own(business) / "traits.yml").write_text("models:\n  - name: sizes\n   columns: 1\n")
    [problem] = refused(business)
    assert problem == (
        "TRAITS_DIR: Parsing Error Error reading traits.yml - Runtime Error"
        " Syntax error near line 3"
    )


def test_check_names_what_is_wrong_without_data(tmp_path: Path) -> None:
    (tmp_path / "sizes.sql").write_text(SIZE)
    finished = run("check", cwd=tmp_path, STRIPE_API_KEY=KEY, TRAITS_DIR=str(tmp_path))
    assert finished.stdout.startswith(f"{tmp_path}/sizes.sql: TRAITS_DIR: the YAML has no columns")
    assert finished.returncode == 1
    described = {"name": "sizes", "columns": [COLUMN | {"name": "account_id"}, COLUMN]}
    (tmp_path / "traits.yml").write_text(json.dumps({"models": [described]}))
    where = Condition("custom.size", "over", "7")
    write(tmp_path / "segments.yml", [Segment("long", "", where)])
    finished = run("check", cwd=tmp_path, STRIPE_API_KEY=KEY, TRAITS_DIR=str(tmp_path))
    assert finished.stdout == "settings and files are right\n"


def test_check_says_what_yaml_alone_gets_wrong(tmp_path: Path) -> None:
    (tmp_path / "sizes.sql").write_text(SIZE)
    described = (
        "models:\n"
        "  - name: sizes\n"
        "    columns:\n"
        "      - {name: account_id, data_type: varchar, description: The account.}\n"
        "      - {name: size, data_type: decimal(18,2), description: Length of its id.}\n"
    )
    (tmp_path / "traits.yml").write_text(described)
    finished = run("check", cwd=tmp_path, STRIPE_API_KEY=KEY, TRAITS_DIR=str(tmp_path))
    assert finished.stdout == (
        f"{tmp_path}/sizes.sql: size: column 'size' has data_type 'decimal(18', cut at the comma:"
        " between braces write it in quotes, 'decimal(18, 2)'\n"
    )
    (tmp_path / "traits.yml").write_text(
        described.replace("decimal(18,2)", "'decimal(18,2)'") + "  - name: lost\n"
    )
    finished = run("check", cwd=tmp_path, STRIPE_API_KEY=KEY, TRAITS_DIR=str(tmp_path))
    assert finished.stdout == (
        f"{tmp_path}/traits.yml:6: lost: model 'lost' has no lost.sql: add it, or take the model"
        " out\n"
    )
    assert finished.returncode == 1


def test_a_sync_delivers_all_else_and_fails(business: Pipeline) -> None:
    size(business)
    business.refresh()
    models(business, sizes="selec")
    business.stripe.store.update("customer", "cus_one", {"name": "Renamed"}, now=NOW)
    for _ in ("what changed", "nothing changed"):
        finished = run("sync", "--as-of", f"{AS_OF:%Y-%m-%d}", **settings_of(business))
        assert finished.returncode == 1
        assert "own traits stay as they were: sizes.sql: DuckDB cannot run it" in finished.stderr
    assert business.account("cus_one")["name"] == "Renamed"
    shown = run("status", **settings_of(business)).stdout
    assert "own traits     stay as they were: sizes.sql: DuckDB cannot run it: Parser" in shown
    business.stripe.store.update("customer", "cus_one", {"name": "Again"}, now=NOW + 1)
    assert told_of_own_traits(business) == (1, False, "sizes.sql: DuckDB cannot run it: Parser")
    with pytest.raises(OwnTraitsFailed):
        business.run_job()
    assert business.account("cus_one")["name"] == "Again"
    models(business, others=SIZE.replace("size", "other"))
    declare(business, sizes={"size": "integer"}, others={"other": "integer"})
    models(business, sizes=SIZE)
    business.run_job()
    assert told_of_own_traits(business) == (2, True, "")


def told_of_own_traits(business: Pipeline) -> tuple[int, bool, str]:
    """On Dagster's page: how many of them, whether their check passed, what it said."""
    key = AssetKey(["marts", "custom_traits"])
    with dagster_instance(business.settings) as instance:
        made = instance.get_latest_materialization_event(key)
        [check] = instance.event_log_storage.get_asset_check_execution_history(
            AssetCheckKey(key, "own_traits_are_of_this_build"), limit=1
        )
    assert made
    assert made.asset_materialization
    assert check.evaluation
    said = " ".join((check.evaluation.description or "").split()[:6])
    traits = made.asset_materialization.metadata["traits"].value
    assert isinstance(traits, int)
    return traits, check.evaluation.passed, said


def settings_of(business: Pipeline) -> dict[str, str]:
    return {
        "STRIPE_API_BASE": business.stripe.url,
        "DATA_DIR": str(business.folder),
        "TRAITS_DIR": str(own(business)),
    }


def test_the_comparison_with_the_store_knows_which_are_ours(business: Pipeline) -> None:
    size(business)
    business.refresh()
    held = business.account("cus_one")["traits"]
    change_store(business, held | {"custom.of_others": 1})
    drift, _ = reconcile(business.settings, REPORTER, repair=False, overridden=frozenset())
    assert drift.found == ()
    change_store(business, held | {"custom.size": 1})
    drift, _ = reconcile(business.settings, REPORTER, repair=False, overridden=frozenset())
    assert [one.trait for one in drift.found] == ["custom.size"]


def change_store(business: Pipeline, traits: dict[str, Any]) -> None:
    with sqlite3.connect(business.settings.folder.accounts) as database:
        database.execute(
            "update accounts set traits = ? where account_id = 'cus_one'", [json.dumps(traits)]
        )


def test_what_is_no_own_trait_any_more_is_cleared(business: Pipeline) -> None:
    size(business)
    models(business, others=SIZE.replace("size", "other"))
    declare(business, sizes={"size": "integer"}, others={"other": "integer"})
    business.refresh()
    (own(business) / "others.sql").unlink()
    size(business)
    assert business.refresh()["updates"] == 3
    assert sent(business, "one") == {"custom.size": 7}
    business.environment.delenv("TRAITS_DIR")
    business.refresh()
    assert sent(business, "one") == {}
    assert not business.refresh()
    nulls = "select count(*) from sync_changelog where trait = 'custom.size' and new is null"
    assert business.mart(nulls) == [(3,)]


def test_segments_and_explain_know_them(business: Pipeline, tmp_path: Path) -> None:
    size(business)
    business.set(SEGMENTS_FILE=str(tmp_path / "segments.yml"), SEGMENTS_TRAIT="true")
    long = Condition("custom.size", "over", "7")
    write(business.settings.segments_file, [Segment("long", "", long)])
    business.refresh()
    held = {name: business.account(f"cus_{name}")["traits"] for name in ("one", "three")}
    assert [held[name]["stripe.segments"] for name in held] == [[], ["long"]]
    assert [held[name]["custom.size"] for name in held] == [7, 9]
    [shown] = read(business.settings.marts, "cus_one", "custom.size").traits
    assert (shown["trait"], shown["value"]) == ("custom.size", 7)
    assert shown["source"] == "sizes.sql in TRAITS_DIR"
    assert "custom.size" in {
        one["trait"] for one in read(business.settings.marts, "cus_one").traits
    }
    page = write_docs(business.settings).read_text()
    assert "<td>size</td><td>integer</td><td>The size. From sizes.sql.</td>" in page
    with reported(business.settings.marts) as report:
        assert "sizes.sql" in report.page("/account?id=cus_one")
        [row] = report.json("/accounts?column=custom.size&search=cus_three")
        assert row["custom.size"] == 9
