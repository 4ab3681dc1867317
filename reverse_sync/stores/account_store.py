"""What every account store does, whatever it is made of.

Enters: writes of accounts (traits to set and to clear, lifecycle, version). Leaves: a receipt that
proves which ones the store holds now. Not here: what to send (plan), how to react to a refusal
(push.py), the stores themselves.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

from outgoing_http.secrets import scrubbed
from reverse_sync.values.lifecycle import Lifecycle
from reverse_sync.values.tracking import Setting, SettingChange, Tracking
from reverse_sync.values.traits import Traits

HIGHEST_VERSION = 2**63 - 1
# Of the tables of a SQL store. Raised by who changes them so that the version before could not go
# on; 0: before formats were numbered, and such tables get what they lack.
FORMAT = 1

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "accounts": (
        "account_id",
        "name",
        "traits",
        "lifecycle_status",
        "status_since",
        "trial_ends_at",
        "renewal_at",
        "churned_at",
        "mrr",
        "version",
        "created_at",
        "updated_at",
    ),
    "tracking_config": ("aspect", "trait", "rule", "owner", "updated_at"),
    "tracking_config_history": (
        "id",
        "aspect",
        "old_trait",
        "old_rule",
        "old_owner",
        "new_trait",
        "new_rule",
        "new_owner",
        "mode",
        "reason",
        "changed_at",
    ),
}


class AccountStoreError(Exception):
    """The account store cannot be used; one line with the remedy and without a secret."""

    def __init__(self, message: str) -> None:
        super().__init__(scrubbed(message))


class InvalidAccountStoreUrl(AccountStoreError):
    """ACCOUNT_STORE_URL does not name an account store: wrong usage, before anything is done."""


class NotNow(AccountStoreError):
    """The rate limit asks for a longer wait than a run sits out; a wait is not an attempt."""

    def __init__(self, message: str, *, seconds: float) -> None:
        super().__init__(message)
        self.seconds = seconds


class NotReadable(AccountStoreError):
    """The store only takes: what it holds cannot be compared with anything."""


class BatchRefused(Exception):
    """The store refused a batch because of a value in it; nothing of the batch was written.

    `code` is the store's own, such as an SQLSTATE.
    """

    def __init__(self, reason: str, *, code: str | None = None) -> None:
        super().__init__(reason)
        self.code = code


@dataclass(frozen=True, kw_only=True)
class StoredAccount:
    """An account as the store holds it, before a write."""

    account_id: str
    name: str | None = None
    traits: Traits
    lifecycle: Lifecycle
    version: int


@dataclass(frozen=True, kw_only=True)
class AccountWrite:
    """One account's change, with the lifecycle after it."""

    account_id: str
    name: str | None
    set: Traits
    unset: tuple[str, ...]
    lifecycle: Lifecycle
    version: int
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Why a store did not take one account.

    `code` and `body` are its own words (an HTTP status, the beginning of the answer). `permanent`:
    the same write will be refused again; else another attempt, later, may pass.
    """

    reason: str
    code: str | None = None
    body: str | None = None
    permanent: bool = True

    def __post_init__(self) -> None:
        """Its words are kept in tables and shown: a store can repeat what it was sent."""
        for name in ("reason", "code", "body"):
            said = getattr(self, name)
            if said is not None:
                object.__setattr__(self, name, scrubbed(str(said)))


@dataclass(frozen=True)
class Receipt:
    """What became of a batch: each account stands in one of these, or has no answer.

    accepted     the store holds the account at the version sent, and has said so
    newer        the store holds this later version, and left it
    unconfirmed  handed to a store that never says what it keeps: sent, never confirmed
    refused      this account was not taken; the others are not touched by it
    stopped      why the rest has no answer (the store is gone, or NotNow); None: there is no rest
    """

    accepted: frozenset[str] = frozenset()
    newer: Mapping[str, int] = field(default_factory=dict)
    unconfirmed: frozenset[str] = frozenset()
    refused: Mapping[str, Refusal] = field(default_factory=dict)
    stopped: AccountStoreError | None = None


class AccountStore(Protocol):
    """An open account store. Every method raises AccountStoreError when the store is gone."""

    batch_size: int
    """The most accounts of one write: a process that dies repeats no more than `lanes` of these."""
    lanes: int
    """How many threads may read and write at once; 1: only the one that opened it."""

    def highest_version(self) -> int:
        """The highest version of any account; 0 in an empty store."""

    def read_tracking(self) -> Tracking:
        """The tracking config, and the mode in which the integration was last enabled."""

    def read_tracking_history(self) -> Sequence[tuple[datetime, SettingChange]]:
        """Every change of the tracking config with its time, in their order."""

    def write_tracking(self, changes: Sequence[SettingChange], *, at: datetime) -> None:
        """Writes settings and their history in one transaction."""

    def read(
        self, account_ids: Sequence[str], *, traits: Collection[str] | None = None
    ) -> dict[str, StoredAccount]:
        """Those of the accounts that exist, with at least these of their traits (None: all)."""

    def read_all(self) -> Iterator[Sequence[StoredAccount]]:
        """Every account that the store holds, page by page; raises NotReadable where it cannot."""

    def write(self, writes: Sequence[AccountWrite]) -> Receipt:
        """Writes a batch.

        A store with transactions takes all or raises BatchRefused (a value cannot be held). Others
        answer for each account in the receipt.
        """

    def close(self) -> None:
        """Frees the connection."""


def stored_account(
    row: tuple[Any, ...],
    *,
    moment: Callable[[Any], datetime],
    amount: Callable[[Any], Decimal],
    traits: Traits,
) -> StoredAccount:
    """A row as the SQL stores select it: id, traits, status, four dates, mrr, version, name."""
    dates = [moment(value) if value else None for value in row[3:7]]
    return StoredAccount(
        account_id=row[0],
        name=row[9],
        traits=traits,
        lifecycle=Lifecycle(
            status=row[2],
            status_since=dates[0],
            trial_ends_at=dates[1],
            renewal_at=dates[2],
            churned_at=dates[3],
            mrr=None if row[7] is None else amount(row[7]),
        ),
        version=row[8],
    )


def setting_row(change: SettingChange, at: object) -> tuple[object, ...]:
    """The row of tracking_config after a change; `at` as the store keeps times."""
    new = change.new
    return new.aspect, new.trait, new.rule, new.owner, at


def history_row(change: SettingChange, at: object) -> tuple[object, ...]:
    """The row of tracking_config_history of a change."""
    old = change.old
    was = (None, None, None) if old is None else (old.trait, old.rule, old.owner)
    aspect, *now, _ = setting_row(change, at)
    return aspect, *was, *now, change.mode, change.reason, at


def historic(row: tuple[Any, ...]) -> SettingChange:
    """A row of tracking_config_history: aspect, the old and the new setting, mode, reason."""
    aspect, old_trait, old_rule, old_owner, new_trait, new_rule, new_owner, mode, reason = row
    old = None if old_rule is None else Setting(aspect, old_trait, old_rule, old_owner)
    return SettingChange(old, Setting(aspect, new_trait, new_rule, new_owner), mode, reason)


def check_format(label: str, held: int) -> None:
    """Raises where a later version has changed the tables."""
    if held > FORMAT:
        raise AccountStoreError(
            f"account store {label}: its tables have format {held}, and this version of"
            f" stripe-traits knows {FORMAT}: install the version that wrote them. Nothing was sent,"
            " nothing is lost"
        )


def check_columns(label: str, table: str, columns: Mapping[str, bool]) -> None:
    """Raises where a table that exists is not, or no longer, an account store's.

    `columns`: those that it has, and whether each row must give them a value.
    """
    ours = COLUMNS[table]
    lacks = [name for name in ours if name not in columns]
    wants = [name for name, must in columns.items() if must and name not in ours]
    if columns and (lacks or wants):
        wrong = f"lacks {', '.join(lacks)}" if lacks else f"wants {', '.join(wants)} in each row"
        raise AccountStoreError(
            f"account store {label}: table {table} {wrong}, so it belongs to another application"
            " or version; point ACCOUNT_STORE_URL at an empty database or migrate the table."
            " Nothing was sent, nothing is lost"
        )
