"""How long Stripe's events took to reach the account store.

Enters: the inbox, the moment of the published copy. Leaves: the latency, noted in the inbox.
"""

from datetime import UTC, datetime

from ingestion.inbox.events_db import Inbox
from ingestion.inbox.latency import Latency
from orchestration.configuration.data_folder import DataFolder


def loaded_until(folder: DataFolder) -> datetime:
    """When the marts were published (naive UTC): all loads before are in them, no later one is."""
    published = folder.marts.stat().st_mtime
    return datetime.fromtimestamp(published, UTC).replace(tzinfo=None)


def measure_stage(folder: DataFolder, *, reached_at: datetime, loaded_until: datetime) -> Latency:
    """How long the events took whose objects the account store now shows."""
    with Inbox.open(folder.inbox) as inbox:
        return inbox.measure(reached_at=reached_at, loaded_until=loaded_until)
