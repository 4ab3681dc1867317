"""The world of one history: a sandbox that misbehaves, the account store, the processes between.

Enters: a history, a folder. Leaves: a `World` in which its steps happen. The sandbox is served
twice: with its faults to the loads, without them to the last ones; webhooks come from the second.
"""

import random
import socket
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import duckdb
from command_line import environment
from histories import History
from misbehaving_store import MisbehavingStore
from odd_stripe import OddStripe
from sent_twice import Sent
from stage_process import KILLED, Begun, begun
from target_servers import SECRET

from benchmarks.observers import served
from sandbox import clock
from sandbox.endpoints.webhooks import registered
from sandbox.misbehaviour.faults import DeliveryDraws, Faults, LateEvents
from sandbox.server import serving
from sandbox.storage.store import Store
from sandbox.webhooks import Deliveries, ledger

# Of the processor, until a process is done: clocks say little on a busy machine.
USUAL_SECONDS = {"load": 2.4, "full": 3.0, "deliver": 0.6, "sync": 4.0}
QUICK = Deliveries(first_retry=0.1, factor=1.0, give_up=3600, timeout=5)


class Failed(Exception):
    """What a history ended in, and should not have."""


@dataclass
class World:
    """A sandbox, its receiver, the account store, and what became of all processes."""

    history: History
    folder: Path
    store: Store
    faulty: str
    sound: str
    accounts: MisbehavingStore
    counts: Counter[str]
    port: int
    secret: str
    dice: random.Random
    sent: Sent = field(default_factory=Sent)
    acknowledged: set[str] = field(default_factory=set)  # of what was not the sandbox's to send
    sockets: list[socket.socket] = field(default_factory=list)
    receiver: Begun | None = None
    unseen: bool = False

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def as_of(self) -> datetime:
        return datetime.fromtimestamp(clock.now(self.store), UTC)

    def settings(self, stripe: str) -> dict[str, str]:
        kind, port = self.history.store, self.accounts.port
        url = f"vitally://127.0.0.1:{port}" if kind == "vitally" else f"http://127.0.0.1:{port}/to"
        return environment(
            STRIPE_API_BASE=stripe,
            STRIPE_WEBHOOK_SECRETS=self.secret,
            STRIPE_GONE_LIMIT_PERCENT="100",  # small stores lose a large share of what they have
            DATA_DIR=str(self.data),
            ACCOUNT_ID_METADATA_KEY="account_id",
            MULTIPLE_SUBSCRIPTIONS=str(self.history.template % 2 == 0).lower(),
            ACCOUNT_STORE_URL=url,
            ACCOUNT_STORE_SECRET=SECRET,
            ACCOUNT_STORE_REQUESTS_PER_MINUTE="100000",
            ACCOUNT_STORE_ACCOUNTS_PER_REQUEST="5" if "lists" in kind else "1",
        )

    def begun(self, *words: str, sound: bool = False) -> Begun:
        settings = self.settings(self.sound if sound else self.faulty)
        if words[0] == "sync":
            words = ("sync", "--as-of", f"{self.as_of:%Y-%m-%dT%H:%M:%S}")
            return begun(words, self.folder, settings)
        if words[0] == "webhooks":
            return begun(words, self.folder, settings)
        return begun(words, self.folder, settings, as_of=self.as_of)

    def ended(self, process: Begun, name: str) -> int:
        code = process.ended()
        end = {0: "done", KILLED: "killed"}.get(code, "refused")
        self.counts[f"{name}: {end}"] += 1
        return code

    def deliver(self, process: Begun, *, kill_at: float | None = None) -> None:
        """To its end, or its kill; and what of it is remembered."""
        self.kill_at(process, kill_at)
        code = self.ended(process, "delivering")
        self.sent.ended(killed=code == KILLED, unresolved=self.unresolved())

    def begin_delivery(self, *words: str, sound: bool = False) -> Begun:
        self.accounts.delivery = self.sent.begun(self.unresolved())
        return self.begun(*words, sound=sound)

    def kill_at(self, process: Begun, share: float | None) -> None:
        """After that share of the work that it usually has, if it still works then."""
        if share is not None:
            process.kill_after(USUAL_SECONDS[process.words[0]] * share)

    def receive(self) -> None:
        """The receiver is up from here on."""
        if self.receiver is None:
            self.receiver = self.begun("webhooks", "--port", str(self.port))
            until = time.monotonic() + 60
            while not self._listens() and time.monotonic() < until:
                time.sleep(0.01)

    def kill_receiver(self) -> None:
        if self.receiver is not None:
            self.receiver.kill()
            if self.receiver.ended() != KILLED:
                raise Failed("the receiver had ended by itself")
            self.counts["receiving: killed"] += 1
            self.receiver = None

    def owed(self) -> list[ledger.Delivery]:
        """Webhooks that are still on their way."""
        return [one for one in ledger.log(self.store) if one.status == "waiting"]

    def count_webhooks(self, faults: Faults) -> None:
        draws, log = DeliveryDraws(faults), ledger.log(self.store)
        for one in {one.event: one for one in log}.values():
            self.counts.update(list(draws.next(one.event, one.type, one.endpoint)))

    def unresolved(self) -> set[str]:
        """Accounts with a change that the store is not known to have taken."""
        warehouse = self.data / "warehouse.duckdb"
        if not warehouse.exists():
            return set()
        with duckdb.connect(str(warehouse)) as database, suppress(duckdb.CatalogException):
            waiting = "status in ('pending', 'rejected', 'parked')"
            rows = database.execute(f"select account_id from sync.outbox where {waiting}")
            return {account for (account,) in rows.fetchall()}
        return set()

    def _listens(self) -> bool:
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            return True
        return False


@contextmanager
def living(
    history: History, folder: Path, accounts: MisbehavingStore, counts: Counter[str], port: int
) -> Iterator[World]:
    """The world, until the history is over; its receiver listens on the port."""
    late = LateEvents(probability=history.late, seconds=300) if history.late else None
    faults = Faults(seed=history.seed, plan=history.plan, late_events=late)
    webhooks = Faults(seed=history.seed, plan=history.webhook_plan, late_events=late)
    with ExitStack() as stack:
        store = stack.enter_context(Store(folder / "sandbox.db"))
        odd = OddStripe(store, faults, history.odd)
        world = World(
            history=history,
            folder=folder,
            store=store,
            faulty=stack.enter_context(served(odd)),
            sound=stack.enter_context(serving(store, deliveries=QUICK, faults=webhooks)),
            accounts=accounts,
            counts=counts,
            port=port,
            secret=registered(store, f"http://127.0.0.1:{port}/webhooks"),
            dice=random.Random(history.seed),
        )
        try:
            yield world
        finally:
            if world.receiver is not None:
                world.receiver.kill()
            for one in world.sockets:
                one.close()
            counts.update(odd.counts)
            counts.update(accounts.counts)
            world.count_webhooks(webhooks)
