"""What the runs of a refresh have made, as their callers hear of it."""

from collections.abc import Mapping
from typing import Any

from orchestration.pages.summary import FAILED_STORES

Made = Mapping[str, Mapping[str, Any]]  # the metadata of each asset, by its key


def failed_stores(said: Mapping[str, str]) -> Made:
    """Why stores of stores.yml are not brought all the way, beside what was made; none: nothing."""
    return {FAILED_STORES: said} if said else {}
