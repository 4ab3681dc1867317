"""Lifecycles in the account store through missing events, changes of mode and new links: never
wrong, and in the end what a first import says.

Worked examples and random lives are one population at a local Stripe: four syncs that change the
mode, the last of which builds what changed alone, then one more in single mode; beside the last two
a first import each.
"""

import os
import random
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from lifecycle_examples import SYNCS, Step, examples
from lifecycle_lives import lives
from local_stripe import NOW

from orchestration.configuration.environment import read_settings
from orchestration.configuration.settings import Settings
from orchestration.monitoring.status import read_status
from orchestration.pages.explain import read
from orchestration.pages.explain_lines import lines
from orchestration.stages.build import transform_stage
from orchestration.stages.delivery import deliver_stage
from orchestration.stages.load import load_stage
from orchestration.terminal.reporter import LogReporter
from reverse_sync.guards import GUARDS
from sandbox import clock
from sandbox.server import serving
from sandbox.storage.store import Store

pytestmark = pytest.mark.long

LIVES = 60
MODES = ("multi", "single", "multi", "multi")
SEED = int(os.environ.get("LIFECYCLE_SEED") or random.SystemRandom().randrange(1 << 32))
COLUMNS = "lifecycle_status, status_since, trial_ends_at, renewal_at, churned_at, mrr"
Row = tuple[Any, ...]
Rows = dict[str, Row]


@dataclass
class Told:
    """What the account store said after each sync; at the end, by mode, after refreshes and after a
    first import; and the accounts whose MRR is not known at the end, by mode."""

    syncs: list[Rows] = field(default_factory=list)
    last: dict[str, Rows] = field(default_factory=dict)
    first_import: dict[str, Rows] = field(default_factory=dict)
    unknown: dict[str, dict[str, str]] = field(default_factory=dict)
    explained: str = ""


@dataclass
class Stripe:
    """The sandbox; its clock stands still, so that no event is ever too old."""

    store: Store
    now: int = NOW

    def change(self, step: Step) -> None:
        for one in step.objects:
            self.now += 1
            self.store.put(one, now=self.now, events=step.told)
        if step.deleted:
            self.now += 1
            self.store.delete("customer", step.deleted, now=self.now)


def synced(folder: Path, mode: str, day: str) -> Rows:
    """From Stripe to the account store of that folder, as of that day."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DATA_DIR", str(folder))
        environment.setenv("MULTIPLE_SUBSCRIPTIONS", str(mode == "multi").lower())
        settings, reporter = read_settings(), LogReporter(lambda line: None)
        as_of = datetime.fromisoformat(day).replace(tzinfo=UTC)
        load_stage(settings, reporter, full=False)
        assert transform_stage(settings, reporter, as_of=as_of).failure is None
        result = deliver_stage(
            settings, reporter, as_of=as_of, run_id=f"{mode}-{day}", overridden=frozenset(GUARDS)
        )
    assert (result.invalid, result.rejected, result.pending) == (0, 0, 0)
    with sqlite3.connect(folder / "accounts.db") as database:
        return {
            row[0]: row[1:]
            for row in database.execute(f"select account_id, {COLUMNS} from accounts")
        }


def unknown(folder: Path) -> dict[str, str]:
    """What `status` says of it: the object and field by account."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DATA_DIR", str(folder))
        return read_status(read_settings()).unknown_mrr


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    steps = [one for of in accounts().values() for one in of]
    folder, found = tmp_path_factory.mktemp("lifecycles"), Told()
    with pytest.MonkeyPatch.context() as environment, Store(folder / "sandbox.db") as store:
        clock.put(store, NOW)
        for name in Settings.model_fields:
            environment.delenv(name.upper(), raising=False)
        environment.chdir(folder)
        stripe = Stripe(store)
        with serving(store) as url:
            environment.setenv("STRIPE_API_BASE", url)
            environment.setenv("ACCOUNT_ID_METADATA_KEY", "account_id")
            for number, (day, mode) in enumerate(zip(SYNCS, MODES, strict=True)):
                for step in steps:
                    if step.sync == number:
                        stripe.change(step)
                found.syncs.append(synced(folder / "kept", mode, day))
            for mode in ("multi", "single"):
                found.last[mode] = synced(folder / "kept", mode, SYNCS[-1])
                found.first_import[mode] = synced(folder / f"new_{mode}", mode, SYNCS[-1])
                found.unknown[mode] = unknown(folder / "kept")
            page = read(folder / "kept" / "marts.duckdb", "unknown")
            found.explained = "\n".join(lines(page))
        yield found


def accounts() -> dict[str, list[Step]]:
    return examples() | lives(random.Random(SEED), LIVES)


