"""An account store of `stores.yml`, with its address and secret.

Enters: its definition, and what the environment says of it. Leaves: its target.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from reverse_sync.stores.target import Target

if TYPE_CHECKING:
    from orchestration.configuration.stores.store_definition import StoreDefinition


@dataclass(frozen=True)
class FurtherStore:
    """An account store of `stores.yml`, with its address and secret."""

    name: str
    definition: "StoreDefinition"
    url: str = field(repr=False)
    secret: str | None = field(default=None, repr=False)

    def target(self, folder: Path) -> Target:
        """`folder` is its own: what it was sent stands there."""
        return Target(
            url=self.url,
            secret=self.secret,
            folder=folder,
            requests_per_minute=self.definition.requests_per_minute,
            accounts_per_request=self.definition.accounts_per_request,
            rules=self.definition.rules,
        )
