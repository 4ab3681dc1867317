"""Published marts -> an account store of `stores.yml`.

Enters: that store's settings, `as_of`. Leaves: what became of it. A store that is away, that a
guard blocks or that refuses holds up no other one, nor the store of ACCOUNT_STORE_URL. Not here:
how several go at once (store_processes, live/further).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from orchestration.configuration.settings import Settings
from orchestration.stages.delivery import MartsRefused, deliver_stage
from orchestration.stages.stores_failed import StoresBlocked, StoresFailed
from orchestration.terminal.reporter import Reporter
from reverse_sync.deliver.result import SyncInterrupted, SyncResult
from reverse_sync.guards import Blocked
from reverse_sync.stores.account_store import AccountStoreError
from reverse_sync.values.tracking import SettingChange


@dataclass(frozen=True)
class StoreDelivery:
    """What became of one store: how far it came, and what it said where that is not all the way.
    `blocked`: a guard or a check stopped it."""

    store: str
    result: SyncResult | None = None
    said: tuple[str, ...] = ()
    blocked: bool = False

    @property
    def lines(self) -> list[str]:
        """Why it failed, each line with the store's name; none where it did not."""
        return [f"store '{self.store}': {line}" for line in self.said]


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


def deliver_to(
    settings: Settings, reporter: Reporter, *, as_of: datetime, run_id: str
) -> StoreDelivery:
    """One of them; `settings` are that store's. Raises what nobody foresaw."""
    name = settings.store_name or ""
    try:
        result = deliver_stage(settings, _Quiet(name, reporter), as_of=as_of, run_id=run_id)
    except SyncInterrupted as error:
        return StoreDelivery(name, error.result, (str(error),))
    except (Blocked, MartsRefused) as error:
        return StoreDelivery(name, None, tuple(str(error).splitlines()), blocked=True)
    except AccountStoreError as error:
        return StoreDelivery(name, None, tuple(str(error).splitlines()))
    return StoreDelivery(name, result)


def raise_failed(deliveries: Sequence[StoreDelivery]) -> None:
    """Raises StoresFailed, StoresBlocked."""
    if found := failure(deliveries):
        raise found


def failure(deliveries: Sequence[StoreDelivery]) -> StoresFailed | None:
    """What those that failed said; None: all went well."""
    failed = [one for one in deliveries if one.said]
    if not failed:
        return None
    lines = "\n".join(line for one in failed for line in one.lines)
    return (StoresBlocked if all(one.blocked for one in failed) else StoresFailed)(lines)
