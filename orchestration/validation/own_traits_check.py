"""What is wrong with the models of TRAITS_DIR and their YAML, as far as that can be told without
data: dbt compiles them in a folder that is gone afterwards.

Enters: the folder. Leaves: findings, and the columns that own traits will have.
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from orchestration.configuration.named_files import NamedFiles
from orchestration.configuration.traits_folder import OwnTraitsFailed, own_files
from orchestration.own_traits.compiled import OwnModel, compiled
from orchestration.own_traits.declared import problems
from orchestration.own_traits.described import without_sql
from orchestration.user_files.finding import Finding
from orchestration.validation.model_columns import Tables

NAMED = re.compile(r"(?:column|^model) '([^']*)'")
PLACE = re.compile(r"([^:]+\.(?:sql|ya?ml))(?::([0-9]+))?: (.*)")


def own_traits_findings(files: NamedFiles) -> Iterator[Finding]:
    """No folder is none; one that is named and missing is told with the settings."""
    if files.traits_dir and files.traits_dir.exists():
        for line in _found(files.traits_dir)[1]:
            yield _finding(files.traits_dir, line)


def _finding(folder: Path, line: str) -> Finding:
    placed = PLACE.fullmatch(line)
    text = placed[3] if placed else line.partition(": ")[2]
    named = NAMED.search(text)
    place = folder / placed[1] if placed else folder
    number = int(placed[2]) if placed and placed[2] else None
    return Finding(str(place), number, named[1] if named else "TRAITS_DIR", text)


def own_columns(files: NamedFiles) -> Tables:
    """As a table of the published copy, where the models can be read."""
    models = _found(files.traits_dir)[0] if files.traits_dir else ()
    columns = {
        column.name: (column.data_type.upper(), column.description)
        for model in models
        for column in model.traits
    }
    return {"custom_traits": columns} if columns else {}


@cache
def _found(folder: Path) -> tuple[tuple[OwnModel, ...], list[str]]:
    """The models, and a line for each thing that is wrong."""
    try:
        files = own_files(folder)
        lost = without_sql(files)
        if not any(name.endswith(".sql") for name in files):
            return (), lost
        with TemporaryDirectory(prefix="own_traits-") as working:
            models = compiled(files, Path(working)).models
    except OwnTraitsFailed as failed:
        return (), str(failed).splitlines()
    return models, lost + problems(models)
