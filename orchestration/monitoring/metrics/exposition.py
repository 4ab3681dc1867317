"""Prometheus' text form, version 0.0.4.

Enters: metrics with their samples. Leaves: text. What is measured is decided elsewhere.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

Value = int | float | Decimal
ESCAPED = {"\\": r"\\", "\n": r"\n"}
ESCAPED_IN_LABELS = {**ESCAPED, '"': r"\""}


@dataclass(frozen=True)
class Sample:
    """A value, and what tells it from the others of its metric."""

    value: Value
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Metric:
    """`help` is one sentence. Without a sample it is not known, and nothing is said of it."""

    name: str
    help: str
    samples: tuple[Sample, ...]
    kind: Literal["gauge", "counter"] = "gauge"


def exposition(metrics: Iterable[Metric]) -> str:
    """The text, each metric with its help and type."""
    lines = [line for metric in metrics if metric.samples for line in _lines(metric)]
    return "".join(f"{line}\n" for line in lines)


def _lines(metric: Metric) -> Iterable[str]:
    yield f"# HELP {metric.name} {_escaped(metric.help, ESCAPED)}"
    yield f"# TYPE {metric.name} {metric.kind}"
    for sample in metric.samples:
        labels = ",".join(
            f'{name}="{_escaped(value, ESCAPED_IN_LABELS)}"'
            for name, value in sample.labels.items()
        )
        yield f"{metric.name}{f'{{{labels}}}' if labels else ''} {_number(sample.value)}"


def _escaped(text: str, escapes: Mapping[str, str]) -> str:
    return "".join(escapes.get(character, character) for character in text)


def _number(value: Value) -> str:
    """In full, never as 1E+6."""
    return f"{value:f}" if isinstance(value, Decimal) else repr(value)
