"""The receiver in a thread of this process, for tests that need many of them quickly."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from ingestion.webhooks.app import PATH, Receiver, app
from ingestion.webhooks.delivery import Ours
from ingestion.webhooks.log import DeliveryLog
from ingestion.webhooks.rules import Rules, Standing
from ingestion.webhooks.signature import Secret

SECRET = "whsec_history"
RULES = Rules(secrets=(Secret(SECRET),), tolerance=300, ours=Ours(livemode=False))


@contextmanager
def receiving_in_thread(inbox: Path) -> Iterator[str]:
    """The address that takes deliveries."""
    with DeliveryLog(inbox) as log:
        config = uvicorn.Config(
            app(Receiver(Standing(RULES), log)), port=0, lifespan="off", log_level="warning"
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        while not server.started:
            thread.join(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        try:
            yield f"http://127.0.0.1:{port}{PATH}"
        finally:
            server.should_exit = True
            thread.join()
