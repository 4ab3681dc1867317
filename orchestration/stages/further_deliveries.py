"""Published marts -> the account stores of `stores.yml`, each for itself and all at once.

Enters: the settings, `as_of`. Leaves: what became of each. A store that is away, that a guard
blocks or that refuses holds up no other one, nor the store of ACCOUNT_STORE_URL.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from orchestration.clock import now
from orchestration.configuration.settings import Settings
from orchestration.configuration.stores.further_stores import further_stores
from orchestration.publication.delivery_due import is_due_or_lost
from orchestration.stages.delivery import MartsRefused, deliver_stage
from orchestration.terminal.reporter import Reporter
from reverse_sync.deliver.result import SyncInterrupted, SyncResult
from reverse_sync.guards import Blocked
from reverse_sync.stores.account_store import AccountStoreError
from reverse_sync.values.tracking import SettingChange


class StoresFailed(AccountStoreError):
    """What some of several stores said; the others hold what they are to hold."""


class StoresBlocked(StoresFailed):
    """Guards have tripped, and nothing else failed."""


@dataclass(frozen=True)
class StoreDelivery:
    """What became of one store; both may be there: how far it came, and why not further."""

    store: str
    result: SyncResult | None = None
    error: AccountStoreError | MartsRefused | None = None

    @property
    def lines(self) -> list[str]:
        """Why it failed, each line with the store's name; none where it did not."""
        return [f"store '{self.store}': {line}" for line in str(self.error or "").splitlines()]


@dataclass(frozen=True)
class _Quiet:
    """Says what must be known of one store; how far it is would run through the others' numbers."""

    store: str
    said: Reporter = field(repr=False)

    def waiting(self, holder: str) -> None:
        self.said.waiting(holder)

    def waiting_to_send(self, holder: str) -> None:
        self.said.waiting_to_send(holder)

    def loaded(self, stream: str, objects: int) -> None: ...

    def built(self, node: str) -> None: ...

    def delivered(self, done: int, total: int) -> None: ...

    def overrode(self, change: SettingChange) -> None:
        self.said.overrode(change)

    def upgraded(self, what: str) -> None:
        self.said.upgraded(what)


@contextmanager
def further_deliveries(
    settings: Settings, reporter: Reporter, *, as_of: datetime, run_id: str
) -> Iterator[list[StoreDelivery]]:
    """Those that are due, while the block runs; the list is full when it has ended."""
    done: list[StoreDelivery] = []
    due = [one for one in further_stores(settings) if further_due(one)]
    if not due:
        yield done
        return
    with ThreadPoolExecutor(len(due), thread_name_prefix="store") as pool:
        running: Sequence[Future[StoreDelivery]] = [
            pool.submit(deliver_to, one, reporter, as_of=as_of, run_id=run_id) for one in due
        ]
        try:
            yield done
        finally:
            done += [one.result() for one in running]


def deliver_to(
    settings: Settings,
    reporter: Reporter,
    *,
    as_of: datetime,
    run_id: str,
    overridden: frozenset[str] = frozenset(),
) -> StoreDelivery:
    """One of them; `settings` are that store's. Raises what nobody foresaw."""
    name = settings.store_name or ""
    quiet = _Quiet(name, reporter)
    try:
        result = deliver_stage(settings, quiet, as_of=as_of, run_id=run_id, overridden=overridden)
    except SyncInterrupted as error:
        return StoreDelivery(name, error.result, error)
    except (AccountStoreError, MartsRefused) as error:
        return StoreDelivery(name, None, error)
    return StoreDelivery(name, result)


def further_due(settings: Settings) -> bool:
    """A store that cannot be asked is due: its delivery tells why."""
    try:
        return is_due_or_lost(settings, at=now())
    except AccountStoreError:
        return True


def any_due(settings: Settings) -> bool:
    """Whether one of them lacks something."""
    return any(map(further_due, further_stores(settings)))


def raise_failed(deliveries: Sequence[StoreDelivery]) -> None:
    """Raises StoresFailed, StoresBlocked."""
    if found := failure(deliveries):
        raise found


def failure(deliveries: Sequence[StoreDelivery]) -> StoresFailed | None:
    """What those that failed said; None: all went well."""
    failed = [one for one in deliveries if one.error]
    if not failed:
        return None
    lines = "\n".join(line for one in failed for line in one.lines)
    blocked = all(isinstance(one.error, Blocked | MartsRefused) for one in failed)
    return StoresBlocked(lines) if blocked else StoresFailed(lines)
