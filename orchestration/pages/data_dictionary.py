"""Every published mart and column on one page, with its type and its whole description.

Enters: the parsed dbt project, whose contracts have the types. Leaves: HTML. `make docs` writes it
beside dbt's own pages, which it links to.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from orchestration.build.manifest import read_manifest


@dataclass(frozen=True)
class Column:
    """As its contract has it."""

    name: str
    kind: str
    description: str


@dataclass(frozen=True)
class DescribedTable:
    """A mart."""

    name: str
    description: str
    columns: list[Column]


def page() -> str:
    """Raises ManifestOutdated."""
    pages = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    tables = sorted(_marts(read_manifest()), key=lambda table: table.name)
    return pages.get_template("data_dictionary.html").render(tables=tables)


def _marts(manifest: dict[str, Any]) -> Iterator[DescribedTable]:
    for node in manifest["nodes"].values():
        if node["resource_type"] == "model" and node["config"]["contract"]["enforced"]:
            columns = [
                Column(one["name"], one["data_type"], one["description"])
                for one in node["columns"].values()
            ]
            yield DescribedTable(node["name"], node["description"], columns)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page())
