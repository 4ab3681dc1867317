"""`sync` and `status` tell what became of each account: taken, waiting, refused, or put back."""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
from local_stripe import NOW
from pipeline import Pipeline, subscribed
from target_servers import SECRET, Receiver
from target_servers import running as serving
from typer.testing import CliRunner

from orchestration.cli import app

pytestmark = pytest.mark.long

NAMES = [f"n{number:02}" for number in range(40)]
MOMENTS = count(NOW + 1)
LATER = {"status": "rejected", "error": "busy", "retry": True}
NEVER = {"status": "rejected", "error": "no such account"}


def run(*words: str) -> tuple[int, str]:
    ended = CliRunner().invoke(app, list(words))
    if ended.exception and not isinstance(ended.exception, SystemExit):
        raise ended.exception
    return ended.exit_code, ended.stdout


@dataclass
class Business:
    """Forty who pay, delivered once to a receiver of webhooks."""

    pipeline: Pipeline
    receiver: Receiver

    def rename_all(self, name: str) -> None:
        for one in NAMES:
            self.pipeline.stripe.store.update(
                "customer", f"cus_{one}", {"name": name}, now=next(MOMENTS)
            )

    def refuse(self, names: list[str], answer: dict[str, Any]) -> None:
        self.receiver.refused = {f"cus_{name}": answer for name in names}

    def sync(self) -> list[str]:
        """The lines of a sync that ends well."""
        code, text = run("sync", "--as-of", "2025-06-15")
        assert code == 0, text
        return text.strip().splitlines()


@pytest.fixture
def business(pipeline: Pipeline) -> Iterator[Business]:
    with serving(Receiver()) as receiver:
        receiver.results = True
        pipeline.set(
            ACCOUNT_STORE_URL=f"http://127.0.0.1:{receiver.port}/hook",
            ACCOUNT_STORE_SECRET=SECRET,
        )
        made = Business(subscribed(pipeline, *NAMES), receiver)
        lines = made.sync()
        assert "Account store  40 created, 0 updated, 0 unchanged, 0 rejected" in lines
        yield made


def test_what_a_store_refused_for_a_while_or_for_good_is_told_so(business: Business) -> None:
    business.rename_all("New")
    business.refuse(NAMES[:18], LATER)
    lines = business.sync()
    assert "Account store  0 created, 22 updated, 0 unchanged, 18 waiting, 0 rejected" in lines
    assert lines[-1].startswith("Waiting        18 accounts until 20")

    asked = len(business.receiver.requests)
    lines = business.sync()
    assert "Account store  nothing is to be sent now" in lines
    assert lines[-1].startswith("Waiting        18 accounts until 20")
    assert len(business.receiver.requests) == asked
    told = json.loads(run("sync", "--as-of", "2025-06-15", "--json")[1])
    assert told["account_store"]["waiting"] == 18
    assert told["account_store"]["waiting_until"] > "2025"
    assert "wait for another attempt" in told["owed"]
    assert "18 changes waiting until 20" in run("status")[1]
    assert "22 acknowledged, 18 left waiting, 0 rejected" in run("status")[1]

    business.rename_all("Newer")
    business.refuse(NAMES, NEVER)
    told = json.loads(run("sync", "--as-of", "2025-06-15", "--json")[1])
    delivered = told["delivered"]
    assert delivered["planned"] == delivered["rejected"] == 40
    assert (delivered["acknowledged"], delivered["updates"], delivered["waiting"]) == (0, 0, 0)
    lines = business.sync()
    assert "Account store  nothing is to be sent now" in lines
    assert lines[-1] == "Dead letters   40 still in the dead letters: 'stripe-traits retry'"


def test_what_undo_put_back_is_not_called_true(pipeline: Pipeline) -> None:
    subscribed(pipeline, "one", "two")
    assert run("sync", "--as-of", "2025-06-15")[0] == 0
    assert "true to the marts already" in run("sync", "--as-of", "2025-06-15")[1]
    assert run("undo", "1")[0] == 0
    with sqlite3.connect(pipeline.folder / "accounts.db") as store:
        assert store.execute("select distinct traits from accounts").fetchall() == [("{}",)]
    code, text = run("sync", "--as-of", "2025-06-15")
    assert code == 0
    assert "true to the marts already" not in text
    assert "Undone         2 hold what 'undo' put back, until the next build" in text
    assert "2 hold what 'undo' put back" in run("status")[1]
    pipeline.stripe.store.update("customer", "cus_one", {"name": "New"}, now=next(MOMENTS))
    assert run("sync", "--as-of", "2025-06-15")[0] == 0
    assert "true to the marts already" in run("sync", "--as-of", "2025-06-15")[1]
