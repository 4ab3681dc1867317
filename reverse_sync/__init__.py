"""Brings account_traits to the account store: read -> diff -> push -> remember.

Enters: `marts.account_traits` of the published copy. Leaves: the account store's rows, and the
`sync` schema of the warehouse. No rule about money and no Dagster here.
"""

from reverse_sync.deliver.result import SyncResult
from reverse_sync.stores.account_store import AccountStoreError, InvalidAccountStoreUrl
from reverse_sync.stores.target import Target
from reverse_sync.stores.url import check
from reverse_sync.sync import SyncInterrupted, sync

__all__ = [
    "AccountStoreError",
    "InvalidAccountStoreUrl",
    "SyncInterrupted",
    "SyncResult",
    "Target",
    "check",
    "sync",
]
