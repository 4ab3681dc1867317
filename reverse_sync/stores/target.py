"""Which account store, and what it takes to reach it: the settings that every adapter reads.

Enters: values of the settings. Leaves: one frozen object that can be logged without showing a
secret. Not here: what the URL means (url.py).
"""

from dataclasses import dataclass, field
from pathlib import Path

from reverse_sync.values.store_rules import EVERYTHING, StoreRules


@dataclass(frozen=True)
class Target:
    """An account store to be opened.

    `secret` signs or authorises requests to a store behind HTTP. `folder` keeps what such a store
    cannot tell: its accounts as last written, the tracking config, the rate budget of the machine.
    `requests_per_minute` None: what the store documents, or no limit. `accounts_per_request`: the
    accounts of one request to a webhook. `rules`: the names that the traits have there.
    """

    url: str = field(repr=False)  # may hold a password
    secret: str | None = field(default=None, repr=False)
    folder: Path = Path("data")
    requests_per_minute: float | None = None
    accounts_per_request: int = 1
    rules: StoreRules = EVERYTHING
