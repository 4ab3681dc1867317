"""Dagster's event log in SQLite, with connections that stay open.

Dagster's own opens a connection for each event and closes it after, which flushes the file to disk:
some 600 times a refresh, half of its time. Enters and leaves: what Dagster's own does, in the same
files. Which events there are is decided elsewhere; `dagster.yaml` names this class.
"""

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dagster import EventLogEntry, Field, StringSource
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes import ConfigurableClassData, deserialize_value, serialize_value
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy import event as sql_event

from orchestration.terminal.machine_faults import machine_fault
from outgoing_http.secrets import scrubbed

MOST_OPEN = 3  # the index, the run that is under way, one that is looked at


class OpenSqliteEventLog(SqliteEventLogStorage):
    """One engine a file for as long as it is used; the files are those of Dagster's own log."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: OrderedDict[str, Engine] = OrderedDict()
        self._there: set[str] = set()  # tables
        super().__init__(base_dir, inst_data)

    @classmethod
    def config_type(cls) -> dict[str, Field]:
        """The folder of the files."""
        return {"base_dir": Field(StringSource)}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Any
    ) -> "OpenSqliteEventLog":
        return cls(inst_data=inst_data, **config_value)

    def store_event(self, event: EventLogEntry) -> None:
        """Without secrets, whoever has told them: logs, errors and metadata all come this way."""
        told = serialize_value(event)
        clean = scrubbed(told)
        try:
            super().store_event(event if clean == told else deserialize_value(clean, EventLogEntry))
        except Exception as error:
            # Of a line of the log, which decides nothing: what fails next says it once.
            if event.is_dagster_event or machine_fault(error) is None:
                raise

    def has_table(self, table_name: str) -> bool:
        """Asked before each event of a check, for which Dagster's own opens the file once more."""
        if table_name not in self._there and super().has_table(table_name):
            self._there.add(table_name)
        return table_name in self._there

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock, self._engine(shard).begin() as connection:
            yield connection

    def _engine(self, shard: str) -> Engine:
        if shard not in self._engines:
            self._engines[shard] = self._opened(shard)
        self._engines.move_to_end(shard)
        while len(self._engines) > MOST_OPEN:
            self._engines.popitem(last=False)[1].dispose()
        return self._engines[shard]

    def _opened(self, shard: str) -> Engine:
        engine = create_engine(
            self.conn_string_for_shard(shard),
            pool_size=1,
            connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
        )
        sql_event.listen(engine, "connect", _flush_at_checkpoints)
        if shard not in self._initialized_dbs:
            self._initdb(engine)
            self._initialized_dbs.add(shard)
        return engine

    def delete_events(self, run_id: str) -> None:
        """With the file that they were in, which Dagster's own leaves empty."""
        super().delete_events(run_id)
        with self._db_lock:
            if engine := self._engines.pop(run_id, None):
                engine.dispose()
            for ending in ("", "-wal", "-shm"):
                Path(f"{self.path_for_shard(run_id)}{ending}").unlink(missing_ok=True)

    def wipe(self) -> None:
        self._close()
        super().wipe()

    def dispose(self) -> None:
        self._close()
        super().dispose()

    def _close(self) -> None:
        with self._db_lock:
            for engine in self._engines.values():
                engine.dispose()
            self._engines.clear()
            self._there.clear()


def _flush_at_checkpoints(connection: Any, _: Any) -> None:
    """In WAL mode a crash of the machine loses the last events, and never breaks the file."""
    connection.execute("PRAGMA synchronous=NORMAL")
