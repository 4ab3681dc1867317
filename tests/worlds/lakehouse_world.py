"""A lakehouse on this machine for the tests of a file, and its tables, empty again after each."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.lakehouse.server import Lakehouse, lakehouse

if TYPE_CHECKING:
    from ingestion.engines.iceberg.rest_lake import RestLake


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lakehouse]:
    with lakehouse(tmp_path_factory.mktemp("lakehouse")) as found:
        yield found


@pytest.fixture
def tables(house: Lakehouse, monkeypatch: pytest.MonkeyPatch) -> Iterator["RestLake"]:
    from ingestion.engines.iceberg.rest_lake import RestLake  # other tests load no pyiceberg
    from orchestration.warehouse.url import parts

    for name, value in house.environment.items():
        monkeypatch.setenv(name, value)
    found = RestLake(**parts(house.url()), credential=house.credential)
    yield found
    for namespace in found.catalog.list_namespaces():
        for name in found.catalog.list_tables(namespace):
            found.catalog.drop_table(name)
