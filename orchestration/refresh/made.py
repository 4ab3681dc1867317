"""What the runs of a refresh have made, as their callers hear of it."""

from collections.abc import Mapping
from typing import Any

Made = Mapping[str, Mapping[str, Any]]  # the metadata of each asset, by its key
