"""What Dagster's page shows of each dbt model, seed and test, and what depends on what.

Enters: the manifest. Leaves: the specs of assets and of their checks. dagster-dbt decides, and
takes a second to load, dbt with it, in each run's process: so its answer is kept beside the
manifest, for as long as that stands. Not kept is what its own runs of dbt need: the manifest.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from dagster import AssetCheckSpec, AssetDep, AssetKey, AssetSpec
from dagster._core.definitions.metadata import normalize_metadata
from dagster._core.storage.tags import KIND_PREFIX
from dagster._serdes import deserialize_value, serialize_value

from orchestration.build.manifest import MANIFEST, ManifestOutdated, is_outdated, kept_beside

KEPT = MANIFEST.with_name("dbt_specs.json")
UNKEPT = ("dagster_dbt/manifest", "dagster_dbt/dagster_dbt_translator")
Told = dict[str, Any]


def dbt_specs() -> tuple[list[AssetSpec], list[AssetCheckSpec]]:
    """Raises ManifestOutdated."""
    if is_outdated():
        raise ManifestOutdated
    kept = kept_beside(KEPT, _made)
    return [*map(_asset, kept["assets"])], [*map(_check, kept["checks"])]


def _made(manifest: Mapping[str, Any]) -> Told:
    from dagster_dbt import dbt_assets

    @dbt_assets(manifest=manifest)
    def models() -> Iterator[Any]:
        """Only its specs are asked for."""
        yield from ()

    return {
        "assets": [*map(_told_asset, models.specs)],
        "checks": [*map(_told_check, models.check_specs)],
    }


def _told_asset(spec: AssetSpec) -> Told:
    return {
        "key": spec.key.path,
        "deps": _told_deps(spec.deps),
        "description": spec.description,
        "metadata": _told_metadata(spec.metadata),
        "skippable": spec.skippable,
        "group_name": spec.group_name,
        "code_version": spec.code_version,
        "owners": list(spec.owners),
        "tags": {tag: text for tag, text in spec.tags.items() if not tag.startswith(KIND_PREFIX)},
        "kinds": sorted(spec.kinds),
    }


def _asset(told: Told) -> AssetSpec:
    read = {"deps": _deps(told["deps"]), "metadata": _metadata(told["metadata"])}
    return AssetSpec(**{**told, **read, "kinds": set(told["kinds"])})


def _told_check(spec: AssetCheckSpec) -> Told:
    return {
        "name": spec.name,
        "asset": spec.asset_key.path,
        "description": spec.description,
        "additional_deps": _told_deps(spec.additional_deps),
        "blocking": spec.blocking,
        "metadata": _told_metadata(spec.metadata or {}),
    }


def _check(told: Told) -> AssetCheckSpec:
    read = {
        "asset": AssetKey(told["asset"]),
        "additional_deps": _deps(told["additional_deps"]),
        "metadata": _metadata(told["metadata"]),
    }
    return AssetCheckSpec(**{**told, **read})


def _told_deps(deps: Iterable[AssetDep]) -> list[list[str]]:
    return sorted(list(dep.asset_key.path) for dep in deps)


def _deps(told: Iterable[Sequence[str]]) -> list[AssetDep]:
    return [AssetDep(AssetKey(path)) for path in told]


def _told_metadata(metadata: Mapping[str, Any]) -> dict[str, str]:
    kept = {name: value for name, value in metadata.items() if name not in UNKEPT}
    values: Mapping[str, Any] = normalize_metadata(kept)
    return {name: serialize_value(value) for name, value in values.items()}


def _metadata(told: Mapping[str, str]) -> dict[str, Any]:
    return {name: deserialize_value(text) for name, text in told.items()}


if __name__ == "__main__":
    dbt_specs()
