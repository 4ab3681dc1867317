"""The account store in a SQLite file: the embedded default, and the reference for the others.

Enters: the file's path. Leaves: an AccountStore. WAL, one `BEGIN IMMEDIATE` a batch, file mode
0600. Traits are canonical JSON text, money is decimal text, times are ISO text in UTC.
"""

import os
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from reverse_sync.stores.account_store import (
    COLUMNS,
    FORMAT,
    AccountStoreError,
    AccountWrite,
    BatchRefused,
    Receipt,
    StoredAccount,
    check_columns,
    check_format,
    historic,
    history_row,
    setting_row,
    stored_account,
)
from reverse_sync.stores.account_tables import READ_HISTORY
from reverse_sync.stores.sqlite_schema import (
    INSERT_HISTORY,
    READ_ACCOUNTS,
    READ_PAGE,
    SCHEMA,
    UPSERT_ACCOUNT,
    UPSERT_SETTING,
)
from reverse_sync.values.tracking import Setting, SettingChange, Tracking
from reverse_sync.values.traits import Traits, canonical, number_text, parse_stored

LOCK_WAIT_SECONDS = 30.0
PAGE, ROOM = 1_000, 8 << 20  # accounts, and bytes of traits

REMEDIES = {
    "SQLITE_BUSY": "another process holds its lock; wait for it to end, then sync again",
    "SQLITE_READONLY": "it is read-only; make the file and its folder writable",
    "SQLITE_FULL": "the disk is full; free some space",
    "SQLITE_IOERR": "the disk refuses to be read or written; check its space and health",
    "SQLITE_CANTOPEN": "it cannot be opened; create its folder and make it writable",
    "SQLITE_NOTADB": "it is no SQLite database; restore it from a backup, or point"
    " ACCOUNT_STORE_URL at another file",
    "SQLITE_CORRUPT": "the file is damaged; restore it from a backup",
}


def check_sqlite(path: Path, *, label: str) -> None:
    """Fails unless the file is, or could become, a writable account store. Creates nothing."""
    if not path.exists():
        if not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
            remedy = "is missing or not writable; create it or change ACCOUNT_STORE_URL"
            raise AccountStoreError(f"account store {label}: the folder {path.parent} {remedy}")
        return
    with _translated(label):
        connection = _connect(path)
        try:
            connection.execute("begin immediate")
            _check_schema(connection, label)
            connection.execute("rollback")
        finally:
            connection.close()


class SqliteStore:
    """An open SQLite account store."""

    batch_size = 500
    lanes = 1

    def __init__(self, path: Path, *, label: str) -> None:
        self._label = label
        check_sqlite(path, label=label)
        self._path = path
        with _translated(label):
            _create_private(path)
            self._connection = _connect(path)
            self._opened = _file(path)
            self._connection.execute("pragma journal_mode = wal")
            with self._transaction():
                for statement in SCHEMA:
                    self._connection.execute(statement)
                self._connection.execute(f"pragma user_version = {FORMAT}")

    def highest_version(self) -> int:
        with _translated(self._label):
            (version,) = self._connection.execute("select max(version) from accounts").fetchone()
            return int(version or 0)

    def read_tracking(self) -> Tracking:
        with _translated(self._label):
            rows = self._connection.execute(
                "select aspect, trait, rule, owner from tracking_config"
            ).fetchall()
            enabled = self._connection.execute(
                "select mode from tracking_config_history"
                " where mode is not null order by id desc limit 1"
            ).fetchone()
        settings = {row[0]: Setting(*row) for row in rows}
        return Tracking(settings=settings, mode=enabled[0] if enabled else None)

    def read_tracking_history(self) -> Sequence[tuple[datetime, SettingChange]]:
        with _translated(self._label):
            rows = self._connection.execute(READ_HISTORY).fetchall()
        return [(datetime.fromisoformat(row[0]), historic(row[1:])) for row in rows]

    def write_tracking(self, changes: Sequence[SettingChange], *, at: datetime) -> None:
        with _translated(self._label), self._transaction():
            for change in changes:
                self._connection.execute(INSERT_HISTORY, history_row(change, _text(at)))
                self._connection.execute(UPSERT_SETTING, setting_row(change, _text(at)))

    def read(
        self,
        account_ids: Sequence[str],
        *,
        traits: Collection[str] | None = None,  # noqa: ARG002 (all of them is more than asked)
    ) -> dict[str, StoredAccount]:
        with _translated(self._label):
            rows = self._connection.execute(
                f"{READ_ACCOUNTS} where account_id in ({', '.join('?' * len(account_ids))})",
                tuple(account_ids),
            ).fetchall()
        return {row[0]: _stored(row) for row in rows}

    def read_all(self) -> Iterator[Sequence[StoredAccount]]:
        after = ""
        while page := self._page(after):
            yield page
            after = page[-1].account_id

    def _page(self, after: str) -> list[StoredAccount]:
        # By key, not by an open cursor: accounts may be written between two pages.
        asked = {"after": after, "most": PAGE, "room": ROOM}
        with _translated(self._label):
            return [_stored(row) for row in self._connection.execute(READ_PAGE, asked).fetchall()]

    def write(self, writes: Sequence[AccountWrite]) -> Receipt:
        with _translated(self._label), self._transaction():
            stored = self.read([write.account_id for write in writes])
            accepted = {w.account_id for w in writes if self._upsert(w, stored.get(w.account_id))}
            newer = {name: a.version for name, a in stored.items() if name not in accepted}
        self._check_file()
        return Receipt(accepted=frozenset(accepted), newer=newer)

    def close(self) -> None:
        self._connection.close()

    def _check_file(self) -> None:
        """A file that was taken away is written all the same, and nobody would find it there."""
        if _file(self._path) != self._opened:
            raise AccountStoreError(
                f"account store {self._label}: the file was removed or replaced while it was"
                " written; leave it alone while a sync runs. Nothing is lost: the next sync sends"
                " again what it may lack"
            )

    def _upsert(self, write: AccountWrite, stored: StoredAccount | None) -> bool:
        traits = {**stored.traits, **write.set} if stored else write.set
        if write.unset:
            traits = {name: value for name, value in traits.items() if name not in write.unset}
        return self._connection.execute(UPSERT_ACCOUNT, _row(write, traits)).fetchone() is not None

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("begin immediate")
        try:
            yield
            self._connection.execute("commit")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("rollback")
            raise


