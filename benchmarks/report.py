"""docs/benchmarks.md from what was measured.

Enters: what each part told, as JSON, and its conditions. Leaves: a page in Markdown. No number is
measured here, and none is written by hand.
"""

import importlib.metadata
import os
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

MODULE = "-m"
VERSIONS = ("dlt", "duckdb", "dbt-core", "dagster", "httpx")
HEAD = """\
# Benchmarks

Written by `make bench`; by hand only in `benchmarks/report.py`. Ratios within one run and counts
are what can be compared between machines; seconds are of the machine named with each table. `make
bench BENCH="--only import"` measures one part again, `--large` the sizes that take hours,
`--note` says what else the machine did. Seeds are 1 where a command names none. What must not get
worse is counted by `make bench-quick`, which CI runs.
"""


@dataclass(frozen=True)
class Part:
    """A program, what it answers, and what it takes at its largest; `named`: it is run only where
    it is asked for, as it needs more than `make setup` or very long."""

    title: str
    says: str
    command: tuple[str, ...]
    large: tuple[str, ...] = ()
    named: bool = False


PARTS = {
    "commands": Part(
        "Commands",
        """\
What a command costs from start to exit, the account store a SQLite file; medians. A `sync` that has
something to do is shown as a Dagster run, so that it loads Dagster's storage; one that has nothing
to do loads none of it.""",
        (MODULE, "benchmarks.commands"),
        ("--customers", "20000"),
    ),
    "report": Part(
        "Report",
        """\
What a page of `stripe-traits report` takes at 100,000 accounts, asked for one after the other from
this machine, and a CSV of all of them. The accounts are those of a business of 2,000 customers,
again and again. Import is of the application alone, in a new Python.""",
        (MODULE, "benchmarks.report_pages"),
    ),
    "segments": Part(
        "Segments",
        """\
A saved segment over five traits, one of them a metadata key, at 1,000,000 accounts: counted as its
page does, and judged as each refresh does, who entered and who left written down. And five alert
rules, one of each kind, judged after a hundred accounts churned.""",
        (MODULE, "benchmarks.segments"),
    ),
    "import": Part(
        "Import",
        """\
From start to tables merged, beside a bare loop (httpx, orjson) that fetches the same lists with
twenty requests in flight and throws them away. Limits are Stripe's for a live key: 25 requests a
second for an endpoint, both readers set to that (without the setting it is 20, to leave room for
others: 1.25 times by itself). Goals, at 50 ms an answer: at most 1.2 times the floor under limits
and twice the floor without (1.6 times at 100,000 customers). A small account pays fixed seconds,
of which the floor has nothing: who the account is and where its feed stands before the lists (0.2 s
at 50 ms an answer); loading dlt and Arrow, beside the first requests (some 0.6 s of the processor);
dlt's normalizing and merging of sixteen tables, which under limits is done while requests wait;
after the last page its rows and what no list has shown.""",
        (MODULE, "benchmarks.load.initial_import"),
    ),
    "import-large": Part(
        "Import of 100,000 customers",
        """\
The same at a size where nothing is fixed. Memory must not grow with it.""",
        (MODULE, "benchmarks.load.initial_import", "--sizes", "100000"),
        ("1000000",),
    ),
    "transform": Part(
        "Transform",
        """\
A full build with all its tests, and what 100 changed customers cost, with publication. The scan
hashes every value of the landing tables once. Goals: a full build grows at most linearly, and takes
45 s at 1,000,000 customers; a refresh there takes at most 1.5 times that at 10,000. Times are those
of the smallest size's refresh. What grows is the passes over key columns of tables that have no
index (some twenty, of up to 5,000,000 rows) and the copy of the published file.""",
        (MODULE, "benchmarks.build.transform"),
        ("--sizes", "1000", "10000", "100000", "1000000"),
    ),
    "spark": Part(
        "On Spark",
        """\
The same builds of the same rows on Spark and Iceberg, by two workers of one core and 1 GB each on
this machine, with PostgreSQL, the master and the thrift server beside them; publication included.
It tells what Spark asks for, not what many machines give: docs/scale.md.""",
        (MODULE, "benchmarks.build.on_spark"),
        ("--sizes", "1000", "10000", "100000"),
        named=True,
    ),
    "reverse-sync": Part(
        "Reverse-sync",
        """\
Accounts of 40 traits; `created` is the first delivery of all. Ours plans, keeps an outbox,
decides lifecycles and remembers each answer; drt and dlt upsert all rows each time, as they
cannot tell which changed. HTTP takes a hundred accounts a request. Goal: all created in Postgres
in no more time than the faster of the two.""",
        (MODULE, "benchmarks.delivery.reverse_sync", "--others"),
    ),
    "several-stores": Part(
        "Several stores",
        """\
The first delivery of all accounts to three stores: each alone, then all at once, as a `sync` does
it. Stores, plans and what sends share the two cores: where no store takes time of its own to
answer, that is the limit. Goal: at once at most 1.3 times the slowest.""",
        (MODULE, "benchmarks.delivery.several_stores"),
    ),
    "reverse-sync-large": Part(
        "Reverse-sync of a million accounts",
        """\
The same at ten times the size; drt and dlt beside it with `--large`.""",
        (MODULE, "benchmarks.delivery.reverse_sync", "--accounts", "1000000"),
        ("--others",),
        named=True,
    ),
    "plan": Part(
        "Plan over a million accounts",
        "Memory is that of the process which plans, and of nothing else.",
        (MODULE, "benchmarks.delivery.plan_million"),
    ),
    "latency": Part(
        "Latency",
        """\
From the moment a change is asked for at the sandbox to the moment the account's row can be read,
through webhooks and `live`, at a change a second (at its largest for ten minutes, then a burst of
a thousand). Where the seconds go, by stage; account_traits is built `ahead`, and a `transform` of
all marts comes now and then. Goals: p50 under 0.7 s, p95 under 1 s; of the burst p95 under 3 s.""",
        (MODULE, "benchmarks.live.latency", "--customers", "2000", "--seconds", "60"),
        ("--customers", "10000", "--seconds", "600", "--burst", "1000"),
    ),
    "latency-runs": Part(
        "Latency through runs",
        """\
The same without `live`: Dagster's daemon, whose sensor looks each half second and launches a run
of `refresh`. Goals: p95 under 10 s; of the burst p95 under 3 s.""",
        (
            *(MODULE, "benchmarks.live.latency", "--through", "refresh"),
            *("--customers", "2000", "--seconds", "60"),
        ),
        ("--customers", "10000", "--seconds", "600", "--burst", "1000"),
    ),
    "ticks": Part(
        "Ticks",
        """\
What Dagster's page takes to list the sensors, each with its last tick, and to show the history of
one: with no tick, with a month of those that come each five seconds, had they all been kept (a
year with `--large`), and with those of them that `dagster.yaml` keeps. The ticks are made. Goal:
0.5 s with what is kept.""",
        (MODULE, "benchmarks.live.ticks", "--days", "30"),
        ("--days", "365"),
        named=True,
    ),
    "peers": Part(
        "Peers",
        """\
The same business from the same sandbox without latency or limits, each peer in a process of its
own as its package means it: tap-stripe 3.3.0 and airbyte-source-stripe 5.14.1 (10 workers) print
what they read and have no destination behind them; @supabase/stripe-sync-engine 0.48.5 backfills
into Postgres, one kind of object after the other, and hears of changes by webhooks; ours merges
into DuckDB and keeps a raw log. The two that print read all invoices and neither price tiers nor
payment methods; ours reads paid invoices. No list has deleted customers: ours keeps a tombstone
of each that a subscription or an invoice names, tap-stripe finds those of the last 30 days among
events. What was changed in them to reach the sandbox stands in `benchmarks/peers/`. Of the changes
half are names of customers, half seats.""",
        (MODULE, "benchmarks.peers"),
        ("--customers", "5000"),
    ),
}


