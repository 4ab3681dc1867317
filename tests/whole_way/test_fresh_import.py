"""However late, doubled, lost or disordered its events were: what many syncs have made of Stripe is
what a first import makes of it, in every mart and every column of the account store.

Random lives (`FRESH_LIVES`, else 40 of them) are one business at a local Stripe. Three in ten
events come to the feed when all is over; some never do. A webhook brings events, too: some twice,
some never, in any order. In the end Stripe is compared with the warehouse, as each week: that finds
what no event told. `make soak-lives` has 500 lives.
"""

import os
import random
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from fresh_outcome import (
    LEFT,
    MARTS,
    Outcome,
    compared,
    outcome,
    unknown_amounts,
)
from lifecycle_examples import SYNCS
from lifecycle_lives import lives
from local_stripe import NOW
from receiver_thread import SECRET, receiving_in_thread
from stripe import WebhookSignature

from ingestion.reconcile.slices import Share
from orchestration.configuration.environment import read_settings
from orchestration.configuration.settings import Settings
from orchestration.stages.build import transform_stage
from orchestration.stages.delivery import deliver_stage
from orchestration.stages.load import load_stage, reconcile_stage
from orchestration.terminal.reporter import LogReporter
from reverse_sync.guards import GUARDS
from sandbox import clock
from sandbox.misbehaviour import feed
from sandbox.misbehaviour.faults import Faults, LateEvents
from sandbox.server import serving
from sandbox.storage.store import Store

pytestmark = pytest.mark.long

LIVES = int(os.environ.get("FRESH_LIVES") or 40)
SEED = int(os.environ.get("FRESH_SEED") or random.SystemRandom().randrange(1 << 32))
REPORTER = LogReporter(lambda line: None)


@dataclass
class Stripe:
    """The sandbox, its webhook, and what of its events was delivered."""

    store: Store
    receiver: str
    chance: random.Random
    now: int = NOW
    delivered: set[str] = field(default_factory=set)

    def live_until(self, sync: int, steps: list[Any]) -> None:
        for step in steps:
            for one in step.objects if step.sync == sync else []:
                self.now += 1
                self.store.put(one, now=self.now, events=step.told)
        self._deliver()

    def _deliver(self) -> None:
        """Half of what is new, some of it twice, in any order."""
        events = [one for one in self.store.objects("event") if one["id"] not in self.delivered]
        self.delivered |= {one["id"] for one in events}
        sent = [one for one in events if self.chance.random() < 0.5]
        sent += self.chance.sample(sent, len(sent) // 5)
        self.chance.shuffle(sent)
        with httpx.Client(trust_env=False) as client:
            for one in sent:
                body = orjson.dumps(one)
                signed = WebhookSignature.generate_signature_header(body.decode(), SECRET)
                client.post(
                    self.receiver, content=body, headers={"Stripe-Signature": signed}
                ).raise_for_status()


def synced(folder: Path, mode: str, day: str, *, reconcile: bool = False) -> Outcome:
    """From Stripe to the account store of that folder, as of that day."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DATA_DIR", str(folder))
        environment.setenv("MULTIPLE_SUBSCRIPTIONS", str(mode == "multi").lower())
        settings = read_settings()
        as_of = datetime.fromisoformat(day).replace(tzinfo=UTC)
        load_stage(settings, REPORTER, full=False)
        if reconcile:
            reconcile_stage(settings, REPORTER, share=Share(), allow_gone=True)
        assert transform_stage(settings, REPORTER, as_of=as_of).failure is None
        deliver_stage(
            settings, REPORTER, as_of=as_of, run_id=f"{mode}-{day}", overridden=frozenset(GUARDS)
        )
        return outcome(settings.marts, settings.folder.accounts)


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, list[Outcome]]]:
    """By mode: after many syncs, and after a first import."""
    folder, chance = tmp_path_factory.mktemp("fresh"), random.Random(SEED)
    steps = [one for of in lives(chance, LIVES).values() for one in of]
    late = Faults(seed=SEED, late_events=LateEvents(probability=0.3))
    with ExitStack() as stack:
        environment = stack.enter_context(pytest.MonkeyPatch.context())
        for name in Settings.model_fields:
            environment.delenv(name.upper(), raising=False)
        environment.chdir(folder)
        store = stack.enter_context(Store(folder / "sandbox.db"))
        clock.put(store, NOW)
        (folder / "kept").mkdir()
        receiver = stack.enter_context(receiving_in_thread(folder / "kept" / "events.db"))
        environment.setenv("STRIPE_API_BASE", stack.enter_context(serving(store, faults=late)))
        environment.setenv("ACCOUNT_ID_METADATA_KEY", "account_id")
        stripe = Stripe(store, receiver, chance)
        for number, day in enumerate(SYNCS):
            stripe.live_until(number, steps)
            synced(folder / "kept", chance.choice(["multi", "single"]), day)
        feed.release(store)
        yield {
            mode: [
                synced(folder / "kept", mode, SYNCS[-1], reconcile=True),
                synced(folder / f"new_{mode}", mode, SYNCS[-1]),
            ]
            for mode in ("multi", "single")
        }


@pytest.mark.parametrize("mode", ["single", "multi"])
@pytest.mark.parametrize("mart", [*MARTS, "mrr_by_month"])
def test_marts_are_those_of_a_first_import(
    outcomes: dict[str, list[Outcome]], mode: str, mart: str
) -> None:
    unknown = outcomes[mode][1].unknown if mart == "mrr_by_month" else set()
    kept, new = (
        {row for row in one.marts[mart] if row[0] not in unknown} for one in outcomes[mode]
    )
    assert new or mart in {"unlinked_customers", "data_quality_affected", "data_quality_issues"}
    wrong = {"here alone": kept - new, "there alone": new - kept}
    assert not any(wrong.values()), f"FRESH_SEED={SEED}: {wrong}"


@pytest.mark.parametrize("mode", ["single", "multi"])
def test_account_store_is_that_of_a_first_import(
    outcomes: dict[str, list[Outcome]], mode: str
) -> None:
    kept, new = outcomes[mode]
    assert len(new.store) >= LIVES / 2
    unknown = unknown_amounts(new)
    wrong = {
        account: (kept.store.get(account), row)
        for account, row in new.store.items()
        if compared(kept.store.get(account), account in unknown)
        != compared(row, account in unknown)
    }
    assert not wrong, f"FRESH_SEED={SEED}"
    left = {account.removesuffix("-moved") for account in kept.store.keys() - new.store.keys()}
    here = {account.removesuffix("-moved") for account in new.store}
    assert left <= here, f"{LEFT}; FRESH_SEED={SEED}"
