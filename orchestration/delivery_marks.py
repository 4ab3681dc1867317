"""Whether a delivery has anything to do: told from two small marks, without a diff.

Enters: the settings. Leaves: the reason why work is due, or None. A mark is written only after what
it tells of is done, so a crash repeats work and never leaves it out. Whether a build is due is told
by `builds`.

build.json      which build the published marts are of
delivered.json  which build the account store was last brought to, and until when accounts wait
compared.json   what the last comparison with Stripe found
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from orchestration.configuration.settings import Settings

WAIT = "waiting_until"


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
    """Why the account store must be looked at again; None: it was brought to the last build, and
    no account waits."""
    last = last_build(settings)
    if last is None:
        return None
    found = _read(settings.data_dir / "delivered.json") or {}
    if found | {WAIT: None} != _delivered(settings, last) | {WAIT: None}:
        return "the marts are newer than the account store"
    return f"accounts wait for another attempt since {found[WAIT]}" if found.get(WAIT) else None


def waiting_until(settings: Settings) -> datetime | None:
    """When the first account that waits may be tried again (aware UTC); None: none waits, or the
    store has not been brought to the last build."""
    last, found = last_build(settings), _read(settings.data_dir / "delivered.json") or {}
    if last is None or not found.get(WAIT):
        return None
    is_last = found | {WAIT: None} == _delivered(settings, last) | {WAIT: None}
    return datetime.fromisoformat(found[WAIT]) if is_last else None


def note_delivery(
    settings: Settings, build: Build | None, *, waiting_until: datetime | None = None
) -> None:
    """The account store holds `build`, or knows of each account why it does not; some wait for
    another attempt until then (aware UTC)."""
    if build:
        until = waiting_until.isoformat() if waiting_until else None
        delivered = _delivered(settings, build) | ({WAIT: until} if until else {})
        _write(settings.data_dir / "delivered.json", delivered)


def note_comparison(settings: Settings, found: Mapping[str, Mapping[str, int]]) -> None:
    """What a comparison with Stripe found, in counts by stream."""
    _write(settings.data_dir / "compared.json", found)


def last_comparison(settings: Settings) -> dict[str, dict[str, int]] | None:
    """None: nothing was compared yet."""
    return _read(settings.data_dir / "compared.json")


def _delivered(settings: Settings, build: Build) -> dict[str, str | None]:
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


def _write(path: Path, values: Mapping[str, Any]) -> None:
    fresh = path.with_suffix(".tmp")
    fresh.write_text(json.dumps(values, indent=1))
    fresh.chmod(0o600)
    fresh.replace(path)
