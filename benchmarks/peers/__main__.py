"""The same import and the same 100 changes by each peer, from the same sandbox.

Enters: --customers, --seed, --peers, --kept (environments that stay; default: a temporary folder).
Leaves: a table, or JSON: seconds and peak memory of each one's process, customers, subscriptions
and invoices that it landed, and how many of the changes. A peer that cannot be installed or run is
a row that says why. Each gets a sandbox of its own with the same business.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from benchmarks.live.latency import Change, changes
from benchmarks.live.world import World
from benchmarks.peers import airbyte, ours, sync_engine, tap_stripe
from benchmarks.peers.running import KEY, Kinds, Peer
from benchmarks.processes import PROGRAM, process
from benchmarks.showing import Rows, arguments

PEERS = {one.name: one for one in (ours.PEER, tap_stripe.PEER, airbyte.PEER, sync_engine.PEER)}
CHANGES = 100
COLUMNS = ("peer", "import, s", "MiB", "customers", "subscriptions", "invoices")


def compared(peer: Peer, options: argparse.Namespace, kept: Path) -> dict[str, Any]:
    """A row of the table; what stopped a peer stands in it."""
    try:
        peer.install(kept / peer.name)
        with tempfile.TemporaryDirectory() as name:
            return {"peer": peer.name, "settings": peer.settings} | dict(
                _measured(peer, options, kept / peer.name, Path(name))
            )
    except (SystemExit, httpx.HTTPError, OSError) as stopped:
        return {"peer": peer.name, "settings": peer.settings, "stopped": str(stopped)[:300]}


def _measured(
    peer: Peer, options: argparse.Namespace, kept: Path, folder: Path
) -> Iterator[tuple[str, Any]]:
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}"
    made = [PROGRAM, "sandbox", "--port", "0", "--customers", str(options.customers)]
    with process([*made, "--now", now, "--seed", str(options.seed)], folder) as sandbox:
        url = next(line.split()[-1] for line in sandbox.stdout or () if "ready" in line)
        headers = {"Authorization": f"Bearer {KEY}"}
        with (
            httpx.Client(base_url=url, headers=headers, trust_env=False) as stripe,
            peer.session(kept, url, folder) as session,
        ):
            world = World(folder, stripe)
            first = session.first()
            yield "import", {"seconds": first.seconds, "peak": first.peak}
            yield "landed", {kind: len(found) for kind, found in first.found.items()}
            planned = list(changes(world, CHANGES))
            again = session.again(lambda: _make(world, planned))
            yield "changes", {"seconds": again.seconds, "peak": again.peak}
            yield "changes landed", sum(_landed(change, again.found) for change in planned)


def _make(world: World, planned: list[Change]) -> None:
    world.write("/sandbox/clock", now=int(time.time()))
    for change in planned:
        world.write(change.path, **change.fields)


def _landed(change: Change, found: Kinds) -> bool:
    """Whether the new value came: a customer's name, or the seats of an item, be it among the
    items or in its subscription."""
    if "name" in change.fields:
        customer = found.get("customers", {}).get(change.object_id, {})
        return bool(customer.get("name") == change.fields["name"])
    wanted = (change.fields["items[0][id]"], change.fields["items[0][quantity]"])
    subscription = found.get("subscriptions", {}).get(change.object_id, {})
    items = [*found.get("subscription_items", {}).values(), *_inside(subscription.get("items"))]
    return any((one.get("id"), one.get("quantity")) == wanted for one in items)


def _inside(items: Any) -> list[Any]:
    """A subscription's own items, as a list or as Stripe wraps one."""
    inner = items.get("data", []) if isinstance(items, dict) else items
    return [one for one in inner or () if isinstance(one, dict)]


def cells(row: dict[str, Any]) -> list[str]:
    """A row of the table."""
    if "stopped" in row:
        return [row["peer"], row["stopped"]]
    landed, first, again = row["landed"], row["import"], row["changes"]
    counts = [f"{landed.get(kind, 0):,}" for kind in ("customers", "subscriptions", "invoices")]
    return [
        *(row["peer"], f"{first['seconds']:.1f}", f"{first['peak']:,.0f}", *counts),
        *(f"{row['changes landed']}", f"{again['seconds']:.1f}", f"{again['peak']:,.0f}"),
    ]


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--customers", type=int, default=1000)
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=list(PEERS))
    parser.add_argument("--kept", type=Path)
    options = parser.parse_args()
    rows, shown = [], Rows(*COLUMNS, f"of {CHANGES} changes", "in, s", "MiB")
    with tempfile.TemporaryDirectory() as name:
        kept = (options.kept or Path(name)).absolute()
        kept.mkdir(parents=True, exist_ok=True)
        for chosen in options.peers:
            rows.append(row := compared(PEERS[chosen], options, kept))
            shown.add(cells(row))
    shown.end(rows, as_json=options.json)


if __name__ == "__main__":
    main()
