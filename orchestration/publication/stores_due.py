"""Whether a store of `stores.yml` lacks something that it can be brought now.

Enters: the settings. Leaves: yes or no. Nothing is planned or sent.
"""

from datetime import datetime

from orchestration.clock import now
from orchestration.configuration.settings import Settings
from orchestration.configuration.stores.further_stores import further_stores
from orchestration.publication.delivery_due import is_due_or_lost
from reverse_sync.stores.account_store import AccountStoreError


def further_due(settings: Settings, *, as_of: datetime | None) -> bool:
    """A store that cannot be asked is due: its delivery tells why. `as_of`: None is now."""
    try:
        return is_due_or_lost(settings, at=now(), as_of=as_of)
    except AccountStoreError:
        return True


def any_due(settings: Settings, *, as_of: datetime | None) -> bool:
    """Whether one of them lacks something."""
    return any(further_due(one, as_of=as_of) for one in further_stores(settings))
