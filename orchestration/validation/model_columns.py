"""The columns that the published tables will have, as the models promise them.

Enters: the parsed dbt project. Leaves: of each table its columns with type and description.
"""

from collections.abc import Mapping

from orchestration.build.manifest import read_manifest

Tables = Mapping[str, Mapping[str, tuple[str, str]]]


def model_columns() -> Tables:
    """Raises ManifestOutdated."""
    nodes = read_manifest()["nodes"].values()
    return {
        node["name"]: {
            name: (str(column["data_type"] or "").upper(), column["description"])
            for name, column in node["columns"].items()
        }
        for node in nodes
        if node["resource_type"] == "model" and node["config"]["contract"]["enforced"]
    }
