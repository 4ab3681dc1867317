"""Every transition of an account, from the change at Stripe to the account's row, in both modes.

One story of eighteen customers is told once a mode, over the sandbox's HTTP interface: real loads,
real builds, real deliveries on two days. The tests then look at what the account store said.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
import stripe

from orchestration.configuration.environment import read_settings
from orchestration.configuration.settings import Settings
from orchestration.stages.build import transform_stage
from orchestration.stages.delivery import deliver_stage
from orchestration.stages.load import load_stage
from orchestration.terminal.reporter import LogReporter
from reverse_sync.deliver.result import SyncResult
from sandbox import clock
from sandbox.server import TEST_KEY, serving
from sandbox.storage.store import Store

pytestmark = pytest.mark.long

JUNE_1 = datetime(2025, 6, 1, tzinfo=UTC)


def day(number: int) -> datetime:
    return JUNE_1 + timedelta(days=number)


def number(moment: str | None) -> int | None:
    """The day of a moment in the account store."""
    return None if moment is None else (datetime.fromisoformat(moment) - JUNE_1).days


@dataclass
class Story:
    """The sandbox, its customers by name, and the account store's rows on each day."""

    url: str
    folder: Path
    ids: dict[str, str] = field(default_factory=dict)
    subscriptions: dict[str, str] = field(default_factory=dict)
    rows: dict[int, dict[str, dict[str, Any]]] = field(default_factory=dict)
    results: dict[int, SyncResult] = field(default_factory=dict)

    def __post_init__(self) -> None:
        client = stripe.StripeClient(TEST_KEY, base_addresses={"api": self.url})
        self.v1: Any = client.v1
        product = self.v1.products.create({"name": "Workspace"})
        recurring = {"interval": "month"}
        self.price = self.v1.prices.create(
            {
                "product": product.id,
                "currency": "usd",
                "unit_amount": 5000,
                "recurring": recurring,
            }
        ).id

    def arrives(self, *names: str) -> None:
        for name in names:
            made = self.v1.customers.create({"name": name, "payment_method": "pm_card_visa"})
            self.ids[name] = made.id

    def subscribes(self, *names: str, key: str = "", **fields: Any) -> None:
        for name in names:
            made = self.v1.subscriptions.create(
                {"customer": self.ids[name], "items": [{"price": self.price}], **fields}
            )
            self.subscriptions[name + key] = made.id

    def cancels(self, *names: str) -> None:
        for name in names:
            self.v1.subscriptions.cancel(self.subscriptions[name])

    def ends_with_the_period(self, *names: str, yes: bool) -> None:
        for name in names:
            change = {"cancel_at_period_end": yes}
            self.v1.subscriptions.update(self.subscriptions[name], change)

    def leaves(self, name: str) -> None:
        self.v1.customers.delete(self.ids[name])

    def it_is_day(self, number: int) -> None:
        moment, key = int(day(number).timestamp()), {"Authorization": f"Bearer {TEST_KEY}"}
        with httpx.Client(base_url=self.url, headers=key) as http:
            http.post("/sandbox/advance", data={"to": moment}).raise_for_status()

    def is_delivered(self, number: int) -> None:
        """Stripe to the account store, as of that day."""
        self.it_is_day(number)
        settings, reporter = read_settings(), LogReporter(lambda line: None)
        load_stage(settings, reporter, full=False)
        built = transform_stage(settings, reporter, as_of=day(number))
        assert built.failure is None
        self.results[number] = deliver_stage(
            settings, reporter, as_of=day(number), run_id=f"day-{number}"
        )
        self.rows[number] = self._accounts()

    def _accounts(self) -> dict[str, dict[str, Any]]:
        with sqlite3.connect(self.folder / "accounts.db") as database:
            database.row_factory = sqlite3.Row
            rows = [dict(row) for row in database.execute("select * from accounts")]
        names = {identity: name for name, identity in self.ids.items()}
        return {
            names[row["account_id"]]: {**row, "traits": orjson.loads(row["traits"])} for row in rows
        }


def tell(story: Story) -> None:
    """Two deliveries, on days 0 and 40; a period is a month, a trial 14 days."""
    story.it_is_day(-31)
    story.arrives("returner", "relapser", "hopeful")
    story.subscribes("returner", "relapser")
    story.it_is_day(-20)
    story.cancels("returner", "relapser")

    story.it_is_day(0)
    payers = ("steady", "leaver", "deleted", "scheduler", "regretter", "upgrader", "half")
    story.arrives("idle", "starter", "converter", "quitter", "lost", *payers)
    story.subscribes("converter", "quitter", "lost", trial_period_days=14)
    story.subscribes(*payers)
    story.subscribes("half", key="2")
    story.ends_with_the_period("scheduler", "regretter", yes=True)
    story.is_delivered(0)

    story.it_is_day(10)
    story.cancels("quitter", "leaver", "half2")
    story.leaves("deleted")
    story.leaves("lost")
    story.ends_with_the_period("regretter", yes=False)
    story.subscribes("upgrader", key="2")
    story.subscribes("returner", key="2")
    story.subscribes("starter")
    story.it_is_day(35)
    story.arrives("newcomer", "visitor", "onlooker")
    story.subscribes("newcomer")
    story.subscribes("visitor", "relapser", "hopeful", key="2", trial_period_days=14)
    story.is_delivered(40)


