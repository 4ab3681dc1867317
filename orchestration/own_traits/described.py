"""What the YAML of TRAITS_DIR describes, beside the models that are there: dbt says nothing of it.

Enters: the files of the folder. Leaves: a line for each model without SQL, with its place.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from orchestration.user_files.yaml_lines import line_of


def without_sql(files: Mapping[str, bytes]) -> list[str]:
    """A trait whose file was lost is not meant to be taken away."""
    there = {Path(name).stem for name in files if name.endswith(".sql")}
    return [
        f"{file}:{line}: model '{model}' has no {model}.sql: add it, or take the model out"
        for file, content in files.items()
        if not file.endswith(".sql")
        for line, model in _described(content)
        if model not in there
    ]


def _described(content: bytes) -> Iterator[tuple[int, str]]:
    """What cannot be read is told by dbt."""
    with suppress(yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError):
        text = content.decode()
        data: Any = yaml.safe_load(text)
        models = data.get("models") if isinstance(data, dict) else None
        for number, model in enumerate(models if isinstance(models, list) else []):
            if isinstance(model, dict) and isinstance(model.get("name"), str):
                yield line_of(text, ("models", number, "name")), model["name"]
