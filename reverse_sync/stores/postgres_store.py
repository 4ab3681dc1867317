"""The account store in Postgres.

Enters: the URL. Leaves: an AccountStore. One transaction a batch; `returning` in it is the proof. A
row whose version is not higher than the stored one is left as it is and reported.
"""

import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, quote_plus, unquote, urlsplit

import psycopg
from psycopg import errors

from reverse_sync.stores.account_store import (
    COLUMNS,
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
from reverse_sync.stores.postgres_schema import (
    CLEAR_TRAITS,
    COLUMNS_OF,
    INSERT_HISTORY,
    MARK_FORMAT,
    READ_ACCOUNTS,
    READ_FORMAT,
    READ_PAGE,
    READ_PARTS,
    SCHEMA,
    UPSERT_ACCOUNTS,
    UPSERT_SETTING,
)
from reverse_sync.values.tracking import Setting, SettingChange, Tracking
from reverse_sync.values.traits import InvalidTraits, json_text, parse_stored

CONNECT_SECONDS = 10
LOCK_WAIT_SECONDS = 60
PAGE, ROOM = 1_000, 8 << 20  # accounts, and bytes of traits
SCHEMA_LOCK = 5742033  # two first syncs at once would both create the tables

REFUSED = (psycopg.DataError, psycopg.IntegrityError, errors.ProgramLimitExceeded)
REMEDIES: tuple[tuple[type[psycopg.Error], str], ...] = (
    (errors.ReadOnlySqlTransaction, "it is read-only; point ACCOUNT_STORE_URL at the primary"),
    (errors.InsufficientPrivilege, "the user lacks a privilege; grant it insert, update, create"),
    (errors.DiskFull, "its disk is full; free some space"),
    (errors.LockNotAvailable, "another session holds a lock; end it, then sync again"),
    (psycopg.OperationalError, "it cannot be reached; check that it runs, and the URL"),
    (psycopg.InterfaceError, "the connection is gone; check that it runs"),
)


def check_postgres(url: str, *, label: str) -> None:
    """Fails unless the database answers, may be written, and has no foreign tables of our names."""
    with _translated(url, label), _connect(url) as connection:
        _check_schema(connection, label)
        writable = connection.execute("show transaction_read_only").fetchone() == ("off",)
    if not writable:
        raise AccountStoreError(f"account store {label}: {REMEDIES[0][1]}")


class PostgresStore:
    """An open Postgres account store."""

    batch_size = 2_000
    lanes = 2  # one waits for Postgres while the other one computes

    def __init__(self, url: str, *, label: str) -> None:
        self._url, self._label = url, label
        self._one_at_a_time = threading.Lock()
        with _translated(url, label):
            self._connection = _connect(url)
            try:
                self._prepare()
            except BaseException:
                self._connection.close()
                raise

    def highest_version(self) -> int:
        with self._transaction() as cursor:
            row = cursor.execute("select max(version) from accounts").fetchone()
            return int(row[0] or 0) if row else 0

    def read_tracking(self) -> Tracking:
        with self._transaction() as cursor:
            rows = cursor.execute("select aspect, trait, rule, owner from tracking_config")
            settings = {row[0]: Setting(*row) for row in rows.fetchall()}
            enabled = cursor.execute(
                "select mode from tracking_config_history"
                " where mode is not null order by id desc limit 1"
            ).fetchone()
        return Tracking(settings=settings, mode=enabled[0] if enabled else None)

    def read_tracking_history(self) -> Sequence[tuple[datetime, SettingChange]]:
        with self._transaction() as cursor:
            rows = cursor.execute(READ_HISTORY).fetchall()
        return [(row[0].astimezone(UTC), historic(row[1:])) for row in rows]

    def write_tracking(self, changes: Sequence[SettingChange], *, at: datetime) -> None:
        with self._transaction() as cursor:
            for change in changes:
                cursor.execute(INSERT_HISTORY, history_row(change, at))
                cursor.execute(UPSERT_SETTING, setting_row(change, at))

    def read(
        self, account_ids: Sequence[str], *, traits: Collection[str] | None = None
    ) -> dict[str, StoredAccount]:
        query = READ_ACCOUNTS if traits is None else READ_PARTS
        asked = {"account_ids": list(account_ids), "traits": list(traits or ())}
        with self._transaction() as cursor:
            return {row[0]: _stored(row) for row in cursor.execute(query, asked).fetchall()}

    def read_all(self) -> Iterator[Sequence[StoredAccount]]:
        after = ""
        while page := self._page(after):
            yield page
            after = page[-1].account_id

    def _page(self, after: str) -> list[StoredAccount]:
        # By key, not by an open cursor: no transaction stays open between two pages.
        with self._transaction() as cursor:
            asked = {"after": after, "most": PAGE, "room": ROOM}
            return [_stored(row) for row in cursor.execute(READ_PAGE, asked).fetchall()]

    def write(self, writes: Sequence[AccountWrite]) -> Receipt:
        ordered = sorted(writes, key=lambda write: write.account_id)  # no deadlock between two
        with self._transaction() as cursor:
            incoming = json_text([_incoming(write) for write in ordered])
            rows = cursor.execute(UPSERT_ACCOUNTS, (incoming,)).fetchall()
            accepted = frozenset(row[0] for row in rows)
            clearing = [w for w in ordered if w.unset and w.account_id in accepted]
            if clearing:
                names = [{"account_id": w.account_id, "unset": w.unset} for w in clearing]
                cursor.execute(CLEAR_TRAITS, (json_text(names),))
            left = [w.account_id for w in ordered if w.account_id not in accepted]
            newer = cursor.execute(
                "select account_id, version from accounts where account_id = any(%s)", (left,)
            )
            return Receipt(accepted=accepted, newer=dict(newer.fetchall()))

    def close(self) -> None:
        self._connection.close()

    def _prepare(self) -> None:
        """The tables, if any is missing: a user who may only write rows may use those that are."""
        there = _check_schema(self._connection, self._label)
        if there == COLUMNS.keys():
            self._connection.commit()
            return
        self._connection.execute("select pg_advisory_xact_lock(%s)", (SCHEMA_LOCK,))
        for statement in SCHEMA:
            self._connection.execute(statement)
        if "accounts" not in there:
            self._connection.execute(MARK_FORMAT)
        self._connection.commit()

    @contextmanager
    def _transaction(self) -> Iterator[psycopg.Cursor[tuple[Any, ...]]]:
        with (
            self._one_at_a_time,
            _translated(self._url, self._label),
            self._connection.transaction(),
        ):
            yield self._connection.cursor()


def _connect(url: str) -> psycopg.Connection[tuple[Any, ...]]:
    # Of a database in SQL_ASCII psycopg would give bytes.
    connection = psycopg.connect(url, connect_timeout=CONNECT_SECONDS, client_encoding="utf8")
    connection.execute(f"set lock_timeout = '{LOCK_WAIT_SECONDS}s'")
    connection.execute("set time zone 'UTC'")
    connection.commit()
    return connection


def _check_schema(connection: psycopg.Connection[tuple[Any, ...]], label: str) -> set[str]:
    """Raises where a table is not an account store's; those that are there."""
    (held,) = connection.execute(READ_FORMAT).fetchone() or (0,)
    check_format(label, held)
    rows = connection.execute(COLUMNS_OF, (list(COLUMNS),)).fetchall()
    for table in COLUMNS:
        check_columns(label, table, {column: must for name, column, must in rows if name == table})
    return {name for name, _, _ in rows}


@contextmanager
def _translated(url: str, label: str) -> Iterator[None]:
    """psycopg's errors as one line with the remedy, or as the refusal of a value."""
    try:
        yield
    except (*REFUSED, UnicodeEncodeError, InvalidTraits) as error:
        code = error.sqlstate if isinstance(error, psycopg.Error) else None
        raise BatchRefused(_one_line(error, url), code=code) from None
    except psycopg.Error as error:
        remedy = next(
            (text for kind, text in REMEDIES if isinstance(error, kind)), "Postgres refuses"
        )
        # `from None`: the driver's own error could quote the URL.
        raise AccountStoreError(
            f"account store {label}: {remedy} ({_one_line(error, url)}). "
            "Nothing is lost: the next sync goes on where this one stopped"
        ) from None


def _one_line(error: Exception, url: str) -> str:
    text = " ".join(str(error).split())
    for secret in _secrets(url):
        text = text.replace(secret, "***")
    return text


def _secrets(url: str) -> list[str]:
    """Every form in which the URL's password could be quoted, the longest first."""
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    raw = [parts.password or "", *query.get("password", []), *query.get("sslpassword", [])]
    forms = {url, *raw, *map(unquote, raw), *map(quote_plus, raw)} - {""}
    return sorted(forms, key=len, reverse=True)


def _incoming(write: AccountWrite) -> dict[str, Any]:
    """One of a batch's writes: all go as one JSON text, which Postgres takes apart faster than
    anybody can put arrays together."""
    return {
        **vars(write.lifecycle),
        "account_id": write.account_id,
        "name": write.name,
        "traits": dict(write.set),
        "version": write.version,
        "written_at": write.at,
    }


def _stored(row: tuple[Any, ...]) -> StoredAccount:
    return stored_account(row, moment=_utc, amount=Decimal, traits=parse_stored(row[1]))


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)
