"""Every published mart and column on one page, with its type and its whole description.

Enters: the parsed dbt project, whose contracts have the types. Leaves: HTML. `make docs` writes it
beside dbt's own pages, which it links to; the nightly run writes it as `docs.html` in DATA_DIR.
"""

import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from orchestration.build.dbt_process import run_dbt
from orchestration.build.manifest import MANIFEST, DbtFailed, read_manifest
from orchestration.configuration.settings import Settings
from orchestration.publication.marts import reading
from orchestration.whole_file import write_whole

DBT_PAGES = "static_index.html"  # as dbt names them
OWN_TABLE = "custom_traits"
OWN_GRAIN = "One row an account: the traits of TRAITS_DIR, each sent as custom.<column>."
OWN_COLUMNS = """
select column_name, lower(data_type), comment from duckdb_columns()
where schema_name = 'main' and table_name = 'custom_traits' order by column_index
"""


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


def page(*, dbt_pages: str = DBT_PAGES, own: Sequence[DescribedTable] = ()) -> str:
    """Raises ManifestOutdated."""
    pages = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    tables = sorted([*_marts(read_manifest()), *own], key=lambda table: table.name)
    return pages.get_template("data_dictionary.html").render(tables=tables, dbt_pages=dbt_pages)


def write_docs(settings: Settings) -> Path:
    """What `make docs` makes, with own traits, in DATA_DIR. Raises DbtFailed, ManifestOutdated."""
    target = settings.folder.dbt / "target"
    target.mkdir(parents=True, exist_ok=True)
    shutil.copy(MANIFEST, target)  # which dbt puts into its pages, as `make setup` parsed it
    made = run_dbt(settings, ["docs", "generate", "--no-compile", "--empty-catalog", "--static"])
    if not made.success:
        raise DbtFailed(f"dbt cannot write its docs: {made.exception}")
    written = settings.folder.docs
    beside = (target / DBT_PAGES).relative_to(written.parent)
    write_whole(written, page(dbt_pages=beside.as_posix(), own=_own_traits(settings.marts)))
    return written


def _own_traits(marts: Path) -> list[DescribedTable]:
    """As they are published; none where there are none."""
    if not marts.exists():
        return []
    with reading(marts) as database:
        columns = [Column(*row) for row in database.execute(OWN_COLUMNS).fetchall()]
    return [DescribedTable(OWN_TABLE, OWN_GRAIN, columns)] if columns else []


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
