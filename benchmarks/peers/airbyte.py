"""Airbyte's source-stripe, from PyPI, without a destination: what it prints counts as landed.

Two things of its manifest are changed: Stripe's address, and an expand that the sandbox lacks.
"""

import json
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from benchmarks.peers.running import (
    CONFIG,
    STREAMS,
    Peer,
    Printing,
    Run,
    child,
    kinds,
    lines,
    python,
)

ADDRESS = "url_base: https://api.stripe.com/v1"
EXPANDS = '["data.discounts", "data.total_tax_amounts.tax_rate"]'


class _Source(Printing):
    def __init__(self, kept: Path, url: str, folder: Path) -> None:
        self._program = str(kept / "bin" / "source-stripe")
        self._folder = folder
        (manifest,) = kept.glob("lib/*/site-packages/source_stripe/manifest.yaml")
        original = manifest.with_suffix(".original")
        if not original.exists():
            original.write_text(manifest.read_text())
        text = original.read_text().replace(ADDRESS, f"url_base: {url}/v1")
        manifest.write_text(text.replace(EXPANDS, '["data.discounts"]'))
        (folder / "config.json").write_text(json.dumps(CONFIG | {"num_workers": 10}))
        child([self._program, "discover", "--config", "config.json"], folder, folder / "found")
        (catalog,) = (m["catalog"] for m in lines(folder / "found") if m["type"] == "CATALOG")
        chosen = [_configured(one) for one in catalog["streams"] if one["name"] in STREAMS]
        (folder / "catalog.json").write_text(json.dumps({"streams": chosen}))

    def read(self, more: list[str]) -> Run:
        out = self._folder / "messages"
        command = [self._program, "read", "--config", "config.json", "--catalog", "catalog.json"]
        run = child([*command, *more], self._folder, out)
        told = [m["record"] for m in lines(out) if m["type"] == "RECORD"]
        run.found = kinds((one["stream"], one["data"]) for one in told)
        states = (m["state"] for m in lines(out) if m["type"] == "STATE")
        last = {state["stream"]["stream_descriptor"]["name"]: state for state in states}
        (self._folder / "state.json").write_text(json.dumps(list(last.values())))
        return run


def _configured(stream: Any) -> Any:
    return {"stream": stream, "sync_mode": "incremental", "destination_sync_mode": "append"}


PEER = Peer(
    name="airbyte-source-stripe",
    settings="5.14.1, six streams incremental, 10 workers, no destination",
    install=lambda kept: python(kept, "airbyte-source-stripe==5.14.1"),
    session=lambda kept, url, folder: nullcontext(_Source(kept, url, folder)),
)
