"""Which asset, or which check of an asset, a dbt node is on Dagster's page.

Enters: the manifest. Leaves: a place for each node. dagster-dbt decides, and takes two seconds to
load, so its answers are kept beside the manifest, for as long as that stands.
"""

from collections.abc import Iterator, Mapping
from dataclasses import astuple, dataclass
from functools import lru_cache
from typing import Any

from orchestration.build.manifest import MANIFEST, kept_beside

KEPT = MANIFEST.with_name("asset_keys.json")
ASSET_TYPES = ("model", "seed", "snapshot")


@dataclass(frozen=True)
class Place:
    """`asset`: its key, which is the schema and the name of a table. `check`: None of a model."""

    asset: tuple[str, ...]
    check: str | None = None


def asset_keys() -> Mapping[str, Place]:
    """By dbt's unique id; a test that belongs to no asset has none. Raises ManifestOutdated."""
    return _read(MANIFEST.stat().st_mtime_ns if MANIFEST.exists() else 0)


@lru_cache(maxsize=1)
def _read(parsed: int) -> Mapping[str, Place]:  # noqa: ARG001  of another manifest, read again
    kept = kept_beside(KEPT, _made)
    return {node: Place(tuple(asset), check) for node, (asset, check) in kept.items()}


def _made(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    return {node: astuple(place) for node, place in _places(manifest)}


def _places(manifest: Mapping[str, Any]) -> Iterator[tuple[str, Place]]:
    from dagster_dbt import DagsterDbtTranslator
    from dagster_dbt.asset_utils import get_asset_check_key_for_test

    translator = DagsterDbtTranslator()
    for node in manifest["nodes"]:
        if node.split(".")[0] in ASSET_TYPES:
            key = translator.get_asset_spec(manifest, node, None).key
            yield node, Place(tuple(key.path))
        elif check := get_asset_check_key_for_test(manifest, translator, node, None):
            yield node, Place(tuple(check.asset_key.path), check.name)


if __name__ == "__main__":
    asset_keys()
