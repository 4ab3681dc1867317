"""A delivery to a store of `stores.yml`, as an event.

Enters: the store's settings, or its result. Leaves: a materialisation of `account_stores/<name>`
with the counts.
"""

from collections.abc import Callable
from datetime import datetime

from orchestration.code_location.events.event import AssetPath, Materialised
from orchestration.configuration.settings import Settings
from orchestration.pages.asset_metadata.delivery_metadata import as_metadata
from orchestration.pages.delivery_lines import result_lines
from orchestration.stages.further_deliveries import deliver_to, raise_failed
from orchestration.terminal.reporter import Reporter
from reverse_sync.deliver.result import SyncResult

STORES = "account_stores"


def store_key(store: str) -> AssetPath:
    return STORES, store


def store_event(store: str, result: SyncResult) -> Materialised:
    return Materialised(store_key(store), as_metadata(result))


def further_event(
    settings: Settings,
    reporter: Reporter,
    *,
    as_of: datetime,
    run_id: str,
    say: Callable[[str], None],
) -> Materialised:
    """Diff, push, remember. Raises StoresFailed."""
    done = deliver_to(settings, reporter, as_of=as_of, run_id=run_id)
    for line in result_lines(done.result) if done.result else ():
        say(line)
    raise_failed([done])
    return Materialised(store_key(done.store), as_metadata(done.result) if done.result else {})
