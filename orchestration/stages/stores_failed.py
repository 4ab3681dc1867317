"""How several stores fail: by their own words. Light, for who only has to know them.

Leaves: exceptions.
"""

from reverse_sync.stores.account_store import AccountStoreError


class StoresFailed(AccountStoreError):
    """What some of several stores said; the others hold what they are to hold."""


class StoresBlocked(StoresFailed):
    """Guards have tripped, and nothing else failed."""
