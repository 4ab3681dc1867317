"""Singer's tap-stripe, from PyPI, without a target: what it prints counts as landed."""

import json
from contextlib import nullcontext
from pathlib import Path

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

STARTED = Path(__file__).with_name("tap_stripe_run.py")


class _Tap(Printing):
    def __init__(self, kept: Path, url: str, folder: Path) -> None:
        python_ = [str(kept / "bin" / "python"), "-P"]  # its folder holds a module of that name
        self._command = [*python_, str(STARTED), url, "--config", "config.json"]
        self._folder = folder
        (folder / "config.json").write_text(json.dumps(CONFIG))
        child([*self._command, "--discover"], folder, folder / "catalog.json")
        catalog = json.loads((folder / "catalog.json").read_text())
        for stream in catalog["streams"]:
            for one in stream["metadata"]:
                one["metadata"]["selected"] = bool(one["breadcrumb"]) or stream["stream"] in STREAMS
        (folder / "catalog.json").write_text(json.dumps(catalog))

    def read(self, more: list[str]) -> Run:
        out = self._folder / "messages"
        run = child([*self._command, "--catalog", "catalog.json", *more], self._folder, out)
        records = ((m["stream"], m["record"]) for m in lines(out) if m["type"] == "RECORD")
        run.found = kinds(records)
        *_, state = (m["value"] for m in lines(out) if m["type"] == "STATE")
        (self._folder / "state.json").write_text(json.dumps(state))
        return run


PEER = Peer(
    name="tap-stripe",
    settings="3.3.0, six streams with all fields, no target",
    install=lambda kept: python(kept, "tap-stripe==3.3.0"),
    session=lambda kept, url, folder: nullcontext(_Tap(kept, url, folder)),
)