def day(row: Row, place: int) -> str | None:
    return row[place] and str(row[place])[:10]


STATUS, SINCE, CHURNED, MRR = 0, 1, 4, 5


def lifecycles(told: Told, account: str) -> list[tuple[str | None, str | None]]:
    """Status and churn date after each sync, then in the last one, single."""
    rows = [*(sync.get(account) for sync in told.syncs), told.last["single"][account]]
    return [(row[STATUS], day(row, CHURNED)) if row else (None, None) for row in rows]


def test_g02_metered_only_that_is_billed_is_subscribed(told: Told) -> None:
    assert [row["G02"][STATUS] for row in told.syncs] == ["subscribed"] * 4
    assert {row["G02"][MRR] for row in (*told.syncs, told.last["single"])} == {"137.4"}


@pytest.mark.parametrize("mode", ["single", "multi"])
@pytest.mark.parametrize(
    ("account", "churned_at"),
    [
        ("G03", {"single": "2025-06-10", "multi": None}),
        ("G04", {"single": "2025-07-20", "multi": "2025-07-20"}),
        ("G05", {"single": "2025-09-10", "multi": "2025-09-10"}),
        ("G11", {"single": "2025-07-20", "multi": "2025-07-20"}),
        ("G13", {"single": "2025-07-20", "multi": "2025-07-20"}),
    ],
)
def test_the_churn_is_the_day_of_the_last_end_by_a_refresh_as_by_a_first_import(
    told: Told, mode: str, account: str, churned_at: dict[str, str | None]
) -> None:
    for rows in (told.last[mode], told.first_import[mode]):
        expected = churned_at[mode]
        assert day(rows[account], CHURNED) == day(rows[account], SINCE) == expected
        assert rows[account][STATUS] == ("churned" if expected else None)


def test_g05_one_that_has_ended_is_no_churn_while_another_one_runs(told: Told) -> None:
    assert lifecycles(told, "G05")[:2] == [("subscribed", None)] * 2


def test_g06_an_account_that_never_paid_is_not_churned_by_a_change_of_mode(told: Told) -> None:
    assert lifecycles(told, "G06-none") == [(None, None)] * 5
    assert lifecycles(told, "G06") == [(None, None)] * 5


def test_a_deleted_customer_has_churned_on_the_day_of_the_deletion(told: Told) -> None:
    for rows in told.last.values():
        assert (rows["deleted"][STATUS], day(rows["deleted"], CHURNED)) == ("churned", "2025-06-15")


def test_an_mrr_that_is_not_known_any_more_stays_in_the_store(told: Told) -> None:
    assert all("unknown" in accounts for accounts in told.unknown.values())
    for rows in (*told.syncs, *told.last.values()):
        assert (rows["unknown"][STATUS], rows["unknown"][MRR]) == ("subscribed", "50")


def test_what_is_not_known_is_shown_with_object_and_field(told: Told) -> None:
    for of_mode in told.unknown.values():
        assert of_mode["unknown"] == "price price_unknown_eur, currency_options.usd"
    assert "because of price price_unknown_eur, currency_options.usd" in told.explained


def test_no_account_that_stripe_holds_active_is_ever_churned(told: Told) -> None:
    wrong = {
        (number, account): row
        for number, rows in enumerate((*told.syncs, *told.last.values()))
        for account, row in rows.items()
        if account.startswith("steady") and row[STATUS] != "subscribed"
    }
    assert not wrong, f"LIFECYCLE_SEED={SEED}"


@pytest.mark.parametrize("mode", ["single", "multi"])
def test_refreshes_end_where_a_first_import_begins(told: Told, mode: str) -> None:
    kept, new = told.last[mode], told.first_import[mode]
    wrong = {
        account: (kept[account], row)
        for account, row in new.items()
        if comparable(told, mode, account, kept[account]) != comparable(told, mode, account, row)
    }
    assert not wrong, f"LIFECYCLE_SEED={SEED}"
    gone = {account for account in kept.keys() - new.keys() if not has_moved(account, new)}
    assert gone == {"deleted"}, f"LIFECYCLE_SEED={SEED}"


# What may differ, and why.
def comparable(told: Told, mode: str, account: str, row: Row) -> Row:
    """An MRR that is not known stays as it was, and a first import has none that could stay."""
    return row[:MRR] if account in told.unknown[mode] else row


def has_moved(account: str, new: Rows) -> bool:
    """An account whose only customer is linked to another one by now keeps its row; a first import
    has never seen it. Nor has it a deleted customer's: nobody says its account's id any more."""
    return account.removesuffix("-moved") in new or f"{account}-moved" in new
