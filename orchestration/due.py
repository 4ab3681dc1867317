"""Whether a delivery has anything to do: told from two small marks, without a diff.

Enters: the settings. Leaves: the reason why work is due, or None. A mark is written only after what
it tells of is done, so a crash repeats work and never leaves it out. Whether a build is due is told
by `builds`.

build.json      which build the published marts are of
delivered.json  which build the account store was last brought to
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from orchestration.settings import Settings


@dataclass(frozen=True)
class Build:
    """`as_of` is ISO 8601, UTC."""

    id: str
    as_of: str


def note_build(settings: Settings, *, as_of: datetime, build_id: str) -> None:
    """The marts that were just published are of this build."""
    build = Build(id=build_id, as_of=as_of.isoformat())
    _write(settings.data_dir / "build.json", asdict(build))


def last_build(settings: Settings) -> Build | None:
    found = _read(settings.data_dir / "build.json")
    return Build(id=found["id"], as_of=found["as_of"]) if found else None


def delivery_due(settings: Settings) -> str | None:
    """Why the account store must be looked at again; None: it was brought to the last build."""
    last = last_build(settings)
    if last is None:
        return None
    if _read(settings.data_dir / "delivered.json") != _delivered(settings, last):
        return "the marts are newer than the account store"
    return None


def note_delivery(settings: Settings, build: Build | None) -> None:
    """The account store holds `build`, or knows of each account why it does not."""
    if build:
        _write(settings.data_dir / "delivered.json", _delivered(settings, build))


def _delivered(settings: Settings, build: Build) -> dict[str, str]:
    """The store is told apart by a digest: its address may hold a password."""
    return {"build": build.id, "store": _digest(settings.store_url)}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(path.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    return found


def _write(path: Path, values: dict[str, str]) -> None:
    fresh = path.with_suffix(".tmp")
    fresh.write_text(json.dumps(values, indent=1))
    fresh.chmod(0o600)
    fresh.replace(path)
