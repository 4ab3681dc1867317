"""What a delivery prints is what became of each account, whatever the store does."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from reverse_sync_world import AS_OF, World

from orchestration.pages.asset_metadata.delivery_metadata import as_metadata, from_metadata
from orchestration.pages.delivery_lines import cycle_line, result_lines
from reverse_sync.deliver.result import SyncInterrupted, SyncResult
from reverse_sync.stores.account_store import (
    AccountStoreError,
    AccountWrite,
    NotNow,
    Receipt,
    Refusal,
)
from reverse_sync.stores.sqlite_store import SqliteStore
from reverse_sync.values.counted import counted

ACCOUNTS = [f"a{number:02}" for number in range(40)]
BUSY = Refusal(reason="busy", code="503", permanent=False)
WRONG = Refusal(reason="wrong", code="422")
COUNTS = {
    "created": r"([\d,]+) created",
    "updated": r"([\d,]+) updated",
    "unchanged": r"([\d,]+) unchanged",
    "waiting": r"([\d,]+) waiting",
    "rejected": r"([\d,]+) rejected",
    "invalid": r"Kept out: ([\d,]+)",
    "blocked": r"Dead letters: ([\d,]+)",
}


@dataclass
class Whims:
    """A real store that refuses accounts at random, for a while or for good, asks for a wait, or
    goes away."""

    chance: Random
    new: set[str] = field(default_factory=set)
    changed: set[str] = field(default_factory=set)
    ends: bool = True  # whether a batch may end the run

    def begin(self) -> None:
        self.new, self.changed = set(), set()

    def answer(self, name: str) -> Refusal | None:
        return self.chance.choices([None, BUSY, WRONG], [6, 3, 1])[0]


@pytest.fixture(params=range(3))
def whims(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Whims:
    made, write = Whims(Random(request.param)), SqliteStore.write

    def moody(store: SqliteStore, writes: Sequence[AccountWrite]) -> Receipt:
        refused = {one.account_id: why for one in writes if (why := made.answer(one.account_id))}
        stopped = None
        if made.ends and made.chance.random() < 0.2:
            stopped = made.chance.choice(
                [NotNow("the limit is reached", seconds=60), AccountStoreError("gone")]
            )
        going = [one for one in writes if one.account_id not in refused]
        answered = going[: len(going) // 2] if stopped else going
        there = store.read([one.account_id for one in answered])
        receipt = write(store, answered) if answered else Receipt()
        made.new |= receipt.accepted - there.keys()
        made.changed |= receipt.accepted & there.keys()
        return Receipt(receipt.accepted, receipt.newer, refused=refused, stopped=stopped)

    monkeypatch.setattr(SqliteStore, "write", moody)
    return made


def printed(result: SyncResult) -> dict[str, int]:
    text = "\n".join(result_lines(result))
    found = {name: re.search(pattern, text) for name, pattern in COUNTS.items()}
    return {name: int(hit[1].replace(",", "")) if hit else 0 for name, hit in found.items()}


def run(world: World, **options: Any) -> SyncResult:
    try:
        return world.sync(batch_size=7, **options)
    except SyncInterrupted as stopped:
        return stopped.result


@pytest.mark.long
def test_each_account_is_in_one_number_and_no_number_is_of_the_plan(
    local: World, whims: Whims
) -> None:
    accounts: dict[str, dict[str, Any]] = {}
    for turn in range(12):
        now = AS_OF + timedelta(minutes=turn)
        for name in whims.chance.sample(ACCOUNTS, 15):
            accounts[name] = {"stripe.email": f"{turn}@example.com"}
        accounts["bad"] = {"foreign.trait": 1}
        local.publish(accounts)
        whims.begin()
        result = run(local, as_of=now)
        told = printed(result)
        assert sum(told.values()) == len(accounts) == result.selected
        assert (told["created"], told["updated"]) == (len(whims.new), len(whims.changed))
        acknowledged = told["created"] + told["updated"]
        assert result.planned == acknowledged + told["waiting"] + told["rejected"]
        assert f"{counted(acknowledged, 'account')} sent" in cycle_line(result)
        backlog = local.state("select count(*) from sync.sync_backlog")
        letters = local.state("select count(*) from sync.dead_letters where resolution is null")
        assert (backlog, letters) == (
            [(told["waiting"],)],
            [(told["rejected"] + told["blocked"],)],
        )
        assert from_metadata(as_metadata(result)).figures() == result.figures()


def test_what_waits_says_until_when(local: World, whims: Whims) -> None:
    whims.ends, whims.chance = False, Random(1)
    local.publish({name: {"stripe.email": "a"} for name in ACCOUNTS})
    first = run(local)
    assert first.waiting == first.pending > 0
    assert first.waiting_until == AS_OF + timedelta(minutes=1)
    *_, last = result_lines(first)
    assert last.startswith(f"Waiting: {first.waiting} accounts until 2025-06-15 00:01:00 UTC")
    second = run(local, now=AS_OF + timedelta(seconds=30))
    assert (second.sent, second.waiting) == (0, first.waiting)
    assert second.waiting_until == first.waiting_until
    assert list(result_lines(second))[-1] == last
