"""Dagster's storage: the settings that are written for it, and the event log that stays open."""

import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from dagster import (
    AssetCheckEvaluation,
    AssetCheckKey,
    AssetKey,
    DagsterInstance,
    asset,
    materialize,
)
from dagster._core.storage.event_log import SqliteEventLogStorage

from orchestration.configuration.settings import Settings
from orchestration.dagster_local import dagster_home
from orchestration.dagster_local.event_log import MOST_OPEN, OpenSqliteEventLog


def prepare_dagster_home(data: Path) -> Path:
    return dagster_home.prepare_dagster_home(Settings(data_dir=data))


@asset
def numbers() -> int:
    return 1


def opened(home: Path) -> DagsterInstance:
    return DagsterInstance.from_config(str(home))


def kept_by_dagsters_own(home: Path) -> bool:
    """Whether Dagster's own class finds the materialisation in the same files."""
    return SqliteEventLogStorage(str(home / "history" / "runs")).has_asset_key(AssetKey("numbers"))


def test_the_event_log_holds_what_dagsters_own_would(tmp_path: Path) -> None:
    home = prepare_dagster_home(tmp_path)
    with opened(home) as instance:
        assert isinstance(instance.event_log_storage, OpenSqliteEventLog)
        runs = [materialize([numbers], instance=instance).run_id for _ in range(MOST_OPEN + 2)]
        told = [len(instance.all_logs(run_id)) for run_id in runs]
        assert min(told) > 5
        assert len(set(told)) == 1, "a run whose file was closed meanwhile is told in full"
    assert kept_by_dagsters_own(home)
    with opened(home) as instance:
        instance.event_log_storage.wipe()
        materialize([numbers], instance=instance)
        assert instance.get_latest_materialization_event(AssetKey("numbers"))


def test_a_checks_events_are_kept_by_the_connection_that_is_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opens: list[str] = []
    connect = sqlite3.connect

    def counted(path: str, **options: Any) -> sqlite3.Connection:
        opens.append(Path(path).name)
        return connect(path, **options)

    with opened(prepare_dagster_home(tmp_path)) as instance:
        monkeypatch.setattr("sqlite3.dbapi2.connect", counted)
        for number in range(20):
            instance.report_runless_asset_event(
                AssetCheckEvaluation(
                    asset_key=AssetKey("numbers"), check_name=f"check_{number}", passed=True
                )
            )
        key = AssetCheckKey(AssetKey("numbers"), "check_19")
        assert instance.event_log_storage.get_asset_check_execution_history(key, limit=1)
    assert opens.count("index.db") <= 3, opens


def test_a_data_folder_that_moved_keeps_its_history_where_it_is_now(tmp_path: Path) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    with opened(prepare_dagster_home(before)) as instance:
        materialize([numbers], instance=instance)
    shutil.move(before, after)
    with opened(prepare_dagster_home(after)) as instance:
        assert instance.get_latest_materialization_event(AssetKey("numbers"))
    assert not before.exists()


def test_settings_of_the_operator_stay(tmp_path: Path) -> None:
    config = prepare_dagster_home(tmp_path) / "dagster.yaml"
    own = "\n".join(config.read_text().splitlines()[1:]).replace("default_limit: 1", "")
    config.write_text(own)
    prepare_dagster_home(tmp_path)
    assert config.read_text() == own
