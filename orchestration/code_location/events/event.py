"""What happened, as Dagster will keep it, without Dagster: it takes a second of processor to load.

Enters: what a stage did. Leaves: events, as lines between processes too. What Dagster makes of
them stands in `as_dagster`.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from orchestration.pages.asset_metadata.markdown import Markdown

AssetPath = tuple[str, ...]  # an asset's key


@dataclass(frozen=True)
class Materialised:
    """An asset was made; `metadata` are numbers and texts, Markdown among them."""

    asset: AssetPath
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Verdict:
    """What a check of an asset says; `is_error`: where it failed, it is more than a warning."""

    asset: AssetPath
    check: str
    passed: bool
    is_error: bool
    text: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)


Event = Materialised | Verdict


def as_json(event: Event) -> dict[str, Any]:
    """What `of_json` reads. Not here: whether a text in it may be told."""
    marked = [name for name, value in event.metadata.items() if isinstance(value, Markdown)]
    return {**asdict(event), "markdown": marked}


def of_json(told: Mapping[str, Any]) -> Event:
    values = {**told, "asset": tuple(told["asset"])}
    marked = values.pop("markdown")
    values["metadata"] |= {name: Markdown(values["metadata"][name]) for name in marked}
    return Verdict(**values) if "check" in values else Materialised(**values)
