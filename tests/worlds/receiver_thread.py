"""The receiver in a thread of this process, for tests that need many of them quickly."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.observers import served
from ingestion.webhooks.app import PATH, Receiver, app
from ingestion.webhooks.connections import bounded
from ingestion.webhooks.delivered_event import Ours
from ingestion.webhooks.delivery_log import DeliveryLog
from ingestion.webhooks.metrics import Metrics
from ingestion.webhooks.rules import Rules, Standing
from ingestion.webhooks.signature import Secret

SECRET = "whsec_history"
RULES = Rules(secrets=(Secret(SECRET),), tolerance=300, ours=Ours(livemode=False))
NO_FIGURES = Metrics(lambda _counts: "")


@contextmanager
def receiving_in_thread(inbox: Path) -> Iterator[str]:
    """The address that takes deliveries."""
    with (
        DeliveryLog(inbox) as log,
        served(app(Receiver(Standing(RULES), log), NO_FIGURES), http=bounded()) as url,
    ):
        yield f"{url}{PATH}"
