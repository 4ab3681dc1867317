"""What the YAML must say of own models, before one of them is run.

Enters: compiled models. Leaves: a line for each thing that is wrong, which names model and column.
"""

import re
from collections.abc import Iterator, Sequence

from orchestration.own_traits.compiled import Column, OwnModel

KEY = "account_id"
NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
TYPE = re.compile(
    r"(decimal|numeric)(\([0-9]+(,[0-9]+)?\))?|tinyint|smallint|integer|int|bigint|boolean|bool"
    r"|varchar|text|string|date|timestamp"
)
TYPES = "decimal(18, 2), integer, bigint, boolean, varchar, date or timestamp"
MOST_TRAITS = 100


def problems(models: Sequence[OwnModel]) -> list[str]:
    """One line each; none: they may be run."""
    found = [line for model in models for line in (*_of_model(model), *_of_columns(model))]
    traits = [column.name for model in models for column in model.traits]
    if len(traits) > MOST_TRAITS:
        found.append(f"TRAITS_DIR: {len(traits)} own traits; {MOST_TRAITS} are the most")
    return found + list(_collisions(models))


def _of_model(model: OwnModel) -> Iterator[str]:
    if not model.traits:
        yield (
            f"{model.file}: the YAML has no columns of model '{model.name}': name each with"
            " data_type and description, or make the model ephemeral where others alone read it"
        )
    elif KEY not in {column.name for column in model.columns}:
        yield f"{model.file}: the YAML lacks the column {KEY}, by which a row finds its account"


def _of_columns(model: OwnModel) -> Iterator[str]:
    for column in model.columns:
        said = f"{model.file}: column '{column.name}'"
        if not NAME.fullmatch(column.name):
            yield f"{said} is no name of a trait: take lower-case letters, digits and _"
        if problem := _type_problem(column):
            yield f"{said} {problem}"
        if not column.description:
            yield f"{said} has no description: add one to the YAML"


def _type_problem(column: Column) -> str | None:
    if not column.data_type:
        return f"has no data_type: add one to the YAML ({TYPES})"
    if column.data_type.count("(") > column.data_type.count(")"):
        return (
            f"has data_type '{column.data_type}', cut at the comma: between braces write it in"
            " quotes, 'decimal(18, 2)'"
        )
    if not TYPE.fullmatch(column.data_type.lower().replace(" ", "")):
        return f"has data_type '{column.data_type}', which no trait can have: take {TYPES}"
    return None


def _collisions(models: Sequence[OwnModel]) -> Iterator[str]:
    first: dict[str, OwnModel] = {}
    for model in models:
        for column in model.traits:
            other = first.setdefault(column.name, model)
            if other is not model:
                yield (
                    f"{model.file}: column '{column.name}' is a column of {other.file}, too:"
                    " rename one, both would be custom." + column.name
                )
