"""What sqlfluff takes for dbt's `adapter`, so that models are linted without a warehouse.

A dispatched macro stands as a call of its own name: linting looks at the models, not at dialects.
"""

from collections.abc import Callable


def dispatch(name: str) -> Callable[..., str]:
    """The macro as a function call in SQL."""
    return lambda *arguments: f"{name}({', '.join(map(str, arguments))})"