def conditions() -> dict[str, Any]:
    """The machine and what runs on it, at this moment."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "at": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "machine": f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.machine()}",
        "python": platform.python_version(),
        "versions": {name: importlib.metadata.version(name) for name in VERSIONS},
        "load": os.getloadavg()[0],
    }


def written(found: dict[str, Any]) -> str:
    """The page; parts in their own order, whatever order they were measured in."""
    sections = [_section(PARTS[name], found[name]) for name in PARTS if name in found]
    return "\n".join([HEAD, *sections])


def _section(part: Part, measured: dict[str, Any]) -> str:
    told, around = measured["told"], measured["conditions"]
    lines = [f"## {part.title}", "", part.says, "", *_table(*_cells(told)), ""]
    if told.get("missed"):
        lines += [*(f"- missed: {line}" for line in told["missed"]), ""]
    versions = ", ".join(f"{name} {version}" for name, version in around["versions"].items())
    load = f", load {around['load']:.1f} when it began" if "load" in around else ""
    note = f"; {around['note']}" if around["note"] else ""
    lines += [
        f"`{measured['command']}`, {around['minutes'] * 60:,.0f} s, {around['at']};"
        f" {around['machine']}{load}{note};"
        f" Python {around['python']}, {versions}.",
        "",
    ]
    return "\n".join(lines)


def _cells(told: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Columns and rows; latencies tell theirs by stage."""
    if "columns" in told:
        return told["columns"], told["rows"]
    stages = told["seconds"]
    names = list(next(iter(stages.values())))
    lost = len(told["lost"])
    rows = [[stage, *(f"{row[name]:.2f}" for name in names)] for stage, row in stages.items()]
    return [f"{told['changes']} changes, {lost} lost; seconds", *names], rows


def _table(columns: list[str], rows: list[list[str]]) -> Iterator[str]:
    yield f"| {' | '.join(columns)} |"
    yield f"|{'---|' * len(columns)}"
    for row in rows:
        yield f"| {' | '.join([*row, *[''] * (len(columns) - len(row))])} |"