# By name: status, date of the churn, mrr and end of the trial; on day 0, then on day 40.
Row = tuple[str | None, int | None, int | None, int | None]
NOTHING: Row = (None, None, None, None)
PAYS: Row = ("subscribed", None, 50, None)
SINGLE: dict[str, tuple[Row | None, Row]] = {
    "idle": (NOTHING, NOTHING),
    "steady": (PAYS, PAYS),
    "newcomer": (None, PAYS),
    "onlooker": (None, NOTHING),
    "visitor": (None, ("trial", None, None, 49)),
    "starter": (NOTHING, PAYS),
    "hopeful": (NOTHING, ("trial", None, None, 49)),
    "converter": (("trial", None, None, 14), ("subscribed", None, 50, 14)),
    "quitter": (("trial", None, None, 14), (None, None, None, 14)),  # left without having paid
    "lost": (("trial", None, None, 14), (None, None, None, 14)),
    "leaver": (PAYS, ("churned", 10, None, None)),
    "deleted": (PAYS, ("churned", 10, None, None)),
    "scheduler": (PAYS, ("churned", 30, None, None)),  # when it ended, not when it was asked for
    "regretter": (PAYS, PAYS),
    "upgrader": (PAYS, PAYS),
    "half": (PAYS, PAYS),
    "returner": (("churned", -20, None, None), PAYS),
    "relapser": (("churned", -20, None, None), ("trial", None, None, 49)),
}
# Two subscriptions add up, and a trial that ended unpaid leaves no status behind.
MULTI: dict[str, tuple[Row | None, Row]] = {
    **SINGLE,
    "upgrader": (PAYS, ("subscribed", None, 100, None)),
    "half": (("subscribed", None, 100, None), PAYS),
}
EXPECTED = {"single": SINGLE, "multi": MULTI}


@pytest.fixture(scope="module", params=["single", "multi"])
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def told(mode: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    folder = tmp_path_factory.mktemp(mode)
    with pytest.MonkeyPatch.context() as environment, Store(folder / "sandbox.db") as store:
        clock.put(store, int(day(-31).timestamp()))
        for name in Settings.model_fields:
            environment.delenv(name.upper(), raising=False)
        environment.chdir(folder)
        with serving(store) as url:
            environment.setenv("STRIPE_API_BASE", url)
            environment.setenv("DATA_DIR", str(folder / "data"))
            environment.setenv("MULTIPLE_SUBSCRIPTIONS", "true" if mode == "multi" else "false")
            story = Story(url, folder / "data")
            tell(story)
            yield story


def seen(row: dict[str, Any] | None) -> Row | None:
    return row and (
        row["lifecycle_status"],
        number(row["churned_at"]),
        None if row["mrr"] is None else int(Decimal(row["mrr"])),
        number(row["trial_ends_at"]),
    )


@pytest.mark.parametrize("name", SINGLE)
def test_each_change_at_stripe_becomes_the_accounts_lifecycle(
    told: Story, mode: str, name: str
) -> None:
    rows = told.rows[0].get(name), told.rows[40].get(name)
    assert (seen(rows[0]), seen(rows[1])) == EXPECTED[mode][name]


def test_every_customer_is_an_account_and_nobody_was_refused(told: Story) -> None:
    assert told.rows[40].keys() == told.ids.keys() == SINGLE.keys()
    for result in told.results.values():
        assert (result.invalid, result.rejected, result.pending) == (0, 0, 0)


def test_a_status_that_stays_keeps_its_beginning(told: Story) -> None:
    for name in ("steady", "regretter", "upgrader"):
        assert told.rows[40][name]["status_since"] == told.rows[0][name]["status_since"]
    assert number(told.rows[40]["newcomer"]["status_since"]) == 35, "not the day that saw it"


def test_the_renewal_is_the_end_of_the_period_in_single_mode_alone(told: Story, mode: str) -> None:
    expected = 61 if mode == "single" else None
    assert number(told.rows[40]["steady"]["renewal_at"]) == expected
    assert told.rows[40]["leaver"]["renewal_at"] is None


def test_a_cancellation_taken_back_leaves_no_trace(told: Story, mode: str) -> None:
    before, after = (told.rows[n]["regretter"]["traits"] for n in (0, 40))
    if mode == "single":
        assert before["stripe.cancelAtPeriodEnd"] is True
        assert after["stripe.cancelAtPeriodEnd"] is False
    assert "stripe.canceledAt" not in after
