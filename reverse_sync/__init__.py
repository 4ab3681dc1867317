"""Brings account_traits to the account store: read -> diff -> push -> remember.

In: `marts.account_traits` of the published copy. Out: the account store's rows, and the `sync`
schema of the warehouse. No rule about money and no Dagster here.
"""

from reverse_sync.account_store import AccountStoreError, InvalidAccountStoreUrl
from reverse_sync.result import SyncResult
from reverse_sync.store_url import check
from reverse_sync.sync import SyncInterrupted, sync
from reverse_sync.target import Target

__all__ = [
    "AccountStoreError",
    "InvalidAccountStoreUrl",
    "SyncInterrupted",
    "SyncResult",
    "Target",
    "check",
    "sync",
]
