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
from orchestration.user_files.finding import Finding
from orchestration.validation.model_columns import Tables

COLUMN = re.compile(r"column '([^']*)'")


def own_traits_findings(files: NamedFiles) -> Iterator[Finding]:
    """No folder is none."""
    if files.traits_dir:
        for line in _found(files.traits_dir)[1]:
            name, _, text = line.partition(": ")
            column = COLUMN.search(text)
            place = files.traits_dir / name if name.endswith(".sql") else files.traits_dir
            yield Finding(str(place), None, column[1] if column else "TRAITS_DIR", text)


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
        if not any(name.endswith(".sql") for name in files):
            return (), []
        with TemporaryDirectory(prefix="own_traits-") as working:
            models = compiled(files, Path(working)).models
    except OwnTraitsFailed as failed:
        return (), str(failed).splitlines()
    return models, problems(models)