def _connect(path: Path) -> sqlite3.Connection:
    # synchronous=full (SQLite's default) stays: a commit is the proof of success.
    return sqlite3.connect(path, timeout=LOCK_WAIT_SECONDS, isolation_level=None)


def _file(path: Path) -> tuple[int, int] | None:
    """Which file stands there; None: none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _create_private(path: Path) -> None:
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    if path.stat().st_uid == os.geteuid():
        path.chmod(0o600)


def _check_schema(connection: sqlite3.Connection, label: str) -> None:
    (held,) = connection.execute("pragma user_version").fetchone()
    check_format(label, held)
    for table in COLUMNS:
        rows = connection.execute(f"pragma table_info({table})").fetchall()
        must = {name: bool(needed) and default is None for _, name, _, needed, default, _ in rows}
        check_columns(label, table, must)


@contextmanager
def _translated(label: str) -> Iterator[None]:
    """SQLite's errors as one line with the remedy, or as the refusal of a value."""
    try:
        yield
    except (sqlite3.DataError, sqlite3.IntegrityError, UnicodeEncodeError, OverflowError) as error:
        code = getattr(error, "sqlite_errorname", None)
        raise BatchRefused(str(error), code=code) from error
    except sqlite3.Error as error:
        name = getattr(error, "sqlite_errorname", "") or "SQLITE_ERROR"
        code = "_".join(name.split("_")[:2])
        remedy = REMEDIES.get(code, f"SQLite says {error}; see the file")
        raise AccountStoreError(
            f"account store {label}: {remedy} ({name}). Nothing is lost: the "
            "next sync goes on where this one stopped"
        ) from error


def _row(write: AccountWrite, traits: Traits) -> tuple[str | int | None, ...]:
    now = write.lifecycle
    dates = (now.status_since, now.trial_ends_at, now.renewal_at, now.churned_at)
    mrr = None if now.mrr is None else number_text(now.mrr)
    named = (write.account_id, write.name, canonical(traits), now.status)
    at = _text(write.at)
    return (*named, *map(_text, dates), mrr, write.version, at, at)


def _stored(row: tuple[Any, ...]) -> StoredAccount:
    traits = parse_stored(row[1])
    return stored_account(row, moment=datetime.fromisoformat, amount=_decimal, traits=traits)


def _decimal(text: object) -> Decimal:
    """Of text; SQLite lets others put numbers there."""
    return Decimal(str(text))


def _text(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    # Several an account: strftime takes four times as long.
    utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return f"{utc.isoformat()[:19]}Z"
