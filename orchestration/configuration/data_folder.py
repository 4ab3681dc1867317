"""The files that this machine keeps: each one's name stands here and nowhere else.

Enters: `DATA_DIR`, and where the warehouse's file is. Leaves: paths. What a file holds, and what it
means where one is lost, stands in docs/operations.md.
"""

from dataclasses import dataclass
from pathlib import Path

WAREHOUSE = "warehouse.duckdb"
BACKUPS = "backups"
PLANS = "plans"


@dataclass(frozen=True)
class DataFolder:
    """`warehouse` is in it unless WAREHOUSE_URL names another place. `store`: whose account store's
    files are meant; None: that of ACCOUNT_STORE_URL, whose records are in the warehouse."""

    path: Path
    warehouse: Path
    store: str | None = None

    @property
    def warehouse_lock(self) -> Path:
        return self.warehouse.with_suffix(".lock")

    @property
    def marts(self) -> Path:
        return self.path / "marts.duckdb"

    @property
    def inbox(self) -> Path:
        return self.path / "events.db"

    @property
    def accounts(self) -> Path:
        """The account store where no other is named."""
        return self.path / "accounts.db"

    @property
    def sync(self) -> Path:
        """The folder of what is kept for the account store."""
        return self.path / "stores" / self.store if self.store else self.path

    @property
    def sync_records(self) -> Path:
        """The database with the schema `sync`."""
        return self.sync / "records.duckdb" if self.store else self.warehouse

    @property
    def store_lock(self) -> Path:
        return self.sync / "account_store.lock"

    @property
    def plans(self) -> Path:
        """What stores share that are brought at the same time, for as long as they are."""
        return self.path / PLANS

    @property
    def raw(self) -> Path:
        return self.path / "raw"

    @property
    def dlt(self) -> Path:
        return self.path / "dlt"

    @property
    def dbt(self) -> Path:
        """Absolute: dbt takes a relative one for a part of the project's folder."""
        return (self.path / "dbt").absolute()

    @property
    def docs(self) -> Path:
        return self.path / "docs.html"

    @property
    def dagster(self) -> Path:
        """Absolute: Dagster's processes have working folders of their own."""
        return (self.path / "dagster").absolute()

    @property
    def remedies(self) -> dict[Path, str]:
        """What to do where one of them is broken, as docs/operations.md has it."""
        return {
            self.warehouse: "restore a backup (stripe-traits restore), or move it away and run"
            " stripe-traits sync, which reads everything again, then stripe-traits reconcile"
            " --store --repair",
            self.marts: "move it away; the next stripe-traits sync writes it again",
            self.inbox: "restore a backup (stripe-traits restore), or move it away and run"
            " stripe-traits sync, which reads everything again",
            self.accounts: "restore a backup (stripe-traits restore), or move it away and run"
            " stripe-traits reconcile --store --repair",
            self.dagster: "move it away; only Dagster's history of runs is lost",
        }

    @property
    def format(self) -> Path:
        return self.path / "format"

    @property
    def backups(self) -> Path:
        """Those that an upgrade made."""
        return self.path / BACKUPS

    @property
    def refreshed(self) -> Path:
        return self.path / "refreshed"

    @property
    def alerts(self) -> Path:
        return self.path / "alerts.json"

    @property
    def segment_alerts(self) -> Path:
        return self.path / "segment_alerts.json"

    @property
    def rule_alerts(self) -> Path:
        return self.path / "rule_alerts.json"

    @property
    def rule_alerts_lock(self) -> Path:
        return self.path / "rule_alerts.lock"
