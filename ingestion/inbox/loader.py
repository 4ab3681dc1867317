"""Whose cursor it is: one loader of a Stripe account, of several that there may have been.

Enters: the inbox of this DATA_DIR, an account. Leaves: a name that tells it from other loaders of
the account, and whether it begins with everything. Only warehouses that several hosts write ask.
"""

from dataclasses import dataclass
from uuid import uuid4

from ingestion.inbox.cursors import BEGAN, COMPLETE, LOADER
from ingestion.inbox.events_db import Inbox


@dataclass(frozen=True)
class Loader:
    """`everything` was asked for."""

    inbox: Inbox
    stripe_account_id: str
    everything: bool = False

    @property
    def name(self) -> str:
        """Goes with the cursor: a DATA_DIR that comes back from a backup is the same loader."""
        known = self.inbox.position(self.stripe_account_id, LOADER)
        if not known:
            known = uuid4().hex
            self.inbox.place(self.stripe_account_id, **{LOADER: known})
        return known

    @property
    def is_new(self) -> bool:
        """It has read nothing that counts."""
        account = self.stripe_account_id
        return not any(self.inbox.position(account, name) for name in (COMPLETE, BEGAN))

    def begin_anew(self) -> None:
        """What it has read counts no longer: another one was there in between."""
        self.inbox.forget_completeness(self.stripe_account_id)
