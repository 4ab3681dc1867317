"""An account store behind HTTP: a channel that sends, and a ledger that remembers.

Enters: writes of accounts. Leaves: a receipt. The ledger has versions, lifecycles and tracking
config, which these stores lack. Not here: what a request looks like (webhook.py, vitally.py,
segment.py).
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol, runtime_checkable

from reverse_sync.stores.account_store import (
    HIGHEST_VERSION,
    AccountWrite,
    NotReadable,
    Receipt,
    Refusal,
    StoredAccount,
)
from reverse_sync.stores.http.ledger import Ledger
from reverse_sync.stores.http.request_groups import Delivered
from reverse_sync.values.lifecycle import Lifecycle
from reverse_sync.values.tracking import SettingChange, Tracking
from reverse_sync.values.traits import NAMESPACES, Traits


@dataclass(frozen=True)
class Batch:
    """Writes to be sent; `known` are the same accounts as last written."""

    writes: Sequence[AccountWrite]
    known: Mapping[str, StoredAccount]
    tracking: Tracking


class Channel(Protocol):
    """How one kind of store is written."""

    batch_size: int
    confirms: bool
    """Whether an answer says that the store holds the values; else they are sent, unconfirmed."""

    def deliver(self, batch: Batch) -> Delivered:
        """Sends the writes; an answer for each account that got one."""

    def check(self) -> None:
        """Raises AccountStoreError unless the store answers."""

    def close(self) -> None:
        """Frees the connections."""


@runtime_checkable
class Readable(Protocol):
    """What a channel can do besides if its store can be read."""

    def look(self, account_ids: Sequence[str]) -> Mapping[str, Traits]:
        """All traits of those accounts that exist, others' too."""

    def pages(self) -> Iterator[Sequence[StoredAccount]]:
        """Every account as the store holds it, without version and lifecycle."""

    def as_written(
        self, seen: StoredAccount, *, known: StoredAccount, tracking: Tracking
    ) -> StoredAccount:
        """An account as seen, in the terms of what was written."""


class HttpStore:
    """An AccountStore made of a channel and a ledger; `label` is shown in complaints."""

    lanes = 1

    def __init__(self, channel: Channel, ledger: Ledger, *, label: str) -> None:
        self.batch_size = channel.batch_size
        self._label = label
        self._channel = channel
        self._ledger = ledger

    def highest_version(self) -> int:
        return self._ledger.accounts.highest_version()

    def read_tracking(self) -> Tracking:
        return self._ledger.accounts.read_tracking()

    def read_tracking_history(self) -> Sequence[tuple[datetime, SettingChange]]:
        return self._ledger.accounts.read_tracking_history()

    def write_tracking(self, changes: Sequence[SettingChange], *, at: datetime) -> None:
        self._ledger.accounts.write_tracking(changes, at=at)

    def read(
        self, account_ids: Sequence[str], *, traits: Collection[str] | None = None
    ) -> dict[str, StoredAccount]:
        """As last written; read at the store only where tracking reads traits of others."""
        known = self._ledger.accounts.read(account_ids, traits=traits)
        if not (isinstance(self._channel, Readable) and self._reads_foreign_traits()):
            return known
        for account_id, seen in self._channel.look(account_ids).items():
            account = known.get(account_id) or _new(account_id)
            known[account_id] = replace(account, traits={**seen, **account.traits})
        return known

    def read_all(self) -> Iterator[Sequence[StoredAccount]]:
        if not isinstance(self._channel, Readable):
            raise NotReadable(
                f"account store {self._label}: it only takes, so there is nothing to compare with; "
                "resync sends it everything"
            )
        tracking = self.read_tracking()
        for page in self._channel.pages():
            known = self._ledger.accounts.read([account.account_id for account in page])
            yield [
                self._channel.as_written(
                    seen, known=known.get(seen.account_id) or seen, tracking=tracking
                )
                for seen in page
            ]

    def write(self, writes: Sequence[AccountWrite]) -> Receipt:
        with self._ledger.alone():
            known = self._ledger.accounts.read([write.account_id for write in writes])
            newer = {
                w.account_id: known[w.account_id].version
                for w in writes
                if w.account_id in known and known[w.account_id].version >= w.version
            }
            due = [w for w in writes if w.account_id not in newer and w.version <= HIGHEST_VERSION]
            delivered = self._channel.deliver(Batch(due, known, self.read_tracking()))
            taken = {name for name, refusal in delivered.answers.items() if refusal is None}
            if taken:
                self._ledger.accounts.write([w for w in due if w.account_id in taken])
        return self._receipt(writes, frozenset(taken), newer, delivered)

    def close(self) -> None:
        self._channel.close()
        self._ledger.close()

    def _reads_foreign_traits(self) -> bool:
        settings = self.read_tracking().settings.values()
        return any(s.trait and not s.trait.startswith(NAMESPACES) for s in settings)

    def _receipt(
        self,
        writes: Sequence[AccountWrite],
        taken: frozenset[str],
        newer: Mapping[str, int],
        delivered: Delivered,
    ) -> Receipt:
        refused = {name: why for name, why in delivered.answers.items() if why is not None}
        beyond = Refusal(reason="the version is beyond 64 bits")
        refused |= {w.account_id: beyond for w in writes if w.version > HIGHEST_VERSION}
        return Receipt(
            accepted=taken if self._channel.confirms else frozenset(),
            unconfirmed=frozenset() if self._channel.confirms else taken,
            newer=newer,
            refused=refused,
            stopped=delivered.stopped,
        )


def _new(account_id: str) -> StoredAccount:
    return StoredAccount(account_id=account_id, traits={}, lifecycle=Lifecycle(), version=0)
